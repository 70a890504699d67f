use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use secrecy::SecretString;
use tieline_core::{ErrorKind, Result};
use tieline_pipedrive::Uninstall;

const GOOD: &str = "Basic bXktYXBwOm15LXNlY3JldA==";
const BODY: &str =
    r#"{"client_id":"my-app","company_id":7788,"user_id":"42","timestamp":"2026-11-02T08:00:00.000Z"}"#;

fn secrets() -> [SecretString; 2] {
    ["my-old-secret".into(), "my-secret".into()]
}

fn read(method: &str, authorization: &str, body: impl Into<Bytes>) -> Result<Uninstall> {
    let call = Request::builder().method(method).uri("/callback").header("authorization", authorization);
    Uninstall::read(&call.body(body.into()).unwrap(), "my-app", &secrets())
}

#[test]
fn a_call_of_pipedrive_is_read() {
    let told = read("DELETE", GOOD, BODY).unwrap();
    assert_eq!((told.company_id.as_str(), told.user_id.as_str()), ("7788", "42"));
    assert_eq!(told.at.as_ref().map(|at| at.as_str()), Some("2026-11-02T08:00:00.000Z"));
    let old =
        read("DELETE", "Basic bXktYXBwOm15LW9sZC1zZWNyZXQ=", r#"{"company_id":1,"user_id":2}"#).unwrap();
    assert_eq!((old.company_id.as_str(), old.at), ("1", None), "while the secret changes both are good");
}

#[test]
fn what_is_not_proven_or_not_whole_is_refused() {
    let other_app = BODY.replace("my-app", "their-app");
    let long = format!("{{\"company_id\":1,\"user_id\":2,\"x\":\"{}\"}}", "x".repeat(20_000));
    let refused = [
        read("GET", GOOD, BODY),
        read("POST", GOOD, BODY),
        read("DELETE", "", BODY),
        read("DELETE", "Bearer my-secret", BODY),
        read("DELETE", "Basic bXktYXBwOm90aGVy", BODY),
        read("DELETE", "Basic b3RoZXI6bXktc2VjcmV0", BODY),
        read("DELETE", GOOD, other_app),
        read("DELETE", GOOD, ""),
        read("DELETE", GOOD, "[]"),
        read("DELETE", GOOD, "<html>"),
        read("DELETE", GOOD, r#"{"client_id":"my-app","user_id":42}"#),
        read("DELETE", GOOD, r#"{"company_id":7788,"user_id":null}"#),
        read("DELETE", GOOD, r#"{"company_id":"","user_id":42}"#),
        read("DELETE", GOOD, long),
    ];
    let texts: Vec<String> = refused.into_iter().map(|told| told.unwrap_err().to_string()).collect();
    insta::assert_snapshot!(texts.join("\n"));
    let none = Request::delete("/callback").header("authorization", GOOD).body(Bytes::from(BODY)).unwrap();
    assert_eq!(Uninstall::read(&none, "my-app", &[]).unwrap_err().kind(), ErrorKind::Rejected);
}

proptest! {
    #[test]
    fn nothing_else_passes_and_nothing_panics(authorization in "[ -~]{0,60}", body in any::<Vec<u8>>()) {
        prop_assume!(!authorization.trim().ends_with("bXktYXBwOm15LXNlY3JldA=="));
        prop_assert!(read("DELETE", &authorization, body.clone()).is_err());
        if let Ok(told) = read("DELETE", GOOD, body) {
            prop_assert!(!told.company_id.as_str().is_empty());
        }
    }
}
