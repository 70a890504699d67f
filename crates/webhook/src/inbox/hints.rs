//! Hints of several deliveries as one list.

use std::collections::HashMap;

use tieline_core::webhook::{Hint, WebhookEvent};
use tieline_core::{EntityName, Key, Partition};
use tieline_store::inbox::Delivery;

/// Returns the hints of deliveries, one a record: the last one that names it. A hint about a whole entity takes the
/// place of those about its records in the same partition.
pub fn pending_hints(deliveries: &[Delivery]) -> Vec<Hint> {
    type Place = (EntityName, Option<Partition>, Option<Key>);
    let mut last: HashMap<Place, (usize, &Hint)> = HashMap::new();
    let hints = deliveries.iter().filter_map(|delivery| match &delivery.event {
        WebhookEvent::Hints(hints) => Some(&hints.hints),
        _ => None,
    });
    for (at, hint) in hints.flatten().enumerate() {
        last.insert((hint.entity.clone(), hint.partition.clone(), hint.key.clone()), (at, hint));
    }
    let is_covered = |hint: &Hint| {
        hint.key.is_some() && last.contains_key(&(hint.entity.clone(), hint.partition.clone(), None))
    };
    let mut left: Vec<(usize, &Hint)> =
        last.values().copied().filter(|(_, hint)| !is_covered(hint)).collect();
    left.sort_by_key(|(at, _)| *at);
    left.into_iter().map(|(_, hint)| hint.clone()).collect()
}
