//! What every sandbox does around its provider's model: faults, log, clock and control.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};

use crate::clock::Clock;
use crate::faults::{FaultQueue, FaultRule, PageTwist};
use crate::journal::{Counters, Journal, Seen};
use crate::reply::{Misbehaviour, Reply};
use crate::{Json, control, misbehave};

/// A provider, as a function from requests to answers that keeps state.
pub trait Model: Send + Sync + 'static {
    /// Answers a request as the provider would.
    fn answer(&self, request: &Request<Bytes>, moment: Moment) -> Reply;

    /// What comes back for a status: the provider's own words, such as its 401, or those of a server in front of it.
    fn refusal(&self, status: StatusCode, request: &Request<Bytes>) -> Reply;

    /// The credentials that the sandbox accepts. The log strikes them out wherever they turn up.
    fn secrets(&self) -> Vec<String>;

    /// What a request asks for, where its path does not say it. For the log.
    fn describe(&self, _request: &Request<Bytes>) -> Option<String> {
        None
    }

    /// An error of this provider that quotes a text, where it has one that goes out with this status.
    fn quotation(&self, _status: StatusCode, _request: &Request<Bytes>, _quoted: &str) -> Option<Reply> {
        None
    }

    /// The provider's part of the control interface. `None` where there is no such command.
    fn control(&self, command: &Command<'_>, now: DateTime<Utc>) -> Option<Result<Json, Refused>>;
}

/// When a request is answered, and what must be wrong with the page.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time on the sandbox's clock.
    pub now: DateTime<Utc>,
    /// A fault inside the page.
    pub twist: PageTwist,
}

/// A command to the control interface, below `/_sandbox/`.
#[derive(Clone, Copy, Debug)]
pub struct Command<'a> {
    /// The method.
    pub method: &'a str,
    /// The path below `/_sandbox`, in parts.
    pub path: &'a [&'a str],
    /// The body, `null` where there was none.
    pub body: &'a Json,
}

/// The sandbox does not do that, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// A provider emulated: call [`handle`](Self::handle) in process, or [`serve`](Self::serve) it on loopback.
#[derive(Debug)]
pub struct Sandbox<M> {
    model: M,
    clock: Clock,
    faults: FaultQueue,
    journal: Journal,
}

impl<M: Model> Sandbox<M> {
    /// A sandbox around a provider's model.
    pub fn new(model: M, clock: Clock) -> Arc<Self> {
        Arc::new(Self { model, clock, faults: FaultQueue::default(), journal: Journal::default() })
    }

    /// Answers one request. It neither waits nor does any input or output: a delay is written on the reply.
    pub fn handle(&self, request: Request<Bytes>) -> Reply {
        if request.uri().path().starts_with(control::PREFIX) {
            return control::answer(self, &request);
        }
        let now = self.clock.now();
        let hit = self.faults.next_for(&request);
        let mut reply = match &hit {
            None => self.model.answer(&request, Moment { now, twist: PageTwist::None }),
            Some(hit) => {
                let moment = Moment { now, twist: hit.fault.twist() };
                let own = hit.takes_effect.then(|| self.model.answer(&request, moment));
                let replaced = misbehave::replace(&hit.fault, &request, now, &self.model);
                match (replaced, own) {
                    (Some(reply), _) => reply,
                    (None, Some(own)) => misbehave::spoil(&hit.fault, own),
                    (None, None) => {
                        misbehave::spoil(&hit.fault, self.model.refusal(StatusCode::BAD_GATEWAY, &request))
                    }
                }
            }
        };
        // The provider's clock decides, so its date header shows the sandbox's time and not the machine's.
        reply = reply.with_header("date", &httpdate::fmt_http_date(now.into()));
        self.note(&request, &reply, now, hit.map(|hit| hit.fault.name()));
        reply
    }

    fn note(&self, request: &Request<Bytes>, reply: &Reply, at: DateTime<Utc>, fault: Option<&'static str>) {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let never_left = reply.misbehaviour == Some(Misbehaviour::ResetBeforeAnswer);
        self.journal.note(Seen {
            at,
            method: request.method().to_string(),
            path: without_secrets(&self.struck_out(path)),
            call: self.model.describe(request).map(|call| self.struck_out(&call)),
            status: if never_left { 0 } else { reply.status.as_u16() },
            fault,
        });
    }

    fn struck_out(&self, text: &str) -> String {
        let secrets = self.model.secrets();
        secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret, "[token]"))
    }

    /// Adds a fault behind those that wait already.
    pub fn inject(&self, rule: FaultRule) {
        self.faults.add(rule);
    }

    /// Drops all faults that wait.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// The faults that wait.
    pub fn waiting_faults(&self) -> Vec<FaultRule> {
        self.faults.waiting()
    }

    /// The requests seen since the start or since [`forget_requests`](Self::forget_requests).
    pub fn requests(&self) -> Vec<Seen> {
        self.journal.lines()
    }

    /// The counters.
    pub fn counters(&self) -> Counters {
        self.journal.counters()
    }

    /// Empties the log and sets the counters to zero.
    pub fn forget_requests(&self) {
        self.journal.forget();
    }

    /// The time on the sandbox's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Moves the sandbox's clock forward.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// The provider's model.
    pub const fn model(&self) -> &M {
        &self.model
    }
}

/// Strikes out tokens in a query, also those that were never valid here.
fn without_secrets(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let shown = |pair: &str| match pair.split_once('=') {
        Some((name @ ("api_token" | "access_token"), _)) => format!("{name}=[token]"),
        _ => pair.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(shown).collect();
    format!("{path}?{}", query.join("&"))
}
