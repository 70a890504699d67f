//! A fresh world with a connector on its whole HTTP stack.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use tieline_core::{
    BuildContext, Catalog, Clock, Connector, Credential, DiscoverRequest, Entity, Key, Lookup, LookupRequest,
    Operation, OperationOutcome, ReadRequest, Record, WriteRequest,
};
use tieline_http::{ClientOptions, HttpStack, RetryPolicy};

use crate::Failure;
use crate::mirror::Mirror;
use crate::subject::{ConnectorUnderTest, FakeProvider};
use crate::verdict::{Applies, Check, Verdict, ensure};
use crate::wire::Wire;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// The place where promises are tried.
pub(crate) struct Lab<'s> {
    pub(crate) subject: &'s dyn ConnectorUnderTest,
    pub(crate) real_time: bool,
}

/// The differences of a stack from the default.
pub(crate) struct Stack {
    pub(crate) secret: String,
    pub(crate) retry: RetryPolicy,
    pub(crate) body_limit: Option<usize>,
    /// Whether the spec's limits are kept.
    pub(crate) limits: bool,
    pub(crate) credential: Option<Arc<dyn Credential>>,
}

/// A world, the wire to it, and a connector.
pub(crate) struct Bench<'s> {
    pub(crate) subject: &'s dyn ConnectorUnderTest,
    pub(crate) world: Arc<dyn FakeProvider>,
    pub(crate) wire: Arc<Wire>,
    pub(crate) crm: Arc<dyn Connector>,
    real_time: bool,
}

#[derive(Debug)]
struct WorldClock(Arc<dyn FakeProvider>);

impl Clock for WorldClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

