//! JSON texts taken apart and put together again. No number is parsed on the way, so every digit stays.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// How deep a path may lead into a field.
const DEEPEST: usize = 16;

/// An object's members in their order, each with its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members(Vec<(String, String)>);

impl Members {
    /// The members of a text, or `None` when it is no object. Of a name that comes twice the last counts.
    pub(crate) fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// Replaces the member where it stands, or adds it at the end.
    pub(crate) fn set(&mut self, name: impl Into<String>, text: impl Into<String>) {
        let (name, text) = (name.into(), text.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(member) => member.1 = text,
            None => self.0.push((name, text)),
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    pub(crate) fn text(&self) -> String {
        let members: Vec<String> =
            self.iter().map(|(name, text)| format!("{}:{text}", quoted(name))).collect();
        format!("{{{}}}", members.join(","))
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    members.set(name, value.get());
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text that a JSON text holds, or `None` when it holds something else.
pub(crate) fn unquoted(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

/// The elements of a list; of null and of nothing there are none. `None` when it is no list.
pub(crate) fn elements(json: Option<&str>) -> Option<Vec<String>> {
    let Some(json) = json.filter(|json| *json != "null") else { return Some(Vec::new()) };
    let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(elements.into_iter().map(|element| element.get().to_owned()).collect())
}

pub(crate) fn list(elements: &[String]) -> String {
    format!("[{}]", elements.join(","))
}

/// Whether two elements of a list are the same one. Objects are, when their member `identity` is; a bare value stands
/// for the object that has it there.
pub(crate) fn same(one: &str, other: &str, identity: &str) -> bool {
    let core = |element: &str| {
        let members = if identity.is_empty() { None } else { Members::of(element) };
        match members {
            Some(members) => members.get(identity).map(str::to_owned),
            None => Some(element.to_owned()),
        }
    };
    match (core(one), core(other)) {
        (Some(one), Some(other)) => {
            one == other
                || matches!((unquoted(&one), unquoted(&other)), (Some(one), Some(other))
                    if if identity.is_empty() { one == other } else { one.to_lowercase() == other.to_lowercase() })
        }
        _ => false,
    }
}

/// A change to a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit<'a> {
    Put(&'a str),
    Clear,
    Add(&'a str),
    Remove(&'a str),
}

/// The value after a change at a path below it; a missing object on the way is made. Fails with what is wrong.
pub(crate) fn edited(value: Option<&str>, path: &[String], edit: Edit<'_>) -> Result<String, &'static str> {
    if path.len() > DEEPEST {
        return Err("leads too deep");
    }
    let value = value.filter(|value| *value != "null");
    let Some((name, rest)) = path.split_first() else { return changed(value, edit, "") };
    if let Some(mut elements) =
        value.filter(|value| value.starts_with('[')).and_then(|list| elements(Some(list)))
    {
        let place = name.parse::<usize>().map_err(|_| "names a member of a list")?;
        let element = elements.get_mut(place).ok_or("names a place that the list does not have")?;
        if rest.is_empty() && matches!(edit, Edit::Clear) {
            elements.remove(place);
        } else {
            *element = edited(Some(element), rest, edit)?;
        }
        return Ok(list(&elements));
    }
    let mut members = match value {
        None => Members::default(),
        Some(text) => Members::of(text).ok_or("leads through a value that is no object")?,
    };
    let member = edited(members.get(name), rest, edit)?;
    members.set(name.as_str(), member);
    Ok(members.text())
}

/// A value after a change to itself.
pub(crate) fn changed(value: Option<&str>, edit: Edit<'_>, identity: &str) -> Result<String, &'static str> {
    let (item, adds) = match edit {
        Edit::Put(text) => return Ok(text.to_owned()),
        Edit::Clear => return Ok("null".to_owned()),
        Edit::Add(item) => (item, true),
        Edit::Remove(item) => (item, false),
    };
    let mut elements = elements(value).ok_or("holds no list")?;
    if adds {
        if !elements.iter().any(|element| same(element, item, identity)) {
            let whole = identity.is_empty() || item.starts_with('{');
            elements.push(if whole { item.to_owned() } else { format!("{{{}:{item}}}", quoted(identity)) });
        }
    } else {
        elements.retain(|element| !same(element, item, identity));
    }
    Ok(list(&elements))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(pointer: &str) -> Vec<String> {
        pointer.split('/').skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn texts_stay_as_they_are() {
        let text = r#"{"a":12345678901234567.890,"é\"":[1.10,{"b":null}],"a2":-0.0}"#;
        assert_eq!(Members::of(text).unwrap().text(), text);
        assert_eq!(
            edited(Some(text), &path("/é\"/1/b"), Edit::Put("1e3")).unwrap(),
            r#"{"a":12345678901234567.890,"é\"":[1.10,{"b":1e3}],"a2":-0.0}"#
        );
        assert_eq!(edited(None, &path("/x/y"), Edit::Put("1.50")).unwrap(), r#"{"x":{"y":1.50}}"#);
        assert_eq!(edited(Some("[1,2,3]"), &path("/1"), Edit::Clear).unwrap(), "[1,3]");
        for (value, pointer) in
            [("[1]", "/1"), ("[1]", "/x"), ("1", "/x"), ("\"t\"", "/0"), ("{}", &"/a".repeat(17))]
        {
            assert!(edited(Some(value), &path(pointer), Edit::Clear).is_err(), "{value} {pointer}");
        }
    }

    #[test]
    fn lists_gain_and_lose() {
        let mails = r#"[{"value":"A@b.se","label":"work"}]"#;
        assert_eq!(changed(Some(mails), Edit::Add("\"a@B.se\""), "value").unwrap(), mails);
        assert_eq!(
            changed(Some(mails), Edit::Add("\"c@d.se\""), "value").unwrap(),
            r#"[{"value":"A@b.se","label":"work"},{"value":"c@d.se"}]"#
        );
        assert_eq!(changed(Some(mails), Edit::Remove(r#"{"value":"a@b.se"}"#), "value").unwrap(), "[]");
        assert_eq!(changed(Some("[7, 8]"), Edit::Remove("7"), "").unwrap(), "[8]");
        assert_eq!(changed(Some("null"), Edit::Add("7"), "").unwrap(), "[7]");
        assert!(changed(Some("7"), Edit::Add("7"), "").is_err());
    }

    proptest! {
        #[test]
        fn adding_twice_is_adding_once_and_removing_undoes(
            start in proptest::collection::vec(0u8..20, 0..6), item in 20u8..40
        ) {
            let start: Vec<String> = start.iter().map(u8::to_string).collect();
            let (start, item) = (list(&start), item.to_string());
            let once = changed(Some(&start), Edit::Add(&item), "").unwrap();
            prop_assert_eq!(&changed(Some(&once), Edit::Add(&item), "").unwrap(), &once);
            prop_assert_eq!(changed(Some(&once), Edit::Remove(&item), "").unwrap(), start);
        }

        #[test]
        fn any_path_into_any_text_is_followed_or_refused(text in "[\\[\\]{}\":,0-9a ]{0,24}", pointer in "(/[a0-9]{0,2}){0,4}") {
            if let Ok(after) = edited(Some(&text), &path(&pointer), Edit::Put("1"))
                && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
            {
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&after).is_ok(), "{}", after);
            }
        }
    }
}
