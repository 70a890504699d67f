//! Writes: one request for each operation, one outcome for each, in order.

use std::sync::Arc;

use tieline_core::{
    Attachment, EntityName, Error, ErrorKind, Key, Operation, OperationOutcome, Outcome, OutcomeStream,
    RawJson, Resend, Result, WriteOp, WriteRequest,
};
use tieline_kit::{Done, on_entity, outcome_of, outcomes};

use super::accepted::accepted;
use super::client::Client;
use super::fields::{members, merged, object, quoted, text_at};
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
    let requests = [&found.create, &found.update, &found.delete, &found.upsert];
    let writes = requests.into_iter().any(Option::is_some) || !found.actions.is_empty();
    if !writes && client.description.actions.is_empty() {
        return Err(Error::unsupported(format!("writing {}", request.entity)));
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
        let outcome = self.outcome_of_op(&op).await;
        if self.is_unmarked(&op.op) { Done::without_marker(outcome) } else { outcome.into() }
    }

    /// The same, as the outcome of the operation.
    pub(super) async fn carry_out_one(&self, op: Operation) -> OperationOutcome {
        let outcome = self.outcome_of_op(&op).await;
        let unmarked = self.is_unmarked(&op.op);
        let outcome = OperationOutcome::new(op.id, outcome);
        if unmarked { outcome.without_marker() } else { outcome }
    }

    /// Whether a create should carry a marker, and does not: the provider takes none, or its place has a value already.
    pub(super) fn is_unmarked(&self, op: &WriteOp) -> bool {
        let WriteOp::Create { fields, marker: Some(_), .. } = op else { return false };
        let Some(member) = &self.entity.marker else { return true };
        has_value(fields, member)
    }

    /// The outcome of an operation, its error with the entity.
    async fn outcome_of_op(&self, op: &Operation) -> Outcome {
        let named = |error| on_entity(error, self.name.as_str());
        match self.result(op).await {
            Err(error) | Ok(Outcome::Rejected(error)) => Outcome::Rejected(named(error)),
            Ok(Outcome::Deferred(error)) => Outcome::Deferred(named(error)),
            Ok(Outcome::Unknown(error)) => Outcome::Unknown(named(error)),
            Ok(outcome) => outcome,
        }
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
        let (Some(marker), Some(member)) = (marker, &self.entity.marker) else { return Ok(object(&members)) };
        if has_value(fields, member) {
            return Ok(object(&members));
        }
        if !member.starts_with('/') {
            members.insert(member.clone(), quoted(marker));
            return Ok(object(&members));
        }
        let mut marked = quoted(marker);
        for name in member.trim_start_matches('/').rsplit('/') {
            marked = format!("{{{}:{marked}}}", quoted(&name.replace("~1", "/").replace("~0", "~")));
        }
        merged(&object(&members), &marked)
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
            Ok(response) => said(request, self.applied(request, &response, None, &parents), idempotent),
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

    /// The actions of the entity, then those that are about none.
    fn actions(&self) -> impl Iterator<Item = &(String, Request)> {
        self.entity.actions.iter().chain(&self.client.description.actions)
    }

    /// The request of an action.
    pub(super) fn action(&self, action: &str) -> Option<&Request> {
        self.actions().find(|(name, _)| name == action).map(|(_, request)| request)
    }

    async fn invoke(
        &self,
        op: &Operation,
        action: &str,
        key: Option<&Key>,
        input: &RawJson,
        files: &[Attachment],
    ) -> Result<Outcome> {
        let request = self.action(action).ok_or_else(|| {
            let names: Vec<&str> = self.actions().map(|(name, _)| name.as_str()).collect();
            let advice = match tieline_kit::nearest(action, names.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None if names.is_empty() => "it has none".to_owned(),
                None => format!("there are {}", names.join(", ")),
            };
            let shown = tieline_kit::excerpt(action, 80);
            Error::new(ErrorKind::Unsupported, format!("there is no action {shown:?}")).with_advice(advice)
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
        checked_input(action, request, input)?;
        let input = &RawJson::from_checked(self.hooked(&op.op, input.get().to_owned())?.as_str());
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
        words.record = words.input;
        let body = Some(merged.as_str()).filter(|_| !request.input.is_empty());
        let idempotent = request.is_idempotent(false);
        Ok(match self.send(request, &words, body).await {
            Ok(response) => {
                if let Some(outcome) = accepted(request, &response) {
                    return Ok(outcome);
                }
                let mut at = self.client.hook_context(&self.name);
                at.key = key.cloned();
                if let Some(outcome) = self.client.hooks.outcome(&at, action, &response) {
                    return Ok(outcome);
                }
                if request.record.is_some() {
                    return Ok(said(request, self.applied(request, &response, None, &[]), idempotent));
                }
                if let Some(place) = &request.applied {
                    let left = response.text().ok().and_then(|text| text_at(text, place));
                    let left = left.map(|left| Outcome::applied(Some(Key::new(left))));
                    return Ok(left.unwrap_or_else(|| outcome_of(says_nothing(request), idempotent)));
                }
                let output = response.text().ok().and_then(|text| RawJson::parse(text).ok());
                let outcome = Outcome::applied(key.cloned());
                match output {
                    Some(output) => outcome.with_output(output),
                    None => outcome,
                }
            }
            Err(error) => outcome_of(error, idempotent),
        })
    }
}

/// Whether a record has a value of its own where its marker would stand.
fn has_value(fields: &RawJson, member: &str) -> bool {
    let pointer = match member.starts_with('/') {
        true => member.to_owned(),
        false => format!("/{}", member.replace('~', "~0").replace('/', "~1")),
    };
    fields.at(&pointer).ok().flatten().is_some_and(|json| !matches!(json.get(), "null" | "\"\""))
}

/// The outcome of a write, in doubt where the answer should hold the record and holds nothing: it was done, or so it
/// seems.
pub(super) fn said(request: &Request, outcome: Outcome, idempotent: bool) -> Outcome {
    match outcome {
        Outcome::Applied { key: None, record: None, .. } if request.record.is_some() => {
            outcome_of(says_nothing(request), idempotent)
        }
        outcome => outcome,
    }
}

fn says_nothing(request: &Request) -> Error {
    Error::new(ErrorKind::Decode, "the answer to the write does not hold the record")
        .with_context("path", request.shown.as_str())
}

/// Checks an action's input against the members that the description names.
fn checked_input(action: &str, request: &Request, input: &RawJson) -> Result<()> {
    if request.input.is_empty() {
        return Ok(());
    }
    let about = |message: String| {
        Error::new(ErrorKind::Rejected, message).with_context("action", tieline_kit::excerpt(action, 80))
    };
    let given = match input.get().trim() {
        "null" => super::fields::Members::new(),
        text => members(text).map_err(|_| about("the input of an action is no JSON object".to_owned()))?,
    };
    for (name, value) in &given {
        let Some(input) = request.input.iter().find(|input| input.name == *name) else {
            let shown = tieline_kit::excerpt(name, 64);
            return Err(about(format!("{shown:?} is no input of this action")));
        };
        if !input.kind.takes(value) {
            return Err(about(format!("{name:?} takes {}", input.kind.words())));
        }
    }
    match request.input.iter().find(|input| input.required && !given.contains_key(&input.name)) {
        Some(missing) => Err(about(format!("{:?} is missing in the input of this action", missing.name))),
        None => Ok(()),
    }
}
