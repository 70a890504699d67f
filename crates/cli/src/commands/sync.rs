//! `tieline sync`: a one-way run into a SQLite file or PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use serde_json::{Value, json};
use tieline::mapping::{CompiledMapping, Format, Mapping};
use tieline::store::{ConnectionId, DeleteThreshold};
use tieline::sync::{Event, OneWaySync, Report, StreamPlan, StreamReport};
use tieline::{Error, ErrorKind, Issue, Result};

use crate::arguments::{Mode, SyncArgs, Verbosity};
use crate::commands::tables::UserTable;
use crate::credential::read_file;
use crate::database::Kept;
use crate::failure::{Described, Failure, Outcome, seconds};
use crate::lines::stdout;
use crate::progress::Progress;
use crate::session::connect;
use crate::table::Table;
use crate::text::{Paint, clean};

const LARGEST_MAPPING: u64 = 1 << 20;
/// The issues of a stream that people are shown.
const ISSUES: usize = 5;

pub(crate) async fn sync(options: SyncArgs, json: bool, verbosity: Verbosity) -> Outcome {
    let mut mappings = mappings(&options)?;
    let entities: BTreeSet<&str> = options.entities.iter().map(String::as_str).collect();
    let tables = options.table.iter().map(|given| UserTable::parse(given, &entities, mapping));
    let tables: Vec<UserTable> = tables.collect::<Outcome<_>>()?;
    let connected = connect(&options.connection).await?;
    let store = Kept::open(&options.into, &options.connection.store.tenant, true).await?;
    let mut sinks = Vec::with_capacity(tables.len());
    for table in &tables {
        sinks.push(table.sink(&*connected.connector).await?);
    }
    let store = store.with_sinks(sinks).await?;
    let name = connection_name(&options)?;
    let progress = Progress::new(verbosity);
    let shown = progress.clone();
    let mut run = OneWaySync::new(connected.connector, store, name).on_event(move |event| match event {
        Event::Started { entity } => shown.begin(entity),
        Event::Committed { entity, read, total, .. } => shown.at(entity, read, total),
        _ => {}
    });
    run = run.allow_broken_mappings(options.allow_broken_mapping);
    if options.no_brake {
        run = run.brake(DeleteThreshold::OFF);
    }
    for entity in &options.entities {
        let mapped = mappings.remove(entity.as_str());
        let mapped = mapped.map(|mapping| StreamPlan::mapped(entity.as_str(), entity.as_str(), mapping));
        let tables = tables.iter().filter(|table| table.is_of(entity)).map(UserTable::plan);
        let mut plans: Vec<StreamPlan> = mapped.into_iter().chain(tables).collect();
        if plans.is_empty() {
            plans.push(StreamPlan::mirror(entity.as_str()));
        }
        for plan in plans {
            let plan = match options.mode {
                Mode::Changes => plan,
                Mode::Full => plan.full(),
                Mode::Keys => plan.keys(),
            };
            run = run.stream(match options.page_size {
                Some(records) => plan.page_size(records.get()),
                None => plan,
            });
        }
    }
    let report = run.run().await;
    progress.end();

    let mut out = stdout();
    if json {
        let streams: Vec<Value> = report.streams.iter().map(stream_json).collect();
        out.value(&json!({ "streams": streams }))?;
    } else {
        out.text(&for_people(&report, Paint::on(&io::stdout())))?;
    }
    out.flush()?;
    let complete = report.is_complete();
    report.into_result()?;
    if complete { Ok(()) } else { Err(Failure::Incomplete) }
}

/// The name under which records are kept. A stored connection has its own, so that disconnecting it finds them.
fn connection_name(options: &SyncArgs) -> Outcome<ConnectionId> {
    match (&options.name, &options.connection.stored) {
        (Some(name), Some(stored)) if name != stored => Err(Failure::Usage(format!(
            "records of --stored {stored:?} are kept under its id, so --connection {name:?} does not fit"
        ))),
        (Some(name), _) | (None, Some(name)) => Ok(name.as_str().into()),
        (None, None) => Err(Failure::Usage("--connection names the account in the file".to_owned())),
    }
}

type Mappings = BTreeMap<String, Arc<CompiledMapping>>;

/// The mappings by entity, each compiled before anything is sent.
fn mappings(options: &SyncArgs) -> Outcome<Mappings> {
    let mut mappings = Mappings::new();
    let mut seen = std::collections::BTreeSet::new();
    if let Some(twice) = options.entities.iter().find(|entity| !seen.insert(entity.as_str())) {
        return Err(Failure::Usage(format!("the entity {twice:?} is given twice")));
    }
    for given in &options.map {
        let Some((entity, path)) = given.split_once('=') else {
            return Err(Failure::Usage(format!("--map takes ENTITY=FILE, not {given:?}")));
        };
        if !seen.contains(entity) {
            return Err(Failure::Usage(format!("--map names {entity:?}, which is not among the entities")));
        }
        if mappings.insert(entity.to_owned(), mapping(path)?).is_some() {
            return Err(Failure::Usage(format!("--map names {entity:?} twice")));
        }
    }
    Ok(mappings)
}

fn mapping(path: &str) -> Result<Arc<CompiledMapping>> {
    let bytes = read_file(path.as_ref(), LARGEST_MAPPING, "mapping", |_| Ok(()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        Error::new(ErrorKind::Config, format!("the mapping file {path:?} is no text")).with_source(error)
    })?;
    let format = Format::of_name(path).unwrap_or(Format::Yaml);
    let mapping = Mapping::load(text, format).map_err(|error| error.with_context("mapping", path))?;
    Ok(Arc::new(mapping))
}

