//! Elements of XML as records: attributes as `@name`, text as `#text`, an element of text alone as a text.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use tieline_core::{Error, ErrorKind, Result};

use super::rows::{Beside, Row};
use crate::description::{Place, Walk};

/// How deep elements may stand in each other.
const MAX_DEPTH: usize = 64;

/// What is read of an XML answer.
#[derive(Clone, Debug)]
pub(super) struct XmlLayout {
    /// The names that lead to a record, the root's first; none for the root as the one record.
    records: Vec<String>,
    /// Elements that are lists, also with one item.
    lists: Vec<String>,
    /// Places beside the records: next, more, total, total_pages, token.
    beside: [Option<Vec<String>>; 5],
}

impl XmlLayout {
    pub(super) fn new(walk: &Walk, records: &str) -> Self {
        let body = |place: &Option<Place>| match place {
            Some(Place::Body(path)) => Some(steps(&path.to_string())),
            _ => None,
        };
        let path = |path: &Option<tieline_kit::JsonPath>| path.as_ref().map(|path| steps(&path.to_string()));
        Self {
            records: steps(records),
            lists: walk.lists.clone(),
            beside: [
                body(&walk.next),
                path(&walk.more),
                path(&walk.total),
                path(&walk.total_pages),
                body(&walk.token),
            ],
        }
    }

    pub(super) fn read(&self, text: &str, each: &mut dyn FnMut(Row<'_>) -> Result<()>) -> Result<Beside> {
        let mut reader = Reader::from_str(text);
        let mut walk =
            XmlWalk { layout: self, path: Vec::new(), open: Vec::new(), found: Default::default() };
        let mut begun = false;
        loop {
            match reader.read_event().map_err(|_| broken("is not well formed"))? {
                Event::Start(start) => {
                    begun = true;
                    walk.open(&start)?;
                }
                Event::Empty(start) => {
                    begun = true;
                    walk.open(&start)?;
                    walk.close(each)?;
                }
                Event::End(_) => walk.close(each)?,
                Event::Text(text) => walk.text(&text.into_inner()),
                Event::CData(text) => walk.text(&text.into_inner()),
                Event::GeneralRef(name) => {
                    let c = match name.resolve_char_ref() {
                        Ok(Some(c)) => Some(c),
                        Ok(None) => predefined(&name),
                        Err(_) => None,
                    };
                    let c = c.ok_or_else(|| broken("has a reference that XML does not define"))?;
                    walk.text(c.encode_utf8(&mut [0; 4]));
                }
                Event::DocType(_) => return Err(broken("has a document type declaration, which is refused")),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if !begun || !walk.path.is_empty() {
            return Err(broken("ends before its last element is closed"));
        }
        let [next, more, total, total_pages, token] = walk.found;
        Ok(Beside { next, more, total, total_pages, token })
    }
}

/// The names of a path.
fn steps(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .filter(|step| !step.is_empty())
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect()
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

fn broken(problem: &str) -> Error {
    Error::new(ErrorKind::Decode, format!("the XML of an answer {problem}"))
        .with_advice("go on later from the last stored state, and report it if it stays")
}

/// An element within a record, under way.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    /// Names and JSON texts; of a list the items.
    members: Vec<(String, Vec<String>)>,
    /// An element that came twice and is no list.
    repeated: Option<String>,
}

struct XmlWalk<'l> {
    layout: &'l XmlLayout,
    path: Vec<String>,
    /// The elements of the record under way, the record first.
    open: Vec<Element>,
    found: [Option<String>; 5],
}

impl XmlWalk<'_> {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<()> {
        let name = start.local_name().as_ref().to_owned();
        self.path.push(name.clone());
        if self.path.len() > MAX_DEPTH {
            return Err(broken("is nested too deep"));
        }
        let is_record = match self.layout.records.as_slice() {
            [] => self.path.len() == 1,
            records => self.path == records,
        };
        let within = !self.open.is_empty() || is_record;
        let mut element = Element { name, ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| broken("has an attribute that cannot be read"))?;
            let name = format!("@{}", attribute.key.as_ref());
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::default())
                .map_err(|_| broken("has an attribute that cannot be read"))?;
            if within {
                element.members.push((name, vec![quoted(&value)]));
            } else {
                self.beside(Some(&name), &value);
            }
        }
        if within {
            self.open.push(element);
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None => self.beside(None, text),
        }
    }

    /// Takes the text of a wanted place outside of the records.
    fn beside(&mut self, attribute: Option<&str>, text: &str) {
        for (place, found) in self.layout.beside.iter().zip(&mut self.found) {
            let Some(place) = place else { continue };
            let here = match (place.split_last(), attribute) {
                (Some((last, above)), Some(attribute)) => last == attribute && above == self.path,
                (_, None) => *place == self.path,
                _ => false,
            };
            if here {
                found.get_or_insert_default().push_str(text.trim());
            }
        }
    }

    fn close(&mut self, each: &mut dyn FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        self.path.pop();
        let Some(element) = self.open.pop() else { return Ok(()) };
        let Element { name, repeated, .. } = &element;
        match self.open.last_mut() {
            Some(above) => {
                if above.repeated.is_none() {
                    above.repeated = repeated.clone();
                }
                let is_list = self.layout.lists.contains(name);
                let json = element.json(&self.layout.lists);
                let (name, repeated) = (element.name, &mut above.repeated);
                match above.members.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, items)) if is_list => items.push(json),
                    Some(_) => *repeated = Some(name),
                    None => above.members.push((name, vec![json])),
                }
                Ok(())
            }
            None => match repeated {
                Some(name) => {
                    let name = tieline_kit::excerpt(name, 40);
                    each(Row::Broken(format!("a record has the element {name:?} twice: say lists: [{name}]")))
                }
                None => {
                    let json = match element.json(&self.layout.lists) {
                        text if text.starts_with('{') => text,
                        // An element of text alone is an object all the same when it is a record.
                        text if text == "\"\"" => "{}".to_owned(),
                        text => format!("{{\"#text\":{text}}}"),
                    };
                    each(Row::Json(&json))
                }
            },
        }
    }
}

