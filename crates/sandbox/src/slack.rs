//! Slack: a workspace, as its Web API looks from outside.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::engine::{Act, Behavior, Faulty, Provider, Refusal, Row, World, plain};
use crate::sandbox::Sandbox;
use crate::{Clock, Json, Object};

/// The definition.
const DEFINITION: &str = include_str!("../definitions/slack.toml");

/// The workspace that the sandbox's callers belong to.
pub const TEAM: &str = "T07NORD1";

/// What Slack's tables do not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slack;

impl Sandbox<Provider> {
    /// A Slack workspace with at least `size` users and messages.
    ///
    /// # Errors
    /// When the definition contradicts itself, which a test of this crate excludes.
    pub fn slack(clock: Clock, size: u32) -> Result<Arc<Self>, Faulty> {
        Self::of(DEFINITION, Slack, clock, size)
    }
}

impl Behavior for Slack {
    fn stored(&self, world: &mut World, table: &str, key: &str, now: DateTime<Utc>) {
        if table == "messages" {
            // Unique within a channel: the key's number is the last digits.
            world.touch(table, key, |row| {
                if row.fields.get("ts").is_none_or(Json::is_null) {
                    let micros = now.timestamp_subsec_millis() * 1000 + row.key.parse().unwrap_or(0) % 1000;
                    row.fields.set("ts", format!("{}.{micros:06}", now.timestamp()));
                }
            });
        }
    }

    fn show(&self, _world: &World, table: &str, row: &Row, _view: &str, shown: &mut Object) {
        let email = row.fields.get("email").cloned();
        if let Some(email) = email.filter(|_| table == "users") {
            let name = row.fields.get("real_name").cloned().unwrap_or(Json::Null);
            shown.set("profile", Object::default().with("email", email).with("real_name", name));
        }
    }

