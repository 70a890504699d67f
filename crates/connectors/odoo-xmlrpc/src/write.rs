//! Writing, one operation at a time: Odoo's calls are transactions of their own, done or not done.

use serde_json::Value;
use tieline_core::{
    Error, ErrorKind, Key, Outcome, OutcomeStream, Patch, RawJson, Resend, Result, Text, WriteOp,
    WriteRequest,
};
use tieline_kit::{Done, excerpt, outcome_of, outcomes};

use crate::call::Call;
use crate::connector::{Api, on};
use crate::lookup::id;
use crate::model::Model;
use crate::{faults, invoke, load, salvage, values};

pub(crate) fn write(api: Api, request: WriteRequest) -> OutcomeStream {
    let entity = request.entity;
    outcomes(request.operations, move |operation| {
        let (api, entity) = (api.clone(), entity.clone());
        async move {
            let entity = entity.as_str();
            let done = match operation.op {
                WriteOp::Create { fields, marker, .. } => {
                    create(&api, entity, &fields, marker.as_ref()).await
                }
                WriteOp::Update { key, patch, if_version, .. } => {
                    update(&api, entity, &key, &patch, if_version.as_ref()).await.map(Done::from)
                }
                WriteOp::Delete { key, .. } => delete(&api, entity, &key).await.map(Done::from),
                WriteOp::Invoke { action, key, input, .. } => {
                    invoke::invoke(&api, entity, action.as_str(), key.as_ref(), &input).await.map(Done::from)
                }
                _ => Err(Error::unsupported("this kind of operation")),
            };
            // What fails before the write itself is sent has only read.
            done.unwrap_or_else(|error| outcome_of(on(error, entity), true).into())
        }
    })
}

/// Through import when a marker is asked for and the values can be said there: then sending it twice makes one record.
async fn create(api: &Api, entity: &str, fields: &RawJson, marker: Option<&Text>) -> Result<Done> {
    let model = api.model(entity).await?;
    let values = values::record(&model, fields)?;
    let table = match marker {
        Some(marker) => load::table(&model, &values, marker.as_str())?,
        None => None,
    };
    if let Some(table) = table {
        let made = match api.value(&table.call(entity)?).await {
            Ok(answer) => load::key(&answer),
            Err(error) => Err(error),
        };
        return Ok(made.map_or_else(|error| failed(error, true), applied).into());
    }
    let call = Call::acting(entity, "create").arg("vals_list", &[&values])?;
    let made = match api.value(&call).await {
        Ok(answer) => created(&answer),
        Err(error) => Err(error),
    };
    if marker.is_none() {
        return Ok(made.map_or_else(|error| failed(error, false), applied).into());
    }
    let outcome = match made {
        Ok(key) => applied(key),
        Err(error) => failed(
            error.with_context("marker", "none: Odoo's import, which writes it, does not take these fields"),
            false,
        ),
    };
    Ok(Done::without_marker(outcome))
}

fn applied(key: Key) -> Outcome {
    Outcome::applied(Some(key))
}

/// A method that was carried out although its answer could not be sent has done something.
fn failed(error: Error, idempotent: bool) -> Outcome {
    if faults::was_done(&error) {
        return Outcome::Unknown(error);
    }
    outcome_of(error, idempotent)
}

fn created(answer: &RawJson) -> Result<Key> {
    let told: Value = answer.view()?;
    let id = told.get(0).unwrap_or(&told).as_i64();
    id.map(Key::from).ok_or_else(|| {
        Error::new(ErrorKind::Decode, "Odoo's answer does not name the new record")
            .with_resend(Resend::IfIdempotent)
    })
}

async fn update(
    api: &Api,
    entity: &str,
    key: &Key,
    patch: &Patch,
    if_version: Option<&Text>,
) -> Result<Outcome> {
    let model = api.model(entity).await?;
    if patch.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    let id = id(key).ok_or_else(|| missing(entity, key))?;
    let (values, idempotent) = values::changes(&model, patch)?;
    if let Some(version) = if_version {
        // Odoo has no conditional write. What is written between this look and the write is not noticed.
        let (current, _) = salvage::by_ids(api, &model, &model.wanted(&[])?, &[id]).await?;
        match current.into_iter().flatten().next() {
            None => return Err(missing(entity, key)),
            Some(current) if current.version.as_ref() != Some(version) => {
                return Ok(Outcome::conflict(Some(Box::new(current))));
            }
            Some(_) => {}
        }
    }
    let call = Call::acting(entity, "write").ids([id]).arg("vals", &values)?.idempotent(idempotent);
    match api.value(&call).await {
        Ok(_) => Ok(applied(key.clone())),
        Err(error) if is_gone(api, &model, id, &error).await => Err(missing(entity, key)),
        // Sent again, it would meet the version that it made itself.
        Err(error) => Ok(failed(error, idempotent && if_version.is_none())),
    }
}

async fn delete(api: &Api, entity: &str, key: &Key) -> Result<Outcome> {
    let model = api.model(entity).await?;
    let Some(id) = id(key) else { return Ok(Outcome::Unchanged) };
    // Ids are never given twice, so that a second unlink finds nothing.
    let call = Call::acting(entity, "unlink").ids([id]).idempotent(true);
    match api.value(&call).await {
        Ok(_) => Ok(applied(key.clone())),
        Err(error) if is_gone(api, &model, id, &error).await => Ok(Outcome::Unchanged),
        Err(error) => Ok(failed(error, true)),
    }
}

/// Whether a refusal means that the record is gone. XML-RPC has one code for all refusals, and words in the user's
/// language.
async fn is_gone(api: &Api, model: &Model, id: i64, error: &Error) -> bool {
    if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Rejected) {
        return false;
    }
    let Ok(fields) = model.wanted(&[]) else { return false };
    matches!(salvage::by_ids(api, model, &fields, &[id]).await, Ok((records, _)) if records.is_empty())
}

pub(crate) fn missing(entity: &str, key: &Key) -> Error {
    Error::new(ErrorKind::NotFound, "the record does not exist or was deleted")
        .with_context("entity", excerpt(entity, 80))
        .with_context("key", excerpt(key.as_str(), 40))
}
