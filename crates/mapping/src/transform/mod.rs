//! The steps made ready: one module for each family.

mod amount;
mod boolean;
mod case;
mod clock;
mod datetime;
#[cfg(feature = "jq")]
mod jq;
mod list;
mod lookup;
mod null;
mod number;
mod object;
mod table;
pub(crate) mod template;
mod text;

use std::borrow::Cow;
use std::fmt::Debug;

use serde_json::{Value, json};
use tieline_core::MappingContext;

pub(crate) use self::lookup::Resolve;
use crate::scan::Flaw;
use crate::step::Step;
use crate::value::{Kinds, Val};

/// One step, made ready. Null never reaches one that does not ask for it.
pub(crate) trait Transform: Debug + Send + Sync {
    /// To the host.
    fn forward<'a>(&'a self, value: Val<'a>, given: &'a MappingContext) -> Result<Val<'a>, Fault>;

    /// To the provider: a value that `forward` makes this one of, for every value of the declared range.
    fn backward<'a>(&'a self, value: Val<'a>, given: &'a MappingContext) -> Result<Val<'a>, Fault>;

    /// The value of the way back in the types that the provider has now: `before` is what this step takes today.
    fn like<'a>(&'a self, value: Val<'a>, _before: &Val<'_>) -> Result<Val<'a>, Fault> {
        Ok(value)
    }

    /// Why there is no way back, if there is none.
    fn one_way(&self) -> Option<&'static str> {
        None
    }

    /// Whether `forward` also takes null.
    fn takes_null(&self) -> bool {
        false
    }

    /// The types that `forward` takes. Others are an issue.
    fn accepts(&self) -> Kinds;

    /// The declared range: the JSON Schema of what `forward` makes of values of the other schema.
    fn range(&self, of: Value) -> Value;

    /// When two of the host's values mean the same.
    fn equality(&self) -> Option<Equality> {
        None
    }

    /// The look-up, if it is one.
    fn resolves(&self) -> Option<&Resolve> {
        None
    }

    /// The values that it knows, when it is a table that does not take others.
    fn knows(&self) -> Option<Vec<&str>> {
        None
    }
}

/// When two values of a host's field mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Equality {
    /// When their JSON says the same.
    Json,
    /// When they are the same number, also as texts.
    Number,
    /// When they are the same moment, in RFC 3339.
    Moment,
}

/// Why a source gives no value. The reason holds nothing of the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Fault {
    pub(crate) reason: Cow<'static, str>,
    pub(crate) effect: Effect,
}

/// What a fault does to its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// There is a value, and it cannot be read: an issue. Other fields of the record are asked, but no constant.
    Unreadable,
    /// There is no value where one was expected: an issue, and fallbacks are asked.
    Missing,
    /// The provider does not show the value: the field is left as it was.
    Unseen,
    /// The record is left out.
    Refuse,
}

impl Fault {
    pub(crate) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), effect: Effect::Unreadable }
    }

    pub(crate) fn missing(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), effect: Effect::Missing }
    }

    pub(crate) fn unseen() -> Self {
        Self { reason: "the provider does not show this value to this user".into(), effect: Effect::Unseen }
    }

    pub(crate) fn flawed(flaw: Flaw) -> Self {
        Self::new(match flaw {
            Flaw::Surrogate => "the text holds half a surrogate pair, which is no character",
            Flaw::NotJson => "the value is no JSON",
            Flaw::Twice => "the field stands twice in the record, so its value is not known",
        })
    }

    pub(crate) fn refusing(self) -> Self {
        Self { effect: Effect::Refuse, ..self }
    }

    /// A value of a type that the step does not take.
    pub(crate) fn kind(step: &str, wanted: &str, value: &Val<'_>) -> Self {
        Self::new(format!("{step} takes {wanted}, and this is {}", value.kind()))
    }
}

