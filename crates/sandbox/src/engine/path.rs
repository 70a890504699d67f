//! Paths of routes: literal segments and named parts.

use percent_encoding::percent_decode_str;

/// The path of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathPattern(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// A named part with a literal text before and behind it: `companies({id})`.
    Part {
        before: String,
        name: String,
        behind: String,
    },
}

/// The named parts of a request's path.
pub(crate) type Parts = Vec<(String, String)>;

impl PathPattern {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let segments = text.strip_prefix('/')?.split('/').map(|segment| {
            let Some((before, rest)) = segment.split_once('{') else {
                return Some(Segment::Literal(segment.to_owned()));
            };
            let (name, behind) = rest.split_once('}')?;
            let (before, name, behind) = (before.to_owned(), name.to_owned(), behind.to_owned());
            Some(Segment::Part { before, name, behind })
        });
        segments.collect::<Option<Vec<_>>>().map(Self)
    }

    /// The named parts, decoded, when the path is one of this route.
    pub(crate) fn matches(&self, path: &str) -> Option<Parts> {
        let given: Vec<&str> = path.trim_start_matches('/').trim_end_matches('/').split('/').collect();
        if given.len() != self.0.len() {
            return None;
        }
        let mut parts = Parts::new();
        for (segment, text) in self.0.iter().zip(given) {
            let text = percent_decode_str(text).decode_utf8().ok()?;
            match segment {
                Segment::Literal(literal) if *literal == text => {}
                Segment::Literal(_) => return None,
                Segment::Part { before, name, behind } => {
                    let value = text.strip_prefix(before.as_str())?.strip_suffix(behind.as_str())?;
                    if value.is_empty() {
                        return None;
                    }
                    parts.push((name.clone(), value.to_owned()));
                }
            }
        }
        Some(parts)
    }

    /// How many segments are literal: the more, the closer the match.
    pub(crate) fn closeness(&self) -> usize {
        self.0.iter().filter(|segment| matches!(segment, Segment::Literal(_))).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_part_may_have_text_around_it_and_is_decoded() {
        let pattern = PathPattern::parse("/v1/companies({id})/items/{key}").unwrap();
        let parts = pattern.matches("/v1/companies(7)/items/a%2Fb").unwrap();
        assert_eq!(parts, [("id".to_owned(), "7".to_owned()), ("key".to_owned(), "a/b".to_owned())]);
        assert_eq!(pattern.matches("/v1/companies()/items/1"), None);
        assert_eq!(pattern.matches("/v1/companies(7)/items"), None);
        assert_eq!(PathPattern::parse("/v1/{open"), None);
    }
}
