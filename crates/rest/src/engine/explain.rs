//! The requests of an entity as a text for the author of a description.

use std::fmt;
use std::time::Duration;

use tieline_core::Result;

use super::paging::Paging;
use super::plan::{self, EntityPlan, WalkPlan};
use crate::description::{Base, Description, Entity, FindBy, Request};
use crate::template::WordName;

/// The requests of an entity, by what they are for. `Display` writes them as a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The entity's name.
    pub entity: String,
    /// The headings, each with its lines.
    pub parts: Vec<(String, Vec<String>)>,
}

impl Description {
    /// The requests of an entity, and how each list is paged and goes on.
    ///
    /// # Errors
    /// `NotFound` with the nearest name, `Config` for an entity of too many lists.
    pub fn explain(&self, entity: &str) -> Result<Explanation> {
        let found = plan::entity(self, entity)?;
        let walks = EntityPlan::new(found)?;
        let mut parts = Vec::new();
        let mut part = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                parts.push((title.to_owned(), lines));
            }
        };
        if let Some(parent) = &found.parent {
            let group = match parent.group {
                1 => format!("once for each of {}", parent.entity),
                group => format!("once for each {group} of {}", parent.entity),
            };
            part("parent", vec![group]);
        }
        part("full read", walks.full.iter().flat_map(|walk| full_walk(found, walk)).collect());
        part("changes", changes(&walks));
        part("deletions", vec![deletions(found, &walks)]);
        part("look-ups", lookups(found));
        part("writes", writes(found));
        part(
            "actions",
            found.actions.iter().map(|(name, request)| format!("{name}: {}", call(request))).collect(),
        );
        Ok(Explanation { entity: entity.to_owned(), parts })
    }
}

/// A request as the description writes it.
pub(crate) fn call(request: &Request) -> String {
    let mut text = format!("{} ", request.method);
    match &request.base {
        Base::Api => {}
        Base::Setting(name) => text.push_str(&format!("<{name}>")),
        Base::Address(url) => text.push_str(url.as_str().trim_end_matches('/')),
    }
    for segment in &request.path {
        text.push_str(&format!("/{segment}"));
    }
    if request.path.is_empty() {
        text.push('/');
    }
    for (index, query) in request.query.iter().enumerate() {
        text.push_str(&format!("{}{}", if index == 0 { '?' } else { '&' }, query.name));
        if let Some(value) = &query.value {
            text.push_str(&format!("={value}"));
        }
    }
    text
}

fn full_walk(entity: &Entity, plan: &WalkPlan) -> Vec<String> {
    let mut lines = vec![of_walk(plan)];
    lines.push(format!("  pages: {}", pages(plan)));
    let records = match &plan.walk.records {
        Some(path) if path.to_string().is_empty() => "the answer itself".to_owned(),
        Some(path) => format!("at {path}"),
        None => "where the first page has them".to_owned(),
    };
    let key: Vec<String> = match plan.walk.key.as_slice() {
        [] => vec!["id".to_owned()],
        parts => parts.iter().map(crate::description::KeyPart::name).collect(),
    };
    lines.push(format!("  records: {records}, each with the key {}", key.join("/")));
    if let Some(size) = plan.walk.page_size {
        lines.push(format!("  page size: {size}"));
    }
    if !entity.field_names.is_empty() {
        lines.push(format!("  fields: {}", entity.field_names.join(", ")));
    }
    lines
}

fn of_walk(plan: &WalkPlan) -> String {
    let values: Vec<String> = plan.each.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let call = call(&plan.request);
    if values.is_empty() { call } else { format!("{call} with {}", values.join(", ")) }
}

