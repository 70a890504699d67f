//! What buttons do: states that lead to one another, and windows that ask before anything is done.

use super::Version;
use super::binding::Bound;
use super::computed::number;
use super::database::Operation;
use super::env::{Env, truth};
use super::schema::ModelDef;
use super::trouble::Trouble;
use crate::{Json, Object};

pub(crate) fn action(
    env: &mut Env<'_>,
    model: &ModelDef,
    method: &str,
    call: &Bound,
) -> Result<Json, Trouble> {
    match (model.name, method) {
        ("stock.picking", _) => transfer(env, model, method, &call.ids),
        ("stock.backorder.confirmation", _) => backorder(env, model, method, &call.ids),
        ("sale.order.cancel", _) => {
            for id in &call.ids {
                let order = env.existing(model, *id, Operation::Write)?.link("order_id");
                let orders = env.model("sale.order")?;
                env.write(&orders, &order.into_iter().collect::<Vec<_>>(), &state("cancel"))?;
            }
            Ok(true.into())
        }
        (_, "action_confirm") => confirm(env, model, &call.ids),
        (_, "action_cancel") => {
            let mut asks = false;
            for id in &call.ids {
                let order = env.existing(model, *id, Operation::Write)?;
                asks |= order.text("state") != "draft";
                if order.flag("locked") {
                    return Err(Trouble::User(
                        "You cannot cancel a locked order. Please unlock it first.".into(),
                    ));
                }
            }
            // 17 asks first, unless it is told not to.
            if asks
                && env.version == Version::V17
                && !env.context.get("disable_cancel_warning").is_some_and(truth)
            {
                let order = call.ids.first().copied();
                return Ok(window("Cancel Sales Order", "sale.order.cancel", order));
            }
            env.write(model, &call.ids, &state("cancel"))?;
            Ok(true.into())
        }
        (_, "action_draft") => {
            for id in &call.ids {
                if matches!(env.existing(model, *id, Operation::Write)?.text("state"), "cancel" | "sent") {
                    env.write(model, &[*id], &state("draft"))?;
                }
            }
            Ok(true.into())
        }
        // These two return nothing.
        (_, "action_lock" | "action_unlock") => {
            env.write(model, &call.ids, &Object::default().with("locked", method == "action_lock"))?;
            Ok(Json::Null)
        }
        (_, "action_set_won") => {
            let won = env.db.rows("crm.stage").find(|stage| stage.flag("is_won")).map(|stage| stage.id);
            let won = won.ok_or_else(|| Trouble::User("There is no stage for won opportunities.".into()))?;
            env.write(model, &call.ids, &Object::default().with("stage_id", won).with("active", true))?;
            Ok(true.into())
        }
        (_, "action_set_lost") => {
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

fn state(name: &'static str) -> Object {
    Object::default().with("state", name)
}

/// What a client is to open: a form to be filled in. Nothing has been done yet.
fn window(title: &'static str, model: &'static str, record: Option<i64>) -> Json {
    let context = Object::default().with("default_order_id", record.map_or(Json::Bool(false), Json::Int));
    Object::default()
        .with("type", "ir.actions.act_window")
        .with("name", title)
        .with("res_model", model)
        .with("view_mode", "form")
        .with("views", Json::Array(vec![Json::Array(vec![false.into(), "form".into()])]))
        .with("target", "new")
        .with("context", context)
        .into()
}

fn transfer(env: &mut Env<'_>, model: &ModelDef, method: &str, ids: &[i64]) -> Result<Json, Trouble> {
    match method {
        "action_confirm" => env.write(model, ids, &state("confirmed"))?,
        "action_assign" => env.write(model, ids, &state("assigned"))?,
        "action_cancel" => env.write(model, ids, &state("cancel"))?,
        _ => {
            for id in ids {
                env.existing(model, *id, Operation::Write)?;
                let short = |line: &super::database::Record| {
                    number(line.get("quantity")) < number(line.get("product_uom_qty"))
                };
                let mut lines = env.db.rows("stock.move").filter(|line| line.link("picking_id") == Some(*id));
                if lines.any(short) && !env.context.get("skip_backorder").is_some_and(truth) {
                    return Ok(window("Create Backorder?", "stock.backorder.confirmation", None));
                }
            }
            env.write(model, ids, &done(env.stamp))?;
        }
    }
    Ok(true.into())
}

fn done(stamp: i64) -> Object {
    state("done").with("date_done", super::moments::shown(stamp))
}

/// What the wizard does with the transfers that it was made for.
fn backorder(env: &mut Env<'_>, model: &ModelDef, method: &str, ids: &[i64]) -> Result<Json, Trouble> {
    let pickings = env.model("stock.picking")?;
    for id in ids {
        let wizard = env.existing(model, *id, Operation::Write)?;
        let chosen = wizard.get("pick_ids").as_array().unwrap_or_default().iter().filter_map(Json::as_i64);
        for picking in chosen.collect::<Vec<_>>() {
            env.write(&pickings, &[picking], &done(env.stamp))?;
            if method == "process" {
                let rest = Object::default().with("backorder_id", picking).with("state", "confirmed");
                let company = env.existing(&pickings, picking, Operation::Read)?.link("company_id");
                env.create(&pickings, &rest.with("name", "rest").with("company_id", company))?;
            }
        }
    }
    Ok(true.into())
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
