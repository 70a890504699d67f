//! The description of the connector, and the meaning of Google's answers.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::{
    AuthScheme, BuildContext, Category, ClientAuth, Connector, ConnectorFactory, ConnectorSpec, Error,
    ErrorKind, Field, FieldKind, Grant, KeyPlacement, Limit, LimitScope, OAuth2, OAuthRefusal, Origins,
    RefreshPolicy, RefusalMeaning, Resend, Result, Revocation, Scope,
};
use tieline_kit::{HeadText, excerpt, failure, is_html, web_page};
use url::Url;

use crate::config::BASE;
use crate::{GoogleSheets, GoogleSheetsConfig};

/// Requests that only read, and requests that write: Google counts them apart.
pub(crate) const READS: &str = "reads";
pub(crate) const WRITES: &str = "writes";
/// Codes of refusals that the connector answers by itself.
pub(crate) const NO_RANGE: &str = "range_unknown";
pub(crate) const OUTSIDE: &str = "outside_grid";

/// Google Sheets before there is an account: its description, and the meaning of its answers.
#[derive(Clone, Debug)]
pub struct GoogleSheetsFactory {
    spec: ConnectorSpec,
}

impl Default for GoogleSheetsFactory {
    fn default() -> Self {
        Self { spec: spec() }
    }
}

fn spec() -> ConnectorSpec {
    let mut spec = ConnectorSpec::new("google-sheets", "Google Sheets", Category::Spreadsheet);
    spec.api_version = "v4".into();
    spec.config = vec![
        Field::text("spreadsheet", "Spreadsheet")
            .with_help("The address of the spreadsheet, as the browser shows it, or its id.")
            .with_example("https://docs.google.com/spreadsheets/d/1AbC…/edit")
            .with_pattern(r"\S"),
        Field::text("key", "Key column")
            .with_help(
                "The column whose values name a row for good, such as an order number. Without one, rows are known by \
                 their position alone and can be read, not written.",
            )
            .with_example("Order no")
            .optional(),
        Field::text("header_row", "Header row")
            .with_help("The number of the row with the titles. It is found when this is empty.")
            .with_example("1")
            .with_kind(FieldKind::Integer)
            .optional(),
        Field::text("marker", "Marker column")
            .with_help("A column that takes the id of each new row, so that a row whose answer was lost is found again.")
            .with_example("Reference")
            .optional(),
        Field::text("add_columns", "Add columns")
            .with_help("Whether a field that has no column gets one when it is written.")
            .with_kind(FieldKind::Boolean)
            .optional(),
        Field::text("tables", "Tables")
            .with_help("Settings by tab, and tables that are a part of a tab, as JSON.")
            .with_example(r#"{"Orders":{"key":"Order no"},"Prices":{"tab":"Log","range":"E1:G"}}"#)
            .optional(),
    ];
    spec.auth = vec![
        AuthScheme::OAuth2(oauth()),
        AuthScheme::bearer(
            Field::secret("access_token", "Access token")
                .with_help("A token that was got elsewhere. It ends after an hour."),
        ),
        AuthScheme::api_key(
            KeyPlacement::header("x-goog-api-key"),
            Field::secret("api_key", "API key")
                .with_help("For spreadsheets that anyone with the link may read. It cannot write."),
        ),
    ];
    spec.origins = Origins::patterns(["sheets.googleapis.com", "www.googleapis.com"]);
    // Source: https://developers.google.com/workspace/sheets/api/limits
    // By the quarter of a minute, so that a walk waits seconds and not a minute.
    let quarter = Duration::from_secs(15);
    spec.limits = vec![
        Limit::new(READS, LimitScope::Credential, 15, quarter).with_tag(READS),
        Limit::new(WRITES, LimitScope::Credential, 15, quarter).with_tag(WRITES),
        Limit::new("reads of the project", LimitScope::App, 75, quarter).with_tag(READS),
        Limit::new("writes of the project", LimitScope::App, 75, quarter).with_tag(WRITES),
    ];
    spec.guide = include_str!("../GUIDE.md").into();
    spec
}

/// Source: <https://developers.google.com/identity/protocols/oauth2/web-server>.
fn oauth() -> OAuth2 {
    let mut oauth =
        OAuth2::new("https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token");
    oauth.revocation = Some(Revocation::new("https://oauth2.googleapis.com/revoke"));
    oauth.grants = vec![Grant::AuthorizationCode, Grant::JwtBearer];
    oauth.pkce = true;
    oauth.client_auth = ClientAuth::Body;
    oauth.scopes = vec![
        Scope::new("https://www.googleapis.com/auth/spreadsheets", "Read and write spreadsheets"),
        Scope::new(
            "https://www.googleapis.com/auth/drive.metadata.readonly",
            "See which spreadsheets there are, and when they changed",
        ),
        Scope::new("https://www.googleapis.com/auth/spreadsheets.readonly", "Read spreadsheets").on_request(),
        Scope::new("https://www.googleapis.com/auth/drive.file", "Files chosen by the user alone")
            .on_request(),
    ];
    oauth.authorize_params =
        vec![("access_type".into(), "offline".into()), ("prompt".into(), "consent".into())];
    // A refresh token is used again and again, and dies when nobody uses it for six months.
    oauth.refresh = RefreshPolicy::default().with_unused_life(Duration::from_secs(180 * 86_400));
    oauth.refusals = vec![OAuthRefusal::new(RefusalMeaning::Reconnect).with_code("invalid_grant")];
    oauth
}

impl ConnectorFactory for GoogleSheetsFactory {
    fn spec(&self) -> &ConnectorSpec {
        &self.spec
    }

    fn classify(&self, response: &ResponseView<'_>) -> Classification {
        classify(response).into()
    }

    fn base_url(&self, config: &Value) -> Result<Url> {
        GoogleSheetsConfig::from_value(config)?.spreadsheet_id()?;
        BASE.parse().map_err(|_| Error::new(ErrorKind::Internal, "the address of the API is no URL"))
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        let config = GoogleSheetsConfig::from_value(&context.config)?;
        Ok(Arc::new(GoogleSheets::new(config, context.base_url, context.http, context.clock)?))
    }
}

/// `google.rpc.Status`: <https://docs.cloud.google.com/apis/design/errors>.
#[derive(Default, Deserialize)]
struct Refusal<'a> {
    #[serde(borrow, default)]
    error: Status<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    message: HeadText<'a>,
    #[serde(borrow)]
    status: HeadText<'a>,
    #[serde(borrow)]
    details: Vec<Detail<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail<'a> {
    #[serde(borrow)]
    reason: HeadText<'a>,
}

