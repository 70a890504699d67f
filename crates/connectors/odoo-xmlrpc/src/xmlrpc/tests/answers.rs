//! Answers as servers write them, and as XML allows.

use super::super::*;

/// A row's key, time of change and JSON.
pub(super) type Found = (Option<String>, Option<String>, String);

/// All rows, by the short way or without it.
pub(super) fn read(
    answer: &[u8],
    rules: &FieldRules,
    fast: bool,
) -> tieline_core::Result<Answer<Vec<Found>>> {
    let mut rows = Vec::new();
    let each = |row: Row<'_>| {
        serde_json::from_str::<serde::de::IgnoredAny>(row.json).unwrap();
        rows.push((
            row.key().map(|key| key.to_string()),
            row.changed_at().map(|at| at.into_owned()),
            row.json.to_owned(),
        ));
        Ok(())
    };
    let answer = if fast { read_rows(answer, rules, each) } else { read_rows_slowly(answer, rules, each) };
    Ok(match answer? {
        Answer::Returned(count) => {
            assert_eq!(count, rows.len());
            Answer::Returned(rows)
        }
        Answer::Fault(fault) => Answer::Fault(fault),
    })
}

/// All rows; both ways must agree.
fn rows(answer: &str, rules: &FieldRules) -> Vec<Found> {
    let [fast, slow] = [true, false].map(|fast| read(answer.as_bytes(), rules, fast).unwrap());
    assert_eq!(fast, slow);
    match fast {
        Answer::Returned(rows) => rows,
        Answer::Fault(fault) => panic!("{fault:?}"),
    }
}

pub(super) fn value(inner: &str) -> tieline_core::Result<String> {
    let answer = format!("<methodResponse><params><param>{inner}</param></params></methodResponse>");
    match read_value(answer.as_bytes())? {
        Answer::Returned(json) => Ok(json.get().to_owned()),
        Answer::Fault(fault) => panic!("{fault:?}"),
    }
}

fn list(rows: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n{rows}</data></array></value>\n\
         </param>\n</params>\n\n</methodResponse>\n"
    )
}

fn member(name: &str, value: &str) -> String {
    format!("<member>\n<name>{name}</name>\n<value>{value}</value>\n</member>\n")
}

fn row(members: &[(&str, &str)]) -> String {
    let members: String = members.iter().map(|(name, value)| member(name, value)).collect();
    format!("<value><struct>\n{members}</struct></value>\n")
}

fn odoo() -> FieldRules {
    FieldRules::new("id", "write_date")
        .with("active", FieldRule::Keep)
        .with("color", FieldRule::Integer)
        .with("parent_id", FieldRule::Many2one)
        .otherwise(FieldRule::FalseIsNull)
}

#[test]
fn rows_are_written_once_by_their_rules() {
    let answer = list(
        &(row(&[
            ("id", "<int>41</int>"),
            ("name", "<string>F\u{e4}rg &amp; \"Form\" AB</string>"),
            ("email", "<boolean>0</boolean>"),
            ("parent_id", "<boolean>0</boolean>"),
            ("active", "<boolean>0</boolean>"),
            ("color", "<double>5000000000.0</double>"),
            ("credit", "<double>1.0000000000000004e+16</double>"),
            (
                "category_id",
                "<array><data>\n<value><int>3</int></value>\n<value><int>5</int></value>\n</data></array>",
            ),
            ("write_date", "<string>2026-01-10 08:12:44</string>"),
        ]) + &row(&[
            ("id", "<int>42</int>"),
            ("name", "<string></string>"),
            (
                "parent_id",
                "<array><data>\n<value><int>41</int></value>\n<value><string>F\u{e4}rg &amp; Form</string></value>\n</data></array>",
            ),
            ("write_date", "<string>2026-01-10 09:00:01</string>"),
            ("color", "<int>0</int>"),
            ("category_id", "<array><data>\n</data></array>"),
            ("flags", "<array><data><value><boolean>0</boolean></value></data></array>"),
        ])),
    );
    let found = rows(&answer, &odoo());
    let at = |text: &str| Some(text.to_owned());
    assert_eq!(
        found,
        [
            (
                at("41"),
                at("2026-01-10 08:12:44"),
                "{\"id\":41,\"name\":\"F\u{e4}rg & \\\"Form\\\" AB\",\"email\":null,\"parent_id\":null,\"active\":false,\
                 \"color\":5000000000,\"credit\":1.0000000000000004e+16,\"category_id\":[3,5],\
                 \"write_date\":\"2026-01-10 08:12:44\"}"
                    .to_owned()
            ),
            (
                at("42"),
                at("2026-01-10 09:00:01"),
                "{\"id\":42,\"name\":\"\",\"parent_id\":{\"id\":41,\"name\":\"F\u{e4}rg & Form\"},\
                 \"write_date\":\"2026-01-10 09:00:01\",\"color\":0,\"category_id\":[],\"flags\":[false]}"
                    .to_owned()
            ),
        ]
    );
}

#[test]
fn a_many2one_of_another_shape_is_a_reference_or_stays_as_it_is() {
    let rules = odoo();
    for (value, expected) in [
        ("<int>5</int>", "5"),
        ("<array><data></data></array>", "null"),
        ("<array><data><value><int>5</int></value></data></array>", "{\"id\":5,\"name\":null}"),
        ("<array><data><value><int>5</int></value><value><int>6</int></value></data></array>", "[5,6]"),
        (
            "<array><data><value><string>a</string></value><value><string>b</string></value></data></array>",
            "{\"id\":\"a\",\"name\":\"b\"}",
        ),
        (
            "<array><data><value><boolean>0</boolean></value><value><string></string></value></data></array>",
            "null",
        ),
        ("<array><data><value><nil/></value><value><string></string></value></data></array>", "null"),
        (
            "<array><data><value><int>5</int></value><value><nil/></value></data></array>",
            "{\"id\":5,\"name\":null}",
        ),
        (
            "<array><data><value><int>5</int></value><value><boolean>0</boolean></value></data></array>",
            "{\"id\":5,\"name\":null}",
        ),
    ] {
        let found = rows(&list(&row(&[("parent_id", value), ("id", "<int>1</int>")])), &rules);
        assert_eq!(found[0].2, format!("{{\"parent_id\":{expected},\"id\":1}}"));
    }
}

