//! Writing: many operations in one request, which Google carries out as a whole or not at all. Rows are found by their
//! keys right before.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use futures_util::stream::unfold;
use tieline_core::{
    EntityName, Error, ErrorKind, Key, Operation, OperationOutcome, Outcome, OutcomeStream, Record, Resend,
    Result, WriteOp, WriteRequest,
};
use tieline_kit::{excerpt, on_entity, outcome_of};

use crate::client::{Client, answer};
use crate::header::Cells;
use crate::lookup::{Keys, positional};
use crate::plan::{Plan, Step, key_of, key_text};
use crate::record;
use crate::table::Table;

/// Operations of one request, and the bytes of their fields.
const MOST: usize = 2_000;
const MOST_BYTES: usize = 1_500_000;
/// Requests of one write that are spent on finding the operations that Google refuses.
const TRIES: u32 = 64;

/// Carries operations out, in order. Nothing is sent before the stream is polled.
pub(crate) fn write(client: Client, request: WriteRequest) -> OutcomeStream {
    let writer = Writer {
        client,
        entity: request.entity,
        queue: request.operations.into(),
        ready: VecDeque::new(),
        table: None,
        stopped: None,
        tries: TRIES,
    };
    Box::pin(unfold(writer, |mut writer| async move {
        let outcome = writer.next().await?;
        Some((outcome, writer))
    }))
}

struct Writer {
    client: Client,
    entity: EntityName,
    queue: VecDeque<Operation>,
    ready: VecDeque<OperationOutcome>,
    table: Option<Table>,
    /// The failure that keeps the connection from going on.
    stopped: Option<(ErrorKind, Option<Duration>)>,
    tries: u32,
}

/// An operation and what is known of its outcome.
struct Task {
    operation: Operation,
    outcome: Option<Outcome>,
    is_unmarked: bool,
}

impl Task {
    fn key(&self, table: Option<&Table>) -> Option<Key> {
        match &self.operation.op {
            WriteOp::Create { fields, .. } => key_of(table?, fields).ok().flatten(),
            WriteOp::Upsert { value, .. } => key_text(value.get()),
            op => op.key().cloned(),
        }
    }

    /// Whether the operation done twice does no harm. A row is found by its key each time.
    fn is_idempotent(&self) -> bool {
        matches!(self.operation.op, WriteOp::Update { .. } | WriteOp::Delete { .. })
    }

    fn size(&self) -> usize {
        match &self.operation.op {
            WriteOp::Create { fields, .. } | WriteOp::Upsert { fields, .. } => fields.get().len(),
            WriteOp::Update { patch, .. } => serde_json::to_string(patch).map_or(0, |text| text.len()),
            _ => 0,
        }
    }
}

impl Writer {
    async fn next(&mut self) -> Option<OperationOutcome> {
        while self.ready.is_empty() && !self.queue.is_empty() {
            if let Some((kind, wait)) = self.stopped {
                let operation = self.queue.pop_front()?;
                let message = "not sent, because the connection failed an operation before this one";
                let error = Error::new(kind, message).with_resend(Resend::Safe);
                let error = wait.into_iter().fold(error, Error::with_retry_after);
                self.ready.push_back(OperationOutcome::new(operation.id, Outcome::Deferred(error)));
                break;
            }
            let mut tasks = self.chunk().await;
            self.run(&mut tasks).await;
            for task in tasks {
                let outcome = task.outcome.unwrap_or_else(|| {
                    Outcome::Unknown(Error::new(ErrorKind::Internal, "an operation has no outcome"))
                });
                let done = OperationOutcome::new(task.operation.id, outcome);
                self.ready.push_back(if task.is_unmarked { done.without_marker() } else { done });
            }
        }
        self.ready.pop_front()
    }

