//! Rows as records: types, titles, keys, and tables that move while they are read.

use futures_util::StreamExt as _;
use tieline_core::{
    ChoicesRequest, Connector, DiscoverRequest, Issue, KeyKind, LookupRequest, PassEnd, ReadRequest,
};
use tieline_google_sheets::TableConfig;
use tieline_sandbox::google_sheets::{Area, Cell, CellError, Sheet};

use crate::common::{
    FILE, batches, config, connected, drive, issues, lines, read, records, said, text, texts,
};

#[tokio::test(start_paused = true)]
async fn cells_keep_their_types_and_their_digits() {
    let rows = vec![
        vec![
            text("Id"),
            text("When"),
            text("At"),
            text("Took"),
            text("Sum"),
            text("Share"),
            text("Done"),
            text("Big"),
        ],
        vec![
            text("a"),
            Cell::date("46032"),
            Cell::date_time("46032.333333333336"),
            Cell::duration("1.1041666666666667"),
            Cell::number("1250.10").with_format("CURRENCY", "#,##0.00"),
            Cell::number("0.25").with_format("PERCENT", "0%"),
            Cell::boolean(true),
            Cell::number("1.2345678901234567E19").with_shown("12345678901234567890"),
        ],
        vec![
            text("b"),
            text("i mars"),
            Cell::date_time("46110.104166666664"),
            Cell::time("0.5"),
            Cell::number("-0.1"),
            text("=1+1"),
            text("TRUE"),
            Cell::number("9007199254740993").with_shown("9007199254740993"),
        ],
        vec![
            text("c"),
            Cell::date("-36522"),
            Cell::error(CellError::Ref),
            text(""),
            text("7e99999"),
            text("12_34"),
        ],
    ];
    let drive = drive(vec![Sheet::new(3, "Blad!1", rows)]);
    let sheets = connected(&drive, config().with_table("Blad!1", TableConfig::default().with_key("Id")));
    let (records, issues) = read(&sheets, "Blad!1").await;
    insta::assert_snapshot!(format!("{}{}", lines(&records), said(&issues)));
}

/// Case 115: what is cut off at the ends of rows moves no value.
#[tokio::test(start_paused = true)]
async fn cells_and_rows_that_are_cut_off_are_restored() {
    let rows = texts(&[&["namn", "tel", "ort"], &["Ada"], &["Bo", "", "Ystad"], &[], &["Cy"]]);
    let sheets = connected(&drive(vec![Sheet::new(0, "A1", rows)]), config());
    let (records, _) = read(&sheets, "A1").await;
    assert_eq!(
        lines(&records),
        "2: {\"namn\":\"Ada\",\"tel\":null,\"ort\":null}\n3: {\"namn\":\"Bo\",\"tel\":null,\"ort\":\"Ystad\"}\n\
         5: {\"namn\":\"Cy\",\"tel\":null,\"ort\":null}\n"
    );
}

/// Case 117: a text stays a text.
#[tokio::test(start_paused = true)]
async fn texts_that_look_like_numbers_stay_texts() {
    let odd = ["01234", "7e99999", "12_34", "0x1F", "+4670123", "１２", "1/2", "TRUE"];
    let rows: Vec<Vec<Cell>> = std::iter::once(texts(&[&["Id", "Value"]]).remove(0))
        .chain(odd.iter().enumerate().map(|(n, value)| vec![text(&format!("k{n}")), text(value)]))
        .collect();
    let sheets = connected(&drive(vec![Sheet::new(0, "2026", rows)]), config().with_key("Id"));
    let (records, issues) = read(&sheets, "2026").await;
    for (record, value) in records.iter().zip(odd) {
        assert_eq!(record.payload.at("/Value").unwrap().unwrap().get(), format!("{value:?}"));
    }
    assert!(issues.is_empty());
}

