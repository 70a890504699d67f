//! Numbers, by the digits that write them.

use std::borrow::Cow;

use serde_json::{Value, json};
use tieline_core::MappingContext;

use super::amount::{self, Style};
use super::text::NUMBER;
use super::{Equality, Fault, Refused, Transform, string};
use crate::digits::Digits;
use crate::step::{self, NumberAs, Rounding};
use crate::value::{Kinds, Val};

const LARGEST_SCALE: u32 = 100;
const LARGEST_MINOR: u32 = 20;

/// Whether a text is a number as JSON writes it.
pub(super) fn is_json(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && digits(fraction)
        && (whole == "0" || !whole.starts_with('0'))
        && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

/// Whether a text is a whole number as JSON writes it, without a minus before zero.
fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    match digits.as_bytes() {
        [] => false,
        [b'0'] => text == "0",
        [b'0', ..] => false,
        digits => digits.iter().all(u8::is_ascii_digit),
    }
}

fn written<'a>(text: Cow<'a, str>, form: NumberAs) -> Val<'a> {
    match form {
        NumberAs::Number => Val::Number(text),
        NumberAs::Text => Val::Text(text),
    }
}

fn number_text<'a>(step: &str, value: Val<'a>) -> Result<Cow<'a, str>, Fault> {
    match value {
        Val::Number(text) => Ok(text),
        Val::Text(text) => Ok(super::part(text, tieline_core::trimmed)),
        other => Err(Fault::kind(step, "a number or a text", &other)),
    }
}

/// A number in the type that the provider has now, and with as many zeros before it: `008` after `007`.
fn like<'a>(value: Val<'a>, before: &Val<'_>) -> Val<'a> {
    match (value, before) {
        (Val::Number(number), Val::Text(now)) => {
            let now = now.trim();
            let is_padded =
                now.len() > 1 && now.starts_with('0') && now.bytes().all(|byte| byte.is_ascii_digit());
            if is_padded && number.len() < now.len() && number.bytes().all(|byte| byte.is_ascii_digit()) {
                return Val::Text(Cow::Owned(format!("{number:0>width$}", width = now.len())));
            }
            Val::Text(number)
        }
        (Val::Text(text), Val::Text(now)) => match like(Val::Number(text), &Val::Text(Cow::Borrowed(now))) {
            Val::Number(text) => Val::Text(text),
            other => other,
        },
        (Val::Text(text), Val::Number(_)) if is_json(&text) => Val::Number(text),
        (value, _) => value,
    }
}

fn parse(text: &str) -> Result<Digits, Fault> {
    Digits::parse(text).ok_or_else(|| Fault::new("the text is no number, or one too large to write out"))
}

#[derive(Debug)]
pub(super) struct Integer(pub(super) step::Integer);

impl Integer {
    fn whole<'a>(value: Val<'a>) -> Result<Cow<'a, str>, Fault> {
        let text = number_text("integer", value)?;
        if is_plain_integer(&text) {
            return Ok(text);
        }
        let digits = parse(&text)?.rounded(0, Rounding::Exact);
        digits.map(|digits| Cow::Owned(digits.write())).ok_or_else(|| Fault::new("the number has a fraction"))
    }
}

impl Transform for Integer {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Self::whole(value).map(Val::Number)
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Self::whole(value).map(|text| written(text, self.0.provider))
    }

    fn like<'a>(&'a self, value: Val<'a>, before: &Val<'_>) -> Result<Val<'a>, Fault> {
        Ok(like(value, before))
    }

    fn accepts(&self) -> Kinds {
        Kinds::NUMBER.or(Kinds::TEXT)
    }

    fn range(&self, _: Value) -> Value {
        json!({ "type": "integer" })
    }
}

#[derive(Debug)]
pub(super) struct Decimal {
    scale: Option<usize>,
    settings: step::Decimal,
}

impl Decimal {
    pub(super) fn new(settings: &step::Decimal) -> Result<Self, Refused> {
        if settings.scale.is_some_and(|scale| scale > LARGEST_SCALE) {
            return Err(Refused::new("/scale", format!("the scale is over {LARGEST_SCALE}")));
        }
        if settings.scale.is_none() && settings.rounding != Rounding::HalfEven {
            return Err(Refused::new("/rounding", "there is nothing to round without a scale")
                .advise("say the scale, or leave the rounding out"));
        }
        if settings.decimal_comma && settings.provider != NumberAs::Text {
            return Err(
                Refused::new("/decimal_comma", "a comma stands only in texts").advise("say provider: text")
            );
        }
        if settings.typed && settings.provider != NumberAs::Text {
            return Err(Refused::new("/typed", "people type texts").advise("say provider: text"));
        }
        let scale = settings.scale.and_then(|scale| usize::try_from(scale).ok());
        Ok(Self { scale, settings: *settings })
    }

