//! The page where a person consents. Who plays the person decides without a browser, or asks for the page.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, StatusCode};
use url::Url;

use super::answers::{self, Trouble, escaped};
use super::form::Params;
use super::ledger::{Ledger, TokenKind};
use super::parties::{Client, Decision, How};
use super::policy::Pkce;
use crate::reply::Reply;

pub(crate) fn answer(ledger: &mut Ledger, request: &Request<Bytes>, now: DateTime<Utc>) -> Reply {
    let params = match *request.method() {
        Method::GET => Params::of_query(request),
        // The page sends what it was asked, and the decision.
        Method::POST => Params::of_form(request),
        _ => Err(Trouble::invalid_request("The page is asked for with GET")),
    };
    let (params, client, redirect) = match params.and_then(|params| callback(ledger, params)) {
        Ok(known) => known,
        // Without a callback that is registered nobody may be sent anywhere (RFC 6749, section 4.1.2.1).
        Err(trouble) => return trouble.page(),
    };
    let decision = match (request.method(), params.get("decision")) {
        (&Method::POST, Some("allow")) => Decision::Consents,
        (&Method::POST, _) => Decision::Denies,
        _ => ledger.person.decision,
    };
    let state = params.get("state").map(|state| ("state", state));
    let outcome = Asked::read(ledger, &params, &client).map(|asked| match decision {
        Decision::Asked => form(&params, &client, &asked),
        Decision::Strays => answers::redirect(&redirect, &[]),
        Decision::Denies => {
            ledger.counters.denials += 1;
            back(&redirect, ("error", &ledger.policy.denied), state)
        }
        Decision::Consents => back(&redirect, ("code", &allow(ledger, &client, asked, &params, now)), state),
    });
    outcome.unwrap_or_else(|trouble| {
        let mut members =
            vec![("error", trouble.error.as_str()), ("error_description", &trouble.description)];
        members.extend(state);
        answers::redirect(&redirect, &members)
    })
}

fn back(to: &Url, member: (&str, &str), state: Option<(&str, &str)>) -> Reply {
    let members: Vec<_> = std::iter::once(member).chain(state).collect();
    answers::redirect(to, &members)
}

/// The application, and the callback that it named, if it is one of its own to the letter.
fn callback(ledger: &Ledger, params: Params) -> Result<(Params, Client, Url), Trouble> {
    let client = ledger.clients.get(params.required("client_id")?);
    let client = client.ok_or_else(|| Trouble::new("invalid_client", "The client is unknown"))?.clone();
    let wanted = params.required("redirect_uri")?;
    let known = client.redirects.iter().any(|uri| uri == wanted).then(|| Url::parse(wanted).ok()).flatten();
    let mismatch = || Trouble::invalid_request("The redirect_uri does not match the registered ones");
    Ok((params, client, known.ok_or_else(mismatch)?))
}

/// What an authorization request asks for.
struct Asked {
    scopes: Vec<String>,
    challenge: Option<String>,
    offline: bool,
    service: bool,
}

impl Asked {
    fn read(ledger: &Ledger, params: &Params, client: &Client) -> Result<Self, Trouble> {
        if params.required("response_type")? != "code" {
            return Err(Trouble::new("unsupported_response_type", "Only response_type=code is supported"));
        }
        let service = params.get("account_type") == Some("service");
        if service && !client.service_accounts {
            return Err(Trouble::new("unauthorized_client", "Client does not allow service account"));
        }
        let offline = !ledger.policy.offline_on_request || params.get("access_type") == Some("offline");
        let challenge = challenge(ledger.policy.pkce, params)?;
        Ok(Self { scopes: client.scopes_for(params.get("scope"))?, challenge, offline, service })
    }
}

fn challenge(pkce: Pkce, params: &Params) -> Result<Option<String>, Trouble> {
    let challenge = match (pkce, params.get("code_challenge")) {
        (Pkce::Ignored, _) => return Ok(None),
        (Pkce::Required, None) => return Err(Trouble::invalid_request("code challenge required")),
        (_, challenge) => challenge,
    };
    let Some(challenge) = challenge else { return Ok(None) };
    // Without a method it would be `plain`, which protects nothing.
    if params.get("code_challenge_method") != Some("S256") {
        return Err(Trouble::invalid_request("transform algorithm not supported"));
    }
    if challenge.len() != 43 {
        return Err(Trouble::invalid_request("The code_challenge is no SHA-256 in base64url"));
    }
    Ok(Some(challenge.to_owned()))
}

fn allow(ledger: &mut Ledger, client: &Client, asked: Asked, params: &Params, now: DateTime<Utc>) -> String {
    ledger.counters.consents += 1;
    let Asked { scopes, challenge, offline, service } = asked;
    let consent = ledger.consent(How::Code, &client.id, scopes);
    (consent.offline, consent.service) = (offline, service);
    let id = consent.id;
    let redirect = params.get("redirect_uri").unwrap_or_default().to_owned();
    ledger.code(id, TokenKind::Code { redirect, challenge, spent: false }, now)
}

fn form(params: &Params, client: &Client, asked: &Asked) -> Reply {
    let scopes: String = asked.scopes.iter().map(|scope| format!("<li>{}</li>", escaped(scope))).collect();
    let hidden = |(name, value): (&str, &str)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escaped(name), escaped(value))
    };
    let hidden: String = params.iter().filter(|(name, _)| *name != "decision").map(hidden).collect();
    let body = format!(
        "<p>{} asks for:</p>\n<ul>{scopes}</ul>\n<form method=\"post\">\n{hidden}\
         <button name=\"decision\" value=\"allow\">Allow</button>\n\
         <button name=\"decision\" value=\"deny\">Deny</button>\n</form>",
        escaped(&client.id)
    );
    answers::page(StatusCode::OK, "Connect an application", &body)
}
