//! The associations of a record that are more than one answer about many holds.

use serde::Deserialize;
use tieline_core::{Change, Error, ErrorKind, Key, RawJson, Record, Result};
use tieline_rest::{HookContext, HookPage, Hooks};

/// The part of an answer about many records that decides whether it is whole.
#[derive(Deserialize)]
struct Answer {
    results: Vec<RawJson>,
}

#[derive(Deserialize)]
struct Item {
    from: From,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct From {
    id: String,
}

#[derive(Deserialize)]
struct Paging {
    next: Option<RawJson>,
}

/// HubSpot's hook: a record whose associations continue on a further page makes the pass partial.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HubSpotHooks;

impl Hooks for HubSpotHooks {
    fn page(&self, at: &HookContext, text: &str) -> Option<Result<HookPage>> {
        let name = at.entity.as_str();
        let is_association = ["contact_", "deal_", "ticket_"].iter().any(|from| name.starts_with(from))
            && !name.ends_with("_pipelines");
        is_association.then(|| associations(text))
    }
}

fn associations(text: &str) -> Result<HookPage> {
    let unreadable = |_| Error::new(ErrorKind::Decode, "the associations are not in the documented form");
    let answer: Answer = serde_json::from_str(text).map_err(unreadable)?;
    let mut page = HookPage::default();
    for raw in answer.results {
        let item: Item = serde_json::from_str(raw.get()).map_err(unreadable)?;
        page.partial |= item.paging.is_some_and(|paging| paging.next.is_some());
        page.changes.push(Change::Upsert(Record::new(Key::new(item.from.id), raw)));
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_page_of_a_record_makes_the_pass_partial() {
        let whole = r#"{"results":[{"from":{"id":"7"},"to":[{"toObjectId":1001}]}]}"#;
        let page = associations(whole).unwrap();
        assert!(!page.partial && page.changes.len() == 1);
        let more = r#"{"results":[{"from":{"id":"7"},"to":[],"paging":{"next":{"after":"500"}}}]}"#;
        assert!(associations(more).unwrap().partial);
        assert_eq!(associations("{}").unwrap_err().kind(), ErrorKind::Decode);
    }
}
