//! Writing, one task at a time.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, Method};
use serde_json::value::RawValue;
use tieline_core::Result;
use tieline_core::{
    Error, ErrorKind, FieldPatch, Key, Lookup, Outcome, OutcomeStream, Patch, RawJson, Resend, Text, WriteOp,
    WriteRequest,
};
use tieline_kit::{Call, outcome_of, outcomes, refuse_partition};

use crate::connector::{Head, TickConnector, entity};

pub fn write(connector: TickConnector, request: WriteRequest) -> Result<OutcomeStream> {
    let entity = entity(request.entity.as_str())?;
    if !entity.capabilities.create {
        return Err(Error::unsupported("writing lists").with_context("entity", entity.name));
    }
    refuse_partition(&request.entity, request.partition.as_ref())?;
    Ok(outcomes(request.operations, move |operation| {
        let connector = connector.clone();
        async move {
            match operation.op {
                WriteOp::Create { fields, marker, .. } => connector.create(&fields, marker).await,
                WriteOp::Update { key, patch, if_version, .. } => {
                    connector.update(&key, &patch, if_version).await
                }
                WriteOp::Delete { key, .. } => connector.delete(&key).await,
                _ => Outcome::Rejected(Error::unsupported("this operation").with_context("entity", "tasks")),
            }
        }
    }))
}

/// Numbers keep their digits: a value's text goes out as it came.
type Fields<'a> = BTreeMap<String, &'a RawValue>;

fn body(fields: &Fields<'_>) -> Result<String> {
    Ok(RawJson::of(fields)?.get().to_owned())
}

fn ended(error: Error, idempotent: bool) -> Outcome {
    outcome_of(error.with_context("entity", "tasks"), idempotent)
}

impl TickConnector {
    async fn create(&self, fields: &RawJson, marker: Option<Text>) -> Outcome {
        match self.created(fields, marker).await {
            Ok(key) => Outcome::applied(Some(key)),
            Err(error) => ended(error, false),
        }
    }

    async fn created(&self, fields: &RawJson, marker: Option<Text>) -> Result<Key> {
        let not_an_object = |_| {
            Error::new(ErrorKind::Rejected, "the fields of a task are a JSON object")
                .with_resend(Resend::Never)
        };
        let mut fields: Fields<'_> = fields.view().map_err(not_an_object)?;
        let marker = marker.map(|marker| RawJson::of(marker.as_str())).transpose()?;
        if let Some(marker) = &marker {
            fields.insert("external_id".to_owned(), marker.view()?);
        }
        let answer = self.send(Call::new(Method::POST, "/v1/tasks").json(body(&fields)?)).await?;
        // The task is made, whatever becomes of the answer.
        let head: Option<Head<'_>> = answer.text().ok().and_then(|text| serde_json::from_str(text).ok());
        head.and_then(|head| head.id.0)
            .ok_or_else(|| Error::new(ErrorKind::Decode, "the new task cannot be read"))
    }

    async fn update(&self, key: &Key, patch: &Patch, if_version: Option<Text>) -> Outcome {
        if patch.is_empty() {
            return Outcome::Unchanged;
        }
        // Done twice the same way, an update does no harm; with a version, the second finds another one.
        let idempotent = if_version.is_none();
        match self.updated(key, patch, if_version).await {
            Ok(()) => Outcome::applied(Some(key.clone())),
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let current = match self.task(key).await {
                    Ok(Lookup::Record(record)) => Some(Box::new(record)),
                    _ => None,
                };
                Outcome::conflict(current)
            }
            Err(error) => ended(error, idempotent),
        }
    }

    async fn updated(&self, key: &Key, patch: &Patch, if_version: Option<Text>) -> Result<()> {
        let null = RawJson::parse("null")?;
        let mut fields = Fields::new();
        for (path, change) in &patch.0 {
            let value = match change {
                FieldPatch::Set(value) | FieldPatch::Raw(value) => value,
                FieldPatch::Clear => &null,
                _ => return Err(Error::unsupported("this change of a field").with_context("field", path)),
            };
            fields.insert(path.as_str().trim_start_matches('/').to_owned(), value.view()?);
        }
        let call = Call::new(Method::PATCH, "/v1/tasks/{id}").value(key).json(body(&fields)?);
        let mut request = call.idempotent(if_version.is_none()).build(&self.base)?;
        if let Some(version) = if_version {
            let version = HeaderValue::from_str(version.as_str())
                .map_err(|_| Error::new(ErrorKind::Rejected, "the version is none of Tick's"))?;
            request = request.with_header(HeaderName::from_static("if-match"), version);
        }
        self.http.send(request).await.map(drop)
    }

    async fn delete(&self, key: &Key) -> Outcome {
        match self.send(Call::new(Method::DELETE, "/v1/tasks/{id}").value(key)).await {
            Ok(_) => Outcome::applied(Some(key.clone())),
            Err(error) if error.kind() == ErrorKind::NotFound => Outcome::Unchanged,
            Err(error) => ended(error, true),
        }
    }
}
