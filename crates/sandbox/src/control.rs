//! The control interface over HTTP, for tests in another process: everything below `/_sandbox`.

use bytes::Bytes;
use http::{Request, StatusCode};

use crate::faults::{FaultRule, known_method};
use crate::reply::Reply;
use crate::sandbox::{Command, Model, Refused, Sandbox};
use crate::{Json, Object};

pub(crate) const PREFIX: &str = "/_sandbox";

pub(crate) fn answer<M: Model>(sandbox: &Sandbox<M>, request: &Request<Bytes>) -> Reply {
    let outcome = body_of(request).and_then(|body| {
        let path: Vec<&str> = request
            .uri()
            .path()
            .trim_start_matches(PREFIX)
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        let command = Command { method: request.method().as_str(), path: &path, body: &body };
        obey(sandbox, &command)
            .or_else(|| sandbox.model().control(&command, sandbox.now()))
            .unwrap_or_else(|| Err(Refused("there is no such command".into())))
    });
    match outcome {
        Ok(json) => Reply::json(StatusCode::OK, &json),
        Err(why) => Reply::json(StatusCode::BAD_REQUEST, &Object::default().with("error", why.0).into()),
    }
}

fn body_of(request: &Request<Bytes>) -> Result<Json, Refused> {
    if request.body().is_empty() {
        return Ok(Json::Null);
    }
    Json::parse(request.body()).map_err(|error| Refused(error.to_string()))
}

/// The commands that every sandbox knows.
fn obey<M: Model>(sandbox: &Sandbox<M>, command: &Command<'_>) -> Option<Result<Json, Refused>> {
    Some(match (command.method, command.path) {
        ("GET", ["log"]) => shown(&sandbox.requests()),
        ("DELETE", ["log"]) => {
            sandbox.forget_requests();
            done()
        }
        ("GET", ["counters"]) => shown(&sandbox.counters()),
        ("GET", ["faults"]) => shown(&sandbox.waiting_faults()),
        ("POST", ["faults"]) => inject(sandbox, command.body),
        ("DELETE", ["faults"]) => {
            sandbox.clear_faults();
            done()
        }
        ("GET", ["clock"]) => Ok(clock(sandbox)),
        ("POST", ["clock", "advance"]) => match command.body.get("seconds").and_then(Json::as_i64) {
            Some(seconds) if seconds >= 0 => {
                sandbox.advance(std::time::Duration::from_secs(seconds.unsigned_abs()));
                Ok(clock(sandbox))
            }
            _ => Err(Refused("`seconds` must be a whole number, zero or more".into())),
        },
        _ => return None,
    })
}

fn inject<M: Model>(sandbox: &Sandbox<M>, body: &Json) -> Result<Json, Refused> {
    let text = if body.as_array().is_some() { body.to_string() } else { format!("[{body}]") };
    let rules: Vec<FaultRule> =
        serde_json::from_str(&text).map_err(|error| Refused(format!("not a fault rule: {error}")))?;
    if !rules.iter().all(known_method) {
        return Err(Refused("a rule names a method that does not exist".into()));
    }
    for rule in rules {
        sandbox.inject(rule);
    }
    done()
}

fn clock<M: Model>(sandbox: &Sandbox<M>) -> Json {
    Object::default().with("now", sandbox.now().to_rfc3339()).into()
}

pub(crate) fn done() -> Result<Json, Refused> {
    Ok(Object::default().with("ok", true).into())
}

fn shown(value: &impl serde::Serialize) -> Result<Json, Refused> {
    serde_json::to_value(value).map(Json::from).map_err(|error| Refused(error.to_string()))
}
