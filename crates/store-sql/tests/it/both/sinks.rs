//! Rows in the host's own table, and readers that follow a target's rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use tieline_core::{Batch, Change, Deletion, PassEnd, ReadMode, State};
use tieline_store::{Commit, StreamId, SyncStore, TargetChange, TenantId};
use tieline_store_sql::records::RowCursor;
use tieline_store_sql::{Arg, ColumnType, Database, OnDelete, Sql, SqlSink, SqlStore, Tx};

use super::{changes, in_both, json, put, upsert};

in_both! {
    rows_are_in_the_hosts_table_with_the_commit
    a_value_that_does_not_fit_its_column_is_an_issue_of_its_row
    a_row_that_the_table_refuses_stops_no_other_row
    a_row_that_was_refused_is_written_once_it_fits
    what_goes_is_deleted_or_marked
    tenants_and_connections_share_a_table
    a_reader_follows_every_change_once
    a_reader_that_is_too_far_behind_begins_anew
}

fn sink() -> SqlSink {
    SqlSink::new("copy", "customers", "crm_id")
        .column("name", ColumnType::Text)
        .column("revenue", ColumnType::Decimal)
        .column("staff", ColumnType::Integer)
        .column("active", ColumnType::Boolean)
        .column_from("since", "customer_since", ColumnType::Date)
        .column("seen", ColumnType::Time)
        .column("tags", ColumnType::Json)
}

