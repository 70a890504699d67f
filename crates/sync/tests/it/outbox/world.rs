//! A provider that loses answers, a clock that stands still, and the outbox between them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::stream;
use tieline_core::*;
use tieline_store::outbox::{Answer, Destination, Entry, OutboxStore, StatusKind};
use tieline_sync::{Outbox, OutboxReport};

use super::shaky::Shaky;

pub const SEARCH_DELAY: Duration = Duration::from_secs(20);

/// Time that stands still until somebody moves it.
#[derive(Debug)]
pub struct Hand(Mutex<DateTime<Utc>>);

impl Hand {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap())))
    }

    pub fn advance(&self, seconds: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(seconds);
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// What happens to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Done,
    Refused,
    /// Not done, with this kind of error.
    Deferred(ErrorKind),
    /// Done, and the answer is lost.
    DoneAndLost,
    /// Done so many seconds after the answer was given up.
    DoneLate(u64),
    /// Not done, and the answer is lost.
    Lost,
    /// The outcomes end, without or with the effect.
    EndsBefore,
    EndsAfter,
    /// A job, which is done when it is asked for.
    Job,
    Unchanged,
    Partial,
    Conflict,
    /// Done, and lost, and the create carried no marker.
    UnmarkedAndLost,
}

/// Something that was done at the provider.
#[derive(Clone, Debug)]
pub struct Effect {
    pub id: OperationId,
    pub key: Key,
    pub marker: Option<Text>,
    pub at: DateTime<Utc>,
}

/// `leads` carry markers in the field `ref`, `files` where the fields allow it; `notes` carry none.
#[derive(Debug)]
pub struct Crm {
    clock: Arc<Hand>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    fates: HashMap<OperationId, VecDeque<Fate>>,
    effects: Vec<Effect>,
    sizes: Vec<usize>,
    partitions: Vec<Option<Partition>>,
    lookups: VecDeque<ErrorKind>,
    polls: VecDeque<ErrorKind>,
    refuses: Vec<(OperationId, ErrorKind)>,
    without_marker: bool,
}

impl Crm {
    pub fn new(clock: &Arc<Hand>) -> Arc<Self> {
        Arc::new(Self { clock: clock.clone(), inner: Mutex::default() })
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// What happens to the attempts of an operation, one after the other; then they are done.
    pub fn fates(&self, id: &str, fates: &[Fate]) {
        self.inner().fates.insert(id.into(), fates.iter().copied().collect());
    }

    /// The next look-ups fail.
    pub fn fail_lookups(&self, kinds: &[ErrorKind]) {
        self.inner().lookups.extend(kinds);
    }

    /// The next polls fail at once.
    pub fn fail_polls(&self, kinds: &[ErrorKind]) {
        self.inner().polls.extend(kinds);
    }

    /// Refuses, before anything is sent, whatever holds this operation.
    pub fn refuse(&self, id: &str, kind: ErrorKind) {
        self.inner().refuses.push((id.into(), kind));
    }

    /// The settings name no marker any more.
    pub fn drop_marker(&self) {
        self.inner().without_marker = true;
    }

    /// What was done, in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.inner().effects.clone()
    }

    pub fn times(&self, id: &str) -> usize {
        self.inner().effects.iter().filter(|effect| effect.id == id).count()
    }

    /// How many operations each write had.
    pub fn sizes(&self) -> Vec<usize> {
        self.inner().sizes.clone()
    }

    /// The partition of each write, look-up and poll.
    pub fn partitions(&self) -> Vec<Option<Partition>> {
        self.inner().partitions.clone()
    }

    /// Done by somebody else, with this marker.
    pub fn add(&self, key: &str, marker: &str) {
        let (id, key, marker) = ("by hand".into(), key.into(), Some(marker.into()));
        let at = self.clock.now() - Duration::from_secs(3600);
        self.inner().effects.push(Effect { id, key, marker, at });
    }

    fn do_it(&self, operation: &Operation, late: u64, marked: bool) -> Key {
        let mut inner = self.inner();
        let made = Key::from(1_000 + inner.effects.len() as u64);
        let (key, marker) = match &operation.op {
            WriteOp::Create { marker, .. } => (made, marker.clone().filter(|_| marked)),
            WriteOp::Update { key, .. } | WriteOp::Delete { key, .. } => (key.clone(), None),
            _ => (made, None),
        };
        let at = self.clock.now() + Duration::from_secs(late);
        inner.effects.push(Effect { id: operation.id.clone(), key: key.clone(), marker, at });
        key
    }

