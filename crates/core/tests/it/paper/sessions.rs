//! Providers whose authentication is no header with a key: a session made by PUT (Tripletex), cookies and a logout (SAP
//! Business One), a token against forgery (SAP Gateway), a signature over each request (Amazon SES).

use ::http::Method;

use super::*;

#[test]
fn tripletex_makes_a_session_by_put_with_its_tokens_in_the_query() {
    let token = SessionToken::body("/value/token");
    let mut login = SessionLogin::new("/v2/token/session/:create", token, KeyPlacement::cookie("session"));
    login.method = Method::PUT;
    login.fields =
        vec![Field::secret("consumer", "Consumer token"), Field::secret("employee", "Employee token")];
    login.query = vec![
        ("consumerToken".into(), vec![LoginPart::field("consumer", None)]),
        ("employeeToken".into(), vec![LoginPart::field("employee", None)]),
    ];
    let scheme = AuthScheme::Session(login);
    assert_eq!(scheme.fields().len(), 2);
    assert!(scheme.fields().iter().all(|field| field.secret));
}

#[test]
fn business_one_has_cookies_and_a_logout_and_gateway_a_token_for_writes() {
    let cookie =
        |name: &'static str| SessionValue::new(SessionToken::cookie(name), KeyPlacement::cookie(name));
    let mut login = SessionLogin::new(
        "/b1s/v2/Login",
        SessionToken::cookie("B1SESSION"),
        KeyPlacement::cookie("B1SESSION"),
    );
    login.values.push(cookie("ROUTEID").optional());
    login.logout = Some(Logout::new(Method::POST, "/b1s/v2/Logout"));
    assert!(login.values[0].required && !login.values[1].required);

    let csrf = CsrfFetch::new(
        "/sap/opu",
        SessionToken::header("x-csrf-token"),
        KeyPlacement::header("x-csrf-token"),
    )
    .with_header("x-csrf-token", "fetch");
    assert!(csrf.values.iter().all(|value| value.writes_only));
}

#[test]
fn ses_signs_each_request() {
    let (key, secret) = (Field::text("key", "Access key"), Field::secret("secret", "Secret key"));
    let scheme =
        AuthScheme::Signed(Signing::SigV4(SigV4::new(key, secret, "ses", SigningPart::setting("region"))));
    assert_eq!(scheme.fields().len(), 2);
}