    /// The next operations that one request can carry. Two that concern the same row are not among them.
    async fn chunk(&mut self) -> Vec<Task> {
        if self.table.is_none() && self.queue.iter().any(|operation| needs_table(&operation.op)) {
            match Table::open(&self.client, &self.entity, None).await {
                Ok(table) => self.table = Some(table),
                Err(error) => {
                    let tasks: Vec<Task> = self.queue.drain(..).map(Task::from).collect();
                    let error = on_entity(error, self.entity.as_str());
                    return failed(tasks, |_| true, &error);
                }
            }
        }
        let (mut tasks, mut touched, mut bytes) = (Vec::new(), HashSet::new(), 0);
        while tasks.len() < MOST && bytes < MOST_BYTES {
            let Some(operation) = self.queue.pop_front() else { break };
            let task = Task::from(operation);
            if let Some(key) = task.key(self.table.as_ref())
                && !touched.insert(key)
            {
                self.queue.push_front(task.operation);
                break;
            }
            bytes += task.size();
            tasks.push(task);
        }
        tasks
    }

    /// Carries out a chunk. Operations that Google refuses are looked for by halves.
    async fn run(&mut self, tasks: &mut [Task]) {
        let mut open = vec![(0, tasks.len())];
        while let Some((from, end)) = open.pop() {
            let Some(part) = tasks.get_mut(from..end) else { continue };
            let Err(error) = self.attempt(part).await else { continue };
            let left = part.iter().filter(|task| task.outcome.is_none()).count();
            if left > 1 && self.tries > 0 && is_about_one(&error) {
                self.tries -= 1;
                let middle = from + (end - from) / 2;
                open.push((middle, end));
                open.push((from, middle));
                continue;
            }
            self.note(&error);
            let entity = self.entity.as_str();
            for task in part.iter_mut().filter(|task| task.outcome.is_none()) {
                let idempotent = task.is_idempotent();
                task.outcome = Some(outcome_of(on_entity(again(&error), entity), idempotent));
            }
        }
    }

    fn note(&mut self, error: &Error) {
        use ErrorKind::{Config, QuotaExhausted, RateLimited, Timeout, Transport, Unauthenticated};
        if matches!(
            error.kind(),
            Config | QuotaExhausted | RateLimited | Timeout | Transport | Unauthenticated
        ) {
            self.stopped = Some((error.kind(), error.retry_after()));
        }
    }

    /// One request for all operations that are still open, after the rows were found by their keys.
    async fn attempt(&mut self, tasks: &mut [Task]) -> Result<()> {
        for task in tasks.iter_mut().filter(|task| task.outcome.is_none()) {
            task.outcome = self.settled(&task.operation.op);
        }
        if tasks.iter().all(|task| task.outcome.is_some()) {
            return Ok(());
        }
        // Nothing has been written so far: whatever fails here may be tried again.
        let (keys, current) = match self.look(tasks).await {
            Ok(found) => found,
            Err(error) => {
                self.note(&error);
                for task in tasks.iter_mut().filter(|task| task.outcome.is_none()) {
                    task.outcome = Some(outcome_of(on_entity(again(&error), self.entity.as_str()), true));
                }
                return Ok(());
            }
        };
        let Some(table) = &self.table else { return Err(positional()) };
        let mut plan = Plan::default();
        let mut done: Vec<Option<Outcome>> = Vec::with_capacity(tasks.len());
        for task in tasks.iter_mut() {
            if task.outcome.is_some() {
                done.push(None);
                continue;
            }
            let planned = planned(&self.client, table, &mut plan, &keys, &current, &task.operation.op);
            match planned.unwrap_or_else(|error| {
                Planned::Settled(Outcome::Rejected(on_entity(error, self.entity.as_str())))
            }) {
                Planned::Settled(outcome) => {
                    task.outcome = Some(outcome);
                    done.push(None);
                }
                Planned::Step(step, key) => {
                    plan.steps.push(step);
                    done.push(Some(Outcome::applied(Some(key))));
                }
            }
            if let WriteOp::Create { marker: Some(_), .. } = &task.operation.op {
                task.is_unmarked = table.marker.is_none();
            }
        }
        if plan.steps.is_empty() {
            return Ok(());
        }
        self.client.batch_update(plan.body(table), &self.entity).await?;
        for (task, outcome) in tasks.iter_mut().zip(done) {
            if task.outcome.is_none() {
                task.outcome = outcome;
            }
        }
        if !plan.added.is_empty() {
            // The header has other columns now.
            self.table = None;
            if !self.queue.is_empty() {
                self.table = Table::open(&self.client, &self.entity, None).await.ok();
            }
        }
        Ok(())
    }

