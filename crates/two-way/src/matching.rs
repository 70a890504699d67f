//! The first matching of records that are not linked: by values that both sides have.

use serde_json::value::RawValue;
use tieline_core::{FieldPath, comparable_lookup, comparable_value};

use crate::fields::Fields;

/// The form in which values are compared by a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MatchForm {
    /// Digits only: organisation numbers, phone numbers.
    Digits,
    /// Texts without regard to case, white space at the ends and invisible characters: e-mail addresses, names.
    Text,
    /// As it is, but for white space at the ends and invisible characters.
    Exact,
}

/// A rule by which records of both sides belong together: they have the same values of some fields, and no other record of
/// either side has them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MatchRule {
    /// The fields. A record without a value in one of them does not take part.
    pub fields: Vec<(FieldPath, MatchForm)>,
}

impl MatchRule {
    /// A rule of one field.
    pub fn new(field: FieldPath, form: MatchForm) -> Self {
        Self { fields: vec![(field, form)] }
    }

    /// Adds a field that must be the same too.
    #[must_use]
    pub fn and(mut self, field: FieldPath, form: MatchForm) -> Self {
        self.fields.push((field, form));
        self
    }

    /// The value of a record by this rule.
    pub(crate) fn value(&self, fields: &Fields) -> Option<String> {
        let parts: Option<Vec<String>> = self
            .fields
            .iter()
            .map(|(path, form)| {
                let raw: &RawValue = serde_json::from_str(fields.get(path)?.get()).ok()?;
                let text = comparable_value(raw)?;
                let part = match form {
                    MatchForm::Digits => text.chars().filter(char::is_ascii_digit).collect(),
                    MatchForm::Text => comparable_lookup(&text).to_lowercase(),
                    MatchForm::Exact => text,
                };
                (!part.is_empty()).then_some(part)
            })
            .collect();
        Some(parts?.join("\u{1f}"))
    }
}

#[cfg(test)]
mod tests {
    use tieline_core::RawJson;

    use super::*;

    #[test]
    fn values_are_compared_in_the_form_of_the_rule() {
        let number = FieldPath::field("number");
        let of = |json: &str| -> Fields {
            [(number.clone(), RawJson::parse(json).unwrap())].into_iter().collect()
        };
        for (form, json, value) in [
            (MatchForm::Digits, r#""556012-5790 ""#, Some("5560125790")),
            (MatchForm::Digits, "5560125790", Some("5560125790")),
            (MatchForm::Digits, r#""none""#, None),
            (MatchForm::Text, r#"" Anna@Example.SE\u200b""#, Some("anna@example.se")),
            (MatchForm::Exact, r#"" A 1 ""#, Some("A 1")),
            (MatchForm::Exact, r#""  ""#, None),
            (MatchForm::Exact, "null", None),
        ] {
            assert_eq!(MatchRule::new(number.clone(), form).value(&of(json)).as_deref(), value, "{json}");
        }
        let both =
            MatchRule::new(number.clone(), MatchForm::Exact).and(FieldPath::field("x"), MatchForm::Exact);
        assert_eq!(both.value(&of("1")), None);
    }
}
