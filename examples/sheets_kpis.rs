//! Key figures from a sheet that people keep: companies by months, read from Google Sheets and computed in exact decimals.
//!
//! It reads a sandbox on this machine, which holds a sheet in Swedish with totals among its months.

use std::error::Error;
use std::sync::Arc;

use tieline::google_sheets::{GoogleSheetsConfig, GoogleSheetsFactory};
use tieline::store::MemoryStore;
use tieline::{Bearer, CheckRequest, Connector, Provider, Tieline};
use tieline_insights::{KeyFigureSheet, TextGrid};
use tieline_sandbox::Sandbox;
use tieline_sandbox::google_sheets::{KEY_FIGURES, TOKEN};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::google_sheets().serve().await?;
    let there = Provider::new(GoogleSheetsFactory::default()).with_base_url(sandbox.base_url().parse()?);
    let app = Tieline::builder()
        .store(Arc::new(MemoryStore::new()))
        .provider(there)
        // This machine's own addresses are refused unless the application allows them by name.
        .allow_network("127.0.0.1/32")
        .build()
        .await?;
    let connection = app.connection("main", "sheets-sandbox");
    let sheets = connection.open_with(GoogleSheetsConfig::new(KEY_FIGURES), Bearer::new(TOKEN))?;
    println!("Connected to {}", sheets.check(CheckRequest::default()).await?.name);

    let texts = sheets.texts(None).await?;
    let grid = TextGrid::new(texts.rows).with_title(&texts.tab).with_hidden_rows(texts.hidden_rows);
    let found = KeyFigureSheet::read(&grid);
    for company in &found.companies {
        let or = |figure: Option<String>| figure.unwrap_or_else(|| "unknown".to_owned());
        let quarter = company.quarter_revenue.as_ref();
        let quarter = quarter.map(|quarter| format!("Q{} {}", quarter.quarter, quarter.amount));
        let year = company.ltm_revenue.map(|figure| figure.to_string());
        println!("  {}: {}, last twelve months {}", company.company, or(quarter), or(year));
    }
    for issue in &found.issues {
        println!("  not understood: {issue}");
    }
    Ok(())
}
