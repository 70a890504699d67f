//! Each step, forward and back, as a table: what a value becomes, and what becomes of that.

use insta::assert_snapshot;
use tieline_core::MappingContext;

use crate::*;

/// `value -> host value <- provider value`, for each value.
fn round(steps: &str, values: &[&str]) -> String {
    let plan = fields(&format!("\n  - {{host: x, provider: x, steps: [{steps}]}}"));
    let mut lines = Vec::new();
    for value in values {
        let there = mapped(&plan, &format!(r#"{{"x":{value}}}"#), &MappingContext::default());
        let mut parts = there.split('\n');
        let host = parts.next().unwrap_or_default();
        let issue = parts.next().map(|issue| format!(" ({issue})")).unwrap_or_default();
        let again =
            if host.starts_with('{') { back(&plan, host, None).replace("/x = ", "") } else { String::new() };
        let host = host.strip_prefix(r#"{"x":"#).and_then(|rest| rest.strip_suffix('}')).unwrap_or(host);
        lines.push(format!("{value} -> {host}{issue} <- {again}"));
    }
    lines.join("\n")
}

#[test]
fn texts() {
    assert_snapshot!(round("text: {provider: number}", &["42", "1.50", r#""7""#, "true", "[]"]), @r#"
    42 -> "42" <- 42
    1.50 -> "1.50" <- 1.50
    "7" -> "7" <- 7
    true -> "true" <- a field cannot be written back: the provider wants a number, and this text is none: change the value, or the field's steps (rejected, field=/x)
    [] -> null (/x: text takes a text, a number or a boolean, and this is a list) <- 
    "#);
    assert_snapshot!(round("trim", &[r#"" a\nb ""#, r#""\u00e5 ""#, "1"]), @r#"
    " a\nb " -> "a\nb" <- "a\nb"
    "\u00e5 " -> "å" <- "å"
    1 -> null (/x: trim takes a text, and this is a number) <- 
    "#);
    assert_snapshot!(round("lower: {back: capital}", &[r#""Lead""#, r#""ÖPPEN""#]), @r#"
    "Lead" -> "lead" <- "Lead"
    "ÖPPEN" -> "öppen" <- "Öppen"
    "#);
    assert_snapshot!(round("prefix: OE-", &[r#""12""#]), @r#""12" -> "OE-12" <- "12""#);
    assert_snapshot!(round("strip_prefix: OE-", &[r#""OE-12""#, r#""12""#]), @r#"
    "OE-12" -> "12" <- "OE-12"
    "12" -> null (/x: the text does not begin with "OE-") <- 
    "#);
    let plan = fields(
        "\n  - {host: x, provider: x, steps: [extract: {pattern: 'OE-(\\d+)'}]}\n  - {host: y, provider: x, steps: [extract: {pattern: '^[a-z]+', optional: true}]}",
    );
    assert_snapshot!(mapped(&plan, r#"{"x":"nr OE-42"}"#, &MappingContext::default()), @r#"{"x":"42","y":"nr"}"#);
    assert_snapshot!(mapped(&plan, r#"{"x":"?"}"#, &MappingContext::default()), @r#"
    {"x":null,"y":null}
    /x: the text does not match the pattern
    "#);
}

#[test]
fn numbers() {
    assert_snapshot!(round("integer: {provider: text}", &["42", r#"" 007 ""#, "4.0", "1e3", "4.5", r#""x""#, "123456789012345678901234567890"]), @r#"
    42 -> 42 <- "42"
    " 007 " -> 7 <- "7"
    4.0 -> 4 <- "4"
    1e3 -> 1000 <- "1000"
    4.5 -> null (/x: the number has a fraction) <- 
    "x" -> null (/x: the text is no number, or one too large to write out) <- 
    123456789012345678901234567890 -> 123456789012345678901234567890 <- "123456789012345678901234567890"
    "#);
    assert_snapshot!(round("decimal", &["12345678901234567890.12345678901234567890", r#""1.50""#, "1e-3", "-0", "true"]), @r#"
    12345678901234567890.12345678901234567890 -> 12345678901234567890.12345678901234567890 <- 12345678901234567890.12345678901234567890
    "1.50" -> 1.50 <- 1.50
    1e-3 -> 0.001 <- 0.001
    -0 -> 0 <- 0
    true -> null (/x: decimal takes a number or a text, and this is a boolean) <- 
    "#);
    assert_snapshot!(round("decimal: {scale: 2, rounding: half_up, host: text}", &["1.005", "12", r#""-0.001""#]), @r#"
    1.005 -> "1.01" <- 1.01
    12 -> "12.00" <- 12.00
    "-0.001" -> "0.00" <- 0.00
    "#);
    assert_snapshot!(round("decimal: {scale: 2, rounding: exact}", &["1.005", "1.500"]), @r"
    1.005 -> null (/x: the number has more digits after the point than its scale) <- 
    1.500 -> 1.50 <- 1.50
    ");
    assert_snapshot!(round("decimal: {provider: text, decimal_comma: true}", &[r#""1 234,50""#, r#""1.234,5""#]), @r#"
    "1 234,50" -> 1234.50 <- "1234,50"
    "1.234,5" -> 1234.5 <- "1234,5"
    "#);
    assert_snapshot!(round("minor_units", &["12345", r#""-5""#, "0", "1.5"]), @r#"
    12345 -> 123.45 <- 12345
    "-5" -> -0.05 <- -5
    0 -> 0.00 <- 0
    1.5 -> null (/x: the number has a fraction) <- 
    "#);
}

#[test]
fn booleans_tables_and_null() {
    assert_snapshot!(round("boolean", &["true", "1", r#""Ja""#, r#"" nej""#, "0", r#""maybe""#]), @r#"
    true -> true <- true
    1 -> true <- true
    "Ja" -> true <- true
    " nej" -> false <- false
    0 -> false <- false
    "maybe" -> null (/x: this value means neither true nor false (a text)) <- 
    "#);
    assert_snapshot!(round("boolean: {yes: [J], no: [N]}", &[r#""j""#, r#""N""#, "true"]), @r#"
    "j" -> true <- "J"
    "N" -> false <- "N"
    true -> null (/x: this value means neither true nor false (a boolean)) <- 
    "#);
    assert_snapshot!(round("table: {entries: {Lead: lead, Ny: lead, '2': won}}", &[r#""Ny ""#, "2", r#""x""#]), @r#"
    "Ny " -> "lead" <- "Lead"
    2 -> "won" <- "2"
    "x" -> null (/x: the table does not list this value (a text)) <- 
    "#);
    assert_snapshot!(round("table: {entries: [[1, a]], otherwise: keep}", &["1", "2", r#""z""#]), @r#"
    1 -> "a" <- 1
    2 -> 2 <- 2
    "z" -> "z" <- "z"
    "#);
    assert_snapshot!(round("table: {entries: [[1, a]], otherwise: refuse}", &["2"]),
        @"2 -> left out (/x (left out): the table does not list this value (a number)) <- ");
    assert_snapshot!(round("table: {entries: [[1, a]], otherwise: {value: b}}", &["2"]),
        @r#"2 -> "b" <- a field cannot be written back: the table has no way back for this value (a text): change the value, or the field's steps (rejected, field=/x)"#);
    assert_snapshot!(round("default: 0", &["null", "5"]), @r"
    null -> 0 <- 0
    5 -> 5 <- 5
    ");
    assert_snapshot!(round("null_if: ['', API_BLANK]", &[r#""""#, r#""API_BLANK""#, r#""x""#]), @r#"
    "" -> null <- 
    "API_BLANK" -> null <- 
    "x" -> "x" <- "x"
    "#);
}

#[test]
fn lists_and_objects() {
    assert_snapshot!(round("wrap", &[r#""r1""#, "null"]), @r#"
    "r1" -> ["r1"] <- "r1"
    null -> null <- 
    "#);
    assert_snapshot!(round("wrap: {empty: true}", &["null", "1"]), @r"
    null -> [] <- 
    1 -> [1] <- 1
    ");
    assert_snapshot!(round("unwrap", &["[1]", "[]", "[1,2]", "1"]), @r"
    [1] -> 1 <- [1]
    [] -> null <- 
    [1,2] -> null (/x: the list has 2 items, and one is wanted) <- 
    1 -> null (/x: unwrap takes a list, and this is a number) <- 
    ");
    assert_snapshot!(round("split: {separator: ','}", &[r#""a,b""#, r#""""#, r#""a,""#]), @r#"
    "a,b" -> ["a","b"] <- "a,b"
    "" -> [] <- ""
    "a," -> ["a",""] <- "a,"
    "#);
    assert_snapshot!(round("join: {separator: '; '}", &[r#"["a","b"]"#, "[]", "[1]", "[true]"]), @r#"
    ["a","b"] -> "a; b" <- ["a","b"]
    [] -> "" <- []
    [1] -> "1" <- ["1"]
    [true] -> null (/x: join takes a list of texts, and one item is a boolean) <- 
    "#);
    assert_snapshot!(round("object_to_list: {name: layout, value: seats}", &[r#"{"theatre":80,"cocktail":120.0}"#, "[]"]), @r#"
    {"theatre":80,"cocktail":120.0} -> [{"layout":"theatre","seats":80},{"layout":"cocktail","seats":120.0}] <- {"theatre":80,"cocktail":120.0}
    [] -> null (/x: object_to_list takes an object, and this is a list) <- 
    "#);
}

#[test]
fn dates_and_times() {
    assert_snapshot!(round("date: {provider: '%d.%m.%Y'}", &[r#""24.12.2025""#, r#""31.02.2025""#]), @r#"
    "24.12.2025" -> "2025-12-24" <- "24.12.2025"
    "31.02.2025" -> null (/x: the text is no date written as %d.%m.%Y) <- 
    "#);
    assert_snapshot!(round("date", &[r#""2025-12-24""#, r#""2025-13-01""#]), @r#"
    "2025-12-24" -> "2025-12-24" <- "2025-12-24"
    "2025-13-01" -> null (/x: the text is no date written as %Y-%m-%d) <- 
    "#);
    assert_snapshot!(round("time: {provider: '%H:%M'}", &[r#""09:30""#, r#""25:00""#]), @r#"
    "09:30" -> "09:30:00" <- "09:30"
    "25:00" -> null (/x: the text is no time written as %H:%M) <- 
    "#);
}

#[test]
fn moments_and_the_nights_when_clocks_jump() {
    assert_snapshot!(round("datetime", &[r#""2025-01-31T09:00:00Z""#, r#""2025-01-31T10:00:00.250+01:00""#, r#""2025-01-31""#]), @r#"
    "2025-01-31T09:00:00Z" -> "2025-01-31T09:00:00Z" <- "2025-01-31T09:00:00Z"
    "2025-01-31T10:00:00.250+01:00" -> "2025-01-31T09:00:00.250Z" <- "2025-01-31T09:00:00.250Z"
    "2025-01-31" -> null (/x: the text is no moment in RFC 3339) <- 
    "#);
    // 2025-03-30 02:30 does not exist in Stockholm; 2025-10-26 02:30 exists twice.
    let values = [r#""2025-03-30 02:30:00""#, r#""2025-10-26 02:30:00""#, r#""2025-07-01 12:00:00""#];
    assert_snapshot!(round("datetime: {zone: Europe/Stockholm, provider: '%Y-%m-%d %H:%M:%S'}", &values), @r#"
    "2025-03-30 02:30:00" -> "2025-03-30T01:30:00Z" <- "2025-03-30 03:30:00"
    "2025-10-26 02:30:00" -> "2025-10-26T00:30:00Z" <- "2025-10-26 02:30:00"
    "2025-07-01 12:00:00" -> "2025-07-01T10:00:00Z" <- "2025-07-01 12:00:00"
    "#);
    assert_snapshot!(round("datetime: {zone: Europe/Stockholm, provider: '%Y-%m-%d %H:%M:%S', gap: issue, fold: later}", &values), @r#"
    "2025-03-30 02:30:00" -> null (/x: clocks skip this local time that night) <- 
    "2025-10-26 02:30:00" -> "2025-10-26T01:30:00Z" <- "2025-10-26 02:30:00"
    "2025-07-01 12:00:00" -> "2025-07-01T10:00:00Z" <- "2025-07-01 12:00:00"
    "#);
    let plan = fields(
        "
  - {host: event_date, provider: starts, steps: [datetime: {host: '%Y-%m-%d', host_zone: Europe/Zurich}]}
  - {host: start_time, provider: starts, steps: [datetime: {host: '%H:%M:%S', host_zone: Europe/Zurich}]}
",
    );
    assert_snapshot!(mapped(&plan, r#"{"starts":"2025-06-30T22:30:00Z"}"#, &MappingContext::default()),
        @r#"{"event_date":"2025-07-01","start_time":"00:30:00"}"#);
    // The second half hour of that night has no local text of its own.
    let plan = fields(
        "\n  - {host: x, provider: x, steps: [datetime: {zone: Europe/Stockholm, provider: '%Y-%m-%d %H:%M'}]}",
    );
    assert_snapshot!(back(&plan, r#"{"x":"2025-10-26T01:30:00Z"}"#, None),
        @"a field cannot be written back: the value is beyond what the field's steps can give: change the value, or the field's steps (rejected, field=/x)");
    assert_snapshot!(back(&plan, r#"{"x":"2025-10-26T02:30:00+02:00"}"#, None), @r#"/x = "2025-10-26 02:30""#);
}
