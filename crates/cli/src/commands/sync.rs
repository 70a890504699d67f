//! `tieline sync`: a one-way run into a SQLite file.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde_json::{Value, json};
use tieline::mapping::{CompiledMapping, Format, Mapping};
use tieline::sqlite::SqliteStore;
use tieline::store::DeleteThreshold;
use tieline::sync::{Event, OneWaySync, Report, StreamPlan, StreamReport};
use tieline::{Connector, DiscoverRequest, Error, ErrorKind, Issue, Result};

use crate::arguments::{Mode, SyncArgs, Verbosity};
use crate::credential::read_file;
use crate::failure::{Described, Failure, Outcome, seconds, tell};
use crate::lines::stdout;
use crate::progress::Progress;
use crate::session::connect;
use crate::text::{Paint, Table, clean};

const LARGEST_MAPPING: u64 = 1 << 20;
/// The issues of a stream that people are shown.
const ISSUES: usize = 5;

pub(crate) async fn sync(options: SyncArgs, json: bool, verbosity: Verbosity) -> Outcome {
    let mut mappings = mappings(&options)?;
    let connected = connect(&options.connection).await?;
    warn_of_drift(&*connected.connector, &mappings).await?;
    let store = SqliteStore::open(&options.into).await?;
    let progress = Progress::new(verbosity);
    let shown = progress.clone();
    let mut run =
        OneWaySync::new(connected.connector, Arc::new(store), options.name.as_str()).on_event(move |event| {
            match event {
                Event::Started { entity } => shown.begin(entity),
                Event::Committed { entity, read, total, .. } => shown.at(entity, read, total),
                _ => {}
            }
        });
    if options.no_brake {
        run = run.brake(DeleteThreshold::OFF);
    }
    for entity in &options.entities {
        let plan = match mappings.remove(entity.as_str()) {
            Some(mapping) => StreamPlan::mapped(entity.as_str(), entity.as_str(), mapping),
            None => StreamPlan::mirror(entity.as_str()),
        };
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
    let incomplete =
        report.streams.iter().any(|stream| stream.sweep_refused.is_some() || stream.wait.is_some());
    report.into_result()?;
    if incomplete { Err(Failure::Incomplete) } else { Ok(()) }
}

/// Says what a mapping lost at the provider, before anything is read by it: fields that are gone or of another type.
async fn warn_of_drift(connector: &dyn Connector, mappings: &Mappings) -> Outcome {
    if mappings.is_empty() {
        return Ok(());
    }
    let request =
        mappings.keys().fold(DiscoverRequest::schemas(), |request, entity| request.only(entity.as_str()));
    let catalog = connector.discover(request).await?;
    for (entity, mapping) in mappings {
        let drifts = catalog.entity(entity).map(|found| mapping.drift(found)).unwrap_or_default();
        for drift in drifts.iter().filter(|drift| drift.broken) {
            let paint = Paint::on(&io::stderr());
            tell(&format!("{} {entity}: {}\n", paint.yellow("mapping:"), clean(&drift.to_string())));
        }
    }
    Ok(())
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
    let mut table = Table::new(&["ENTITY", "READ", "CREATED", "UPDATED", "DELETED", "UNCHANGED", "ISSUES"]);
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
