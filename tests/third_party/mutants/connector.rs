//! Flaws in discovering, looking up and writing.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tieline_core::{
    Account, BatchStream, Catalog, CheckRequest, Clock, Connector, DiscoverRequest, Error, ErrorKind,
    FieldPatch, FieldPath, Key, Lookup, LookupBy, LookupRequest, Lookups, Operation, OperationOutcome,
    Outcome, OutcomeStream, Patch, RawJson, ReadRequest, Record, Resend, Result, WriteOp, WriteRequest,
};

use super::{Flaw, reads};

#[derive(Debug)]
pub(super) struct Flawed {
    pub(super) inner: Arc<dyn Connector>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) flaw: Flaw,
    /// Whether a read is under way.
    pub(super) busy: Arc<AtomicBool>,
}

impl Flawed {
    pub(super) fn new(inner: Arc<dyn Connector>, clock: Arc<dyn Clock>, flaw: Flaw) -> Self {
        Self { inner, clock, flaw, busy: Arc::default() }
    }

    /// Spoils an operation on its way in.
    fn spoiled(&self, mut operation: Operation) -> Operation {
        match (self.flaw, &mut operation.op) {
            (Flaw::NoMarker, WriteOp::Create { marker, .. }) => *marker = None,
            (Flaw::AnyVersion, WriteOp::Update { if_version, .. }) => *if_version = None,
            (Flaw::Pretends, WriteOp::Update { patch, .. }) if patch.is_empty() => {
                let title = RawJson::parse("\"nothing\"").unwrap();
                *patch = Patch(vec![(FieldPath::field("title"), FieldPatch::Set(title))]);
            }
            _ => {}
        }
        operation
    }
}

/// Spoils an outcome on its way out.
fn spoil(flaw: Flaw, outcome: Outcome) -> Outcome {
    let rejected =
        |error: Error| Outcome::Rejected(Error::new(ErrorKind::Rejected, error.message().to_owned()));
    match (flaw, outcome) {
        (Flaw::WrongKey, Outcome::Applied { .. }) => Outcome::applied(Some(Key::new("t0"))),
        (Flaw::DeleteWaits, Outcome::Unchanged) => {
            Outcome::Deferred(Error::new(ErrorKind::Unavailable, "later"))
        }
        (Flaw::Denies, Outcome::Unknown(error)) => rejected(error),
        (Flaw::Doubts, Outcome::Deferred(error)) => Outcome::Unknown(error),
        (Flaw::NoWait, Outcome::Deferred(error)) => rejected(error.with_resend(Resend::Never)),
        (_, outcome) => outcome,
    }
}

#[async_trait]
impl Connector for Flawed {
    async fn check(&self, request: CheckRequest) -> Result<Account> {
        let mut account = self.inner.check(request).await?;
        if self.flaw == Flaw::Nameless {
            account.name.clear();
        }
        Ok(account)
    }

    async fn discover(&self, mut request: DiscoverRequest) -> Result<Catalog> {
        if self.flaw == Flaw::AllAtOnce {
            request.entities.clear();
        }
        let schemas = request.schemas;
        let mut catalog = self.inner.discover(request).await?;
        for entity in &mut catalog.entities {
            match self.flaw {
                Flaw::TwoCatalogs => entity.capabilities.lookup |= schemas,
                Flaw::Modest => (entity.capabilities.lookup, entity.capabilities.create) = (false, false),
                Flaw::OddSchema | Flaw::WrongSchema => {
                    let kind = if self.flaw == Flaw::OddSchema { "decimal" } else { "string" };
                    if let Some(schema) = &mut entity.schema {
                        schema["properties"]["amount"] = json!({ "type": kind });
                    }
                }
                _ => {}
            }
        }
        Ok(catalog)
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        reads::read(self, request)
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        let LookupBy::Keys(mut keys) = request.by else { return self.inner.lookup(request).await };
        if self.flaw == Flaw::OneChunk {
            keys.truncate(100);
        }
        let mut lookups = self.inner.lookup(LookupRequest::keys(request.entity, keys)).await?;
        match self.flaw {
            Flaw::MixesUp => lookups.answers.reverse(),
            Flaw::FindsGone => {
                for answer in &mut lookups.answers {
                    if let Lookup::Missing(key) = answer {
                        *answer = Lookup::Record(Record::new(key.clone(), RawJson::parse("{}")?));
                    }
                }
            }
            _ => {}
        }
        Ok(lookups)
    }

    fn write(&self, mut request: WriteRequest) -> Result<OutcomeStream> {
        let flaw = self.flaw;
        if flaw == Flaw::Pretends && request.operations.iter().all(|operation| !is_empty(operation)) {
            let done = |operation: Operation| OperationOutcome::new(operation.id, Outcome::applied(None));
            return Ok(stream::iter(request.operations.into_iter().map(done)).boxed());
        }
        request.operations =
            request.operations.into_iter().map(|operation| self.spoiled(operation)).collect();
        let outcomes = self.inner.write(request)?.map(move |mut done| {
            done.outcome = spoil(flaw, done.outcome);
            done
        });
        Ok(match flaw {
            Flaw::Reorders => {
                let all = stream::once(outcomes.collect::<Vec<_>>());
                all.flat_map(|all| stream::iter(all.into_iter().rev())).boxed()
            }
            Flaw::WritesOn => reads::unstoppable(outcomes.boxed()),
            _ => outcomes.boxed(),
        })
    }
}

fn is_empty(operation: &Operation) -> bool {
    matches!(&operation.op, WriteOp::Update { patch, .. } if patch.is_empty())
}
