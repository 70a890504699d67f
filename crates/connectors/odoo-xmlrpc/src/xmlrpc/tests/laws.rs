//! What holds for everything that can be written.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::super::*;
use super::answers::{Found, read};
use super::calls::sent;

/// A character that XML has, those with a meaning of their own often.
fn character() -> impl Strategy<Value = char> + Clone {
    prop_oneof![
        4 => prop::char::range(' ', '~'),
        2 => prop::sample::select(vec!['&', '<', '>', '"', '\'', '\\', ';', ']', '\t', '\n', '\r', 'å', '😀', '\u{fffd}']),
        1 => prop::char::range('\u{a0}', '\u{2fff}'),
    ]
}

fn text() -> impl Strategy<Value = String> + Clone {
    prop::collection::vec(character(), 0..12).prop_map(String::from_iter)
}

/// Anything that XML-RPC can carry.
fn value() -> impl Strategy<Value = Value> {
    value_named(text())
}

fn value_named(name: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        // Not whole, because a whole double is another value than an integer; short, because `Value` rounds.
        (any::<i16>(), 1..100_u8)
            .prop_map(|(whole, part)| Value::from(f64::from(whole) + f64::from(part) / 128.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            object(name.clone(), inner).prop_map(Value::Object),
        ]
    })
}

fn object(
    name: impl Strategy<Value = String>,
    inner: impl Strategy<Value = Value>,
) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((name, inner), 0..5).prop_map(Map::from_iter)
}

