//! Our side: the connector on the whole stack, and what a sink does with each record.

use std::hint::black_box;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use tieline_auth::ApiKey;
use tieline_core::{
    Change, Connector as _, ConnectorConfig as _, ConnectorFactory as _, IntoCredential as _, PassEnd,
    ReadRequest, Record,
};
use tieline_http::{ClientOptions, HttpStack};
use tieline_pipedrive::{Pipedrive, PipedriveConfig, PipedriveFactory};
use url::Url;

use crate::Result;

/// Never reached: at the fastest, a window of two seconds sees some ten thousands.
const QUOTA: u32 = 1_000_000;

#[derive(Debug)]
pub(crate) struct Ours {
    connector: Arc<Pipedrive>,
}

impl Ours {
    pub(crate) fn new(server: &Url) -> Result<Self> {
        let factory = PipedriveFactory::default();
        // The provider's own limits in kind and number, each with room for all.
        let mut limits = factory.spec().limits.clone();
        for limit in &mut limits {
            limit.quota = QUOTA;
        }
        if limits.is_empty() {
            return Err("the connector states no limits, so that none would be measured".into());
        }
        let key =
            ApiKey::new("0123456789abcdef0123456789abcdef01234567").into_credential(&factory.spec().auth)?;
        let host = HttpStack::builder().allow_network("127.0.0.1/32").build()?;
        let options = ClientOptions::new(Arc::new(factory), server.clone())
            .with_credential(key)
            .with_account("bench")
            .with_limits(limits);
        let http = host.client(options)?;
        Ok(Self { connector: PipedriveConfig::company("bench").connect(server.clone(), http, host.clock())? })
    }

    /// Reads all deals, gives each to the sink, and says how many there were.
    pub(crate) async fn read(&self, sink: impl Fn(&Record) -> Result<usize>) -> Result<u64> {
        let mut batches = self.connector.read(ReadRequest::full("deals"))?;
        let (mut records, mut read, mut end) = (0, 0, None);
        while let Some(batch) = batches.try_next().await? {
            for change in batch.groups.iter().flat_map(|group| &group.changes) {
                let Change::Upsert(record) = change else {
                    return Err("a full read yields records only".into());
                };
                read += sink(record)?;
                records += 1;
            }
            end = batch.end;
        }
        black_box(read);
        if end == Some(PassEnd::Complete) { Ok(records) } else { Err("the pass is not complete".into()) }
    }
}

/// Reads what every host needs of a record.
pub(crate) fn key_and_time(record: &Record) -> Result<usize> {
    let changed_at = record.changed_at.as_ref().ok_or("a record has no time of change")?;
    Ok(record.key.as_str().len() + changed_at.as_str().len())
}
