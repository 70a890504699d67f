use insta::assert_snapshot;
use serde_json::json;
use tieline_core::{ErrorKind, ReadRequest};

use crate::provider::{Provider, read};

const FILE: &str = "
name: Acme
url: https://t.example
errors:
  message: [error, message, /errors/0]
  code: category
  request: correlationId
  when:
    - {status: 401, text: [not authorized, suspended], error: forbidden}
    - {status: 404, html: true, error: config, advice: no Acme answers at this address}
    - {status: 429, at: policyName, is: DAILY, error: quota_exhausted, wait: midnight}
    - {status: 423, error: unavailable, wait: 2s}
    - {status: 200, at: success, is: false, error: rejected}
    - {status: 410, error: start_over}
entities: {rows: {list: /rows, records: data}}
";

async fn refusal(status: u16, body: impl ToString) -> (ErrorKind, String) {
    let body = body.to_string();
    let provider = Provider::new(FILE, move |_| (status, Vec::new(), body.clone()));
    let error = read(&provider.connect(), ReadRequest::full("rows")).await.unwrap_err();
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn rules_decide_before_the_status_does() {
    let said = |text: &str| json!({ "error": text });
    assert_snapshot!(refusal(401, said("You are NOT authorized, Anna Canary")).await.1, @"Acme does not allow this (forbidden, HTTP 401, entity=rows)");
    assert_snapshot!(refusal(401, said("bad token")).await.1, @"Acme does not accept the credential: check the credential, and give a new one if it was replaced or ended (unauthenticated, HTTP 401, entity=rows)");
    assert_snapshot!(refusal(404, "<html>").await.1, @"Acme does not answer here as it should: no Acme answers at this address (config, HTTP 404, entity=rows)");
    assert_snapshot!(refusal(404, said("no rows")).await.1, @"Acme does not have this (not_found, HTTP 404, entity=rows)");
    assert_snapshot!(refusal(429, json!({ "policyName": "DAILY", "category": "RATE_LIMITS", "correlationId": "c-1" })).await.1, @"Acme allows no more requests in this period (quota_exhausted, HTTP 429, code RATE_LIMITS, request id c-1, retry after 43200 s, entity=rows)");
    assert_snapshot!(refusal(429, json!({ "policyName": "SECONDLY" })).await.1, @"Acme allows no more requests for now (rate_limited, HTTP 429, entity=rows)");
    assert_snapshot!(refusal(503, "<html>down</html>").await.1, @"Acme has a fault or is down: go on later from the last stored state (unavailable, HTTP 503, entity=rows)");
    assert_snapshot!(refusal(429, "<html>slow</html>").await.1, @"Acme allows no more requests for now (rate_limited, HTTP 429, entity=rows)");
    assert_snapshot!(refusal(423, said("x")).await.1, @"Acme has a fault or is down (unavailable, HTTP 423, retry after 2 s, entity=rows)");
    assert_snapshot!(refusal(200, json!({ "success": false, "data": [] })).await.1, @"Acme refuses the request (rejected, HTTP 200, entity=rows)");
    assert_snapshot!(refusal(410, said("gone")).await.1, @"Acme no longer knows where the last read stopped: start over without state: a full read skips nothing (state_invalid, HTTP 410, entity=rows)");
    assert_snapshot!(refusal(200, "<html>login</html>").await.1, @"a web page came instead of JSON: check the address, and that no proxy, login page or maintenance page stands between here and the provider (decode, HTTP 200, entity=rows)");
}

/// A gateway's 404 deletes nothing.
#[tokio::test]
async fn a_404_that_shows_nothing_of_the_provider_is_no_missing_record() {
    for body in ["", "{}", "not found", "[]"] {
        assert_eq!(refusal(404, body).await.0, ErrorKind::Unavailable, "{body}");
    }
}
