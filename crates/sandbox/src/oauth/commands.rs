//! The control interface's part for OAuth, below `/_sandbox/oauth`.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::server::AuthorizationServer;
use crate::control::done;
use crate::sandbox::{Command, Refused};
use crate::{Json, Object};

pub(crate) fn obey(
    server: &AuthorizationServer,
    command: &Command<'_>,
    now: DateTime<Utc>,
) -> Option<Result<Json, Refused>> {
    let ["oauth", path @ ..] = command.path else { return None };
    let body = command.body;
    Some(match (command.method, path) {
        ("GET", ["counters"]) => shown(&server.counters()),
        ("GET", ["consents"]) => shown(&server.consents()),
        ("DELETE", ["consents", id]) => id
            .parse()
            .map_err(|_| Refused("the id must be an integer".into()))
            .and_then(|id| server.withdraw(id))
            .and_then(|()| done()),
        ("PUT", ["person"]) => read(body).and_then(|person| {
            server.set_person(person);
            done()
        }),
        ("PUT", ["decision"]) => member(body, "decision").and_then(|decision| {
            server.set_decision(decision);
            done()
        }),
        ("GET", ["policy"]) => shown(&server.policy()),
        ("PATCH", ["policy"]) => patch_policy(server, body),
        ("POST", ["clients"]) => read(body).and_then(|client| server.register(client)).and_then(|()| done()),
        ("POST", ["tokens"]) => member(body, "client_id").and_then(|id: String| connect(server, &id, now)),
        ("POST", ["tokens", "expire"]) => {
            server.expire_access_tokens(now);
            done()
        }
        ("POST", ["service-accounts"]) => service_account(server, body),
        _ => return None,
    })
}

fn connect(server: &AuthorizationServer, client: &str, now: DateTime<Utc>) -> Result<Json, Refused> {
    let tokens = server.connect(client, now)?;
    let shown = Object::default()
        .with("access_token", tokens.access_token)
        .with("refresh_token", tokens.refresh_token)
        .with("expires_at", tokens.expires_at.to_rfc3339());
    Ok(shown.into())
}

fn service_account(server: &AuthorizationServer, body: &Json) -> Result<Json, Refused> {
    let email: String = member(body, "email")?;
    let scopes: Vec<String> = member(body, "scopes")?;
    let token_uri: String = member(body, "token_uri")?;
    Ok(server.create_service_account(&email, scopes, &token_uri)?.into())
}

/// Changes the members that the body names.
fn patch_policy(server: &AuthorizationServer, body: &Json) -> Result<Json, Refused> {
    let refused = |error: serde_json::Error| Refused(format!("not a policy: {error}"));
    let mut policy = Json::from(serde_json::to_value(server.policy()).map_err(refused)?);
    if let Json::Object(members) = &mut policy {
        for (name, value) in body.as_object().into_iter().flat_map(Object::iter) {
            members.set(name.to_owned(), value.clone());
        }
    }
    let policy = read(&policy)?;
    server.change_policy(|current| *current = policy);
    done()
}

fn member<T: DeserializeOwned>(body: &Json, name: &str) -> Result<T, Refused> {
    let value = body.get(name).ok_or_else(|| Refused(format!("`{name}` is missing")))?;
    read(value).map_err(|why| Refused(format!("`{name}`: {}", why.0)))
}

fn read<T: DeserializeOwned>(body: &Json) -> Result<T, Refused> {
    serde_json::from_str(&body.to_string()).map_err(|error| Refused(error.to_string()))
}

fn shown(value: &impl serde::Serialize) -> Result<Json, Refused> {
    serde_json::to_value(value).map(Json::from).map_err(|error| Refused(error.to_string()))
}
