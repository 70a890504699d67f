//! Flaws in reading.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use tieline_core::{
    Batch, BatchStream, Change, Connector, Error, ErrorKind, FieldPath, Key, LookupRequest, PassEnd, RawJson,
    ReadMode, ReadRequest, Result, State,
};

use super::Flaw;
use super::connector::Flawed;
use crate::provider::time;

type Items<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

pub(super) fn read(flawed: &Flawed, request: ReadRequest) -> Result<BatchStream> {
    let flaw = flawed.flaw;
    let kept = request.state.clone();
    let entity = request.entity.clone();
    let (mode, unknown) = (request.mode, !["tasks", "lists"].contains(&entity.as_str()));
    if (flaw == Flaw::AnyEntity && unknown)
        || (flaw == Flaw::OneAtATime && flawed.busy.swap(true, Ordering::SeqCst))
    {
        return Ok(only(Batch::new(entity, Vec::new(), nothing())));
    }
    if flaw == Flaw::Sulks && flawed.busy.load(Ordering::SeqCst) {
        return Err(Error::new(ErrorKind::Forbidden, "nothing is allowed any more"));
    }
    if let (Flaw::Blind, ReadMode::Changes, Some(state)) = (flaw, mode, kept) {
        return Ok(only(Batch::new(entity, Vec::new(), state)));
    }
    let batches = flawed.inner.read(spoiled(flaw, request))?;
    let clock = Arc::clone(&flawed.clock);
    let spoil = move |(at, batch): (usize, Result<Batch>)| {
        let mut batch = batch?;
        let now = time(clock.now());
        changes(flaw, at, &mut batch)?;
        match flaw {
            Flaw::NoEnd => batch.end = None,
            Flaw::LateWatermark if batch.end.is_some() => {
                let mut body: Value = batch.state.body()?;
                body["watermark"] = json!(now);
                batch.state = State::new(1, &body)?;
            }
            Flaw::Hoards => batch.state = State::new(1, &json!({ "hoard": "x".repeat(200 * (at + 1)) }))?,
            _ => {}
        }
        Ok(batch)
    };
    let batches = batches.enumerate().map(spoil);
    let busy = Arc::clone(&flawed.busy);
    Ok(match flaw {
        Flaw::EmptyIsEnd => until_empty(batches.boxed()),
        Flaw::ErrorIsEnd => batches.take_while(|batch| std::future::ready(!is_decode(batch))).boxed(),
        Flaw::Eager => unstoppable(batches.boxed()),
        Flaw::MissesGone => {
            let connector = Arc::clone(&flawed.inner);
            let looked_up = move |batch| looked_up(Arc::clone(&connector), batch);
            batches.then(looked_up).boxed()
        }
        Flaw::Sulks => {
            let sulk = move |batch: &Result<Batch>| {
                let forbidden = matches!(batch, Err(error) if error.kind() == ErrorKind::Forbidden);
                busy.fetch_or(forbidden, Ordering::SeqCst);
            };
            batches.inspect(sulk).boxed()
        }
        Flaw::OneAtATime => {
            let free = stream::once(async move {
                busy.store(false, Ordering::SeqCst);
            });
            batches.chain(free.filter_map(|()| std::future::ready(None))).boxed()
        }
        _ => batches.boxed(),
    })
}

/// Spoils what is asked for.
fn spoiled(flaw: Flaw, mut request: ReadRequest) -> ReadRequest {
    let body = |state: &State| state.body::<Value>().unwrap_or_default();
    match flaw {
        Flaw::AnyPartition => request.partition = None,
        Flaw::AnyFilter => request.filters.clear(),
        Flaw::NoLimit => request.max_records = None,
        Flaw::FullKeys if request.mode == ReadMode::Keys => request.mode = ReadMode::Full,
        Flaw::AllFields => request.fields.clear(),
        Flaw::ListFields if !request.fields.is_empty() => request.fields = vec![FieldPath::field("title")],
        Flaw::Forgets => request.state = None,
        Flaw::NoIncrement => request.mode = ReadMode::Full,
        Flaw::AnyState | Flaw::Hoards => {
            let fits =
                |state: &State| state.version() == 1 && body(state)["entity"] == request.entity.as_str();
            request.state = request.state.take().filter(fits);
        }
        Flaw::GivesUpFull => {
            let finished = |state: State| {
                let mut body = body(&state);
                if let Some(run) = body.get("run").filter(|run| run["kind"] == "Full") {
                    body["watermark"] = run["started"].clone();
                    body["run"] = Value::Null;
                }
                State::new(1, &body).unwrap()
            };
            if request.mode == ReadMode::Changes {
                request.state = request.state.take().map(finished);
            }
        }
        _ => {}
    }
    request
}

/// Spoils what comes.
fn changes(flaw: Flaw, at: usize, batch: &mut Batch) -> Result<()> {
    for group in &mut batch.groups {
        let changes = &mut group.changes;
        match flaw {
            Flaw::SkipsAPage if at == 0 => changes.clear(),
            Flaw::Doubles => changes.extend(changes.last().cloned()),
            Flaw::NoDeletes => changes.retain(|change| !matches!(change, Change::Delete(_))),
            Flaw::NoDuplicates => {
                let keys: BTreeSet<&Key> = changes.iter().map(Change::key).collect();
                if keys.len() < changes.len() {
                    return Err(Error::new(ErrorKind::Decode, "a record came twice"));
                }
            }
            Flaw::OtherKeys | Flaw::Rounds => {
                for change in changes {
                    let Change::Upsert(record) = change else { continue };
                    if flaw == Flaw::OtherKeys {
                        record.key = Key::new(format!("#{}", record.key.as_str().len()));
                    } else {
                        record.payload = RawJson::of(&record.payload.view::<Value>()?)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Asks for each record again, and fails when one is gone by then.
async fn looked_up(connector: Arc<dyn Connector>, batch: Result<Batch>) -> Result<Batch> {
    let batch = batch?;
    for group in &batch.groups {
        let keys = group.changes.iter().filter_map(|change| match change {
            Change::Upsert(record) => Some(record.key.clone()),
            _ => None,
        });
        let found = connector.lookup(LookupRequest::keys(group.entity.clone(), keys)).await?;
        if found.records().count() < found.answers.len() {
            return Err(Error::new(ErrorKind::NotFound, "a record is gone"));
        }
    }
    Ok(batch)
}

fn is_decode(batch: &Result<Batch>) -> bool {
    matches!(batch, Err(error) if error.kind() == ErrorKind::Decode)
}

fn nothing() -> State {
    State::new(1, &json!({})).unwrap()
}

fn only(batch: Batch) -> BatchStream {
    let pass = ReadMode::Changes;
    stream::iter([Ok(batch.with_pass(pass).with_end(PassEnd::Complete))]).boxed()
}

/// Ends with the first batch that holds nothing.
fn until_empty(batches: BatchStream) -> BatchStream {
    let mut ended = false;
    let cut = move |batch: Result<Batch>| {
        if ended {
            return None;
        }
        ended = batch.as_ref().is_ok_and(Batch::is_empty);
        Some(batch.map(|batch| if ended { batch.with_end(PassEnd::Complete) } else { batch }))
    };
    batches
        .map(cut)
        .take_while(|batch| std::future::ready(batch.is_some()))
        .filter_map(std::future::ready)
        .boxed()
}

/// Goes on by itself, asked or not.
pub(super) fn unstoppable<T: Send + 'static>(mut items: Items<T>) -> Items<T> {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(item) = items.next().await {
            let _gone = sender.send(item);
        }
    });
    stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|item| (item, receiver)) })
        .boxed()
}
