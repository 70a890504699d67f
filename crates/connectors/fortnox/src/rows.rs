//! The rows of a document, so that what is sent is what stands afterwards.
//!
//! Rows without a `RowId` are matched with those that stand by their order, and keep what is not sent: the article, the
//! discount, the project of a row that is now another one. Where one row carries a `RowId`, rows without one are new.
//! A document whose rows would keep something is therefore written twice: with the first of the old rows and all new ones,
//! then with the new ones alone, by their ids. Either can be sent again.
//!
//! Source: <https://apps.fortnox.se/apidocs>, the descriptions of `PUT` of invoices, orders, offers and contracts.

use std::collections::BTreeMap;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::value::RawValue;
use tieline_core::{Error, ErrorKind, Key, RawJson, Result, WriteOp, json};
use tieline_kit::{Call, HeadText};
use tieline_rest::{HookContext, HookFuture};

use crate::draft::{Members, blank};
use crate::entities::Entity;
use crate::fields::{Field, Shape};

const ID: &str = "RowId";

/// What is sent before an update of rows, and the fields of the update then. `None` for an update of other fields, and for
/// rows that name their ids themselves.
pub(crate) fn prepare(
    entity: &'static Entity,
    at: &HookContext,
    op: &WriteOp,
    body: &RawJson,
) -> Option<HookFuture<RawJson>> {
    let WriteOp::Update { key, .. } = op else { return None };
    let (field, parts) = entity.fields.iter().find_map(|field| match field.shape {
        Shape::Rows(parts) if field.name.ends_with("Rows") => Some((field.name, parts)),
        _ => None,
    })?;
    let members: Members = serde_json::from_str(body.get()).ok()?;
    let sent: Vec<Members> = serde_json::from_str(members.get(field)?.get()).ok()?;
    if sent.is_empty() || sent.iter().any(|row| row.contains_key(ID)) {
        return None;
    }
    let document = Document { entity, field, parts, at: at.clone(), key: key.clone() };
    Some(Box::pin(async move { document.replace(members, sent).await }))
}

struct Document {
    entity: &'static Entity,
    field: &'static str,
    parts: &'static [Field],
    at: HookContext,
    key: Key,
}

impl Document {
    async fn replace(self, mut members: Members, mut sent: Vec<Members>) -> Result<RawJson> {
        let standing = self.rows_of(self.ask(Method::GET, None).await?)?;
        let kept: Vec<Vec<&Field>> =
            standing.iter().zip(&sent).map(|(old, new)| self.kept(old, new)).collect();
        if kept.iter().all(Vec::is_empty) {
            return RawJson::of(&members);
        }
        let by_id = self.parts.iter().any(|part| part.name == ID);
        if by_id && let Some(id) = standing.first().and_then(|row| row.get(ID)) {
            let anchor = Members::from([(ID.to_owned(), id.clone())]);
            let with_anchor: Vec<&Members> = std::iter::once(&anchor).chain(&sent).collect();
            let body = self.wrapped(&BTreeMap::from([(self.field, with_anchor)]))?;
            let written = self.rows_of(self.ask(Method::PUT, Some(body)).await?)?;
            let ids: Option<Vec<Members>> = written
                .into_iter()
                .skip(1)
                .map(|mut row| Some(Members::from([(ID.to_owned(), row.remove(ID)?)])))
                .collect();
            let ids = ids.filter(|ids| ids.len() == sent.len()).ok_or_else(|| {
                Error::new(ErrorKind::Decode, "Fortnox's answer does not hold the rows that were written")
                    .with_advice("read the document, and write its rows again")
                    .with_context("entity", self.entity.name)
            })?;
            members.insert(self.field.to_owned(), raw(&ids)?);
            return RawJson::of(&members);
        }
        // Nothing names these rows: what is left of them is emptied where a value says so. An account is always there.
        for (row, kept) in sent.iter_mut().zip(kept) {
            let emptied = |shape| !matches!(shape, Shape::Int | Shape::Flag | Shape::Word(_));
            for field in kept.into_iter().filter(|field| emptied(field.shape)) {
                row.insert(field.name.to_owned(), raw(&blank(field.shape))?);
            }
        }
        members.insert(self.field.to_owned(), raw(&sent)?);
        RawJson::of(&members)
    }

    /// What a standing row has, could be written, and is not sent.
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

    async fn ask(&self, method: Method, body: Option<String>) -> Result<tieline_core::http::HttpResponse> {
        let json = http::HeaderValue::from_static("application/json");
        let call = Call::new(method, format!("/3/{}/{{key}}", self.entity.name))
            .entity(self.entity.name)
            .value(self.key.as_str())
            .idempotent(true);
        let call = match body {
            Some(body) => call.json(body),
            None => call,
        };
        let request = call.build(&self.at.base_url)?;
        self.at.http.send(request.with_header(ACCEPT, json.clone()).with_header(CONTENT_TYPE, json)).await
    }

    fn wrapped(&self, members: &impl serde::Serialize) -> Result<String> {
        Ok(RawJson::of(&BTreeMap::from([(self.entity.one, members)]))?.get().to_owned())
    }

    fn rows_of(&self, response: tieline_core::http::HttpResponse) -> Result<Vec<Members>> {
        let found = json::at(response.text()?, &format!("/{}/{}", self.entity.one, self.field))?;
        match found.filter(|rows| rows.get().starts_with('[')) {
            Some(rows) => serde_json::from_str(rows.get()).map_err(|_| {
                Error::new(ErrorKind::Decode, "the rows of a document are no objects")
                    .with_context("entity", self.entity.name)
            }),
            None => Ok(Vec::new()),
        }
    }
}

fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>> {
    RawValue::from_string(RawJson::of(value)?.get().to_owned())
        .map_err(|_| Error::new(ErrorKind::Internal, "rows could not be written as JSON"))
}
