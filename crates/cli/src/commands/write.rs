//! `tieline write`: operations from standard input, one outcome for each line.

use std::collections::{HashSet, VecDeque};
use std::io::{self, IsTerminal as _, Write};

use futures_util::StreamExt as _;
use tieline::{
    Connector, Error, ErrorKind, Key, Operation, OperationId, OperationOutcome, Outcome as Written, Resend,
    WriteOp, WriteRequest,
};

use crate::arguments::WriteArgs;
use crate::commands::durable::Durable;
use crate::commands::operations::parse;
use crate::commands::outcomes::{
    concerns_all, describe, describe_malformed, into_error, is_done, unanswered,
};
use crate::commands::stdin::{Content, Numbered, pieces, too_long};
use crate::failure::{Failure, Outcome, tell};
use crate::lines::{Lines, stdout};
use crate::session::connect;

/// The most records with an operation that is not settled. Who has more has another problem.
const HELD: usize = 10_000;

pub(crate) async fn write(options: WriteArgs) -> Outcome {
    let connected = connect(&options.connection).await?;
    let WriteArgs { connection, entity, outbox, name } = &options;
    let kept = connection.stored.as_ref().map(|_| &connection.store.store);
    if let Some(file) = outbox.as_ref().or(kept) {
        let id = name.as_ref().or(connection.stored.as_ref()).unwrap_or(&connection.provider);
        let tenant = &connection.store.tenant;
        let (connector, max_wait) = (connected.connector, connected.max_wait);
        let durable = Durable::open(file, tenant, id.as_str().into(), entity, connector, max_wait).await?;
        return through_outbox(durable).await;
    }
    let mut writing =
        Writing { lines: stdout(), entity: options.entity, all_done: true, held: HashSet::new(), stop: None };
    greet();
    let mut pieces = pieces();
    while let Some(piece) = pieces.recv().await {
        let piece = piece.map_err(unreadable)?;
        writing.carry_out(&*connected.connector, piece).await?;
        if let Some(error) = writing.stop {
            return Err(error.into());
        }
    }
    if writing.all_done { Ok(()) } else { Err(Failure::Incomplete) }
}

/// The same through an outbox, which sends nothing twice.
async fn through_outbox(mut durable: Durable) -> Outcome {
    let mut lines = stdout();
    greet();
    let mut pieces = pieces();
    while let Some(piece) = pieces.recv().await {
        durable.carry_out(&mut lines, piece.map_err(unreadable)?).await?;
    }
    durable.end()
}

fn greet() {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        tell("Write one operation a line (tieline write --help shows them); Ctrl-D ends.\n");
    }
}

fn unreadable(error: io::Error) -> Error {
    Error::new(ErrorKind::Internal, "standard input could not be read")
        .with_advice("lines without an outcome were not sent")
        .with_source(error)
}

struct Writing<W: Write> {
    lines: Lines<W>,
    entity: String,
    all_done: bool,
    /// Records with an operation that is not settled. Done out of order, they would end with the older change.
    held: HashSet<Key>,
    /// Why nothing more is sent.
    stop: Option<Error>,
}

/// A line that waits for its answer.
enum Waiting {
    /// It went to the connector.
    Sent(OperationId, Option<Key>),
    /// It did not, and this is its outcome.
    Held(OperationOutcome),
    Malformed(Error),
}

impl<W: Write> Writing<W> {
    /// Sends the operations of a piece and answers each of its lines, in their order.
    async fn carry_out(&mut self, connector: &dyn Connector, piece: Vec<Numbered>) -> Outcome {
        let mut operations = Vec::with_capacity(piece.len());
        let mut waiting = VecDeque::with_capacity(piece.len());
        for Numbered { number, content } in piece {
            waiting.push_back((number, self.accept(number, content, &mut operations)));
        }
        if !operations.is_empty() {
            match connector.write(WriteRequest::new(self.entity.as_str(), operations)) {
                Ok(mut outcomes) => {
                    while let Some(outcome) = outcomes.next().await {
                        self.answer_unsent(&mut waiting)?;
                        let Some((number, Waiting::Sent(_, key))) = waiting.pop_front() else { break };
                        self.answer(number, key, outcome)?;
                    }
                }
                Err(error) => return self.refused(waiting, error),
            }
        }
        self.answer_unsent(&mut waiting)?;
        // Only a connector that breaks its promise of one outcome for each leaves any.
        while let Some((number, Waiting::Sent(id, key))) = waiting.pop_front() {
            self.answer(number, key, OperationOutcome::new(id, Written::Unknown(unanswered())))?;
            self.answer_unsent(&mut waiting)?;
        }
        Ok(())
    }