    /// The outcome of an operation that needs no look at the sheet.
    fn settled(&self, op: &WriteOp) -> Option<Outcome> {
        let refused = |error: Error| Some(Outcome::Rejected(on_entity(error, self.entity.as_str())));
        let Some(table) = &self.table else { return refused(Error::unsupported("an action on a row")) };
        match op {
            WriteOp::Invoke { .. } => refused(Error::unsupported("an action on a row")),
            _ if table.key.is_none() => refused(positional()),
            WriteOp::Create { .. } | WriteOp::Delete { .. } | WriteOp::Upsert { .. } if !table.is_whole() => {
                let error = Error::unsupported("adding and deleting rows of a table that is a part of a tab");
                refused(error.with_advice("put the table on a tab of its own"))
            }
            WriteOp::Update { patch, .. } if patch.is_empty() => Some(Outcome::Unchanged),
            _ => None,
        }
    }

    /// The rows of all keys, and the records of those that are changed on a condition.
    async fn look(&mut self, tasks: &[Task]) -> Result<(Keys, HashMap<Key, Record>)> {
        let mut table = match &self.table {
            Some(table) => table.clone(),
            None => Table::open(&self.client, &self.entity, None).await?,
        };
        let mut keys = Keys::read(&self.client, &table).await?;
        if keys.fingerprint != table.fingerprint {
            // The header changed since it was read.
            table = Table::open(&self.client, &self.entity, None).await?;
            keys = Keys::read(&self.client, &table).await?;
            if keys.fingerprint != table.fingerprint {
                let message = format!("the header of the tab {:?} is being edited", table.title);
                return Err(Error::new(ErrorKind::Unavailable, message).with_resend(Resend::Safe));
            }
        }
        let wanted: Vec<u64> = tasks
            .iter()
            .filter(|task| task.outcome.is_none())
            .filter_map(|task| match &task.operation.op {
                WriteOp::Update { key, if_version: Some(_), .. } => keys.rows.get(key).copied(),
                _ => None,
            })
            .collect();
        let mut current = HashMap::new();
        if !wanted.is_empty() {
            let response = self.client.cells_of_rows(table.sheet, &wanted, &self.entity).await?;
            let answer = answer(&response)?;
            for grid in answer.sheets.iter().flat_map(|tab| &tab.data) {
                for (row, data) in (grid.start_row..).zip(&grid.row_data) {
                    let cells = Cells { cells: &data.values, left: grid.start_column };
                    let read = record::read(&table, row, cells, 256).and_then(record::Row::record);
                    current.extend(read.map(|(record, _)| (record.key.clone(), record)));
                }
            }
        }
        self.table = Some(table);
        Ok((keys, current))
    }
}

fn needs_table(op: &WriteOp) -> bool {
    !matches!(op, WriteOp::Invoke { .. })
}

enum Planned {
    Settled(Outcome),
    Step(Step, Key),
}

