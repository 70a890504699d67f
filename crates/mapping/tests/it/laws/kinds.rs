//! Kinds of fields, each with the values that a provider may have and the values that a host may want.

use proptest::prelude::*;
use proptest::strategy::Union;
use tieline_mapping::{
    Boolean, Case, Date, Datetime, Decimal, FieldDirection, FieldSpec, Integer, LetterCase, Lookup,
    MinorUnits, NumberAs, ObjectToList, Otherwise, Rounding, Separator, Source, Step, Table, Text, TextOf,
    Time, Unwrap, Wrap,
};

/// JSON texts.
pub(crate) type Values = BoxedStrategy<String>;

/// A kind of field.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    /// For whoever reads a failure.
    #[allow(dead_code, reason = "Debug shows it")]
    pub(super) name: &'static str,
    /// From the source's path.
    pub(super) source: fn(&str) -> Source,
    pub(super) or: Vec<Source>,
    /// What a provider may have.
    pub(super) provider: Values,
    /// What a host may want: the declared range.
    pub(super) range: Values,
}

pub(crate) fn any_number() -> Values {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        re("-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?"),
        re("-?[1-9](\\.[0-9]{1,5})?[eE][+-]?[0-9]{1,2}"),
    ]
    .boxed()
}

pub(super) fn any_text() -> Values {
    prop_oneof![re("\\PC{0,12}"), re("[ \t\n\"\\\\a-zåÄÖ,;0-9-]{0,12}")].prop_map(json).boxed()
}