/// Case 121: titles twice, empty, in other letters, merged.
#[tokio::test(start_paused = true)]
async fn titles_get_stable_names() {
    let rows =
        texts(&[&["namn", "namn", "", " Ort ", "ort", "Summa", ""], &["1", "2", "3", "4", "5", "6", "7"]]);
    let mut sheet = Sheet::new(0, "Ada's lista", rows);
    sheet.merges.push(Area::new(0, (0, 5), (1, 7)));
    let sheets = connected(&drive(vec![sheet]), config());
    let (records, issues) = read(&sheets, "Ada's lista").await;
    insta::assert_snapshot!(format!("{}{}", lines(&records), said(&issues)));
}

#[tokio::test(start_paused = true)]
async fn a_header_is_found_below_a_title_or_given() {
    let rows = texts(&[
        &["Orderlista 2026"],
        &[],
        &[],
        &["", "skapad av Ada"],
        &[],
        &[],
        &["Nr", "Kund", "Ort"],
        &["1", "Bo", "Ystad"],
    ]);
    let drive = drive(vec![Sheet::new(0, "a:b", rows)]);
    let (records, _) = read(&connected(&drive, config()), "a:b").await;
    assert_eq!(lines(&records), "8: {\"Nr\":\"1\",\"Kund\":\"Bo\",\"Ort\":\"Ystad\"}\n");
    let given = config().with_table("a:b", TableConfig::default().with_header_row(7).with_key("Nr"));
    let (records, _) = read(&connected(&drive, given), "a:b").await;
    assert_eq!(lines(&records), "1: {\"Nr\":\"1\",\"Kund\":\"Bo\",\"Ort\":\"Ystad\"}\n");
}