#[test]
fn keys_and_times_of_other_types() {
    let rules = odoo();
    for (id, at, expected) in [
        ("<string>a&lt;b</string>", "<string>x\ty</string>", (Some("a<b"), Some("x\ty"))),
        ("<string>a&#10;b</string>", "<boolean>0</boolean>", (Some("a\nb"), None)),
        ("<boolean>0</boolean>", "<int>5</int>", (None, None)),
        ("<string></string>", "<string></string>", (None, Some(""))),
        ("<i8>9007199254740993</i8>", "plain", (Some("9007199254740993"), Some("plain"))),
    ] {
        let found = rows(&list(&row(&[("id", id), ("write_date", at)])), &rules);
        assert_eq!((found[0].0.as_deref(), found[0].1.as_deref()), expected, "{id}");
    }
    // Of a name that comes twice the last counts.
    let found = rows(&list(&row(&[("id", "<int>1</int>"), ("id", "<int>2</int>")])), &rules);
    assert_eq!(found[0].0.as_deref(), Some("2"));
}

#[test]
fn xml_may_be_written_in_many_ways() {
    let rules = odoo();
    let usual = rows(
        &list(&row(&[("id", "<int>1</int>"), ("name", "<string>a&amp;b</string>"), ("x", "<string/>")])),
        &rules,
    );
    for odd in [
        "<value><struct><member><name>id</name><value><i4> 1 </i4></value></member><member><name>name</name><value>\
         <![CDATA[a&b]]></value></member><member><name>x</name><value/></member></struct></value>",
        "<value>\n<struct ><!-- c --><member><name>id</name><value> <int a='>'>1</int> </value></member><?pi?>\
         <member><name>n<![CDATA[am]]>&#101;</name><value>a<!-- & -->&#38;b</value></member>\
         <member><name>x</name><value><string></string></value></member></struct></value>",
    ] {
        assert_eq!(rows(&list(odd), &rules), usual, "{odd}");
    }
    let marked = format!("\u{feff}\n{}", list(&row(&[("id", "<int>1</int>")])));
    assert_eq!(rows(&marked, &rules).len(), 1);
    assert_eq!(rows(&list(""), &rules), []);
    assert_eq!(rows(&list("<value><struct/></value>"), &rules)[0].2, "{}");
}

#[test]
fn every_type_has_a_json_value() {
    for (xml, json) in [
        ("<value><i4>-5</i4></value>", "-5"),
        ("<value><int>+5</int></value>", "5"),
        ("<value><i8>9007199254740993</i8></value>", "9007199254740993"),
        ("<value><ex:i8>1</ex:i8></value>", "1"),
        ("<value><double>12345678901234567.89</double></value>", "12345678901234567.89"),
        ("<value><double>1e-07</double></value>", "1e-07"),
        ("<value><boolean>1</boolean></value>", "true"),
        ("<value><boolean> 0 </boolean></value>", "false"),
        ("<value><string> a </string></value>", "\" a \""),
        ("<value>plain</value>", "\"plain\""),
        ("<value> </value>", "\" \""),
        ("<value></value>", "\"\""),
        ("<value/>", "\"\""),
        ("<value><nil/></value>", "null"),
        ("<value><ex:nil></ex:nil></value>", "null"),
        ("<value><dateTime.iso8601>20260110T08:12:44</dateTime.iso8601></value>", "\"20260110T08:12:44\""),
        ("<value><base64>\nYWJj\r\nZGVm\n</base64></value>", "\"YWJjZGVm\""),
        ("<value><array><data/></array></value>", "[]"),
        ("<value><array/></value>", "[]"),
        ("<value><struct/></value>", "{}"),
        (
            "<value><struct><member><name>a</name><value><array><data><value><struct><member><name></name><value>\
             </value></member></struct></value></data></array></value></member></struct></value>",
            "{\"a\":[{\"\":\"\"}]}",
        ),
        // Not allowed in XML, but sent by Odoo.
        ("<value><string>a\u{fffe}b</string></value>", "\"a\u{fffe}b\""),
    ] {
        assert_eq!(value(xml).unwrap(), json, "{xml}");
    }
}

#[test]
fn faults_have_a_code_and_a_text() {
    let fault = |code: &str| {
        let members =
            member("faultCode", code) + &member("faultString", "<string>Access Denied &lt;\n</string>");
        format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n{members}</struct></value>\n</fault>\n</methodResponse>\n"
        )
    };
    for (code, expected) in
        [("<int>3</int>", "3"), ("<string>warning -- UserError\n\nNo</string>", "warning -- UserError\n\nNo")]
    {
        let expected = Fault { code: expected.into(), text: "Access Denied <\n".into() };
        let answer = fault(code);
        assert_eq!(read_fault(answer.as_bytes()).unwrap(), Some(expected.clone()));
        assert_eq!(read_value(answer.as_bytes()).unwrap(), Answer::Fault(expected.clone()));
        let rows = read_rows(answer.as_bytes(), &odoo(), |_| panic!("a fault has no rows"));
        assert_eq!(rows.unwrap(), Answer::Fault(expected));
    }
    assert_eq!(read_fault(list("").as_bytes()).unwrap(), None);
}
