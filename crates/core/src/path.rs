//! Paths of fields in a record.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{Error, ErrorKind, Result};

/// A JSON Pointer (RFC 6901): `/title`, `/custom_fields/abc`, `/emails/0/value`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldPath(SmolStr);

impl FieldPath {
    /// Reads a pointer. Fails with `Config` when it does not begin with a slash.
    pub fn parse(pointer: &str) -> Result<Self> {
        if pointer.starts_with('/') {
            return Ok(Self(SmolStr::new(pointer)));
        }
        Err(Error::new(ErrorKind::Config, format!("the path {pointer:?} does not begin with a slash"))
            .with_advice(format!("write it as a JSON Pointer: \"/{}\"", pointer.replace('.', "/"))))
    }

    /// The path of a field at the top of a record, whatever characters its name has.
    ///
    /// ```
    /// assert_eq!(tieline_core::FieldPath::field("a/b").as_str(), "/a~1b");
    /// ```
    pub fn field(name: &str) -> Self {
        Self(SmolStr::new(format!("/{}", escaped(name))))
    }

    /// The path of a field below this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        Self(SmolStr::new(format!("{}/{}", self.0, escaped(name))))
    }

    /// The pointer.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl TryFrom<String> for FieldPath {
    type Error = Error;

    fn try_from(pointer: String) -> Result<Self> {
        Self::parse(&pointer)
    }
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> Self {
        path.0.into()
    }
}