fn for_people(report: &Report, paint: Paint) -> String {
    let mut table =
        Table::new(&["ENTITY", "READ", "CREATED", "UPDATED", "DELETED", "UNCHANGED", "ISSUES", "STATUS"]);
    for stream in &report.streams {
        let changed = stream.outcome();
        let counts = [
            stream.read,
            changed.created,
            changed.updated,
            changed.deleted,
            changed.unchanged,
            stream.issue_count,
        ];
        let mut cells = vec![stream.entity.to_string()];
        cells.extend(counts.iter().map(u64::to_string));
        cells.push(status(stream).to_owned());
        table.row(cells);
    }
    let mut text = table.show("", paint);
    for stream in &report.streams {
        for note in notes(stream) {
            text.push_str(&format!("{} {}: {}\n", paint.yellow("note:"), stream.entity, clean(&note)));
        }
        for issue in stream.issues.iter().take(ISSUES) {
            text.push_str(&format!("{} {}\n", paint.yellow("issue:"), clean(&issue.to_string())));
        }
        let hidden = stream.issue_count.saturating_sub(ISSUES as u64);
        if hidden > 0 {
            text.push_str(&format!("       and {hidden} more in {}: --json shows them\n", stream.entity));
        }
    }
    text
}

/// How far a stream came, in a word or two. The notes have the reason.
fn status(stream: &StreamReport) -> &'static str {
    if stream.skipped {
        "not read"
    } else if stream.error.is_some() {
        "stopped"
    } else if stream.sweep_refused.is_some()
        || stream.deletions_refused.is_some()
        || stream.removals_refused.is_some()
    {
        "held back"
    } else if stream.partial.is_some() {
        "partial"
    } else if stream.wait.is_some() {
        "to go on"
    } else if stream.refused > 0 || stream.pending.refused > 0 {
        "left out"
    } else {
        "done"
    }
}

fn notes(stream: &StreamReport) -> Vec<String> {
    let mut notes = Vec::new();
    if stream.skipped {
        notes.push("not read, because an earlier failure concerns all".to_owned());
    }
    if stream.restarted {
        notes.push("the stored state was unusable, so everything was read again".to_owned());
    }
    if let Some(refused) = stream.sweep_refused {
        notes.push(format!(
            "the pass did not see {} of {} records, so nothing was deleted: check the account's permissions, then \
             confirm with --no-brake",
            refused.would_delete, refused.of
        ));
    }
    if let Some(refused) = stream.deletions_refused {
        notes.push(format!(
            "{} of {} records are said to be gone, so none of them was deleted: check the account and the connection, then \
             confirm with --no-brake",
            refused.would_delete, refused.of
        ));
    }
    if let Some(refused) = stream.removals_refused {
        notes.push(format!(
            "the mapping would take out {} of {} rows, so they stay: look at the mapping, then confirm with --no-brake",
            refused.would_delete, refused.of
        ));
    }
    if let Some(reason) = &stream.partial {
        notes.push(format!("the pass was partial, so nothing was deleted on its word: {reason}"));
    }
    if stream.nothing_seen {
        notes.push("no record was found: there are none, or this user may not see them".to_owned());
    }
    if stream.refused > 0 {
        let were = if stream.refused == 1 { "record was" } else { "records were" };
        notes.push(format!("{} {were} left out: the issues say why", stream.refused));
    }
    if stream.pending.refused > 0 {
        let records = if stream.pending.refused == 1 { "record" } else { "records" };
        notes.push(format!(
            "{} {records} could not be read and will be asked for again",
            stream.pending.refused
        ));
    }
    if !stream.fields_added.is_empty() {
        notes.push(
            "a mapping uses fields on request that were not read before, so everything was read again"
                .to_owned(),
        );
    }
    if stream.schema_changed {
        notes.push("its fields changed: discover again".to_owned());
    }
    if let Some(wait) = stream.wait {
        notes.push(format!("the provider asks to wait {} s: run it again then", seconds(wait)));
    }
    if let Some(error) = &stream.error {
        notes.push(format!("stopped: {}", error.message()));
    }
    notes
}

fn stream_json(stream: &StreamReport) -> Value {
    let changed = stream.outcome();
    json!({
        "entity": stream.entity,
        "target": stream.target.as_ref().map(|target| target.as_str()),
        "read": stream.read,
        "created": changed.created,
        "updated": changed.updated,
        "deleted": changed.deleted,
        "unchanged": changed.unchanged,
        "swept": stream.swept,
        "unknown": stream.unknown,
        "sweep_refused": stream.sweep_refused.map(|refused| json!({
            "would_delete": refused.would_delete,
            "of": refused.of,
        })),
        "deletions_refused": stream.deletions_refused.map(|refused| json!({
            "would_delete": refused.would_delete,
            "of": refused.of,
        })),
        "pending": { "refused": stream.pending.refused, "gone": stream.pending.gone },
        "removals_refused": stream.removals_refused.map(|refused| json!({
            "would_remove": refused.would_delete,
            "of": refused.of,
        })),
        "partial": stream.partial,
        "nothing_seen": stream.nothing_seen,
        "refused": stream.refused,
        "complete": stream.is_complete(),
        "restarted": stream.restarted,
        "schema_changed": stream.schema_changed,
        "wait_seconds": stream.wait.map(seconds),
        "issue_count": stream.issue_count,
        "issues": stream.issues.iter().map(issue_json).collect::<Vec<_>>(),
        "error": stream.error.as_ref().and_then(|error| serde_json::to_value(Described(error)).ok()),
        "skipped": stream.skipped,
    })
}

fn issue_json(issue: &Issue) -> Value {
    json!({
        "entity": issue.entity,
        "key": issue.key,
        "path": issue.path,
        "message": issue.message,
        "refused": issue.refused,
    })
}