#[tokio::test(start_paused = true)]
async fn several_tables_of_one_tab_are_read_by_their_ranges() {
    let rows = texts(&[
        &["", "", "", "", ""],
        &["x", "Art", "Pris", "", "Stad"],
        &["y", "A-1", "10", "", "Malmö"],
        &["", "A-2", "11"],
    ]);
    let drive = drive(vec![Sheet::new(9, "🧾 Blad", rows)]);
    drive.edit(FILE, |file| file.named_ranges.push(("Stader".into(), Area::new(9, (1, 4), (4, 5))))).unwrap();
    let config = config()
        .with_table("Priser", TableConfig::default().with_tab("🧾 Blad").with_range("B2:C").with_key("Art"))
        .with_table("Städer", TableConfig::default().with_range("Stader"));
    let sheets = connected(&drive, config);
    assert_eq!(
        lines(&read(&sheets, "Priser").await.0),
        "A-1: {\"Art\":\"A-1\",\"Pris\":\"10\"}\nA-2: {\"Art\":\"A-2\",\"Pris\":\"11\"}\n"
    );
    assert_eq!(lines(&read(&sheets, "Städer").await.0), "3: {\"Stad\":\"Malmö\"}\n");
    assert_eq!(lines(&read(&sheets, "gid:9").await.0).lines().count(), 2);
    let catalog = sheets.discover(DiscoverRequest::schemas()).await.unwrap();
    let kinds: Vec<(&str, KeyKind)> = catalog.entities.iter().map(|e| (e.title.as_str(), e.keys)).collect();
    let positional = KeyKind::Positional;
    assert_eq!(kinds, [("🧾 Blad", positional), ("Priser", KeyKind::Stable), ("Städer", positional)]);
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_missing_or_occur_twice_are_said() {
    let rows = texts(&[&["Id", "Namn"], &["1", "Ada"], &["", "Bo"], &["1", "Cy"], &["2", "Di"]]);
    let sheets = connected(&drive(vec![Sheet::new(0, "K", rows)]), config().with_key("Id"));
    let (records, issues) = read(&sheets, "K").await;
    insta::assert_snapshot!(format!("{}{}", lines(&records), said(&issues)));
}

/// Rows of a table, `K-0` and so on.
fn numbered(count: usize) -> Vec<Vec<Cell>> {
    let header = vec![text("Id"), text("Value")];
    std::iter::once(header)
        .chain((0..count).map(|n| vec![text(&format!("K-{n}")), Cell::number(n.to_string())]))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_table_that_moves_during_a_read_skips_nothing() {
    for change in ["delete", "insert", "rename", "header"] {
        let drive = drive(vec![Sheet::new(0, "Rader", numbered(60)), Sheet::new(1, "Annat", numbered(3))]);
        let sheets = connected(&drive, config().with_key("Id"));
        let mut stream = sheets.read(ReadRequest::full("Rader").with_page_size(20)).unwrap();
        let mut all = vec![stream.next().await.unwrap().unwrap()];
        drive
            .edit(FILE, |file| {
                let sheet = file.sheet_mut("Rader").unwrap();
                match change {
                    "delete" => sheet.delete_row(3),
                    "insert" => sheet.insert_row(3, ["K-new", "7"]),
                    "header" => sheet.insert_row(0, ["Id", "Nytt värde"]),
                    _ => sheet.title = "Nytt namn".into(),
                }
            })
            .unwrap();
        while let Some(batch) = stream.next().await {
            all.push(batch.unwrap());
        }
        assert_eq!(all.last().unwrap().end, Some(PassEnd::Complete), "{change}");
        let mut keys: Vec<String> = records(&all).iter().map(|record| record.key.to_string()).collect();
        keys.sort();
        keys.dedup();
        let gone = usize::from(change == "delete");
        assert!((0..60).filter(|n| keys.contains(&format!("K-{n}"))).count() >= 60 - gone, "{change}");
        let expected = match change {
            "rename" => "the tab \"Rader\" was renamed to \"Nytt namn\" while it was read",
            "header" => "its header changed",
            _ => "rows were inserted or deleted",
        };
        let issues = issues(&all);
        assert!(issues.iter().any(|issue: &Issue| issue.message.contains(expected)), "{change}: {issues:?}");
        assert_eq!(all.iter().any(|batch| batch.schema_changed), change == "header");
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_columns_are_read_in_small_windows() {
    let wide = |text: &str| (0..10_000).map(|n| Cell::text(format!("{text}{n}"))).collect::<Vec<Cell>>();
    let drive = drive(vec![Sheet::new(0, "Bred", vec![wide("t"), wide("v")]).with_grid(2, 10_000)]);
    let sheets = connected(&drive, config());
    let (records, issues) = read(&sheets, "Bred").await;
    assert_eq!(records[0].payload.at("/t9999").unwrap().unwrap().get(), "\"v9999\"");
    assert!(issues.is_empty());
}

#[tokio::test(start_paused = true)]
async fn blank_rows_behind_the_data_cost_few_requests() {
    let drive = drive(vec![Sheet::new(0, "Lång", numbered(10)).with_grid(100_000, 20)]);
    let sheets = connected(&drive, config().with_key("Id"));
    drive.forget_requests();
    let all = batches(&sheets, ReadRequest::full("Lång")).await.unwrap();
    assert_eq!(records(&all).len(), 10);
    assert!(drive.requests().len() <= 14, "{}", drive.requests().len());
}

#[tokio::test(start_paused = true)]
async fn rows_are_looked_up_and_forms_are_filled() {
    let drive = drive(vec![Sheet::new(0, "Rader", numbered(5))]);
    let sheets = connected(&drive, config().with_key("Id"));
    let wanted = ["K-4", "none", "K-0"].map(tieline_core::Key::from);
    let found = sheets.lookup(LookupRequest::keys("Rader", wanted)).await.unwrap();
    let keys: Vec<&str> = found.records().map(|record| record.key.as_str()).collect();
    assert_eq!((found.answers.len(), keys), (3, vec!["K-4", "K-0"]));
    let offered = sheets.choices(ChoicesRequest::new("spreadsheet")).await.unwrap();
    assert!(offered.choices.iter().any(|choice| choice.value == FILE && choice.label == "Budget"));
    let offered = sheets.choices(ChoicesRequest::new("key")).await.unwrap();
    assert_eq!(
        offered.choices.iter().map(|choice| choice.label.as_str()).collect::<Vec<_>>(),
        ["Id", "Value"]
    );
}
