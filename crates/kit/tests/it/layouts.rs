//! Pages by a layout: what is found, what stops one record, and what stops the page.

use insta::assert_snapshot;
use tieline_core::Key;
use tieline_kit::{JsonPath, PageLayout, Records};

fn path(text: &str) -> JsonPath {
    text.parse().unwrap()
}

fn layout(records: &str, heads: &[&str], members: &[&str]) -> PageLayout {
    let mut layout = PageLayout::new(&path(records));
    for head in heads {
        layout = layout.with_head(&path(head)).unwrap();
    }
    for member in members {
        layout = layout.with_member(&path(member)).unwrap();
    }
    layout
}

/// Each record: its heads, or what is wrong with it.
fn seen(layout: &PageLayout, heads: usize, text: &str) -> Vec<String> {
    let mut seen = Vec::new();
    layout
        .walk(text, |record| {
            seen.push(match record.fault() {
                Some(fault) => format!("{} at {}", fault.problem, fault.byte),
                None => {
                    let heads = (0..heads).map(|head| record.head(head).map_or("-", |head| head.json()));
                    heads.collect::<Vec<_>>().join(" ")
                }
            });
            Ok(())
        })
        .unwrap();
    seen
}

fn refusal(layout: &PageLayout, text: &str) -> String {
    match layout.walk(text, |_| Ok(())) {
        Ok(page) => page.count().map(|count| count.to_string()).unwrap_or_else(|error| error.to_string()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn records_are_found_wherever_the_path_leads() {
    for (records, text, expected) in [
        ("", r#"[{"id":1},{"id":2}]"#, vec!["1", "2"]),
        ("data", r#"{"x":[{"id":9}],"data":[{"id":1},{"id":2}],"y":{}}"#, vec!["1", "2"]),
        ("/data/list/rows", r#"{"data":{"list":{"rows":[{"id":1}]}}}"#, vec!["1"]),
        ("/list/*/record", r#"{"list":[{"record":{"id":1}},{"other":2,"record":{"id":2}}]}"#, vec!["1", "2"]),
        ("/data/*", r#"{"data":{"7":{"id":7},"8":{"id":8}}}"#, vec!["7", "8"]),
        ("/a/*/b", r#"{"a":[{"b":[{"id":1},{"id":2}]},{"b":[]},{"b":[{"id":3}]}]}"#, vec!["1", "2", "3"]),
        ("/a/*/*", r#"{"a":{"x":[{"id":1}],"y":[{"id":2}]}}"#, vec!["1", "2"]),
        ("d\u{e4}ta", r#"{"d\u00e4ta":[{"id":1}]}"#, vec!["1"]),
        ("a~b", r#"{ "a~b" : [ { "id" : 1 } ] }"#, vec!["1"]),
    ] {
        let layout = layout(records, &["id"], &[]);
        assert_eq!(seen(&layout, 1, text), expected, "{records}");
    }
    let one = PageLayout::new(&path("data")).or_one().with_head(&path("id")).unwrap();
    assert_eq!(seen(&one, 1, r#"{"data":{"id":1}}"#), ["1"]);
}

#[test]
fn heads_and_members_are_found_at_any_depth_before_and_after() {
    let layout = layout(
        "/data/deals/edges",
        &["cursor", "/node/id", "/node/owner/name", "/node"],
        &["/data/deals/pageInfo/endCursor", "/extensions/cost", "total"],
    );
    let text = r#"{"extensions":{"cost":{"a":1}},"data":{"deals":{"edges":[
        {"node":{"owner":{"name":"\u00c5sa","id":5},"id":"7"},"cursor":"c1"},
        {"cursor":"c2","node":{"id":"8"}}],"pageInfo":{"x":[],"endCursor":"c2"}}},"total":12}"#;
    assert_eq!(
        seen(&layout, 4, text),
        [r#""c1" "7" "\u00c5sa" {"owner":{"name":"\u00c5sa","id":5},"id":"7"}"#, r#""c2" "8" - {"id":"8"}"#,]
    );
    let page = layout.walk(text, |_| Ok(())).unwrap();
    assert_eq!(page.member(0).unwrap().text().as_deref(), Some("c2"));
    assert_eq!(page.member(1).unwrap().json(), r#"{"a":1}"#);
    assert_eq!(page.member(2).unwrap().scalar().as_deref(), Some("12"));
    assert_eq!(page.records, Records::List(2));
}

#[test]
fn a_payload_is_the_record_and_heads_are_looked_for_around_it_first() {
    let layout = layout("changes", &["fileId", "modifiedTime"], &[]).with_payload(&path("file")).unwrap();
    let text = r#"{"changes":[{"fileId":"a","file":{"modifiedTime":"t1","fileId":"x"}},{"fileId":"b","removed":true},{"file":null,"fileId":"c"}]}"#;
    let mut found = Vec::new();
    layout
        .walk(text, |record| {
            let head =
                |number| record.head(number).and_then(|head| head.text()).unwrap_or_default().into_owned();
            found.push((head(0), head(1), record.payload()));
            Ok(())
        })
        .unwrap();
    let expected = [
        ("a".to_owned(), "t1".to_owned(), Some(r#"{"modifiedTime":"t1","fileId":"x"}"#)),
        ("b".to_owned(), String::new(), None),
        ("c".to_owned(), String::new(), None),
    ];
    assert_eq!(found, expected);
}

/// One bad record never stops a page.
#[test]
fn a_broken_record_is_left_out_and_the_page_goes_on() {
    let layout = layout("data", &["id"], &["next"]);
    let text = r#"{"data":[{"id":1},{"id":2,"x":NaN},{"id":3,"id":4},{"id":5,"t":"a	b"},{"x":[1,,"y"]},{"id":"\ud83d"},{"id":7}],"next":"n"}"#;
    assert_eq!(
        seen(&layout, 1, text),
        [
            "1",
            "is not valid JSON at 30",
            "has a member twice at 43",
            "is not valid JSON at 65",
            "is not valid JSON at 78",
            r#""\ud83d""#,
            "7",
        ]
    );
    let page = layout.walk(text, |_| Ok(())).unwrap();
    assert_eq!(page.count().unwrap(), 7);
    assert_eq!(page.member(0).unwrap().text().as_deref(), Some("n"));
}

#[test]
fn ids_are_whole_numbers_or_texts_that_can_be_kept() {
    let layout = layout("", &["id"], &[]);
    let text = r#"[{"id":7},{"id":-7},{"id":12345678901234567890123},{"id":"a b"},{"id":"\u00e5"},{"id":7.0},{"id":""},{"id":null},{"id":"\ud83d"},{"id":"a\u0000b"},{"id":[1]},{"id":true},{}]"#;
    let mut keys = Vec::new();
    layout
        .walk(text, |record| {
            keys.push(record.head(0).and_then(|id| id.key()).map(|key: Key| key.as_str().to_owned()));
            Ok(())
        })
        .unwrap();
    let keys: Vec<&str> = keys.iter().map(|key| key.as_deref().unwrap_or("-")).collect();
    assert_eq!(
        keys,
        ["7", "-7", "12345678901234567890123", "a b", "å", "-", "-", "-", "-", "-", "-", "-", "-"]
    );
}

#[test]
fn what_stops_a_page_names_member_and_byte() {
    let layout = layout("/data/rows", &["id"], &["next"]);
    assert_snapshot!(refusal(&layout, r#"{"data":{"rows":null}}"#), @"0");
    assert_snapshot!(refusal(&layout, r#"{"data":null}"#), @"0");
    assert_snapshot!(refusal(&layout, r#"{"data":{}}"#), @r#""/data/rows" is missing in the answer (decode)"#);
    assert_snapshot!(refusal(&layout, r#"{"data":{"rows":{}}}"#), @r#""rows" in the answer is not a list: go on later from the last stored state, and report it if it stays (decode, byte=16)"#);
    assert_snapshot!(refusal(&layout, r#"{"data":[]}"#), @r#""data" in the answer is not an object: go on later from the last stored state, and report it if it stays (decode, byte=8)"#);
    assert_snapshot!(refusal(&layout, r#"{"data":{"rows":[]},"data":{"rows":[]}}"#), @r#""data" in the answer occurs twice: go on later from the last stored state, and report it if it stays (decode, byte=20)"#);
    assert_snapshot!(refusal(&layout, r#"{"next":1,"next":2,"data":{"rows":[]}}"#), @r#""next" in the answer occurs twice: go on later from the last stored state, and report it if it stays (decode, byte=10)"#);
    assert_snapshot!(refusal(&layout, r#"{"data":{"rows":[{"id":1},{"id":2"#), @r#""rows[1]" in the answer ends in the middle: go on later from the last stored state, and report it if it stays (decode, byte=33)"#);
    assert_snapshot!(refusal(&layout, r#"{"data":{"rows":[{"id":1}"#), @r#""rows" in the answer ends in the middle: go on later from the last stored state, and report it if it stays (decode, byte=25)"#);
    assert_snapshot!(refusal(&layout, r#"{"data":{"rows":[]}} x"#), @"the answer has text after its end: go on later from the last stored state, and report it if it stays (decode, byte=21)");
    assert_snapshot!(refusal(&layout, "  "), @"the answer is empty where JSON is documented (decode)");
    assert_snapshot!(refusal(&layout, "<html>"), @"a web page came instead of JSON: check the address, and that no proxy, login page or maintenance page stands between here and the provider (decode)");
}

#[test]
fn layouts_are_bounded_and_make_sense() {
    let mut many = PageLayout::new(&path("data"));
    for number in 0..16 {
        many = many.with_head(&path(&format!("f{number}"))).unwrap();
    }
    assert_eq!(many.head_at(&path("f15")), Some(15));
    assert_snapshot!(many.clone().with_head(&path("f16")).unwrap_err(), @"more than 16 members of each record are looked for (config)");
    assert_snapshot!(many.clone().with_member(&path("/data/total")).unwrap_err(), @r#"/data/total is not beside the records at "/data" (config)"#);
    assert_snapshot!(many.with_member(&path("/errors/*/code")).unwrap_err(), @"/errors/*/code stands for several places, and one is needed (config)");
    assert!(format!("/{}", vec!["a"; 33].join("/")).parse::<JsonPath>().is_err());
}

#[test]
fn lines_are_records_and_a_cut_line_is_no_end() {
    let layout = layout("", &["id"], &[]);
    let read = |text: &str| {
        let mut seen = Vec::new();
        let count = layout.walk_lines(text, |record| {
            seen.push(record.fault().map_or_else(
                || record.head(0).map_or("-", |id| id.json()).to_owned(),
                |fault| format!("{} at {}", fault.problem, fault.byte),
            ));
            Ok(())
        });
        count.map(|count| format!("{count}: {}", seen.join(", "))).unwrap_or_else(|error| error.to_string())
    };
    assert_snapshot!(read("{\"id\":1}\n\n {\"id\":2} \r\n{\"id\":3}"), @"3: 1, 2, 3");
    assert_snapshot!(read("{\"id\":1}\n{\"id\":}\n{\"id\":3} x\n{\"id\":4}\n"), @"4: 1, is not valid JSON at 15, has text after its end at 25, 4");
    assert_snapshot!(read("{\"id\":1}\n{\"id\":2"), @r#""line 2" in the answer ends in the middle: go on later from the last stored state, and report it if it stays (decode, byte=16)"#);
    assert_snapshot!(read(""), @"0:");
}