/// A store with the sink, whose target is open and whose table is there. In PostgreSQL the program may make tables.
async fn with_sink<D: Database>(store: &SqlStore<D>, sink: &SqlSink) -> SqlStore<D> {
    let mut tx = store.begin().await.unwrap();
    for _ in 0..2 {
        sink.prepare(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    let store = store.clone().with_sink(Arc::new(sink.clone()));
    store.open_target(&"acme".into(), &"copy".into(), &"persons".into(), "1").await.unwrap();
    store
}

async fn query<D: Database>(store: &SqlStore<D>, sql: &str) -> Vec<Vec<Option<String>>> {
    let mut tx = store.begin().await.unwrap();
    let rows = tx.rows(&Sql::unscoped(sql.to_owned()), &[]).await.unwrap();
    tx.rollback().await;
    let columns = sql.split(" FROM ").next().unwrap().matches(',').count() + 1;
    let read = |mut row: tieline_store_sql::Row| (0..columns).map(|_| row.take().unwrap()).collect();
    rows.into_iter().map(read).collect()
}

fn row(key: &str, fields: &str) -> TargetChange {
    TargetChange::put(key, json(fields), Vec::new())
}

fn commit(rows: Vec<TargetChange>) -> Commit {
    let records = rows.iter().map(|row| upsert(row.key().as_str(), r#"{"n":1}"#)).collect();
    changes("persons", records).with_target("copy", rows)
}

async fn rows_are_in_the_hosts_table_with_the_commit<D: Database>(store: SqlStore<D>) {
    let store = with_sink(&store, &sink()).await;
    let fields = r#"{"name":"Åkeri AB","revenue":"12345678901234567.890","staff":7,"active":true,
        "customer_since":"2026-01-31","seen":"2026-01-31T10:00:00+01:00","tags":["a",1.10]}"#;
    put(&store, commit(vec![row("1", fields), row("2", "{}")])).await;
    let text = |column: &str| format!("SELECT CAST({column} AS TEXT) FROM customers ORDER BY crm_id");
    for (column, first) in
        [("name", "Åkeri AB"), ("revenue", "12345678901234567.890"), ("staff", "7"), ("since", "2026-01-31")]
    {
        let found = query(&store, &text(column)).await;
        assert_eq!(found, [[Some(first.to_owned())], [None]], "{column}");
    }
    let active = &query(&store, &text("active")).await[0][0];
    assert!(matches!(active.as_deref(), Some("1" | "true")));
    put(&store, commit(vec![row("2", r#"{"name":"B"}"#)])).await;
    assert_eq!(query(&store, &text("name")).await[1], [Some("B".to_owned())]);
}

async fn a_value_that_does_not_fit_its_column_is_an_issue_of_its_row<D: Database>(store: SqlStore<D>) {
    let store = with_sink(&store, &sink()).await;
    for (column, field, value) in [
        ("revenue", "revenue", r#""1 250""#),
        ("staff", "staff", "7.5"),
        ("active", "active", r#""yes""#),
        ("since", "customer_since", r#""31/1""#),
        ("seen", "seen", r#""2026-01-31""#),
        ("name", "name", r#""a\u0000b""#),
    ] {
        let fields = format!(r#"{{"{field}":{value},"tags":["{field}"]}}"#);
        let stats = put(&store, commit(vec![row("1", r#"{"name":"A"}"#), row("2", &fields)])).await;
        assert_eq!(stats.row_issues.len(), 1, "{column}: {stats:?}");
        let found = &stats.row_issues[0];
        assert_eq!((found.issue.key.as_ref().unwrap().as_str(), found.stale), ("2", false));
        assert_eq!(found.issue.path.as_ref().unwrap().as_str(), format!("/{field}"));
        assert!(
            !found.issue.to_string().contains(value.trim_matches('"')),
            "{found:?} quotes a customer's data"
        );
        let sql =
            format!("SELECT CAST({column} AS TEXT), CAST(tags AS TEXT) FROM customers WHERE crm_id = '2'");
        let stored = query(&store, &sql);
        let tags = format!(r#"["{field}"]"#);
        assert_eq!(stored.await, [[None, Some(tags)]], "the rest of the row is there");
    }
    assert_eq!(
        query(&store, "SELECT name FROM customers WHERE crm_id = '1'").await,
        [[Some("A".to_owned())]]
    );
}

/// The host's own table, with constraints that a sink knows nothing of.
async fn strict_table<D: Database>(store: &SqlStore<D>) -> SqlStore<D> {
    let mut tx = store.begin().await.unwrap();
    for table in [
        "CREATE TABLE parents (id text PRIMARY KEY)",
        "CREATE TABLE strict (
             crm_id text PRIMARY KEY, name text NOT NULL, code text UNIQUE CHECK (length(code) < 6),
             parent text REFERENCES parents (id)
         )",
    ] {
        tx.run(&Sql::unscoped(table.to_owned()), &[]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let sink = SqlSink::new("copy", "strict", "crm_id");
    let sink =
        ["name", "code", "parent"].iter().fold(sink, |sink, name| sink.column(*name, ColumnType::Text));
    with_sink(store, &sink).await
}

async fn a_row_that_the_table_refuses_stops_no_other_row<D: Database>(store: SqlStore<D>) {
    let store = strict_table(&store).await;
    let mut rows: Vec<TargetChange> =
        (100..230).map(|n| row(&n.to_string(), &format!(r#"{{"name":"N","code":"c{n}"}}"#))).collect();
    rows[7] = row("107", r#"{"name":"N","code":"too long"}"#);
    rows[8] = row("108", r#"{"name":"N","code":"c100"}"#);
    rows[90] = row("190", r#"{"name":null,"code":"c190"}"#);
    rows[91] = row("191", r#"{"name":"N","code":"c191","parent":"p"}"#);
    let stats = put(&store, commit(rows)).await;
    let found: Vec<_> = stats
        .row_issues
        .iter()
        .map(|found| {
            let key = found.issue.key.as_ref().unwrap().as_str();
            (key, found.issue.path.as_ref().map(|path| path.as_str()), found.issue.refused, found.stale)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("107", Some("/code"), false, true),
            ("108", Some("/code"), false, true),
            ("190", None, true, true),
            ("191", Some("/parent"), false, true),
        ]
    );
    assert_eq!(stats.row_issues[0].issue.entity.as_ref().unwrap(), "persons");
    let text = format!("{:?}", stats.row_issues);
    assert!(!text.contains("too long") && !text.contains("c100"), "{text} quotes a customer's data");
    let count = "SELECT CAST(count(*) AS TEXT) FROM strict";
    assert_eq!(query(&store, count).await, [[Some("129".to_owned())]]);
    assert_eq!(
        query(&store, "SELECT code, name FROM strict WHERE crm_id = '107'").await,
        [[None, Some("N".to_owned())]]
    );
    assert_eq!(store.stale(&"acme".into(), &"copy".into(), None, 9).await.unwrap().len(), 4);
}

async fn a_row_that_was_refused_is_written_once_it_fits<D: Database>(store: SqlStore<D>) {
    let store = strict_table(&store).await;
    let child = || vec![row("1", r#"{"name":"N","parent":"p"}"#)];
    assert_eq!(put(&store, commit(child())).await.row_issues.len(), 1);
    let (mut cursor, mut kept) = (RowCursor::default(), BTreeMap::new());
    assert_eq!(follow(&store, &mut cursor, &mut kept).await.0, 1);
    let again = async || {
        let version = store.read_version(&"acme".into()).await.unwrap();
        put(&store, Commit::remap("acme", version).with_target("copy", child())).await
    };
    let stats = again().await;
    assert_eq!((stats.row_issues.len(), stats.target.unchanged, stats.target.updated), (1, 1, 0));
    let mut tx = store.begin().await.unwrap();
    tx.run(&Sql::unscoped("INSERT INTO parents VALUES ('p')".to_owned()), &[]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(again().await.row_issues, []);
    assert_eq!(query(&store, "SELECT parent FROM strict").await, [[Some("p".to_owned())]]);
    assert!(store.stale(&"acme".into(), &"copy".into(), None, 9).await.unwrap().is_empty());
    assert_eq!(follow(&store, &mut cursor, &mut kept).await.0, 0, "the row is the same for its readers");
}

async fn what_goes_is_deleted_or_marked<D: Database>(store: SqlStore<D>) {
    let marking = SqlSink::new("copy", "kept", "id").on_delete(OnDelete::Mark("gone_at".to_owned()));
    let store = with_sink(&with_sink(&store, &sink()).await, &marking).await;
    put(&store, commit(["1", "2", "3", "4"].map(|key| row(key, "{}")).to_vec())).await;
    put(&store, changes("persons", vec![Change::Delete(Deletion::new("1"))])).await;
    let left_out = TargetChange::remove("2", Vec::new());
    let version = store.read_version(&"acme".into()).await.unwrap();
    put(&store, Commit::remap("acme", version).with_target("copy", vec![left_out])).await;
    let pass = Batch::new("persons", vec![upsert("4", r#"{"n":1}"#)], State::new(1, &2).unwrap());
    let pass = pass.with_pass(ReadMode::Full).with_end(PassEnd::Complete);
    let swept = put(&store, Commit::batch(StreamId::new("acme", "persons"), pass)).await;
    assert_eq!(swept.swept, 2, "a sweep is told too");
    let keys = |sql| {
        let store = store.clone();
        async move {
            let rows = query(&store, sql).await;
            rows.into_iter().map(|row| row[0].clone().unwrap()).collect::<Vec<_>>()
        }
    };
    assert_eq!(keys("SELECT crm_id FROM customers ORDER BY 1").await, ["4"]);
    assert_eq!(keys("SELECT id FROM kept WHERE gone_at IS NULL ORDER BY 1").await, ["4"]);
    assert_eq!(keys("SELECT id FROM kept WHERE gone_at IS NOT NULL ORDER BY 1").await, ["1", "2", "3"]);
    put(&store, changes("persons", vec![upsert("1", "{}")]).with_target("copy", vec![row("1", "{}")])).await;
    assert_eq!(
        keys("SELECT id FROM kept WHERE gone_at IS NULL ORDER BY 1").await,
        ["1", "4"],
        "it came back"
    );
}

async fn tenants_and_connections_share_a_table<D: Database>(store: SqlStore<D>) {
    let shared = sink().tenant_column("tenant").connection_column("connection");
    let main = with_sink(&store, &shared).await;
    let other = with_sink(&store.for_tenant(TenantId::new("globex")), &shared).await;
    put(&main, commit(vec![row("1", r#"{"name":"mine"}"#)])).await;
    put(&other, commit(vec![row("1", r#"{"name":"theirs"}"#)])).await;
    put(&main, changes("persons", vec![Change::Delete(Deletion::new("1"))])).await;
    let left = query(&main, "SELECT tenant, connection, crm_id, name FROM customers").await;
    assert_eq!(left, [["globex", "acme", "1", "theirs"].map(|text| Some(text.to_owned()))]);
}

/// Reads to the end, and keeps what a reader would have.
async fn follow<D: Database>(
    store: &SqlStore<D>,
    cursor: &mut RowCursor,
    kept: &mut BTreeMap<String, String>,
) -> (usize, bool) {
    let (mut read, mut restarted) = (0, false);
    loop {
        let page = store.rows_since(&"acme".into(), &"copy".into(), cursor, 2).await.unwrap();
        if page.restarted {
            kept.clear();
            restarted = true;
        }
        read += page.changes.len();
        for change in page.changes {
            match change.fields {
                Some(fields) => kept.insert(change.key.to_string(), fields.get().to_owned()),
                None => kept.remove(change.key.as_str()),
            };
        }
        *cursor = page.next.to_string().parse().unwrap();
        if !page.more {
            return (read, restarted);
        }
    }
}

async fn a_reader_follows_every_change_once<D: Database>(store: SqlStore<D>) {
    let (mut cursor, mut kept) = (RowCursor::default(), BTreeMap::new());
    assert_eq!(follow(&store, &mut cursor, &mut kept).await, (0, false));
    store.open_target(&"acme".into(), &"copy".into(), &"persons".into(), "1").await.unwrap();
    let rows =
        |n: u32| (1..6).map(|key| row(&key.to_string(), &format!(r#"{{"n":{n}}}"#))).collect::<Vec<_>>();
    put(&store, commit(rows(1))).await;
    assert_eq!(follow(&store, &mut cursor, &mut kept).await, (5, false));
    assert_eq!(follow(&store, &mut cursor, &mut kept).await, (0, false));
    put(&store, commit(rows(1))).await;
    assert_eq!(follow(&store, &mut cursor, &mut kept).await, (0, false), "nothing changed");
    let version = store.read_version(&"acme".into()).await.unwrap();
    put(&store, Commit::remap("acme", version).with_target("copy", vec![row("3", r#"{"n":2}"#)])).await;
    put(&store, changes("persons", vec![Change::Delete(Deletion::new("1"))])).await;
    assert_eq!(follow(&store, &mut cursor, &mut kept).await, (2, false));
    let stored = store.rows(&"acme".into(), &"copy".into(), None, 99).await.unwrap();
    let stored: BTreeMap<_, _> =
        stored.into_iter().map(|row| (row.key.to_string(), row.fields.get().to_owned())).collect();
    assert_eq!(kept, stored);
}

async fn a_reader_that_is_too_far_behind_begins_anew<D: Database>(store: SqlStore<D>) {
    let (acme, copy) = ("acme".into(), "copy".into());
    store.open_target(&acme, &copy, &"persons".into(), "1").await.unwrap();
    put(&store, commit(vec![row("1", "{}"), row("2", "{}")])).await;
    let (mut slow, mut slow_kept) = (RowCursor::default(), BTreeMap::new());
    follow(&store, &mut slow, &mut slow_kept).await;
    put(&store, changes("persons", vec![Change::Delete(Deletion::new("1"))])).await;
    put(&store, commit(vec![row("3", "{}")])).await;
    let (mut fast, mut kept) = (RowCursor::default(), BTreeMap::new());
    follow(&store, &mut fast, &mut kept).await;
    assert_eq!(store.forget_deleted(&acme, &copy, &fast).await.unwrap(), 1);
    assert_eq!(follow(&store, &mut fast, &mut kept).await, (0, false), "it has read that far");
    assert_eq!(follow(&store, &mut slow, &mut slow_kept).await, (2, true));
    assert_eq!(slow_kept, kept);
    store.erase(&acme).await.unwrap();
    assert_eq!(follow(&store, &mut fast, &mut kept).await, (0, true));
    assert!(kept.is_empty());
    let mut tx = store.begin().await.unwrap();
    let forget = Sql::new("SELECT count(*) FROM tieline.rows WHERE tenant = $1 AND key = $2");
    let left: i64 = tx.rows(&forget, &[Arg::from("3")]).await.unwrap().remove(0).take().unwrap();
    assert_eq!(left, 0);
}
