//! `tieline kpis`: the key figures of companies that people keep in a sheet of Google Sheets.

use std::io;

use serde_json::json;
use tieline::google_sheets::GoogleSheets;
use tieline::{Error, ErrorKind};
use tieline_insights::{KeyFigureSheet, TextGrid};

use crate::arguments::{ConnectionArgs, KpisArgs};
use crate::failure::Outcome;
use crate::lines::stdout;
use crate::session::connect;
use crate::table::Table;
use crate::text::{Paint, clean};

const PROVIDER: &str = "google-sheets";

pub(crate) async fn kpis(options: KpisArgs, json: bool) -> Outcome {
    let KpisArgs { sheet, tab, credential_file, store, host } = options;
    let connection = ConnectionArgs {
        provider: PROVIDER.to_owned(),
        config: Some(json!({ "spreadsheet": sheet }).to_string()),
        credential_file,
        stored: None,
        store,
        host,
    };
    let connected = connect(&connection).await?;
    let sheets = connected.connector.downcast::<GoogleSheets>();
    let sheets =
        sheets.ok_or_else(|| Error::new(ErrorKind::Internal, "the connector is not Google Sheets"))?;
    let texts = sheets.texts(tab.as_deref()).await?;
    let grid = TextGrid::new(texts.rows).with_title(&texts.tab).with_hidden_rows(texts.hidden_rows);
    let found = KeyFigureSheet::read(&grid);
    let mut out = stdout();
    if json {
        out.value(&found)?;
    } else {
        let title = format!("{}, {}", texts.spreadsheet, texts.tab);
        out.text(&for_people(&title, &found, Paint::on(&io::stdout())))?;
    }
    out.flush()
}

fn for_people(title: &str, found: &KeyFigureSheet, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold(&clean(title)));
    if !found.companies.is_empty() {
        let mut table = Table::new(&["COMPANY", "QUARTER", "REVENUE", "LTM", "GROWTH", "EMPLOYEES", "CASH"]);
        for company in &found.companies {
            let quarter = company.quarter_revenue.as_ref();
            let name = quarter.map(|quarter| match quarter.year {
                Some(year) => format!("{year} Q{}", quarter.quarter),
                None => format!("Q{}", quarter.quarter),
            });
            let shown = |figure: Option<String>| figure.unwrap_or_default();
            table.row([
                clean(&company.company).into_owned(),
                shown(name),
                shown(quarter.map(|quarter| quarter.amount.to_string())),
                shown(company.ltm_revenue.map(|figure| figure.to_string())),
                shown(company.growth_pct.map(|figure| format!("{figure} %"))),
                shown(company.employees.map(|figure| figure.to_string())),
                shown(company.cash.map(|figure| figure.to_string())),
            ]);
        }
        text.push_str(&table.show("", paint));
    }
    if let Some(currency) = &found.currency {
        text.push_str(&format!("Amounts in {currency}\n"));
    }
    for issue in &found.issues {
        let shown = clean(&issue.text).into_owned();
        text.push_str(&format!(
            "{} {}: {:?}: {}\n",
            paint.yellow("warning:"),
            issue.cell,
            shown,
            issue.reason
        ));
    }
    text
}