fn classify(response: &ResponseView<'_>) -> Option<Error> {
    let status = response.status;
    if status.is_success() {
        return is_html(response.body).then(|| web_page().with_status(status));
    }
    let refusal: Refusal<'_> = serde_json::from_slice(response.body).unwrap_or_default();
    let message = refusal.error.message.get().unwrap_or_default();
    let code = refusal.error.status.get().unwrap_or_default();
    let reason = refusal.error.details.iter().find_map(|detail| detail.reason.get()).unwrap_or_default();
    let error = meaning(response, message, code, reason)?;
    let code =
        error.code().map(str::to_owned).or_else(|| Some(reason.to_owned()).filter(|code| !code.is_empty()));
    let error =
        match code.or_else(|| Some(code_of(refusal.error.status.get()))).filter(|code| !code.is_empty()) {
            Some(code) => error.with_code(code),
            None => error,
        };
    // It may quote what was sent.
    let text = excerpt(message, 200);
    Some(if text.is_empty() { error } else { error.with_provider_text(&text) }.with_status(status))
}

fn code_of(status: Option<&str>) -> String {
    status.unwrap_or_default().to_owned()
}

fn meaning(response: &ResponseView<'_>, message: &str, code: &str, reason: &str) -> Option<Error> {
    let new = |kind, message: &'static str, advice: &'static str| {
        Some(Error::new(kind, message).with_advice(advice))
    };
    let is_drive = response.template.starts_with("/drive") || response.template.starts_with("drive");
    match (response.status.as_u16(), code) {
        (400, _) if message.starts_with("Unable to parse range") => new(
            ErrorKind::NotFound,
            "the spreadsheet has no such tab",
            "choose one of its tabs, or a named range",
        )
        .map(|error| error.with_code(NO_RANGE)),
        (400, _) if message.contains("exceeds grid limits") => {
            new(ErrorKind::Conflict, "the tab is smaller than it was", "read it again")
                .map(|error| error.with_code(OUTSIDE))
        }
        (400, _) if message.contains("protected cell") => new(
            ErrorKind::Forbidden,
            "the cells are in a protected range",
            "let the spreadsheet's owner allow this account to edit the range, or leave its columns out",
        ),
        (400, _) if message.starts_with("API key not valid") => new(
            ErrorKind::Unauthenticated,
            "Google does not accept the API key",
            "check the key under APIs & Services > Credentials in Google's console",
        ),
        (400, "FAILED_PRECONDITION") => new(
            ErrorKind::Config,
            "the file is not a spreadsheet of Google Sheets",
            "open it in Google Sheets and save it as a Google spreadsheet; a workbook of Excel has to be converted",
        ),
        (401, _) => new(
            ErrorKind::Unauthenticated,
            "Google does not accept the credential",
            "connect again; for a service account, check that its key still exists",
        ),
        (403, _) if reason == "SERVICE_DISABLED" => new(
            ErrorKind::Forbidden,
            "the API is switched off in the project that the credential belongs to",
            "switch on the Google Sheets API and the Google Drive API in that project's console",
        ),
        (403, _) if reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => new(
            ErrorKind::Forbidden,
            "the consent does not cover this",
            "connect again and allow access to spreadsheets",
        ),
        (403, _) if reason.eq_ignore_ascii_case("rateLimitExceeded") || reason == "userRateLimitExceeded" => {
            Some(limited())
        }
        (403, _) => new(
            ErrorKind::Forbidden,
            "the spreadsheet is not shared with this account, or not for this",
            "share it with the account, or the service account's address, as editor if it is to be written",
        ),
        (404, _) => new(
            ErrorKind::NotFound,
            if is_drive { "Drive has no such file" } else { "there is no such spreadsheet" },
            "check its address; it may have been deleted",
        ),
        (409, _) => Some(
            Error::new(ErrorKind::Unavailable, "somebody edited the spreadsheet at the same moment")
                .with_resend(Resend::Safe),
        ),
        (429, _) => Some(limited()),
        _ => failure("Google Sheets", response.status),
    }
}

fn limited() -> Error {
    Error::new(ErrorKind::RateLimited, "Google allows no more requests this minute")
        .with_advice("go on in a minute; a larger quota can be asked for in Google's console")
}
