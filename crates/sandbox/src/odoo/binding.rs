//! Which methods there are, what their arguments are called, and how a call's arguments meet them.

use super::Version;
use super::schema::ModelDef;
use super::trouble::Trouble;
use crate::{Json, Object};

/// How a method is called.
pub(crate) struct Signature {
    /// It acts on records, whose ids come first.
    pub(crate) on_records: bool,
    params: &'static [&'static str],
    required: usize,
    /// Further names that may be given, but not by position.
    keywords: &'static [&'static str],
}

const fn of_model(params: &'static [&'static str], required: usize) -> Option<Signature> {
    Some(Signature { on_records: false, params, required, keywords: &[] })
}

const fn of_records(params: &'static [&'static str], required: usize) -> Option<Signature> {
    Some(Signature { on_records: true, params, required, keywords: &[] })
}

/// Models with a chatter.
const THREADS: &[&str] = &["res.partner", "crm.lead", "hr.employee", "hr.department", "sale.order"];

fn signature(model: &ModelDef, method: &str, version: Version) -> Option<Signature> {
    use Version::{V17, V19};
    match (method, version) {
        ("search", _) => of_model(&["domain", "offset", "limit", "order"], 1),
        ("search_read", _) => Some(Signature {
            on_records: false,
            params: &["domain", "fields", "offset", "limit", "order"],
            required: 0,
            keywords: &["load"],
        }),
        ("search_count", _) => of_model(&["domain", "limit"], 1),
        ("fields_get", _) => of_model(&["allfields", "attributes"], 0),
        ("default_get", V17) => of_model(&["fields_list"], 1),
        ("default_get", V19) => of_model(&["fields"], 1),
        ("create", _) => of_model(&["vals_list"], 1),
        ("load", _) => of_model(&["fields", "data"], 2),
        ("name_create", _) if model.has("name") => of_model(&["name"], 1),
        ("name_search", V17) => of_model(&["name", "args", "operator", "limit"], 0),
        ("name_search", V19) => of_model(&["name", "domain", "operator", "limit"], 0),
        ("check_access_rights", V17) => of_model(&["operation", "raise_exception"], 1),
        ("read", _) => of_records(&["fields", "load"], 0),
        ("write", _) => of_records(&["vals"], 1),
        ("copy", _) => of_records(&["default"], 0),
        ("context_get", _) if model.name == "res.users" => of_model(&[], 0),
        ("read_group", _) => {
            of_model(&["domain", "fields", "groupby", "offset", "limit", "orderby", "lazy"], 3)
        }
        ("action_confirm" | "action_assign" | "action_cancel" | "button_validate", _)
            if model.name == "stock.picking" =>
        {
            of_records(&[], 0)
        }
        ("process" | "process_cancel_backorder", _) if model.name == "stock.backorder.confirmation" => {
            of_records(&[], 0)
        }
        ("action_cancel", _) if model.name == "sale.order.cancel" => of_records(&[], 0),
        ("unlink" | "action_archive" | "action_unarchive" | "get_external_id" | "get_metadata", _) => {
            of_records(&[], 0)
        }
        ("name_get" | "exists", V17) => of_records(&[], 0),
        ("has_access", V19) => of_records(&["operation"], 1),
        ("message_post", _) if THREADS.contains(&model.name) => Some(Signature {
            on_records: true,
            params: &[],
            required: 0,
            keywords: &[
                "body",
                "subject",
                "message_type",
                "subtype_xmlid",
                "subtype_id",
                "body_is_html",
                "partner_ids",
                "author_id",
                "email_from",
                "parent_id",
                "attachment_ids",
                "attachments",
            ],
        }),
        ("action_confirm" | "action_cancel" | "action_draft" | "action_lock" | "action_unlock", _)
            if model.name == "sale.order" =>
        {
            of_records(&[], 0)
        }
        ("action_set_won" | "action_set_lost", _) if model.name == "crm.lead" => {
            Some(Signature { on_records: true, params: &[], required: 0, keywords: &["lost_reason_id"] })
        }
        _ => None,
    }
}

/// Public methods that every model of a real server has, and the sandbox does not.
const UNMODELLED: &[&str] = &[
    "activity_schedule",
    "copy_data",
    "export_data",
    "formatted_read_group",
    "get_formview_action",
    "get_view",
    "get_views",
    "message_subscribe",
    "message_unsubscribe",
    "onchange",
    "read_progress_bar",
    "toggle_active",
    "web_name_search",
    "web_read",
    "web_read_group",
    "web_save",
    "web_search_read",
];