    /// Whether the text already has the scale and needs no other form.
    fn is_ready(&self, text: &str) -> bool {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        digits(whole)
            && digits(fraction)
            && (whole == "0" || !(whole.is_empty() || whole.starts_with('0')))
            && (fraction.is_empty() != unsigned.contains('.'))
            && self.scale.is_none_or(|scale| scale == fraction.len())
            // A zero has no sign.
            && (unsigned.len() == text.len() || unsigned.bytes().any(|byte| matches!(byte, b'1'..=b'9')))
    }

    fn scaled<'a>(&self, text: Cow<'a, str>) -> Result<Cow<'a, str>, Fault> {
        if self.is_ready(&text) {
            return Ok(text);
        }
        let digits = parse(&text)?;
        let scale = self.scale.unwrap_or(digits.scale());
        let rounded = digits.rounded(scale, self.settings.rounding);
        rounded
            .map(|digits| Cow::Owned(digits.write()))
            .ok_or_else(|| Fault::new("the number has more digits after the point than its scale"))
    }
}

impl Transform for Decimal {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let text = match value {
            Val::Text(text) if self.settings.decimal_comma || self.settings.typed => {
                let style = Style { comma: self.settings.decimal_comma, typed: self.settings.typed };
                Cow::Owned(amount::plain(&text, style)?)
            }
            other => number_text("decimal", other)?,
        };
        Ok(written(self.scaled(text)?, self.settings.host))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let text = self.scaled(number_text("decimal", value)?)?;
        Ok(match self.settings.decimal_comma {
            true => Val::Text(Cow::Owned(text.replace('.', ","))),
            false => written(text, self.settings.provider),
        })
    }

    fn like<'a>(&'a self, value: Val<'a>, before: &Val<'_>) -> Result<Val<'a>, Fault> {
        Ok(like(value, before))
    }

    fn accepts(&self) -> Kinds {
        Kinds::NUMBER.or(Kinds::TEXT)
    }

    fn range(&self, _: Value) -> Value {
        range(self.settings.host, self.scale)
    }

    fn equality(&self) -> Option<Equality> {
        Some(Equality::Number)
    }
}

/// Decimals with at most this many digits after the point.
fn range(host: NumberAs, scale: Option<usize>) -> Value {
    match (host, scale) {
        (NumberAs::Number, None) => json!({ "type": "number" }),
        (NumberAs::Number, Some(scale)) => {
            json!({ "type": "number", "description": format!("at most {scale} digits after the point") })
        }
        (NumberAs::Text, None) => string(NUMBER),
        (NumberAs::Text, Some(0)) => string("^-?(0|[1-9][0-9]*)$"),
        (NumberAs::Text, Some(scale)) => string(&format!(r"^-?(0|[1-9][0-9]*)(\.[0-9]{{1,{scale}}})?$")),
    }
}

#[derive(Debug)]
pub(super) struct MinorUnits {
    digits: u32,
    settings: step::MinorUnits,
}

impl MinorUnits {
    pub(super) fn new(settings: &step::MinorUnits) -> Result<Self, Refused> {
        if settings.digits > LARGEST_MINOR {
            return Err(Refused::new("/digits", format!("a minor unit has at most {LARGEST_MINOR} digits")));
        }
        Ok(Self { digits: settings.digits, settings: *settings })
    }
}

impl Transform for MinorUnits {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let minor = parse(&number_text("minor_units", value)?)?;
        let whole =
            minor.rounded(0, Rounding::Exact).ok_or_else(|| Fault::new("the number has a fraction"))?;
        let major =
            whole.shifted(-i64::from(self.digits)).ok_or_else(|| Fault::new("the number is too large"))?;
        Ok(written(Cow::Owned(major.write()), self.settings.host))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let major = parse(&number_text("minor_units", value)?)?;
        let minor =
            major.shifted(i64::from(self.digits)).ok_or_else(|| Fault::new("the number is too large"))?;
        let whole = minor
            .rounded(0, Rounding::Exact)
            .ok_or_else(|| Fault::new("the number has more digits after the point than minor units have"))?;
        Ok(written(Cow::Owned(whole.write()), self.settings.provider))
    }

    fn like<'a>(&'a self, value: Val<'a>, before: &Val<'_>) -> Result<Val<'a>, Fault> {
        Ok(like(value, before))
    }

    fn accepts(&self) -> Kinds {
        Kinds::NUMBER.or(Kinds::TEXT)
    }

    fn range(&self, _: Value) -> Value {
        range(self.settings.host, usize::try_from(self.digits).ok())
    }

    fn equality(&self) -> Option<Equality> {
        Some(Equality::Number)
    }
}
