use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tieline_core::http::{Classification, ResponseView};
use tieline_core::{ConnectorFactory, Error, ErrorKind, Resend};
use tieline_pipedrive::PipedriveFactory;

fn classified(status: u16, headers: &[(&'static str, &str)], body: &str) -> Option<Error> {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let now = "2026-11-02T22:30:00Z".parse().unwrap();
    let status = StatusCode::from_u16(status).unwrap();
    match PipedriveFactory::default().classify(&ResponseView::new(status, &headers, body.as_bytes(), now)) {
        Classification::Accept { .. } => None,
        Classification::Fail { error, .. } => Some(error),
        other => panic!("{other:?}"),
    }
}

fn error(status: u16, headers: &[(&'static str, &str)], body: &str) -> Error {
    classified(status, headers, body).unwrap()
}

#[test]
fn answers_are_accepted() {
    for body in
        [r#"{"success":true,"data":[]}"#, "{ \"success\" : true }", r#"{"data":[],"success":true}"#, "", "[]"]
    {
        assert!(classified(200, &[], body).is_none(), "{body}");
    }
    assert!(classified(201, &[], r#"{"success":true}"#).is_none());
}

#[test]
fn failures_say_what_they_are_and_what_to_do() {
    let refused = |text: &str| format!(r#"{{"success":false,"error":"{text}","error_info":"See the docs"}}"#);
    insta::assert_snapshot!(error(200, &[], &refused("Something went wrong")), @"Pipedrive reports a failure (rejected, HTTP 200)");
    insta::assert_snapshot!(error(200, &[], " <html>"), @"a web page came instead of JSON: check the address, and that no proxy, login page or maintenance page stands between here and the provider (decode, HTTP 200)");
    insta::assert_snapshot!(error(400, &[], &refused("Bad\\u0007 request\\n")), @"Pipedrive refuses the request (rejected, HTTP 400)");
    insta::assert_snapshot!(error(401, &[("x-401-by-gw", "true")], r#"{"success":false,"error":"unauthorized access","errorCode":401,"error_info":"Please check developers.pipedrive.com"}"#), @"Pipedrive does not accept the credential: copy the token again in this company's Pipedrive under Personal preferences > API: a new one there ends the old one. An app is connected again by a person's consent (unauthenticated, HTTP 401)");
    insta::assert_snapshot!(error(402, &[], ""), @"Pipedrive asks for payment first: the company's account is closed, unpaid or its trial is over: settle that in Pipedrive (forbidden, HTTP 402)");
    insta::assert_snapshot!(error(403, &[], &refused("Scope and URL mismatch")), @"the connection lacks a scope for this: grant it to the app in Pipedrive's developer hub, then connect again (forbidden, HTTP 403, about=connection)");
    insta::assert_snapshot!(error(403, &[], r#"{"success":false,"error":"Limit","code":"feature_capping_deals_limit"}"#), @"the company's Pipedrive plan holds no more of this: remove some, or raise the plan (forbidden, HTTP 403, code feature_capping_deals_limit)");
    insta::assert_snapshot!(error(403, &[], &refused("No permission")), @"this Pipedrive user may not do this: connect with a user who may, such as an admin (forbidden, HTTP 403)");
    insta::assert_snapshot!(error(403, &[("cf-ray", "8a1b2c3d")], "<!DOCTYPE html><title>Attention Required"), @"Pipedrive's firewall blocks this address after too many ignored limits: leave the account alone for an hour, and look for another program that uses the same token (rate_limited, HTTP 403, request id 8a1b2c3d, retry after 3600 s)");
    insta::assert_snapshot!(error(404, &[], &refused("Deal not found")), @"Pipedrive does not have this (not_found, HTTP 404)");
    insta::assert_snapshot!(error(404, &[], "<html>"), @"no Pipedrive company answers at this address: check the company in the settings: it stands before .pipedrive.com in the address bar (config, HTTP 404)");
    insta::assert_snapshot!(error(404, &[], ""), @"no Pipedrive company answers at this address: check the company in the settings: it stands before .pipedrive.com in the address bar (config, HTTP 404)");
    assert_eq!(error(302, &[("location", "https://www.pipedrive.com")], "").kind(), ErrorKind::Config);
    insta::assert_snapshot!(error(410, &[], &refused("Gone")), @"Pipedrive does not have this (not_found, HTTP 410)");
    insta::assert_snapshot!(error(500, &[], "<html>secret"), @"Pipedrive has a fault or is down: go on later from the last stored state (unavailable, HTTP 500)");
    insta::assert_snapshot!(error(503, &[], ""), @"Pipedrive has a fault or is down: go on later from the last stored state (unavailable, HTTP 503)");
}

#[test]
fn limits_are_told_from_budgets() {
    let burst = error(429, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")], "");
    insta::assert_snapshot!(burst, @"Pipedrive allows no more requests for now (rate_limited, HTTP 429, retry after 1 s)");
    assert_eq!(burst.resend(), Resend::Safe);
    assert_eq!(error(429, &[], "").retry_after(), Some(Duration::from_secs(2)));
    assert_eq!(
        error(429, &[("x-ratelimit-reset", "1796000000")], "").retry_after(),
        Some(Duration::from_secs(2))
    );
    // The stack reads this header, and it comes first.
    assert_eq!(error(429, &[("retry-after", "9")], "").retry_after(), None);

    let day = error(429, &[("x-daily-ratelimit-token-remaining", "0"), ("x-ratelimit-remaining", "0")], "");
    insta::assert_snapshot!(day, @"the company's daily budget of Pipedrive API tokens is used up: all integrations of the company share it; it starts anew at midnight, taken to be UTC because Pipedrive names no zone, so an earlier try does no harm (quota_exhausted, HTTP 429, retry after 5400 s)");
    assert_eq!(day.retry_after(), Some(Duration::from_secs(90 * 60)));
    // Nothing says that the day is spent: the connection is not parked until midnight.
    let unsaid = error(429, &[("x-ratelimit-remaining", "17")], "");
    assert_eq!(
        (unsaid.kind(), unsaid.retry_after()),
        (ErrorKind::RateLimited, Some(Duration::from_secs(60)))
    );
    for (day, burst, kind) in [
        ("5", "0", ErrorKind::RateLimited),
        ("5", "17", ErrorKind::QuotaExhausted),
        ("29000", "17", ErrorKind::RateLimited),
        ("rubbish", "rubbish", ErrorKind::RateLimited),
    ] {
        let headers = [("x-daily-ratelimit-token-remaining", day), ("x-ratelimit-remaining", burst)];
        assert_eq!(error(429, &headers, "").kind(), kind, "{day} {burst}");
    }
}

#[test]
fn a_body_is_never_shown_whole() {
    let body = format!(r#"{{"success":false,"error":"{}"}}"#, "x".repeat(10_000));
    let text = error(400, &[("x-request-id", &"y".repeat(1000))], &body).to_string();
    assert!(text.len() < 600, "{}", text.len());
}
