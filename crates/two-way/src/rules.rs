//! The rules of a pairing: its fields, and whose value holds.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tieline_core::{Error, ErrorKind, FieldPath, Result};
use tieline_store::pairings::PairSide;

use crate::equality::ValueType;

/// Whose value holds when both sides changed a field to different values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConflictPolicy {
    /// That of a side.
    Side(PairSide),
    /// That of the record that was changed later, where the times differ by more than the margin; else that of a side.
    #[non_exhaustive]
    Newest {
        /// The difference up to which two times count as the same.
        margin: Duration,
        /// The side that wins then, and where a record has no time of change.
        fallback: PairSide,
    },
    /// Nobody's: a person is asked, and the field stays as it is on both sides until then.
    Manual,
}

impl ConflictPolicy {
    /// The later change wins, where the times differ by more than five minutes; else that of a side.
    pub fn newest(fallback: PairSide) -> Self {
        Self::Newest { margin: Duration::from_secs(300), fallback }
    }

    /// The later change wins, where the times differ by more than a margin; else that of a side.
    pub fn newest_within(margin: Duration, fallback: PairSide) -> Self {
        Self::Newest { margin, fallback }
    }
}

/// A field of the pairing and its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldRule {
    /// The field of the record that both sides are mapped to.
    pub path: FieldPath,
    /// When two values are the same.
    pub value_type: ValueType,
    /// The side whose value always holds: a change on the other side is put back. `None` for a field that people may
    /// change on both.
    pub owner: Option<PairSide>,
    /// Whose value holds when both changed it.
    pub policy: Option<ConflictPolicy>,
}

impl FieldRule {
    /// A field that people may change on both sides, by the pairing's policy.
    pub fn new(path: FieldPath) -> Self {
        Self { path, value_type: ValueType::Text, owner: None, policy: None }
    }

    /// Sets when two values are the same.
    #[must_use]
    pub fn of_type(mut self, value_type: ValueType) -> Self {
        self.value_type = value_type;
        self
    }

    /// Sets the side whose value always holds.
    #[must_use]
    pub fn owned_by(mut self, side: PairSide) -> Self {
        self.owner = Some(side);
        self
    }

    /// Sets whose value holds when both sides changed it.
    #[must_use]
    pub fn with_policy(mut self, policy: ConflictPolicy) -> Self {
        self.policy = Some(policy);
        self
    }
}

/// All fields of a pairing, with the policies for conflicts and for the first comparison of two records.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MergeRules {
    /// The fields.
    pub fields: Vec<FieldRule>,
    /// Whose value holds when both sides changed a field that has no policy of its own.
    pub policy: ConflictPolicy,
    /// Whose value holds where there was no agreement yet: records that are linked for the first time, and fields that are
    /// new. A value holds against null all the same.
    pub initial: ConflictPolicy,
}

impl MergeRules {
    /// Checks the rules.
    ///
    /// # Errors
    ///
    /// `Config` without a field, and for a field that is named twice or lies within another.
    pub fn new(fields: Vec<FieldRule>, policy: ConflictPolicy) -> Result<Self> {
        let refuse = |message: String| {
            Err(Error::new(ErrorKind::Config, message).with_advice("name each field of the pairing once"))
        };
        if fields.is_empty() {
            return refuse("a pairing has no fields".to_owned());
        }
        for (at, rule) in fields.iter().enumerate() {
            let path = rule.path.as_str();
            for other in fields.iter().skip(at + 1).map(|rule| rule.path.as_str()) {
                let within = |outer: &str, inner: &str| {
                    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                if within(path, other) || within(other, path) {
                    return refuse(format!("the fields {path} and {other} of a pairing overlap"));
                }
            }
        }
        Ok(Self { fields, policy, initial: policy })
    }

    /// Sets whose value holds where there was no agreement yet.
    #[must_use]
    pub fn with_initial(mut self, policy: ConflictPolicy) -> Self {
        self.initial = policy;
        self
    }

    /// Returns the rule of a field.
    pub fn field(&self, path: &FieldPath) -> Option<&FieldRule> {
        self.fields.iter().find(|rule| rule.path == *path)
    }

    /// Returns the paths of all fields.
    pub fn paths(&self) -> impl Iterator<Item = &FieldPath> {
        self.fields.iter().map(|rule| &rule.path)
    }

    /// Returns a text that changes when the rules do.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(format!("{:?}{:?}{:?}", self.fields, self.policy, self.initial));
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}
