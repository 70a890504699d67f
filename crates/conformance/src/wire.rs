//! Between the connector's HTTP stack and the world's transport: a log of what was sent, and trouble on the way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::header::{CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use tieline_core::http::{BodyStream, RequestBody, Transport};
use tieline_core::{Error, ErrorKind, Resend, Result};
use tokio::time::Instant;

use crate::canary::{CANARY, marked};
use crate::subject::FakeProvider;

/// A fault on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// The connection is never made.
    Refused,
    /// The connection breaks before an answer; the request did not arrive, which nobody can know.
    Reset,
    /// The request arrives, its answer does not.
    LostAnswer,
    /// Half of the answer arrives, then the connection breaks.
    BreaksOff,
    /// Half of the answer arrives and looks like all of it.
    Malformed,
    /// The answer trickles.
    Slow,
    /// A status in the provider's words.
    Says(u16, Hint),
    /// The request takes effect, and a server in front of the provider answers with this status.
    Replaced(u16),
    /// A web page with status 200.
    WebPage,
    /// An answer without an end.
    Endless,
    /// An error that says back everything that the request carried.
    Echo(u16),
    /// An error with a very long text.
    Verbose(u16),
    /// The provider's own response, every text that a person wrote replaced by the canary.
    Marked,
    /// The same with the numbers too, so that no type fits.
    Mistyped,
    /// An error that quotes the canary.
    Quotes(u16),
}

/// The form in which a response says when to come back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hint {
    None,
    Seconds(u32),
    Date(u32),
}

/// The requests that a fault meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    All,
    Writes,
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    trouble: Trouble,
    on: On,
    skip: u32,
    times: u32,
}

/// A request as it went out.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Instant,
    pub(crate) url: String,
    pub(crate) writes: bool,
    /// The status of the answer, 0 while there is none.
    pub(crate) status: u16,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    log: Vec<Sent>,
    happening: Option<Happening>,
}

/// Something that people do at the provider between two requests.
struct Happening {
    /// After so many answers.
    answers: u32,
    what: Box<dyn FnOnce() + Send>,
}

impl std::fmt::Debug for Happening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Happening").field("answers", &self.answers).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(crate) struct Wire {
    inner: Arc<dyn Transport>,
    world: Arc<dyn FakeProvider>,
    state: Mutex<State>,
    /// Bytes of endless bodies that were taken.
    taken: Arc<AtomicU64>,
}

/// A word that a reader of an error should not meet in full.
pub(crate) const VERBOSE: &str = "lorem-ipsum-";
const PIECE: usize = 64 * 1024;

/// The most bytes that a request may send.
const LARGEST_REQUEST: usize = 64 << 20;

impl Wire {
    pub(crate) fn new(world: Arc<dyn FakeProvider>) -> Self {
        Self { inner: world.transport(), world, state: Mutex::default(), taken: Arc::default() }
    }

    /// Lets this happen to the next request.
    pub(crate) fn once(&self, trouble: Trouble) {
        self.arm(trouble, On::All, 0, 1);
    }

    /// Lets this happen to every request.
    pub(crate) fn always(&self, trouble: Trouble) {
        self.arm(trouble, On::All, 0, u32::MAX);
    }

    pub(crate) fn arm(&self, trouble: Trouble, on: On, skip: u32, times: u32) {
        self.state().rules.push(Rule { trouble, on, skip, times });
    }

    /// Lets something happen once so many answers were given from now on. What came of it is there afterwards.
    pub(crate) fn after(
        &self,
        answers: u32,
        what: impl FnOnce() -> bool + Send + 'static,
    ) -> Arc<OnceLock<bool>> {
        let done: Arc<OnceLock<bool>> = Arc::default();
        let told = Arc::clone(&done);
        let what = Box::new(move || {
            let _kept = told.set(what());
        });
        self.state().happening = Some(Happening { answers, what });
        done
    }

    /// An answer was given.
    fn let_happen(&self) {
        let due = {
            let mut state = self.state();
            if let Some(happening) = &mut state.happening {
                happening.answers = happening.answers.saturating_sub(1);
            }
            state.happening.take_if(|happening| happening.answers == 0)
        };
        if let Some(due) = due {
            (due.what)();
        }
    }

    pub(crate) fn calm(&self) {
        self.state().rules.clear();
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.state().log.clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.state().log.len()
    }

