use insta::assert_debug_snapshot;
use tieline_core::{AuthScheme, Category, ConnectorFactory as _};
use tieline_document::Format;
use tieline_rest::{Description, RestFactory};

fn schemes(auth: &str) -> Vec<AuthScheme> {
    let text = format!(
        "name: T\nurl: https://t.example\nsettings: {{company: Company, region: Region}}\nentities: {{a: /a}}\nauth:\n{auth}"
    );
    match Description::load("t.yaml", &text, Format::Yaml) {
        Ok(description) => RestFactory::new("t", description, Category::Other).unwrap().spec().auth.clone(),
        Err(findings) => panic!("{findings}"),
    }
}

fn wrong(auth: &str) -> String {
    let text = format!("name: T\nurl: https://t.example\nauth:\n{auth}");
    Description::load("t.yaml", &text, Format::Yaml).unwrap_err().to_string()
}

#[test]
fn a_key_goes_where_it_is_said() {
    assert_debug_snapshot!(schemes(
        "  - {header: X-Key, prefix: 'Token ', title: Key}\n  - {query: key}\n  - {cookie: sid}\n  - {basic_user: x}\n  - {basic_password: api, field: secret}\n  - bearer\n  - basic\n  - none"
    ));
}

#[test]
fn two_secrets_go_together() {
    assert_debug_snapshot!(schemes(
        "  all: [{header: X-App, field: app, title: App secret}, {header: X-Grant, field: grant, title: Grant}]"
    ));
    insta::assert_snapshot!(wrong("  all: [{header: X-App}, {header: X-Grant}]"), @r#"
t.yaml:4:8: two secrets are kept under the name "api_key": give each a name of its own: field: NAME
    4 |   all: [{header: X-App}, {header: X-Grant}]
      |        ^
"#);
}

#[test]
fn a_session_is_a_login_and_a_token() {
    assert_debug_snapshot!(schemes("
  session:
    fields: {user: {title: User, secret: false}, password: Password}
    call: POST /Login
    body: {UserName: <user>, Password: <password>, Note: 'a \"<company>\"', Deep: [1, {x: true}]}
    tokens:
      - {from: /SessionId, cookie: B1SESSION}
      - {from: cookie ROUTEID, cookie: ROUTEID, optional: true}
    csrf: {call: GET /token, headers: {X-CSRF-Token: Fetch}, token: {from: header x-csrf-token, header: x-csrf-token, writes_only: true}}
    life: 30m
    logout: POST /Logout"));
    insta::assert_snapshot!(wrong("  session: {call: POST /x/<y>, fields: {user: U}, body: {a: <usr>}}"), @r#"
t.yaml:4:28: the word "y" is not known here: known here are now, user
    4 |   session: {call: POST /x/<y>, fields: {user: U}, body: {a: <usr>}}
      |                            ^
"#);
}

#[test]
fn requests_are_signed() {
    assert_debug_snapshot!(schemes("
  - sigv4: {service: ses, region: <region>, session_token: true}
  - oauth1: {method: hmac_sha256, realm: <company>}
  - hmac: {key: API secret, fields: {api_key: {title: API key, secret: false}}, hash: sha512, encoding: base64, message: '<timestamp><method><path_and_query><body>', headers: {X-Key: <api_key>, X-Time: <timestamp>, X-Sign: 'v1=<signature>'}}"));
    insta::assert_snapshot!(wrong("  - sigv4: {service: ses}\n  - hmac: {message: '<tmestamp>'}"), @r#"
t.yaml:4:12: a service and a region are missing: write {service: ses, region: eu-north-1}
    4 |   - sigv4: {service: ses}
      |            ^
t.yaml:5:11: a signature needs a message and a header: say what is signed and where it goes: message: "<timestamp><body>", headers: {X-Signature: <signature>}
    5 |   - hmac: {message: '<tmestamp>'}
      |           ^
t.yaml:5:21: the word "tmestamp" is not known here: did you mean "timestamp"?
    5 |   - hmac: {message: '<tmestamp>'}
      |                     ^^^^^^^^^^
"#);
}

#[test]
fn oauth_says_what_is_odd_about_a_provider() {
    assert_debug_snapshot!(schemes(
        "
  oauth2:
    authorize: https://a.example/authorize
    token: https://a.example/token
    revoke: https://a.example/revoke
    client: body
    scopes: [read, write]
    optional_scopes: [admin]
    separator: ','
    grants: [code, client_credentials]
    pkce: true
    one_time: true
    unused_life: 45d
    authorize_params: {access_type: offline}
    token_params: {audience: api}
    captures: {company: /api_domain}
    life: 1h"
    ));
}
