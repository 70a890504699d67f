//! Writes: one request for each operation, one outcome for each, in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use tieline_core::{
    Attachment, EntityName, Error, ErrorKind, Key, Operation, OperationOutcome, Outcome, OutcomeStream,
    RawJson, Resend, Result, WriteOp, WriteRequest,
};
use tieline_kit::{Done, outcome_of, outcomes};

use super::accepted::accepted;
use super::client::Client;
use super::fields::{members, object, quoted, text_at};
use super::lookup::{current as current_record, key_words, parent_record};
use super::partitions::parents_of;
use super::plan::entity;
use super::update::merge;
use super::words::RequestWords;
use crate::description::{Entity, Request};
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
    let writer = Arc::new(Writer::new(client.clone(), name, found.clone(), parents));
    if [&found.create, &found.update, &found.delete].into_iter().flatten().any(|own| own.many.is_some()) {
        return Ok(super::batch::batched(writer, request.operations));
    }
    Ok(outcomes(request.operations, move |op: Operation| {
        let writer = Arc::clone(&writer);
        async move { writer.carry_out(op).await }
    }))
}

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) client: Client,
    pub(super) name: EntityName,
    pub(super) entity: Entity,
    /// The partition that is written to.
    pub(super) parents: Vec<String>,
}

impl Writer {
    pub(super) fn new(client: Client, name: EntityName, entity: Entity, parents: Vec<String>) -> Self {
        Self { client, name, entity, parents }
    }

    async fn carry_out(&self, op: Operation) -> Done {
        let outcome = self.result(&op).await.unwrap_or_else(Outcome::Rejected);
        if self.is_unmarked(&op.op) { Done::without_marker(outcome) } else { outcome.into() }
    }

    /// The same, as the outcome of the operation.
    pub(super) async fn carry_out_one(&self, op: Operation) -> OperationOutcome {
        let outcome = self.result(&op).await.unwrap_or_else(Outcome::Rejected);
        let unmarked = self.is_unmarked(&op.op);
        let outcome = OperationOutcome::new(op.id, outcome);
        if unmarked { outcome.without_marker() } else { outcome }
    }

    /// Whether a create should carry a marker, and does not: the provider takes none, or its place has a value already.
    pub(super) fn is_unmarked(&self, op: &WriteOp) -> bool {
        let WriteOp::Create { fields, marker: Some(_), .. } = op else { return false };
        let Some(member) = &self.entity.marker else { return true };
        members(fields.get()).is_ok_and(|members| has_value(&members, member))
    }

    async fn result(&self, op: &Operation) -> Result<Outcome> {
        self.client.hooks.validate(&self.client.hook_context(&self.name), &op.op)?;
        match &op.op {
            WriteOp::Create { fields, marker, .. } => {
                self.create(op, fields, marker.as_ref().map(|marker| marker.as_str())).await
            }
            WriteOp::Update { key, patch, if_version, .. } => {
                self.update(op, key, patch, if_version.as_ref().map(|version| version.as_str())).await
            }
            WriteOp::Upsert { by, value, fields, .. } => self.upsert(op, by, value, fields).await,
            WriteOp::Delete { key, .. } => self.delete(op, key).await,
            WriteOp::Invoke { action, key, input, files, .. } => {
                self.invoke(op, action.as_str(), key.as_ref(), input, files).await
            }
            _ => Err(Error::unsupported("this operation")),
        }
    }

    /// The fields with the marker in its member.
    pub(super) fn marked(&self, fields: &RawJson, marker: Option<&str>) -> Result<String> {
        let mut members = members(fields.get())?;
        if let (Some(marker), Some(member)) = (marker, &self.entity.marker)
            && !has_value(&members, member)
        {
            members.insert(member.clone(), quoted(marker));
        }
        Ok(object(&members))
    }

    async fn create(&self, op: &Operation, fields: &RawJson, marker: Option<&str>) -> Result<Outcome> {
        let fields = &self.marked(fields, marker)?;
        let request = self.entity.create.as_ref().ok_or_else(|| Error::unsupported("creating this"))?;
        let mut words = RequestWords { marker, operation: Some(op.id.as_str()), ..self.client.words() };
        let parents = self.parents(request, fields)?;
        words.parents.clone_from(&parents);
        let above = match request.uses(&|word| matches!(word, WordName::Parent(_))) {
            true => Some(parent_record(&self.client, &self.entity, &parents).await?),
            false => None,
        };
        words.parent_record = above.as_ref().map(RawJson::get);
        let record = self.hooked(&op.op, self.without_path(request, fields)?)?;
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

    /// What the path has is not sent again.
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
    pub(super) fn hooked(&self, op: &WriteOp, fields: String) -> Result<String> {
        let fields = RawJson::from_checked(fields.as_str());
        let at = self.client.hook_context(&self.name);
        Ok(self.client.hooks.body(&at, op, fields)?.get().to_owned())
    }

    /// The fields of an update after what the connector's hook does before it.
    pub(super) async fn prepared(&self, op: &WriteOp, fields: String) -> Result<String> {
        let fields = RawJson::from_checked(fields.as_str());
        let at = self.client.hook_context(&self.name);
        match self.client.hooks.prepare(&at, op, &fields) {
            Some(prepared) => Ok(prepared.await?.get().to_owned()),
            None => Ok(fields.get().to_owned()),
        }
    }

    /// Only fields that the request writes.
    pub(super) fn checked(&self, request: &Request, record: &str) -> Result<()> {
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

    async fn delete(&self, op: &Operation, key: &Key) -> Result<Outcome> {
        let request = self.entity.delete.as_ref().ok_or_else(|| Error::unsupported("deleting this"))?;
        let mut words = RequestWords { operation: Some(op.id.as_str()), ..self.client.words() };
        key_words(&self.entity, key, &mut words)?;
        Ok(match self.send(request, &words, None).await {
            Ok(response) => {
                accepted(request, &response).unwrap_or_else(|| Outcome::applied(Some(key.clone())))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Outcome::Unchanged,
            Err(error) => outcome_of(error, request.is_idempotent(false)),
        })
    }

    async fn invoke(
        &self,
        op: &Operation,
        action: &str,
        key: Option<&Key>,
        input: &RawJson,
        files: &[Attachment],
    ) -> Result<Outcome> {
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
        let mut words = RequestWords { operation: Some(op.id.as_str()), ..self.client.words() };
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
                Ok(Some(record)) => merge(&record, member, input.get())?,
                Ok(None) => return Err(Error::new(ErrorKind::NotFound, "the record is gone")),
                Err(error) => return Ok(Outcome::Deferred(error.with_resend(Resend::Safe))),
            },
            _ => input.get().to_owned(),
        };
        words.input = Some(&merged);
        words.files = files;
        Ok(match self.send(request, &words, None).await {
            Ok(response) => {
                if let Some(outcome) = accepted(request, &response) {
                    return Ok(outcome);
                }
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
}

/// Whether a record has a value of its own where its marker would stand.
fn has_value(members: &BTreeMap<String, String>, name: &str) -> bool {
    members.get(name).is_some_and(|json| !matches!(json.as_str(), "null" | "\"\""))
}
