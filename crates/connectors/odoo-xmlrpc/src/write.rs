//! Writing, one operation at a time: Odoo's calls are transactions of their own, done or not done.

use serde_json::Value;
use tieline_core::{
    Error, ErrorKind, FieldPath, Key, Outcome, OutcomeStream, Patch, RawJson, Record, Resend, Result, Text,
    WriteOp, WriteRequest,
};
use tieline_kit::{Done, excerpt, on_entity, outcome_of, outcomes};

use crate::call::Call;
use crate::client::Client;
use crate::lookup::id;
use crate::model::Model;
use crate::values::{Held, Values};
use crate::{faults, invoke, load, lookup, salvage, values};

pub(crate) fn write(client: Client, request: WriteRequest) -> OutcomeStream {
    let entity = request.entity;
    outcomes(request.operations, move |operation| {
        let (client, entity) = (client.clone(), entity.clone());
        async move {
            let entity = entity.as_str();
            let done = match operation.op {
                WriteOp::Create { fields, marker, .. } => {
                    create(&client, entity, &fields, marker.as_ref()).await
                }
                WriteOp::Update { key, patch, if_version, .. } => {
                    update(&client, entity, &key, &patch, if_version.as_ref()).await.map(Done::from)
                }
                WriteOp::Delete { key, .. } => delete(&client, entity, &key).await.map(Done::from),
                WriteOp::Invoke { action, key, input, .. } => {
                    invoke::invoke(&client, entity, action.as_str(), key.as_ref(), &input)
                        .await
                        .map(Done::from)
                }
                _ => Err(Error::unsupported("this kind of operation")),
            };
            done.unwrap_or_else(|error| unsent(on_entity(error, entity)).into())
        }
    })
}

/// The outcome of what failed before the write itself was sent: so far there were only reads, so that nothing is open.
fn unsent(error: Error) -> Outcome {
    match (error.resend(), error.kind()) {
        (Resend::Never, ErrorKind::Decode) => Outcome::Rejected(error),
        (
            Resend::Never,
            ErrorKind::Timeout | ErrorKind::Transport | ErrorKind::Unavailable | ErrorKind::Internal,
        ) => Outcome::Deferred(error),
        _ => outcome_of(error, true),
    }
}

/// A call that writes: without e-mails to followers unless the settings ask for them.
fn writing(client: &Client, model: &str, method: &str) -> Call {
    let call = Call::acting(model, method);
    if client.notifies() { call } else { call.quietly() }
}

