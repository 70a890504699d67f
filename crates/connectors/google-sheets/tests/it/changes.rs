//! Increments: what comes again, and what a read costs where nothing changed.

use std::time::Duration;

use tieline_core::{ReadMode, ReadRequest};
use tieline_google_sheets::GoogleSheets;
use tieline_sandbox::google_sheets::{Cell, Sheet};

use crate::common::{FILE, asked, batches, config, connected, drive, records, state, text};

fn rows(count: usize) -> Vec<Vec<Cell>> {
    let header = vec![text("Id"), text("Value")];
    let row = |n: usize| vec![text(&format!("K-{n}")), Cell::number(n.to_string())];
    std::iter::once(header).chain((0..count).map(row)).collect()
}

async fn pull(sheets: &GoogleSheets, entity: &str, state: &mut Option<tieline_core::State>) -> usize {
    let request = ReadRequest::changes(entity).with_state(state.clone());
    let all = batches(sheets, request).await.unwrap();
    *state = crate::common::state(&all);
    records(&all).len()
}

#[tokio::test(start_paused = true)]
async fn one_request_says_that_a_hundred_tabs_did_not_change() {
    let tabs = (0..100).map(|n| Sheet::new(n, &format!("Tab {n}"), rows(3)).with_grid(10, 2)).collect();
    let drive = drive(tabs);
    let sheets = connected(&drive, config().with_key("Id"));
    let mut states = Vec::new();
    for n in 0..100 {
        let all = batches(&sheets, ReadRequest::full(format!("Tab {n}").as_str())).await.unwrap();
        states.push(state(&all));
    }
    drive.advance(Duration::from_secs(600));
    asked(&drive);
    for (n, state) in states.iter_mut().enumerate() {
        assert_eq!(pull(&sheets, &format!("Tab {n}"), state).await, 0);
    }
    assert_eq!(asked(&drive), ["GET /drive/v3/files/FILE"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_brings_its_own_rows() {
    let drive = drive(vec![Sheet::new(0, "R", rows(2000))]);
    let sheets = connected(&drive, config().with_key("Id"));
    let mut state = None;
    assert_eq!(pull(&sheets, "R", &mut state).await, 2000);
    // An hour later everything is looked at, and nothing comes.
    drive.advance(Duration::from_secs(4000));
    assert_eq!(pull(&sheets, "R", &mut state).await, 0);
    drive.advance(Duration::from_secs(60));
    drive
        .edit(FILE, |file| {
            let sheet = file.sheet_mut("R").unwrap();
            sheet.insert_row(5, ["K-new", "1"]);
            sheet.set(1500, 1, Cell::number("-1"));
        })
        .unwrap();
    let came = pull(&sheets, "R", &mut state).await;
    assert!((2..=150).contains(&came), "{came}");
}

#[tokio::test(start_paused = true)]
async fn what_moves_no_version_shows_within_the_hour() {
    let drive = drive(vec![Sheet::new(0, "R", rows(20))]);
    let sheets = connected(&drive, config().with_key("Id"));
    let mut state = None;
    pull(&sheets, "R", &mut state).await;
    drive.recalculate(FILE, |file| file.sheet_mut("R").unwrap().set(4, 1, Cell::number("99"))).unwrap();
    drive.advance(Duration::from_secs(1800));
    assert_eq!(pull(&sheets, "R", &mut state).await, 0);
    drive.advance(Duration::from_secs(1801));
    assert!(pull(&sheets, "R", &mut state).await >= 1);
}

#[tokio::test(start_paused = true)]
async fn without_drive_rows_are_read_each_time() {
    let drive = drive(vec![Sheet::new(0, "R", rows(20))]);
    drive.allow_drive(false);
    let sheets = connected(&drive, config().with_key("Id"));
    let mut state = None;
    assert_eq!(pull(&sheets, "R", &mut state).await, 20);
    drive.edit(FILE, |file| file.sheet_mut("R").unwrap().set(4, 1, Cell::number("99"))).unwrap();
    assert!(pull(&sheets, "R", &mut state).await >= 1);
    assert_eq!(pull(&sheets, "R", &mut state).await, 0);
}

#[tokio::test(start_paused = true)]
async fn another_header_brings_everything_and_says_so() {
    let drive = drive(vec![Sheet::new(0, "R", rows(20))]);
    let sheets = connected(&drive, config().with_key("Id"));
    let first = batches(&sheets, ReadRequest::changes("R")).await.unwrap();
    drive.edit(FILE, |file| file.sheet_mut("R").unwrap().set(0, 1, Cell::text("Belopp"))).unwrap();
    drive.advance(Duration::from_secs(60));
    let again = batches(&sheets, ReadRequest::changes("R").with_state(state(&first))).await.unwrap();
    assert!(again[0].schema_changed);
    assert_eq!((again[0].pass, records(&again).len()), (ReadMode::Full, 20));
    assert!(records(&again)[0].payload.get().contains("\"Belopp\":"));
}
