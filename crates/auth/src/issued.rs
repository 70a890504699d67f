//! Tokens that the process asks for by itself, as often as it needs one: nothing of them is kept.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use oauth2::TokenResponse;
use secrecy::SecretString;
use serde_json::Value;
use tieline_core::http::HttpRequest;
use tieline_core::{Clock, Credential, Error, ErrorKind, Recovery, Rejection, Result, SecretGeneration};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::flight::{Flight, again, lock};
use crate::issuing::RefusalNote;
use crate::oauth::{Effect, Failure, TokenAnswer};
use crate::refusals::Refusals;
use crate::scrub::Scrubber;
use crate::session::{IssuedValue, Login, is_write};
use crate::{OAuthClient, ServiceAccount};

/// Another token is asked for this long before the end, or at a quarter of a short life.
const MARGIN: Duration = Duration::from_secs(2 * 60);
/// What is refused so soon after it was given is not refused for its age.
const YOUNG: Duration = Duration::from_secs(10 * 60);
/// After a failure the provider is left alone for a moment.
const PAUSE: Duration = Duration::from_secs(5);
/// A clock that is off by more cannot sign assertions.
const SKEW: Duration = Duration::from_secs(60);

/// A credential that gets its tokens without a person: for client credentials, a service account, or a session. All who
/// hold it share one token, and one request for it.
pub struct IssuedCredential {
    me: Weak<Self>,
    source: Source,
    clock: Arc<dyn Clock>,
    /// What must never show besides the token.
    scrubber: Scrubber,
    state: Mutex<State>,
    flight: Flight<Arc<Token>>,
    /// Where it is noted that the provider refuses it.
    note: OnceLock<RefusalNote>,
}

enum Source {
    ClientCredentials { client: OAuthClient, settings: Value },
    ServiceAccount { client: OAuthClient, account: ServiceAccount },
    Session(Box<Login>),
}

struct Token {
    generation: u64,
    values: Vec<IssuedValue>,
    /// What writes carry besides, fetched before the first of them.
    csrf: OnceCell<Vec<IssuedValue>>,
    scrubber: Scrubber,
    issued_at: Instant,
    ends_at: Option<Instant>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    before: Option<Arc<Token>>,
    /// How many tokens there were.
    generations: u64,
    refused: u64,
    refusals: Refusals,
    pause: Option<(Instant, Arc<Error>)>,
    /// The provider refused what the token is asked with.
    dead: Option<Arc<Error>>,
}

impl IssuedCredential {
    /// The host's app itself (RFC 6749, section 4.4), with the headers that the spec takes from the connection's settings.
    pub fn client_credentials(client: &OAuthClient, settings: &Value, clock: Arc<dyn Clock>) -> Arc<Self> {
        let scrubber = Scrubber::new(&client.app_secrets());
        let source = Source::ClientCredentials { client: client.clone(), settings: settings.clone() };
        Self::new(source, clock, scrubber)
    }

    /// A service account (RFC 7523).
    pub fn service_account(
        client: &OAuthClient,
        account: ServiceAccount,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let scrubber = Scrubber::new(account.secrets());
        Self::new(Source::ServiceAccount { client: client.clone(), account }, clock, scrubber)
    }

    /// A login.
    pub fn session(login: Login, clock: Arc<dyn Clock>) -> Arc<Self> {
        let scrubber = Scrubber::new(&login.secrets());
        Self::new(Source::Session(Box::new(login)), clock, scrubber)
    }

