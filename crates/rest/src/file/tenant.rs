//! The rules of a tenant's file: one origin, https, limits of its own, and a bounded number of requests.

use tieline_core::LimitScope;
use tieline_document::{Mark, Node};

use super::like::LIKE_LINES;
use super::reader::Reader;
use crate::description::{Base, Description, Entity, FindBy, Request};

/// The most lists that one read of an entity may walk over: periods, times the values of `each`.
const MAX_WALKS: u64 = 1_000;

impl Reader<'_> {
    pub(crate) fn check_tenant(&mut self, node: &Node, description: &Description) {
        if let Some(origins) = node.member("origins").filter(|origins| origins.mark.line < LIKE_LINES) {
            let advice = "a tenant's file asks at its own address only".to_owned();
            self.find(origins, "\"origins\" cannot be said here", Some(advice));
        }
        let url = description.url.as_ref().map(|url| &url.base);
        if let (Some(Base::Address(address)), Some(at)) = (url, node.member("url"))
            && let Some(why) = refused_address(address)
        {
            self.find(at, why, Some("write https:// and the name of a public host".to_owned()));
        }
        for (index, limit) in description.limits.iter().enumerate() {
            let Some(at) = node.member("limits") else { continue };
            if matches!(limit.scope, LimitScope::App | LimitScope::Ip) && at.mark.line < LIKE_LINES {
                let at = super::reader::one_or_many(at).get(index).unwrap_or(at);
                let advice =
                    "write `each account` or nothing: it counts against this tenant alone".to_owned();
                self.find(at, "a tenant's limit cannot be shared with others", Some(advice));
            }
        }
        for request in requests(description) {
            let elsewhere = match &request.base {
                Base::Api => false,
                base => url != Some(base),
            };
            let line = request.line.unwrap_or(1);
            if elsewhere && line < LIKE_LINES {
                let message = format!("{} asks at another address than the file's own", request.shown);
                let advice = "write the path from a slash on".to_owned();
                self.find_at(Mark { line, column: 1 }, 1, message, Some(advice));
            }
        }
        for (name, entity) in &description.entities {
            self.check_tenant_walks(name, entity);
        }
    }

    fn check_tenant_walks(&mut self, name: &str, entity: &Entity) {
        let each: u64 = entity.each.iter().map(|(_, values)| values.len() as u64).product();
        for request in entity.list.iter().chain(&entity.changes) {
            let walk = request.walk.over(&entity.walk);
            let periods = match (walk.window, walk.start) {
                (Some(window), Some(start)) => start.reach().as_secs().div_ceil(window.as_secs().max(1)),
                _ => 1,
            };
            let walks = periods.saturating_mul(each.max(1));
            if walks > MAX_WALKS {
                let mark = Mark { line: request.line.or(entity.line).unwrap_or(1), column: 1 };
                let message = format!("one read of {name:?} would walk over {walks} lists");
                let advice = format!("{MAX_WALKS} are allowed: take a longer window or a later start");
                self.find_at(mark, 1, message, Some(advice));
            }
        }
    }
}

fn refused_address(url: &url::Url) -> Option<&'static str> {
    if url.scheme() != "https" {
        return Some("an address must begin with https://");
    }
    match url.host() {
        Some(url::Host::Domain(name)) if name != "localhost" && !name.ends_with(".localhost") => None,
        _ => Some("an address must name a host"),
    }
}

/// All requests of a description.
pub(crate) fn requests(description: &Description) -> impl Iterator<Item = &Request> {
    let own = description.check.iter().map(|check| &check.request);
    let choices = description.settings.iter().filter_map(|(_, setting)| setting.choices.as_ref());
    let webhooks = description.webhooks.iter().flat_map(|webhooks| {
        let list = webhooks.list.as_ref().map(|list| &list.request);
        let subscribe = webhooks.subscribe.as_ref().map(|subscribe| &subscribe.request);
        list.into_iter().chain(subscribe).chain(&webhooks.renew).chain(&webhooks.unsubscribe)
    });
    own.chain(choices.map(|choices| &choices.request))
        .chain(webhooks)
        .chain(description.actions.iter().map(|(_, request)| request))
        .chain(description.entities.iter().flat_map(|(_, entity)| entity_requests(entity)))
}

fn entity_requests(entity: &Entity) -> Vec<&Request> {
    let finds = entity.find.by.iter().filter_map(|(_, by)| match by {
        FindBy::Request(request) => Some(&**request),
        FindBy::Scan => None,
    });
    let one = [
        &entity.lookup,
        &entity.lookups,
        &entity.create,
        &entity.update,
        &entity.delete,
        &entity.upsert,
        &entity.detail,
        &entity.find.any,
    ];
    let lists = [&entity.list, &entity.changes, &entity.deleted];
    lists
        .into_iter()
        .flatten()
        .chain(one.into_iter().flatten())
        .chain(finds)
        .chain(entity.fields.iter().map(|fields| &fields.request))
        .chain(entity.content.iter().chain(&entity.actions).map(|(_, request)| request))
        .collect()
}