/// Checks a step's settings and makes it ready. The error is a pointer below the step, and the reason.
pub(crate) fn compile(step: &Step) -> Result<Box<dyn Transform>, Refused> {
    Ok(match step {
        Step::Text(settings) => Box::new(text::Text(*settings)),
        Step::Integer(settings) => Box::new(number::Integer(*settings)),
        Step::Decimal(settings) => Box::new(number::Decimal::new(settings)?),
        Step::MinorUnits(settings) => Box::new(number::MinorUnits::new(settings)?),
        Step::Boolean(settings) => Box::new(boolean::Boolean::new(settings)?),
        Step::Date(settings) => Box::new(clock::Date::new(settings)?),
        Step::Time(settings) => Box::new(clock::Time::new(settings)?),
        Step::Datetime(settings) => Box::new(datetime::Datetime::new(settings)?),
        Step::Trim => Box::new(text::Trim),
        Step::Lower(settings) => Box::new(case::Case::lower(*settings)),
        Step::Upper(settings) => Box::new(case::Case::upper(*settings)),
        Step::Prefix(prefix) => Box::new(text::Prefix(prefix.clone())),
        Step::StripPrefix(prefix) => Box::new(text::StripPrefix(prefix.clone())),
        Step::Extract(settings) => Box::new(text::Extract::new(settings)?),
        Step::Table(settings) => Box::new(table::Table::new(settings)?),
        Step::Default(value) => Box::new(null::Default::new(value)?),
        Step::NullIf(values) => Box::new(null::NullIf::new(values)?),
        Step::Wrap(settings) => Box::new(list::Wrap(*settings)),
        Step::Unwrap(settings) => Box::new(list::Unwrap(*settings)),
        Step::Split(settings) => Box::new(list::Split::new(settings)?),
        Step::Join(settings) => Box::new(list::Join(list::Split::new(settings)?)),
        Step::ObjectToList(settings) => Box::new(object::ObjectToList::new(settings)?),
        Step::Lookup(settings) => Box::new(lookup::Lookup::new(settings)?),
        #[cfg(feature = "jq")]
        Step::Jq(filter) => Box::new(jq::Jq::new(filter)?),
        #[cfg(not(feature = "jq"))]
        Step::Jq(_) => {
            return Err(Refused::new("", "tieline-mapping was built without the feature jq")
                .advise("build it with the feature, or use other steps"));
        }
    })
}

/// Why a step is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The setting, as a pointer below the step; empty for the step itself.
    pub(crate) at: &'static str,
    pub(crate) reason: String,
    pub(crate) advice: Option<String>,
}

impl Refused {
    pub(crate) fn new(at: &'static str, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into(), advice: None }
    }

    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// The name of a step in a file.
pub(crate) fn name(step: &Step) -> &'static str {
    match step {
        Step::Text(_) => "text",
        Step::Integer(_) => "integer",
        Step::Decimal(_) => "decimal",
        Step::MinorUnits(_) => "minor_units",
        Step::Boolean(_) => "boolean",
        Step::Date(_) => "date",
        Step::Time(_) => "time",
        Step::Datetime(_) => "datetime",
        Step::Trim => "trim",
        Step::Lower(_) => "lower",
        Step::Upper(_) => "upper",
        Step::Prefix(_) => "prefix",
        Step::StripPrefix(_) => "strip_prefix",
        Step::Extract(_) => "extract",
        Step::Table(_) => "table",
        Step::Default(_) => "default",
        Step::NullIf(_) => "null_if",
        Step::Wrap(_) => "wrap",
        Step::Unwrap(_) => "unwrap",
        Step::Split(_) => "split",
        Step::Join(_) => "join",
        Step::ObjectToList(_) => "object_to_list",
        Step::Lookup(_) => "lookup",
        Step::Jq(_) => "jq",
    }
}

/// A text, or the fault that it is none.
pub(crate) fn text_of<'a>(step: &str, value: Val<'a>) -> Result<Cow<'a, str>, Fault> {
    match value {
        Val::Text(text) => Ok(text),
        other => Err(Fault::kind(step, "a text", &other)),
    }
}

/// The part of a borrowed text stays borrowed.
pub(crate) fn part<'a>(text: Cow<'a, str>, take: impl for<'t> Fn(&'t str) -> &'t str) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(take(text)),
        Cow::Owned(text) => Cow::Owned(take(&text).to_owned()),
    }
}

fn string(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}
