//! `tieline read`: a pass as JSON lines, and the state that is true once they have arrived.

use std::io::{IsTerminal as _, Write};
use std::time::Duration;

use futures_util::StreamExt as _;
use tieline::{
    Batch, Change, DeletionScope, EntityName, Error, ErrorKind, Issue, Partition, PassEnd, ReadMode,
    ReadRequest,
};

use crate::arguments::{ReadArgs, Verbosity};
use crate::failure::Outcome;
use crate::lines::{Lines, stdout};
use crate::progress::Progress;
use crate::session::{Connected, connect};
use crate::state_file::{Owner, StateFile};

pub(crate) async fn read(options: ReadArgs, verbosity: Verbosity) -> Outcome {
    let connected = connect(&options.connection).await?;
    let owner = Owner {
        provider: connected.provider.clone().into_owned(),
        config: connected.config.clone(),
        entity: options.entity.clone(),
        partition: options.partition.clone(),
    };
    let (file, state) = match &options.state {
        Some(path) => StateFile::open(path, &owner).map(|(file, state)| (Some(file), state))?,
        None => (None, None),
    };
    let mut request = ReadRequest::changes(options.entity.as_str()).with_state(state);
    request.mode = options.mode.into();
    request.partition = options.partition.map(Partition::from);
    request.page_size = options.page_size.map(u32::from);
    request.fields = options.fields;
    request.max_records = options.max_records.map(u64::from);

    // On a terminal the records are the progress.
    let progress =
        if std::io::stdout().is_terminal() { Progress::hidden() } else { Progress::new(verbosity) };
    progress.begin(&options.entity);
    let mut reading = Reading { owner, file, lines: stdout(), records: 0 };
    let outcome = reading.run(&connected, request, &progress).await;
    progress.end();
    outcome
}

struct Reading<W: Write> {
    owner: Owner,
    file: Option<StateFile>,
    lines: Lines<W>,
    records: u64,
}

impl<W: Write> Reading<W> {
    async fn run(&mut self, connected: &Connected, request: ReadRequest, progress: &Progress) -> Outcome {
        let explained = |error, file: &Option<StateFile>| match file {
            Some(file) => file.explain(error),
            None => error,
        };
        let mut batches = connected.connector.read(request).map_err(|error| explained(error, &self.file))?;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|error| explained(error, &self.file))?;
            self.take(&batch)?;
            let total = batch.progress.and_then(|progress| progress.total);
            progress.at(&self.owner.entity, self.records, total);
            if let Some(wait) = batch.wait.filter(|_| batch.end.is_none()) {
                if wait > connected.max_wait {
                    return Err(asked_to_wait(wait).into());
                }
                tokio::time::sleep(wait).await;
            }
        }
        self.lines.flush()
    }

    /// A batch's lines reach standard output as a whole before its state reaches the file.
    fn take(&mut self, batch: &Batch) -> Outcome {
        let partition = batch.partition.as_ref();
        for group in &batch.groups {
            for change in &group.changes {
                self.change(&group.entity, partition, change)?;
            }
        }
        for issue in &batch.issues {
            self.issue(issue)?;
        }
        if batch.schema_changed {
            let entity = self.owner.entity.as_str();
            self.lines.put(|line| _ = line.text("type", "schema_changed").text("entity", entity))?;
        }
        let state = self.owner.line(&batch.state)?;
        self.lines.bytes(&state)?;
        if let Some(end) = batch.end {
            let pass = match batch.pass {
                ReadMode::Full => "full",
                ReadMode::Keys => "keys",
                _ => "changes",
            };
            let (complete, records) = (end == PassEnd::Complete, self.records);
            let entity = self.owner.entity.as_str();
            self.lines.put(|line| {
                line.text("type", "end").text("entity", entity).text("pass", pass);
                line.json("complete", &complete).json("records", &records);
            })?;
        }
        self.lines.flush()?;
        if let Some(file) = &self.file {
            file.save(&state)?;
        }
        Ok(())
    }

    fn change(&mut self, entity: &EntityName, partition: Option<&Partition>, change: &Change) -> Outcome {
        self.records += 1;
        self.lines.put(|line| {
            let word = match change {
                Change::Upsert(_) => "upsert",
                Change::Delete(_) => "delete",
                Change::Merged { .. } => "merged",
                Change::Present(_) => "present",
                _ => "unknown",
            };
            line.text("type", word).text("entity", entity).maybe("partition", partition);
            match change {
                Change::Upsert(record) => line
                    .text("key", &record.key)
                    .maybe("changed_at", record.changed_at.as_ref())
                    .maybe("version", record.version.as_ref())
                    .raw("record", record.payload.get()),
                Change::Delete(deletion) => line
                    .text("key", &deletion.key)
                    .maybe("at", deletion.at.as_ref())
                    .maybe("scope", (deletion.scope == DeletionScope::Partition).then_some("partition")),
                Change::Merged { from, into, .. } => line.text("from", from).text("into", into),
                other => line.text("key", other.key()),
            };
        })
    }

    fn issue(&mut self, issue: &Issue) -> Outcome {
        self.lines.put(|line| {
            line.text("type", "issue")
                .maybe("entity", issue.entity.as_ref())
                .maybe("key", issue.key.as_ref())
                .maybe("path", issue.path.as_ref().map(tieline::FieldPath::as_str))
                .text("message", &issue.message)
                .json("refused", &issue.refused);
        })
    }
}

fn asked_to_wait(wait: Duration) -> Error {
    Error::new(ErrorKind::RateLimited, "the provider asks to be left alone for a while")
        .with_advice("run the same command again after that; with --state it goes on where it stopped")
        .with_retry_after(wait)
}
