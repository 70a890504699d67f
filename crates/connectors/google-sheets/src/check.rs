//! The connection test, and choices for the settings.

use serde::Deserialize;
use tieline_core::{Account, Choice, Choices, ChoicesRequest, Error, ErrorKind, Result, Text};
use tieline_kit::TokenGuard;

use crate::client::{Client, answer};
use crate::discover;

/// Spreadsheets that a form offers.
const MOST: usize = 2_000;

/// Opens the spreadsheet, and says what Drive does not allow.
pub(crate) async fn check(client: &Client) -> Result<Account> {
    let response = client.properties().await?;
    let file = answer(&response)?;
    let mut account = Account::new(file.properties.title.clone());
    if account.name.trim().is_empty() {
        account.name = client.id.to_string();
    }
    account.id = Some(Text::new(&client.id));
    if client.revision().await?.is_none() {
        account.warnings.push(
            "Drive does not tell this account when the spreadsheet changed, so that every run reads all rows: allow \
             access to Drive's file information, and switch on the Google Drive API"
                .to_owned(),
        );
    }
    Ok(account)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Files {
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct File {
    id: String,
    name: String,
}

/// The values that a field of the settings can take.
pub(crate) async fn choices(client: &Client, request: &ChoicesRequest) -> Result<Choices> {
    match request.field.as_str() {
        "spreadsheet" => spreadsheets(client).await,
        "key" | "marker" => columns(client).await,
        _ => Err(Error::unsupported("listing choices for this field")
            .with_advice("ask for spreadsheet, key or marker")),
    }
}

async fn spreadsheets(client: &Client) -> Result<Choices> {
    let (mut choices, mut guard) = (Vec::new(), TokenGuard::new());
    let mut page: Option<String> = None;
    loop {
        let response = client.spreadsheets(page.as_deref()).await?;
        let files: Files = serde_json::from_str(response.text()?).map_err(|error| {
            Error::new(ErrorKind::Decode, "Drive's list of files cannot be read").with_source(error)
        })?;
        let found = files.files.into_iter();
        choices.extend(found.map(|file| Choice { value: Text::new(file.id), label: file.name }));
        page = files.next_page_token.filter(|token| !token.is_empty());
        let Some(token) = &page else { break };
        if choices.len() >= MOST {
            break;
        }
        guard.next(token)?;
    }
    Ok(Choices::new(choices))
}

async fn columns(client: &Client) -> Result<Choices> {
    let mut names: Vec<String> = Vec::new();
    for table in discover::tables(client, &[]).await? {
        for column in table.columns {
            if !names.contains(&column.name) {
                names.push(column.name);
            }
        }
    }
    let choice = |name: String| Choice { value: Text::new(&name), label: name };
    Ok(Choices::new(names.into_iter().map(choice).collect()))
}
