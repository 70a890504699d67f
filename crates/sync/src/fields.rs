//! Fields on request: a read names them where a mapping uses them, and from then on, so that the mirror keeps them.

use std::collections::BTreeSet;

use tieline_core::{Connector, DiscoverRequest, Entity, FieldPath, ReadMode, Result};
use tieline_store::{StreamId, SyncStore};

use crate::fit::Described;
use crate::plan::StreamPlan;
use crate::report::StreamReport;

/// The fields of a read.
#[derive(Debug, Default)]
pub(crate) struct Projection {
    /// All fields that the read names; empty for those that come by themselves.
    pub(crate) named: Vec<FieldPath>,
    /// Of them, those on request.
    pub(crate) on_request: Vec<FieldPath>,
}

/// Returns the fields on request that the mappings of all streams which read the same use.
pub(crate) fn used_on_request(
    plans: &[StreamPlan],
    plan: &StreamPlan,
    described: &Described,
) -> BTreeSet<FieldPath> {
    let Described::Catalog(catalog) = described else { return BTreeSet::new() };
    let Some(entity) = catalog.entity(plan.entity.as_str()) else { return BTreeSet::new() };
    let targets = plans.iter().filter(|other| other.reads_as(plan)).filter_map(|other| other.target.as_ref());
    let inputs: Vec<&FieldPath> = targets.flat_map(|target| target.mapping.inputs()).collect();
    let used = |field: &FieldPath| inputs.iter().any(|input| is_within(input, field));
    on_request(entity).filter(|field| used(field)).cloned().collect()
}

/// Whether a path is the field's own, or leads into its value.
fn is_within(path: &FieldPath, field: &FieldPath) -> bool {
    let rest = path.as_str().strip_prefix(field.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn on_request(entity: &Entity) -> impl Iterator<Item = &FieldPath> {
    entity.fields.iter().filter(|field| field.on_request).map(|field| &field.path)
}

/// Returns the fields of a stream's read: those that come by themselves, those on request that mappings use, and those on
/// request that it was read with before. When some are new, the stream is reset, so that the records which did not change
/// bring them too.
pub(crate) async fn project(
    connector: &dyn Connector,
    store: &dyn SyncStore,
    id: &StreamId,
    plan: &StreamPlan,
    (used, described): (&BTreeSet<FieldPath>, &Described),
    report: &mut StreamReport,
) -> Result<Projection> {
    if plan.mode == ReadMode::Keys {
        return Ok(Projection::default());
    }
    let position = store.position(id).await?;
    let before: BTreeSet<FieldPath> = position.fields.into_iter().collect();
    if before.is_empty() && used.is_empty() {
        return Ok(Projection::default());
    }
    let known = match described {
        Described::Catalog(catalog) => catalog.entity(plan.entity.as_str()).cloned(),
        _ => None,
    };
    let entity = match known {
        Some(entity) => entity,
        // Without the fields' names, the read would leave out what the mirror has.
        None => {
            let catalog = connector.discover(DiscoverRequest::schemas().only(plan.entity.clone())).await?;
            match catalog.entity(plan.entity.as_str()) {
                Some(entity) => entity.clone(),
                None => return Ok(Projection::default()),
            }
        }
    };
    let new: Vec<FieldPath> = used.difference(&before).cloned().collect();
    if !new.is_empty() && position.state.is_some() {
        store.reset(id).await?;
        report.fields_added = new;
    }
    let wanted = on_request(&entity).filter(|field| used.contains(*field) || before.contains(*field));
    let on_request: Vec<FieldPath> = wanted.cloned().collect();
    let plain = entity.fields.iter().filter(|field| !field.on_request).map(|field| field.path.clone());
    let named = plain.chain(on_request.iter().cloned()).collect();
    Ok(Projection { named, on_request })
}