pub(crate) fn any_json() -> Values {
    let leaf = prop_oneof![Just("null".to_owned()), Just("true".to_owned()), any_number(), any_text()];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((re("[a-c/~]{0,2}"), inner), 0..4).prop_map(|members| {
                let members: Vec<String> =
                    members.into_iter().map(|(name, value)| format!("{}:{value}", json(name))).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
    .boxed()
}

/// Parsed once: a pattern used as a strategy itself is parsed for each value.
fn re(pattern: &str) -> Values {
    proptest::string::string_regex(pattern).unwrap().boxed()
}

fn json(text: String) -> String {
    serde_json::Value::from(text).to_string()
}

fn texts(pattern: &'static str) -> Values {
    re(pattern).prop_map(json).boxed()
}

fn one_of(values: &[&'static str]) -> Values {
    Union::new(values.iter().map(|value| Just((*value).to_owned()))).boxed()
}

fn not_null(values: Values) -> Values {
    values.prop_filter("null", |value| value != "null").boxed()
}

fn list(items: Values) -> Values {
    prop::collection::vec(items, 0..4).prop_map(|items| format!("[{}]", items.join(","))).boxed()
}

fn kind(name: &'static str, source: fn(&str) -> Source, provider: Values, range: Values) -> Kind {
    Kind { name, source, or: Vec::new(), provider, range }
}

/// Every two-way step, alone and in company.
pub(super) fn kinds() -> Vec<Kind> {
    let path = Source::path;
    let mut kinds = vec![
        kind("copy", path, any_json(), any_json()),
        kind(
            "trim",
            |p| Source::path(p).step(Step::Trim),
            any_text(),
            texts("[a-z]([a-z\" å]{0,5}[å\\\\])?"),
        ),
        kind(
            "lower",
            |p| Source::path(p).step(Step::Lower(Case::default())),
            any_text(),
            texts("[a-zåäö0-9 ]{0,8}"),
        ),
        kind(
            "lower and capital",
            |p| Source::path(p).step(Step::Lower(Case { back: Some(LetterCase::Capital) })),
            any_text(),
            texts("[a-zåäö ]{0,8}"),
        ),
        kind(
            "upper",
            |p| Source::path(p).step(Step::Upper(Case::default())),
            any_text(),
            texts("[A-ZÅÄÖ0-9]{0,8}"),
        ),
        kind(
            "prefix",
            |p| Source::path(p).step(Step::Prefix("OE-".into())),
            any_text(),
            texts("OE-[a-z0-9]{0,6}"),
        ),
        kind(
            "strip prefix",
            |p| Source::path(p).step(Step::StripPrefix("OE-".into())),
            texts("OE-[a-z0-9]{0,6}"),
            any_text(),
        ),
        kind(
            "text of a number",
            |p| Source::path(p).step(Text { provider: TextOf::Number }),
            any_number(),
            texts("-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,9})?"),
        ),
        kind(
            "integer",
            |p| Source::path(p).step(Integer { provider: NumberAs::Text }),
            texts(" ?-?[0-9]{1,25} ?"),
            re("0|-?[1-9][0-9]{0,25}"),
        ),
        kind(
            "decimal",
            |p| Source::path(p).step(Decimal::default()),
            any_number(),
            re("-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?"),
        ),
        kind(
            "money",
            |p| {
                let settings = Decimal {
                    scale: Some(2),
                    rounding: Rounding::HalfUp,
                    host: NumberAs::Text,
                    ..Decimal::default()
                };
                Source::path(p).step(settings)
            },
            any_number(),
            texts("-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,2})?"),
        ),
        kind(
            "decimal comma",
            |p| {
                Source::path(p).step(Decimal {
                    provider: NumberAs::Text,
                    decimal_comma: true,
                    ..Decimal::default()
                })
            },
            texts("-?[0-9]{1,3}( [0-9]{3}){0,2},[0-9]{2}"),
            re("-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,9})?"),
        ),
        kind(
            "minor units",
            |p| Source::path(p).step(MinorUnits::default()),
            any_number(),
            re("(0|[1-9][0-9]{0,25})(\\.[0-9]{1,2})?"),
        ),
        kind("boolean", |p| Source::path(p).step(Boolean::default()), any_json(), one_of(&["true", "false"])),
        kind(
            "table",
            |p| Source::path(p).step(stages(Otherwise::Issue)),
            any_stage(),
            one_of(&["\"lead\"", "7", "null", "true"]),
        ),
        kind(
            "open table",
            |p| Source::path(p).step(stages(Otherwise::Keep)),
            any_stage(),
            texts("[d-z]{4,9}"),
        ),
        kind("default", |p| Source::path(p).step(Step::Default(raw("0"))), any_json(), not_null(any_json())),
        kind(
            "null if",
            |p| Source::path(p).step(Step::NullIf(vec![raw("\"\"")])),
            any_text(),
            texts("[a-z]{1,5}"),
        ),
        kind(
            "wrap",
            |p| Source::path(p).step(Wrap::default()),
            any_json(),
            not_null(any_json()).prop_map(|item| format!("[{item}]")).boxed(),
        ),
        kind(
            "wrap or empty",
            |p| Source::path(p).step(Wrap { empty: true }),
            any_json(),
            prop_oneof![Just("[]".to_owned()), not_null(any_json()).prop_map(|item| format!("[{item}]"))]
                .boxed(),
        ),
        kind("unwrap", |p| Source::path(p).step(Unwrap::default()), list(any_json()), any_json()),
        kind(
            "split",
            |p| Source::path(p).step(Step::Split(comma())),
            texts("[a-z, ]{0,8}"),
            list(texts("[a-z]{1,4}")),
        ),
        kind("join", |p| Source::path(p).step(Step::Join(comma())), list(any_text()), any_text()),
        kind("object to list", |p| Source::path(p).step(ObjectToList::default()), any_json(), members()),
    ];
    kinds.extend(times());
    kinds.extend(in_company());
    kinds
}

fn times() -> Vec<Kind> {
    let moments = || {
        (0i64..4_000_000_000).prop_map(|seconds| {
            let text = rfc3339(seconds);
            format!("\"{text}\"")
        })
    };
    vec![
        kind(
            "date",
            |p| Source::path(p).step(Date { provider: "%d.%m.%Y".into(), ..Date::default() }),
            texts("[0-3][0-9]\\.[01][0-9]\\.(19|20)[0-9]{2}"),
            texts("(19|20)[0-9]{2}-(0[1-9]|1[0-2])-([01][1-9]|2[0-8])"),
        ),
        kind(
            "time",
            |p| Source::path(p).step(Time { provider: "%H:%M".into(), ..Time::default() }),
            texts("[0-2][0-9]:[0-6][0-9]"),
            texts("([01][0-9]|2[0-3]):[0-5][0-9]:00"),
        ),
        kind(
            "moment",
            |p| Source::path(p).step(Datetime::default()),
            texts("20[0-3][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:00:00(Z|\\+02:00)"),
            moments().boxed(),
        ),
        kind(
            "local moment",
            |p| {
                let zone = Some("Asia/Tokyo".to_owned());
                Source::path(p).step(Datetime {
                    zone,
                    provider: Some("%Y-%m-%d %H:%M:%S".into()),
                    ..Datetime::default()
                })
            },
            texts("20[0-3][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:00:00"),
            moments().boxed(),
        ),
        kind(
            "local moment with summer time",
            |p| {
                let zone = Some("Europe/Stockholm".to_owned());
                Source::path(p).step(Datetime {
                    zone,
                    provider: Some("%Y-%m-%dT%H:%M".into()),
                    ..Datetime::default()
                })
            },
            texts("20[0-3][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5]0"),
            // Clocks jump at night.
            texts("20[0-3][0-9]-(0[1-9]|1[0-2])-([01][1-9]|2[0-8])T(0[5-9]|1[0-9]):[0-5]0:00Z"),
        ),
    ]
}

fn rfc3339(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Civil from days, by Howard Hinnant's algorithm.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Steps after one another, look-ups, lists of fields, fallbacks.
fn in_company() -> Vec<Kind> {
    let trimmed: fn(&str) -> Source = |p| {
        Source::path(p)
            .step(Step::Trim)
            .step(Step::NullIf(vec![raw("\"\"")]))
            .step(Step::Lower(Case::default()))
    };
    vec![
        kind(
            "trim, null if, lower",
            trimmed,
            any_text(),
            prop_oneof![texts("[a-z]{1,5}"), Just("null".to_owned())].boxed(),
        ),
        kind(
            "trim, table",
            |p| {
                Source::path(p)
                    .step(Step::Trim)
                    .step(stages(Otherwise::Null))
                    .step(Step::Default(raw("\"?\"")))
            },
            any_stage(),
            one_of(&["\"lead\"", "true"]),
        ),
        kind(
            "trim, split",
            |p| Source::path(p).step(Step::Trim).step(Step::Split(comma())),
            texts("[a-z, ]{0,8}"),
            list(texts("[a-z]{1,4}")),
        ),
        kind(
            "minor units as text",
            |p| Source::path(p).step(MinorUnits { host: NumberAs::Text, ..MinorUnits::default() }),
            any_number(),
            texts("-?[1-9][0-9]{0,9}\\.[0-9]{2}"),
        ),
        kind(
            "lookup by key",
            |p| Source::path(p).step(Lookup::of_key("users", "name").key("id")),
            re("0|[1-9][0-9]?"),
            texts("user [1-9]"),
        ),
        kind(
            "lookup by a field",
            |p| Source::path(p).step(Step::Lower(Case::default())).step(Lookup::by("users", "name", "id")),
            texts("[Uu]ser [0-9]{1,2}"),
            re("[1-9]"),
        ),
        kind(
            "several",
            |p| Source::several([format!("{p}/0x").as_str(), format!("{p}/1x").as_str()]),
            prop_oneof![
                any_json(),
                (any_json(), any_json()).prop_map(|(one, other)| format!(r#"{{"0x":{one},"1x":{other}}}"#))
            ]
            .boxed(),
            (any_json(), any_json()).prop_map(|(one, other)| format!("[{one},{other}]")).boxed(),
        ),
        Kind {
            or: vec![Source::path("/shared"), Source::constant("none")],
            ..kind("fallbacks", Source::path, any_json(), not_null(any_json()))
        },
    ]
}

fn raw(text: &str) -> tieline_core::RawJson {
    tieline_core::RawJson::parse(text).unwrap()
}

fn comma() -> Separator {
    Separator { separator: ",".into() }
}

fn stages(otherwise: Otherwise) -> Table {
    let entries =
        [("\"a\"", "\"lead\""), ("\"b\"", "\"lead\""), ("3", "7"), ("false", "null"), ("\"c\"", "true")];
    Table { entries: entries.iter().map(|(from, to)| (raw(from), raw(to))).collect(), otherwise }
}

fn any_stage() -> Values {
    prop_oneof![one_of(&["\"a\"", "\" b\"", "3", "\"3\"", "false", "\"c\"", "\"x\"", "null"]), any_json()]
        .boxed()
}

fn members() -> Values {
    prop::collection::btree_map(re("[a-d]{1,2}"), any_json(), 0..4)
        .prop_map(|members| {
            let items: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!(r#"{{"name":"{name}","value":{value}}}"#))
                .collect();
            format!("[{}]", items.join(","))
        })
        .boxed()
}

/// A two-way field of this kind.
pub(super) fn field(kind: &Kind, host: &str, provider: &str) -> FieldSpec {
    let field = FieldSpec::new(host, (kind.source)(provider)).direction(FieldDirection::Both);
    FieldSpec { or: kind.or.clone(), ..field }
}
