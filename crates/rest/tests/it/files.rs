//! What is said about files that are wrong: all of it at once, with the place, and what to write instead.

use insta::assert_snapshot;
use tieline_document::Format;
use tieline_rest::Description;

fn findings(text: &str) -> String {
    match Description::load("bad.yaml", text.trim_start_matches('\n'), Format::Yaml) {
        Ok(_) => "nothing".to_owned(),
        Err(findings) => findings.to_string(),
    }
}

/// The entities of a file that is right otherwise.
fn entities(text: &str) -> String {
    findings(&format!("name: T\nurl: https://t.example\nentities:\n{}", text.trim_start_matches('\n')))
}

macro_rules! wrong {
    ($($name:ident: $text:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_snapshot!(stringify!($name), $text);
        })*
    };
}

wrong! {
    the_example_of_the_documentation: findings("
name: Chat
url: https://chat.example
bases:
  object: {list: /objects}
entities:
  conversations: {list: /conversations, records: data}
  messages:
    parent: conversation
    list: /conversations/<parent.key>/messages?after=<lats.id|0>
    recods: payload
  things: {base: objekt}
");
    no_document: findings("name: [");
    no_object: findings("- a\n- b");
    empty: findings("");
    name_and_url_missing: findings("entities: {a: /a}");
    unknown_top_level: findings("name: T\nurl: https://t.example\nentitys: {a: /a}\nlimit: [1 per 1s]");
    another_version: findings("version: 2\nname: T\nurl: https://t.example");
    url_without_scheme: findings("name: T\nurl: api.example.com");
    url_with_an_unknown_setting: findings("name: T\nurl: <adress>/api\nsettings: {address: {title: A, kind: url}}");
    setting_named_like_a_word: findings("name: T\nurl: https://t.example\nsettings: {page: Page, 'a b': X}");
    setting_of_an_unknown_kind: findings("name: T\nurl: https://t.example\nsettings: {a: {titel: A, kind: number}}");
    auth_that_is_not_known: findings("name: T\nurl: https://t.example\nauth: [beerer, header, {oauth: {}}, {oauth2: {authorize: http://x}}]");
    headers_that_frame_or_prove: findings("name: T\nurl: https://t.example\nheaders: {Authorization: x, Content-Length: '1', 'a b': c, X-Good: 1}");
    limits_that_are_none: findings("name: T\nurl: https://t.example\nlimits: [100 in 10s, 0 per 1s, 5 per 1x, 5 per 1s for, 3 at once]");
    error_rules: findings("name: T\nurl: https://t.example\nerrors:\n  mesage: error\n  when:\n    - {error: forbiden}\n    - {status: 999, is: x}\n    - {status: 4xx, wait: soon}");
    zone_that_is_none: findings("name: T\nurl: https://t.example\nzone: Europe/Olso");
    entity_without_anything: entities("  a: {title: A}");
    entity_that_is_a_list: entities("  a: [/a, /b]");
    path_without_slash: entities("  a: contacts");
    method_that_is_none: entities("  a: GTE /contacts\n  b: FETCH /b");
    call_missing: entities("  a: {list: {body: {}}}");
    word_without_end: entities("  a: /a?page=<page");
    empty_word: entities("  a: /a?page=<>");
    format_that_is_none: entities("  a: /a?since=<since:iso>&x=<since:%Q>");
    fallback_without_quotes: entities("  a: /a?since=<since|1970-01-01>");
    quoted_text_without_end: entities("  a: /a?since=<since|'x>");
    word_of_another_place: entities("  a: /a?key=<key>");
    optional_page: entities("  a: /a?page=<page?>");
    next_from_nowhere: entities("  a: /a?after=<next>");
    token_from_nowhere: entities("  a: /a?token=<token>");
    two_ways_to_page: entities("  a: {list: '/a?page=<page>&offset=<offset>', records: data}");
    window_without_end_and_start: entities("  a: {list: '/a?from=<since>', window: 7d}");
    newest_first_without_time: entities("  a: {list: '/a?page=<page>', newest_first: true}");
    parent_without_use_and_use_without_parent: entities("  a: /a/<parent.key>\n  b: {list: /b, parent: a}");
    own_parent: entities("  a: {list: /a/<parent.key>, parent: b}\n  b: {list: /b/<parent.key>, parent: a}");
    grouped_parents_without_a_number: entities("  p: /p\n  a: {list: '/a?ids=<parents>', parent: p}");
    paths_that_are_refused: entities("  a: {list: /a, records: /data[0]/items, next: $..next}");
    durations_and_counts: entities("  a: {list: /a, overlap: five minutes, page_size: many, newest_first: 'yes'}");
    body_and_form: entities("  a: {list: {call: POST /a, body: {}, form: {a: 1}}}");
    look_up_without_key: entities("  a: {list: /a, lookup: /a/1, lookups: /a/all, update: PATCH /a}");
    marker_without_search: entities("  a: {list: /a, create: POST /a, marker: ref}");
    value_within_quotes: entities("  a: {list: /a, find: \"/a?$filter=name eq '<value>'\"}");
    total_within_the_records: entities("  a: {list: /a, records: data, total: /data/total}");
    not_carried_out: entities("  a: {list: /a, token_from: /x, keys: /k}");
    word_of_a_base_that_an_entity_does_not_give: findings("
name: T
url: https://t.example
bases:
  b: {list: /objects/<kind>}
entities:
  a: {base: b, let: {kind: x}}
  c: {base: b}
");
    same_name_twice: entities("  a: /a\n  a: /b");
    aliases: entities("  a: &x /a\n  b: *x");
    a_tag_without_limit: findings("name: T\nurl: https://t.example\nlimits: [5 per 1s for search]\nentities: {a: {list: {call: /a, tag: serach}}}");
}

#[test]
fn what_is_right_is_loaded_in_all_formats() {
    let yaml = "name: T\nurl: https://t.example\nentities: {a: '/a?page=<page>'}";
    let json = r#"{"name":"T","url":"https://t.example","entities":{"a":"/a?page=<page>"}}"#;
    let toml = "name = \"T\"\nurl = \"https://t.example\"\n[entities]\na = \"/a?page=<page>\"";
    for (text, format) in [(yaml, Format::Yaml), (json, Format::Json), (toml, Format::Toml)] {
        let description = Description::load("x", &format!("\u{feff}{text}"), format).unwrap();
        assert_eq!(description.entities[0].1.list[0].query[0].value.as_ref().unwrap().to_string(), "<page>");
    }
}

/// A base that many entities use is told of once.
#[test]
fn a_slip_in_a_base_is_one_finding() {
    let mut text =
        "name: T\nurl: https://t.example\nbases: {b: {list: '/x?p=<pgae>'}}\nentities:\n".to_owned();
    for number in 0..50 {
        text.push_str(&format!("  e{number}: {{base: b}}\n"));
    }
    let findings = Description::load("x", &text, Format::Yaml).unwrap_err();
    assert_eq!(findings.list().len(), 1);
}

#[test]
fn files_are_bounded() {
    let many: String = (0..501).map(|number| format!("  e{number}: /e\n")).collect();
    assert!(entities(&many).contains("there are more than 500 entities"));
    assert!(entities(&format!("  a: /a?x={}", "y".repeat(17 << 10))).contains("longer than 16384 bytes"));
    assert!(findings(&"#".repeat((1 << 20) + 1)).contains("longer than 1048576 bytes"));
    let words = "<page>".repeat(33);
    assert!(entities(&format!("  a: /a?x={words}")).contains("more than 32 words"));
}
