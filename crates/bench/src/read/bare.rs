//! What one would write without Tieline: a loop over pages, each taken apart into records and dropped.

use reqwest::Client;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use crate::Result;

#[derive(Debug)]
pub(crate) struct Bare {
    client: Client,
    server: Url,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Box<RawValue>>,
    additional_data: AdditionalData,
}

#[derive(Deserialize)]
struct AdditionalData {
    next_cursor: Option<String>,
}

impl Bare {
    pub(crate) fn new(server: &Url) -> Result<Self> {
        Ok(Self { client: Client::builder().no_proxy().build()?, server: server.clone() })
    }

    /// Reads all deals and says how many there were.
    pub(crate) async fn read(&self) -> Result<u64> {
        let mut records = 0;
        let mut cursor: Option<String> = None;
        loop {
            let mut url = self.server.join("/api/v2/deals?limit=500")?;
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let body = self.client.get(url).send().await?.error_for_status()?.bytes().await?;
            let page: Page = serde_json::from_slice(&body)?;
            records += u64::try_from(page.data.len())?;
            cursor = page.additional_data.next_cursor;
            if cursor.is_none() {
                return Ok(records);
            }
        }
    }
}