/// A call whose arguments have their names.
pub(crate) struct Bound {
    pub(crate) ids: Vec<i64>,
    arguments: Object,
}

impl Bound {
    pub(crate) fn get(&self, name: &str) -> &Json {
        self.arguments.get(name).unwrap_or(&Json::Null)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    /// A number, where `False` and nothing are 0.
    pub(crate) fn number(&self, name: &str) -> i64 {
        self.get(name).as_i64().unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.arguments.iter()
    }
}

/// The method, if callers may use it.
pub(crate) fn find(model: &ModelDef, method: &str, version: Version) -> Result<Signature, Trouble> {
    let private = method.starts_with('_')
        || (version == Version::V19 && matches!(method, "exists" | "check_access" | "search_fetch"));
    if private {
        return Err(Trouble::Access(format!(
            "Private methods (such as {method}) cannot be called remotely."
        )));
    }
    match signature(model, method, version) {
        Some(signature) => Ok(signature),
        None if UNMODELLED.contains(&method) => {
            Err(Trouble::not_modelled(format_args!("{}.{method}", model.name)))
        }
        None => Err(Trouble::NoMethod { model: model.name.into(), method: method.into() }),
    }
}

/// Arguments by position and by name, as XML-RPC has them.
pub(crate) fn by_position(
    signature: &Signature,
    method: &str,
    args: &[Json],
    named: Object,
) -> Result<Bound, Trouble> {
    let (ids, args) = match (signature.on_records, args) {
        (true, [first, rest @ ..]) => (ids_of(first)?, rest),
        // Odoo takes the first argument for the ids without looking whether there is one.
        (true, []) => return Err(Trouble::python("IndexError", "list index out of range")),
        (false, _) => (Vec::new(), args),
    };
    if args.len() > signature.params.len() {
        let (takes, given) = (signature.params.len() + 1, args.len() + 1);
        let message =
            format!("BaseModel.{method}() takes {takes} positional arguments but {given} were given");
        return Err(Trouble::python("TypeError", message));
    }
    let mut arguments = named;
    for (name, value) in signature.params.iter().zip(args) {
        if arguments.get(name).is_some() {
            let message = format!("BaseModel.{method}() got multiple values for argument '{name}'");
            return Err(Trouble::python("TypeError", message));
        }
        arguments.set(*name, value.clone());
    }
    check(signature, method, Bound { ids, arguments })
}

/// Arguments by name alone, as JSON-2 has them.
pub(crate) fn by_name(
    signature: &Signature,
    method: &str,
    ids: Option<&Json>,
    named: Object,
) -> Result<Bound, Trouble> {
    let ids = match ids {
        Some(_) if !signature.on_records => {
            return Err(Trouble::BadArguments(format!("cannot call {method} with ids")));
        }
        Some(ids) => ids_of(ids)?,
        None => Vec::new(),
    };
    check(signature, method, Bound { ids, arguments: named })
}

fn check(signature: &Signature, method: &str, bound: Bound) -> Result<Bound, Trouble> {
    for (name, _) in bound.iter() {
        if !signature.params.contains(&name) && !signature.keywords.contains(&name) {
            let message = format!("BaseModel.{method}() got an unexpected keyword argument '{name}'");
            return Err(Trouble::python("TypeError", message));
        }
    }
    let missing =
        signature.params.iter().take(signature.required).find(|name| bound.arguments.get(name).is_none());
    match missing {
        Some(name) => {
            let message = format!("BaseModel.{method}() missing 1 required positional argument: '{name}'");
            Err(Trouble::BadArguments(message))
        }
        None => Ok(bound),
    }
}

fn ids_of(value: &Json) -> Result<Vec<i64>, Trouble> {
    let wrong = || Trouble::value(format!("invalid ids: {}", super::env::python(value)));
    match value {
        Json::Int(id) => Ok(vec![*id]),
        Json::Array(ids) => ids.iter().map(|id| id.as_i64().ok_or_else(wrong)).collect(),
        Json::Null | Json::Bool(false) => Ok(Vec::new()),
        _ => Err(wrong()),
    }
}
