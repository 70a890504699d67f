//! The sending of a write, and what its answer says of the record.

use tieline_core::http::HttpResponse;
use tieline_core::{Key, Lookup, Outcome, Result};

use super::fields::text_at;
use super::lookup::{key_of_parts, one_record, record};
use super::words::RequestWords;
use super::write::Writer;
use crate::description::{KeyPart, Request};
use crate::template::WordName;

impl Writer {
    /// Sends a write. Without a body of its own the record is the body.
    pub(super) async fn send(
        &self,
        request: &Request,
        words: &RequestWords<'_>,
        record: Option<&str>,
    ) -> Result<HttpResponse> {
        if request.body.is_none() && request.form.is_empty() && record.is_some() {
            let mut own = request.clone();
            own.body = Some(crate::template::Tree::Word(crate::template::Word::plain(WordName::Record)));
            return self.client.send(&own, words, false).await;
        }
        self.client.send(request, words, false).await
    }

    /// What the answer of a write says of the record.
    pub(super) fn applied(
        &self,
        request: &Request,
        response: &HttpResponse,
        key: Option<&Key>,
        parents: &[String],
    ) -> Outcome {
        if let Some(outcome) = super::accepted::accepted(request, response) {
            return outcome;
        }
        let walk = request.walk.over(&self.entity.walk);
        let mut parents = parents.to_vec();
        if parents.is_empty()
            && let Some(key) = key
            && self.entity.walk.key.contains(&KeyPart::Parent)
        {
            parents.extend(
                super::reading::split_key(key, self.entity.walk.key.len()).into_iter().flatten().next(),
            );
        }
        let found = response.text().ok().filter(|text| text.trim_start().starts_with('{')).and_then(|text| {
            let reading = one_record(&self.client, request, &walk).ok()?;
            record(&reading, text, &parents).ok().flatten()
        });
        let record = match found {
            // An answer that is not the record itself must not pass for it.
            Some(Lookup::Record(record)) if key.is_none_or(|key| record.key == *key) => Some(record),
            _ => None,
        };
        let created = || {
            let place = request.record.clone().unwrap_or_default();
            let id = text_at(response.text().ok()?, &format!("{place}/id"))?;
            Some(key_of_parts(&parents, &id, &self.entity))
        };
        let known =
            record.as_ref().map(|record| record.key.clone()).or_else(|| key.cloned()).or_else(created);
        let outcome = Outcome::applied(known);
        match record {
            Some(record) => outcome.with_record(record),
            None => outcome,
        }
    }
}
