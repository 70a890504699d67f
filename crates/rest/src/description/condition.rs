use serde_json::value::RawValue;
use tieline_kit::JsonPath;

/// A condition on a member of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Condition {
    /// The path to the member.
    pub path: JsonPath,
    /// The test.
    pub test: ConditionTest,
}

/// The test of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConditionTest {
    /// One of these values, as JSON.
    Is(Vec<String>),
    /// A whole number above this one.
    Above(i128),
    /// A whole number below this one.
    Below(i128),
}

impl ConditionTest {
    /// Whether a member's JSON text passes. A missing member is `None` and passes as null does.
    pub(crate) fn passes(&self, json: Option<&str>) -> bool {
        let json = json.unwrap_or("null");
        let number = || json.trim_matches('"').parse::<i128>().ok();
        match self {
            Self::Is(values) => values.iter().any(|value| value == json),
            Self::Above(bound) => number().is_some_and(|number| number > *bound),
            Self::Below(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

impl Condition {
    /// Whether a record passes.
    pub(crate) fn fits(&self, record: &str) -> bool {
        let found: Option<&RawValue> = tieline_core::json::at(record, &self.path.to_string()).ok().flatten();
        self.test.passes(found.map(RawValue::get))
    }
}