    /// `None` when the outcomes end here.
    async fn carry_out(&self, operation: Operation) -> Option<OperationOutcome> {
        pause().await;
        let fate = self.inner().fates.get_mut(&operation.id).and_then(VecDeque::pop_front);
        let lost = || Outcome::Unknown(Error::new(ErrorKind::Timeout, "the provider did not answer in time"));
        let fate = fate.unwrap_or(Fate::Done);
        let outcome = match fate {
            Fate::Done => {
                let key = self.do_it(&operation, 0, true);
                Outcome::applied(Some(key))
            }
            Fate::Refused => Outcome::Rejected(
                Error::new(ErrorKind::Rejected, "the title is missing").with_advice("add one"),
            ),
            Fate::Deferred(kind) => Outcome::Deferred(Error::new(kind, "not now")),
            Fate::DoneAndLost | Fate::UnmarkedAndLost => {
                self.do_it(&operation, 0, fate == Fate::DoneAndLost);
                lost()
            }
            Fate::DoneLate(seconds) => {
                self.do_it(&operation, seconds, true);
                lost()
            }
            Fate::Lost => lost(),
            Fate::EndsBefore => return None,
            Fate::EndsAfter => {
                self.do_it(&operation, 0, true);
                return None;
            }
            Fate::Job => Outcome::accepted("job-1"),
            Fate::Unchanged => Outcome::Unchanged,
            Fate::Partial => Outcome::partial(
                vec![FieldPath::field("title"), FieldPath::field("value")],
                Error::new(ErrorKind::Forbidden, "this user may not change the owner"),
            ),
            Fate::Conflict => {
                let current = Record::new("7", RawJson::parse("{}").unwrap()).with_version("v9");
                Outcome::conflict(Some(Box::new(current)))
            }
        };
        pause().await;
        let done = OperationOutcome::new(operation.id, outcome);
        Some(if fate == Fate::UnmarkedAndLost { done.without_marker() } else { done })
    }
}

/// The connector, as a handle that a stream can own.
#[derive(Clone, Debug)]
pub struct Handle(pub Arc<Crm>);

#[async_trait]
impl Connector for Handle {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        Ok(Account::new("crm"))
    }

    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        pause().await;
        let (mut leads, mut files) = (Entity::new("leads", "Leads"), Entity::new("files", "Files"));
        if !self.0.inner().without_marker {
            let marker = MarkerField::new(FieldPath::field("ref")).with_search_delay(SEARCH_DELAY);
            leads.marker = Some(marker.clone().always());
            files.marker = Some(marker);
        }
        Ok(Catalog::new(vec![leads, files, Entity::new("notes", "Notes")]))
    }

    fn read(&self, _: ReadRequest) -> Result<BatchStream> {
        Err(Error::unsupported("reading"))
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        pause().await;
        self.0.inner().partitions.push(request.partition.clone());
        if let Some(kind) = self.0.inner().lookups.pop_front() {
            return Err(Error::new(kind, "the search failed"));
        }
        let LookupBy::Field { value, .. } = &request.by else { return Err(Error::unsupported("keys")) };
        let (marker, now): (Text, _) = (value.view()?, self.0.clock.now());
        let seen: Vec<Lookup> = self
            .0
            .effects()
            .into_iter()
            .filter(|effect| effect.marker.as_ref() == Some(&marker) && effect.at + SEARCH_DELAY <= now)
            .map(|effect| Lookup::Record(Record::new(effect.key, RawJson::from_checked("{}"))))
            .collect();
        Ok(Lookups::new(seen))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let mut inner = self.0.inner();
        if let Some((_, kind)) =
            inner.refuses.iter().find(|(id, _)| request.operations.iter().any(|op| op.id == *id))
        {
            return Err(Error::new(*kind, "the request is refused").with_context("entity", &request.entity));
        }
        inner.sizes.push(request.operations.len());
        inner.partitions.push(request.partition);
        let crm = self.clone();
        Ok(Box::pin(stream::unfold(request.operations.into_iter(), move |mut left| {
            let crm = crm.clone();
            async move {
                let operation = left.next()?;
                Some((crm.0.carry_out(operation).await?, left))
            }
        })))
    }

    fn poll(&self, request: PollRequest) -> Result<OutcomeStream> {
        self.0.inner().partitions.push(request.partition.clone());
        if let Some(kind) = self.0.inner().polls.pop_front() {
            return Err(Error::new(kind, "asking for the job failed"));
        }
        let crm = self.clone();
        Ok(Box::pin(stream::unfold(request.operations.into_iter(), move |mut left| {
            let crm = crm.clone();
            async move {
                let operation = left.next()?;
                Some((crm.0.carry_out(operation).await?, left))
            }
        })))
    }
}

