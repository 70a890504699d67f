//! Stored states: a walk goes on from them, and those of something else are refused at once.

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
    insta::assert_snapshot!(texts.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_state_of_something_else_is_refused_at_once() {
    let (transport, books) = with_invoices(3);
    let order = {
        let (_, books) = answering(|line| page(line, "Orders", &[]));
        let batches = batches(&books, ReadRequest::full("orders")).await.unwrap();
        batches.last().unwrap().state.to_text().unwrap()
    };
    let mut texts = Vec::new();
    for text in [
        r#"{"v":9,"body":{}}"#.to_owned(),
        order,
        r#"{"v":1,"body":{"filters":"/filter eq \"unpaid\""}}"#.to_owned(),
        r#"{"v":1,"body":{"watermark":"2026-11-03T08:00:00Z"}}"#.to_owned(),
    ] {
        let state = State::from_text(&text).unwrap();
        let error = books.read(ReadRequest::changes("invoices").with_state(Some(state))).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::StateInvalid, "{error}");
        texts.push(error.to_string());
    }
    insta::assert_snapshot!(texts.join("\n"));
    assert!(transport.requests().is_empty());
}
