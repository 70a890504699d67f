//! `tieline rest try`: what a sync would do, for two pages.

use std::sync::Arc;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tieline::connector::{ConnectorFactory as _, IntoCredential as _, PassEnd};
use tieline::store::MemoryStore;
use tieline::{Batch, Change, Connector, ReadRequest, Result};
use tieline_rest::{NoCredential, RestFactory};

use super::{DescribedArgs, ReachArgs, factory};
use crate::failure::Outcome;
use crate::lines::stdout;
use crate::session::{base_url, builder, check_network};
use crate::text::{clean, counted};
use crate::{credential, settings};

/// The pages that are read.
const PAGES: usize = 2;
/// The keys that are shown of a page.
const SHOWN: usize = 5;

pub(super) async fn try_entity(described: &DescribedArgs, entity: &str, json: bool) -> Outcome {
    let factory = factory(&described.file)?;
    let config = settings::read(described.config.as_deref(), factory.spec())?;
    let connector = connect(&factory, &config, &described.reach).await?;
    // Said before anything is sent: an entity that is not there, and one that is read parent by parent.
    let mut batches = connector.read(ReadRequest::full(entity))?;
    let mut out = stdout();
    let mut page = 0;
    while page < PAGES {
        let Some(batch) = batches.next().await else { break };
        let batch = batch?;
        page += 1;
        if json {
            out.value(&as_json(page, &batch))?;
        } else {
            out.text(&for_people(page, &batch))?;
        }
    }
    out.flush()
}

/// The connector of a description. Sends nothing.
pub(super) async fn connect(
    factory: &RestFactory,
    config: &Value,
    reach: &ReachArgs,
) -> Result<Arc<dyn Connector>> {
    let declared = factory.base_url(config)?;
    let target = match &reach.host.base_url {
        Some(url) => base_url(url)?,
        None => declared,
    };
    check_network(&reach.host, &target)?;
    let spec = factory.spec();
    let secret = match spec.auth.is_empty() {
        true => NoCredential.into_credential(&spec.auth)?,
        false => credential::read(reach.credential_file.as_deref(), spec)?,
    };
    let application = builder(&reach.host, [factory.clone().into()])?.store(Arc::new(MemoryStore::new()));
    let connection = application.build().await?.connection("rest", &*spec.id);
    Ok(connection.open_settings(&spec.id, config, secret)?.connector().clone())
}

fn keys(batch: &Batch) -> Vec<String> {
    let changes = batch.groups.iter().flat_map(|group| &group.changes);
    changes
        .map(|change| match change {
            Change::Upsert(record) => record.key.to_string(),
            other => format!("-{}", other.key()),
        })
        .collect()
}

fn end(batch: &Batch) -> Option<&'static str> {
    batch.end.as_ref().map(|end| match end {
        PassEnd::Complete => "complete",
        _ => "partial",
    })
}

fn as_json(page: usize, batch: &Batch) -> Value {
    let issues: Vec<&str> = batch.issues.iter().map(|issue| issue.message.as_ref()).collect();
    json!({ "page": page, "keys": keys(batch), "issues": issues, "end": end(batch) })
}

fn for_people(page: usize, batch: &Batch) -> String {
    let keys = keys(batch);
    let shown: Vec<&str> = keys.iter().take(SHOWN).map(String::as_str).collect();
    let more = if keys.len() > SHOWN { ", …" } else { "" };
    let mut text = format!("page {page}: {}", counted(keys.len() as u64, "record"));
    if !keys.is_empty() {
        text.push_str(&format!(", keys {}{more}", clean(&shown.join(", "))));
    }
    text.push('\n');
    for issue in &batch.issues {
        text.push_str(&format!("  {}\n", clean(&issue.to_string())));
    }
    match end(batch) {
        Some("complete") => text.push_str("the list is complete\n"),
        Some(_) => text.push_str("the list is not complete\n"),
        None if page == PAGES => text.push_str("there is more\n"),
        None => {}
    }
    text
}