    pub(crate) fn writes(&self) -> usize {
        self.state().log.iter().filter(|sent| sent.writes).count()
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, request: &Request<Bytes>) -> (usize, Option<Trouble>) {
        let writes = self.world.writes(request);
        let mut state = self.state();
        let mut hit = None;
        for rule in state.rules.iter_mut().filter(|rule| rule.on == On::All || writes) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else {
                rule.times -= u32::from(rule.times < u32::MAX);
                hit = Some(rule.trouble);
                break;
            }
        }
        state.rules.retain(|rule| rule.times > 0);
        state.log.push(Sent { at: Instant::now(), url: request.uri().to_string(), writes, status: 0 });
        (state.log.len() - 1, hit)
    }

    fn answered(&self, index: usize, status: StatusCode) {
        if let Some(sent) = self.state().log.get_mut(index) {
            sent.status = status.as_u16();
        }
    }

    /// An answer that the provider did not give.
    fn made(&self, response: Response<Bytes>) -> Response<BodyStream> {
        let (mut head, body) = response.into_parts();
        if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(SystemTime::from(self.world.now())))
        {
            head.headers.insert(DATE, date);
        }
        Response::from_parts(head, whole(body))
    }

    fn says(&self, status: u16, quoting: &str) -> Response<Bytes> {
        self.world.refusal(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), quoting)
    }

    fn refused(&self, status: u16, hint: Hint) -> Response<Bytes> {
        let mut response = self.says(status, "not now");
        let hint = match hint {
            Hint::None => None,
            Hint::Seconds(seconds) => Some(seconds.to_string()),
            Hint::Date(seconds) => {
                let then = SystemTime::from(self.world.now()) + Duration::from_secs(seconds.into());
                Some(httpdate::fmt_http_date(then))
            }
        };
        if let Some(hint) = hint.and_then(|hint| HeaderValue::from_str(&hint).ok()) {
            response.headers_mut().insert(RETRY_AFTER, hint);
        }
        response
    }

    fn endless(&self) -> Response<BodyStream> {
        let taken = Arc::clone(&self.taken);
        let piece = Bytes::from(vec![b' '; PIECE]);
        let body = stream::repeat_with(move || {
            taken.fetch_add(piece.len() as u64, Ordering::SeqCst);
            Ok(piece.clone())
        });
        Response::new(body.boxed())
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<RequestBody>) -> Result<Response<BodyStream>> {
        let request = RequestBody::collect_request(request, LARGEST_REQUEST).await?;
        let (index, trouble) = self.note(&request);
        let response = match trouble {
            None => self.inner.send(request.map(RequestBody::from)).await?,
            Some(Trouble::Refused) => {
                return Err(broken("the connection was refused").with_resend(Resend::Safe));
            }
            Some(Trouble::Reset) => return Err(broken("the connection was reset")),
            Some(Trouble::LostAnswer) => {
                read(self.inner.send(request.map(RequestBody::from)).await?).await?;
                return Err(broken("the connection was reset"));
            }
            Some(Trouble::Replaced(status)) => {
                read(self.inner.send(request.map(RequestBody::from)).await?).await?;
                self.made(self.says(status, "bad gateway"))
            }
            Some(Trouble::BreaksOff) => {
                let (head, body) = read(self.inner.send(request.map(RequestBody::from)).await?).await?;
                let half = half(&body);
                let broken = Err(broken("the connection broke while the answer arrived"));
                Response::from_parts(head, stream::iter([Ok(half), broken]).boxed())
            }
            Some(Trouble::Malformed) => {
                let (head, body) = read(self.inner.send(request.map(RequestBody::from)).await?).await?;
                Response::from_parts(head, whole(half(&body)))
            }
            Some(Trouble::Slow) => {
                let (head, body) = read(self.inner.send(request.map(RequestBody::from)).await?).await?;
                Response::from_parts(head, trickling(body))
            }
            Some(Trouble::Says(status, hint)) => self.made(self.refused(status, hint)),
            Some(Trouble::Verbose(status)) => self.made(self.says(status, &VERBOSE.repeat(2_000))),
            Some(Trouble::Echo(status)) => self.made(self.says(status, &said_back(&request))),
            Some(Trouble::Quotes(status)) => self.made(self.says(status, CANARY)),
            Some(trouble @ (Trouble::Marked | Trouble::Mistyped)) => {
                let (head, body) = read(self.inner.send(request.map(RequestBody::from)).await?).await?;
                Response::from_parts(head, whole(marked(&body, matches!(trouble, Trouble::Mistyped))))
            }
            Some(Trouble::WebPage) => self.made(web_page()),
            Some(Trouble::Endless) => self.endless(),
        };
        self.answered(index, response.status());
        self.let_happen();
        Ok(response)
    }
}

fn broken(how: &'static str) -> Error {
    Error::new(ErrorKind::Transport, how)
}

async fn read(response: Response<BodyStream>) -> Result<(http::response::Parts, Bytes)> {
    let (head, body) = response.into_parts();
    let body: BytesMut = body.try_collect::<Vec<Bytes>>().await?.iter().flatten().copied().collect();
    Ok((head, body.freeze()))
}

fn half(body: &Bytes) -> Bytes {
    body.slice(..body.len() / 2)
}

fn whole(body: Bytes) -> BodyStream {
    stream::iter([Ok(body)]).boxed()
}

/// In ten pieces with pauses.
fn trickling(body: Bytes) -> BodyStream {
    let size = (body.len() / 10).max(1);
    let pieces: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
    let slowly = stream::iter(pieces).then(|piece| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(piece)
    });
    slowly.boxed()
}

fn web_page() -> Response<Bytes> {
    let page = "<!DOCTYPE html>\n<html><head><title>Back soon</title></head><body><h1>Back soon</h1></body></html>\n";
    let mut response = Response::new(Bytes::from_static(page.as_bytes()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn said_back(request: &Request<Bytes>) -> String {
    let headers: Vec<String> = request
        .headers()
        .values()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    format!("{} {} {}", headers.join(" "), request.uri(), String::from_utf8_lossy(request.body()))
}
