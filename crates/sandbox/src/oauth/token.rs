//! The token endpoint and the one that takes tokens back.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, StatusCode};

use super::answers::{Trouble, uncached};
use super::form::{self, Params};
use super::ledger::{Ledger, TokenKind};
use super::parties::{Client, Ended, How, scopes_within};
use super::policy::{AccessRevocation, ClientAuth, ClientCredentials, ExpiresIn, Pkce, Rotation};
use super::service_account;
use crate::reply::Reply;
use crate::{Json, Object};

/// Asks for tokens.
pub(crate) fn answer(ledger: &mut Ledger, request: &Request<Bytes>, now: DateTime<Utc>) -> Reply {
    grant(ledger, request, now).unwrap_or_else(|trouble| {
        ledger.counters.refused += 1;
        trouble.reply()
    })
}

fn grant(ledger: &mut Ledger, request: &Request<Bytes>, now: DateTime<Utc>) -> Result<Reply, Trouble> {
    let params = form_of(request)?;
    match params.required("grant_type")? {
        "authorization_code" => {
            let client = client(ledger, request, &params)?;
            by_code(ledger, &client, &params, now)
        }
        "refresh_token" => {
            let client = client(ledger, request, &params)?;
            by_refresh_token(ledger, &client, &params, now)
        }
        "client_credentials" => {
            let client = client(ledger, request, &params)?;
            by_client_credentials(ledger, &client, request, &params, now)
        }
        service_account::GRANT_TYPE if ledger.policy.jwt_bearer => {
            service_account::grant(ledger, request, &params, now)
        }
        other => Err(Trouble::new("unsupported_grant_type", format!("Unsupported grant type: {other}"))),
    }
}

fn form_of(request: &Request<Bytes>) -> Result<Params, Trouble> {
    if request.method() == Method::POST {
        return Params::of_form(request);
    }
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Err(Trouble { status, ..Trouble::invalid_request("The endpoint is asked with POST") })
}

/// The application that asks, if it can prove it.
fn client(ledger: &Ledger, request: &Request<Bytes>, params: &Params) -> Result<Client, Trouble> {
    let basic = form::basic(request).transpose()?;
    let in_form = params.get("client_secret");
    let (id, secret) = match (basic, in_form) {
        (Some(_), Some(_)) => {
            return Err(Trouble::invalid_request("More than one method of client authentication"));
        }
        (Some((id, secret)), None) if ledger.policy.client_auth != ClientAuth::Body => (id, Some(secret)),
        (None, Some(secret)) if ledger.policy.client_auth != ClientAuth::Basic => {
            (params.required("client_id")?.to_owned(), Some(secret.to_owned()))
        }
        (None, None) => (params.get("client_id").unwrap_or_default().to_owned(), None),
        _ => return Err(Trouble::invalid_client()),
    };
    let fits = |known: &str, given: &str| known == given || form::encoded(known) == given;
    let client = ledger.clients.values().find(|client| fits(&client.id, &id));
    let proven = |client: &&Client| match (&client.secret, &secret) {
        (None, None) => true,
        (Some(known), Some(given)) => fits(known, given),
        _ => false,
    };
    client.filter(proven).cloned().ok_or_else(Trouble::invalid_client)
}

fn by_code(
    ledger: &mut Ledger,
    client: &Client,
    params: &Params,
    now: DateTime<Utc>,
) -> Result<Reply, Trouble> {
    let invalid = || Trouble::invalid_grant("Invalid authorization code");
    let code = params.required("code")?;
    let verifier = params.get("code_verifier");
    if let Some(verifier) = verifier {
        ledger.overhear(verifier);
    }
    let pkce = ledger.policy.pkce;
    let token = ledger.tokens.get_mut(code).ok_or_else(invalid)?;
    let (id, expired) = (token.consent, token.expired(now));
    let TokenKind::Code { redirect, challenge, spent } = &mut token.kind else { return Err(invalid()) };
    let consent = ledger.consents.get_mut(&id).filter(|consent| consent.client_id == client.id);
    let consent = consent.ok_or_else(invalid)?;
    if *spent {
        consent.reuses += 1;
        ledger.counters.codes_reused += 1;
        ledger.end(id, Ended::Reuse);
        return Err(Trouble::invalid_grant("The authorization code was used before"));
    }
    if expired {
        return Err(Trouble::invalid_grant("The authorization code has expired"));
    }
    if consent.ended.is_some() {
        return Err(invalid());
    }
    if params.required("redirect_uri")? != redirect {
        return Err(Trouble::invalid_grant("The redirect_uri is not the one that the code was issued for"));
    }
    if pkce != Pkce::Ignored && !verified(challenge.as_deref(), verifier) {
        return Err(Trouble::invalid_grant("The code_verifier does not match the code_challenge"));
    }
    *spent = true;
    let offline = consent.offline;
    ledger.counters.exchanges += 1;
    let refresh = offline.then(|| ledger.refresh(id, now));
    issue(ledger, id, refresh, now)
}

/// Whether a verifier belongs to a challenge (RFC 7636, section 4.6). One without the other does not.
fn verified(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) if (43..=128).contains(&verifier.len()) => {
            let made = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            verify_slices_are_equal(made.as_bytes(), challenge.as_bytes()).is_ok()
        }
        _ => false,
    }
}

