//! `tieline check`: the connection test.

use std::io;

use serde_json::{Value, json};
use tieline::{Account, CheckRequest};

use crate::arguments::ConnectionArgs;
use crate::failure::Outcome;
use crate::lines::stdout;
use crate::session::connect;
use crate::text::{Paint, clean};

pub(crate) async fn check(connection: &ConnectionArgs, json: bool) -> Outcome {
    let connected = connect(connection).await?;
    let account = connected.connector.check(CheckRequest::default()).await?;
    let mut out = stdout();
    if json {
        out.value(&as_json(&connected.provider, &account))?;
    } else {
        out.text(&for_people(&connected.title, &account, Paint::on(&io::stdout())))?;
    }
    out.flush()
}

pub(super) fn as_json(provider: &str, account: &Account) -> Value {
    let others: Vec<Value> =
        account.others.iter().map(|other| json!({ "value": other.value, "label": other.label })).collect();
    json!({
        "provider": provider,
        "id": account.id,
        "name": account.name,
        "user": account.user,
        "scopes": account.scopes,
        "others": others,
        "warnings": account.warnings,
    })
}

pub(super) fn for_people(title: &str, account: &Account, paint: Paint) -> String {
    let mut text = format!("Connected to {} at {title}\n", paint.bold(&clean(&account.name)));
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<8} {}\n", clean(value)));
    if let Some(id) = &account.id {
        line("account", id.as_str());
    }
    if let Some(user) = &account.user {
        line("user", user);
    }
    if !account.scopes.is_empty() {
        let scopes: Vec<&str> = account.scopes.iter().map(tieline::Text::as_str).collect();
        line("scopes", &scopes.join(", "));
    }
    for other in &account.others {
        line("also", &format!("{} ({})", other.label, other.value));
    }
    for warning in &account.warnings {
        text.push_str(&format!("{} {}\n", paint.yellow("warning:"), clean(warning)));
    }
    text
}