/// The paging of a walk and its end.
fn pages(plan: &WalkPlan) -> String {
    let walk = &plan.walk;
    let mut ends: Vec<String> = Vec::new();
    let more = walk.more.as_ref().map(|path| format!("{path} says that there is no more"));
    let total = walk.total.as_ref().map(|path| format!("so many came as {path} says"));
    let total_pages = walk.total_pages.as_ref().map(|path| format!("so many pages came as {path} says"));
    let way = match Paging::of(&plan.request, walk) {
        Paging::One => return "one; signs of more make the pass partial".to_owned(),
        Paging::Page => {
            ends.push("a page is empty".to_owned());
            ends.extend(total_pages);
            ends.extend(total);
            format!("counted from {}", walk.first_page.unwrap_or(1))
        }
        Paging::Offset => {
            ends.push("a page brings nothing new".to_owned());
            ends.extend(total);
            "by offset, each beginning with the last record of the one before".to_owned()
        }
        Paging::Token => {
            ends.push("no token comes".to_owned());
            "by a token that is sent back".to_owned()
        }
        Paging::Follow => {
            ends.push("no address comes".to_owned());
            "by an address that is followed, at the same origin only".to_owned()
        }
        Paging::Seek => {
            ends.push("a page brings nothing new".to_owned());
            "behind the last record".to_owned()
        }
    };
    ends.extend(more);
    format!("{way}, until {}", ends.join(", or "))
}

fn changes(plan: &EntityPlan) -> Vec<String> {
    if !plan.has_changes() {
        return vec!["no request uses <since>: each run reads everything".to_owned()];
    }
    let mut lines = Vec::new();
    for walk in &plan.changes {
        lines.push(of_walk(walk));
        let overlap = match walk.walk.overlap {
            Some(overlap) => duration(overlap),
            None => "a minute for times, a day for days, nothing for growing numbers".to_owned(),
        };
        let changed = match &walk.walk.changed {
            Some(path) => format!("the highest {path} so far"),
            None => "the start of the last run".to_owned(),
        };
        let what = if walk.deletes { "  what it lists is gone" } else { "" };
        if !what.is_empty() {
            lines.push(what.to_owned());
        }
        if walk.walk.newest_first == Some(true) {
            lines.push(format!("  newest first, down to {changed}, and further: {overlap}"));
        } else if walk.request.uses(&|word| *word == WordName::Since) {
            lines.push(format!("  since {changed}, and before: {overlap}"));
        } else if walk.walk.token.is_some() {
            lines.push("  from the token or link of the last run".to_owned());
        }
        if let Some(within) = walk.walk.within {
            lines.push(format!("  after more than {} everything is read", duration(within)));
        }
    }
    lines
}

fn deletions(entity: &Entity, plan: &EntityPlan) -> String {
    match (entity.deleted.is_empty(), entity.walk.deleted_if.is_empty()) {
        (false, _) if plan.has_changes() => "a list of their own, with each read of changes".to_owned(),
        (_, false) => "tombstones among the records; else a complete full read shows them".to_owned(),
        _ => "only a complete full read shows them".to_owned(),
    }
}

fn lookups(entity: &Entity) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(entity.lookup.as_ref().map(|request| format!("by key: {}", call(request))));
    lines.extend(entity.lookups.as_ref().map(|request| format!("by several keys: {}", call(request))));
    lines.extend(entity.find.any.as_ref().map(|request| format!("by any field: {}", call(request))));
    for (field, by) in &entity.find.by {
        lines.push(match by {
            FindBy::Request(request) => format!("by {field}: {}", call(request)),
            FindBy::Scan => format!("by {field}: the list is looked through"),
        });
    }
    lines
}

fn writes(entity: &Entity) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, request) in
        [("create", &entity.create), ("update", &entity.update), ("delete", &entity.delete)]
    {
        let Some(request) = request else { continue };
        let again = if request.is_idempotent(false) { ", again when its answer is lost" } else { ", once" };
        lines.push(format!("{name}: {}{again}", call(request)));
    }
    if let (Some(marker), Some(_)) = (&entity.marker, &entity.create) {
        lines.push(format!("a create carries its marker in {marker}"));
    }
    lines
}

fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        _ if seconds > 0 && seconds.is_multiple_of(86_400) => format!("{}d", seconds / 86_400),
        _ if seconds > 0 && seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        _ if seconds > 0 && seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.entity)?;
        for (title, lines) in &self.parts {
            writeln!(f, "  {title}")?;
            for line in lines {
                writeln!(f, "    {line}")?;
            }
        }
        Ok(())
    }
}
