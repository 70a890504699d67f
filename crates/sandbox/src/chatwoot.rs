//! Chatwoot: the customer support desk, as its application API looks from outside.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::engine::{Act, Behavior, Caller, Faulty, Provider, Refusal, Row, World};
use crate::sandbox::Sandbox;
use crate::{Clock, Json, Object};

/// The definition.
const DEFINITION: &str = include_str!("../definitions/chatwoot.toml");

/// The account that the sandbox's users belong to.
pub const ACCOUNT: &str = "1";

/// The events that a webhook can subscribe to.
const EVENTS: [&str; 12] = [
    "conversation_created",
    "conversation_status_changed",
    "conversation_updated",
    "message_created",
    "message_updated",
    "webwidget_triggered",
    "contact_created",
    "contact_updated",
    "inbox_created",
    "inbox_updated",
    "conversation_typing_on",
    "conversation_typing_off",
];

/// What Chatwoot's tables do not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chatwoot;

impl Sandbox<Provider> {
    /// A Chatwoot account with at least `size` contacts, conversations and messages.
    ///
    /// # Errors
    /// When the definition contradicts itself, which a test of this crate excludes.
    pub fn chatwoot(clock: Clock, size: u32) -> Result<Arc<Self>, Faulty> {
        Self::of(DEFINITION, Chatwoot, clock, size)
    }
}

impl Behavior for Chatwoot {
    fn settle(
        &self,
        world: &mut World,
        table: &str,
        was: Option<&Row>,
        fields: &mut Object,
    ) -> Result<(), Refusal> {
        match table {
            "contacts" => {
                // The list shows a contact as soon as it can be reached.
                let reachable = ["email", "phone_number", "identifier"]
                    .iter()
                    .any(|name| fields.get(name).and_then(Json::as_str).is_some_and(|text| !text.is_empty()));
                fields.set("listed", reachable);
            }
            "conversations" if was.is_none() => settle_conversation(world, fields)?,
            "messages" if was.is_none() => settle_message(world, fields)?,
            "inboxes" if was.is_none() => {
                fields.set("inbox_identifier", world.uuid());
                fields.set("hmac_token", world.uuid());
            }
            "agent_bots" if was.is_none() => fields.set("access_token", world.uuid()),
            "webhooks" => {
                let known = fields.get("subscriptions").and_then(Json::as_array).is_some_and(|list| {
                    !list.is_empty()
                        && list.iter().all(|event| event.as_str().is_some_and(|e| EVENTS.contains(&e)))
                });
                if !known {
                    return Err(Refusal::named("invalid")
                        .with("field", "subscriptions")
                        .with("message", "Subscriptions Invalid events"));
                }
                fields.set("secret", world.uuid().replace('-', "").chars().take(24).collect::<String>());
            }
            _ => {}
        }
        Ok(())
    }

    fn stored(&self, world: &mut World, table: &str, key: &str, now: DateTime<Utc>) {
        let Some(row) = world.get(table, key).cloned() else { return };
        match table {
            "messages" if row.created == row.changed => {
                // A message moves its conversation and its contact.
                let Some(conversation) = row.reference("conversation_id") else { return };
                world.change("conversations", &conversation, now, |row| {
                    row.fields.set("last_activity_at", now.timestamp());
                });
                let contact =
                    world.get("conversations", &conversation).and_then(|row| row.reference("contact_id"));
                if let Some(contact) = contact {
                    world.change("contacts", &contact, now, |row| {
                        row.fields.set("last_activity_at", now.timestamp())
                    });
                }
            }
            "conversations" if row.fields.get("last_activity_at").is_none_or(Json::is_null) => {
                world.touch(table, key, |row| row.fields.set("last_activity_at", row.created.timestamp()));
            }
            _ => {}
        }
    }

    fn deleting(
        &self,
        world: &mut World,
        table: &str,
        row: &Row,
        _now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if table == "contacts" && row.text("availability_status") == "online" {
            let message = "Contact is online; it cannot be deleted";
            return Err(Refusal::named("refused").with("message", message));
        }
        if table == "contacts" {
            let theirs =
                |conversation: &&Row| conversation.reference("contact_id").as_deref() == Some(&row.key);
            let keys: Vec<String> =
                world.rows("conversations").filter(theirs).map(|row| row.key.clone()).collect();
            for key in keys {
                world.remove("conversations", &key);
            }
        }
        Ok(())
    }

