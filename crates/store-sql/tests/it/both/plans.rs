//! Every statement of the busy ways uses an index, on both databases.
#![allow(clippy::panic, reason = "helpers of tests fail like tests")]

use async_trait::async_trait;

use tieline_core::{
    Batch, Change, Clock as _, Deletion, FieldPath, Operation, PassEnd, ReadMode, RecordLookup, Result,
    State, SystemClock, WriteOp,
};
use tieline_store::outbox::{Claim, OutboxStore};
use tieline_store::pairings::{
    ConflictWinner, LinkChange, LinkState, MatchValues, NewConflict, NewTask, PairSide, TaskDecision,
    TaskKind, TaskStatus,
};
use tieline_store::webhooks::{NewSubscriber, NotificationEnd, NotificationStore};
use tieline_store::{Commit, StreamId, SyncStore, TargetChange, TenantId};
use tieline_store_sql::erase::erase_batch;
use tieline_store_sql::events::{self, NewEvent};
use tieline_store_sql::{
    Arg, Bulk, Column, Database, Dialect, Row, Sql, SqlStore, Transaction, Tx, directory, outbox, pairings,
    records, webhooks,
};

use super::webhooks::sealed;
use super::{changes, in_both, json, put, upsert};

in_both! {
    every_statement_uses_an_index
}

/// Asks for the plan of each statement before it runs.
struct Explaining {
    tx: Transaction,
    asked: usize,
}

impl Explaining {
    async fn explain(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<()> {
        let text = sql.text(self.dialect()).to_owned();
        let plan = match self.dialect() {
            Dialect::Postgres => format!("EXPLAIN {text}"),
            _ => format!("EXPLAIN QUERY PLAN {text}"),
        };
        let mut lines: Vec<String> = Vec::new();
        for mut row in self.tx.rows(&Sql::built(plan), args).await? {
            if self.dialect() == Dialect::Sqlite {
                let _: (i64, i64, i64) = (row.take()?, row.take()?, row.take()?);
            }
            lines.push(row.take()?);
        }
        let walks = match self.dialect() {
            Dialect::Postgres => walks_in_postgres(&lines),
            _ => lines.iter().any(|line| line.starts_with("SCAN tieline_")),
        };
        assert!(!walks, "{text}\n{}", lines.join("\n"));
        self.asked += 1;
        Ok(())
    }
}

/// Whether a table is walked, or an index from its one end to the other.
fn walks_in_postgres(plan: &[String]) -> bool {
    plan.iter().enumerate().any(|(at, line)| {
        let detail = plan.iter().skip(at + 1).take_while(|line| !line.contains("->"));
        let bounded = || detail.clone().any(|line| line.contains("Index Cond:"));
        let by_index = line.contains("Index Scan using")
            || line.contains("Index Only Scan using")
            || line.contains("Bitmap Index Scan on");
        line.contains("Seq Scan on") || (by_index && !bounded())
    })
}

#[async_trait]
impl Tx for Explaining {
    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }

    fn tenant(&self) -> &TenantId {
        self.tx.tenant()
    }

    async fn rows(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        self.explain(sql, args).await?;
        self.tx.rows(sql, args).await
    }

    async fn run(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        self.explain(sql, args).await?;
        self.tx.run(sql, args).await
    }

    async fn insert(&mut self, bulk: &Bulk, same: &[Arg<'_>], columns: &[Column<'_>]) -> Result<u64> {
        self.tx.insert(bulk, same, columns).await
    }
}

/// The small tables of a test would be walked, because that is cheaper.
async fn explaining<D: Database>(store: &SqlStore<D>) -> Explaining {
    let mut tx = store.begin().await.unwrap();
    if tx.dialect() == Dialect::Postgres {
        tx.run(&Sql::unscoped("SET LOCAL enable_seqscan = off".to_owned()), &[]).await.unwrap();
    }
    Explaining { tx, asked: 0 }
}

