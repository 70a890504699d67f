//! Documents of the three formats: the same tree, with places.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::Value;
use tieline_document::{Format, Node};

fn refusal(text: &str, format: Format) -> String {
    Node::parse(text, format).map(|node| node.to_json()).unwrap_err().to_string()
}

#[test]
fn the_formats_give_one_tree() {
    let yaml = Node::parse("a: [1, 1.10, 'x']\nb: {c: null, d: true}\n", Format::Yaml).unwrap();
    let json = Node::parse(r#"{"a":[1,1.10,"x"],"b":{"c":null,"d":true}}"#, Format::Json).unwrap();
    assert_eq!(yaml.to_json(), json.to_json());
    assert_eq!(yaml.to_json(), r#"{"a":[1,1.10,"x"],"b":{"c":null,"d":true}}"#);
    let toml = Node::parse("a = [1, 1.10, \"x\"]\n[b]\nd = true\n", Format::Toml).unwrap();
    assert_eq!(toml.to_json(), r#"{"a":[1,1.10,"x"],"b":{"d":true}}"#);
    assert_eq!(yaml.mark_of("/b/d").map(|mark| (mark.line, mark.column)), Some((2, 14)));
}

#[test]
fn texts_of_yaml_1_1_stay_texts() {
    let node = Node::parse("[no, on, 012, 1_000, 0x1f, 1.10, 1:30]", Format::Yaml).unwrap();
    assert_eq!(node.to_json(), r#"["no","on","012","1_000","0x1f",1.10,"1:30"]"#);
}

#[test]
fn a_byte_order_mark_is_skipped_and_utf_16_is_named() {
    for (text, format) in
        [("\u{feff}a: 1", Format::Yaml), ("\u{feff}a = 1", Format::Toml), ("\u{feff}{\"a\":1}", Format::Json)]
    {
        assert_eq!(Node::parse(text, format).unwrap().to_json(), r#"{"a":1}"#, "{format:?}");
        assert_eq!(Node::parse_bytes(text.as_bytes(), format).unwrap().to_json(), r#"{"a":1}"#);
    }
    let utf_16 = b"\xff\xfea\x00:\x00 \x001\x00";
    assert_snapshot!(Node::parse_bytes(utf_16, Format::Yaml).unwrap_err(), @"the file is written in UTF-16: save it as UTF-8");
    assert_snapshot!(Node::parse_bytes(b"a: \xe5", Format::Yaml).unwrap_err(), @"the file is not UTF-8 from byte 3 on: save it as UTF-8");
}

#[test]
fn what_is_refused_says_where() {
    assert_snapshot!(refusal("a: 1\n---\nb: 1", Format::Yaml), @"line 2, column 1: this is not valid YAML: a file is one document, and here begins a second");
    assert_snapshot!(refusal("a: {b: 1, b: 2}", Format::Yaml), @r#"line 1, column 11: this is not valid YAML: the name "b" stands twice in one object"#);
    assert_snapshot!(refusal("{\"b\": 1,\n\"b\": 2}", Format::Json), @r#"line 2, column 1: this is not valid JSON: the name "b" stands twice in one object"#);
    assert_snapshot!(refusal(&format!("a = {}{}", "[".repeat(70), "]".repeat(70)), Format::Toml), @"line 1, column 69: this is not valid TOML: it is nested too deep");
    assert_snapshot!(refusal(&"a".repeat((1 << 20) + 1), Format::Json), @"the file is longer than 1048576 bytes");
}

/// A whole megabyte on one line, or of one object's members, takes no quadratic time.
#[test]
fn a_file_of_the_greatest_size_is_read_in_linear_time() {
    let items = format!("[{}]", vec!["1"; 400_000].join(","));
    assert!(Node::parse(&items, Format::Json).is_ok());
    let members: Vec<String> = (0..60_000).map(|n| format!("\"k{n}\":1")).collect();
    assert!(Node::parse(&format!("{{{}}}", members.join(",")), Format::Json).is_ok());
    let members: Vec<String> = (0..60_000).map(|n| format!("k{n} = 1")).collect();
    assert!(Node::parse(&format!("a = {{{}}}", members.join(",")), Format::Toml).is_ok());
    let members: Vec<String> = (0..60_000).map(|n| format!("k{n}: 1")).collect();
    assert!(Node::parse(&members.join("\n"), Format::Yaml).is_ok());
}

/// A tree of any shape.
fn tree() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ -~]{0,12}".prop_map(String::from),
        "\\PC{0,6}".prop_map(String::from),
        "[\\x00-\\x20\u{85}\u{2028}\u{feff}:#'\"-]{0,6}".prop_map(String::from),
        Just("no: yes".to_owned()),
        Just("null".to_owned()),
        Just("12".to_owned()),
        Just("/a?page=<page>&x=<since|'1'>".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        let members = prop::collection::vec((text.clone(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_as_the_same_tree(tree in tree()) {
        let node = Node::parse(&tree.to_string(), Format::Json).unwrap();
        let yaml = node.to_yaml();
        let again = Node::parse(&yaml, Format::Yaml);
        prop_assert!(again.is_ok(), "{yaml}\n{again:?}");
        prop_assert_eq!(again.unwrap().to_json(), node.to_json(), "{}", yaml);
    }
}
