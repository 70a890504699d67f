//! Stored states: those of every version are read, others are refused at once.

use tieline_core::{Connector, ErrorKind, ReadRequest, State};

use crate::common::*;

#[tokio::test(start_paused = true)]
async fn the_states_of_a_walk_in_text() {
    let (_, books) = with_invoices(3);
    let mut texts = Vec::new();
    let mut request = ReadRequest::full("invoices").with_max_records(2);
    for _ in 0..2 {
        let batches = batches(&books, request.clone()).await.unwrap();
        let state = batches.last().unwrap().state.clone();
        texts.push(state.to_text().unwrap());
        request = request.with_state(Some(state));
    }
    let (_, books) = answering(|line| match param(line, "financialyear") {
        None => page(line, "FinancialYears", &[r#"{"Id":5}"#.to_owned(), r#"{"Id":4}"#.to_owned()]),
        Some(_) => page(line, "Accounts", &[r#"{"Number":1930}"#.to_owned()]),
    });
    let request = ReadRequest::full("accounts").with_fields([path("/Description")]).with_max_records(1);
    let batches = batches(&books, request).await.unwrap();
    texts.push(batches[0].state.to_text().unwrap());
    insta::assert_snapshot!(texts.join("\n"));
}

/// States as version 1 of the schema writes them. None of these may ever become unreadable.
#[tokio::test(start_paused = true)]
async fn released_states_stay_readable() {
    let (_, books) = with_invoices(3);
    for (entity, body) in [
        ("invoices", r#"{"entity":"invoices"}"#),
        ("invoices", r#"{"entity":"invoices","watermark":"2026-11-03T08:00:00Z"}"#),
        ("suppliers", r#"{"entity":"suppliers","watermark":"2026-11-03T08:00:00Z","tried":"ignored"}"#),
        (
            "invoices",
            r#"{"entity":"invoices","run":{"kind":"full","started":"2026-11-03T08:00:00Z","offset":{"position":2,"anchors":["1","2"]},"done":2}}"#,
        ),
        (
            "invoices",
            r#"{"entity":"invoices","watermark":"2026-11-03T08:00:00Z","run":{"kind":"changes","since":"2026-11-03T07:55:00Z","started":"2026-11-03T08:00:00Z","done":0,"partial":true,"skipped":true}}"#,
        ),
        (
            "accounts",
            r#"{"entity":"accounts","run":{"kind":"full","started":"2026-11-03T08:00:00Z","years":[5,4],"filled":5,"done":1}}"#,
        ),
    ] {
        let state = State::from_text(&format!(r#"{{"v":1,"body":{body}}}"#)).unwrap();
        let read = books.read(ReadRequest::changes(entity).with_state(Some(state)));
        assert!(read.is_ok(), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_of_something_else_is_refused_at_once() {
    let (transport, books) = with_invoices(3);
    let run = |run: &str| format!(r#"{{"v":1,"body":{{"entity":"invoices","run":{run}}}}}"#);
    let mut texts = Vec::new();
    for text in [
        r#"{"v":9,"body":{}}"#.to_owned(),
        r#"{"v":1,"body":{"entity":"orders"}}"#.to_owned(),
        r#"{"v":1,"body":{"entity":"invoices","filters":"/filter=\"unpaid\""}}"#.to_owned(),
        r#"{"v":1,"body":{"entity":"invoices","watermark":"yesterday"}}"#.to_owned(),
        run(r#"{"kind":"full","done":0}"#),
        run(r#"{"kind":"changes","started":"2026-11-03T08:00:00Z","done":0}"#),
        run(r#"{"kind":"full","started":"2026-11-03T08:00:00Z","years":[5],"done":0}"#),
    ] {
        let state = State::from_text(&text).unwrap();
        let error = books.read(ReadRequest::changes("invoices").with_state(Some(state))).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::StateInvalid, "{error}");
        texts.push(error.to_string());
    }
    insta::assert_snapshot!(texts.join("\n"));
    assert!(transport.requests().is_empty());
}
