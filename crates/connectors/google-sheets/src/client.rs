//! Calls to Google, and what is remembered of the file's version.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::lock::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tieline_core::http::{HttpClient, HttpResponse};
use tieline_core::{Clock, EntityName, Error, ErrorKind, Result, Text};
use tieline_kit::{Call, HeadText};
use url::Url;

use crate::GoogleSheetsConfig;
use crate::factory::{READS, WRITES};
use crate::grid::{self, Answer};

const DRIVE: &str = "https://www.googleapis.com/";
const DRIVE_FILE: &str = "/drive/v3/files/{id}";
const SPREADSHEET: &str = "/v4/spreadsheets/{id}";
/// The time for which one look at the file's version is good, so that a hundred tabs that are read in a row need one.
const FRESH: TimeDelta = TimeDelta::seconds(5);
/// The most bytes of an answer. A window of wide cells is asked for again in smaller pieces.
const LARGEST: usize = 64 << 20;

/// The version of a file, by Drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revision {
    pub(crate) version: Text,
    pub(crate) modified: Text,
}

/// The last look at the file's version: its time, and the version.
type Seen = Option<(DateTime<Utc>, Option<Revision>)>;

/// Shared by all calls of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: HttpClient,
    base: Url,
    drive: Url,
    clock: Arc<dyn Clock>,
    pub(crate) id: Arc<str>,
    pub(crate) config: Arc<GoogleSheetsConfig>,
    seen: Arc<Mutex<Seen>>,
}

impl Client {
    pub(crate) fn new(
        config: GoogleSheetsConfig,
        base: Url,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let id = config.spreadsheet_id()?;
        // Another address stands for all of Google's.
        let drive = match base.host_str() {
            Some("sheets.googleapis.com") => DRIVE
                .parse()
                .map_err(|_| Error::new(ErrorKind::Internal, "the address of Drive is no URL"))?,
            _ => base.clone(),
        };
        Ok(Self { http, base, drive, clock, id: id.into(), config: Arc::new(config), seen: Arc::default() })
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    async fn send(&self, call: Call, base: &Url) -> Result<HttpResponse> {
        self.http.send(call.build(base)?).await.map_err(|error| self.named(error))
    }

    /// Names the file.
    fn named(&self, error: Error) -> Error {
        error.with_context("spreadsheet", &self.id)
    }

    async fn send_for_cells(&self, call: Call) -> Result<HttpResponse> {
        self.http
            .send(call.build(&self.base)?.with_body_limit(LARGEST))
            .await
            .map_err(|error| self.named(error))
    }

    fn get(&self, fields: &str) -> Call {
        Call::get(SPREADSHEET).value(&self.id).tag(READS).query("fields", fields)
    }

    /// The file and its tabs, without any cell.
    pub(crate) async fn properties(&self) -> Result<HttpResponse> {
        self.send(self.get(grid::PROPERTIES), &self.base).await
    }

    /// The cells of some ranges.
    pub(crate) async fn cells(
        &self,
        fields: &str,
        ranges: &[String],
        entity: &EntityName,
    ) -> Result<HttpResponse> {
        let call = self.get(fields).entity(entity.clone());
        let call = ranges.iter().fold(call, |call, range| call.query("ranges", range));
        self.send_for_cells(call).await
    }

    /// The cells of so many rows that they do not fit an address. It needs the right to write.
    pub(crate) async fn cells_of_rows(
        &self,
        sheet: i64,
        rows: &[u64],
        entity: &EntityName,
    ) -> Result<HttpResponse> {
        let filters: Vec<Value> = rows
            .iter()
            .map(|row| {
                let range =
                    serde_json::json!({ "sheetId": sheet, "startRowIndex": row, "endRowIndex": row + 1 });
                serde_json::json!({ "gridRange": range })
            })
            .collect();
        let body = serde_json::json!({ "dataFilters": filters, "includeGridData": true });
        let call = Call::new(http::Method::POST, "/v4/spreadsheets/{id}:getByDataFilter")
            .value(&self.id)
            .tag(READS)
            .idempotent(true)
            .entity(entity.clone())
            .query("fields", grid::WINDOW)
            .json(body.to_string());
        self.send_for_cells(call).await
    }

    /// Plain values of some ranges, rows of them each.
    pub(crate) async fn values(&self, ranges: &[String], entity: &EntityName) -> Result<HttpResponse> {
        let call = Call::get("/v4/spreadsheets/{id}/values:batchGet")
            .value(&self.id)
            .tag(READS)
            .entity(entity.clone())
            .query("fields", "valueRanges.values")
            .query("valueRenderOption", "UNFORMATTED_VALUE");
        let call = ranges.iter().fold(call, |call, range| call.query("ranges", range));
        self.send_for_cells(call).await
    }

    /// Carries out changes, all of them or none.
    pub(crate) async fn batch_update(&self, body: String, entity: &EntityName) -> Result<()> {
        let call = Call::new(http::Method::POST, "/v4/spreadsheets/{id}:batchUpdate")
            .value(&self.id)
            .tag(WRITES)
            .entity(entity.clone())
            .query("fields", "spreadsheetId")
            .json(body);
        // The version moves with it.
        *self.seen.lock().await = None;
        let response = self.send(call, &self.base).await?;
        #[derive(Deserialize)]
        struct Done {
            #[serde(rename = "spreadsheetId")]
            _spreadsheet: serde::de::IgnoredAny,
        }
        let _done: Done = serde_json::from_str(response.text()?).map_err(|error| {
            Error::new(ErrorKind::Decode, "Google's answer to a write cannot be read").with_source(error)
        })?;
        Ok(())
    }

    /// The version of the file. `None` where the credential may not ask Drive.
    pub(crate) async fn revision(&self) -> Result<Option<Revision>> {
        let mut seen = self.seen.lock().await;
        let now = self.now();
        if let Some((at, revision)) = &*seen
            && (TimeDelta::zero()..FRESH).contains(&(now - *at))
        {
            return Ok(revision.clone());
        }
        let call = Call::get(DRIVE_FILE)
            .value(&self.id)
            .query("fields", "modifiedTime,version")
            .query("supportsAllDrives", "true");
        let revision = match self.send(call, &self.drive).await {
            Ok(response) => revision(response.text()?),
            // Reading on is right, only slower.
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => None,
            Err(error) => return Err(error),
        };
        *seen = Some((now, revision.clone()));
        Ok(revision)
    }

    /// A page of the spreadsheets that the account sees.
    pub(crate) async fn spreadsheets(&self, page: Option<&str>) -> Result<HttpResponse> {
        let call = Call::get("/drive/v3/files")
            .query("q", "mimeType='application/vnd.google-apps.spreadsheet' and trashed=false")
            .query("fields", "nextPageToken,files(id,name)")
            .query("pageSize", 1000)
            .query("supportsAllDrives", "true")
            .query("includeItemsFromAllDrives", "true")
            .query_some("pageToken", page);
        self.send(call, &self.drive).await
    }
}

fn revision(text: &str) -> Option<Revision> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct File<'a> {
        #[serde(borrow, default)]
        version: HeadText<'a>,
        #[serde(borrow, default)]
        modified_time: HeadText<'a>,
    }
    let file: File<'_> = serde_json::from_str(text).ok()?;
    let short = |text: &HeadText<'_>| text.get().filter(|text| text.len() <= 64).map(Text::new);
    Some(Revision { version: short(&file.version)?, modified: short(&file.modified_time)? })
}

/// The answer of a call for cells.
pub(crate) fn answer(response: &HttpResponse) -> Result<Answer<'_>> {
    Answer::parse(response.text()?)
}
