//! Calling any public method: confirming an order, posting a message, whatever an app offers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tieline_core::{Action, Error, ErrorKind, Key, Outcome, RawJson, Resend, Result};
use tieline_kit::{excerpt, outcome_of};

use crate::call::Call;
use crate::client::Client;
use crate::lookup::id;
use crate::{faults, lookup, write};

/// Calls a method, and gives what it returned.
pub(crate) async fn call(
    client: &Client,
    model: &str,
    method: &str,
    ids: Option<Vec<i64>>,
    input: &RawJson,
) -> Result<RawJson> {
    let call = prepared(model, method, ids, input)?;
    match client.value(&call).await {
        Err(error) if faults::was_none(&error) => RawJson::of(&()),
        answer => answer,
    }
}

/// Calls a method for its effect.
pub(crate) async fn invoke(
    client: &Client,
    model: &str,
    method: &str,
    key: Option<&Key>,
    input: &RawJson,
) -> Result<Outcome> {
    let ids = match key {
        Some(key) => Some(vec![id(key).ok_or_else(|| write::missing(model, key))?]),
        None => None,
    };
    let call = prepared(model, method, ids, input)?;
    lookup::require(client, model, call.records()).await?;
    Ok(match client.value(&call).await {
        Ok(result) => outcome(method, key, &result),
        // The fault came after the deed: only its result could not be sent.
        Err(error) if faults::was_done(&error) => done(key, None),
        Err(error) => outcome_of(error, false),
    })
}

/// What the result of a method says about what was done.
///
/// A method of a button returns what a client is to do next. A window is a form to be filled in or a list to look at,
/// and mostly nothing was done yet; `false` is how Odoo's methods say that there was nothing to do. Neither is a
/// success that may go unseen, and neither may be sent again blindly.
fn outcome(method: &str, key: Option<&Key>, result: &RawJson) -> Outcome {
    #[derive(Deserialize)]
    struct Next {
        #[serde(default, rename = "type")]
        kind: Value,
        #[serde(default)]
        res_model: Value,
        #[serde(default)]
        target: Value,
    }
    let question = |message: String| {
        Error::new(ErrorKind::Rejected, message)
            .with_resend(Resend::Never)
            .with_context("action", excerpt(method, 80))
    };
    if result.get() == "false" {
        return Outcome::Unknown(
            question("the method returned false: mostly that nothing was done".to_owned())
                .with_advice("look at the record in Odoo before it is sent again"),
        );
    }
    let next = if result.get().starts_with('{') { result.view::<Next>().ok() } else { None };
    match next.as_ref().and_then(|next| next.kind.as_str().map(|kind| (kind, next))) {
        Some(("ir.actions.act_window", next)) => {
            let model = excerpt(next.res_model.as_str().unwrap_or("another model"), 80);
            let is_form = next.target.as_str() == Some("new");
            let what = if is_form { "a form to be filled in" } else { "a window" };
            Outcome::Unknown(
                question(format!("the method returned {what} of {model}: mostly that nothing was done yet"))
                    .with_advice(
                        "look at the record; then create a record of that model and call the method of its button",
                    )
                    .with_context("opens", model),
            )
        }
        _ => done(key, Some(result)),
    }
}

fn done(key: Option<&Key>, result: Option<&RawJson>) -> Outcome {
    let outcome = Outcome::applied(key.cloned());
    match result {
        Some(result) => outcome.with_output(result.clone()),
        None => outcome,
    }
}

/// Whether a method is known to act on records, so that without any it would do nothing, or fail in Odoo's words.
fn acts_on_records(method: &str) -> bool {
    method.starts_with("action_")
        || method.starts_with("button_")
        || method.starts_with("message_")
        || matches!(method, "write" | "unlink" | "read" | "copy" | "toggle_active")
}

