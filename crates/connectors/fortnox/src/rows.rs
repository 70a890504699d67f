//! The replacement of a document's rows: those of an update are the document's rows afterwards.
//!
//! Rows without a `RowId` are matched with those that stand by their order, and keep what is not sent: the article, the
//! discount and the project of the row before. Where one row carries a `RowId`, rows without one are new.
//! A document whose rows would keep something is therefore written twice: with the first of the old rows and all new ones,
//! then with the new ones alone, by their ids. Either can be sent again.
//!
//! Source: <https://apps.fortnox.se/apidocs>, the descriptions of `PUT` of invoices, orders and offers.

use std::collections::BTreeMap;

use http::Method;
use serde_json::value::RawValue;
use tieline_core::http::HttpResponse;
use tieline_core::{Error, ErrorKind, Key, RawJson, Result};
use tieline_kit::HeadText;

use crate::connector::Api;
use crate::draft::{BLANK, Members};
use crate::endpoints::Endpoint;
use crate::fields::{Field, Shape};
use crate::list;

const ID: &str = "RowId";

/// The body of an update, once nothing of the rows that stand can stay in those that it sets. A body without rows, and one
/// whose rows name their ids, stays as it is.
pub(crate) async fn prepared(
    api: &Api,
    endpoint: &'static Endpoint,
    key: &Key,
    json: String,
) -> Result<String> {
    let of_rows = endpoint.fields.iter().find_map(|field| match field.shape {
        Shape::Rows(parts) if field.name.ends_with("Rows") => Some((field.name, parts)),
        _ => None,
    });
    let Some((field, parts)) = of_rows else { return Ok(json) };
    let Ok(mut body) = serde_json::from_str::<BTreeMap<String, Members>>(&json) else { return Ok(json) };
    let Some(members) = body.get_mut(endpoint.one) else { return Ok(json) };
    let sent = members.get(field).and_then(|rows| serde_json::from_str::<Vec<Members>>(rows.get()).ok());
    let Some(sent) = sent.filter(|sent| !sent.is_empty() && sent.iter().all(|row| !row.contains_key(ID)))
    else {
        return Ok(json);
    };
    let document = Document { api, endpoint, field, parts, key };
    let Some(rows) = document.replace(sent).await? else { return Ok(json) };
    members.insert(field.to_owned(), rows);
    Ok(RawJson::of(&body)?.get().to_owned())
}

struct Document<'a> {
    api: &'a Api,
    endpoint: &'static Endpoint,
    field: &'static str,
    parts: &'static [Field],
    key: &'a Key,
}

impl Document<'_> {
    /// The rows to send in place of these; `None` when these can be sent.
    async fn replace(&self, mut sent: Vec<Members>) -> Result<Option<Box<RawValue>>> {
        let standing = self.rows_of(&self.ask(Method::GET, None).await?)?;
        let kept: Vec<Vec<&Field>> =
            standing.iter().zip(&sent).map(|(old, new)| self.kept(old, new)).collect();
        if kept.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let by_id = self.parts.iter().any(|part| part.name == ID);
        if by_id && let Some(id) = standing.first().and_then(|row| row.get(ID)) {
            let anchor = Members::from([(ID.to_owned(), id.clone())]);
            let with_anchor: Vec<&Members> = std::iter::once(&anchor).chain(&sent).collect();
            let body = BTreeMap::from([(self.endpoint.one, BTreeMap::from([(self.field, with_anchor)]))]);
            let body = RawJson::of(&body)?.get().to_owned();
            let written = self.rows_of(&self.ask(Method::PUT, Some(body)).await?)?;
            let id_of = |mut row: Members| Some(Members::from([(ID.to_owned(), row.remove(ID)?)]));
            let ids: Option<Vec<Members>> = written.into_iter().skip(1).map(id_of).collect();
            let ids = ids.filter(|ids| ids.len() == sent.len()).ok_or_else(|| {
                Error::new(ErrorKind::Decode, "Fortnox's answer does not hold the rows that were written")
                    .with_advice("read the document, and write its rows again")
            })?;
            return raw(&ids).map(Some);
        }
        // Nothing names these rows: texts and amounts that are left of them are emptied. An account is always there.
        for (row, kept) in sent.iter_mut().zip(kept) {
            for field in kept {
                let empty = match field.shape {
                    Shape::Text | Shape::Ref(_) => BLANK,
                    Shape::Decimal => "0",
                    Shape::DecimalText => "\"0\"",
                    _ => continue,
                };
                row.insert(field.name.to_owned(), raw(&RawJson::parse(empty)?)?);
            }
        }
        raw(&sent).map(Some)
    }

    /// The writable parts of an old row that the new one does not name.
    fn kept(&self, old: &Members, new: &Members) -> Vec<&'static Field> {
        let stands = |name: &str| {
            old.get(name).is_some_and(|value| {
                let text = serde_json::from_str::<HeadText<'_>>(value.get()).ok().and_then(|text| text.0);
                match text {
                    Some(text) => !matches!(text.trim(), "" | "0" | "API_NORIGHT"),
                    None => !matches!(value.get(), "null" | "0" | "0.0" | "false"),
                }
            })
        };
        let parts = self.parts.iter().filter(|part| part.writable && part.name != ID);
        parts.filter(|part| stands(part.name) && !new.contains_key(part.name)).collect()
    }

    async fn ask(&self, method: Method, body: Option<String>) -> Result<HttpResponse> {
        let call = self.endpoint.at(method, self.endpoint.get, self.key.as_str()).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "no record has such a key").with_context("key", self.key)
        })?;
        let call = call.idempotent(true);
        self.api
            .send(match body {
                Some(body) => call.json(body),
                None => call,
            })
            .await
    }

    fn rows_of(&self, answer: &HttpResponse) -> Result<Vec<Members>> {
        let record = list::record(self.endpoint, answer.text()?)?;
        let rows = tieline_core::json::at(record.get(), &format!("/{}", self.field))?;
        match rows.filter(|rows| rows.get().starts_with('[')) {
            Some(rows) => serde_json::from_str(rows.get())
                .map_err(|_| Error::new(ErrorKind::Decode, "the rows of a document are no objects")),
            None => Ok(Vec::new()),
        }
    }
}

fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>> {
    RawValue::from_string(RawJson::of(value)?.get().to_owned())
        .map_err(|_| Error::new(ErrorKind::Internal, "rows could not be written as JSON"))
}