/// Gives others a turn, and a test the chance to end the process here.
pub async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A provider, a store and a clock, and the outbox between them.
pub struct World {
    pub clock: Arc<Hand>,
    pub crm: Arc<Crm>,
    pub store: Arc<Shaky>,
}

impl World {
    pub fn new() -> Self {
        let clock = Hand::new();
        Self { crm: Crm::new(&clock), store: Shaky::new(clock.clone()), clock }
    }

    pub fn outbox(&self) -> Outbox {
        Outbox::new(Arc::new(Handle(self.crm.clone())), self.store.clone(), "acme")
    }

    pub async fn run(&self) -> OutboxReport {
        self.outbox().run().await
    }

    pub async fn enqueue(&self, to: impl Into<Destination>, operations: &[Operation]) {
        self.store.store.enqueue(&"acme".into(), &to.into(), operations).await.unwrap();
    }

    pub async fn entry(&self, id: &str) -> Entry {
        self.store.store.entry(&"acme".into(), &id.into()).await.unwrap().unwrap()
    }

    pub async fn stage(&self, id: &str) -> StatusKind {
        self.entry(id).await.status.kind()
    }

    pub async fn all(&self) -> Vec<Entry> {
        self.store.store.entries(&"acme".into(), None, None, 10_000).await.unwrap()
    }

    /// Each operation with its status and note.
    pub async fn told(&self) -> String {
        let line = |entry: &Entry| {
            let note = entry.note.as_deref().unwrap_or("-");
            format!("{} {}: {note}", entry.operation.id, entry.status.kind())
        };
        self.all().await.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Runs, hour by hour, until nothing more becomes of anything unless a person says something.
    pub async fn come_to_rest(&self) {
        for _ in 0..60 {
            let entries = self.all().await;
            let mut asked = HashSet::new();
            let moving = entries.iter().any(|entry| {
                let record = entry.record().map(|record| (&entry.entity, record));
                if entry.status.kind() == StatusKind::NeedsReview {
                    asked.extend(record);
                }
                entry.status.due().is_some() && !record.is_some_and(|record| asked.contains(&record))
            });
            if !moving {
                return;
            }
            self.clock.advance(3_700);
            drop(self.run().await);
        }
        panic!("operations are still open:\n{}", self.told().await);
    }

    /// Comes to rest, with a person who looks at the provider and answers each question.
    pub async fn come_to_rest_with_answers(&self) {
        loop {
            self.come_to_rest().await;
            let store = &self.store.store;
            let questions =
                store.entries(&"acme".into(), Some(StatusKind::NeedsReview), None, 1_000).await.unwrap();
            if questions.is_empty() {
                return;
            }
            for question in questions {
                let id = &question.operation.id;
                let done = self.crm.effects().into_iter().find(|effect| effect.id == *id);
                let answer = done.map_or(Answer::NotDone, |effect| Answer::Done { key: Some(effect.key) });
                store.answer(&"acme".into(), id, answer).await.unwrap();
            }
        }
    }
}

/// Polls a future once: what happens up to its next pause.
pub async fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

pub fn create(id: &str) -> Operation {
    let fields = RawJson::parse(r#"{"title":"Ny order"}"#).unwrap();
    Operation::new(id, WriteOp::create(fields))
}

pub fn update(id: &str, key: &str) -> Operation {
    let patch = Patch(vec![(FieldPath::field("title"), FieldPatch::Clear)]);
    Operation::new(id, WriteOp::update(key, patch))
}
