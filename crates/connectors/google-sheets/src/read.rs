//! Reading: a pass over the rows of a table, begun or gone on with.

use std::collections::HashSet;

use futures_util::TryStreamExt as _;
use tieline_core::{
    Batch, BatchStream, Change, EntityName, Error, ErrorKind, Key, PassEnd, ReadMode, ReadRequest, Record,
    Result,
};
use tieline_kit::{batches, on_entity, refuse_partition};

use crate::client::Client;
use crate::state::{Position, Run};
use crate::table::Table;
use crate::walk::Walk;

/// Begins a read. Nothing is sent before the stream is polled.
pub(crate) fn read(client: Client, request: ReadRequest) -> Result<BatchStream> {
    refuse_partition(&request.entity, request.partition.as_ref())?;
    for filter in &request.filters {
        filter.require(&[])?;
    }
    let position = Position::open(request.entity.as_str(), request.state.as_ref())?;
    let entity = request.entity.clone();
    let start = Some(Stage::Ready(Box::new(Ready { client, request, position })));
    Ok(batches(start, move |stage| {
        let entity = entity.clone();
        async move {
            let Some(stage) = stage else { return Ok(None) };
            let stepped = async {
                match stage {
                    Stage::Ready(ready) => ready.begin().await,
                    Stage::Walking(walk) => walk.step().await,
                }
            };
            stepped.await.map(Some).map_err(|error| on_entity(error, entity.as_str()))
        }
    }))
}

// Boxed because a stage moves through the stream by value.
pub(crate) enum Stage {
    Ready(Box<Ready>),
    Walking(Box<Walk>),
}

pub(crate) struct Ready {
    client: Client,
    request: ReadRequest,
    position: Position,
}

impl Ready {
    async fn begin(self) -> Result<(Batch, Option<Stage>)> {
        let Self { client, request, mut position } = self;
        let kind = position.kind(request.mode)?;
        let now = client.now();
        // Before the rows are read, so that what changes meanwhile is read again.
        let revision = if kind == ReadMode::Keys { None } else { client.revision().await? };
        if kind == ReadMode::Changes && position.stands(revision.as_ref(), now) {
            let batch = Batch::new(request.entity, Vec::new(), position.unchanged()?).with_pass(kind);
            return Ok((batch.with_end(PassEnd::Complete), None));
        }
        let table = Table::open(&client, &request.entity, position.sheet).await?;
        position.sheet = Some(table.sheet);
        if kind == ReadMode::Keys && table.key.is_none() {
            return Err(Error::unsupported("reading the keys alone of a table without a key column"));
        }
        let run = position.resumed(request.mode, kind);
        let header_changed = run.as_ref().is_some_and(|run| run.header != table.fingerprint)
            || (run.is_none()
                && position.known.as_ref().is_some_and(|known| known.header != table.fingerprint));
        if header_changed && kind != ReadMode::Keys {
            // Columns may have changed their places: everything comes again.
            position.known = None;
        }
        let kind = position.kind(request.mode)?;
        let run = run.filter(|_| !header_changed).unwrap_or(Run {
            kind,
            revision,
            at: now,
            header: table.fingerprint,
            next: table.first,
            anchor: None,
            done: 0,
            digest: None,
            chunk: None,
            moves: 0,
        });
        let walk = Walk::new(client, request, position, table, run, header_changed);
        Box::new(walk).step().await
    }
}

/// All records of a table that fulfil a condition, at most so many.
pub(crate) async fn collect(
    client: &Client,
    entity: &EntityName,
    most: usize,
    wanted: impl Fn(&Record) -> bool,
) -> Result<Vec<Record>> {
    let mut found = Vec::new();
    let mut batches = read(client.clone(), ReadRequest::full(entity.clone()))?;
    while let Some(batch) = batches.try_next().await? {
        for change in batch.groups.into_iter().flat_map(|group| group.changes) {
            if let Change::Upsert(record) = change
                && wanted(&record)
            {
                found.push(record);
            }
        }
        if found.len() > most {
            return Err(Error::new(ErrorKind::Rejected, format!("more than {most} rows have this value"))
                .with_advice("read the entity instead"));
        }
    }
    // A pass that began again brings records again: the last ones are right.
    let mut seen: HashSet<Key> = HashSet::new();
    found.reverse();
    found.retain(|record| seen.insert(record.key.clone()));
    found.reverse();
    Ok(found)
}