fn planned(
    client: &Client,
    table: &Table,
    plan: &mut Plan,
    keys: &Keys,
    current: &HashMap<Key, Record>,
    op: &WriteOp,
) -> Result<Planned> {
    let may_add = client.config.adds_columns();
    let missing = |key: &Key| {
        let message = format!("the tab {:?} has no row with this key", table.title);
        Error::new(ErrorKind::NotFound, message).with_context("key", excerpt(key.as_str(), 40))
    };
    Ok(match op {
        WriteOp::Create { fields, marker, .. } => {
            let key = key_of(table, fields)?.ok_or_else(|| no_key(table))?;
            if keys.rows.contains_key(&key) {
                let message = format!("the tab {:?} has a row with this key already", table.title);
                return Err(Error::new(ErrorKind::Rejected, message)
                    .with_advice("update that row, or choose another key")
                    .with_context("key", excerpt(key.as_str(), 40)));
            }
            Planned::Step(Step::Append(plan.cells(table, fields, marker.as_ref(), may_add)?), key)
        }
        WriteOp::Update { key, patch, if_version, .. } => {
            let row = *keys.rows.get(key).ok_or_else(|| missing(key))?;
            if let Some(version) = if_version {
                let now = current.get(key);
                if now.and_then(|record| record.version.as_ref()) != Some(version) {
                    return Ok(Planned::Settled(Outcome::conflict(now.cloned().map(Box::new))));
                }
            }
            let cells = plan.patched(table, key, patch, may_add)?;
            match cells.is_empty() {
                true => Planned::Settled(Outcome::Unchanged),
                false => Planned::Step(Step::Update(row, cells), key.clone()),
            }
        }
        WriteOp::Upsert { by, value, fields, .. } => {
            let column = table.key.and_then(|key| table.columns.get(key)).ok_or_else(positional)?;
            if column.path() != *by {
                return Err(Error::unsupported("an upsert by another column than the key"));
            }
            let key = key_text(value.get()).ok_or_else(|| no_key(table))?;
            let mut cells = plan.cells(table, fields, None, may_add)?;
            match keys.rows.get(&key) {
                Some(row) => {
                    cells.remove(&column.index);
                    match cells.is_empty() {
                        true => Planned::Settled(Outcome::Unchanged),
                        false => Planned::Step(Step::Update(*row, cells), key),
                    }
                }
                None => {
                    let cell = crate::cells::encode(table, column, value.view()?);
                    cells.insert(
                        column.index,
                        cell.map_err(|problem| Error::new(ErrorKind::Rejected, problem))?,
                    );
                    Planned::Step(Step::Append(cells), key)
                }
            }
        }
        WriteOp::Delete { key, .. } => match keys.rows.get(key) {
            Some(row) => Planned::Step(Step::Delete(*row), key.clone()),
            None => Planned::Settled(Outcome::Unchanged),
        },
        _ => return Err(Error::unsupported("this operation on a row")),
    })
}

fn no_key(table: &Table) -> Error {
    let column = table.key.and_then(|key| table.columns.get(key));
    let name = column.map_or("the key column", |column| column.name.as_str());
    Error::new(ErrorKind::Rejected, format!("a new row of the tab {:?} needs a key in {name:?}", table.title))
        .with_advice("give the field a value that no other row has")
}

impl From<Operation> for Task {
    fn from(operation: Operation) -> Self {
        Self { operation, outcome: None, is_unmarked: false }
    }
}

fn failed(mut tasks: Vec<Task>, idempotent: impl Fn(&Task) -> bool, error: &Error) -> Vec<Task> {
    for task in &mut tasks {
        let outcome = match &task.operation.op {
            WriteOp::Invoke { .. } => Outcome::Rejected(Error::unsupported("an action on a row")),
            _ => outcome_of(again(error), idempotent(task)),
        };
        task.outcome = Some(outcome);
    }
    tasks
}

/// Whether a refusal may be about one operation among others.
fn is_about_one(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Rejected | ErrorKind::Conflict => true,
        ErrorKind::Forbidden => error.message().contains("protected"),
        _ => false,
    }
}

/// The same error once more, for another operation.
fn again(error: &Error) -> Error {
    let mut copy = Error::new(error.kind(), error.message().to_owned())
        .with_resend(error.resend())
        .with_attempts(error.attempts());
    if let Some(advice) = error.advice() {
        copy = copy.with_advice(advice.to_owned());
    }
    if let Some(status) = error.status() {
        copy = copy.with_status(status);
    }
    if let Some(wait) = error.retry_after() {
        copy = copy.with_retry_after(wait);
    }
    if let Some(code) = error.code() {
        copy = copy.with_code(code);
    }
    if let Some(text) = error.provider_text() {
        copy = copy.with_provider_text(text);
    }
    copy
}