/// Writes a value in one of the many ways that XML allows; `style` chooses.
fn render(xml: &mut String, value: &Value, style: &mut dyn Iterator<Item = u8>) {
    let mut pick = |from: &[&'static str]| from[usize::from(style.next().unwrap()) % from.len()];
    xml.push_str("<value>");
    // Whitespace around an element has no meaning, but is the value where there is none.
    if !value.is_string() {
        xml.push_str(pick(&["", "", "\n", " <!-- c --> "]));
    }
    match value {
        Value::Null => xml.push_str(pick(&["<nil/>", "<nil></nil>", "<ex:nil/>"])),
        Value::Bool(flag) => xml.push_str(&format!("<boolean>{}</boolean>", u8::from(*flag))),
        Value::Number(number) if number.is_f64() => {
            let (plus, space) = (pick(&["", "0"]), pick(&["", " ", "\n"]));
            let text = number.to_string();
            let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
            xml.push_str(&format!("<double>{space}{sign}{plus}{digits}{space}</double>"));
        }
        Value::Number(number) => {
            let tag = pick(&["int", "int", "i4", "i8"]);
            xml.push_str(&format!("<{tag}>{number}</{tag}>"));
        }
        Value::String(text) => {
            let (open, close) = match pick(&["typed", "typed", "bare"]) {
                "bare" => ("", ""),
                _ => ("<string>", "</string>"),
            };
            xml.push_str(open);
            render_text(xml, text, &mut pick);
            xml.push_str(close);
        }
        Value::Array(values) => {
            xml.push_str("<array><data>");
            for value in values {
                render(xml, value, style);
                xml.push_str(["", "\n"][usize::from(style.next().unwrap()) % 2]);
            }
            xml.push_str("</data></array>");
        }
        Value::Object(members) => {
            xml.push_str("<struct>");
            for (name, value) in members {
                let mut pick = |from: &[&'static str]| from[usize::from(style.next().unwrap()) % from.len()];
                xml.push_str(pick(&["", "\n", "<?pi?>"]));
                xml.push_str("<member><name>");
                render_text(xml, name, &mut pick);
                xml.push_str(pick(&["</name>", "</name>\n"]));
                render(xml, value, style);
                xml.push_str("</member>");
            }
            xml.push_str("</struct>");
        }
    }
    xml.push_str("</value>");
}

fn render_text(xml: &mut String, text: &str, pick: &mut dyn FnMut(&[&'static str]) -> &'static str) {
    for c in text.chars() {
        match (c, pick(&["plain", "plain", "plain", "number", "hex", "section", "comment"])) {
            ('&', "plain") => xml.push_str("&amp;"),
            ('<', "plain") => xml.push_str("&lt;"),
            // Read as a line feed, unless it is written as a number.
            ('\r', _) => xml.push_str("&#13;"),
            ('\n', "plain") => xml.push_str(pick(&["\n", "\r\n", "&#10;"])),
            (c, "number") => xml.push_str(&format!("&#{};", u32::from(c))),
            (c, "hex") => xml.push_str(&format!("&#x{:X};", u32::from(c))),
            (c, "section") => xml.push_str(&format!("<![CDATA[{c}]]>")),
            ('&' | '<', _) => xml.push_str(&format!("<!-- & -->&#{};", u32::from(c))),
            (c, "comment") => xml.push_str(&format!("<!-- <a> -->{c}")),
            (c, _) => xml.push(c),
        }
    }
}

fn answer(value: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n{value}</param>\n</params>\n</methodResponse>\n"
    )
}

fn returned(answer: &str) -> Value {
    match read_value(answer.as_bytes()).unwrap() {
        Answer::Returned(json) => json.view().unwrap(),
        Answer::Fault(fault) => panic!("{fault:?}"),
    }
}

fn rules() -> FieldRules {
    FieldRules::new("id", "write_date").with("a", FieldRule::Many2one).with("b", FieldRule::Integer)
}

/// Both ways through the same bytes, with the words of an error.
fn both(answer: &[u8]) -> [Result<Answer<Vec<Found>>, String>; 2] {
    [true, false].map(|fast| read(answer, &rules(), fast).map_err(|error| error.to_string()))
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(value in value()) {
        let call = sent(Call::new("m").param(&value));
        let (_, params) = call.split_once("<params>").unwrap();
        let params = params.strip_suffix("</params></methodCall>").unwrap();
        let response = format!("<methodResponse><params>{params}</params></methodResponse>");
        prop_assert_eq!(returned(&response), value);
    }

    #[test]
    fn every_way_to_write_a_value_is_read(value in value(), style in prop::collection::vec(any::<u8>(), 1..64)) {
        let mut xml = String::new();
        render(&mut xml, &value, &mut style.into_iter().cycle());
        prop_assert_eq!(returned(&answer(&xml)), value);
    }

    #[test]
    fn rows_are_what_they_were(
        rows in prop::collection::vec(object(text(), value()), 0..4),
        style in prop::collection::vec(any::<u8>(), 1..64),
    ) {
        let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
        let mut xml = String::new();
        render(&mut xml, &Value::from(rows.clone()), &mut style.into_iter().cycle());
        for fast in [true, false] {
            match read(answer(&xml).as_bytes(), &FieldRules::default(), fast).unwrap() {
                Answer::Returned(found) => {
                    let found: Vec<Value> = found.iter().map(|row| serde_json::from_str(&row.2).unwrap()).collect();
                    prop_assert_eq!(&found, &rows);
                }
                Answer::Fault(fault) => panic!("{fault:?}"),
            }
        }
    }

    #[test]
    fn another_decoder_reads_the_same(value in value_named("[a-z_]{1,8}".boxed())) {
        let mut xml = String::new();
        // In the plainest way, which every decoder knows.
        render(&mut xml, &value, &mut std::iter::repeat(0));
        let xml = answer(&xml);
        match dxr::MethodResponse::from_xml(&xml) {
            Ok(theirs) => prop_assert_eq!(returned(&xml), plain(&theirs.value)),
            // It knows no empty struct.
            Err(_) => prop_assert!(xml.contains("<struct></struct>"), "{}", xml),
        }
    }

    #[test]
    fn both_ways_agree_on_rubbish(
        tokens in prop::collection::vec(prop::sample::select(TOKENS.to_vec()), 0..40),
        cut in any::<prop::sample::Index>(),
        frame in any::<bool>(),
    ) {
        let mut xml: String = tokens.concat();
        if frame {
            xml = answer(&format!("<value><array><data><value><struct>{xml}</struct></value></data></array></value>"));
        }
        let [fast, slow] = both(xml.as_bytes());
        prop_assert_eq!(fast, slow);
        let cut = xml.as_bytes().get(..cut.index(xml.len() + 1)).unwrap_or_default();
        let [fast, slow] = both(cut);
        prop_assert_eq!(fast, slow);
    }

    #[test]
    fn random_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read_value(&bytes).is_err());
        prop_assert!(read_fault(&bytes).is_err());
        let [fast, slow] = both(&bytes);
        prop_assert_eq!(fast, slow);
    }
}

/// Pieces of members as servers write them, and of what comes in between elsewhere.
const TOKENS: [&str; 32] = [
    "<member>\n<name>id</name>\n<value><int>5</int></value>\n</member>\n",
    "<member><name>write_date</name><value><string>2026-01-10 08:12:44</string></value></member>",
    "<member><name>a</name><value><array><data><value><int>5</int></value><value><string>x</string></value></data></array></value></member>",
    "<member><name>a</name><value><boolean>0</boolean></value></member>",
    "<member><name>b</name><value><double>5.0</double></value></member>",
    "<member><name>c</name><value><nil/></value></member>",
    "<member><name>&#x69;d</name><value><i8>7</i8></value></member>",
    "<member><name>",
    "</name><value>",
    "</value></member>",
    "<member>",
    "</member>",
    "<value>",
    "</value>",
    "<value/>",
    "<struct>",
    "</struct>",
    "<struct/>",
    "<array><data>",
    "</data></array>",
    "<string>",
    "</string>",
    "<int>0</int>",
    "<boolean>1</boolean>",
    "&amp;",
    "&",
    " \r\n",
    "\u{b}\u{fffe}",
    "<![CDATA[&]]>",
    "<!-- > -->",
    "<!DOCTYPE a>",
    "text",
];

fn plain(value: &dxr::Value) -> Value {
    match value {
        dxr::Value::Integer(number) => (*number).into(),
        dxr::Value::Long(number) => (*number).into(),
        dxr::Value::Boolean(flag) => (*flag).into(),
        dxr::Value::String(text) => text.as_str().into(),
        dxr::Value::Double(number) => (*number).into(),
        dxr::Value::Nil => Value::Null,
        dxr::Value::Array(values) => values.iter().map(plain).collect(),
        dxr::Value::Struct(members) => {
            members.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        other => panic!("{other:?}"),
    }
}
