//! Field masks: `spreadsheetId,sheets(properties.title,data.rowData)`.

use super::refusal::{self, Refusal};
use crate::{Json, Object};

/// The members that an answer shall have. Without members, all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mask(Vec<(String, Mask)>);

impl Mask {
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let broken = || refusal::invalid(format!("Invalid field selection {text}"));
        let mut rest = text;
        let mask = Self::list(&mut rest).ok_or_else(broken)?;
        if rest.is_empty() { Ok(mask) } else { Err(broken()) }
    }

    fn list(rest: &mut &str) -> Option<Self> {
        let mut mask = Self::default();
        loop {
            let (name, below) = Self::field(rest)?;
            if name.is_empty() {
                return None;
            }
            mask.add(name, below);
            match rest.strip_prefix(',') {
                Some(behind) => *rest = behind,
                None => return Some(mask),
            }
        }
    }

    /// A name and what is asked for below it.
    fn field(rest: &mut &str) -> Option<(String, Self)> {
        let end = rest.find(['.', '/', '(', ')', ',']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at_checked(end)?;
        let name = name.trim().to_owned();
        *rest = behind;
        let below = match rest.chars().next() {
            Some('.' | '/') => {
                *rest = rest.get(1..)?;
                Self::path(rest)?
            }
            Some('(') => Self::group(rest)?,
            _ => Self::default(),
        };
        Some((name, below))
    }

    fn path(rest: &mut &str) -> Option<Self> {
        let (name, below) = Self::field(rest)?;
        let mut mask = Self::default();
        mask.add(name, below);
        Some(mask)
    }

    fn group(rest: &mut &str) -> Option<Self> {
        *rest = rest.get(1..)?;
        let inner = Self::list(rest)?;
        *rest = rest.strip_prefix(')')?;
        Some(inner)
    }

    fn add(&mut self, name: String, below: Self) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                for (name, below) in below.0 {
                    known.add(name, below);
                }
            }
            None => self.0.push((name, below)),
        }
    }

    /// Whether a member is wanted, with the mask of what is below it.
    pub(crate) fn below(&self, name: &str) -> Option<&Self> {
        if self.0.is_empty() {
            return Some(self);
        }
        self.0.iter().find(|(known, _)| known == name || known == "*").map(|(_, below)| below)
    }

    /// Whether a path is wanted.
    pub(crate) fn wants(&self, path: &[&str]) -> bool {
        match path.split_first() {
            None => true,
            Some((first, rest)) => self.below(first).is_some_and(|below| below.wants(rest)),
        }
    }

    /// The wanted part of an answer.
    pub(crate) fn apply(&self, json: Json) -> Json {
        if self.0.is_empty() {
            return json;
        }
        match json {
            Json::Array(items) => Json::Array(items.into_iter().map(|item| self.apply(item)).collect()),
            Json::Object(object) => {
                let mut kept = Object::default();
                for (name, value) in object.iter() {
                    if let Some(below) = self.below(name) {
                        kept.set(name.to_owned(), below.apply(value.clone()));
                    }
                }
                Json::Object(kept)
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_part_is_left() {
        let json = Json::parse(br#"{"a":{"b":1,"c":[{"d":2,"e":3}]},"f":4,"g":5}"#).unwrap();
        let left = |mask: &str| Mask::parse(mask).unwrap().apply(json.clone()).to_string();
        assert_eq!(left("a.c.d,f"), r#"{"a":{"c":[{"d":2}]},"f":4}"#);
        assert_eq!(left("a(b,c(e)),g"), r#"{"a":{"b":1,"c":[{"e":3}]},"g":5}"#);
        assert_eq!(left("a/b"), r#"{"a":{"b":1}}"#);
        assert!(Mask::parse("a(b").is_err() && Mask::parse("").is_err());
    }
}
