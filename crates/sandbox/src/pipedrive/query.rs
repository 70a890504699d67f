//! The query of a list: what it filters by, its order, its place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

use super::answers::Refusal;
use crate::{Json, Object};

/// The parameters of a request, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn of(uri: &http::Uri) -> Self {
        Self(url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// A parameter's value. An empty one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(crate) fn int(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.get(name)
            .map(|text| text.parse().map_err(|_| Refusal::bad(format!("`{name}` must be an integer"))))
            .transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Refusal::bad(format!("`{name}` must be true or false"))),
        }
    }

    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name).map(|text| text.split(',').map(str::trim).collect()).unwrap_or_default()
    }

    pub(crate) fn limit(&self) -> Result<usize, Refusal> {
        match self.int("limit")? {
            None => Ok(100),
            Some(limit @ 1..=500) => Ok(usize::try_from(limit).unwrap_or(100)),
            Some(_) => Err(Refusal::bad("`limit` must be between 1 and 500")),
        }
    }

    /// Up to a hundred ids.
    pub(crate) fn ids(&self) -> Result<Option<Vec<i64>>, Refusal> {
        let ids: Result<Vec<i64>, _> = self.list("ids").into_iter().map(str::parse).collect();
        let ids = ids.map_err(|_| Refusal::bad("`ids` must be a list of integers"))?;
        match ids.len() {
            0 => Ok(None),
            1..=100 => Ok(Some(ids)),
            _ => Err(Refusal::bad("`ids` must hold at most 100 ids")),
        }
    }

    /// RFC 3339 with whole seconds: fractions are refused, as the provider does.
    pub(crate) fn time(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let bad =
            || Refusal::bad(format!("`{name}` must be a time in RFC 3339 without fractions of a second"));
        if text.contains('.') {
            return Err(bad());
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| bad())?;
        Ok(Some(time.with_timezone(&Utc).timestamp()))
    }

    pub(crate) fn order(&self, fields: &[&'static str]) -> Result<Order, Refusal> {
        let by = self.get("sort_by").unwrap_or("id");
        let Some(field) = fields.iter().find(|field| **field == by) else {
            return Err(Refusal::bad(format!("`sort_by` must be one of {}", fields.join(", "))));
        };
        let descending = match self.get("sort_direction") {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Refusal::bad("`sort_direction` must be asc or desc")),
        };
        Ok(Order { field, descending })
    }
}

/// The order of a list. The id decides between equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) field: &'static str,
    pub(crate) descending: bool,
}

/// A record's place in an order: a number or a text, then its id. No value comes first.
pub(crate) type Place = (Option<i64>, String, i64);

impl Order {
    pub(crate) fn compare(&self, left: &Place, right: &Place) -> std::cmp::Ordering {
        if self.descending { right.cmp(left) } else { left.cmp(right) }
    }

    const fn direction(&self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }

    /// The marker of a page's first record. `turn` makes two markers of the same place differ.
    pub(crate) fn cursor(&self, place: &Place, turn: i64) -> String {
        let (number, text, id) = place;
        let value: Json = if text.is_empty() { (*number).into() } else { text.clone().into() };
        let mut marker = Object::default()
            .with("field", self.field)
            .with("fieldValue", value)
            .with("sortDirection", self.direction())
            .with("id", *id);
        if turn > 0 {
            marker.set("turn", turn);
        }
        URL_SAFE_NO_PAD.encode(Json::from(marker).to_string())
    }

    /// The place that a cursor marks, and its turn.
    pub(crate) fn place(&self, cursor: &str) -> Result<(Place, i64), Refusal> {
        let bad = || Refusal::bad("the cursor is not valid");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        let marker = Json::parse(&bytes).map_err(|_| bad())?;
        let of_this_order = marker.get("field").and_then(Json::as_str) == Some(self.field)
            && marker.get("sortDirection").and_then(Json::as_str) == Some(self.direction());
        let id = marker.get("id").and_then(Json::as_i64).filter(|_| of_this_order).ok_or_else(bad)?;
        let value = marker.get("fieldValue").unwrap_or(&Json::Null);
        let place = (value.as_i64(), value.as_str().unwrap_or_default().to_owned(), id);
        Ok((place, marker.get("turn").and_then(Json::as_i64).unwrap_or_default()))
    }
}
