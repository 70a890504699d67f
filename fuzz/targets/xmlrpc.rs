//! Answers of XML-RPC: any bytes, and any bytes as the members of a row.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tieline_core::{Error, ErrorKind, RawJson, Result};
use tieline_odoo_xmlrpc::xmlrpc::{
    Answer, FieldRule, FieldRules, Row, read_fault, read_rows, read_rows_slowly, read_value,
};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let mut framed =
        b"<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n<value><struct>\n".to_vec();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(
        b"</struct></value>\n</data></array></value>\n</param>\n</params>\n</methodResponse>\n",
    );
    check(&framed);
});

fn check(answer: &[u8]) {
    match read_value(answer) {
        Ok(Answer::Returned(json)) => {
            sound(json.get());
            assert_eq!(read_fault(answer).unwrap(), None);
        }
        Ok(Answer::Fault(fault)) => assert_eq!(read_fault(answer).unwrap(), Some(fault)),
        Err(error) => refused(&error),
    }
    let rules = FieldRules::new("id", "write_date")
        .with("a", FieldRule::FalseIsNull)
        .with("b", FieldRule::Integer)
        .with("c", FieldRule::Many2one)
        .otherwise(FieldRule::Keep);
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    let fast_end = read_rows(answer, &rules, |row| keep(&mut fast, &row));
    let slow_end = read_rows_slowly(answer, &rules, |row| keep(&mut slow, &row));
    assert_eq!(fast, slow);
    match (fast_end, slow_end) {
        (Ok(fast_end), Ok(slow_end)) => assert_eq!(fast_end, slow_end),
        (Err(fast_error), Err(slow_error)) => {
            assert_eq!(fast_error.to_string(), slow_error.to_string());
            refused(&fast_error);
        }
        ends => panic!("the two ways disagree: {ends:?}"),
    }
}

/// A row's JSON, key and time of change.
type Found = (String, Option<String>, Option<String>);

fn keep(rows: &mut Vec<Found>, row: &Row<'_>) -> Result<()> {
    sound(row.json);
    let key = row.key().map(|key| key.to_string());
    assert_ne!(key.as_deref(), Some(""));
    rows.push((row.json.to_owned(), key, row.changed_at().map(|at| at.into_owned())));
    Ok(())
}

/// What is kept as checked text must be JSON, down to its strings.
fn sound(json: &str) {
    RawJson::parse(json).unwrap();
    assert!(!json.bytes().any(|byte| byte < b' '), "a control character is written as it is");
}

fn refused(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.context().any(|(name, _)| name == "byte"), "{error}");
}
