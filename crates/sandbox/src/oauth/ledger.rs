//! What the server keeps: applications, consents, and every token with what became of it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::parties::{Client, Consent, Decision, Ended, How, Person};
use super::policy::{Policy, TokenShape};
use crate::lcg::Lcg;
use crate::{Json, Object};

/// The oldest tokens beyond this many are forgotten.
const MOST_TOKENS: usize = 4096;
/// Verifiers and assertions of callers, kept for the hunt after secrets.
const MOST_OVERHEARD: usize = 1024;

/// What happened at the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OAuthCounters {
    /// Times a person said yes.
    pub consents: u64,
    /// Times a person said no.
    pub denials: u64,
    /// Codes that became tokens.
    pub exchanges: u64,
    /// Refresh tokens that became new tokens, also when the answer was lost.
    pub refreshes: u64,
    /// Tokens given to an application for itself.
    pub client_credentials: u64,
    /// Tokens given for a signed assertion.
    pub assertions: u64,
    /// Codes that were used again.
    pub codes_reused: u64,
    /// One-time refresh tokens that were used again.
    pub refresh_tokens_reused: u64,
    /// Tokens taken back by an application.
    pub revocations: u64,
    /// Requests to the token endpoint that got an error of the server's own.
    pub refused: u64,
}

/// A code, an access token or a refresh token.
pub(crate) struct Token {
    pub(crate) consent: u64,
    pub(crate) expires: Option<DateTime<Utc>>,
    pub(crate) kind: TokenKind,
}

pub(crate) enum TokenKind {
    Code { redirect: String, challenge: Option<String>, spent: bool },
    Access { revoked: bool },
    Refresh { spent: bool },
}

impl Token {
    pub(crate) fn expired(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }
}

pub(crate) struct Ledger {
    pub(crate) policy: Policy,
    pub(crate) person: Person,
    pub(crate) clients: BTreeMap<String, Client>,
    pub(crate) accounts: BTreeMap<String, super::service_account::Registered>,
    pub(crate) consents: BTreeMap<u64, Consent>,
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) counters: OAuthCounters,
    order: VecDeque<String>,
    overheard: VecDeque<String>,
    last_consent: u64,
    chance: Chance,
}

impl Ledger {
    pub(crate) fn new(policy: Policy) -> Self {
        let person = Person { user: "1".into(), tenant: "1".into(), decision: Decision::Consents };
        let demo = Client::demo();
        Self {
            policy,
            person,
            clients: BTreeMap::from([(demo.id.clone(), demo)]),
            accounts: BTreeMap::new(),
            consents: BTreeMap::new(),
            tokens: HashMap::new(),
            counters: OAuthCounters::default(),
            order: VecDeque::new(),
            overheard: VecDeque::new(),
            last_consent: 0,
            chance: Chance(Lcg::new(0x0A17_2026)),
        }
    }

    /// Opens a consent and returns its number.
    pub(crate) fn consent(&mut self, how: How, client: &str, scopes: Vec<String>) -> &mut Consent {
        self.last_consent += 1;
        let id = self.last_consent;
        let Person { user, tenant, .. } = self.person.clone();
        let consent = Consent {
            id,
            how,
            client_id: client.to_owned(),
            user,
            tenant,
            scopes,
            refreshes: 0,
            reuses: 0,
            ended: None,
            offline: false,
            service: false,
        };
        self.consents.entry(id).or_insert(consent)
    }

    /// Ends a consent with all its tokens. The first reason stays.
    pub(crate) fn end(&mut self, id: u64, why: Ended) {
        if let Some(consent) = self.consents.get_mut(&id) {
            consent.ended.get_or_insert(why);
        }
    }

    pub(crate) fn code(&mut self, consent: u64, kind: TokenKind, now: DateTime<Utc>) -> String {
        let code = self.chance.letters(40);
        let expires = later(now, self.policy.code_seconds);
        self.keep(code.clone(), Token { consent, expires: Some(expires), kind });
        code
    }

    pub(crate) fn access(&mut self, consent: &Consent, now: DateTime<Utc>) -> String {
        let expires = later(now, self.policy.access_seconds);
        let token = match self.policy.access_token.clone() {
            TokenShape::Opaque { prefix, length } => format!("{prefix}{}", self.chance.letters(length)),
            TokenShape::Jwt { tenant_claim } => self.jwt(consent, &tenant_claim, now, expires),
        };
        let kind = TokenKind::Access { revoked: false };
        self.keep(token.clone(), Token { consent: consent.id, expires: Some(expires), kind });
        token
    }

    pub(crate) fn refresh(&mut self, consent: u64, now: DateTime<Utc>) -> String {
        let token = format!("{}{}", self.policy.refresh_token_prefix, self.chance.letters(40));
        let expires = self.refresh_end(now);
        self.keep(token.clone(), Token { consent, expires, kind: TokenKind::Refresh { spent: false } });
        token
    }

    pub(crate) fn refresh_end(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.policy.refresh_seconds.map(|seconds| later(now, seconds))
    }

    /// A JWT as others can read it and nobody can check: its signature is noise.
    fn jwt(&mut self, consent: &Consent, claim: &str, now: DateTime<Utc>, expires: DateTime<Utc>) -> String {
        let tenant = consent.tenant.parse::<i64>().map_or_else(|_| consent.tenant.clone().into(), Json::Int);
        let claims = Object::default()
            .with("jti", self.chance.letters(22))
            .with("sub", consent.user.clone())
            .with("client_id", consent.client_id.clone())
            .with(claim.to_owned(), tenant)
            .with("scope", super::answers::texts(&consent.scopes))
            .with("iat", now.timestamp())
            .with("exp", expires.timestamp());
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#);
        let claims = URL_SAFE_NO_PAD.encode(Json::from(claims).to_string());
        format!("{header}.{claims}.{}", self.chance.letters(43))
    }

    fn keep(&mut self, text: String, token: Token) {
        if self.order.len() >= MOST_TOKENS
            && let Some(oldest) = self.order.pop_front()
        {
            self.tokens.remove(&oldest);
        }
        if self.consents.len() > MOST_TOKENS {
            self.consents.pop_first();
        }
        self.order.push_back(text.clone());
        self.tokens.insert(text, token);
    }

    /// Remembers a secret that a caller sent.
    pub(crate) fn overhear(&mut self, secret: &str) {
        if self.overheard.iter().any(|known| known == secret) {
            return;
        }
        if self.overheard.len() >= MOST_OVERHEARD {
            self.overheard.pop_front();
        }
        self.overheard.push_back(secret.to_owned());
    }

    /// Every secret that the server knows, the longer ones first, so that striking one out leaves nothing of another.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets: Vec<String> = self.order.iter().chain(&self.overheard).cloned().collect();
        for client in self.clients.values() {
            if let Some(secret) = &client.secret {
                secrets.push(secret.clone());
                secrets.push(STANDARD.encode(format!("{}:{secret}", client.id)));
            }
        }
        for pem in self.accounts.values().filter_map(|account| account.private_key.as_ref()) {
            // Line by line as well: what writes a key down seldom keeps its line breaks.
            secrets.extend(pem.lines().filter(|line| line.len() == 64).map(str::to_owned));
            secrets.push(pem.clone());
        }
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        secrets
    }
}

pub(crate) fn later(now: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
    now.checked_add_signed(TimeDelta::seconds(seconds.into())).unwrap_or(now)
}

struct Chance(Lcg);

impl Chance {
    /// Letters and digits, which look the same in a URL, a form and JSON.
    fn letters(&mut self, count: usize) -> String {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..count).map(|_| char::from(self.0.pick(ALPHABET))).collect()
    }
}