impl Element {
    fn json(&self, lists: &[String]) -> String {
        let text = self.text.trim();
        if self.members.is_empty() {
            return quoted(text);
        }
        let mut out = String::from("{");
        let mut add = |name: &str, json: &str| {
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str(&quoted(name));
            out.push(':');
            out.push_str(json);
        };
        for (name, items) in &self.members {
            match items.as_slice() {
                [one] if !lists.contains(name) => add(name, one),
                items => add(name, &format!("[{}]", items.join(","))),
            }
        }
        if !text.is_empty() {
            add("#text", &quoted(text));
        }
        out.push('}');
        out
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(records: &str, lists: &[&str], text: &str) -> Result<(Vec<String>, Beside)> {
        let walk = Walk {
            lists: lists.iter().map(|name| (*name).to_owned()).collect(),
            total: Some("/list/@count".parse()?),
            next: Some(Place::Body("/list/next".parse()?)),
            ..Walk::default()
        };
        let mut rows = Vec::new();
        let beside = XmlLayout::new(&walk, records).read(text, &mut |row| {
            rows.push(match row {
                Row::Json(json) => json.to_owned(),
                Row::Broken(why) => why,
            });
            Ok(())
        })?;
        Ok((rows, beside))
    }

    #[test]
    fn elements_are_objects() {
        let text = r#"<?xml version="1.0"?><list count="2"><!-- c --><next>b&amp;c</next>
          <x:item id="1"><name>A &lt;&#66;&gt;</name><tag>a</tag><tag>b</tag><empty/></x:item>
          <item id="2"><tag>c</tag><note lang="sv"><![CDATA[<n>]]></note></item></list>"#;
        let (found, beside) = rows("/list/item", &["tag"], text).unwrap();
        assert_eq!(
            found,
            [
                r#"{"@id":"1","name":"A <B>","tag":["a","b"],"empty":""}"#,
                r##"{"@id":"2","tag":["c"],"note":{"@lang":"sv","#text":"<n>"}}"##
            ]
        );
        assert_eq!((beside.total.as_deref(), beside.next.as_deref()), (Some("2"), Some("b&c")));
        let (found, _) = rows("/list/item", &[], text).unwrap();
        assert_eq!(found[0], "a record has the element \"tag\" twice: say lists: [tag]");
        assert_eq!(rows("", &[], "<one><id>1</id></one>").unwrap().0, [r#"{"id":"1"}"#]);
    }

    #[test]
    fn what_is_no_list_of_elements_is_refused() {
        let deep = "<a>".repeat(65);
        for text in
            ["", "<a>", "<a></b>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a>&x;</a>", "{}", &deep]
        {
            assert!(rows("/list/item", &[], text).is_err(), "{text}");
        }
    }
}