    fn new(source: Source, clock: Arc<dyn Clock>, scrubber: Scrubber) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            source,
            clock,
            scrubber,
            state: Mutex::default(),
            flight: Flight::default(),
            note: OnceLock::new(),
        })
    }

    /// Notes a refusal of the provider in the store, for the secret of this generation. The first call counts.
    pub(crate) fn note_refusals(&self, note: RefusalNote) {
        let _ = self.note.set(note);
    }

    async fn current(&self) -> Result<Arc<Token>> {
        let (token, refused) = {
            let state = lock(&self.state);
            (state.token.clone(), state.refused)
        };
        let usable = token.filter(|token| {
            token.generation > refused && token.ends_at.is_none_or(|end| Instant::now() < end)
        });
        match usable {
            Some(token) => Ok(token),
            None => self.another().await,
        }
    }

    async fn another(&self) -> Result<Arc<Token>> {
        {
            let state = lock(&self.state);
            if let Some(error) = &state.dead {
                return Err(again(error));
            }
            if let Some((_, error)) = state.pause.as_ref().filter(|(until, _)| Instant::now() < *until) {
                return Err(again(error));
            }
        }
        let me = self.me.upgrade();
        let ended = || Error::new(ErrorKind::Internal, "a credential was used after its end");
        let me = me.ok_or_else(ended)?;
        self.flight.join(move || async move { me.issue().await }).await
    }

    async fn issue(&self) -> Result<Arc<Token>> {
        let asked_at = Instant::now();
        let issued = match &self.source {
            Source::ClientCredentials { client, settings } => {
                client.client_credentials(settings).await.map(|answer| of(client, &answer))
            }
            Source::ServiceAccount { client, account } => {
                self.assert(client, account).await.map(|answer| of(client, &answer))
            }
            Source::Session(login) => login.log_in(self.clock.now()).await,
        };
        let (outcome, dead) = self.settle(issued, asked_at);
        if dead && let Some(note) = self.note.get() {
            note.write(self.clock.now()).await;
        }
        outcome
    }

    /// Notes what came of asking, and whether the provider refuses for good.
    fn settle(
        &self,
        issued: Result<(Vec<IssuedValue>, Option<Duration>), Failure>,
        asked_at: Instant,
    ) -> (Result<Arc<Token>>, bool) {
        let mut state = lock(&self.state);
        match issued {
            Ok((values, life)) => {
                state.generations = state.generations.saturating_add(1);
                let generation = state.generations;
                let margin = |life: Duration| life.saturating_sub(MARGIN.min(life / 4));
                let token = Arc::new(Token {
                    generation,
                    scrubber: Scrubber::new(values.iter().map(|issued| &issued.value)),
                    values,
                    csrf: OnceCell::new(),
                    issued_at: asked_at,
                    ends_at: life.map(|life| asked_at + margin(life)),
                });
                state.before = state.token.replace(Arc::clone(&token));
                (Ok(token), false)
            }
            Err(failure) => {
                let dead = failure.effect == Effect::Dead;
                let error = match &self.source {
                    Source::ServiceAccount { .. } if dead => {
                        failure.error.with_advice("give the service account's key file again, or a new one")
                    }
                    Source::ClientCredentials { .. } if dead => {
                        failure.error.with_advice("let an administrator of the account consent once more")
                    }
                    _ => failure.error,
                };
                let error = error.scrubbed(&|text| self.scrubber.scrub(text));
                let copy = Arc::new(again(&error));
                match dead {
                    // Logging in again and again with what is refused locks accounts.
                    true => state.dead = Some(copy),
                    false => state.pause = Some((Instant::now() + PAUSE, copy)),
                }
                (Err(error), dead)
            }
        }
    }

    /// Once more by the provider's clock, when ours is what it does not accept.
    async fn assert(&self, client: &OAuthClient, account: &ServiceAccount) -> Result<TokenAnswer, Failure> {
        let unsent = |error: Error| Failure::new(error, Effect::None);
        let now = self.clock.now();
        let assertion = account.assertion(client, now).map_err(unsent)?;
        let failure = match client.exchange_assertion(&assertion).await {
            Err(failure) if failure.effect == Effect::Dead || failure.is_about_time => failure,
            other => return other,
        };
        let theirs = failure.date.filter(|date| (*date - now).abs().to_std().unwrap_or_default() > SKEW);
        let Some(theirs) = theirs else { return Err(failure) };
        tracing::warn!("this machine's clock is off: an assertion is signed by the provider's");
        let assertion = account.assertion(client, theirs).map_err(unsent)?;
        client.exchange_assertion(&assertion).await
    }

    /// What a write carries beside the session, fetched once a session.
    async fn csrf<'t>(&self, token: &'t Token) -> Result<&'t [IssuedValue]> {
        let Source::Session(login) = &self.source else { return Ok(&[]) };
        if !login.guards_writes() {
            return Ok(&[]);
        }
        let fetched = token.csrf.get_or_try_init(|| login.fetch_csrf(&token.values)).await;
        fetched.map(Vec::as_slice).map_err(|error| error.scrubbed(&|text| self.scrub(text)))
    }

    /// Ends the session at the provider, when there is one and the provider has a way to. What fails is passed over: a
    /// session ends by itself.
    pub async fn log_out(&self) {
        let token = lock(&self.state).token.take();
        if let (Source::Session(login), Some(token)) = (&self.source, token)
            && let Err(error) = login.log_out(&token.values).await
        {
            tracing::debug!(kind = error.kind().as_str(), "a session was not ended at the provider");
        }
    }
}

