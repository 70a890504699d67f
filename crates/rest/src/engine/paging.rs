//! The paging of a list, seen from the words of its request.

use std::hash::{DefaultHasher, Hash, Hasher};

use tieline_core::http::HttpResponse;
use tieline_core::{Error, ErrorKind, Key, Result};
use tieline_kit::{HeadJson, Offset, PageLayout, PageStep, TokenGuard};

use super::reading::PageRead;
use super::state::Position;
use crate::description::{Place, Request, Walk};
use crate::template::WordName;

/// How many pages in a row may be the page before, as after a fault that a page later is over.
const REPEATS: u8 = 3;

/// A way to page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// One page.
    One,
    /// A page counter.
    Page,
    /// A row offset, with anchors.
    Offset,
    /// A token that is sent back.
    Token,
    /// An address that is followed.
    Follow,
    /// The value of the last record.
    Seek,
}

/// The step after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Go,
    End,
}

impl Paging {
    pub(crate) fn of(request: &Request, walk: &Walk) -> Self {
        let uses = |name: &WordName| request.uses(&|word| word == name);
        if uses(&WordName::Next) {
            Self::Token
        } else if uses(&WordName::Page) {
            Self::Page
        } else if uses(&WordName::Offset) {
            Self::Offset
        } else if request.uses(&|word| matches!(word, WordName::Last(_))) {
            Self::Seek
        } else if walk.next.is_some() {
            Self::Follow
        } else {
            Self::One
        }
    }

    /// Whether records may move between pages while they are read, so that one is seen twice and another never. An
    /// offset has anchors, a token or link of increments may give a record again, and in a list with the newest first
    /// what changes only pushes others onto later pages.
    pub(crate) fn may_move(self, walk: &Walk) -> bool {
        let by_cursor = matches!(self, Self::Token | Self::Follow) && walk.token.is_none();
        let told = walk.stable_cursor == Some(true) || walk.newest_first == Some(true);
        (self == Self::Page || by_cursor) && !told
    }

    /// Moves the position behind a page.
    ///
    /// # Errors
    /// `Decode` when a token, address or page comes again.
    pub(crate) fn next(
        self,
        walk: &Walk,
        at: &mut Position,
        read: &PageRead,
        response: &HttpResponse,
        size: Option<u32>,
        guard: &mut TokenGuard,
    ) -> Result<Step> {
        let repeats = matches!(self, Self::Page | Self::Offset) && is_repeated(at, &read.keys);
        if repeats && at.repeats > REPEATS {
            return Err(repeated());
        }
        match self {
            Self::One => return Ok(Step::End),
            Self::Token | Self::Follow => {
                let next = match &walk.next {
                    Some(place) => from_header(place, response, read.next.clone())?,
                    None => None,
                };
                if read.more == Some(false) {
                    return Ok(Step::End);
                }
                let Some(next) = next else { return Ok(Step::End) };
                guard.next(&next)?;
                at.next = Some(next);
                return Ok(Step::Go);
            }
            Self::Page => {
                let pages_over = read.total_pages.is_some_and(|pages| at.pages >= pages);
                let total_over = read.total.is_some_and(|total| at.seen >= total);
                if read.count == 0 || pages_over || total_over || read.more == Some(false) {
                    return Ok(Step::End);
                }
            }
            Self::Offset => {
                let behind = behind(&at.offset, read);
                let turned = turn(&mut at.offset, walk, read, size)?;
                let PageStep::Forward(known) = turned else { return Ok(Step::Go) };
                let is_over = read.total.is_some_and(|total| behind >= total);
                // An empty page is not the end where the provider says that there is more.
                let is_last = match (read.more, read.total) {
                    (Some(more), _) => !more,
                    (None, Some(_)) => false,
                    (None, None) => read.keys.len() <= known,
                };
                if is_last || is_over {
                    // Behind the last page there is its last record alone: the end is another one.
                    return if repeats { Err(repeated()) } else { Ok(Step::End) };
                }
            }
            Self::Seek => {
                if read.count == 0 || read.more == Some(false) {
                    return Ok(Step::End);
                }
                // The list asks for what is not before the last record, so the last page repeats it.
                let fewer = size.is_some_and(|size| u64::from(size) > read.count as u64);
                let still = format!("{:?}", read.last);
                if let Err(error) = guard.next(&still) {
                    if fewer || size.is_none() {
                        return Ok(Step::End);
                    }
                    return Err(error.with_advice(
                        "more records share one value than a page holds: seek by another member as well, such as <last.id>",
                    ));
                }
            }
        }
        Ok(Step::Go)
    }
}

