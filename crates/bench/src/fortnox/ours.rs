//! Our side: a full read of the connector over the same answers, without a network; then each record is viewed.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use futures_util::StreamExt;
use http::StatusCode;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;
use tieline_core::http::{HttpClient, HttpRequest, HttpResponse, HttpService};
use tieline_core::{
    BuildContext, Change, Connector, ConnectorFactory, Error, ErrorKind, ReadRequest, SystemClock,
};
use tieline_fortnox::FortnoxFactory;
use tokio::runtime::{Builder, Runtime};

use super::Books;
use super::answers::Answers;
use crate::Result;

/// Hands out the answers.
#[derive(Debug)]
struct Shelf(Answers);

#[async_trait]
impl HttpService for Shelf {
    async fn send(&self, request: HttpRequest) -> tieline_core::Result<HttpResponse> {
        let number = |text: &str| text.parse::<usize>().ok();
        let url = request.url();
        let body = match url.path().strip_prefix("/3/invoices/") {
            Some(text) => number(text).and_then(|number| self.0.detail(number)),
            None => url
                .query_pairs()
                .find_map(|(name, value)| if name == "offset" { number(&value) } else { None })
                .and_then(|offset| self.0.page(offset)),
        };
        let mut answer = HttpResponse::new(StatusCode::OK);
        answer.body = body.ok_or_else(|| Error::new(ErrorKind::NotFound, "no answer was made for this"))?;
        Ok(answer)
    }
}

/// A record as it is read.
#[derive(Deserialize)]
struct View {
    #[serde(rename = "InvoiceDate")]
    date: NaiveDate,
    #[serde(rename = "Total", with = "tieline_core::exact")]
    total: Decimal,
}

pub(crate) struct Side {
    connector: Arc<dyn Connector>,
    runtime: Runtime,
}

impl Side {
    pub(crate) fn new(answers: Answers) -> Result<Self> {
        let factory = FortnoxFactory::default();
        let config = json!({});
        let base = factory.base_url(&config)?;
        let http = HttpClient::new(Arc::new(Shelf(answers)));
        let connector = factory.build(BuildContext::new(config, base, http, Arc::new(SystemClock)))?;
        Ok(Self { connector, runtime: Builder::new_current_thread().build()? })
    }

    pub(crate) fn read(&self) -> Result<Books> {
        self.runtime.block_on(async {
            let mut books = Books::default();
            let mut batches = self.connector.read(ReadRequest::full("invoices"))?;
            while let Some(batch) = batches.next().await {
                for change in batch?.groups.into_iter().flat_map(|group| group.changes) {
                    let Change::Upsert(record) = change else { return Err("a read without records".into()) };
                    let view: View = record.payload.view()?;
                    books.take(record.key.as_str(), view.date, view.total);
                }
            }
            Ok(books)
        })
    }
}
