//! Google Sheets from outside: grids, values in every rendering, writes, quotas, Drive.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use tieline_sandbox::Sandbox;
use tieline_sandbox::google_sheets::{
    Area, Cell, CellError, GoogleSheets, ORDERS, Quotas, Sheet, Spreadsheet, TOKEN,
};

type Drive = Arc<Sandbox<GoogleSheets>>;

const FILE: &str = "1File";

fn drive() -> Drive {
    let rows = vec![
        vec![Cell::text("Id"), Cell::text("When"), Cell::text("Sum"), Cell::text("Ok")],
        vec![
            Cell::text("a"),
            Cell::date("46032"),
            Cell::number("1234.5").with_format("CURRENCY", ""),
            Cell::boolean(true),
        ],
        vec![],
        vec![Cell::text("b"), Cell::default(), Cell::error(CellError::NotAvailable)],
    ];
    let drive = Sandbox::google_sheets();
    drive.add_file(Spreadsheet::new(FILE, "Min fil", vec![Sheet::new(0, "A1", rows)]));
    drive
}

fn call(drive: &Drive, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    let request = Request::builder()
        .method(method)
        .uri(path.replace(' ', "%20").replace('\'', "%27"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(body)
        .unwrap();
    let reply = drive.handle(request);
    (reply.status.as_u16(), serde_json::from_slice(&reply.body).unwrap())
}

fn get(drive: &Drive, path: &str) -> Value {
    let (status, body) = call(drive, "GET", path, None);
    assert_eq!(status, 200, "{body}");
    body
}

#[tokio::test]
async fn values_have_every_rendering_and_are_cut_off() {
    let drive = drive();
    let values =
        |options: &str| get(&drive, &format!("/v4/spreadsheets/{FILE}/values/'A1'!A1:Z100{options}"));
    let shown = values("");
    assert_eq!(shown["range"], "'A1'!A1:Z100");
    assert_eq!(shown["values"][1], json!(["a", "2026-01-10", "1\u{a0}234,50 kr", "TRUE"]));
    assert_eq!(shown["values"][2], json!([]));
    assert_eq!(shown["values"][3], json!(["b", "", "#N/A"]));
    assert_eq!(shown["values"].as_array().unwrap().len(), 4);
    let raw = values("?valueRenderOption=UNFORMATTED_VALUE");
    assert_eq!(raw["values"][1], json!(["a", 46032, 1234.5, true]));
    let dates = values("?valueRenderOption=UNFORMATTED_VALUE&dateTimeRenderOption=FORMATTED_STRING");
    assert_eq!(dates["values"][1][1], "2026-01-10");
    let columns = values("?majorDimension=COLUMNS");
    assert_eq!(columns["values"][0], json!(["Id", "a", "", "b"]));
    // A plain word is a cell before it is a tab.
    assert_eq!(get(&drive, &format!("/v4/spreadsheets/{FILE}/values/A1"))["values"], json!([["Id"]]));
    let (status, body) = call(&drive, "GET", &format!("/v4/spreadsheets/{FILE}/values/Blad9!A1"), None);
    assert_eq!((status, body["error"]["message"].as_str()), (400, Some("Unable to parse range: Blad9!A1")));
}

#[tokio::test]
async fn a_mask_chooses_the_members_of_a_grid() {
    let drive = drive();
    let fields = "sheets(properties.title,data(startRow,rowData.values(effectiveValue,effectiveFormat.numberFormat.type)))";
    let grid = get(&drive, &format!("/v4/spreadsheets/{FILE}?ranges='A1'!A2:B4&fields={fields}"));
    assert_eq!(
        grid,
        json!({ "sheets": [{ "properties": { "title": "A1" }, "data": [{ "startRow": 1, "rowData": [
            { "values": [
                { "effectiveValue": { "stringValue": "a" } },
                { "effectiveValue": { "numberValue": 46032 },
                    "effectiveFormat": { "numberFormat": { "type": "DATE" } } },
            ] },
            {},
            { "values": [{ "effectiveValue": { "stringValue": "b" } }] },
        ] }] }] })
    );
}

#[tokio::test]
async fn a_batch_takes_effect_as_a_whole_or_not_at_all() {
    let drive = drive();
    let path = format!("/v4/spreadsheets/{FILE}:batchUpdate");
    let write = |row: i64, text: &str| {
        json!({ "updateCells": { "start": { "sheetId": 0, "rowIndex": row, "columnIndex": 0 }, "fields": "userEnteredValue",
            "rows": [{ "values": [{ "userEnteredValue": { "stringValue": text } }] }] } })
    };
    let delete = json!({ "deleteDimension": { "range":
        { "sheetId": 0, "dimension": "ROWS", "startIndex": 2, "endIndex": 3 } } });
    let (status, _) =
        call(&drive, "POST", &path, Some(json!({ "requests": [write(1, "x"), write(5000, "y")] })));
    assert_eq!(status, 400);
    assert_eq!(drive.file(FILE).unwrap().sheet("A1").unwrap().cell(1, 0), Some(&Cell::text("a")));
    let append = json!({ "appendCells": { "sheetId": 0, "fields": "userEnteredValue",
        "rows": [{ "values": [{ "userEnteredValue": { "numberValue": 7 } }] }] } });
    let (status, body) =
        call(&drive, "POST", &path, Some(json!({ "requests": [write(1, "x"), delete, append] })));
    assert_eq!((status, body["replies"].as_array().unwrap().len()), (200, 3));
    let file = drive.file(FILE).unwrap();
    let sheet = file.sheet("A1").unwrap();
    assert_eq!(sheet.cell(1, 0), Some(&Cell::text("x")));
    assert_eq!(sheet.cell(2, 0), Some(&Cell::text("b")));
    assert_eq!(sheet.cell(3, 0), Some(&Cell::number("7")));
    drive
        .edit(FILE, |file| file.sheet_mut("A1").unwrap().protected.push(Area::new(0, (0, 0), (9, 1))))
        .unwrap();
    let (status, body) = call(&drive, "POST", &path, Some(json!({ "requests": [write(1, "z")] })));
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().contains("protected cell"));
}

#[tokio::test]
async fn what_is_typed_is_parsed_and_what_is_raw_is_not() {
    let drive = drive();
    let append = |option: &str, value: &str| {
        let path = format!("/v4/spreadsheets/{FILE}/values/'A1'!A1:D1:append?valueInputOption={option}");
        call(&drive, "POST", &path, Some(json!({ "values": [[value]] })))
    };
    // The table around the header ends at the blank row.
    assert_eq!(append("RAW", "=1+1").1["updates"]["updatedRange"], "'A1'!A3");
    assert_eq!(append("USER_ENTERED", "12,5").1["tableRange"], "'A1'!A1:D4");
    let file = drive.file(FILE).unwrap();
    let sheet = file.sheet("A1").unwrap();
    assert_eq!(sheet.cell(2, 0), Some(&Cell::text("=1+1")));
    assert_eq!(sheet.cell(4, 0), Some(&Cell::number("12.5")));
    assert_eq!(append("", "x").0, 400);
}

#[tokio::test]
async fn quotas_are_by_the_minute_and_drive_says_what_changed() {
    let drive = drive();
    drive.set_quotas(Quotas { project: 300, user: 2 });
    let path = format!("/v4/spreadsheets/{ORDERS}?fields=spreadsheetId");
    let status = || call(&drive, "GET", &path, None).0;
    assert_eq!([status(), status(), status()], [200, 200, 429]);
    drive.advance(std::time::Duration::from_secs(60));
    assert_eq!(status(), 200);
    let version = || get(&drive, &format!("/drive/v3/files/{FILE}?fields=version,modifiedTime"));
    let before = version();
    drive.recalculate(FILE, |file| file.sheet_mut("A1").unwrap().set(9, 0, "x")).unwrap();
    assert_eq!(version(), before);
    drive.edit(FILE, |file| file.sheet_mut("A1").unwrap().set(9, 0, "y")).unwrap();
    assert_ne!(version()["version"], before["version"]);
    let query = "q=mimeType='application/vnd.google-apps.spreadsheet' and trashed=false&pageSize=2&fields=nextPageToken,files(id)";
    let list = get(&drive, &format!("/drive/v3/files?{query}"));
    assert_eq!((list["files"].as_array().unwrap().len(), &list["nextPageToken"]), (2, &json!("2")));
    assert_eq!(call(&drive, "GET", "/drive/v3/files/none", None).0, 404);
    assert_eq!(
        call(&drive, "POST", &format!("/v4/spreadsheets/{FILE}/developerMetadata:search"), None).0,
        501
    );
}
