//! The connector on its real HTTP stack, over the sandbox, under paused time.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use tieline_auth::Bearer;
use tieline_core::{
    Batch, Change, Clock, Connector, ConnectorConfig, ConnectorFactory, IntoCredential, Issue, Operation,
    OperationOutcome, RawJson, ReadRequest, Record, Result, State, WriteOp, WriteRequest,
};
use tieline_google_sheets::{GoogleSheets, GoogleSheetsConfig, GoogleSheetsFactory};
use tieline_http::{ClientOptions, HttpStack};
use tieline_sandbox::google_sheets::{Cell, GoogleSheets as Model, Quotas, Sheet, Spreadsheet, TOKEN};
use tieline_sandbox::{InProcess, Sandbox};

pub(crate) type Drive = Arc<Sandbox<Model>>;

/// The id of the spreadsheet that tests fill.
pub(crate) const FILE: &str = "1FileOfTheTests00000000000000000000000000000";

#[derive(Debug)]
struct DriveClock(Drive);

impl Clock for DriveClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

/// A drive without quotas, with one spreadsheet of these tabs.
pub(crate) fn drive(tabs: Vec<Sheet>) -> Drive {
    let drive = Sandbox::google_sheets();
    drive.set_quotas(Quotas::none());
    drive.add_file(Spreadsheet::new(FILE, "Budget", tabs));
    drive
}

pub(crate) fn config() -> GoogleSheetsConfig {
    GoogleSheetsConfig::new(FILE)
}

pub(crate) fn connected(drive: &Drive, config: GoogleSheetsConfig) -> Arc<GoogleSheets> {
    connected_with(drive, config, Bearer::new(TOKEN))
}

pub(crate) fn connected_with(
    drive: &Drive,
    config: GoogleSheetsConfig,
    secret: impl IntoCredential,
) -> Arc<GoogleSheets> {
    let factory = Arc::new(GoogleSheetsFactory::default());
    let clock: Arc<dyn Clock> = Arc::new(DriveClock(Arc::clone(drive)));
    let credential = secret.into_credential(&factory.spec().auth).unwrap();
    let base = factory.base_url(&serde_json::to_value(&config).unwrap()).unwrap();
    let transport = Arc::new(InProcess::new(Arc::clone(drive)));
    let host = HttpStack::builder().transport(transport).clock(Arc::clone(&clock)).build().unwrap();
    let options =
        ClientOptions::new(factory, base.clone()).with_credential(credential).with_limits(Vec::new());
    config.connect(base, host.client(options).unwrap(), clock).unwrap()
}

pub(crate) fn text(text: &str) -> Cell {
    Cell::from(text)
}

/// Rows of texts.
pub(crate) fn texts(rows: &[&[&str]]) -> Vec<Vec<Cell>> {
    rows.iter().map(|row| row.iter().map(|cell| text(cell)).collect()).collect()
}

pub(crate) async fn batches(sheets: &GoogleSheets, request: ReadRequest) -> Result<Vec<Batch>> {
    sheets.read(request)?.try_collect().await
}

/// All of a read: its records and its issues.
pub(crate) async fn read(sheets: &GoogleSheets, entity: &str) -> (Vec<Record>, Vec<Issue>) {
    let batches = batches(sheets, ReadRequest::full(entity)).await.unwrap();
    (records(&batches), issues(&batches))
}

pub(crate) fn records(batches: &[Batch]) -> Vec<Record> {
    let changes = batches.iter().flat_map(|batch| &batch.groups).flat_map(|group| &group.changes);
    changes
        .filter_map(|change| match change {
            Change::Upsert(record) => Some(record.clone()),
            _ => None,
        })
        .collect()
}

pub(crate) fn issues(batches: &[Batch]) -> Vec<Issue> {
    batches.iter().flat_map(|batch| batch.issues.clone()).collect()
}

/// Records as lines: `key: payload`.
pub(crate) fn lines(records: &[Record]) -> String {
    records.iter().map(|record| format!("{}: {}\n", record.key, record.payload.get())).collect()
}

/// Issues as lines.
pub(crate) fn said(issues: &[Issue]) -> String {
    issues.iter().map(|issue| format!("{issue}\n")).collect()
}

/// The state after a read, as it is stored.
pub(crate) fn state(batches: &[Batch]) -> Option<State> {
    batches.last().map(|batch| State::from_text(&batch.state.to_text().unwrap()).unwrap())
}

pub(crate) fn json(value: Value) -> RawJson {
    RawJson::of(&value).unwrap()
}

pub(crate) async fn write(sheets: &GoogleSheets, entity: &str, ops: Vec<WriteOp>) -> Vec<OperationOutcome> {
    let operations =
        ops.into_iter().enumerate().map(|(n, op)| Operation::new(format!("op-{n}"), op)).collect();
    sheets.write(WriteRequest::new(entity, operations)).unwrap().collect().await
}

/// The methods and paths that were asked for since the last time, without their queries.
pub(crate) fn asked(drive: &Drive) -> Vec<String> {
    let short = |path: &str| path.split('?').next().unwrap().replace(FILE, "FILE");
    let lines =
        drive.requests().iter().map(|seen| format!("{} {}", seen.method, short(&seen.path))).collect();
    drive.forget_requests();
    lines
}