/// The most records to ask for at an offset: with the anchor when the provider's page has room for it.
pub(crate) fn offset_limit(offset: &Offset, walk: &Walk, size: u32) -> u32 {
    offset.limit(size, walk.page_size.unwrap_or(size).max(2))
}

/// Moves an offset behind a page.
///
/// # Errors
/// `Decode` when the walk gets nowhere.
pub(crate) fn turn(offset: &mut Offset, walk: &Walk, read: &PageRead, size: Option<u32>) -> Result<PageStep> {
    let limit = size.map_or(u32::MAX, |size| offset_limit(offset, walk, size));
    let next = match read.more {
        Some(true) => Some(read.next.as_deref().and_then(|next| next.parse().ok()).unwrap_or_default()),
        Some(false) => None,
        // Rows that this credential may not see leave holes, and the total counts them.
        None => {
            let behind = behind(offset, read);
            read.total.filter(|total| behind < *total).map(|_| behind)
        }
    };
    let mut keys: Vec<&Key> = read.keys.iter().collect();
    keys.dedup();
    offset.turn(keys, limit, next)
}

/// Whether a page of several records has the keys of the page before; counts how often.
fn is_repeated(at: &mut Position, keys: &[Key]) -> bool {
    let mut hasher = DefaultHasher::new();
    keys.hash(&mut hasher);
    let page = Some(hasher.finish());
    let repeats = keys.len() > 1 && at.page == page;
    at.page = page;
    at.repeats = if repeats { at.repeats.saturating_add(1) } else { 0 };
    repeats
}

fn repeated() -> Error {
    Error::new(ErrorKind::Decode, "the provider repeats a page of a list")
        .with_advice("go on later from the last stored state, and report it if it stays")
}

/// The number of rows up to the end of a page.
fn behind(offset: &Offset, read: &PageRead) -> u64 {
    let repeated = read.keys.windows(2).filter(|pair| matches!(pair, [one, next] if one == next)).count();
    offset.start().saturating_add(read.count.saturating_sub(repeated) as u64)
}

/// The value at a place: what the body had, or what a header says.
///
/// # Errors
/// `Decode` when a header that should hold JSON does not.
pub(crate) fn from_header(
    place: &Place,
    response: &HttpResponse,
    body: Option<String>,
) -> Result<Option<String>> {
    match place {
        Place::Body(_) => Ok(body),
        Place::Link => Ok(response
            .headers
            .get_all(http::header::LINK)
            .iter()
            .find_map(|value| next_link(value.to_str().ok()?))),
        Place::Header(name, path) => {
            let Some(text) = response.header(name) else { return Ok(None) };
            let Some(path) = path else {
                return Ok(Some(text.to_owned()).filter(|text| !matches!(text.as_str(), "" | "null")));
            };
            let page = PageLayout::new(&"\u{0}".parse()?).with_member(path)?.walk(text, |_| Ok(())).map_err(
                |_| {
                    Error::new(ErrorKind::Decode, "a header does not hold the JSON that is documented")
                        .with_context("header", name.as_str())
                },
            )?;
            Ok(page
                .member(0)
                .and_then(HeadJson::scalar)
                .map(|text| text.into_owned())
                .filter(|text| !text.is_empty()))
        }
    }
}

/// The address of the relation `next` in a header `Link` (RFC 8288).
fn next_link(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let after = rest.get(open + 1..)?;
        let close = after.find('>')?;
        let address = after.get(..close)?;
        let parameters = after.get(close + 1..)?;
        let end = parameters.find(",<").or_else(|| parameters.find(", <")).unwrap_or(parameters.len());
        let own = parameters.get(..end)?;
        let is_next = own.split(';').any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            name.trim().eq_ignore_ascii_case("rel")
                && value
                    .trim()
                    .trim_matches('"')
                    .split_whitespace()
                    .any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(address.to_owned());
        }
        rest = parameters.get(end..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let link = r#"<https://a.test/x?page=1>; rel="prev", <https://a.test/x?a=1,2&page=3>; title="a, b"; rel="last next""#;
        assert_eq!(next_link(link).as_deref(), Some("https://a.test/x?a=1,2&page=3"));
        assert_eq!(next_link("<https://a.test>; rel=next").as_deref(), Some("https://a.test"));
        for none in
            ["", "<https://a.test>", "<https://a.test>; rel=\"prev\"", "https://a.test; rel=next", "<x"]
        {
            assert_eq!(next_link(none), None, "{none}");
        }
    }
}
