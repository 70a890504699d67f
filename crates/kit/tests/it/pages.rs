use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use tieline_core::{ErrorKind, Result};
use tieline_kit::{Envelope, HeadFlag, HeadKey, HeadText, Records, parse_page};

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(default)]
    id: HeadKey,
    #[serde(default, borrow)]
    update_time: HeadText<'a>,
    #[serde(default)]
    is_deleted: HeadFlag,
}

fn rows<'a>(text: &'a str, path: &[&str]) -> Result<(Vec<&'a str>, Envelope<'a>)> {
    let mut rows = Vec::new();
    let envelope = parse_page(text, path, |_: Head<'_>, raw| {
        rows.push(raw);
        Ok(())
    })?;
    Ok((rows, envelope))
}

fn message(text: &str, path: &[&str]) -> String {
    let error = rows(text, path).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Decode);
    error.to_string()
}

#[test]
fn heads_and_texts_come_from_one_scan() {
    let text = "\u{feff} {\"success\":true,\n \"data\" : [ {\"id\":1,\"x\":[{}, \"}\"]} ,{\"id\":\"b\\u0061\",\"update_time\":\"2\\u0030\",\"is_deleted\":1}\n],\"additional_data\":{\"next_cursor\":null}} ";
    let mut heads = Vec::new();
    let envelope = parse_page(text, &["data"], |head: Head<'_>, raw| {
        let HeadKey(key) = head.id;
        heads.push((
            key.unwrap().to_string(),
            head.update_time.get().map(str::to_owned),
            head.is_deleted.0,
            raw.len(),
        ));
        Ok(())
    })
    .unwrap();
    assert_eq!(
        heads,
        [("1".to_owned(), None, None, 22), ("ba".to_owned(), Some("20".to_owned()), Some(true), 55),]
    );
    assert_eq!(envelope.records, Records::List(2));
    assert_eq!(envelope.member::<bool>("success").unwrap(), Some(true));
    assert_eq!(envelope.member::<bool>("absent").unwrap(), None);
    assert!(envelope.member::<bool>("additional_data").is_err());
}