    fn flag(&self, world: &mut World, table: &str, key: &str, now: DateTime<Utc>) {
        world.change(table, key, now, |row| {
            let attributes = row.fields.get("content_attributes").and_then(Json::as_object).cloned();
            row.fields.set("content", "This message was deleted");
            row.fields.set("content_attributes", attributes.unwrap_or_default().with("deleted", true));
        });
    }

    fn show(&self, world: &World, table: &str, row: &Row, _view: &str, shown: &mut Object) {
        if table == "conversations" {
            let sender = row.reference("contact_id").and_then(|key| world.get("contacts", &key).cloned());
            let sender = sender.map_or(Json::Null, |row| world.shown("contacts", &row).into());
            let assignee = row.reference("assignee_id").and_then(|key| world.live("agents", &key).cloned());
            let assignee = assignee.map_or(Json::Null, |row| world.shown("agents", &row).into());
            let meta = Object::default().with("sender", sender).with("channel", "Channel::Api");
            shown.set("meta", meta.with("assignee", assignee).with("hmac_verified", false));
            let last = row.fields.get("last_activity_at").cloned().unwrap_or(Json::Null);
            shown.set("timestamp", last);
        }
    }

    fn visible(&self, world: &World, caller: &Caller, table: &str, row: &Row) -> bool {
        // An agent belongs to the first inbox.
        let narrow = caller.role == "agent" && table == "conversations" && !world.assumes("agents_see_all");
        !narrow || row.reference("inbox_id").as_deref() == Some("1")
    }

    fn act(&self, world: &mut World, act: &Act<'_>) -> Result<Json, Refusal> {
        let key = act.part("key");
        match act.name {
            "profile" => Ok(profile(world, act.caller)),
            "merge_contacts" => merge(world, act),
            "remove_attributes" => {
                let names =
                    act.input.get("custom_attributes").and_then(Json::as_array).unwrap_or_default().to_vec();
                world.change("contacts", key, act.now, |row| {
                    let mut kept = row
                        .fields
                        .get("custom_attributes")
                        .and_then(Json::as_object)
                        .cloned()
                        .unwrap_or_default();
                    for name in names.iter().filter_map(Json::as_str) {
                        kept.remove(name);
                    }
                    row.fields.set("custom_attributes", kept);
                });
                Ok(shown(world, "contacts", key))
            }
            "label_contact" => set(world, act, "contacts", "labels", "labels"),
            "contact_labels" => Ok(world
                .get("contacts", key)
                .and_then(|row| row.fields.get("labels").cloned())
                .unwrap_or(Json::Null)),
            "label_conversation" => set(world, act, "conversations", "labels", "labels"),
            "replace_attributes" => {
                let value = set(world, act, "conversations", "custom_attributes", "custom_attributes")?;
                Ok(Object::default().with("custom_attributes", value).into())
            }
            "toggle_status" => toggle_status(world, act),
            "assign" => assign(world, act),
            "set_agent_bot" => {
                let bot = act.reference("agent_bot").ok_or_else(|| missing("agent_bot"))?;
                world.live("agent_bots", &bot).ok_or_else(|| Refusal::named("not_found"))?;
                world.change("inboxes", key, act.now, |row| row.fields.set("agent_bot", Json::decimal(bot)));
                Ok(Json::Null)
            }
            other => Err(Refusal::unmodelled(format!("the act `{other}`"))),
        }
    }
}

fn missing(param: &str) -> Refusal {
    Refusal::named("refused").with("message", format!("param is missing or the value is empty: {param}"))
}

fn shown(world: &World, table: &str, key: &str) -> Json {
    world.get(table, key).cloned().map_or(Json::Null, |row| world.shown(table, &row).into())
}

fn settle_conversation(world: &mut World, fields: &mut Object) -> Result<(), Refusal> {
    let named = |fields: &Object, name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let placed = named(fields, "contact_id") && named(fields, "inbox_id");
    if !(placed || named(fields, "source_id")) {
        return Err(missing("source_id"));
    }
    fields.set("uuid", world.uuid());
    Ok(())
}

fn settle_message(world: &World, fields: &mut Object) -> Result<(), Refusal> {
    let number = match fields.get("message_type") {
        Some(Json::Text(name)) if name == "incoming" => 0_i64,
        Some(Json::Text(name)) if name == "outgoing" => 1,
        Some(Json::Int(number)) => *number,
        _ => return Err(Refusal::named("refused").with("message", "message_type is invalid")),
    };
    fields.set("message_type", number);
    let conversation = fields.get("conversation_id").map(ToString::to_string).unwrap_or_default();
    let inbox = world.get("conversations", &conversation).and_then(|row| row.fields.get("inbox_id").cloned());
    fields.set("inbox_id", inbox.unwrap_or(Json::Null));
    Ok(())
}