fn of(client: &OAuthClient, answer: &TokenAnswer) -> (Vec<IssuedValue>, Option<Duration>) {
    let life = answer.expires_in().unwrap_or(client.oauth().access_token_life);
    (vec![IssuedValue::bearer(SecretString::from(answer.access_token().secret().as_str()))], Some(life))
}

/// What the credential is told when the fetch of a CSRF token found the session refused.
fn refusal(error: &Error) -> Rejection {
    let status = error.status().unwrap_or(StatusCode::UNAUTHORIZED);
    Rejection::new(status, HeaderMap::new(), String::new())
}

#[async_trait]
impl Credential for IssuedCredential {
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        let mut token = self.current().await?;
        if is_write(request)
            && let Err(error) = self.csrf(&token).await
        {
            if error.kind() != ErrorKind::Unauthenticated {
                return Err(error);
            }
            // The session ended before the fetch: another one, once.
            let (generation, why) = (SecretGeneration(token.generation), refusal(&error));
            if self.rejected(generation, &why).await? != Recovery::RetryOnce {
                return Err(error);
            }
            token = self.current().await?;
        }
        for issued in &token.values {
            issued.put(request)?;
        }
        if is_write(request) {
            for issued in self.csrf(&token).await? {
                issued.put(request)?;
            }
        }
        Ok(SecretGeneration(token.generation))
    }

    async fn rejected(&self, stamp: SecretGeneration, _: &Rejection) -> Result<Recovery> {
        {
            let mut state = lock(&self.state);
            let token = state.token.clone();
            if token.as_ref().is_some_and(|token| token.generation > stamp.0) {
                return Ok(Recovery::RetryOnce);
            }
            let is_young = token.is_some_and(|token| token.issued_at.elapsed() < YOUNG);
            if !state.refusals.may_renew(stamp.0, is_young) {
                return Ok(Recovery::NeedsReconnect);
            }
            state.refused = state.refused.max(stamp.0);
        }
        self.current().await.map(|_| Recovery::RetryOnce)
    }

    fn scrub(&self, text: &str) -> Option<String> {
        let (token, before) = {
            let state = lock(&self.state);
            (state.token.clone(), state.before.clone())
        };
        let tokens = [token, before];
        let scrubbers = tokens.iter().flatten().map(|token| &token.scrubber).chain([&self.scrubber]);
        scrubbers.fold(None, |clean: Option<String>, scrubber| {
            scrubber.scrub(clean.as_deref().unwrap_or(text)).or(clean)
        })
    }
}

impl fmt::Debug for IssuedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.source {
            Source::ClientCredentials { .. } => "client credentials",
            Source::ServiceAccount { .. } => "service account",
            Source::Session(_) => "session",
        };
        write!(f, "IssuedCredential({kind})")
    }
}