fn by_refresh_token(
    ledger: &mut Ledger,
    client: &Client,
    params: &Params,
    now: DateTime<Utc>,
) -> Result<Reply, Trouble> {
    let invalid = || Trouble::invalid_grant("Invalid refresh token");
    let text = params.required("refresh_token")?;
    let rotation = ledger.policy.rotation;
    let end = ledger.refresh_end(now);
    let token = ledger.tokens.get_mut(text).ok_or_else(invalid)?;
    let (id, expired) = (token.consent, token.expired(now));
    let TokenKind::Refresh { spent } = &mut token.kind else { return Err(invalid()) };
    let consent = ledger.consents.get_mut(&id).filter(|consent| consent.client_id == client.id);
    let consent = consent.ok_or_else(invalid)?;
    if *spent {
        consent.reuses += 1;
        ledger.counters.refresh_tokens_reused += 1;
        ledger.end(id, Ended::Reuse);
        return Err(invalid());
    }
    if expired || consent.ended.is_some() {
        return Err(invalid());
    }
    scopes_within(&consent.scopes, params.get("scope"))?;
    consent.refreshes += 1;
    ledger.counters.refreshes += 1;
    let refresh = match rotation {
        Rotation::OneTime => {
            *spent = true;
            Some(ledger.refresh(id, now))
        }
        Rotation::Same | Rotation::Unsaid => {
            token.expires = end;
            (rotation == Rotation::Same).then(|| text.to_owned())
        }
    };
    issue(ledger, id, refresh, now)
}

fn by_client_credentials(
    ledger: &mut Ledger,
    client: &Client,
    request: &Request<Bytes>,
    params: &Params,
    now: DateTime<Utc>,
) -> Result<Reply, Trouble> {
    let unauthorized = |why: &str| Trouble::new("unauthorized_client", why);
    if client.secret.is_none() {
        return Err(unauthorized("The client has no credentials"));
    }
    let (mut scopes, mut tenant) = (client.scopes.clone(), None);
    match &ledger.policy.client_credentials {
        ClientCredentials::Refused => return Err(unauthorized("The client may not use this grant type")),
        ClientCredentials::Plain => {}
        ClientCredentials::ForTenant { header } => {
            let given = request.headers().get(header).and_then(|value| value.to_str().ok());
            let given =
                given.ok_or_else(|| Trouble::invalid_request(format!("The header {header} is missing")))?;
            if !client.service_accounts {
                return Err(unauthorized("Client does not allow service account"));
            }
            let consent = ledger.consents.values().rev().find(|consent| {
                consent.service
                    && consent.ended.is_none()
                    && consent.tenant == given
                    && consent.client_id == client.id
            });
            let consent =
                consent.ok_or_else(|| Trouble::invalid_grant("No service account for this tenant"))?;
            scopes.clone_from(&consent.scopes);
            tenant = Some(given.to_owned());
        }
    }
    let scopes = scopes_within(&scopes, params.get("scope"))?;
    let consent = ledger.consent(How::ClientCredentials, &client.id, scopes);
    if let Some(tenant) = tenant {
        consent.tenant = tenant;
    }
    let id = consent.id;
    ledger.counters.client_credentials += 1;
    issue(ledger, id, None, now)
}

/// The answer with an access token, and with a refresh token where there is one.
pub(crate) fn issue(
    ledger: &mut Ledger,
    consent: u64,
    refresh_token: Option<String>,
    now: DateTime<Utc>,
) -> Result<Reply, Trouble> {
    let gone = || Trouble::invalid_grant("The consent is gone");
    let consent = ledger.consents.get(&consent).cloned().ok_or_else(gone)?;
    let access_token = ledger.access(&consent, now);
    let policy = &ledger.policy;
    let mut body = Object::default().with("access_token", access_token).with("token_type", "Bearer");
    if let Some(token) = refresh_token {
        body.set("refresh_token", token);
    }
    if !consent.scopes.is_empty() {
        body.set("scope", consent.scopes.join(&policy.scope_separator));
    }
    match policy.expires_in {
        ExpiresIn::Number => body.set("expires_in", policy.access_seconds),
        ExpiresIn::Text => body.set("expires_in", policy.access_seconds.to_string()),
        ExpiresIn::Missing => {}
    }
    for (name, value) in &policy.extras {
        body.set(name.clone(), value.clone());
    }
    Ok(uncached(Reply::json(StatusCode::OK, &Json::from(body))))
}

/// Takes a token back (RFC 7009). One that nobody knows is as good as taken back.
pub(crate) fn revoke(ledger: &mut Ledger, request: &Request<Bytes>) -> Reply {
    take_back(ledger, request).unwrap_or_else(|trouble| trouble.reply())
}

fn take_back(ledger: &mut Ledger, request: &Request<Bytes>) -> Result<Reply, Trouble> {
    let params = form_of(request)?;
    let client =
        if ledger.policy.revocation.anonymous { None } else { Some(client(ledger, request, &params)?) };
    let text = params.required("token")?;
    let known = |id: u64| {
        let consent = ledger.consents.get(&id);
        consent.is_some_and(|consent| client.as_ref().is_none_or(|client| consent.client_id == client.id))
    };
    if let Some(token) = ledger.tokens.get_mut(text)
        && known(token.consent)
    {
        let id = token.consent;
        match (&mut token.kind, ledger.policy.revocation.access_token) {
            (TokenKind::Access { .. }, AccessRevocation::Refused) => {
                return Err(Trouble::new("unsupported_token_type", "Access tokens cannot be revoked"));
            }
            (TokenKind::Access { revoked }, AccessRevocation::Itself) => *revoked = true,
            (TokenKind::Code { .. }, _) => {}
            _ => ledger.end(id, Ended::Revoked),
        }
        ledger.counters.revocations += 1;
    }
    let body = ledger.policy.revocation.body.clone();
    Ok(uncached(Reply::text(StatusCode::OK, "application/json; charset=utf-8", body)))
}