/// Through import when a marker is asked for and the values can be said there: then sending it twice makes one record.
async fn create(client: &Client, entity: &str, fields: &RawJson, marker: Option<&Text>) -> Result<Done> {
    let model = client.model(entity).await?;
    let values = values::record(&model, fields)?;
    let table = match marker {
        Some(marker) => load::table(&model, &values, marker.as_str())?,
        None => None,
    };
    if let Some(table) = table {
        let mut call = table.call(entity)?;
        if !client.notifies() {
            call = call.quietly();
        }
        let made = match client.value(&call).await {
            Ok(answer) => load::key(&answer),
            Err(error) => Err(error),
        };
        return Ok(match made {
            Ok(key) => applied(key).into(),
            // Import says everything in one way: whether it is about rights is asked.
            Err(error) if error.kind() == ErrorKind::Rejected && !may_create(client, entity).await => {
                Outcome::Rejected(faults::may_not_create(entity)).into()
            }
            Err(error) => failed(error, true).into(),
        });
    }
    let call = writing(client, entity, "create").arg("vals_list", &[&values])?;
    let made = match client.value(&call).await {
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

/// Whether the user may make records of a model, as far as the server tells.
async fn may_create(client: &Client, entity: &str) -> bool {
    let newer = client.session().await.is_ok_and(|session| {
        session.version.as_ref().is_some_and(|version| version.major >= faults::HAS_ACCESS_SINCE)
    });
    let call = if newer {
        Call::reading(entity, "has_access").ids([]).arg("operation", "create")
    } else {
        Call::reading(entity, "check_access_rights")
            .arg("operation", "create")
            .and_then(|call| call.named("raise_exception", &false))
    };
    let Ok(call) = call else { return true };
    !matches!(client.value(&call).await, Ok(answer) if answer.get() == "false")
}

pub(crate) fn applied(key: Key) -> Outcome {
    Outcome::applied(Some(key))
}

/// A method that was carried out although its answer could not be sent has done something.
fn failed(error: Error, idempotent: bool) -> Outcome {
    if faults::was_done(&error) {
        return Outcome::Unknown(
            error.with_advice("Odoo carried it out before this: look for it before it is sent again"),
        );
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

/// Looks first: a `write` of Odoo to a record that is not there may say that it is done, and one that changes nothing
/// gives the record a new time of change all the same.
async fn update(
    client: &Client,
    entity: &str,
    key: &Key,
    patch: &Patch,
    if_version: Option<&Text>,
) -> Result<Outcome> {
    let model = client.model(entity).await?;
    if patch.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    let id = id(key).ok_or_else(|| missing(entity, key))?;
    let (values, idempotent) = values::changes(&model, patch)?;
    let current = current(client, &model, &values, id).await?.ok_or_else(|| missing(entity, key))?;
    if if_version.is_some_and(|version| current.version.as_ref() != Some(version)) {
        // Odoo has no conditional write. What is written between this look and the write is not noticed.
        let whole = lookup::keys(client, entity, vec![key.clone()]).await?;
        let whole = whole.records().next().cloned().unwrap_or(current);
        return Ok(Outcome::conflict(Some(Box::new(whole))));
    }
    if compared(&model, &values, &current).all(|(_, held)| held == Held::Same) {
        return Ok(Outcome::Unchanged);
    }
    let call = writing(client, entity, "write").ids([id]).arg("vals", &values)?.idempotent(idempotent);
    let told = match client.value(&call).await {
        Ok(answer) => answer.get() == "true",
        // The method was carried out and returned nothing.
        Err(error) if faults::was_none(&error) => false,
        Err(error) if is_gone(client, &model, id, &error).await => return Err(missing(entity, key)),
        // Sent again, it would meet the version that it made itself.
        Err(error) => return Ok(failed(error, idempotent && if_version.is_none())),
    };
    let form_only = values.keys().any(|name| model.fields.get(name).is_some_and(|field| field.readonly));
    if told && !form_only {
        return Ok(applied(key.clone()));
    }
    Ok(match verify(client, &model, &values, id).await {
        Ok(true) => applied(key.clone()),
        Ok(false) => Outcome::Rejected(
            Error::new(ErrorKind::Rejected, "Odoo took the change and left the record as it was")
                .with_advice("a rule of this database keeps these fields: change them in Odoo, or call the action that does")
                .with_context("entity", excerpt(entity, 80)),
        ),
        Err(error) => Outcome::Unknown(on_entity(error, entity)),
    })
}

/// The record's fields that are to be written, as far as they can be compared. `None` when there is no such record.
async fn current(client: &Client, model: &Model, values: &Values, id: i64) -> Result<Option<Record>> {
    let own = model.own_fields();
    let written = values.keys().filter(|name| model.fields.get(*name).is_some_and(|field| !field.is_file()));
    let mut fields: Vec<String> = own.iter().cloned().chain(written.cloned()).collect();
    fields.dedup();
    let found = match salvage::by_ids(client, model, &fields, &[id]).await {
        // One of the fields cannot be read, and is written all the same.
        Err(error) if salvage::may_be_data(&error) => salvage::by_ids(client, model, &own, &[id]).await,
        found => found,
    };
    Ok(found?.0.into_iter().flatten().next())
}

/// Each value with what the record holds.
fn compared<'a>(
    model: &'a Model,
    values: &'a Values,
    record: &'a Record,
) -> impl Iterator<Item = (&'a str, Held)> {
    values.iter().map(|(name, value)| {
        let now = record.payload.at(FieldPath::field(name).as_str()).ok().flatten().map(RawJson::from_raw);
        let held =
            model.fields.get(name).map_or(Held::Unknown, |field| values::held(field, value, now.as_ref()));
        (name.as_str(), held)
    })
}

/// Whether what was written is there, as far as it can be compared.
async fn verify(client: &Client, model: &Model, values: &Values, id: i64) -> Result<bool> {
    let record = current(client, model, values, id).await?;
    let record = record.ok_or_else(|| missing(&model.name, &Key::from(id)))?;
    Ok(compared(model, values, &record).all(|(_, held)| held != Held::Other))
}

async fn delete(client: &Client, entity: &str, key: &Key) -> Result<Outcome> {
    let model = client.model(entity).await?;
    let Some(id) = id(key) else { return Ok(Outcome::Unchanged) };
    if salvage::by_ids(client, &model, &model.own_fields(), &[id]).await?.0.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    // Ids are never given twice, so that a second unlink finds nothing.
    let call = writing(client, entity, "unlink").ids([id]).idempotent(true);
    let told = match client.value(&call).await {
        Ok(answer) => answer.get() == "true",
        Err(error) if faults::was_none(&error) => false,
        Err(error) if is_gone(client, &model, id, &error).await => return Ok(Outcome::Unchanged),
        Err(error) => return Ok(failed(error, true)),
    };
    if told {
        return Ok(applied(key.clone()));
    }
    Ok(match salvage::by_ids(client, &model, &model.own_fields(), &[id]).await {
        Ok((left, _)) if left.is_empty() => applied(key.clone()),
        Ok(_) => Outcome::Rejected(
            Error::new(ErrorKind::Rejected, "Odoo did not delete the record, and gives no reason")
                .with_advice("archive it instead, with the action action_archive")
                .with_context("entity", excerpt(entity, 80)),
        ),
        Err(error) => Outcome::Unknown(on_entity(error, entity)),
    })
}

/// Whether a refusal means that the record is gone. XML-RPC has one code for all refusals, and words in the user's
/// language.
async fn is_gone(client: &Client, model: &Model, id: i64, error: &Error) -> bool {
    if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Rejected) {
        return false;
    }
    let found = salvage::by_ids(client, model, &model.own_fields(), &[id]).await;
    matches!(found, Ok((records, _)) if records.is_empty())
}

pub(crate) fn missing(entity: &str, key: &Key) -> Error {
    Error::new(ErrorKind::NotFound, "the record does not exist or was deleted")
        .with_context("entity", excerpt(entity, 80))
        .with_context("key", excerpt(key.as_str(), 40))
}
