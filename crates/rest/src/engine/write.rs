//! Writes: one request for each operation, one outcome for each, in order.

use std::sync::Arc;

use tieline_core::http::HttpResponse;
use tieline_core::{
    EntityName, Error, ErrorKind, Key, Lookup, Operation, Outcome, OutcomeStream, RawJson, Record, Resend,
    Result, WriteOp, WriteRequest,
};
use tieline_kit::{Done, outcome_of, outcomes};

use super::client::Client;
use super::fields::{changes, members, needs_record, object, quoted, text_at};
use super::lookup::{current as current_record, key_of_parts, key_words, parent_record, record};
use super::partitions::parents_of;
use super::plan::entity;
use super::words::RequestWords;
use crate::description::{Entity, KeyPart, Request};
use crate::template::WordName;

/// A lazy stream of outcomes.
///
/// # Errors
/// At once for an unknown entity.
pub(crate) fn write(client: &Client, request: WriteRequest) -> Result<OutcomeStream> {
    let found = entity(&client.description, request.entity.as_str())?;
    if request.partition.is_some() && found.parent.is_none() {
        tieline_kit::refuse_partition(&request.entity, request.partition.as_ref())?;
    }
    let parents =
        request.partition.as_ref().map(|partition| parents_of(partition.as_str())).unwrap_or_default();
    if let Some(outcomes) = client.hooks.write(&client.hook_context(&request.entity), &request.operations) {
        return Ok(outcomes);
    }
    let name = request.entity.clone();
    let writer = Arc::new(Writer { client: client.clone(), name, entity: found.clone(), parents });
    Ok(outcomes(request.operations, move |op: Operation| {
        let writer = Arc::clone(&writer);
        async move { writer.carry_out(op.op).await }
    }))
}

#[derive(Debug)]
struct Writer {
    client: Client,
    name: EntityName,
    entity: Entity,
    /// The partition that is written to.
    parents: Vec<String>,
}

impl Writer {
    async fn carry_out(&self, op: WriteOp) -> Done {
        let result = match &op {
            WriteOp::Create { fields, marker, .. } => {
                return self.create(&op, fields, marker.as_ref().map(|marker| marker.as_str())).await;
            }
            WriteOp::Update { key, patch, if_version, .. } => {
                self.update(&op, key, patch, if_version.as_ref().map(|version| version.as_str())).await
            }
            WriteOp::Delete { key, .. } => self.delete(key).await,
            WriteOp::Invoke { action, key, input, .. } => {
                self.invoke(action.as_str(), key.as_ref(), input).await
            }
            _ => Err(Error::unsupported("this operation")),
        };
        result.unwrap_or_else(Outcome::Rejected).into()
    }

    async fn create(&self, op: &WriteOp, fields: &RawJson, marker: Option<&str>) -> Done {
        let carried = match self.marked(fields, marker) {
            Ok(fields) => fields,
            Err(error) => return Outcome::Rejected(error).into(),
        };
        let sent_marker = marker.is_some() && self.entity.marker.is_some();
        let outcome = self.create_marked(op, &carried, marker).await.unwrap_or_else(Outcome::Rejected);
        if marker.is_some() && !sent_marker { Done::without_marker(outcome) } else { outcome.into() }
    }

    /// The fields with the marker in its member.
    fn marked(&self, fields: &RawJson, marker: Option<&str>) -> Result<String> {
        let mut members = members(fields.get())?;
        if let (Some(marker), Some(member)) = (marker, &self.entity.marker) {
            members.insert(member.clone(), quoted(marker));
        }
        Ok(object(&members))
    }

    async fn create_marked(&self, op: &WriteOp, fields: &str, marker: Option<&str>) -> Result<Outcome> {
        let request = self.entity.create.as_ref().ok_or_else(|| Error::unsupported("creating this"))?;
        let mut words = RequestWords { marker, ..self.client.words() };
        let parents = self.parents(request, fields)?;
        words.parents.clone_from(&parents);
        let above = match request.uses(&|word| matches!(word, WordName::Parent(_))) {
            true => Some(parent_record(&self.client, &self.entity, &parents).await?),
            false => None,
        };
        words.parent_record = above.as_ref().map(RawJson::get);
        let record = self.hooked(op, self.without_path(request, fields)?)?;
        words.record = Some(&record);
        words.input = Some(fields);
        self.checked(request, &record)?;
        let idempotent = request.is_idempotent(false) || request.uses(&|word| *word == WordName::Marker);
        Ok(match self.send(request, &words, Some(&record)).await {
            Ok(response) => self.applied(request, &response, None, &parents),
            Err(error) => outcome_of(error, idempotent),
        })
    }

