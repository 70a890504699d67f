//! Pipedrive's deals as the connector read them when it was written by hand: the same stack, the same pages, records with
//! their heads, the highest time of change, and a state a page.

use serde::Serialize;
use tieline_core::http::{HttpClient, HttpRequest};
use tieline_core::{Batch, Change, Deletion, EntityName, PassEnd, Progress, RawJson, Record, State};
use tieline_kit::{HeadJson, MaxWatermark, PageLayout, TokenGuard};
use url::Url;

use crate::Result;

/// The stored position.
#[derive(Serialize)]
struct Position<'p> {
    cursor: Option<&'p str>,
    highest: Option<String>,
    done: u64,
}

/// A reader of deals.
#[derive(Debug)]
pub(super) struct ByHand {
    http: HttpClient,
    server: Url,
    layout: PageLayout,
}

impl ByHand {
    pub(super) fn new(http: HttpClient, server: Url) -> Result<Self> {
        let layout = PageLayout::new(&"data".parse()?)
            .with_head(&"id".parse()?)?
            .with_head(&"update_time".parse()?)?
            .with_head(&"is_deleted".parse()?)?
            .with_member(&"/additional_data/next_cursor".parse()?)?;
        Ok(Self { http, server, layout })
    }

    /// Reads all deals, gives each to the sink, and returns their number.
    pub(super) async fn read(&self, sink: impl Fn(&Record) -> Result<usize>) -> Result<u64> {
        let mut cursor: Option<String> = None;
        let mut highest = MaxWatermark::new(None);
        let mut guard = TokenGuard::new();
        let (mut done, mut read) = (0, 0);
        loop {
            let batch = self.page(&mut cursor, &mut highest, &mut guard, &mut done).await?;
            for change in batch.groups.iter().flat_map(|group| &group.changes) {
                let Change::Upsert(record) = change else {
                    return Err("a full read yields records only".into());
                };
                read += sink(record)?;
            }
            if batch.end.is_some() {
                std::hint::black_box(read);
                return Ok(done);
            }
        }
    }

    async fn page(
        &self,
        cursor: &mut Option<String>,
        highest: &mut MaxWatermark,
        guard: &mut TokenGuard,
        done: &mut u64,
    ) -> Result<Batch> {
        let mut url = self.server.join("/api/v2/deals?sort_by=id&sort_direction=asc&limit=500")?;
        if let Some(cursor) = &*cursor {
            guard.next(cursor)?;
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let request =
            HttpRequest::new(http::Method::GET, url).with_template("/api/v2/deals").with_idempotent(true);
        let response = self.http.send(request).await?;
        let mut changes = Vec::with_capacity(500);
        let page = self.layout.walk(response.text()?, |record| {
            let Some(key) = record.head(0).and_then(HeadJson::key) else { return Ok(()) };
            let time = record.head(1).and_then(HeadJson::scalar);
            if let Some(time) = &time {
                highest.see(time);
            }
            changes.push(if record.head(2).and_then(HeadJson::flag) == Some(true) {
                Change::Delete(Deletion::new(key))
            } else {
                let full = Record::new(key, RawJson::from_checked(record.text()));
                Change::Upsert(match time {
                    Some(time) => full.with_changed_at(&*time),
                    None => full,
                })
            });
            Ok(())
        })?;
        page.count()?;
        *cursor = page.member(0).and_then(HeadJson::scalar).map(std::borrow::Cow::into_owned);
        *cursor = cursor.take().filter(|cursor| !cursor.is_empty());
        *done += u64::try_from(changes.len())?;
        let highest = highest.get().map(|highest| highest.text().to_string());
        let state = State::new(1, &Position { cursor: cursor.as_deref(), highest, done: *done })?;
        let batch =
            Batch::new(EntityName::new("deals"), changes, state).with_progress(Progress::new(*done, None));
        Ok(if cursor.is_none() { batch.with_end(PassEnd::Complete) } else { batch })
    }
}
