use std::fmt;

use tieline_core::{Error, ErrorKind, Result};

/// A step of a [`JsonPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// The member of that name.
    Member(Box<str>),
    /// Each item of a list, or each member's value of an object.
    Each,
}

/// How many steps a path may have.
const MAX_STEPS: usize = 32;

/// A place in a JSON text: a JSON Pointer (RFC 6901) whose segment `*` stands for each item of a list or each member
/// of an object. A text without a leading slash is one member's name; the empty text is the whole. A member that is called
/// `*` cannot be named.
///
/// ```
/// use tieline_kit::JsonPath;
///
/// let path: JsonPath = "/list/*/record".parse()?;
/// assert_eq!(path.to_string(), "/list/*/record");
/// assert_eq!("@odata.nextLink".parse::<JsonPath>()?.to_string(), "/@odata.nextLink");
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct JsonPath(pub(crate) Box<[Step]>);

impl JsonPath {
    /// The whole text.
    pub fn root() -> Self {
        Self::default()
    }

    /// Whether it is the whole text.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a step stands for several places.
    pub fn has_each(&self) -> bool {
        self.0.contains(&Step::Each)
    }

    /// The name of its only step, when it is one member.
    pub fn as_member(&self) -> Option<&str> {
        match &*self.0 {
            [Step::Member(name)] => Some(name),
            _ => None,
        }
    }

    /// This path, then another one below it.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(self.0.iter().chain(&*below.0).cloned().collect())
    }
}

impl std::str::FromStr for JsonPath {
    type Err = Error;

    /// # Errors
    /// `Config` for more than 32 steps, and for `*` without its slash.
    fn from_str(text: &str) -> Result<Self> {
        if text == "*" {
            return Err(Error::new(ErrorKind::Config, "write `/*` for each item of a list"));
        }
        let Some(pointer) = text.strip_prefix('/') else {
            let member = (!text.is_empty()).then(|| Step::Member(text.into()));
            return Ok(Self(member.into_iter().collect()));
        };
        let step = |segment: &str| match segment {
            "*" => Step::Each,
            name => Step::Member(name.replace("~1", "/").replace("~0", "~").into()),
        };
        let steps: Box<[Step]> = pointer.split('/').map(step).collect();
        if steps.len() > MAX_STEPS {
            return Err(Error::new(ErrorKind::Config, format!("a path has more than {MAX_STEPS} steps")));
        }
        Ok(Self(steps))
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                Step::Member(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))?,
                Step::Each => f.write_str("/*")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["", "id", "/a/*/b", "/*", "a*", "/~01/~1", "@odata.nextLink"] {
            let path: JsonPath = text.parse().unwrap();
            assert_eq!(path.to_string().parse::<JsonPath>().unwrap(), path, "{text}");
        }
        assert!("*".parse::<JsonPath>().is_err());
        assert!("/a".repeat(33).parse::<JsonPath>().is_err());
    }
}
