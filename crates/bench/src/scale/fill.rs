//! Connections with records, rows, an indexed field, operations to be sent, and something that is due.

use tieline_core::{
    Batch, Change, Clock as _, FieldPath, Operation, RawJson, Record, RecordLookup, State, SystemClock,
    WriteOp,
};
use tieline_store::outbox::OutboxStore;
use tieline_store::{Commit, StreamId, SyncStore, TargetChange};
use tieline_store_sql::{Database, Dialect, Sql, SqlStore, Tx, directory};

use crate::Result;

const PER_COMMIT: usize = 500;

/// The field that records are looked up by.
pub(super) fn field() -> FieldPath {
    FieldPath::field("mail")
}

pub(super) fn payload(number: usize, round: usize) -> Result<RawJson> {
    let filler = "x".repeat(300);
    Ok(RawJson::parse(format!(
        r#"{{"id":{number},"mail":"person-{number}@example.com","round":{round},"note":"{filler}"}}"#
    ))?)
}

/// A commit of the records with these numbers, and of their rows.
pub(super) fn commit(connection: &str, numbers: impl Iterator<Item = usize>, round: usize) -> Result<Commit> {
    let (mut changes, mut rows) = (Vec::new(), Vec::new());
    for number in numbers {
        let payload = payload(number, round)?;
        changes.push(Change::Upsert(Record::new(number.to_string(), payload.clone())));
        rows.push(TargetChange::put(number.to_string(), payload, Vec::new()));
    }
    let batch = Batch::new("persons", changes, State::new(1, &round)?);
    Ok(Commit::batch(StreamId::new(connection, "persons"), batch).with_target("copy", rows))
}

pub(super) async fn connection<D: Database>(store: &SqlStore<D>, name: &str, records: usize) -> Result<()> {
    store.open_target(&name.into(), &"copy".into(), &"persons".into(), "1").await?;
    let mut next = 0;
    while next < records {
        let end = records.min(next + PER_COMMIT);
        store.commit(commit(name, next..end, 0)?).await?;
        next = end;
    }
    let wanted = RecordLookup::new("persons", "nobody@example.com", field()).by(field());
    store.resolve(&name.into(), &[wanted]).await?;
    let operations: Vec<Operation> = (0..3)
        .map(|n| Ok(Operation::new(format!("order-{n}"), WriteOp::create(RawJson::parse("{}")?))))
        .collect::<Result<_>>()?;
    store.enqueue(&name.into(), &"deals".into(), &operations).await?;
    let mut tx = store.begin().await?;
    directory::set_due(&mut tx, &name.into(), "sync", Some(SystemClock.now())).await?;
    tx.commit().await?;
    Ok(())
}

/// Collects statistics, which a database does by itself sooner or later.
pub(super) async fn tidy<D: Database>(store: &SqlStore<D>) -> Result<()> {
    let mut tx = store.begin().await?;
    let analyze = match tx.dialect() {
        Dialect::Postgres => "ANALYZE tieline.records, tieline.payloads, tieline.rows, tieline.index_entries",
        _ => "ANALYZE",
    };
    tx.run(&Sql::unscoped(analyze.to_owned()), &[]).await?;
    tx.commit().await?;
    Ok(())
}
