use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;
use tieline_core::{Change, Connector, ErrorKind, PassEnd, ReadMode, ReadRequest};
use tieline_pipedrive::{Deal, Person, Stage};
use tieline_sandbox::pipedrive::{Entity, Limits};
use tieline_sandbox::{Fault, FaultRule};

use crate::common::{Store, account, answering, asked, batches, broken};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn a_full_walk_yields_every_record_once() {
    let (_, crm) = account();
    for (entity, count) in [
        ("deals", 193 + 7),
        ("persons", 142),
        ("organizations", 66),
        ("activities", 260),
        ("products", 12),
        ("pipelines", 1),
        ("stages", 5),
        ("leads", 17),
        ("notes", 48),
        ("users", 5),
    ] {
        for size in [500, 7, 1] {
            let mut store = Store::default();
            let read = store.pull(&crm, ReadRequest::full(entity).with_page_size(size)).await;
            assert_eq!(
                (store.rows.len(), store.upserts, store.deletes),
                (count, count, 0),
                "{entity} by {size}"
            );
            let (last, others) = read.split_last().unwrap();
            assert_eq!(last.end, Some(PassEnd::Complete), "{entity}");
            assert!(read.iter().all(|batch| batch.pass == ReadMode::Full));
            assert!(others.iter().all(|batch| batch.end.is_none()));
            assert_eq!(last.progress.unwrap().done, count as u64);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_conform_to_the_description() {
    let (sandbox, crm) = account();
    let mut store = Store::default();
    store.pull(&crm, ReadRequest::changes("deals")).await;
    store.pull(&crm, ReadRequest::changes("deals")).await;
    let mut leads = Store::default();
    leads.pull(&crm, ReadRequest::changes("leads")).await;
    leads.pull(&crm, ReadRequest::changes("leads")).await;
    Store::default().pull(&crm, ReadRequest::full("notes")).await;
    Store::default().pull(&crm, ReadRequest::full("users")).await;
    let paths: Vec<String> = sandbox.requests().into_iter().map(|seen| seen.path).collect();
    insta::assert_snapshot!(paths.join("\n"), @r"
    /api/v2/deals?sort_by=id&sort_direction=asc&limit=500
    /api/v2/deals/archived?sort_by=id&sort_direction=asc&limit=500
    /api/v2/deals?sort_by=update_time&sort_direction=asc&updated_since=2026-11-02T08%3A00%3A00Z&limit=500
    /api/v2/deals?sort_by=update_time&sort_direction=asc&updated_since=2026-10-31T13%3A20%3A11Z&limit=500
    /api/v2/deals/archived?sort_by=update_time&sort_direction=asc&updated_since=2026-10-31T13%3A20%3A11Z&limit=500
    /api/v2/deals?sort_by=update_time&sort_direction=asc&status=deleted&updated_since=2026-10-31T13%3A20%3A11Z&limit=500
    /api/v2/deals/archived?sort_by=update_time&sort_direction=asc&status=deleted&updated_since=2026-10-31T13%3A20%3A11Z&limit=500
    /api/v1/leads?sort=id&start=0&limit=500
    /api/v1/leads/archived?sort=id&start=0&limit=500
    /api/v1/leads?sort=id&updated_since=2026-11-02T08%3A00%3A00Z&start=0&limit=500
    /api/v1/leads?sort=id&updated_since=2026-10-30T17%3A41%3A57Z&start=0&limit=500
    /api/v1/notes?sort=id%20ASC&start=0&limit=500
    /api/v1/users
    ");
}

#[tokio::test(start_paused = true)]
async fn changes_come_with_an_overlap_and_nothing_else() {
    let (sandbox, crm) = account();
    sandbox.advance(HOUR);
    let mut store = Store::default();
    store.pull(&crm, ReadRequest::changes("persons")).await;
    sandbox.advance(HOUR);
    let changed = sandbox.create(Entity::Persons, json!({ "name": "Ny Person" })).unwrap();
    let read = store.pull(&crm, ReadRequest::changes("persons")).await;
    assert_eq!(read.last().unwrap().pass, ReadMode::Changes);
    assert!(store.rows.contains_key(&changed.to_string()));
    assert!(store.upserts < 20, "{} of 143", store.upserts);

    // Within the overlap a record comes again; it is committed late.
    sandbox.advance(Duration::from_secs(60));
    let late = sandbox.create(Entity::Persons, json!({ "name": "Sen Person" })).unwrap();
    sandbox
        .backdate(Entity::Persons, late, json!({}), sandbox.now() - chrono::TimeDelta::minutes(3))
        .unwrap();
    store.pull(&crm, ReadRequest::changes("persons")).await;
    assert!(store.rows.contains_key(&late.to_string()));
}

#[tokio::test(start_paused = true)]
async fn deletions_and_the_archive_show_in_changes() {
    let (sandbox, crm) = account();
    let mut store = Store::default();
    store.pull(&crm, ReadRequest::changes("deals")).await;
    let keys: Vec<i64> = store.rows.keys().map(|key| key.parse().unwrap()).take(3).collect();
    sandbox.advance(HOUR);
    sandbox.delete(Entity::Deals, keys[0]).unwrap();
    sandbox.archive_deal(keys[1]).unwrap();
    sandbox.update(Entity::Deals, keys[2], json!({ "title": "Ändrad" })).unwrap();
    store.pull(&crm, ReadRequest::changes("deals")).await;
    assert!(!store.rows.contains_key(&keys[0].to_string()));
    assert!(store.rows[&keys[1].to_string()].contains("\"is_archived\":true"));
    assert!(store.rows[&keys[2].to_string()].contains("Ändrad"));
    assert!(store.deletes >= 1);
}

#[tokio::test(start_paused = true)]
async fn a_deal_that_was_deleted_from_the_archive_is_gone() {
    // Whether the list of active deals shows it too is not documented: either way it is found.
    for one_feed in [false, true] {
        let (sandbox, crm) = account();
        sandbox.set_one_feed_of_deletions(one_feed);
        let mut store = Store::default();
        store.pull(&crm, ReadRequest::changes("deals")).await;
        let key: i64 = store.rows.keys().next().unwrap().parse().unwrap();
        sandbox.archive_deal(key).unwrap();
        store.pull(&crm, ReadRequest::changes("deals")).await;
        sandbox.advance(HOUR);
        sandbox.delete(Entity::Deals, key).unwrap();
        store.pull(&crm, ReadRequest::changes("deals")).await;
        assert!(!store.rows.contains_key(&key.to_string()), "one feed: {one_feed}");
    }
}

#[tokio::test(start_paused = true)]
async fn empty_members_of_another_type_fail_no_page() {
    for more in ["[]", "{}", "null", r#"{"next_cursor":""}"#, r#"{"next_cursor":[]}"#, r#"{"pagination":[]}"#]
    {
        for entity in ["persons", "leads", "notes", "users"] {
            let id = if entity == "leads" { "\"adf21080-0e10-11eb-879b-05d71fb426ec\"" } else { "1" };
            let body = format!(r#"{{"success":true,"data":[{{"id":{id}}}],"additional_data":{more}}}"#);
            let (_, crm) = answering(move |path| {
                let others = path.contains("/archived") || path.contains("updated_since");
                (200, if others { r#"{"success":true,"data":null}"#.to_owned() } else { body.clone() })
            });
            let read = batches(&crm, ReadRequest::full(entity)).await.unwrap();
            assert_eq!(read.last().unwrap().end, Some(PassEnd::Complete), "{entity} {more}");
            assert_eq!(read.iter().map(tieline_core::Batch::len).sum::<usize>(), 1, "{entity} {more}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stored_cursor_that_ended_begins_its_list_again_whatever_the_status() {
    for status in [400, 404, 410] {
        let (sandbox, crm) = account();
        let mut store = Store::default();
        let mut stream = crm.read(ReadRequest::full("persons").with_page_size(50)).unwrap();
        store.apply(&stream.next().await.unwrap().unwrap());
        drop(stream);
        let rule = FaultRule::new(Fault::Status { status, body: None });
        sandbox.inject(rule.on("GET", "/api/v2/persons").query("cursor="));
        store.pull(&crm, ReadRequest::full("persons")).await;
        assert_eq!(store.rows.len(), 142, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_feed_of_deletions_that_is_too_old_leads_to_a_full_pass() {
    let (sandbox, crm) = account();
    let mut store = Store::default();
    store.pull(&crm, ReadRequest::changes("deals")).await;
    sandbox.advance(28 * 24 * HOUR);
    let read = store.pull(&crm, ReadRequest::changes("deals")).await;
    assert!(read.iter().all(|batch| batch.pass == ReadMode::Changes));
    sandbox.advance(30 * 24 * HOUR);
    let read = store.pull(&crm, ReadRequest::changes("deals")).await;
    assert!(read.iter().all(|batch| batch.pass == ReadMode::Full));
    assert_eq!(read.last().unwrap().end, Some(PassEnd::Complete));
    let read = store.pull(&crm, ReadRequest::changes("deals")).await;
    assert!(read.iter().all(|batch| batch.pass == ReadMode::Changes));
    // Persons have no such feed: nothing is lost by waiting.
    let mut persons = Store::default();
    persons.pull(&crm, ReadRequest::changes("persons")).await;
    sandbox.advance(60 * 24 * HOUR);
    let read = persons.pull(&crm, ReadRequest::changes("persons")).await;
    assert!(read.iter().all(|batch| batch.pass == ReadMode::Changes));
}

#[tokio::test(start_paused = true)]
async fn a_read_resumed_at_any_batch_gives_the_same_set() {
    let (_, crm) = account();
    for entity in ["deals", "leads", "users"] {
        let mut whole = Store::default();
        let batches = whole.pull(&crm, ReadRequest::full(entity).with_page_size(20)).await.len();
        for stop in 1..=batches {
            let mut store = Store::default();
            let request = ReadRequest::full(entity).with_page_size(20);
            let mut stream = crm.read(request.clone()).unwrap();
            for _ in 0..stop {
                store.apply(&stream.next().await.unwrap().unwrap());
            }
            drop(stream);
            let before = store.rows.len();
            store.pull(&crm, request).await;
            assert_eq!(store.rows, whole.rows, "{entity} stopped after {stop}");
            // A finished pass begins anew, an interrupted one goes on.
            let expected = if stop == batches { whole.rows.len() } else { whole.rows.len() - before };
            assert!(
                store.upserts >= expected && store.upserts <= expected + 20,
                "{entity} {stop} {}",
                store.upserts
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_first_read_is_finished_by_a_read_of_changes() {
    let (_, crm) = account();
    let mut store = Store::default();
    let mut stream = crm.read(ReadRequest::changes("deals").with_page_size(50)).unwrap();
    store.apply(&stream.next().await.unwrap().unwrap());
    drop(stream);
    let read = store.pull(&crm, ReadRequest::changes("deals")).await;
    assert!(read.iter().all(|batch| batch.pass == ReadMode::Full));
    assert_eq!(store.rows.len(), 200);
}

#[tokio::test(start_paused = true)]
async fn rows_that_move_during_a_walk_are_not_lost() {
    let (sandbox, crm) = account();
    let mut store = Store::default();
    let mut stream = crm.read(ReadRequest::full("deals").with_page_size(20)).unwrap();
    let mut round = 0;
    while let Some(batch) = stream.next().await {
        store.apply(&batch.unwrap());
        sandbox.advance(Duration::from_secs(2));
        round += 1;
        // Some in front of the walk, some behind it.
        for key in store.rows.keys().take(2).chain(store.rows.keys().rev().take(2)) {
            let title = json!({ "title": format!("Flyttad {round}") });
            sandbox.update(Entity::Deals, key.parse().unwrap(), title).unwrap();
        }
    }
    assert_eq!(store.rows.len(), 200);
    // And what changed behind the walk comes with the next one.
    store.pull(&crm, ReadRequest::changes("deals")).await;
    for (key, row) in &store.rows {
        let id: i64 = key.parse().unwrap();
        let truth = sandbox.record(Entity::Deals, id).unwrap();
        let title = truth.get("title").and_then(|title| title.as_str()).unwrap();
        let stored: Deal = serde_json::from_str(row).unwrap();
        assert_eq!(stored.title, title);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deal_that_leaves_the_archive_during_a_full_pass_is_seen() {
    // Page by page: active deals, the archive without the deal, then what changed since the start.
    let (transport, crm) = answering(|path| {
        let deal = r#"{"id":1,"update_time":"2026-11-03T08:00:01Z"}"#;
        let data =
            if path.starts_with("/api/v2/deals?") && path.contains("updated_since") { deal } else { "" };
        (200, format!(r#"{{"success":true,"data":[{data}],"additional_data":{{"next_cursor":null}}}}"#))
    });
    let mut store = Store::default();
    store.pull(&crm, ReadRequest::full("deals")).await;
    assert!(store.rows.contains_key("1"));
    insta::assert_snapshot!(asked(&transport).join("\n"), @r"
    /api/v2/deals?sort_by=id&sort_direction=asc&limit=500
    /api/v2/deals/archived?sort_by=id&sort_direction=asc&limit=500
    /api/v2/deals?sort_by=update_time&sort_direction=asc&updated_since=2026-11-03T08%3A00%3A00Z&limit=500
    ");
}

#[tokio::test(start_paused = true)]
async fn pages_that_try_a_readers_patience() {
    for entity in ["deals", "persons"] {
        let path = format!("/api/v2/{entity}");
        let (sandbox, crm) = account();
        let mut whole = Store::default();
        whole.pull(&crm, ReadRequest::full(entity)).await;
        for fault in [Fault::EmptyPage, Fault::DuplicateRecords] {
            sandbox.inject(FaultRule::new(fault).on("GET", &path).skip(1));
            let mut store = Store::default();
            store.pull(&crm, ReadRequest::full(entity).with_page_size(20)).await;
            assert_eq!(store.rows, whole.rows, "{entity}");
            assert!(sandbox.waiting_faults().is_empty());
        }
        sandbox.inject(FaultRule::new(Fault::RepeatPageToken).on("GET", &path).skip(2).times(50));
        let error = broken(&crm, ReadRequest::full(entity).with_page_size(20)).await;
        assert_eq!(error.kind(), ErrorKind::Decode);
        sandbox.clear_faults();
    }
    for entity in ["leads", "notes"] {
        let path = format!("/api/v1/{entity}");
        let (sandbox, crm) = account();
        let mut whole = Store::default();
        whole.pull(&crm, ReadRequest::full(entity)).await;
        for fault in [Fault::EmptyPage, Fault::DuplicateRecords] {
            sandbox.inject(FaultRule::new(fault.clone()).on("GET", &path).skip(1));
            let mut store = Store::default();
            store.pull(&crm, ReadRequest::full(entity).with_page_size(5)).await;
            assert_eq!(store.rows, whole.rows, "{entity} {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn broken_answers_are_sent_for_again_below() {
    let (sandbox, crm) = account();
    for fault in [
        Fault::ResetMidBody,
        Fault::TruncateBody,
        Fault::Status { status: 503, body: None },
        Fault::TooManyRequests { retry_after: tieline_sandbox::RetryAfter::Seconds(1) },
        Fault::HtmlPage { status: 200 },
    ] {
        sandbox.inject(FaultRule::new(fault).on("GET", "/api/v2/persons").skip(1));
        let mut store = Store::default();
        store.pull(&crm, ReadRequest::full("persons").with_page_size(50)).await;
        assert_eq!(store.rows.len(), 142);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_cursor_in_a_stored_state_begins_its_list_again() {
    let (sandbox, crm) = account();
    let mut store = Store::default();
    let mut stream = crm.read(ReadRequest::full("persons").with_page_size(50)).unwrap();
    store.apply(&stream.next().await.unwrap().unwrap());
    drop(stream);
    sandbox.inject(
        FaultRule::new(Fault::Status { status: 400, body: None })
            .on("GET", "/api/v2/persons")
            .query("cursor="),
    );
    store.pull(&crm, ReadRequest::full("persons")).await;
    assert_eq!((store.rows.len(), store.upserts), (142, 142));
    // Within a walk the same answer is an error: no cursor dies so soon.
    sandbox.inject(
        FaultRule::new(Fault::Status { status: 400, body: None })
            .on("GET", "/api/v2/persons")
            .query("cursor="),
    );
    assert_eq!(
        broken(&crm, ReadRequest::full("persons").with_page_size(50)).await.kind(),
        ErrorKind::Rejected
    );
}

#[tokio::test(start_paused = true)]
async fn entities_without_a_feed_are_read_in_full_each_time() {
    let (_, crm) = account();
    for entity in ["pipelines", "stages", "users"] {
        let mut store = Store::default();
        for _ in 0..2 {
            let read = store.pull(&crm, ReadRequest::changes(entity)).await;
            assert_eq!(read.last().unwrap().pass, ReadMode::Full);
            assert_eq!(read.last().unwrap().end, Some(PassEnd::Complete));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn keys_come_alone_and_leave_the_watermark() {
    let (_, crm) = account();
    let mut store = Store::default();
    store.pull(&crm, ReadRequest::changes("deals")).await;
    let before = store.state.clone().unwrap();
    let read = batches(&crm, ReadRequest::keys("deals").with_state(store.state.clone())).await.unwrap();
    let changes: Vec<&Change> = read.iter().flat_map(|batch| &batch.groups[0].changes).collect();
    assert_eq!(changes.len(), 200);
    assert!(changes.iter().all(|change| matches!(change, Change::Present(_))));
    assert_eq!(read.last().unwrap().pass, ReadMode::Keys);
    assert_eq!(read.last().unwrap().end, Some(PassEnd::Complete));
    assert_eq!(read.last().unwrap().state, before);
}

#[tokio::test(start_paused = true)]
async fn a_read_ends_after_as_many_records_as_were_wanted_and_goes_on_there() {
    let (_, crm) = account();
    for entity in ["persons", "leads", "deals"] {
        let mut whole = Store::default();
        whole.pull(&crm, ReadRequest::full(entity)).await;
        let mut store = Store::default();
        let mut rounds = 0;
        loop {
            let read = store.pull(&crm, ReadRequest::full(entity).with_max_records(15)).await;
            assert!(store.upserts <= 15, "{entity}");
            rounds += 1;
            match read.last().unwrap().end {
                Some(PassEnd::Complete) => break,
                end => assert_eq!(end, Some(PassEnd::Partial), "{entity}"),
            }
            assert!(rounds < 40);
        }
        assert_eq!(store.rows, whole.rows, "{entity}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_before_the_stream_is_polled() {
    let (sandbox, crm) = account();
    drop(crm.read(ReadRequest::full("deals")).unwrap());
    assert_eq!(sandbox.counters().requests, 0);
}

#[tokio::test(start_paused = true)]
async fn typed_records_are_exact() {
    let (_, crm) = account();
    let deals: Vec<Deal> = crm.read_as::<Deal>("deals").unwrap().try_collect().await.unwrap();
    assert_eq!(deals.len(), 200);
    assert!(
        deals.iter().any(|deal| deal.value.is_some_and(|value| value.to_string() == "12345678901234567.89"))
    );
    let persons: Vec<Person> = crm.read_as("persons").unwrap().try_collect().await.unwrap();
    assert!(persons.iter().any(|person| person.update_time.is_none()));
    let stages: Vec<Stage> = crm.read_as("stages").unwrap().try_collect().await.unwrap();
    assert_eq!(stages.len(), 5);
    let deal = crm.deal(deals[0].id).await.unwrap().unwrap();
    assert_eq!(deal, deals[0]);
    assert_eq!(crm.deal(999_999).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_spent_day_is_told_by_its_header_alone() {
    for daily_headers in [true, false] {
        let (sandbox, crm) = account();
        sandbox.set_limits(Limits { daily_budget: 35, daily_headers, burst: 20, ..Limits::default() });
        let error = broken(&crm, ReadRequest::full("persons").with_page_size(20)).await;
        let (kind, wait) = match daily_headers {
            true => (ErrorKind::QuotaExhausted, 16 * HOUR),
            false => (ErrorKind::RateLimited, Duration::from_secs(60)),
        };
        assert_eq!((error.kind(), error.retry_after()), (kind, Some(wait)), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_that_was_deleted_is_gone_from_a_full_pass() {
    let (sandbox, crm) = account();
    let mut store = Store::default();
    store.pull(&crm, ReadRequest::full("persons")).await;
    let key = store.rows.keys().next().unwrap().clone();
    sandbox.delete(Entity::Persons, key.parse().unwrap()).unwrap();
    let mut again = Store::default();
    again.pull(&crm, ReadRequest::full("persons")).await;
    assert!(!again.rows.contains_key(&key));
    assert_eq!(again.rows.len(), store.rows.len() - 1);
}

#[tokio::test(start_paused = true)]
async fn one_record_at_a_time_is_a_walk_too() {
    let (_, crm) = account();
    for entity in ["leads", "stages"] {
        let mut store = Store::default();
        for _ in 0..60 {
            let read = store.pull(&crm, ReadRequest::full(entity).with_max_records(1)).await;
            if read.last().unwrap().end == Some(PassEnd::Complete) {
                break;
            }
        }
        assert_eq!(store.rows.len(), if entity == "leads" { 17 } else { 5 }, "{entity}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_never_moves_on_is_left() {
    let note = json!({ "success": true, "data": [{ "id": 1, "update_time": "2026-11-01 08:00:00" }],
        "additional_data": { "pagination": { "start": 0, "limit": 100, "more_items_in_collection": true, "next_start": 100 } } });
    let (transport, crm) = answering(move |_| (200, note.to_string()));
    assert_eq!(broken(&crm, ReadRequest::full("notes")).await.kind(), ErrorKind::Decode);
    assert!(asked(&transport).len() < 25);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_note_in_an_answer_is_a_deletion_and_a_sleeping_user_is_none() {
    let row = json!({ "success": true, "data": [{ "id": 1, "active_flag": false, "update_time": "2026-11-01 08:00:00" }] });
    let (_, crm) = answering(move |_| (200, row.to_string()));
    let read = batches(&crm, ReadRequest::full("notes")).await.unwrap();
    let Change::Delete(deletion) = &read[0].groups[0].changes[0] else { panic!("{read:?}") };
    assert_eq!(deletion.at.as_ref().unwrap(), &"2026-11-01 08:00:00");
    let read = batches(&crm, ReadRequest::full("users")).await.unwrap();
    assert!(matches!(read[0].groups[0].changes[0], Change::Upsert(_)));
}
