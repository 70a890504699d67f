//! Cutting a list into pages in the ways of providers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::definition::Paging;
use super::serve::{Query, Refusal};
use crate::faults::PageTwist;
use crate::{Json, Object};

/// A page of a list: the places of its records in the list, and the words that the response may use.
pub(crate) struct Page {
    pub(crate) places: Vec<usize>,
    pub(crate) words: Object,
}

/// Cuts a list of `total` records, whose keys `key` gives by place.
pub(crate) fn cut(
    paging: &Paging,
    query: &Query,
    total: usize,
    key: impl Fn(usize) -> String,
    twist: PageTwist,
) -> Result<Page, Refusal> {
    let number = |param: &str, otherwise: usize| match query.get(param) {
        None => Ok(otherwise),
        Some(text) => text.parse::<usize>().map_err(|_| {
            Refusal::named("invalid").with("field", param).with("message", format!("{param} is not a number"))
        }),
    };
    let (start, size, page) = match paging {
        Paging::Whole => (0, total, 1),
        Paging::Number { param, size, size_param, most } => {
            let asked = size_param.as_deref().map_or(Ok(*size), |name| number(name, *size))?;
            let size = asked.clamp(1, most.unwrap_or(*size).max(1));
            let page = number(param, 1)?.max(1);
            (page.saturating_sub(1).saturating_mul(size), size, page)
        }
        Paging::Offset { param, size_param, size, most } => {
            let size = number(size_param, *size)?.clamp(1, (*most).max(1));
            (number(param, 0)?, size, 1)
        }
        Paging::Cursor { param, size_param, size, most } => {
            let size = number(size_param, *size)?.clamp(1, (*most).max(1));
            (query.get(param).map_or(Ok(0), |cursor| after_cursor(cursor, total, &key))?, size, 1)
        }
        Paging::AfterKey { param, size, newest, zero_is_absent } => {
            match query.get(param).filter(|text| !(*zero_is_absent && *text == "0")) {
                None => (total.saturating_sub(*newest), *newest, 1),
                Some(text) => {
                    let after: i64 =
                        text.parse().map_err(|_| Refusal::named("invalid").with("field", param.as_str()))?;
                    let beyond = |place: &usize| key(*place).parse::<i64>().is_ok_and(|key| key > after);
                    ((0..total).find(beyond).unwrap_or(total), *size, 1)
                }
            }
        }
    };
    Ok(laid_out(start, size, page, total, key, twist))
}

fn laid_out(
    start: usize,
    size: usize,
    page: usize,
    total: usize,
    key: impl Fn(usize) -> String,
    twist: PageTwist,
) -> Page {
    let start = start.min(total);
    let end = start.saturating_add(size).min(total);
    let mut places: Vec<usize> = (start..end).collect();
    let mut more = end < total;
    let mut next = more.then(|| end.checked_sub(1).map(|last| cursor_of(&key(last)))).flatten();
    match twist {
        PageTwist::None => {}
        PageTwist::Duplicate => places.extend(places.last().copied()),
        PageTwist::Empty => {
            places.clear();
            more = true;
            // Another cursor to the same place: one that came before would be a repeated one.
            let before = start.checked_sub(1).map(&key).unwrap_or_default();
            next = Some(URL_SAFE_NO_PAD.encode(format!("{BEHIND_EMPTY}{before}")));
        }
        PageTwist::RepeatToken => {
            more = true;
            let first = || URL_SAFE_NO_PAD.encode(BEHIND_EMPTY);
            next = Some(start.checked_sub(1).map_or_else(first, |before| cursor_of(&key(before))));
        }
    }
    let pages = total.div_ceil(size.max(1)).max(1);
    let words = Object::default()
        .with("total", total)
        .with("count", places.len())
        .with("page", page)
        .with("pages", pages)
        .with("size", size)
        .with("more", more)
        .with("next_page", more.then_some(page + 1))
        .with("next_offset", more.then_some(end))
        .with("next_or_empty", next.clone().unwrap_or_default())
        .with("next", next.map_or(Json::Null, Json::from));
    Page { places, words }
}

/// What a cursor begins with, before the key of the record that it stands behind.
const BEHIND: &str = "after:";
/// The same for the cursor of a page that was made empty. Without a key it is the first place.
const BEHIND_EMPTY: &str = "empty, after:";

fn cursor_of(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{BEHIND}{key}"))
}

/// The first place after the record that a cursor names, or where that record would be.
fn after_cursor(cursor: &str, total: usize, key: &impl Fn(usize) -> String) -> Result<usize, Refusal> {
    if cursor.is_empty() {
        return Ok(0);
    }
    let refused = || Refusal::named("bad_cursor").with("field", "cursor").with("message", "Invalid cursor");
    let decoded = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let text = String::from_utf8(decoded).map_err(|_| refused())?;
    if text == BEHIND_EMPTY {
        return Ok(0);
    }
    let after = text.strip_prefix(BEHIND).or_else(|| text.strip_prefix(BEHIND_EMPTY)).ok_or_else(refused)?;
    if let Some(place) = (0..total).find(|place| key(*place) == after) {
        return Ok(place + 1);
    }
    // The record is gone by now: go on behind the ones that came before it.
    let after: u64 = after.parse().map_err(|_| refused())?;
    Ok((0..total).find(|place| key(*place).parse::<u64>().is_ok_and(|key| key > after)).unwrap_or(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(paging: &Paging, query: &str, total: usize) -> (Vec<usize>, String) {
        let query = Query::parse(Some(query));
        let page = cut(paging, &query, total, |place| (place + 1).to_string(), PageTwist::None).unwrap();
        let next = page.words.get("next").and_then(Json::as_str).unwrap_or_default().to_owned();
        (page.places, next)
    }

    #[test]
    fn each_way_covers_the_list_once() {
        let number = Paging::Number { param: "page".into(), size: 2, size_param: None, most: None };
        assert_eq!(page(&number, "page=3", 5).0, [4]);
        assert_eq!(page(&number, "page=4", 5).0, [] as [usize; 0]);
        let cursor = Paging::Cursor { param: "c".into(), size_param: "n".into(), size: 2, most: 3 };
        let (first, next) = page(&cursor, "n=9", 5);
        assert_eq!(first, [0, 1, 2]);
        assert_eq!(page(&cursor, &format!("n=3&c={next}"), 5), (vec![3, 4], String::new()));
        let after = Paging::AfterKey { param: "after".into(), size: 3, newest: 2, zero_is_absent: false };
        assert_eq!(page(&after, "", 5).0, [3, 4]);
        assert_eq!(page(&after, "after=1", 5).0, [1, 2, 3]);
        let query = Query::parse(Some("c=!!"));
        assert!(cut(&cursor, &query, 5, |place| place.to_string(), PageTwist::None).is_err());
    }
}
