//! What is said about files that are wrong: all of it at once, with the place, and what to write instead.

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
    ($($name:ident: $text:expr => $said:expr;)*) => {
        $(#[test]
        fn $name() {
            let text = $text;
            for said in $said {
                assert!(text.contains(said), "{said:?} is not said, but:\n{text}");
            }
        })*

        /// As people read them: the place, the line of the file, what is wrong, and what to write instead.
        #[test]
        fn the_messages_of_all_mistakes() {
            let mut all = String::new();
            $(all.push_str(&format!("== {}\n{}\n", stringify!($name), $text));)*
            insta::assert_snapshot!(all);
        }
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
") => [r#"bad.yaml:8:13: there is no entity "conversation": did you mean "conversations"?"#, "    8 |     parent: conversation\n      |             ^^^^^^^^^^^^", r#"bad.yaml:9:55: the word "lats" is not known here: did you mean "last"?"#, r#"bad.yaml:10:5: there is no setting "recods" here: did you mean "records"?"#, r#"bad.yaml:11:18: there is no base "objekt": did you mean "object"?"#];
    a_login_that_sends_a_time: findings("name: T\nurl: https://t.example\nauth:\n  session: {fields: {pin: Key}, call: 'PUT /s?k=<pin>&until=<now:seconds>', token: {from: /t, bearer: true}}") => ["<now:seconds> in a login: only the day can be sent: write <now:date>"];
    an_account_by_a_setting_that_is_not_there: findings("name: T\nurl: https://t.example\nsettings: {account: A}\ncheck: {call: /me, setting: acount}") => ["`setting` chooses one of `others`, which are missing", "there is no setting \"acount\" of the connection: did you mean \"account\"?"];
    no_document: findings("name: [") => ["this is not valid YAML"];
    no_object: findings("- a\n- b") => ["bad.yaml:1:1: here stands a list, and should stand an object"];
    empty: findings("") => ["bad.yaml: this is not valid YAML: it is empty"];
    name_and_url_missing: findings("entities: {a: /a}") => [r#"the setting "name" is missing"#, r#"the setting "url" is missing: say where the API is: url: https://api.example.com"#];
    unknown_top_level: findings("name: T\nurl: https://t.example\nentitys: {a: /a}\nlimit: [1 per 1s]") => [r#"bad.yaml:3:1: there is no setting "entitys" here: did you mean "entities"?"#, r#"bad.yaml:4:1: there is no setting "limit" here: did you mean "limits"?"#];
    another_version: findings("version: 2\nname: T\nurl: https://t.example") => ["bad.yaml:1:10: the description is written in a version that is not known: this engine reads version 1"];
    url_without_scheme: findings("name: T\nurl: api.example.com") => ["bad.yaml:2:6: this is no address: write it like https://api.example.com"];
    url_with_an_unknown_setting: findings("name: T\nurl: <adress>/api\nsettings: {address: {title: A, kind: url}}") => ["bad.yaml:2:6: this is no path"];
    setting_named_like_a_word: findings("name: T\nurl: https://t.example\nsettings: {page: Page, 'a b': X}") => [r#"a setting cannot be called "page""#, r#"a setting cannot be called "a b""#];
    setting_of_an_unknown_kind: findings("name: T\nurl: https://t.example\nsettings: {a: {titel: A, kind: number}}") => [r#"there is no setting "titel" here: did you mean "title"?"#, r#"the word "number" is not known here"#];
    auth_that_is_not_known: findings("name: T\nurl: https://t.example\nauth: [beerer, header, {oauth: {}}, {oauth2: {authorize: http://x}}]") => [r#"the word "beerer" is not known here: did you mean "bearer"?"#, "say its name: {header: X-Api-Key}", r#"there is no scheme "oauth": did you mean "oauth1"?"#, r#"the setting "token" is missing"#];
    headers_that_frame_or_prove: findings("name: T\nurl: https://t.example\nheaders: {Authorization: x, Content-Length: '1', 'a b': c, X-Good: 1}") => [r#"the header "Authorization" cannot be set here: say with `auth` how requests prove themselves"#, r#"the header "Content-Length" cannot be set here"#, r#""a b" is no name of a header"#];
    limits_that_are_none: findings("name: T\nurl: https://t.example\nlimits: [100 in 10s, 0 per 1s, 5 per 1x, 5 per 1s for, 3 at once]") => [r#""100 in 10s" is no limit: write it like `100 per 10s`"#, r#""0 per 1s" is no limit"#, r#""5 per 1x" is no limit"#, r#""5 per 1s for" is no limit"#];
    error_rules: findings("name: T\nurl: https://t.example\nerrors:\n  mesage: error\n  when:\n    - {error: forbiden}\n    - {status: 999, is: x}\n    - {status: 4xx, wait: soon}") => [r#"there is no setting "mesage" here: did you mean "message"?"#, r#"the word "forbiden" is not known here: did you mean "forbidden"?"#, "this rule would hold for every answer", r#""999" is no status"#, "`is` needs `at`", r#""soon" is no duration"#];
    zone_that_is_none: findings("name: T\nurl: https://t.example\nzone: Europe/Olso") => [r#"there is no time zone "Europe/Olso": did you mean "Europe/Oslo"?"#];
    entity_without_anything: entities("  a: {title: A}") => [r#"nothing can be done with "a": say how it is listed: list: /path"#];
    entity_that_is_a_list: entities("  a: [/a, /b]") => ["here stands a list, and should stand an object"];
    path_without_slash: entities("  a: contacts") => ["this is no path: write the path from a slash on, such as /contacts"];
    method_that_is_none: entities("  a: GTE /contacts\n  b: FETCH /b") => [r#"there is no method "GTE" here"#, r#"there is no method "FETCH" here"#];
    call_missing: entities("  a: {list: {body: {}}}") => [r#"the setting "call" is missing: write the request: call: /path"#];
    word_without_end: entities("  a: /a?page=<page") => ["bad.yaml:4:14: this word has no end: close it with >, or write << for the character itself"];
    empty_word: entities("  a: /a?page=<>") => ["a word is missing between < and >"];
    format_that_is_none: entities("  a: /a?since=<since:iso>&x=<since:%Q>") => [r#"there is no format "iso""#];
    fallback_without_quotes: entities("  a: /a?since=<since|1970-01-01>") => ["this is no number: put a text in quotes"];
    quoted_text_without_end: entities("  a: /a?since=<since|'x>") => ["this word has no end"];
    word_of_another_place: entities("  a: /a?key=<key>") => [r#"the word "key" is not known here"#];
    optional_page: entities("  a: /a?page=<page?>") => ["<page> cannot be marked with ?: only members of input and record can"];
    next_from_nowhere: entities("  a: /a?after=<next>") => ["<next> is used, and nothing says where it comes from: say where the answer has it, such as next: /paging/next"];
    token_from_nowhere: entities("  a: /a?token=<token>") => ["<token> is used, and nothing says where it comes from"];
    two_ways_to_page: entities("  a: {list: '/a?page=<page>&offset=<offset>', records: data}") => ["<page> and <offset> page one list in several ways"];
    window_without_end_and_start: entities("  a: {list: '/a?from=<since>', window: 7d}") => ["window is said, and the request has no <until>", "window is said, and no start"];
    newest_first_without_time: entities("  a: {list: '/a?page=<page>', newest_first: true}") => ["newest_first needs a time of change to end at"];
    parent_without_use_and_use_without_parent: entities("  a: /a/<parent.key>\n  b: {list: /b, parent: a}") => ["<parent…> is used, and there is no parent", "no request uses <parent.key>, so every a would list the same"];
    own_parent: entities("  a: {list: /a/<parent.key>, parent: b}\n  b: {list: /b/<parent.key>, parent: a}") => [r#""a" is its own parent"#];
    grouped_parents_without_a_number: entities("  p: /p\n  a: {list: '/a?ids=<parents>', parent: p}") => ["<parents> stands for several, and one is asked for at a time"];
    paths_that_are_refused: entities("  a:\n    list: /a\n    records: /data[0]/items\n    next: $..next") => [r#""[" cannot stand in a path"#, r#"".." cannot stand in a path"#];
    durations_and_counts: entities("  a: {list: /a, overlap: five minutes, page_size: many, newest_first: 'yes'}") => [r#""five minutes" is no duration: write it like 10s, 5m, 1h, 7d or 5y"#, "here should stand a whole number", "and should stand true or false"];
    body_and_form: entities("  a: {list: {call: POST /a, body: {}, form: {a: 1}}}") => ["a request has a body or a form, not both"];
    look_up_without_key: entities("  a: {list: /a, lookup: /a/1, lookups: /a/all, update: PATCH /a}") => ["lookup has no <key>", "lookups has no <keys>", "update has no <key>"];
    marker_without_search: entities("  a: {list: /a, create: POST /a, marker: ref}") => ["a marker is said, and no way to find it: a lost create will become a question"];
    value_within_quotes: entities("  a: {list: /a, find: \"/a?$filter=name eq '<value>'\"}") => ["<value> stands within quotes, which its value could end"];
    total_within_the_records: entities("  a: {list: /a, records: data, total: /data/total}") => ["/data/total is not beside the records at /data"];
    settings_that_nothing_carries_out: entities("  a: {list: /a, keys: /k}") => [r#""keys" is not carried out by this version"#];
    jobs_that_are_never_done: entities("  a: {list: {call: POST /a, job: {poll: /a/<id>, state: state}}}\n  b: {list: {call: POST /b, job: {pol: /b}}}") => [r#"a job is done when its `state` is one of `done`: say both: state: status, done: [completed]"#, r#"there is no setting "pol" here: did you mean "poll"?"#];
    uploads_that_are_not_known: entities("  a: {list: /a, actions: {send: {call: POST /a, upload: multipart}}}") => [r#"the word "multipart" is not known here"#];
    parents_that_are_not_known_well_enough: entities("  p: /p\n  a: {list: '/a/<parent.key>?x=<parent.name>', parent: p, follows: true, lookup: '/a/<parent.x>/<key>'}\n  b: {list: /b, follows: true}\n  c: {list: '/c?ids=<parents>', parent: {p: 5}, follows: true}") => [r#"fields of "p" are words, and nothing looks one up: say how: lookup: /p/<key>"#, r#"follows needs to know when "p" changed: say where its time of change is: changed: PATH"#, "fields of the parent are words of lists and creates only", "follows is said, and there is no parent", "follows needs parents that are asked for one at a time"];
    batches_that_cannot_be: entities("  a: {list: /a, create: {call: POST /a, many: 5}, update: {call: PATCH /a/<key>, body: <records>}, delete: {call: POST /a, body: {ids: <keys>}}, upsert: PUT /a/1, detail: /a}") => ["many is said, and create has no <records>", "<records> stands for several, and update sends one", "<keys> stands for several, and delete sends one", "detail has no <key>"];
    batches_without_a_size: entities("  a: {list: /a, create: {call: POST /a, body: <records>, many: {results: /r}}}") => [r#"the setting "most" is missing: say how many records one request takes"#];
    conditions_that_are_none: entities("  a: {list: /a, where: {n: {over: 1, above: x}}}") => [r#"there is no setting "over" here"#, "here should stand a whole number"];
    webhooks_that_contradict: findings("name: T\nurl: https://t.example\nentities: {contacts: /c}\nwebhooks:\n  verify: {headr: x, signed: '{boddy}'}") => [r#"there is no setting "headr" here: did you mean "header"?"#, r#"the setting "header" is missing"#];
    webhooks_that_name_what_is_not_there: findings("name: T\nurl: https://t.example\nentities: {contacts: /c}\nwebhooks:\n  verify: chatwood\n") => [r#"there is no scheme of verification "chatwood": did you mean "chatwoot"?"#];
    webhooks_without_what_they_need: findings("name: T\nurl: https://t.example\nentities: {contacts: /c}\nwebhooks:\n  verify: unsigned\n  unsigned_if: {x: y}\n  events: {'contact_*': {entity: contact, key: id}, other: {key: id}, x: gone}\n  subscribe: {call: POST /w, body: {on: <events>}}\n  unsubscribe: DELETE /w/<id>") => [r#"there is no setting "x" of a connection"#, r#"there is no entity "contact": did you mean "contacts"?"#, r#"<events> cannot name what "contact_*" stands for"#, "subscribe has no <callback>", "unsubscribe needs the list of subscriptions", "events are named, and nothing says where an event has its name", r#"the setting "entity" is missing"#, r#"the word "gone" is not known here"#];
    choices_and_defaults: findings("name: T\nurl: https://t.example\nsettings: {a: {title: A, values: {x: 1}, default: y}, b: {title: B, choices: {records: data}}}\ncheck: {call: /me, others: {value: id}}") => [r#"the default "y" is none of the values"#, r#"the setting "call" is missing"#, r#"the setting "at" is missing"#];
    word_of_a_base_that_an_entity_does_not_give: findings("
name: T
url: https://t.example
bases:
  b: {list: /objects/<kind>}
entities:
  a: {base: b, let: {kind: x}}
  c: {base: b}
") => [r#"the word "kind" is not known here"#];
    same_name_twice: entities("  a: /a\n  a: /b") => [r#"the name "a" stands twice in one object"#];
    aliases: entities("  a: &x /a\n  b: *x") => ["aliases are not read, so write the value out"];
    a_tag_without_limit: findings("name: T\nurl: https://t.example\nlimits: [5 per 1s for search]\nentities: {a: {list: {call: /a, tag: serach}}}") => [r#"the tag "serach" has no limit: did you mean "search"?"#];
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
