//! How an entity is read, in short. A stored state is of one way to read; another way needs a full pass.

use std::fmt::Display;

use sha2::{Digest as _, Sha256};

use super::explain::call;
use super::plan::WalkPlan;
use crate::description::{ConditionTest, Place, Walk};

/// A digest of what decides which records are read and what a stored position means: requests, places of records and
/// keys, times of change, conditions. Settings of speed and overlap are not in it, and a setting that is not said adds
/// nothing, so that the digest of a description stays when the language grows.
pub(super) fn fingerprint<'w>(walks: impl Iterator<Item = &'w WalkPlan>) -> String {
    let mut digest = Sha256::new();
    for plan in walks {
        digest.update(meaning(plan));
        digest.update("\n\n");
    }
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The meaning of a walk, a line each.
fn meaning(plan: &WalkPlan) -> String {
    let mut lines = Lines::default();
    lines.add("call", call(&plan.request));
    if let Some(job) = &plan.job {
        lines.add("job", call(&job.request));
        lines.maybe("job_body", job.request.body.as_ref());
    }
    lines.maybe("body", plan.request.body.as_ref());
    for (name, value) in &plan.request.form {
        lines.add("form", format!("{name}={value}"));
    }
    for (name, value) in &plan.each {
        lines.add("each", format!("{name}={value}"));
    }
    if plan.deletes {
        lines.add("deletes", true);
    }
    of_walk(&plan.walk, &mut lines);
    lines.0
}

fn of_walk(walk: &Walk, lines: &mut Lines) {
    lines.maybe("records", walk.records.as_ref());
    lines.maybe("payload", walk.payload.as_ref());
    lines.maybe("next", walk.next.as_ref().map(place));
    lines.maybe("token", walk.token.as_ref().map(place));
    lines.maybe("changed", walk.changed.as_ref());
    if walk.changed_at_start == Some(true) {
        lines.add("changed", "none");
    }
    if walk.newest_first == Some(true) {
        lines.add("newest_first", true);
    }
    lines.maybe("decode", walk.decode);
    for part in &walk.key {
        lines.add("key", part);
    }
    lines.maybe("version", walk.version.as_ref());
    for (path, values) in &walk.deleted_if {
        lines.add("deleted_if", format!("{path}={}", values.join("|")));
    }
    for condition in &walk.conditions {
        let test = match &condition.test {
            ConditionTest::Is(values) => format!("={}", values.join("|")),
            ConditionTest::Above(bound) => format!(">{bound}"),
            ConditionTest::Below(bound) => format!("<{bound}"),
        };
        lines.add("where", format!("{}{test}", condition.path));
    }
    lines.maybe("merged", walk.merged.as_ref().map(|(path, split)| format!("{path} {split}")));
}

fn place(place: &Place) -> String {
    place.to_string()
}

/// Settings and their values.
#[derive(Debug, Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: impl Display) {
        self.0.push_str(&format!("{name}: {value}\n"));
    }

    fn maybe(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}
