//! `tieline invoke`: an action on a record or on an account.

use std::time::Duration;

use futures_util::StreamExt as _;
use tieline::{
    Error, ErrorKind, Operation, OperationOutcome, Outcome as Written, OutcomeStream, PollRequest, RawJson,
    Result, WriteOp, WriteRequest,
};
use tokio::time::{Instant, sleep_until};

use crate::arguments::InvokeArgs;
use crate::commands::outcomes::{describe, into_error, is_done, unanswered, word};
use crate::commands::stdin::{LONGEST_LINE, whole};
use crate::credential::read_file;
use crate::failure::{Failure, Outcome};
use crate::lines::stdout;
use crate::session::connect;

/// The pauses between two questions for a job.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(crate) async fn invoke(options: InvokeArgs) -> Outcome {
    let input = input(&options.input)?;
    let connected = connect(&options.connection).await?;
    let op = WriteOp::invoke(options.action, input).with_key(options.key.map(Into::into));
    let operation = Operation::new(options.id, op);
    let connector = &*connected.connector;
    let entity = options.entity;
    let request = WriteRequest::new(entity.as_str(), vec![operation.clone()]);
    let mut done = only(connector.write(request)?, &operation).await;
    let deadline = Instant::now() + Duration::from_secs(options.wait.into());
    let mut pause = FIRST_PAUSE;
    while let Written::Accepted { ticket, .. } = &done.outcome
        && Instant::now() < deadline
    {
        sleep_until(deadline.min(Instant::now() + pause)).await;
        pause = LONGEST_PAUSE.min(pause * 2);
        let request = PollRequest::new(entity.as_str(), ticket.clone(), vec![operation.clone()]);
        done = only(connector.poll(request)?, &operation).await;
    }
    let mut out = stdout();
    out.put(|line| describe(line, None, &done))?;
    out.flush()?;
    let outcome = done.outcome;
    if is_done(&outcome) {
        return Ok(());
    }
    let word = word(&outcome);
    let conflict = matches!(outcome, Written::Conflict { .. });
    Err(match into_error(outcome) {
        Some(error) => error.with_context("outcome", word).into(),
        None if conflict => Error::new(ErrorKind::Conflict, "the record has another version by now")
            .with_advice("read it again and decide")
            .into(),
        None => Failure::Incomplete,
    })
}

/// The one outcome of the one operation.
async fn only(mut outcomes: OutcomeStream, operation: &Operation) -> OperationOutcome {
    match outcomes.next().await {
        Some(done) => done,
        None => OperationOutcome::new(operation.id.clone(), Written::Unknown(unanswered())),
    }
}

/// The input of an action: JSON itself, a file, or standard input.
fn input(given: &str) -> Result<RawJson> {
    let not_json = || {
        Error::new(ErrorKind::Config, "the input is not JSON")
            .with_advice("give JSON, @FILE or - for standard input")
    };
    let text = if given == "-" {
        whole(LONGEST_LINE as u64)?.into_bytes()
    } else if let Some(path) = given.strip_prefix('@') {
        read_file(path.as_ref(), LONGEST_LINE as u64, "input", |_| Ok(()))?.to_vec()
    } else {
        given.as_bytes().to_vec()
    };
    let text = String::from_utf8(text).map_err(|_| not_json())?;
    RawJson::parse(text).map_err(|error| not_json().with_source(error))
}