    /// Takes the operation on a line to those that are sent, or says why not.
    fn accept(&self, number: u64, content: Content, operations: &mut Vec<Operation>) -> Waiting {
        let parsed = match content {
            Content::Line(line) => parse(&line, number),
            Content::TooLong => Err(too_long(number)),
        };
        match parsed {
            Err(error) => Waiting::Malformed(error),
            Ok(operation) => {
                let (id, key) = (operation.id.clone(), key_of(&operation.op).cloned());
                match key.as_ref().filter(|key| self.held.contains(*key)) {
                    Some(key) => Waiting::Held(OperationOutcome::new(id, Written::Deferred(held(key)))),
                    None => {
                        operations.push(operation);
                        Waiting::Sent(id, key)
                    }
                }
            }
        }
    }

    /// The connector refuses the operations as a whole; nothing was sent.
    fn refused(&mut self, mut waiting: VecDeque<(u64, Waiting)>, error: Error) -> Outcome {
        self.answer_unsent(&mut waiting)?;
        while let Some((number, Waiting::Sent(id, _))) = waiting.pop_front() {
            let mut same = Error::new(error.kind(), error.message().to_owned()).with_resend(error.resend());
            if let Some(advice) = error.advice() {
                same = same.with_advice(advice.to_owned());
            }
            let outcome = match error.resend() {
                Resend::Safe => Written::Deferred(same),
                _ => Written::Rejected(same),
            };
            self.answer(number, None, OperationOutcome::new(id, outcome))?;
            self.answer_unsent(&mut waiting)?;
        }
        self.stop = Some(error);
        Ok(())
    }

    /// Answers the lines before the next operation that went to the connector.
    fn answer_unsent(&mut self, waiting: &mut VecDeque<(u64, Waiting)>) -> Outcome {
        while let Some((number, line)) = waiting.pop_front_if(|(_, line)| !matches!(line, Waiting::Sent(..)))
        {
            match line {
                Waiting::Malformed(error) => {
                    self.all_done = false;
                    self.lines.put(|line| describe_malformed(line, number, &error))?;
                    self.lines.flush()?;
                }
                Waiting::Held(outcome) => self.answer(number, None, outcome)?,
                Waiting::Sent(..) => {}
            }
        }
        Ok(())
    }

    fn answer(&mut self, number: u64, key: Option<Key>, done: OperationOutcome) -> Outcome {
        self.all_done &= is_done(&done.outcome);
        self.lines.put(|line| describe(line, Some(number), &done))?;
        self.lines.flush()?;
        if matches!(done.outcome, Written::Deferred(_) | Written::Unknown(_)) {
            self.held.extend(key);
        }
        if concerns_all(&done.outcome) {
            self.stop =
                self.stop.take().or(into_error(done.outcome)).map(|error| error.with_context("line", number));
        } else if self.held.len() > HELD {
            self.stop.get_or_insert_with(too_many_held);
        }
        Ok(())
    }
}

fn key_of(op: &WriteOp) -> Option<&Key> {
    match op {
        WriteOp::Update { key, .. } | WriteOp::Delete { key, .. } => Some(key),
        WriteOp::Invoke { key, .. } => key.as_ref(),
        _ => None,
    }
}

fn held(key: &Key) -> Error {
    Error::new(
        ErrorKind::Conflict,
        "not sent, because an operation before this one on the same record is not settled",
    )
    .with_resend(Resend::Safe)
    .with_advice("send it again once that one is settled")
    .with_context("key", key)
}

fn too_many_held() -> Error {
    Error::new(ErrorKind::Unavailable, format!("more than {HELD} operations are not settled"))
        .with_advice("nothing after the last outcome was sent: look what is wrong, then send the rest")
}
