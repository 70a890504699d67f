//! What a person is told about bad settings and bad sheets. No message blames what it did not check.

use tieline_auth::ApiKey;
use tieline_core::{CheckRequest, Connector, Error, ReadRequest, Result};
use tieline_google_sheets::{GoogleSheetsConfig, TableConfig};
use tieline_sandbox::google_sheets::{Cell, FileKind, Permission, Sheet};

use crate::common::{
    FILE, batches, config, connected, connected_with, drive, lines, read, said, text, texts,
};

fn shown(name: &str, error: &Error) -> String {
    let advice = error.advice().unwrap_or("-");
    let facts: Vec<String> = error.context().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{name}\n  {}: {}\n  help: {advice}\n  {}\n", error.kind(), error.message(), facts.join(" "))
}

#[test]
fn addresses_that_people_paste() {
    let id = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg";
    for address in [
        id.to_owned(),
        format!("https://docs.google.com/spreadsheets/d/{id}/edit#gid=0"),
        format!(" docs.google.com/spreadsheets/u/1/d/{id}/edit?gid=7#gid=7 "),
        format!("https://drive.google.com/open?id={id}"),
        format!("https://drive.google.com/file/d/{id}/view"),
    ] {
        assert_eq!(GoogleSheetsConfig::new(address).spreadsheet_id().unwrap(), id);
    }
    let mut messages = String::new();
    for address in [
        "",
        "Budget 2026",
        "https://example.com/spreadsheets/d/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg",
        "https://docs.google.com/spreadsheets/d/e/2PACX-1vQ_abcdefghijklmnop/pubhtml",
        "https://docs.google.com/document/d/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg/edit",
        "https://docs.google.com/forms/d/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg/edit",
        "https://drive.google.com/drive/folders/1AbCdEfGhIjKlMnOpQrStUvWxYz0",
        "https://docs.google.com/spreadsheets/",
    ] {
        messages += &shown(address, &GoogleSheetsConfig::new(address).spreadsheet_id().unwrap_err());
    }
    insta::assert_snapshot!(messages);
}

async fn failed(config: GoogleSheetsConfig, change: impl Fn(&crate::common::Drive), entity: &str) -> Error {
    let rows = texts(&[&["Id", "Namn"], &["1", "Ada"]]);
    let drive = drive(vec![Sheet::new(0, "Kunder", rows), Sheet::new(5, "Order", texts(&[&["Nr"], &["1"]]))]);
    change(&drive);
    let sheets = connected(&drive, config);
    batches(&sheets, ReadRequest::full(entity)).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_sheet_from_being_read() {
    let none = |_: &crate::common::Drive| {};
    let mut messages = String::new();
    let with = |table: TableConfig| config().with_table("Kunder", table);
    for (name, config, entity) in [
        ("a tab that is not there", config(), "Kunden"),
        ("another one", config(), "Fakturor"),
        ("an id that is not there", config(), "gid:77"),
        ("a key column that is not there", with(TableConfig::default().with_key("ID-nr")), "Kunder"),
        ("a header outside", with(TableConfig::default().with_header_row(5_000)), "Kunder"),
        ("a named range that is not there", with(TableConfig::default().with_range("Lista")), "Kunder"),
    ] {
        messages += &shown(name, &failed(config, none, entity).await);
    }
    let edit = |change: fn(&mut tieline_sandbox::google_sheets::Spreadsheet)| {
        move |drive: &crate::common::Drive| drive.edit(FILE, change).unwrap()
    };
    let revoked = edit(|file| file.permission = Permission::None);
    messages += &shown("a share that was revoked", &failed(config(), revoked, "Kunder").await);
    let workbook = edit(|file| file.kind = FileKind::Workbook);
    messages += &shown("a workbook of Excel", &failed(config(), workbook, "Kunder").await);
    messages += &shown("a deleted file", &failed(config(), |drive| drive.delete_file(FILE), "Kunder").await);
    insta::assert_snapshot!(messages);
}

#[tokio::test(start_paused = true)]
async fn a_tab_that_was_renamed_between_reads_is_named() {
    let rows = texts(&[&["Id", "Namn"], &["1", "Ada"]]);
    let drive = drive(vec![Sheet::new(4, "Kunder", rows)]);
    let sheets = connected(&drive, config().with_key("Id"));
    let first = batches(&sheets, ReadRequest::changes("Kunder")).await.unwrap();
    drive.edit(FILE, |file| file.sheet_mut("Kunder").unwrap().title = "Kundlista".into()).unwrap();
    drive.advance(std::time::Duration::from_secs(60));
    let again = ReadRequest::changes("Kunder").with_state(crate::common::state(&first));
    let error = batches(&sheets, again).await.unwrap_err();
    insta::assert_snapshot!(shown("renamed", &error));
}

#[tokio::test(start_paused = true)]
async fn an_api_key_reads_what_is_public_and_nothing_else() -> Result<()> {
    let drive = drive(vec![Sheet::new(0, "Kunder", texts(&[&["Id", "Namn"], &["1", "Ada"]]))]);
    drive.set_api_key("AIza-key-of-nobody");
    let sheets = connected_with(&drive, config(), ApiKey::new("AIza-key-of-nobody"));
    let mut messages =
        shown("a file that is not public", &sheets.check(CheckRequest::default()).await.unwrap_err());
    drive.edit(FILE, |file| file.is_public = true).unwrap();
    let account = sheets.check(CheckRequest::default()).await?;
    assert_eq!((account.name.as_str(), account.warnings.len()), ("Budget", 1));
    assert_eq!(read(&sheets, "Kunder").await.0.len(), 1);
    let wrong = connected_with(&drive, config(), ApiKey::new("AIza-another"));
    messages += &shown("a wrong key", &wrong.check(CheckRequest::default()).await.unwrap_err());
    insta::assert_snapshot!(messages);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn sheets_that_hold_little_or_odd_things() {
    let empty = Sheet::new(0, "Tom", Vec::<Vec<Cell>>::new());
    let numbers =
        Sheet::new(1, "Tal", vec![vec![Cell::number("1"), Cell::number("2")], vec![Cell::number("3")]]);
    let old = vec![vec![text("Id"), text("Datum")], vec![text("a"), Cell::date("44570")]];
    let stray = vec![vec![text("Id"), text("Namn")], vec![text("a"), text("b")]];
    let mut stray = Sheet::new(3, "Utanför", stray);
    stray.set(40, 0, text("c"));
    stray.set(40, 5, text("utan rubrik"));
    let drive = drive(vec![empty, numbers, Sheet::new(2, "Gammal", old), stray]);
    let config =
        config().with_table("Gammal", TableConfig::default().with_key("Id").with_dates_since_1904(true));
    let sheets = connected(&drive, config);
    let mut messages = String::new();
    for tab in ["Tom", "Tal", "Gammal", "Utanför"] {
        let (records, issues) = read(&sheets, tab).await;
        messages += &format!("{tab}\n{}{}\n", lines(&records), said(&issues));
    }
    insta::assert_snapshot!(messages);
}
