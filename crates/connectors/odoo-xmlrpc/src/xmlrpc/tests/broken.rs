//! What is refused, and in which words.

use super::super::*;
use super::answers::value;

fn refused(answer: &[u8]) -> String {
    let error = read_value(answer).unwrap_err();
    assert_eq!(error.kind(), tieline_core::ErrorKind::Decode);
    error.to_string()
}

#[test]
fn errors_say_what_and_where_and_no_content() {
    let mut texts = String::new();
    for answer in [
        &b""[..],
        b"<html>secret</html>",
        b"secret",
        b"{\"secret\":1}",
        b"\xff\xfe<",
        b"<?xml version='1.0' encoding='latin-1'?><methodResponse/>",
        b"<!DOCTYPE secret [<!ENTITY a \"b\">]><methodResponse/>",
        b"<methodResponse/>",
        b"<methodResponse><params/></methodResponse>",
        b"<methodResponse><params><param/></params></methodResponse>",
        b"<methodResponse><params><param><value>sec",
        b"<methodResponse><params><param><value><str",
        b"<methodResponse><params><param><value></string></value></param></params></methodResponse>",
        b"<methodResponse><params><param><value>&secret;</value></param></params></methodResponse>",
        b"<methodResponse><params><param><value>a & b</value></param></params></methodResponse>",
        b"<methodResponse><params><param><value>secret<int>1</int></value></param></params></methodResponse>",
        b"<methodResponse><params><param><value><int>1</int>secret</value></param></params></methodResponse>",
        b"<methodResponse><params><param><value><int>1</int><int>1</int></value></param></params></methodResponse>",
        b"<methodResponse><params><param><value><secret/></value></param></params></methodResponse>",
        b"<methodResponse><params><param><value/></param><param><value/></param></params></methodResponse>",
        b"<methodResponse><params><param><value/></param></params></methodResponse><a/>",
        b"<methodResponse><params><param><value/></param></params></methodResponse>secret",
        b"<methodResponse><?xml version='1.0'?></methodResponse>",
        b"<methodResponse><fault><value><int>1</int></value></fault></methodResponse>",
    ] {
        let text = refused(answer);
        assert!(!text.contains("secret"), "{text}");
        texts.push_str(&format!("{}\n    {text}\n", String::from_utf8_lossy(answer).replace('\u{fffd}', "?")));
    }
    insta::assert_snapshot!("refused_answers", texts);
}

#[test]
fn values_of_no_type_are_refused() {
    for xml in [
        "<value><int></int></value>",
        "<value><int>1.5</int></value>",
        "<value><double>nan</double></value>",
        "<value><double>-inf</double></value>",
        "<value><boolean>2</boolean></value>",
        "<value><boolean/></value>",
        "<value><nil>x</nil></value>",
        "<value><struct><name>a</name></struct></value>",
        "<value><struct><member><value/></member></struct></value>",
        "<value><struct><member><name>a</name></member></struct></value>",
        "<value><struct><member><name>a</name><value/><value/></member></struct></value>",
        "<value><array><value/></array></value>",
        "<value><array><data><int>1</int></data></array></value>",
        "<value><string><b>x</b></string></value>",
        "<struct/>",
    ] {
        assert!(value(xml).is_err(), "{xml}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| {
        format!("{}{}", "<value><array><data>".repeat(depth), "</data></array></value>".repeat(depth))
    };
    assert_eq!(value(&nested(MAX_DEPTH)).unwrap(), "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH));
    assert!(value(&nested(MAX_DEPTH + 1)).unwrap_err().message().contains("deeper"));
    // Elements that XML-RPC does not have end the reading at once, however deep they nest.
    assert!(value(&"<a>".repeat(1_000_000)).is_err());
}

#[test]
fn an_answer_beyond_the_bound_is_not_looked_at() {
    let long = vec![b' '; MAX_BYTES + 1];
    assert!(refused(&long).contains("longer than is read"));
}

#[test]
fn rows_are_structs() {
    let rules = FieldRules::new("id", "write_date");
    for xml in [
        "<value><boolean>0</boolean></value>",
        "<value/>",
        "<value><array><data><value><int>1</int></value></data></array></value>",
        "<value><array><data><value><struct/></value></data></array>",
        "<value><array><data><value><struct/><member><name>a</name><value/></member></value></data></array></value>",
    ] {
        let answer = format!("<methodResponse><params><param>{xml}</param></params></methodResponse>");
        assert!(read_rows(answer.as_bytes(), &rules, |_| Ok(())).is_err(), "{xml}");
    }
}

#[test]
fn the_first_error_of_the_caller_ends_the_reading() {
    let answer =
        "<methodResponse><params><param><value><array><data><value><struct/></value><value><struct/></value>";
    let mut seen = 0;
    let error = read_rows(answer.as_bytes(), &FieldRules::default(), |row| {
        seen += 1;
        assert_eq!(row.record(), None);
        Err(tieline_core::Error::unsupported("this"))
    });
    assert_eq!((seen, error.unwrap_err().kind()), (1, tieline_core::ErrorKind::Unsupported));
}