fn profile(world: &World, caller: &Caller) -> Json {
    let account = Object::default()
        .with("id", 1_i64)
        .with("name", "Fjord Support AS")
        .with("role", caller.role.clone())
        .with("status", "active");
    let user = world.get("agents", &caller.user);
    Object::default()
        .with("id", Json::decimal(caller.user.clone()))
        .with("name", user.map_or_else(String::new, |row| row.text("name").to_owned()))
        .with("email", user.map_or_else(String::new, |row| row.text("email").to_owned()))
        .with("role", caller.role.clone())
        .with("accounts", vec![account.into()])
        .into()
}

/// Replaces a field by a member of the request and returns it.
fn set(
    world: &mut World,
    act: &Act<'_>,
    table: &str,
    field: &'static str,
    member: &str,
) -> Result<Json, Refusal> {
    let value = act.input.get(member).cloned().ok_or_else(|| missing(member))?;
    let stored = value.clone();
    world.change(table, act.part("key"), act.now, |row| row.fields.set(field, stored));
    Ok(value)
}

fn merge(world: &mut World, act: &Act<'_>) -> Result<Json, Refusal> {
    let base = act.reference("base_contact_id").ok_or_else(|| missing("base_contact_id"))?;
    let merged = act.reference("mergee_contact_id").ok_or_else(|| missing("mergee_contact_id"))?;
    let gone = || Refusal::named("not_found");
    let kept = world.live("contacts", &base).cloned().ok_or_else(gone)?;
    let lost = world.live("contacts", &merged).cloned().ok_or_else(gone)?;
    if kept.key == lost.key {
        return Ok(shown(world, "contacts", &base));
    }
    world.remove("contacts", &merged);
    world.change("contacts", &base, act.now, |row| {
        for (name, value) in lost.fields.iter() {
            if row.fields.get(name).is_none_or(Json::is_null) {
                row.fields.set(name.to_owned(), value.clone());
            }
        }
    });
    let theirs = |row: &&Row| row.reference("contact_id").as_deref() == Some(&merged);
    let keys: Vec<String> = world.rows("conversations").filter(theirs).map(|row| row.key.clone()).collect();
    for key in keys {
        world.change("conversations", &key, act.now, |row| {
            row.fields.set("contact_id", Json::decimal(base.clone()))
        });
    }
    Ok(shown(world, "contacts", &base))
}

fn toggle_status(world: &mut World, act: &Act<'_>) -> Result<Json, Refusal> {
    let key = act.part("key");
    let now = world.get("conversations", key).map_or("", |row| row.text("status")).to_owned();
    let flipped = if now == "open" { "resolved" } else { "open" };
    let status = act.input.get("status").and_then(Json::as_str).unwrap_or(flipped).to_owned();
    if !["open", "resolved", "pending", "snoozed"].contains(&status.as_str()) {
        return Err(Refusal::named("refused").with("message", format!("'{status}' is not a valid status")));
    }
    let until = act.input.get("snoozed_until").cloned().unwrap_or(Json::Null);
    let shown = status.clone();
    world.change("conversations", key, act.now, |row| {
        row.fields.set("status", status);
        row.fields.set("snoozed_until", until);
    });
    Ok(Object::default()
        .with("success", true)
        .with("current_status", shown)
        .with("conversation_id", Json::decimal(key.to_owned()))
        .into())
}

fn assign(world: &mut World, act: &Act<'_>) -> Result<Json, Refusal> {
    let (field, table, member) = if act.input.get("team_id").is_some() {
        ("team_id", "teams", "team_id")
    } else {
        ("assignee_id", "agents", "assignee_id")
    };
    let wanted = act.reference(member).filter(|key| key != "0");
    if let Some(key) = &wanted {
        world.live(table, key).ok_or_else(|| Refusal::named("not_found"))?;
    }
    let value = wanted.clone().map_or(Json::Null, Json::decimal);
    world.change("conversations", act.part("key"), act.now, |row| row.fields.set(field, value));
    Ok(wanted.map_or(Json::Null, |key| shown(world, table, &key)))
}