fn prepared(model: &str, method: &str, ids: Option<Vec<i64>>, input: &RawJson) -> Result<Call> {
    let fits = !method.is_empty()
        && method.len() <= 128
        && method.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !fits {
        return Err(Error::new(
            ErrorKind::Rejected,
            format!("{:?} is not the name of a method", excerpt(method, 80)),
        ));
    }
    if method.starts_with('_') {
        return Err(Error::new(
            ErrorKind::Rejected,
            format!("Odoo does not let private methods be called: {method:?}"),
        )
        .with_advice("call the public method that a button calls, mostly action_…"));
    }
    let mut call = Call::acting(model, method);
    let mut ids = ids;
    match input.get().bytes().next().unwrap_or_default() {
        b'n' => {}
        b'[' => {
            let args: Vec<Box<RawValue>> = input.view()?;
            for arg in args {
                call = call.unnamed(RawJson::from_raw(&arg));
            }
        }
        b'{' => {
            let mut args: BTreeMap<String, Box<RawValue>> = input.view()?;
            if let Some(context) = args.remove("context") {
                let context: Map<String, Value> = serde_json::from_str(context.get())
                    .map_err(|_| Error::new(ErrorKind::Rejected, "the input's context is not an object"))?;
                for (name, value) in context {
                    call = call.context(&name, value);
                }
            }
            if let Some(given) = args.remove("ids") {
                let given: Vec<i64> = serde_json::from_str(given.get()).map_err(|_| {
                    Error::new(ErrorKind::Rejected, "the input's ids are not a list of numbers")
                })?;
                if ids.replace(given).is_some() {
                    return Err(Error::new(
                        ErrorKind::Rejected,
                        "the records are named twice, by key and by the input's ids",
                    ));
                }
            }
            for (name, value) in args {
                call = call.named(name, &RawJson::from_raw(&value))?;
            }
        }
        _ => {
            return Err(Error::new(
                ErrorKind::Rejected,
                "the input of a method is neither an object nor a list",
            )
            .with_advice("give named arguments, such as {\"body\":\"Hello\"}"));
        }
    }
    // A list of arguments may begin with the ids.
    let in_list = input.get().starts_with('[') && input.get() != "[]";
    if acts_on_records(method) && !in_list && ids.as_ref().is_none_or(Vec::is_empty) {
        return Err(faults::without_records().with_context("action", excerpt(method, 80)));
    }
    Ok(match ids {
        Some(ids) => call.ids(ids),
        None => call,
    })
}

/// What is known to be callable on a model, beside any other public method.
pub(crate) fn actions(model: &str, has_field: impl Fn(&str) -> bool) -> Vec<Action> {
    let nothing = json!({ "type": "object" });
    let mut actions = Vec::new();
    if has_field("active") {
        for (name, title) in [("action_archive", "Archive"), ("action_unarchive", "Take out of the archive")]
        {
            let mut action = Action::new(name, title, nothing.clone());
            action.idempotent = true;
            actions.push(action);
        }
    }
    if has_field("message_ids") {
        let input = json!({
            "type": "object",
            "properties": {
                "body": { "type": "string", "description": "Plain text; with body_is_html, HTML (Odoo 17 and later)." },
                "body_is_html": { "type": "boolean" },
                "message_type": { "type": "string", "enum": ["comment", "notification", "email"] },
                "subtype_xmlid": { "type": "string", "description": "mail.mt_note for a note, mail.mt_comment for a message that followers get by e-mail." },
            },
            "required": ["body"],
        });
        actions.push(Action::new("message_post", "Post a message", input));
    }
    // Source: the buttons of the form views of Odoo 17 and 19.
    let own: &[(&str, &str)] = match model {
        "sale.order" => &[
            ("action_confirm", "Confirm"),
            ("action_cancel", "Cancel"),
            ("action_draft", "Set to quotation"),
        ],
        "account.move" => {
            &[("action_post", "Post"), ("button_draft", "Reset to draft"), ("button_cancel", "Cancel")]
        }
        "purchase.order" => &[("button_confirm", "Confirm"), ("button_cancel", "Cancel")],
        "crm.lead" => &[("action_set_won", "Mark as won"), ("action_set_lost", "Mark as lost")],
        "stock.picking" => &[
            ("action_confirm", "Mark as to do"),
            ("action_assign", "Check availability"),
            ("button_validate", "Validate"),
        ],
        "hr.leave" => &[("action_approve", "Approve"), ("action_refuse", "Refuse")],
        _ => &[],
    };
    actions.extend(own.iter().map(|(name, title)| Action::new(*name, *title, nothing.clone())));
    actions
}
