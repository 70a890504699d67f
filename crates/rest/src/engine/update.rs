//! Updates: changes alone, or the record as it is with the changes over it, where the provider replaces what is sent.

use tieline_core::{
    Error, ErrorKind, FieldPath, Key, Operation, Outcome, Patch, RawJson, Record, Resend, Result,
};
use tieline_kit::{instant, outcome_of};

use super::fields::{changes, members, merged, needs_record, object};
use super::lookup::{current as current_record, key_words};
use super::words::RequestWords;
use super::write::Writer;
use crate::description::Request;
use crate::template::WordName;

impl Writer {
    pub(super) async fn update(
        &self,
        op: &Operation,
        key: &Key,
        patch: &Patch,
        if_version: Option<&str>,
    ) -> Result<Outcome> {
        let request = self.entity.update.as_ref().ok_or_else(|| Error::unsupported("updating this"))?;
        if patch.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        let at = self.client.hook_context(&self.name);
        let own = self.client.hooks.patch(&at, patch, None).transpose()?;
        let sends_version = request.uses(&|word| *word == WordName::Version);
        let reads = own.as_ref().map_or_else(|| needs_record(patch), |own| own.needs_record)
            || request.merge_with.is_some()
            || (if_version.is_some() && !sends_version);
        let current = if reads {
            match current_record(&self.client, &self.entity, key).await {
                Ok(Some(record)) => Some(record),
                Ok(None) => {
                    return Ok(Outcome::Rejected(Error::new(ErrorKind::NotFound, "the record is gone")));
                }
                // Without a right or a look-up it stays so.
                Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Unsupported) => {
                    return Ok(Outcome::Rejected(error));
                }
                // Nothing was written.
                Err(error) => return Ok(Outcome::Deferred(error.with_resend(Resend::Safe))),
            }
        } else {
            None
        };
        if let (Some(wanted), false, Some(record)) = (if_version, sends_version, &current) {
            match &record.version {
                Some(version) if is_version(version.as_str(), wanted) => {}
                Some(_) => return Ok(Outcome::conflict(current.map(Box::new))),
                None => {
                    return Err(Error::unsupported(
                        "updating only a certain version: records here carry none",
                    ));
                }
            }
        }
        let own = match own {
            Some(own) if own.needs_record => {
                self.client.hooks.patch(&at, patch, current.as_ref()).transpose()?
            }
            own => own,
        };
        let changed = match own {
            Some(own) => own.body.map(|body| body.get().to_owned()),
            None => Some(self.changed(request, patch, current.as_ref())?),
        };
        let Some(changed) = changed else { return Ok(Outcome::Unchanged) };
        let changed = self.hooked(&op.op, changed)?;
        let changed = match self.prepared(&op.op, changed).await {
            Ok(changed) => changed,
            Err(error) => return Ok(outcome_of(error, true)),
        };
        // What was read and merged is written over that version only.
        let read_version = current.as_ref().and_then(|record| record.version.clone());
        let version = if_version.or_else(|| {
            let read_version = read_version.as_ref().filter(|_| request.merge_with.is_some());
            read_version.map(|version| version.as_str())
        });
        let mut words = RequestWords { version, operation: Some(op.id.as_str()), ..self.client.words() };
        key_words(&self.entity, key, &mut words)?;
        words.record = Some(&changed);
        words.input = Some(&changed);
        let parents = words.parents.clone();
        // Carried out again from the beginning, a conditional one would meet the version that it made itself.
        let idempotent = request.is_idempotent(false) && if_version.is_none();
        Ok(match self.send(request, &words, Some(&changed)).await {
            Ok(response) => self.applied(request, &response, Some(key), &parents),
            Err(error)
                if error.kind() == ErrorKind::Conflict && version.is_some() && error.attempts() <= 1 =>
            {
                let current = current_record(&self.client, &self.entity, key).await.ok().flatten();
                Outcome::conflict(current.map(Box::new))
            }
            Err(error) => outcome_of(error, idempotent),
        })
    }

    /// The changes as the request takes them: by themselves, or over what was read.
    fn changed(&self, request: &Request, patch: &Patch, current: Option<&Record>) -> Result<String> {
        let clear = self.entity.clear.as_deref().unwrap_or("null");
        let changed = changes(patch, current.map(|record| &record.payload), clear)?;
        self.checked(request, &changed)?;
        match (&request.merge_with, current) {
            (Some(member), Some(record)) if member.is_empty() => merged(record.payload.get(), &changed),
            (Some(member), Some(record)) => {
                let mut all = members(&changed)?;
                if let Some(own) = all.get(member) {
                    let whole = merge(record, member, own)?;
                    all.insert(member.clone(), whole);
                }
                Ok(object(&all))
            }
            _ => Ok(changed),
        }
    }

    /// The changes of an update within a batch.
    pub(super) async fn patched(&self, request: &Request, key: &Key, patch: &Patch) -> Result<String> {
        let current = if needs_record(patch) || request.merge_with.is_some() {
            let found = current_record(&self.client, &self.entity, key).await?;
            Some(found.ok_or_else(|| Error::new(ErrorKind::NotFound, "the record is gone"))?)
        } else {
            None
        };
        self.changed(request, patch, current.as_ref())
    }

    /// Changes the one record whose field has a value, or makes it, by the provider's own rule.
    pub(super) async fn upsert(
        &self,
        op: &Operation,
        by: &FieldPath,
        value: &RawJson,
        fields: &RawJson,
    ) -> Result<Outcome> {
        let request = self.entity.upsert.as_ref().ok_or_else(|| Error::unsupported("upserting this"))?;
        let field = by.as_str().trim_start_matches('/');
        if matches!(value.get(), "null" | "\"\"") {
            let message = "an upsert needs a value: without one it would mean any record";
            return Err(Error::new(ErrorKind::Rejected, message));
        }
        let mut all = members(fields.get())?;
        // What the path says is not sent again.
        if request.path_uses(&|word| *word == WordName::Value) {
            all.remove(field);
        } else if !request.uses(&|word| *word == WordName::Value) {
            all.insert(field.to_owned(), value.get().to_owned());
        }
        let record = self.hooked(&op.op, object(&all))?;
        self.checked(request, &record)?;
        let words = RequestWords {
            field: Some(field),
            value: Some(value.get()),
            record: Some(&record),
            input: Some(&record),
            operation: Some(op.id.as_str()),
            parents: self.parents.clone(),
            ..self.client.words()
        };
        Ok(match self.send(request, &words, Some(&record)).await {
            Ok(response) => self.applied(request, &response, None, &self.parents),
            // Done twice, it changes what it made.
            Err(error) => outcome_of(error, request.idempotent.unwrap_or(true)),
        })
    }
}

/// Whether two versions are one: the same text, or the same time however it is written.
fn is_version(one: &str, other: &str) -> bool {
    one == other || matches!((instant(one), instant(other)), (Some(one), Some(other)) if one == other)
}

/// The member of the record with the members of a JSON object over it.
pub(super) fn merge(record: &Record, member: &str, over: &str) -> Result<String> {
    let pointer = format!("/{}", member.replace('~', "~0").replace('/', "~1"));
    match record.payload.at(&pointer)? {
        Some(raw) if raw.get() != "null" => merged(raw.get(), over),
        _ => Ok(over.to_owned()),
    }
}