impl<'s> Lab<'s> {
    /// A fresh world and a connector to it.
    pub(crate) fn bench(&self) -> Result<Bench<'s>, Failure> {
        let secret = self.subject.secret();
        let world: Arc<dyn FakeProvider> = Arc::from(self.subject.world(&secret));
        let wire = Arc::new(Wire::new(Arc::clone(&world)));
        let stack = Stack::of(self.subject);
        let crm = connect(self.subject, &world, &wire, stack)?;
        Ok(Bench { subject: self.subject, world, wire, crm, real_time: self.real_time })
    }

    /// The entities to try, without their schemas.
    pub(crate) async fn entities(&self) -> Result<Vec<Entity>, Failure> {
        let catalog = self.bench()?.crm.discover(DiscoverRequest::names()).await?;
        let wanted = self.subject.entities();
        if wanted.is_empty() {
            ensure!(!catalog.entities.is_empty(), "the catalog has no entity");
            return Ok(catalog.entities);
        }
        let chosen = |name: &&str| {
            let found = catalog.entity(name).cloned();
            found.ok_or_else(|| {
                Failure::new(format!("the catalog has no entity {name:?}, which the subject names"))
            })
        };
        wanted.iter().map(chosen).collect()
    }

    /// Tries a promise for each entity, each in a fresh world.
    pub(crate) async fn each(
        &self,
        check: impl AsyncFn(&Bench<'s>, &Entity) -> Check,
    ) -> Result<Verdict, Failure> {
        let mut verdict = Verdict::default();
        for entity in self.entities().await? {
            let bench = self.bench()?;
            let applies = check(&bench, &entity).await.map_err(|failure| failure.at(entity.name.as_str()))?;
            verdict.add(entity.name.as_str(), applies);
        }
        Ok(verdict)
    }

    /// Tries a promise of the connector as a whole.
    pub(crate) async fn whole(&self, check: impl AsyncFn(&Bench<'s>) -> Check) -> Result<Verdict, Failure> {
        let mut verdict = Verdict::default();
        verdict.add("the connector", check(&self.bench()?).await?);
        Ok(verdict)
    }
}

impl Stack {
    /// Retries as a host does by default, with a budget that no test uses up.
    pub(crate) fn of(subject: &dyn ConnectorUnderTest) -> Self {
        let retry = RetryPolicy::default().with_budget(1.0, 100_000);
        Self { secret: subject.secret(), retry, body_limit: None, limits: true, credential: None }
    }
}

fn connect(
    subject: &dyn ConnectorUnderTest,
    world: &Arc<dyn FakeProvider>,
    wire: &Arc<Wire>,
    stack: Stack,
) -> Result<Arc<dyn Connector>, Failure> {
    let factory = subject.factory();
    let config = subject.config();
    let base = factory.base_url(&config)?;
    let clock: Arc<dyn Clock> = Arc::new(WorldClock(Arc::clone(world)));
    let transport: Arc<Wire> = Arc::clone(wire);
    let mut host = HttpStack::builder()
        .allow_network("127.0.0.1/32")
        .transport(transport)
        .clock(Arc::clone(&clock))
        .retry(stack.retry);
    if let Some(bytes) = stack.body_limit {
        host = host.body_limit(bytes);
    }
    let credential = match stack.credential {
        Some(credential) => credential,
        None => subject.credential(&stack.secret)?,
    };
    let mut options = ClientOptions::new(Arc::clone(&factory), base.clone()).with_credential(credential);
    if !stack.limits {
        options = options.with_limits(Vec::new());
    }
    let http = host.build()?.client(options)?;
    Ok(factory.build(BuildContext::new(config, base, http, clock))?)
}

impl Bench<'_> {
    /// Another connector to the same world.
    pub(crate) fn connect(&self, stack: Stack) -> Result<Arc<dyn Connector>, Failure> {
        connect(self.subject, &self.world, &self.wire, stack)
    }

    /// The same bench with another connector.
    pub(crate) fn with(&self, stack: Stack) -> Result<Self, Failure> {
        let crm = self.connect(stack)?;
        let (world, wire) = (Arc::clone(&self.world), Arc::clone(&self.wire));
        Ok(Self { subject: self.subject, world, wire, crm, real_time: self.real_time })
    }

    pub(crate) fn stack(&self) -> Stack {
        Stack::of(self.subject)
    }

    /// Lets so much time pass that everything which goes on by itself would have happened.
    pub(crate) async fn pause(&self) {
        let long = if self.real_time { Duration::from_millis(50) } else { Duration::from_secs(120) };
        tokio::time::sleep(long).await;
    }

    /// The truth, sorted. Fails for an account without records, where most promises are kept by doing nothing.
    pub(crate) fn keys(&self, entity: &Entity) -> Result<Vec<Key>, Failure> {
        let keys = self.truth(entity)?;
        ensure!(!keys.is_empty(), "the world has no records: a promise is tried on a filled account");
        Ok(keys)
    }

    /// The truth, sorted.
    pub(crate) fn truth(&self, entity: &Entity) -> Result<Vec<Key>, Failure> {
        let mut keys = self.world.keys(entity.name.as_str());
        keys.sort();
        let count = keys.len();
        keys.dedup();
        ensure!(count == keys.len(), "the world names a key twice");
        Ok(keys)
    }

    /// A page size that cuts the entity into about this many pages.
    pub(crate) fn page_size(&self, entity: &Entity, pages: usize) -> Result<u32, Failure> {
        let count = self.keys(entity)?.len();
        Ok(u32::try_from(count.div_ceil(pages)).unwrap_or(u32::MAX).max(1))
    }

    /// Reads into the mirror, from its state to the end.
    pub(crate) async fn pull(
        &self,
        mirror: &mut Mirror,
        request: ReadRequest,
    ) -> Result<(), tieline_core::Error> {
        mirror.begin();
        let mut batches = self.crm.read(request.with_state(mirror.state.clone()))?;
        while let Some(batch) = batches.next().await {
            mirror.apply(batch?);
        }
        Ok(())
    }

    /// A full read into an empty mirror.
    pub(crate) async fn full(&self, entity: &Entity) -> Result<Mirror, tieline_core::Error> {
        let mut mirror = Mirror::default();
        self.pull(&mut mirror, ReadRequest::full(entity.name.clone())).await?;
        Ok(mirror)
    }

    /// Fails unless the mirror holds what the provider does: all keys, and these records as they are.
    ///
    /// Other records may be stale: what a provider derives from a record that changed moves no time of change, and
    /// only a full pass shows it.
    pub(crate) async fn agrees(
        &self,
        mirror: &Mirror,
        entity: &Entity,
        changed: &[&Key],
    ) -> Result<(), Failure> {
        mirror.has_keys(&self.keys(entity)?)?;
        let mut fresh = self.full(entity).await?;
        fresh.rows.retain(|key, _| changed.contains(&key));
        let stale = fresh
            .rows
            .iter()
            .find(|(key, record)| mirror.rows.get(*key).is_none_or(|mine| mine.payload != record.payload));
        match stale {
            None => Ok(()),
            Some((key, record)) => {
                let mine = mirror.rows.get(key).map_or("nothing", |mine| mine.payload.get());
                Err(Failure::new(format!(
                    "the record {key} is {} at the provider, and {} is kept",
                    short(record.payload.get()),
                    short(mine)
                )))
            }
        }
    }

    pub(crate) async fn lookup(
        &self,
        entity: &Entity,
        keys: Vec<Key>,
    ) -> Result<Vec<Lookup>, tieline_core::Error> {
        Ok(self.crm.lookup(LookupRequest::keys(entity.name.clone(), keys)).await?.answers)
    }

    /// One record: looked up, or read where the entity has no look-ups.
    pub(crate) async fn record(&self, entity: &Entity, key: &Key) -> Result<Option<Record>, Failure> {
        if !entity.capabilities.lookup {
            return Ok(self.full(entity).await?.rows.remove(key));
        }
        let answers = self.lookup(entity, vec![key.clone()]).await?;
        Ok(answers.into_iter().find_map(|answer| match answer {
            Lookup::Record(record) => Some(record),
            _ => None,
        }))
    }

    /// Writes, and fails unless there is one outcome for each operation, in order.
    pub(crate) async fn write(
        &self,
        entity: &Entity,
        operations: Vec<Operation>,
    ) -> Result<Vec<OperationOutcome>, Failure> {
        let asked: Vec<_> = operations.iter().map(|operation| operation.id.clone()).collect();
        let outcomes: Vec<OperationOutcome> =
            self.crm.write(WriteRequest::new(entity.name.clone(), operations))?.collect().await;
        let answered: Vec<_> = outcomes.iter().map(|outcome| outcome.id.clone()).collect();
        ensure!(asked == answered, "the operations {asked:?} got outcomes for {answered:?}");
        Ok(outcomes)
    }

    /// The names and capabilities of all entities.
    pub(crate) async fn catalog(&self) -> Result<Catalog, Failure> {
        Ok(self.crm.discover(DiscoverRequest::names()).await?)
    }
}

/// Enough of a text for a message.
pub(crate) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(160).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// For promises that hold for whatever was tried.
pub(crate) fn kept() -> Check {
    Ok(Applies::Kept)
}
