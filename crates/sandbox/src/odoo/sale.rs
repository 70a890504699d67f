//! What the buttons of sales do: states that lead to one another.

use super::binding::Bound;
use super::database::Operation;
use super::env::Env;
use super::schema::ModelDef;
use super::trouble::Trouble;
use crate::{Json, Object};

pub(crate) fn action(
    env: &mut Env<'_>,
    model: &ModelDef,
    method: &str,
    call: &Bound,
) -> Result<Json, Trouble> {
    match method {
        "action_confirm" => confirm(env, model, &call.ids),
        "action_cancel" => {
            for id in &call.ids {
                if env.existing(model, *id, Operation::Write)?.flag("locked") {
                    return Err(Trouble::User(
                        "You cannot cancel a locked order. Please unlock it first.".into(),
                    ));
                }
            }
            env.write(model, &call.ids, &Object::default().with("state", "cancel"))?;
            Ok(true.into())
        }
        "action_draft" => {
            for id in &call.ids {
                if matches!(env.existing(model, *id, Operation::Write)?.text("state"), "cancel" | "sent") {
                    env.write(model, &[*id], &Object::default().with("state", "draft"))?;
                }
            }
            Ok(true.into())
        }
        // These two return nothing.
        "action_lock" | "action_unlock" => {
            env.write(model, &call.ids, &Object::default().with("locked", method == "action_lock"))?;
            Ok(Json::Null)
        }
        "action_set_won" => {
            let won = env.db.rows("crm.stage").find(|stage| stage.flag("is_won")).map(|stage| stage.id);
            let won = won.ok_or_else(|| Trouble::User("There is no stage for won opportunities.".into()))?;
            env.write(model, &call.ids, &Object::default().with("stage_id", won).with("active", true))?;
            Ok(true.into())
        }
        "action_set_lost" => {
            let mut vals = Object::default().with("active", false).with("probability", 0);
            if call.get("lost_reason_id").as_i64().is_some() {
                vals.set("lost_reason_id", call.get("lost_reason_id").clone());
            }
            env.write(model, &call.ids, &vals)?;
            Ok(true.into())
        }
        _ => Err(Trouble::NoMethod { model: model.name.into(), method: method.into() }),
    }
}

fn confirm(env: &mut Env<'_>, model: &ModelDef, ids: &[i64]) -> Result<Json, Trouble> {
    let mut elsewhere = Vec::new();
    for id in ids {
        let order = env.existing(model, *id, Operation::Write)?;
        if !matches!(order.text("state"), "draft" | "sent") {
            elsewhere.push(order.text("name").to_owned());
        }
    }
    if !elsewhere.is_empty() {
        return Err(Trouble::User(format!(
            "The following orders are not in a state requiring confirmation: {}",
            elsewhere.join(", ")
        )));
    }
    let vals = Object::default().with("state", "sale").with("date_order", super::moments::shown(env.stamp));
    env.write(model, ids, &vals)?;
    Ok(true.into())
}