async fn every_statement_uses_an_index<D: Database>(store: SqlStore<D>) {
    let (acme, deals, copy) = ("acme".into(), "deals".into(), "copy".into());
    let stream = StreamId::new("acme", "deals");
    let number = FieldPath::field("n");
    let by_key = RecordLookup::new("persons", "1", number.clone());
    let by_field = by_key.clone().by(number);
    store.open_target(&acme, &copy, &deals, "1").await.unwrap();
    put(&store, changes("persons", vec![upsert("1", r#"{"n":1}"#)])).await;
    store.resolve(&acme, std::slice::from_ref(&by_field)).await.unwrap();
    let operation = Operation::new("order", WriteOp::create(json("{}")));
    store.enqueue(&acme, &deals.clone().into(), &[operation]).await.unwrap();
    store
        .create_subscriber(NewSubscriber::new("s", "https://example.test", sealed("s").await))
        .await
        .unwrap();

    let mut tx = explaining(&store).await;
    records::position(&mut tx, &stream).await.unwrap();
    let version = records::read_version(&mut tx, &acme).await.unwrap();
    let needs = [by_key, by_field];
    records::missing_indexes(&mut tx, &acme, &needs).await.unwrap();
    records::resolve(&mut tx, &acme, &needs).await.unwrap();
    let rows =
        vec![TargetChange::put("1", json("{}"), needs.to_vec()), TargetChange::remove("2", Vec::new())];
    let all = ["1", "2", "3", "4"].map(|key| upsert(key, "{}")).to_vec();
    let commit = changes("deals", all).mapped_at(version).holding_removals().with_target("copy", rows);
    let refused = ("deals".into(), "9".into(), String::new());
    records::commit(&mut tx, commit.with_refused([refused])).await.unwrap();
    // Changed, gone, seen; held, and made; a sweep.
    let some = vec![
        upsert("1", "[]"),
        upsert("9", "{}"),
        Change::Delete(Deletion::new("2")),
        Change::Present("3".into()),
    ];
    records::commit(&mut tx, changes("deals", some).holding_deletions()).await.unwrap();
    records::commit(&mut tx, changes("deals", Vec::new()).making_held_deletions()).await.unwrap();
    records::commit(&mut tx, changes("persons", vec![Change::merged("1", "2")])).await.unwrap();
    let full = Batch::new("deals", vec![upsert("1", "{}")], State::new(1, &1).unwrap());
    let full = full.with_pass(ReadMode::Full).with_end(PassEnd::Complete);
    records::commit(&mut tx, Commit::batch(stream.clone(), full)).await.unwrap();
    records::stale(&mut tx, &acme, &copy, None, 9).await.unwrap();
    records::load(&mut tx, &acme, &deals, &["1".into()]).await.unwrap();
    records::rows_of(&mut tx, &acme, &copy, &["1".into()]).await.unwrap();
    records::rows(&mut tx, &acme, &copy, None, 9).await.unwrap();
    records::records(&mut tx, &acme, &deals, Some(&"0".into()), 9).await.unwrap();
    records::pending(&mut tx, &stream, 9).await.unwrap();
    records::pending_counts(&mut tx, &stream).await.unwrap();
    let page = records::rows_since(&mut tx, &acme, &copy, &records::RowCursor::default(), 9).await.unwrap();
    records::forget_deleted(&mut tx, &acme, &copy, &page.next).await.unwrap();

    let claim = Claim::new(std::time::Duration::from_secs(60), 9);
    let claimed = outbox::claim(&mut tx, &acme, &claim).await.unwrap();
    outbox::renew(&mut tx, &acme, &[claimed[0].at_revision()], claim.lease).await.unwrap();
    outbox::unsettled(&mut tx, &acme, None, 9).await.unwrap();
    outbox::prune(&mut tx, &acme, claim.lease).await.unwrap();
    directory::set_due(&mut tx, &acme, "sync", Some(SystemClock.now())).await.unwrap();
    directory::due(&mut tx, None, 9).await.unwrap();
    let event = NewEvent::new("sync.completed", json("{}"));
    events::append(&mut tx, &acme, &[event]).await.unwrap();
    events::since(&mut tx, Some(1), 9).await.unwrap();
    events::prune(&mut tx, claim.lease).await.unwrap();
    directory::set_route(&mut tx, "webhook", &[1; 32], &acme).await.unwrap();
    directory::route(&mut tx, "webhook", &[1; 32]).await.unwrap();
    every_statement_of_a_pairing(&mut tx).await;
    webhooks::endpoint_at(&mut tx, &[1; 32]).await.unwrap();
    webhooks::follow(&mut tx, "s", 9, 9).await.unwrap();
    let [sent, ..] = &webhooks::claim(&mut tx, "s", 9, claim.lease).await.unwrap()[..] else {
        panic!("none")
    };
    webhooks::settle(&mut tx, sent.revision, NotificationEnd::Delivered, None).await.unwrap();
    webhooks::notifications(&mut tx, "s", None, None, 9).await.unwrap();
    webhooks::attempts(&mut tx, "s", None, 9).await.unwrap();
    webhooks::prune_notifications(&mut tx, claim.lease).await.unwrap();
    directory::connections_of_account(&mut tx, "demo", "1", 9).await.unwrap();
    records::mark_erased(&mut tx, &acme).await.unwrap();
    while erase_batch(&mut tx).await.unwrap() {}
    assert!(tx.asked > 60, "{}", tx.asked);
}

async fn every_statement_of_a_pairing(tx: &mut Explaining) {
    let (id, side) = ("companies".into(), PairSide::Left);
    pairings::open(tx, &id, [Some(&"acme".into()), None], "1").await.unwrap();
    pairings::confirm(tx, &id).await.unwrap();
    assert!(pairings::note_changes(tx, &id, side, &["1".into()], (None, Some("a"))).await.unwrap());
    let values = [MatchValues::new("1".into(), vec![(0, "5560".to_owned())])];
    pairings::put_match_values(tx, &id, side, &values).await.unwrap();
    pairings::matching_records(tx, &id, side, (0, "5560"), 3).await.unwrap();
    let handled = pairings::changed_records(tx, &id, None, 9).await.unwrap();
    let mut change = LinkChange::create(Some("1".into()), Some("2".into()), LinkState::Linked, json("{}"));
    change.tasks = vec![NewTask::new(TaskKind::Conflict, "/name", json("{}"))];
    change.conflicts = vec![NewConflict::new(FieldPath::field("name"), "left", ConflictWinner::Left)];
    change.handled = handled;
    let link = pairings::store_link(tx, &id, &change).await.unwrap().unwrap();
    pairings::links_of(tx, &id, side, &["1".into()]).await.unwrap();
    pairings::links_of(tx, &id, side.other(), &["1".into()]).await.unwrap();
    pairings::link(tx, &id, link.at.link).await.unwrap();
    pairings::links_in(tx, &id, LinkState::Linked, None, 9).await.unwrap();
    let decision = TaskDecision::new(1, TaskStatus::Approved, "anna");
    let change = LinkChange::of(&link, LinkState::Linked, json("{}"));
    assert!(pairings::decide_task(tx, &id, &decision, Some(&change)).await.unwrap());
    pairings::tasks(tx, &id, Some(TaskStatus::Open), None, 9).await.unwrap();
    pairings::tasks(tx, &id, None, None, 9).await.unwrap();
    pairings::conflicts(tx, &id, None, 9).await.unwrap();
    pairings::counts(tx, &id).await.unwrap();
}
