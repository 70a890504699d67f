//! Writing by key: few requests, raw values, and one bad operation among good ones.

use serde_json::json;
use tieline_core::{FieldPatch, FieldPath, Key, Outcome, Patch, ReadRequest, WriteOp};
use tieline_google_sheets::TableConfig;
use tieline_sandbox::google_sheets::{Area, Cell, Sheet, Value};

use crate::common::{
    Drive, FILE, asked, batches, config, connected, drive, json, records, text, texts, write,
};

fn set(key: &str, field: &str, value: serde_json::Value) -> WriteOp {
    WriteOp::update(key, Patch(vec![(FieldPath::field(field), FieldPatch::Set(json(value)))]))
}

fn value(drive: &Drive, tab: &str, row: usize, column: usize) -> Value {
    let file = drive.file(FILE).unwrap();
    file.sheet(tab).unwrap().cell(row, column).map(|cell| cell.value.clone()).unwrap_or_default()
}

fn numbered(count: usize) -> Vec<Vec<Cell>> {
    let header = vec![text("Id"), text("Value"), text("Note")];
    let row = |n: usize| vec![text(&format!("K-{n}")), Cell::number(n.to_string()), text("kvar")];
    std::iter::once(header).chain((0..count).map(row)).collect()
}

fn outcomes(done: &[tieline_core::OperationOutcome]) -> Vec<String> {
    let name = |outcome: &Outcome| match outcome {
        Outcome::Applied { .. } => "applied".to_owned(),
        Outcome::Unchanged => "unchanged".to_owned(),
        Outcome::Conflict { .. } => "conflict".to_owned(),
        Outcome::Rejected(error) => format!("rejected: {error}"),
        other => format!("{other:?}"),
    };
    done.iter().map(|done| name(&done.outcome)).collect()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_changed_rows_take_few_requests() {
    let drive = drive(vec![Sheet::new(0, "R", numbered(10_000))]);
    let sheets = connected(&drive, config().with_key("Id"));
    let ops = (0..10_000).map(|n| set(&format!("K-{n}"), "Value", json!(n + 1))).collect();
    let done = write(&sheets, "R", ops).await;
    assert!(done.iter().all(|done| matches!(done.outcome, Outcome::Applied { .. })));
    let asked = asked(&drive);
    assert!(asked.len() <= 25, "{} requests", asked.len());
    assert_eq!(value(&drive, "R", 10_000, 1), Value::Number("10000".into()));
    assert_eq!(value(&drive, "R", 10_000, 2), Value::Text("kvar".into()));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_moved_is_written_where_it_is_now() {
    let drive = drive(vec![Sheet::new(0, "R", numbered(5))]);
    let sheets = connected(&drive, config().with_key("Id"));
    batches(&sheets, ReadRequest::full("R")).await.unwrap();
    drive.edit(FILE, |file| file.sheet_mut("R").unwrap().insert_row(1, ["K-new", "0"])).unwrap();
    let done = write(&sheets, "R", vec![set("K-2", "Value", json!("=1+1")), WriteOp::delete("K-0")]).await;
    assert_eq!(outcomes(&done), ["applied", "applied"]);
    let file = drive.file(FILE).unwrap();
    let sheet = file.sheet("R").unwrap();
    let keys: Vec<_> = (1..6).filter_map(|row| sheet.cell(row, 0).map(|cell| cell.value.clone())).collect();
    let expected = ["K-new", "K-1", "K-2", "K-3", "K-4"].map(|key| Value::Text(key.into()));
    assert_eq!(keys, expected);
    // Raw: a text that looks like a formula is a text.
    let cell = sheet.cell(3, 1).unwrap();
    assert_eq!((&cell.value, &cell.formula), (&Value::Text("=1+1".into()), &None));
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_value_is_written_as_it_is() {
    let rows = vec![
        vec![text("Id"), text("When"), text("At"), text("Sum"), text("Ref")],
        vec![text("a"), Cell::date("46032"), Cell::date_time("46032.5"), Cell::number("1"), text("")],
    ];
    let drive = drive(vec![Sheet::new(0, "R", rows)]);
    let sheets = connected(&drive, config().with_key("Id").with_marker("Ref").with_added_columns(true));
    let fields = json!({ "Id": "b", "When": "2026-01-11", "At": "2026-07-01T12:00:00+02:00",
        "Sum": "12345678901234567.891", "New": true });
    let exact = json(fields);
    let create = WriteOp::create(exact).with_marker(Some("op-77".into()));
    let number =
        tieline_core::RawJson::parse(r#"{"Id":"c","Sum":12345678901234567.891,"When":null}"#).unwrap();
    let done = write(&sheets, "R", vec![create, WriteOp::create(number)]).await;
    assert_eq!(outcomes(&done), ["applied", "applied"]);
    let all = batches(&sheets, ReadRequest::full("R")).await.unwrap();
    insta::assert_snapshot!(crate::common::lines(&records(&all)));
}

#[tokio::test(start_paused = true)]
async fn one_bad_operation_does_not_stop_the_others() {
    let mut sheet = Sheet::new(0, "R", numbered(8));
    sheet.protected.push(Area::new(0, (3, 0), (4, 3)));
    let drive = drive(vec![sheet]);
    let sheets = connected(&drive, config().with_key("Id"));
    let long = "x".repeat(50_001);
    let ops = vec![
        set("K-0", "Value", json!(10)),
        set("K-2", "Value", json!(12)),
        set("K-1", "Vaule", json!(1)),
        set("K-3", "Value", json!([1])),
        set("K-4", "Note", json!(long)),
        set("K-5", "Id", json!("K-55")),
        set("none", "Value", json!(1)),
        WriteOp::create(json(json!({ "Id": "K-7" }))),
        WriteOp::create(json(json!({ "Value": 1 }))),
        WriteOp::delete("none"),
        WriteOp::invoke("sort", json(json!({}))),
        set("K-6", "Value", json!(16)),
    ];
    let done = write(&sheets, "R", ops).await;
    insta::assert_snapshot!(outcomes(&done).join("\n"));
    assert_eq!(value(&drive, "R", 1, 1), Value::Number("10".into()));
    assert_eq!(value(&drive, "R", 3, 1), Value::Number("2".into()));
    assert_eq!(value(&drive, "R", 7, 1), Value::Number("16".into()));
}

#[tokio::test(start_paused = true)]
async fn a_row_is_changed_on_the_condition_that_it_is_as_it_was() {
    let drive = drive(vec![Sheet::new(0, "R", numbered(4))]);
    let sheets = connected(&drive, config().with_key("Id"));
    let all = records(&batches(&sheets, ReadRequest::full("R")).await.unwrap());
    drive.edit(FILE, |file| file.sheet_mut("R").unwrap().set(2, 2, Cell::text("annat"))).unwrap();
    let ops = all
        .iter()
        .map(|record| set(record.key.as_str(), "Value", json!(7)).with_if_version(record.version.clone()));
    let done = write(&sheets, "R", ops.collect()).await;
    assert_eq!(outcomes(&done), ["applied", "conflict", "applied", "applied"]);
    let Outcome::Conflict { current: Some(current), .. } = &done[1].outcome else { panic!("{done:?}") };
    assert!(current.payload.get().contains("annat"));
}

#[tokio::test(start_paused = true)]
async fn an_upsert_by_the_key_adds_or_changes() {
    let drive = drive(vec![Sheet::new(0, "R", numbered(2))]);
    let sheets = connected(&drive, config().with_key("Id"));
    let upsert =
        |key: &str| WriteOp::upsert(FieldPath::field("Id"), json(json!(key)), json(json!({ "Value": 5 })));
    let done = write(&sheets, "R", vec![upsert("K-1"), upsert("K-9")]).await;
    assert_eq!(outcomes(&done), ["applied", "applied"]);
    assert_eq!(value(&drive, "R", 2, 1), Value::Number("5".into()));
    assert_eq!(value(&drive, "R", 3, 0), Value::Text("K-9".into()));
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_a_part_of_a_tab_is_updated_in_its_columns() {
    let rows = texts(&[&["x", "Id", "Value", "y"], &["1", "a", "b", "2"]]);
    let drive = drive(vec![Sheet::new(0, "T", rows)]);
    let part = TableConfig::default().with_tab("T").with_range("B1:C").with_key("Id");
    let sheets = connected(&drive, config().with_table("Part", part));
    let create = WriteOp::create(json(json!({ "Id": "c" })));
    let done =
        write(&sheets, "Part", vec![set("a", "Value", json!("ny")), create, WriteOp::delete(Key::from("a"))])
            .await;
    assert_eq!(value(&drive, "T", 1, 2), Value::Text("ny".into()));
    let names = outcomes(&done);
    assert_eq!(names[0], "applied");
    assert!(names[1].contains("a part of a tab") && names[2].contains("a part of a tab"), "{names:?}");
}
