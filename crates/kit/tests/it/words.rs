use http::StatusCode;
use tieline_core::ErrorKind;
use tieline_kit::{Call, excerpt, failure, is_html, nearest};

#[test]
fn statuses_mean_the_same_everywhere() {
    for (status, kind) in [
        (302, ErrorKind::Decode),
        (400, ErrorKind::Rejected),
        (401, ErrorKind::Unauthenticated),
        (402, ErrorKind::Forbidden),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (410, ErrorKind::NotFound),
        (422, ErrorKind::Rejected),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Unavailable),
        (501, ErrorKind::Unsupported),
        (503, ErrorKind::Unavailable),
        (504, ErrorKind::Timeout),
    ] {
        assert_eq!(failure("Acme", StatusCode::from_u16(status).unwrap()).unwrap().kind(), kind, "{status}");
    }
    assert!(failure("Acme", StatusCode::CREATED).is_none());
    insta::assert_snapshot!(failure("Acme", StatusCode::BAD_GATEWAY).unwrap(), @"Acme has a fault or is down: go on later from the last stored state (unavailable, HTTP 502)");
}

#[test]
fn markup_is_recognised_and_words_are_cut() {
    assert!(is_html(b" \r\n<html>") && is_html(b"\xef\xbb\xbf<?xml ?>"));
    assert!(!is_html(b"{\"a\":\"<\"}") && !is_html(b""));
    assert_eq!(excerpt("  a\u{0}b\u{1b}[31m\n c ", 99), "a b [31m c");
    assert_eq!(excerpt("åäö åäö", 4), "åäö …");
    assert_eq!(excerpt("åäö", 3), "åäö");
    assert_eq!(nearest("peoples", ["persons", "people"]), Some("people"));
    assert_eq!(nearest("", ["a"]), None);
    assert_eq!(nearest(&"x".repeat(1_000_000), ["a"]), None);
}

#[test]
fn values_stay_in_their_segment() {
    let base = "https://h.example/api?x=1#y".parse().unwrap();
    let url = |value: &str| {
        Call::get("/v1/{id}/x").value(value).build(&base).map(|request| request.url().to_string())
    };
    assert_eq!(url("a b/..c?d#e").unwrap(), "https://h.example/api/v1/a%20b%2F..c%3Fd%23e/x");
    for bad in ["", ".", "..", "a b/../c", "A\t1"] {
        assert_eq!(url(bad).unwrap_err().kind(), ErrorKind::Config);
    }
    assert!(Call::get("/{id}").build(&base).is_err());
    assert!(Call::get("/a").build(&"mailto:x".parse().unwrap()).is_err());
}
