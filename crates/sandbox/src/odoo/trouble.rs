//! What goes wrong inside a call, and how each door says it.

use super::Version;
use crate::{Json, Object};

/// A failure, by the Python class that Odoo raises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// `UserError`: a rule of the business.
    User(String),
    /// `ValidationError`: a constraint.
    Validation(String),
    /// `MissingError`: a record that is not there.
    Missing(String),
    /// `RedirectWarning`, whose text is a Python tuple.
    Redirect(String),
    /// `AccessDenied`: wrong credentials.
    Denied,
    /// `AccessError`: a right is missing.
    Access(String),
    /// A model that does not exist.
    NoModel(String),
    /// A method that does not exist.
    NoMethod { model: String, method: String },
    /// Arguments that do not fit the method.
    BadArguments(String),
    /// Something that a real server does and the sandbox does not. Never told in the provider's words.
    NotModelled(String),
    /// Any other Python exception.
    Python { class: &'static str, message: String },
}

impl Trouble {
    pub(crate) fn python(class: &'static str, message: impl Into<String>) -> Self {
        Self::Python { class, message: message.into() }
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::python("ValueError", message)
    }

    /// What the sandbox does not model, such as `res.partner.web_save`.
    pub(crate) fn not_modelled(what: impl std::fmt::Display) -> Self {
        Self::NotModelled(format!("the sandbox does not model {what}"))
    }

    pub(crate) fn missing(model: &str, id: i64, user: i64) -> Self {
        Self::Missing(format!(
            "Record does not exist or has been deleted.\n(Record: {model}({id},), User: {user})"
        ))
    }

    /// The code of a fault below `/xmlrpc/2`.
    pub(crate) const fn code(&self) -> i64 {
        match self {
            Self::User(_) | Self::Validation(_) | Self::Missing(_) | Self::Redirect(_) | Self::NoModel(_) => {
                2
            }
            Self::Denied => 3,
            Self::Access(_) => 4,
            Self::NoMethod { .. } | Self::BadArguments(_) | Self::Python { .. } | Self::NotModelled(_) => 1,
        }
    }

    /// The class with its module, as JSON answers name it.
    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Self::User(_) | Self::NoModel(_) => "odoo.exceptions.UserError",
            Self::Validation(_) => "odoo.exceptions.ValidationError",
            Self::Missing(_) => "odoo.exceptions.MissingError",
            Self::Redirect(_) => "odoo.exceptions.RedirectWarning",
            Self::Denied => "odoo.exceptions.AccessDenied",
            Self::Access(_) => "odoo.exceptions.AccessError",
            Self::NoMethod { .. } => "builtins.AttributeError",
            Self::BadArguments(_) => "builtins.TypeError",
            Self::NotModelled(_) => "sandbox.NotModelled",
            Self::Python { class, .. } => class,
        }
    }

    /// The message without its class.
    pub(crate) fn message(&self, version: Version) -> String {
        match self {
            Self::User(text)
            | Self::Validation(text)
            | Self::Missing(text)
            | Self::Redirect(text)
            | Self::Access(text)
            | Self::BadArguments(text)
            | Self::NotModelled(text)
            | Self::Python { message: text, .. } => text.clone(),
            Self::Denied => "Access Denied".into(),
            Self::NoModel(model) => format!("Object {model} doesn't exist"),
            Self::NoMethod { model, method } => match version {
                Version::V17 => format!("The method '{method}' does not exist on the model '{model}'"),
                Version::V19 => format!("The method '{model}.{method}' does not exist"),
            },
        }
    }

    /// The text of a fault: the message alone, or a whole traceback with the message in its last line.
    pub(crate) fn fault_text(&self, version: Version) -> String {
        if self.code() == 1 { self.traceback(version) } else { self.message(version) }
    }

    pub(crate) fn traceback(&self, version: Version) -> String {
        let home = match version {
            Version::V17 => "/usr/lib/python3/dist-packages/odoo",
            Version::V19 => "/opt/odoo/odoo",
        };
        let class = self.class();
        let class = class.strip_prefix("builtins.").unwrap_or(class);
        format!(
            "Traceback (most recent call last):\n  File \"{home}/http.py\", line 1783, in _serve_db\n  \
             File \"{home}/service/model.py\", line 133, in retrying\n  \
             File \"{home}/api.py\", line 468, in call_kw\n{class}: {}\n",
            self.message(version)
        )
    }

    /// The fault code of the first version's door: a text, with the message inside for what people may read.
    pub(crate) fn legacy_code(&self, version: Version) -> String {
        let warning = |class: &str| format!("warning -- {class}\n\n{}", self.message(version));
        match self {
            Self::User(_) | Self::Validation(_) | Self::Redirect(_) | Self::NoModel(_) => {
                warning("UserError")
            }
            Self::Missing(_) => warning("MissingError"),
            Self::Access(_) => warning("AccessError"),
            Self::Denied => "AccessDenied".into(),
            Self::NoMethod { .. } | Self::BadArguments(_) | Self::NotModelled(_) | Self::Python { .. } => {
                self.message(version)
            }
        }
    }

    /// The error object of JSON answers.
    pub(crate) fn object(&self, version: Version) -> Object {
        let message = self.message(version);
        let class = match self {
            Self::Python { class, .. } if !class.contains('.') => format!("builtins.{class}"),
            _ => self.class().to_owned(),
        };
        Object::default()
            .with("name", class)
            .with("message", message.clone())
            .with("arguments", Json::Array(vec![message.into()]))
            .with("context", Object::default())
            .with("debug", self.traceback(version))
    }

    /// The status of `/json/2`.
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::Denied | Self::Access(_) => 403,
            Self::Missing(_) | Self::NoModel(_) | Self::NoMethod { .. } => 404,
            Self::User(_) | Self::Validation(_) | Self::Redirect(_) | Self::BadArguments(_) => 422,
            Self::NotModelled(_) => 501,
            Self::Python { .. } => 500,
        }
    }
}
