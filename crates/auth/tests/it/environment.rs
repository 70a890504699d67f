//! Credentials from variables.

use insta::assert_snapshot;
use tieline_auth::{Environment, Fields, Secret};
use tieline_core::{AuthScheme, Category, ConnectorSpec, Field, IntoCredential};

use crate::{basic, header, world};

fn spec(auth: Vec<AuthScheme>) -> ConnectorSpec {
    let mut spec = ConnectorSpec::new("google-sheets", "Google Sheets", Category::Spreadsheet);
    spec.auth = auth;
    spec
}

#[test]
fn a_variable_is_named_after_connector_and_field() {
    assert_eq!(Environment::variable("google-sheets", "api_token"), "TIELINE_GOOGLE_SHEETS_API_TOKEN");
}

#[test]
fn the_first_scheme_that_is_complete_is_taken() {
    let spec = spec([header("x-key", "").to_vec(), basic().to_vec()].concat());
    let both = Environment::of([
        ("TIELINE_GOOGLE_SHEETS_KEY", "k"),
        ("TIELINE_GOOGLE_SHEETS_USER", "u"),
        ("TIELINE_GOOGLE_SHEETS_PASSWORD", "p"),
    ]);
    let Some(Secret::Fields(fields)) = both.secret(&spec).unwrap() else { panic!("no fields") };
    assert_eq!(fields.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["key"]);
    assert!(fields.into_credential(&spec.auth).is_ok());
    let login = Environment::of([
        ("TIELINE_GOOGLE_SHEETS_KEY", " "),
        ("TIELINE_GOOGLE_SHEETS_USER", "u"),
        ("TIELINE_GOOGLE_SHEETS_PASSWORD", "p"),
    ]);
    let Some(Secret::Fields(fields)) = login.secret(&spec).unwrap() else { panic!("no fields") };
    assert_eq!(fields.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["password", "user"]);
    assert!(Environment::empty().secret(&spec).unwrap().is_none());
    assert!(Environment::of([("TIELINE_PIPEDRIVE_KEY", "k")]).secret(&spec).unwrap().is_none());
}

#[test]
fn what_is_not_whole_is_said() {
    let spec = spec([basic().to_vec(), vec![AuthScheme::OAuth2(world::oauth())]].concat());
    let callback: url::Url = "https://host.example/callback".parse().unwrap();
    let errors = [
        Environment::of([("TIELINE_GOOGLE_SHEETS_USER", "s3cret")]).secret(&spec).unwrap_err(),
        Environment::of([("TIELINE_GOOGLE_SHEETS_SERVICE_ACCOUNT", "s3cret")]).secret(&spec).unwrap_err(),
        Environment::of([("TIELINE_GOOGLE_SHEETS_CLIENT_ID", "s3cret")])
            .app(&spec, callback.clone())
            .unwrap_err(),
        Fields::parse(b"[\"s3cret\"]").unwrap_err(),
        Fields::parse(b"{\"key\": s3cret}").unwrap_err(),
        Fields::parse(b"{\"key\": 12345}").unwrap_err(),
        Fields::new([("s3cret", "key")]).into_credential(&spec.auth).unwrap_err(),
        Fields::new([("s3cret", "key")]).into_credential(&[AuthScheme::OAuth2(world::oauth())]).unwrap_err(),
    ];
    let lines = errors.map(|error| error.to_string()).join("\n");
    assert!(!lines.contains("s3cret") && !lines.contains("12345"), "{lines}");
    assert_snapshot!(lines, @r"
    the environment holds a credential for Google Sheets without TIELINE_GOOGLE_SHEETS_PASSWORD: set all variables of it, or none (config)
    the service account's key is not JSON (line 1, column 1): make a JSON key of a service account in the provider's console, and give the whole file (config)
    the environment holds only one of client id and client secret for Google Sheets: set both TIELINE_GOOGLE_SHEETS_CLIENT_ID and TIELINE_GOOGLE_SHEETS_CLIENT_SECRET (config)
    the credential is not a JSON object of texts (config)
    the credential is not JSON (line 1, column 9) (config)
    the credential is not a JSON object of texts (config)
    the connector takes a user name and password or a person's consent, not these fields: give user and password (config)
    the connector takes a person's consent, not these fields: give nothing, and let the person consent (config)
    ");
    let both = [("TIELINE_GOOGLE_SHEETS_CLIENT_ID", "id"), ("TIELINE_GOOGLE_SHEETS_CLIENT_SECRET", "s3cret")];
    let environment = Environment::of(both);
    assert!(!format!("{environment:?}").contains("s3cret"));
    let app = environment.app(&spec, callback).unwrap().unwrap();
    assert!(!format!("{app:?}").contains("s3cret"));
}

#[test]
fn fields_are_optional_where_the_scheme_says_so() {
    let password = Field::secret("password", "Password").optional();
    let schemes = [AuthScheme::basic(Field::text("user", "User"), password)];
    assert!(Fields::new([("user", "u")]).into_credential(&schemes).is_ok());
    assert!(Fields::new([("user", "u"), ("other", "o")]).into_credential(&schemes).is_err());
}
