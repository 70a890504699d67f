//! The spreadsheets of the account, all invented.

use chrono::{DateTime, Utc};

use super::cell::{Cell, CellError};
use super::grid::{Area, Sheet, Spreadsheet};
use crate::lcg::Lcg;

/// The start of the clock of [`Sandbox::google_sheets`](crate::Sandbox::google_sheets).
pub const EPOCH: &str = "2026-11-02T08:00:00Z";

/// A spreadsheet of orders, customers and a log without keys.
pub const ORDERS: &str = "1OrdersSandbox0000000000000000000000000000000";

/// A spreadsheet of key figures, companies by months.
pub const KEY_FIGURES: &str = "1KeyFiguresSandbox000000000000000000000000000";

const ORDER_COUNT: i64 = 120;
const CUSTOMER_COUNT: i64 = 40;

const NAMES: &[&str] = &[
    "Ångström & Söner",
    "Bergs Snickeri",
    "Café Övägen",
    "Dalarnas Trä",
    "Eklunds Bil",
    "Fjord Data AS",
    "Grønn Energi",
    "Høst Design",
    "Järnet AB",
    "Kök & Bad",
];

pub(crate) fn epoch() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(EPOCH).map_or(DateTime::UNIX_EPOCH, |time| time.to_utc())
}

pub(crate) fn files(now: DateTime<Utc>) -> Vec<Spreadsheet> {
    let mut files = vec![
        Spreadsheet::new(ORDERS, "Orders 2026", vec![orders(), customers(), log()]),
        Spreadsheet::new(KEY_FIGURES, "Nyckeltal", vec![key_figures()]),
    ];
    for file in &mut files {
        file.modified = now;
        file.version = 7;
        if file.id == ORDERS {
            file.named_ranges.push(("prices".to_owned(), Area::new(20, (0, 4), (6, 7))));
        }
    }
    files
}

fn orders() -> Sheet {
    let mut chance = Lcg::new(16);
    let header = ["order", "date", "customer", "amount", "discount", "paid", "shipped_at", "note"];
    let mut rows: Vec<Vec<Cell>> = vec![header.iter().map(|title| Cell::from(*title)).collect()];
    for n in 1..=ORDER_COUNT {
        let customer = format!("K-{}", 100 + chance.below(CUSTOMER_COUNT));
        let amount = format!("{}.{:02}", 100 + chance.below(90_000), chance.below(100));
        let shipped = match n % 3 {
            0 => Cell::default(),
            _ => Cell::date_time(format!("{}.{}", 46_000 + n, 25 + chance.below(50))),
        };
        let note = match n % 10 {
            3 => Cell::text("ring före leverans"),
            7 => Cell::error(CellError::NotAvailable),
            _ => Cell::default(),
        };
        rows.push(vec![
            Cell::text(format!("O-{n}")),
            Cell::date((46_000 + n).to_string()),
            Cell::text(customer),
            Cell::number(super::format::plain(&amount)).with_format("CURRENCY", "#,##0.00\\ \"kr\""),
            Cell::number(match n % 3 {
                0 => "0",
                1 => "0.05",
                _ => "0.1",
            })
            .with_format("PERCENT", "0%"),
            Cell::boolean(n % 4 != 0),
            shipped,
            note,
        ]);
    }
    Sheet::new(0, "orders", rows)
}

fn customers() -> Sheet {
    let mut rows: Vec<Vec<Cell>> =
        vec![vec!["customer_no".into(), "name".into(), "city".into(), "reference".into()]];
    for (n, name) in (0..CUSTOMER_COUNT).zip(NAMES.iter().cycle()) {
        let city = ["Malmö", "Ystad", "Oslo", "Åbo"].get(usize::try_from(n % 4).unwrap_or_default());
        rows.push(vec![
            Cell::text(format!("K-{}", 100 + n)),
            Cell::text(format!("{name} {n}")),
            Cell::from(city.copied().unwrap_or_default()),
            Cell::default(),
        ]);
    }
    Sheet::new(10, "customers", rows)
}

/// Two tables in a tab, and none of its rows has a key.
fn log() -> Sheet {
    let text = |text: &str| Cell::from(text);
    let mut rows: Vec<Vec<Cell>> = vec![vec![
        text("when"),
        text("who"),
        text("what"),
        text(""),
        text("article"),
        text("price"),
        text("unit"),
    ]];
    for n in 0..30i64 {
        let mut row = vec![
            Cell::date_time(format!("{}.5", 46_100 + n)),
            text(
                ["Ada", "Bo", "Cy"]
                    .get(usize::try_from(n % 3).unwrap_or_default())
                    .copied()
                    .unwrap_or_default(),
            ),
            Cell::text(format!("Packed box {n}")),
            Cell::default(),
        ];
        if n < 5 {
            row.extend([Cell::text(format!("A-{n}")), Cell::number(format!("{}.5", 10 + n)), text("st")]);
        }
        rows.push(row);
    }
    Sheet::new(20, "log", rows)
}

/// Companies by months, in Swedish, with totals among the months.
fn key_figures() -> Sheet {
    let months = ["jan 2026", "feb 2026", "mar 2026", "Q1", "apr 2026", "maj 2026", "jun 2026", "Q2"];
    let mut header = vec![Cell::text("tkr")];
    header.extend(months.map(Cell::text));
    let row = |name: &str, cells: &[&str]| {
        let mut row = vec![Cell::text(name)];
        row.extend(cells.iter().map(|cell| Cell::typed(cell, "sv_SE")));
        row
    };
    Sheet::new(
        0,
        "Nyckeltal",
        vec![
            header,
            row("Ängsdata AB", &["2174", "2661", "3541", "8376", "3100", "3250", "3405", "9755"]),
            row("Björkens Bygg", &["410", "", "512", "922", "498", "530", "545", "1573"]),
            row("Summa", &["2584", "2661", "4053", "9298", "3598", "3780", "3950", "11328"]),
        ],
    )
}
