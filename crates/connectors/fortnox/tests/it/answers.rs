//! What Fortnox's answers mean.

use http::{HeaderMap, HeaderValue, StatusCode};
use tieline_core::http::{Classification, ResponseView};
use tieline_core::{ConnectorFactory, ErrorKind, Resend};
use tieline_fortnox::FortnoxFactory;

fn meaning(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Option<tieline_core::Error> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .collect();
    let status = StatusCode::from_u16(status).unwrap();
    let answer =
        ResponseView::new(status, &headers, body.as_bytes(), "2026-11-03T08:00:00Z".parse().unwrap());
    match FortnoxFactory::default().classify(&answer) {
        Classification::Accept { .. } => None,
        Classification::Fail { error, .. } => Some(error),
        other => panic!("{other:?}"),
    }
}

fn coded(code: &str) -> String {
    format!(r#"{{"ErrorInformation":{{"error":1,"message":"Fel.","code":{code}}}}}"#)
}

#[test]
fn errors_in_words() {
    let texts: Vec<String> = [
        (400, r#"{"ErrorInformation":{"error":1,"message":"Kan inte hitta kontot.","code":2000423}}"#),
        (404, r#"{"ErrorInformation":{"Error":1,"Message":"Kan inte hitta kunden.","Code":2000433}}"#),
        (400, r#"{"ErrorInformation":{"Error":"1","Message":"Kan inte hitta kunden.","Code":"2000433"}}"#),
        (401, r#"{"message":"unauthorized"}"#),
        (403, r#"{"message":"Forbidden"}"#),
        (403, r#"{"ErrorInformation":{"error":1,"message":"Har inte behörighet för scope.","code":2000663}}"#),
        (403, r#"{"ErrorInformation":{"error":1,"message":"Det finns ingen aktiv licens för önskat scope.","code":2001101}}"#),
        (403, r#"{"ErrorInformation":{"error":1,"message":"Api-licens saknas.","code":2001103}}"#),
        (400, r#"{"ErrorInformation":{"error":1,"message":"Något nytt.","code":2009999}}"#),
        (500, r#"{"ErrorInformation":{"error":1,"message":"System exception","code":1000003}}"#),
        (503, "<html><body>Underhåll</body></html>"),
        (200, r#"{ "ErrorInformation": {"error":1,"message":"Fel.","code":2000588}}"#),
        (200, "<html><body>Logga in</body></html>"),
        (429, r#"{"message":"Too Many Requests"}"#),
    ]
    .into_iter()
    .map(|(status, body)| meaning(status, &[("x-uid", "0a1b2c3d")], body).unwrap().to_string())
    .collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn every_code_of_the_table_has_its_kind() {
    use ErrorKind::{Config, Conflict, Forbidden, NotFound, Rejected, Unauthenticated, Unavailable};
    for (code, kind) in [
        ("1000003", Unavailable),
        ("1000030", Config),
        ("1000031", Config),
        ("2000106", Rejected),
        ("2000108", Rejected),
        ("2000134", Rejected),
        ("2000204", Rejected),
        ("2000310", Unauthenticated),
        ("2000311", Unauthenticated),
        ("2000359", Rejected),
        ("2000423", Rejected),
        ("2000428", Rejected),
        ("2000429", Rejected),
        ("2000432", Rejected),
        ("2000433", Rejected),
        ("2000434", NotFound),
        ("2000439", NotFound),
        ("2000587", Rejected),
        ("2000588", Rejected),
        ("2000637", Conflict),
        ("2000663", Forbidden),
        ("2000729", Rejected),
        ("2000755", Rejected),
        ("2001101", Forbidden),
        ("2001103", Forbidden),
        ("2001161", NotFound),
        ("2001302", Rejected),
        ("2001304", Rejected),
        ("2001392", Rejected),
        ("2001399", Rejected),
        ("2001740", Rejected),
        ("2002115", Rejected),
        ("2003095", Rejected),
        ("2003115", Rejected),
        ("2003124", Rejected),
        ("2003125", Rejected),
        ("2003126", Rejected),
        ("2003127", Rejected),
        ("2003241", Rejected),
        ("2003275", Rejected),
        ("2003277", Rejected),
        ("2003399", Rejected),
        ("2004021", Rejected),
    ] {
        let error = meaning(400, &[], &coded(code)).unwrap();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.code(), Some(code));
        assert!(error.advice().is_some(), "{error}");
        let resend = if kind == Unavailable { Resend::IfIdempotent } else { Resend::Never };
        assert_eq!(error.resend(), resend, "{error}");
    }
}

#[test]
fn a_missing_licence_and_a_missing_scope_ask_for_different_things() {
    let advice = |code| meaning(403, &[], &coded(code)).unwrap().advice().unwrap().to_owned();
    assert!(advice("2000663").contains("grant the scope"));
    for code in ["2001101", "2001103"] {
        assert!(advice(code).contains("orders the"), "{}", advice(code));
        assert!(advice(code).contains("connecting again does not help"));
    }
}

#[test]
fn a_refusal_for_haste_is_waited_out() {
    let error = meaning(429, &[], "").unwrap();
    assert_eq!((error.kind(), error.resend()), (ErrorKind::RateLimited, Resend::Safe));
    assert_eq!(error.retry_after().unwrap().as_secs(), 5);
    // A header, should one ever come, is read by the stack and counts.
    assert_eq!(meaning(429, &[("retry-after", "7")], "").unwrap().retry_after(), None);
}

#[test]
fn an_answer_is_an_answer() {
    for body in [r#"{"Invoice":{}}"#, "", r##"#FLAGGA 0"##, r#"{"ErrorInformationX":1}"#] {
        assert!(meaning(200, &[], body).is_none(), "{body}");
    }
}
