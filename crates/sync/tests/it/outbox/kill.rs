//! A process that is killed at any moment, with a database file, and a provider that keeps its effects in a file.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream;
use tieline_core::*;
use tieline_store::outbox::{Entry, OutboxStore, StatusKind};
use tieline_store_sql::sqlite::SqliteStore;
use tieline_sync::Outbox;

use super::world::{create, update};

const FOLDER: &str = "TIELINE_TEST_KILLED_OUTBOX";

static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);

/// Each line of its file is an effect: operation, key, marker.
#[derive(Clone, Debug)]
struct FileCrm(PathBuf);

impl FileCrm {
    fn effects(&self) -> Vec<[String; 3]> {
        let mut text = String::new();
        if let Ok(mut file) = File::open(&self.0) {
            file.read_to_string(&mut text).unwrap();
        }
        let line = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
        text.lines().map(line).collect()
    }

    fn carry_out(&self, operation: Operation) -> Option<OperationOutcome> {
        let effects = self.effects();
        // Some answers are lost, and some operations with them, but not one for ever.
        let attempt = ATTEMPTS.fetch_add(1, Ordering::Relaxed);
        let odd = operation.id.as_str().bytes().map(usize::from).sum::<usize>() + effects.len() + attempt;
        let lost = odd.is_multiple_of(5);
        std::thread::sleep(Duration::from_micros((odd as u64 % 7) * 300));
        if lost && odd.is_multiple_of(2) {
            return Some(Self::lost(operation.id));
        }
        let (key, marker) = match &operation.op {
            WriteOp::Create { marker, .. } => ((1_000 + effects.len()).to_string(), marker.clone()),
            WriteOp::Update { key, .. } => (key.to_string(), None),
            _ => return None,
        };
        let marker = marker.as_ref().map_or("", Text::as_str);
        let line = format!("{}\t{key}\t{marker}\n", operation.id);
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0).unwrap();
        file.write_all(line.as_bytes()).unwrap();
        file.sync_all().unwrap();
        std::thread::sleep(Duration::from_micros((odd as u64 % 11) * 300));
        if lost {
            return Some(Self::lost(operation.id));
        }
        let outcome = Outcome::applied(Some(key.into()));
        Some(OperationOutcome::new(operation.id, outcome))
    }

    fn lost(id: OperationId) -> OperationOutcome {
        OperationOutcome::new(id, Outcome::Unknown(Error::new(ErrorKind::Timeout, "no answer")))
    }
}

#[async_trait]
impl Connector for FileCrm {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        Ok(Account::new("file"))
    }

    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        let mut leads = Entity::new("leads", "Leads");
        leads.marker = Some(MarkerField::new(FieldPath::field("ref")).always());
        Ok(Catalog::new(vec![leads]))
    }

    fn read(&self, _: ReadRequest) -> Result<BatchStream> {
        Err(Error::unsupported("reading"))
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        let LookupBy::Field { value, .. } = &request.by else { return Err(Error::unsupported("keys")) };
        let wanted: String = value.view()?;
        let found = self.effects().into_iter().filter(|[_, _, marker]| *marker == wanted);
        let record = |[_, key, _]: [String; 3]| Lookup::Record(Record::new(key, RawJson::from_checked("{}")));
        Ok(Lookups::new(found.map(record).collect()))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let crm = self.clone();
        let outcomes = request.operations.into_iter().map_while(move |operation| crm.carry_out(operation));
        Ok(Box::pin(stream::iter(outcomes)))
    }
}

fn outbox(folder: &Path, store: &SqliteStore) -> Outbox {
    Outbox::new(Arc::new(FileCrm(folder.join("effects"))), Arc::new(store.clone()), "acme")
        .lease(Duration::from_millis(200))
        .grace(Duration::from_millis(20))
        .chunk_size(4)
}

/// Not a test of its own: the process that is killed, when the variable is set.
#[tokio::test]
async fn writer() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = PathBuf::from(folder);
    let store = SqliteStore::open(folder.join("sync.db")).await.unwrap();
    let acme = "acme".into();
    for n in (0..).map(|n| format!("{}-{n}", std::process::id())) {
        let leads =
            [create(&format!("lead-{n}")), create(&format!("other-{n}")), update(&format!("first-{n}"), &n)];
        store.enqueue(&acme, &"leads".into(), &leads).await.unwrap();
        let notes = [create(&format!("note-{n}"))];
        store.enqueue(&acme, &"notes".into(), &notes).await.unwrap();
        eprintln!("stored {n}");
        drop(outbox(&folder, &store).run().await);
    }
}

/// Kills a writer after a while. Answers what it reported to have stored.
fn run_and_kill(folder: &Path, after: Duration) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "outbox::kill::writer", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stderr.take().unwrap());
    // The writer prints only some words per round, which the pipe holds.
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let lines = output.lines().map_while(std::io::Result::ok);
    lines.filter_map(|line| line.strip_prefix("stored ").map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_killed_process_does_nothing_twice_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut stored = Vec::new();
    for round in 0..12_u64 {
        stored.extend(run_and_kill(folder.path(), Duration::from_millis(100 + (round * 7_919) % 290)));
    }
    assert!(!stored.is_empty(), "no writer lived long enough to store anything");

    let store = SqliteStore::open(folder.path().join("sync.db")).await.unwrap();
    let mut entries = Vec::new();
    for _ in 0..400 {
        drop(outbox(folder.path(), &store).run().await);
        entries = store.entries(&"acme".into(), None, None, u32::MAX).await.unwrap();
        if !entries.iter().any(|entry| entry.status.due().is_some()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    let mut times: HashMap<String, u32> = HashMap::new();
    for [id, ..] in FileCrm(folder.path().join("effects")).effects() {
        *times.entry(id).or_default() += 1;
    }
    for entry in &entries {
        let (id, stage) = (entry.operation.id.as_str(), entry.status.kind());
        let times = times.remove(id).unwrap_or(0);
        match stage {
            StatusKind::Applied => assert_eq!(times, 1, "{id}"),
            StatusKind::NeedsReview if entry.entity == "notes" || entry.record().is_some() => {
                assert!(times <= 1, "{id}")
            }
            _ => panic!("{id} ended as {stage} after it happened {times} times: {:?}", entry.note),
        }
    }
    assert!(times.is_empty(), "these happened and are not in the outbox: {times:?}");
    for n in stored {
        for kind in ["lead", "other", "first", "note"] {
            let id = format!("{kind}-{n}");
            assert!(entries.iter().any(|entry| entry.operation.id == id.as_str()), "{id} is lost");
        }
    }
    let doubted = |entry: &Entry| entry.attempts > 1 || entry.status.kind() == StatusKind::NeedsReview;
    assert!(
        entries.iter().any(doubted),
        "no answer was lost, and no process was killed while it was sending"
    );
}
