//! The Odoo sandbox, asked over its doors.

mod access;
mod control;
mod faults;
mod few_rights;
mod import;
mod json_doors;
mod misbehaviour;
mod reads;
mod searches;
mod seed;
mod times;
mod web;
mod wire;
mod wizards;
mod writes;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use tieline_sandbox::odoo::{API_KEY, DATABASE, EPOCH, Odoo, UID, Version};
use tieline_sandbox::{Clock, Reply, Sandbox};

const BOTH: [Version; 2] = [Version::V17, Version::V19];

/// A server whose clock stands still.
fn still(version: Version) -> Arc<Sandbox<Odoo>> {
    Sandbox::odoo_with(version, Clock::frozen_at(EPOCH.parse().unwrap()))
}

fn post(sandbox: &Sandbox<Odoo>, path: &str, kind: &str, body: impl Into<Bytes>) -> Reply {
    let request = http::Request::post(path).header("content-type", kind);
    sandbox.handle(request.body(body.into()).unwrap())
}

/// A value as Python's client writes it.
fn xml(value: &Value) -> String {
    let inner = match value {
        Value::Null => "<nil/>".to_owned(),
        Value::Bool(flag) => format!("<boolean>{}</boolean>", u8::from(*flag)),
        Value::Number(number) if number.is_f64() => format!("<double>{number}</double>"),
        Value::Number(number) => format!("<int>{number}</int>"),
        Value::String(text) => {
            format!(
                "<string>{}</string>",
                text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
            )
        }
        Value::Array(items) => {
            format!("<array><data>{}</data></array>", items.iter().map(xml).collect::<String>())
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("<member><name>{name}</name>{}</member>", xml(value))
            };
            format!("<struct>{}</struct>", members.iter().map(member).collect::<String>())
        }
    };
    format!("<value>{inner}</value>")
}

fn method_call(method: &str, params: &[Value]) -> String {
    let params: String = params.iter().map(|param| format!("<param>{}</param>", xml(param))).collect();
    format!(
        "<?xml version='1.0'?>\n<methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>\n"
    )
}

fn common(sandbox: &Sandbox<Odoo>, method: &str, params: &[Value]) -> String {
    text(&post(sandbox, "/xmlrpc/2/common", "text/xml", method_call(method, params)))
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.to_vec()).unwrap()
}

/// `execute_kw` over XML-RPC, and the answer as it is on the wire.
fn execute(sandbox: &Sandbox<Odoo>, model: &str, method: &str, args: Value, kwargs: Value) -> String {
    execute_as(sandbox, (UID, API_KEY), model, method, args, kwargs)
}

fn execute_as(
    sandbox: &Sandbox<Odoo>,
    (uid, secret): (i64, &str),
    model: &str,
    method: &str,
    args: Value,
    kwargs: Value,
) -> String {
    let params = [json!(DATABASE), json!(uid), json!(secret), json!(model), json!(method), args, kwargs];
    let reply = post(sandbox, "/xmlrpc/2/object", "text/xml", method_call("execute_kw", &params));
    assert_eq!(reply.status, 200, "faults too");
    assert_eq!(reply.headers["content-type"], "text/xml; charset=utf-8");
    assert_eq!(reply.headers["connection"], "close");
    text(&reply)
}

/// The same call over `/jsonrpc`, whose answers are easy to look into: the result, or `data` of the error.
fn ask(
    sandbox: &Sandbox<Odoo>,
    model: &str,
    method: &str,
    args: Value,
    kwargs: Value,
) -> Result<Value, Value> {
    ask_as(sandbox, (UID, API_KEY), model, method, args, kwargs)
}

fn ask_as(
    sandbox: &Sandbox<Odoo>,
    (uid, secret): (i64, &str),
    model: &str,
    method: &str,
    args: Value,
    kwargs: Value,
) -> Result<Value, Value> {
    let args = json!([DATABASE, uid, secret, model, method, args, kwargs]);
    let params = json!({"service": "object", "method": "execute_kw", "args": args});
    let body = json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": 7}).to_string();
    let reply = post(sandbox, "/jsonrpc", "application/json", body);
    assert_eq!(reply.status, 200);
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(answer["id"], 7);
    if answer["error"].is_null() {
        Ok(answer["result"].clone())
    } else {
        Err(answer["error"]["data"].clone())
    }
}

fn ids(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect()
}

/// The text of a fault and its code, read with nothing of the sandbox's own.
fn fault(body: &str) -> (i64, String) {
    let between = |start: &str, end: &str| {
        let rest = body.split_once(start).unwrap_or_else(|| panic!("no fault: {body}")).1;
        rest.split_once(end).unwrap().0.to_owned()
    };
    let code = between("<name>faultCode</name>\n<value><int>", "</int>").parse().unwrap();
    let text = between("<name>faultString</name>\n<value><string>", "</string>");
    (code, text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}
