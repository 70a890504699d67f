use http::{HeaderMap, StatusCode};
use tieline_auth::{ApiKey, Basic, Bearer, Password};
use tieline_core::http::{Body, Escape, HttpRequest, RequestAuth};
use tieline_core::{Recovery, Rejection, SecretGeneration};

use crate::{basic, bearer, bind, header, query, secret, sent};

const URL: &str = "https://api.example.com/deals";

#[tokio::test]
async fn a_key_goes_into_its_header_behind_its_prefix() {
    for (prefix, expected) in [("", "k3y"), ("Token ", "Token k3y"), ("Token token=", "Token token=k3y")] {
        let request = sent(&*bind(ApiKey::new("k3y"), &header("x-api-key", prefix)), URL).await;
        let value = &request.headers()["x-api-key"];
        assert_eq!(value, expected);
        assert!(value.is_sensitive());
    }
}

#[tokio::test]
async fn whitespace_from_pasting_does_not_count() {
    let request = sent(&*bind(ApiKey::new(" \tk3y \r\n"), &header("x-api-key", "")), URL).await;
    assert_eq!(request.headers()["x-api-key"], "k3y");
    let request = sent(&*bind(Bearer::new(" bearer t0ken\n"), &bearer()), URL).await;
    assert_eq!(request.headers()["authorization"], "Bearer t0ken");
}

#[tokio::test]
async fn a_key_in_the_query_is_encoded_and_never_doubled() {
    let key = bind(ApiKey::new("a b&c=d/é"), &query("api_token"));
    let encoded = "api_token=a+b%26c%3Dd%2F%C3%A9";
    for (before, after) in [
        ("", format!("?{encoded}")),
        (
            "?limit=5&since=2026-01-01T00%3A00%3A00Z",
            format!("?limit=5&since=2026-01-01T00%3A00%3A00Z&{encoded}"),
        ),
        ("?api_token=old&limit=5", format!("?limit=5&{encoded}")),
        ("?api%5Ftoken=old", format!("?{encoded}")),
        ("?api_token_hint=1", format!("?api_token_hint=1&{encoded}")),
    ] {
        let request = sent(&*key, &format!("{URL}{before}")).await;
        assert_eq!(request.url().as_str(), format!("{URL}{after}"));
        assert!(request.headers().is_empty());
    }
}

#[tokio::test]
async fn basic_is_utf8_in_base64() {
    for (user, password, expected) in [
        ("demo", "pâss:word", "Basic ZGVtbzpww6Jzczp3b3Jk"),
        ("demo ", "pâss:word\r\n", "Basic ZGVtbzpww6Jzczp3b3Jk"),
        ("key", "", "Basic a2V5Og=="),
        ("", "key", "Basic OmtleQ=="),
    ] {
        let request = sent(&*bind(Basic::new(user, password), &basic()), URL).await;
        let value = &request.headers()["authorization"];
        assert_eq!(value, expected);
        assert!(value.is_sensitive());
    }
}

#[tokio::test]
async fn slots_of_a_body_are_filled_by_the_names_of_the_fields() {
    let login = bind(Basic::new("demo", "say \"hi\""), &basic());
    let body = Body::template()
        .text("{\"u\":\"")
        .secret("user", Escape::Json)
        .text("\",\"p\":\"")
        .secret("password", Escape::Json)
        .text("\"}")
        .build();
    let mut request = HttpRequest::post(URL.parse().unwrap(), body);
    login.authorize(&mut request).await.unwrap();
    assert_eq!(request.body().bytes().unwrap(), r#"{"u":"demo","p":"say \"hi\""}"#);

    let mut request =
        HttpRequest::post(URL.parse().unwrap(), Body::template().secret("other", Escape::Json).build());
    login.authorize(&mut request).await.unwrap();
    assert!(request.body().bytes().is_err(), "a slot of another name stays open");
}

#[tokio::test]
async fn a_refusal_needs_the_customer() {
    let credential = bind(ApiKey::new("k3y"), &header("x-api-key", ""));
    let why = Rejection::new(StatusCode::UNAUTHORIZED, HeaderMap::new(), String::new());
    assert_eq!(credential.rejected(SecretGeneration(0), &why).await.unwrap(), Recovery::NeedsReconnect);
}

#[tokio::test]
async fn a_secret_of_the_body_goes_nowhere_else_unless_a_request_asks_for_the_bearer_header() {
    let key = || bind(ApiKey::new(" k3y\n"), &secret());
    let password = || bind(Password::new(" p<w \r\n"), &secret());
    for (credential, expected) in [(key(), "k3y"), (password(), " p&lt;w ")] {
        let body = Body::template().secret("password", Escape::Xml).build();
        let mut request = HttpRequest::post(URL.parse().unwrap(), body);
        credential.authorize(&mut request).await.unwrap();
        assert_eq!(request.body().bytes().unwrap(), expected);
        assert!(request.headers().is_empty() && request.url().query().is_none());
    }
    let request = || HttpRequest::get(URL.parse().unwrap()).with_auth(RequestAuth::Bearer);
    for (credential, expected) in [
        (key(), "Bearer k3y"),
        (bind(ApiKey::new("k3y"), &header("x-api-key", "Token ")), "Bearer k3y"),
        (bind(Basic::new("demo", "pw"), &basic()), "Bearer pw"),
    ] {
        let mut request = request();
        credential.authorize(&mut request).await.unwrap();
        assert_eq!(request.headers()["authorization"], expected);
        assert!(request.headers()["authorization"].is_sensitive());
        assert_eq!(request.headers().len(), 1, "and not in its own place too");
    }
}