    /// The parent, where the path needs one: the field that names it.
    fn parents(&self, request: &Request, fields: &str) -> Result<Vec<String>> {
        if !request.uses(&|word| matches!(word, WordName::ParentKey | WordName::Parent(_))) {
            return Ok(Vec::new());
        }
        if self.parents.len() == 1 {
            return Ok(self.parents.clone());
        }
        let field = self.entity.parent_field.as_deref();
        let found = field.and_then(|field| text_at(fields, &format!("/{}", field.replace('.', "/"))));
        found.map(|parent| vec![parent]).ok_or_else(|| {
            let advice = match field {
                Some(field) => format!("name it in {field:?}"),
                None => "the description does not say which field names it: parent_field".to_owned(),
            };
            Error::new(ErrorKind::Rejected, "the parent of the record is not named").with_advice(advice)
        })
    }

    /// What stands in the path is not sent again.
    fn without_path(&self, request: &Request, fields: &str) -> Result<String> {
        let Some(field) = &self.entity.parent_field else { return Ok(fields.to_owned()) };
        if !request.uses(&|word| matches!(word, WordName::ParentKey | WordName::Parent(_))) {
            return Ok(fields.to_owned());
        }
        let mut members = members(fields)?;
        members.remove(field);
        Ok(object(&members))
    }

    /// The fields as the connector's hook writes them.
    fn hooked(&self, op: &WriteOp, fields: String) -> Result<String> {
        let fields = RawJson::from_checked(fields.as_str());
        let at = self.client.hook_context(&self.name);
        Ok(self.client.hooks.body(&at, op, fields)?.get().to_owned())
    }

    /// Only fields that the request writes.
    fn checked(&self, request: &Request, record: &str) -> Result<()> {
        if request.only.is_empty() {
            return Ok(());
        }
        for name in members(record)?.keys() {
            if !request.only.contains(name) {
                return Err(Error::new(ErrorKind::Rejected, "a field cannot be written")
                    .with_context("field", name)
                    .with_advice(format!("these can: {}", request.only.join(", "))));
            }
        }
        Ok(())
    }

    async fn update(
        &self,
        op: &WriteOp,
        key: &Key,
        patch: &tieline_core::Patch,
        if_version: Option<&str>,
    ) -> Result<Outcome> {
        let request = self.entity.update.as_ref().ok_or_else(|| Error::unsupported("updating this"))?;
        if patch.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        let sends_version = request.uses(&|word| *word == WordName::Version);
        let reads =
            needs_record(patch) || request.merge_with.is_some() || (if_version.is_some() && !sends_version);
        let current = if reads {
            match current_record(&self.client, &self.entity, key).await {
                Ok(Some(record)) => Some(record),
                Ok(None) => {
                    return Ok(Outcome::Rejected(Error::new(ErrorKind::NotFound, "the record is gone")));
                }
                // Nothing was written.
                Err(error) => return Ok(Outcome::Deferred(error.with_resend(Resend::Safe))),
            }
        } else {
            None
        };
        if let (Some(wanted), false, Some(record)) = (if_version, sends_version, &current) {
            match &record.version {
                Some(version) if *version == wanted => {}
                Some(_) => return Ok(Outcome::conflict(current.map(Box::new))),
                None => {
                    return Err(Error::unsupported(
                        "updating only a certain version: records here carry none",
                    ));
                }
            }
        }
        let clear = self.entity.clear.as_deref().unwrap_or("null");
        let changed = changes(patch, current.as_ref().map(|record| &record.payload), clear)?;
        self.checked(request, &changed)?;
        let changed = self.hooked(op, changed)?;
        let mut words = RequestWords { version: if_version, ..self.client.words() };
        key_words(&self.entity, key, &mut words)?;
        words.record = Some(&changed);
        words.input = Some(&changed);
        let parents = words.parents.clone();
        Ok(match self.send(request, &words, Some(&changed)).await {
            Ok(response) => self.applied(request, &response, Some(key), &parents),
            Err(error)
                if error.kind() == ErrorKind::Conflict && if_version.is_some() && error.attempts() <= 1 =>
            {
                let current = current_record(&self.client, &self.entity, key).await.ok().flatten();
                Outcome::conflict(current.map(Box::new))
            }
            Err(error) => outcome_of(error, request.is_idempotent(false)),
        })
    }