#[test]
fn lists_are_found_where_providers_put_them() {
    for (text, path, expected) in [
        ("[]", &[][..], Records::List(0)),
        ("[{},{}]", &[], Records::List(2)),
        (r#"{"data":null}"#, &["data"], Records::Null),
        ("{}", &["data"], Records::Absent),
        (r#"{"data":{"payload":[{}]},"meta":1}"#, &["data", "payload"], Records::List(1)),
        (r#"{"data":null}"#, &["data", "payload"], Records::Null),
        (r#"{"data":{}}"#, &["data", "payload"], Records::Absent),
        (r#"{"d\u0061ta":[{}]}"#, &["data"], Records::List(1)),
    ] {
        assert_eq!(rows(text, path).unwrap().1.records, expected, "{text}");
    }
    let (_, envelope) = rows("{}", &["data"]).unwrap();
    insta::assert_snapshot!(envelope.count("data").unwrap_err(), @r#""data" is missing in the answer (decode)"#);
}

#[test]
fn what_is_wrong_is_named_and_never_quoted() {
    insta::assert_snapshot!(message("", &["data"]), @"the answer is empty where JSON is documented (decode)");
    insta::assert_snapshot!(message(" \n<!doctype html><p>secret", &["data"]), @"a web page came instead of JSON: check the address, and that no proxy, login page or maintenance page stands between here and the provider (decode)");
    insta::assert_snapshot!(message("secret", &["data"]), @"the answer is not valid JSON: go on later from the last stored state, and report it if it stays (decode, byte=1)");
    insta::assert_snapshot!(message("[]", &["data"]), @"the answer is not an object: go on later from the last stored state, and report it if it stays (decode, byte=0)");
    insta::assert_snapshot!(message("null", &[]), @"the answer is not a list: go on later from the last stored state, and report it if it stays (decode, byte=0)");
    insta::assert_snapshot!(message(r#"{"data":"secret"}"#, &["data"]), @r#""data" in the answer is not a list: go on later from the last stored state, and report it if it stays (decode, byte=8)"#);
    insta::assert_snapshot!(message(r#"{"data":[{"id":1},7]}"#, &["data"]), @r#""data[1]" in the answer has another type than documented: go on later from the last stored state, and report it if it stays (decode, byte=19)"#);
    insta::assert_snapshot!(message("{\"data\":[{\"id\":1},\n{\"id\":secret}]}", &["data"]), @r#""data[1]" in the answer is not valid JSON: go on later from the last stored state, and report it if it stays (decode, byte=26)"#);
    insta::assert_snapshot!(message(r#"{"data":[{"id":1},{"id""#, &["data"]), @r#""data[1]" in the answer ends in the middle: go on later from the last stored state, and report it if it stays (decode, byte=23)"#);
    insta::assert_snapshot!(message(r#"{"data":[{"id":1}"#, &["data"]), @r#""data" in the answer ends in the middle: go on later from the last stored state, and report it if it stays (decode, byte=17)"#);
    insta::assert_snapshot!(message(r#"{"data":[{}],"data":[]}"#, &["data"]), @r#""data" in the answer occurs twice: go on later from the last stored state, and report it if it stays (decode, byte=13)"#);
    insta::assert_snapshot!(message(r#"{"data":[{"id":1,"id":2}]}"#, &["data"]), @r#""data[0]" in the answer has another type than documented: go on later from the last stored state, and report it if it stays (decode, byte=21)"#);
    insta::assert_snapshot!(message(r#"{"data":[]} x"#, &["data"]), @"the answer has text after its end: go on later from the last stored state, and report it if it stays (decode, byte=12)");
    insta::assert_snapshot!(message(r#"{"data":[],"more":"secret}"#, &["data"]), @r#""more" in the answer ends in the middle: go on later from the last stored state, and report it if it stays (decode, byte=26)"#);
    insta::assert_snapshot!(message(r#"{"data":[{},]}"#, &["data"]), @r#""data[1]" in the answer is not valid JSON: go on later from the last stored state, and report it if it stays (decode, byte=13)"#);
}

#[test]
fn depth_is_an_error_or_walked_over_but_never_a_crash() {
    let deep = "[".repeat(5_000_000);
    assert!(rows(&deep, &[]).is_err());
    assert!(rows(&format!("{{\"data\":{deep}"), &["data"]).is_err());
    assert!(rows(&format!("{{\"other\":{deep}"), &["data"]).is_err());
    assert!(rows(&format!("{{\"data\":[{{\"x\":{deep}"), &["data"]).is_err());
    assert!(rows(&format!("{{\"data\":[{{\"id\":{deep}"), &["data"]).is_err());
    let nested = format!("{{\"data\":[{{\"x\":{}{}}}]}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(rows(&nested, &["data"]).unwrap().0.len(), 1);
}

#[test]
fn odd_values_in_a_head_do_not_fail_the_page() {
    for odd in ["null", "true", "1.5", "-1", "\"\"", "[1,[2]]", "{\"a\":{}}"] {
        let text = format!(r#"{{"data":[{{"id":{odd},"update_time":{odd},"is_deleted":{odd}}}]}}"#);
        assert_eq!(rows(&text, &["data"]).unwrap().0.len(), 1, "{odd}");
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e6..1.0e6f64).prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        "[\"\\\\\n{}\\[\\]]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("[a-e\"]{0,3}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_page_is_what_a_parser_makes_of_it(
        records in prop::collection::vec(prop::collection::hash_map("[a-z]{1,3}", json(), 0..4), 0..6),
        beside in prop::collection::hash_map("[a-ce-z]{1,4}", json(), 0..4),
        pretty in any::<bool>(),
    ) {
        let records: Vec<Value> = records.into_iter().map(|record| Value::Object(record.into_iter().collect())).collect();
        let mut page: serde_json::Map<String, Value> = beside.into_iter().collect();
        page.insert("data".to_owned(), records.into());
        let text = if pretty { serde_json::to_string_pretty(&page) } else { serde_json::to_string(&page) }.unwrap();
        let parsed: Value = serde_json::from_str(&text).unwrap();
        let (rows, envelope) = rows(&text, &["data"]).unwrap();
        let read: Vec<Value> = rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
        prop_assert_eq!(&Value::from(read), &parsed["data"]);
        for name in page.keys().filter(|name| *name != "data") {
            let read: Value = serde_json::from_str(envelope.raw(name).unwrap()).unwrap();
            prop_assert_eq!(&read, &parsed[name]);
        }
    }

    #[test]
    fn a_page_cut_anywhere_is_an_error(records in prop::collection::vec(json(), 0..4), cut in any::<prop::sample::Index>()) {
        let records: Vec<Value> = records.into_iter().map(|value| serde_json::json!({ "id": 1, "v": value })).collect();
        let text = serde_json::json!({ "data": records, "next": "x" }).to_string();
        let at = (0..=cut.index(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        prop_assert!(rows(&text[..at], &["data"]).is_err());
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,60}", json in "[\\[\\]{}:,\"\\\\datnu0-9. ]{0,80}") {
        for path in [&[][..], &["data"], &["data", "data"]] {
            let _ = rows(&text, path);
            let _ = rows(&json, path);
            let _ = rows(&format!("{{\"data\":{json}"), path);
            let _ = rows(&format!("{{\"data\":[{json}"), path);
        }
    }
}