    fn select(&self, world: &World, asked: &Act<'_>, rows: &mut Vec<&Row>) -> Result<(), Refusal> {
        match asked.name {
            "history" => history(world, asked, rows),
            "files" => {
                let from = query(asked, "ts_from").and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
                rows.retain(|row| row.created.timestamp() >= from);
                rows.reverse();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn act(&self, world: &mut World, act: &Act<'_>) -> Result<Json, Refusal> {
        match act.name {
            "whose" => Ok(ok()
                .with("url", "https://nord.slack.example/")
                .with("team", "Nord AS")
                .with("user", "tieline")
                .with("team_id", TEAM)
                .with("user_id", act.caller.user.clone())
                .into()),
            "user" => one(world, "users", query(act, "user"), "user_not_found"),
            "channel" => one(world, "channels", query(act, "channel"), "channel_not_found"),
            "file" => one(world, "files", query(act, "file"), "file_not_found"),
            "user_by_email" => {
                let email = query(act, "email").unwrap_or_default();
                let found = world.rows("users").find(|row| row.text("email").eq_ignore_ascii_case(email));
                let key = found.map(|row| row.key.clone());
                one(world, "users", key.as_deref(), "users_not_found")
            }
            "delete_file" => {
                let key = member(act, "file")?;
                world.remove("files", &key).map(|_| Json::Null).ok_or_else(|| refused("file_not_found"))
            }
            "post" => post(self, world, act),
            "update" => {
                let key = message(world, act)?;
                let input = content(act);
                let row = world.update_checked(self, ("messages", &key), &input, act.now)?;
                let edited =
                    Object::default().with("user", act.caller.user.clone()).with("ts", stamp(act.now));
                world.touch("messages", &key, |row| row.fields.set("edited", edited));
                let text = row.text("text").to_owned();
                Ok(ok()
                    .with("channel", member(act, "channel")?)
                    .with("ts", member(act, "ts")?)
                    .with("text", text)
                    .into())
            }
            "delete" => {
                let key = message(world, act)?;
                world.remove("messages", &key);
                Ok(ok().with("channel", member(act, "channel")?).with("ts", member(act, "ts")?).into())
            }
            "react" => {
                let key = found(world, &member(act, "channel")?, &member(act, "timestamp")?)?;
                let name = member(act, "name")?;
                let row = world.get("messages", &key).cloned();
                let mut own = row
                    .and_then(|row| {
                        row.fields.get("reactions").and_then(Json::as_array).map(<[Json]>::to_vec)
                    })
                    .unwrap_or_default();
                if own.iter().any(|one| one.get("name").and_then(Json::as_str) == Some(name.as_str())) {
                    return Err(refused("already_reacted"));
                }
                own.push(Object::default().with("name", name).with("count", 1_i64).into());
                world.touch("messages", &key, |row| row.fields.set("reactions", Json::Array(own)));
                Ok(Json::Null)
            }
            "create_channel" => {
                let input = act.input.as_object().cloned().unwrap_or_default();
                let taken = world
                    .rows("channels")
                    .any(|row| row.text("name") == input.get("name").map(plain).unwrap_or_default());
                if taken {
                    return Err(refused("name_taken"));
                }
                let row = world.create_checked(self, "channels", &input, act.now)?;
                Ok(world.shown("channels", &row).into())
            }
            "join" => {
                let key = member(act, "channel")?;
                world.change("channels", &key, act.now, |row| row.fields.set("is_member", true));
                one(world, "channels", Some(&key), "channel_not_found")
            }
            "open_view" => {
                let view = act.input.get("view").filter(|view| view.as_object().is_some());
                let view = view.ok_or_else(|| refused("invalid_arguments"))?.clone();
                if member(act, "trigger_id")? == "late" {
                    return Err(refused("expired_trigger_id"));
                }
                let view = view.as_object().cloned().unwrap_or_default().with("id", "V07MODAL1");
                Ok(ok().with("view", view).into())
            }
            other => Err(Refusal::unmodelled(format!("the act `{other}`"))),
        }
    }
}

fn ok() -> Object {
    Object::default().with("ok", true)
}

fn refused(code: &str) -> Refusal {
    Refusal::named("refused").with("message", code)
}

fn query<'a>(act: &'a Act<'_>, name: &str) -> Option<&'a str> {
    act.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

fn member(act: &Act<'_>, name: &str) -> Result<String, Refusal> {
    act.input
        .get(name)
        .filter(|value| !value.is_null())
        .map(plain)
        .ok_or_else(|| refused("invalid_arguments"))
}

fn stamp(now: DateTime<Utc>) -> String {
    format!("{}.{:06}", now.timestamp(), now.timestamp_subsec_micros())
}

fn one(world: &World, table: &str, key: Option<&str>, missing: &str) -> Result<Json, Refusal> {
    let row = key.and_then(|key| world.live(table, key)).ok_or_else(|| refused(missing))?;
    let mut shown = world.shown(table, row);
    Slack.show(world, table, row, "", &mut shown);
    Ok(shown.into())
}

/// The messages of a channel between two times, the newest first.
fn history(world: &World, asked: &Act<'_>, rows: &mut Vec<&Row>) -> Result<(), Refusal> {
    let channel = query(asked, "channel").unwrap_or_default();
    let known = world.live("channels", channel).ok_or_else(|| refused("channel_not_found"))?;
    if known.fields.get("is_member").and_then(Json::as_bool) != Some(true) {
        return Err(refused("not_in_channel"));
    }
    let inclusive = matches!(query(asked, "inclusive"), Some("true" | "1"));
    let (oldest, latest) = (query(asked, "oldest").unwrap_or("0"), query(asked, "latest"));
    let within = |ts: &str| {
        // Texts of one length until the year 2286.
        let after = ts > oldest || (inclusive && ts == oldest);
        after && latest.is_none_or(|latest| ts < latest || (inclusive && ts == latest))
    };
    rows.retain(|row| row.text("channel") == channel && within(row.text("ts")));
    rows.sort_by(|a, b| b.text("ts").cmp(a.text("ts")));
    Ok(())
}

fn found(world: &World, channel: &str, ts: &str) -> Result<String, Refusal> {
    let own = world.rows("messages").find(|row| row.text("channel") == channel && row.text("ts") == ts);
    own.map(|row| row.key.clone()).ok_or_else(|| refused("message_not_found"))
}

fn message(world: &World, act: &Act<'_>) -> Result<String, Refusal> {
    found(world, &member(act, "channel")?, &member(act, "ts")?)
}

/// The parts of a message that a request may give.
fn content(act: &Act<'_>) -> Object {
    let names = ["text", "blocks", "attachments", "metadata", "thread_ts", "username"];
    let given = names.iter().filter_map(|name| Some((*name, act.input.get(name)?.clone())));
    given.fold(Object::default(), |all, (name, value)| all.with(name, value))
}

fn post(behavior: &Slack, world: &mut World, act: &Act<'_>) -> Result<Json, Refusal> {
    let channel = member(act, "channel")?;
    let known = world.live("channels", &channel).ok_or_else(|| refused("channel_not_found"))?;
    if known.fields.get("is_archived").and_then(Json::as_bool) == Some(true) {
        return Err(refused("is_archived"));
    }
    let mut input = content(act);
    if ["text", "blocks", "attachments"].iter().all(|name| input.get(name).is_none()) {
        return Err(refused("no_text"));
    }
    if input.get("blocks").and_then(Json::as_array).is_some_and(|blocks| blocks.len() > 50) {
        return Err(refused("invalid_blocks"));
    }
    if let Some(icon) = act.input.get("icon_emoji") {
        input.set("icons", Object::default().with("emoji", icon.clone()));
    }
    input.set("channel", channel.clone());
    input.set("user", act.caller.user.clone());
    let row = world.create_checked(behavior, "messages", &input, act.now)?;
    let shown = world.shown("messages", &row);
    Ok(ok().with("channel", channel).with("ts", row.text("ts").to_owned()).with("message", shown).into())
}
