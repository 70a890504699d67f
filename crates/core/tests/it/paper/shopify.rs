//! Shopify: the cost of a query stands in the answer's body, a failure in an answer of status 200, and a file is uploaded to
//! storage whose address a first request gives.

use std::time::Duration;

use bytes::Bytes;
use tieline_core::http::{
    BodyStream, Classification, FileContent, HttpRequest, Multipart, RequestAuth, StreamedBody, Usage,
};

use super::*;

/// What an answer costs and leaves, and whether it is a failure, from its body alone.
fn classify(body: &RawJson) -> Classification {
    let number = |path: &str| body.at(path).ok().flatten()?.get().parse().ok();
    let cost = "/extensions/cost";
    let mut usage = Usage::new().of("points");
    if let Some(actual) = number(&format!("{cost}/actualQueryCost")) {
        usage = usage.with_cost(actual);
    }
    if let Some(left) = number(&format!("{cost}/throttleStatus/currentlyAvailable")) {
        usage = usage.with_remaining(left.into());
    }
    let throttled = body
        .at("/errors/0/extensions/code")
        .ok()
        .flatten()
        .is_some_and(|code| code.get() == r#""THROTTLED""#);
    let verdict = if throttled {
        let error = Error::new(ErrorKind::RateLimited, "the query costs more than what is left");
        Classification::fail(error.with_retry_after(Duration::from_secs(1)))
    } else {
        Classification::accept()
    };
    verdict.with_usage(usage)
}

#[test]
fn cost_and_failure_stand_in_the_body() {
    let answer = r#"{"errors":[{"extensions":{"code":"THROTTLED"}}],"extensions":{"cost":{"requestedQueryCost":500,
        "throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":12,"restoreRate":100.0}}}}"#;
    let (error, usage) = classify(&RawJson::parse(answer).unwrap()).into_parts();
    assert_eq!(error.unwrap().kind(), ErrorKind::RateLimited);
    assert_eq!((usage[0].limit.as_deref(), usage[0].remaining), (Some("points"), Some(12)));
    let answer = r#"{"data":{},"extensions":{"cost":{"actualQueryCost":42}}}"#;
    let (error, usage) = classify(&RawJson::parse(answer).unwrap()).into_parts();
    assert!(error.is_none() && usage[0].cost == Some(42));
}

#[test]
fn a_staged_upload_goes_to_storage_without_the_credential() {
    // The fields come from the answer to `stagedUploadsCreate`, the file last.
    let bytes = || {
        let stream: BodyStream = Box::pin(stream::iter([Ok(Bytes::from_static(b"%PDF"))]));
        Ok(stream)
    };
    let file = StreamedBody::replayable(Some(4), bytes);
    let body = Multipart::new()
        .text("key", "tmp/1/offer.pdf")
        .file("file", "offer.pdf", "application/pdf", FileContent::streamed(file))
        .build()
        .unwrap();
    assert!(body.is_stream() && body.can_be_sent());
    let upload = HttpRequest::post("https://storage.example.test/up".parse().unwrap(), body);
    let upload = upload.with_auth(RequestAuth::None);
    assert_eq!(upload.auth(), RequestAuth::None);
    // Points restore over time: a limit that counts costs.
    let points = Limit::new("points", LimitScope::Account, 2_000, Duration::from_secs(20)).counting_cost();
    assert!(points.covers(&upload) && points.unit == LimitUnit::Cost);
}