    async fn delete(&self, key: &Key) -> Result<Outcome> {
        let request = self.entity.delete.as_ref().ok_or_else(|| Error::unsupported("deleting this"))?;
        let mut words = self.client.words();
        key_words(&self.entity, key, &mut words)?;
        Ok(match self.send(request, &words, None).await {
            Ok(_) => Outcome::applied(Some(key.clone())),
            Err(error) if error.kind() == ErrorKind::NotFound => Outcome::Unchanged,
            Err(error) => outcome_of(error, request.is_idempotent(false)),
        })
    }

    async fn invoke(&self, action: &str, key: Option<&Key>, input: &RawJson) -> Result<Outcome> {
        let all = self.entity.actions.iter().chain(&self.client.description.actions);
        let request =
            all.clone().find(|(name, _)| name == action).map(|(_, request)| request).ok_or_else(|| {
                let names: Vec<&str> = all.map(|(name, _)| name.as_str()).collect();
                let advice = match tieline_kit::nearest(action, names.iter().copied()) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => format!("there are {}", names.join(", ")),
                };
                let shown = tieline_kit::excerpt(action, 80);
                Error::new(ErrorKind::Unsupported, format!("there is no action {shown:?}"))
                    .with_advice(advice)
            })?;
        let mut words = self.client.words();
        match key {
            Some(key) => key_words(&self.entity, key, &mut words)?,
            None if request.uses(&|word| matches!(word, WordName::Key | WordName::KeyPart(_))) => {
                return Err(Error::new(
                    ErrorKind::Rejected,
                    format!("the action {action:?} needs the key of a record"),
                ));
            }
            None => {}
        }
        let merged = match (&request.merge_with, key) {
            (Some(member), Some(key)) => match current_record(&self.client, &self.entity, key).await {
                Ok(Some(record)) => merge(&record, member, input)?,
                Ok(None) => return Err(Error::new(ErrorKind::NotFound, "the record is gone")),
                Err(error) => return Ok(Outcome::Deferred(error.with_resend(Resend::Safe))),
            },
            _ => input.get().to_owned(),
        };
        words.input = Some(&merged);
        Ok(match self.send(request, &words, None).await {
            Ok(response) => {
                let at = self.client.hook_context(&self.name);
                if let Some(outcome) = self.client.hooks.outcome(&at, action, &response) {
                    return Ok(outcome);
                }
                let output = response.text().ok().and_then(|text| RawJson::parse(text).ok());
                let outcome = Outcome::applied(key.cloned());
                match output {
                    Some(output) => outcome.with_output(output),
                    None => outcome,
                }
            }
            Err(error) => outcome_of(error, request.is_idempotent(false)),
        })
    }

    /// Sends a write. Without a body of its own the record is the body.
    async fn send(
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
    fn applied(
        &self,
        request: &Request,
        response: &HttpResponse,
        key: Option<&Key>,
        parents: &[String],
    ) -> Outcome {
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
        let found = response
            .text()
            .ok()
            .filter(|text| text.trim_start().starts_with('{'))
            .and_then(|text| record(&self.client, request, &walk, text, &parents).ok().flatten());
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

/// The member of the record with the input's members over it.
fn merge(record: &Record, member: &str, input: &RawJson) -> Result<String> {
    let pointer = format!("/{}", member.replace('~', "~0").replace('/', "~1"));
    let mut merged = match record.payload.at(&pointer)? {
        Some(raw) if raw.get() != "null" => members(raw.get())?,
        _ => super::fields::Members::new(),
    };
    merged.extend(members(input.get())?);
    Ok(object(&merged))
}
