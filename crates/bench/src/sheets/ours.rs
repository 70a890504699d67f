//! Our side: a full read of the connector over the same answers, without a network.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use http::StatusCode;
use serde_json::json;
use tieline_core::http::{HttpClient, HttpRequest, HttpResponse, HttpService};
use tieline_core::{
    BuildContext, Change, Connector, ConnectorFactory, Error, ErrorKind, ReadRequest, SystemClock,
};
use tieline_google_sheets::GoogleSheetsFactory;
use tokio::runtime::{Builder, Runtime};

use super::Read;
use super::answers::Answers;
use crate::Result;

/// Hands out the answers.
#[derive(Debug)]
struct Shelf(Answers);

#[async_trait]
impl HttpService for Shelf {
    async fn send(&self, request: HttpRequest) -> tieline_core::Result<HttpResponse> {
        let url = request.url();
        if url.path().starts_with("/drive") {
            return Err(Error::new(ErrorKind::Forbidden, "Drive is not asked"));
        }
        let ranges: Vec<(u64, u64)> = url
            .query_pairs()
            .filter(|(name, _)| name == "ranges")
            .filter_map(|(_, range)| {
                let (from, end) = range.strip_prefix("'Data'!")?.split_once(':')?;
                Some((from.parse::<u64>().ok()?.checked_sub(1)?, end.parse().ok()?))
            })
            .collect();
        let mut answer = HttpResponse::new(StatusCode::OK);
        answer.body = self.0.window(&ranges);
        Ok(answer)
    }
}

pub(crate) struct Side {
    connector: Arc<dyn Connector>,
    runtime: Runtime,
}

impl Side {
    pub(crate) fn new(answers: Answers) -> Result<Self> {
        let factory = GoogleSheetsFactory::default();
        let config =
            json!({ "spreadsheet": "1BenchOfTheSheets00000000000000000000000000", "key": "Title 0" });
        let base = factory.base_url(&config)?;
        let http = HttpClient::new(Arc::new(Shelf(answers)));
        let connector = factory.build(BuildContext::new(config, base, http, Arc::new(SystemClock)))?;
        Ok(Self { connector, runtime: Builder::new_current_thread().build()? })
    }

    pub(crate) fn read(&self) -> Result<Read> {
        self.runtime.block_on(async {
            let mut read = Read::default();
            let mut batches = self.connector.read(ReadRequest::full("Data"))?;
            while let Some(batch) = batches.next().await {
                let batch = batch?;
                if let Some(issue) = batch.issues.first() {
                    return Err(issue.to_string().into());
                }
                for change in batch.groups.into_iter().flat_map(|group| group.changes) {
                    let Change::Upsert(record) = change else { return Err("a read without records".into()) };
                    read.take(record.key.as_str(), record.payload.get());
                }
            }
            Ok(read)
        })
    }
}
