//! The step jq: what filters make of values, what is refused, and what is out of bounds.

use insta::assert_snapshot;
use proptest::prelude::*;
use tieline_core::MappingContext;
use tieline_mapping::{Format, Mapping, Source, Step};

use crate::laws::kinds::{any_json, any_number};
use crate::*;

fn plan(filter: &str) -> Result<CompiledMapping, String> {
    let filter = serde_json::to_string(filter).unwrap();
    let text = format!("version: 1\nfields:\n  - host: x\n    provider: x\n    steps:\n      - jq: {filter}");
    Mapping::load(&text, Format::Yaml).map_err(|error| error.to_string())
}

/// What a filter makes of a value, or why it is refused.
fn run(filter: &str, value: &str) -> String {
    match plan(filter) {
        Ok(plan) => {
            let made = mapped(&plan, &format!(r#"{{"x":{value}}}"#), &MappingContext::default());
            let made = made.replacen(r#"{"x":"#, "", 1);
            match made.split_once('\n') {
                Some((_, issue)) => format!("{filter} -> {issue}"),
                None => format!("{filter} -> {}", made.strip_suffix('}').unwrap_or(&made)),
            }
        }
        Err(error) => error,
    }
}

fn all(value: &str, filters: &[&str]) -> String {
    filters.iter().map(|filter| run(filter, value)).collect::<Vec<_>>().join("\n")
}

const PEOPLE: &str = r#"[{"n":"Bo","v":2.50,"p":true},{"n":"Åsa","v":10,"p":false},{"n":"al","v":2.5}]"#;

#[test]
fn filters() {
    assert_snapshot!(all(PEOPLE, FILTERS));
}

const FILTERS: &[&str] = &[
    ".[0].n",
    ".[-1].n",
    ".[1:] | length",
    "[.[] | .n]",
    "map(.v) | add",
    "map(select(.p)) | first | .v",
    "map({name: .n, twice: (.v * 2), (.n): 1}) | .[1]",
    "map(.n | ascii_downcase) | sort | join(\", \")",
    "sort_by(.v) | map(.n)",
    "group_by(.v) | map(length)",
    "map(.v) | unique",
    "min_by(.v).n, max_by(.v).n",
    "[min_by(.v).n, max_by(.v).n]",
    "map(.p) | [any, all]",
    "map(.v > 2) | [any, all]",
    "[any(.p), all(.v > 2), all(.p)]",
    ".[0] | keys",
    ".[0] | to_entries | from_entries",
    ".[0] | with_entries(select(.key != \"p\"))",
    ".[0] | has(\"n\") and (has(\"q\") | not)",
    ".[0] | \"\\(.n) has \\(.v)\"",
    "if length > 2 then \"many\" elif length == 0 then \"none\" else \"few\" end",
    ".[9].n // \"nobody\"",
    "map(type) | unique | first",
    "map(.n)[0] | split(\"\") | reverse",
    ".[0] as $first | map(.v == $first.v)",
    "[.[] | .n | tonumber?]",
    "empty",
    ".[]",
    ".n",
    ".[0].n + 1",
    "[first(.[] | select(.v > 2.5) | .n), last(.[] | .n)]",
    "[.[0] < .[1], .[0] == {v: 2.5, p: true, n: \"Bo\"}, [null, false, true, 0, \"\", [], {}] == ([{}, [], \"\", 0, true, false, null] | sort)]",
];

#[test]
fn numbers_are_exact_or_an_issue() {
    let numbers = "[12345678901234567890.12345678901234567890,12345678901234567890.12345678901234567891,0.1,0.2,1e2,-1.50]";
    let filters = [
        ".[0]",
        "map(.)",
        "map(tostring)",
        ".[0] == .[1]",
        "[min, max]",
        ".[2] + .[3]",
        ".[2] + .[3] == 0.3",
        ".[5] * .[3]",
        "-(.[5])",
        ".[4] / 8",
        ".[4] / 3",
        "(.[4] / 3) // 0",
        ".[0] * .[1]",
        ".[4] == 100",
        ".[5] % 1",
        "1 / 0",
        "\"1e3\" | tonumber",
        "12345678901234567890123 + 1",
        "sort | map(. > 0.15)",
        "unique | length",
    ];
    assert_snapshot!(all(numbers, &filters));
}

#[test]
fn what_reaches_outside_repeats_or_grows_is_refused() {
    let filters = [
        "env.HOME",
        "$ENV.HOME",
        "now",
        "input",
        "[inputs]",
        "halt",
        "debug",
        "error",
        "error(\"x\")",
        "..",
        "recurse",
        "recurse(.a)",
        "[range(10)]",
        "repeat(1)",
        "while(true; .)",
        "until(true; .)",
        "limit(3; .[])",
        "reduce .[] as $x (0; . + $x)",
        "foreach .[] as $x (0; . + $x)",
        "def f: f; f",
        "import \"a\" as a; .",
        "include \"a\"; .",
        "$x",
        "$__loc__",
        ". as [$a] | $a",
        ".a = 1",
        ".a |= 1",
        ".a += 1",
        "label $out | break $out",
        "try error catch .",
        "@base64",
        "@json \"x\"",
        "lenght",
        "test(\"a\")",
        "map(.;.)",
        "select",
        "splits(\",\")",
        "_groups",
        "[.[] |",
        "",
        "\"",
        "1e999",
        ". as $x | $y",
        "path(.a)",
        "input_filename",
        "ltrimstr",
        "(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)",
    ];
    assert_snapshot!(all("1", &filters));
    assert!(plan(&"(".repeat(40)).unwrap_err().contains("nested too deep"));
    assert!(plan(&"1".repeat(2000)).unwrap_err().contains("longer than 1024 bytes"));
    let both = "version: 1\nfields:\n  - {host: x, provider: x, direction: both, steps: [jq: .a]}";
    assert!(Mapping::load(both, Format::Yaml).unwrap_err().to_string().contains("jq has no way back"));
}

#[test]
fn what_is_out_of_bounds_is_an_issue() {
    let many = format!("[{}]", vec!["1"; 4000].join(","));
    let filters = [
        "[.[], .[]]",
        ". + .",
        "[.[] as $a | .[] as $b | $a] | length",
        "(map(. as $x | 2) | length) // 0",
        "[.[] | (.,.,.,.) | (.,.,.,.) | (.,.,.,.) | select(. > 2)] | length",
        "map(tostring) | add | length",
        "[first(.[] as $a | .[] as $b | .[] as $c | empty)] | length",
        "[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.] | . == .",
        "[.,.]|[.,.]|[.,.]|[.,.]|[.,.]|[.,.]",
        "join(\"aaaaaaaa\")",
    ];
    assert_snapshot!(all(&many, &filters));
    assert!(run(".", &format!("\"{}\"", "a".repeat(20_000))).contains("longer than 16384 bytes"));
    assert!(run(".", &format!("{}{}", "[".repeat(40), "]".repeat(40))).contains("nested too deep"));
    // The walk over the record finds it before the filter is asked.
    assert!(run(".", "[\"\\ud800\"]").contains("half a surrogate"), "{}", run(".", "[\"\\ud800\"]"));
    assert!(run(". == 1", "1e999").contains("cannot keep exactly"));
    assert!(run(".", "1e999").contains("-> 1e999"));
}

#[test]
fn parsing_ends_on_what_is_long() {
    for part in [
        "-", "[", ".|", "not|", "if ", ". as $x|", ".a?", "1+", "\"\\(", ".//", ".[.", "try ", "[]+", "{a:",
        "#",
    ] {
        let _ = plan(&part.repeat(1024 / part.len()));
        let _ = plan(&part.repeat(64));
        let _ = plan(&format!("{}1", part.repeat(99)))
            .map(|plan| mapped(&plan, r#"{"x":[1]}"#, &MappingContext::default()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_filter_and_no_json_make_it_panic(text in "[\\[\\]{}().|,:;$a-c0-2+*/%<=\"?@ -]{0,20}", which in 0..FILTERS.len(), json in any_json()) {
        let record = record(&format!(r#"{{"x":{json}}}"#));
        for filter in [text.as_str(), FILTERS[which]] {
            if let Ok(plan) = Mapping::new().field("x", Source::path("/x").step(Step::Jq(filter.to_owned()))).compile() {
                let one = plan.forward(&record, &MappingContext::default()).unwrap();
                prop_assert!(RawJson::parse(one.fields.clone().unwrap().get()).is_ok());
                prop_assert_eq!(one, plan.forward(&record, &MappingContext::default()).unwrap());
            }
        }
    }

    #[test]
    fn numbers_that_are_copied_keep_every_digit(numbers in prop::collection::vec(any_number(), 1..5)) {
        let list = format!("[{}]", numbers.join(","));
        let made = run("[.[] | [.] | {a: .[0]} | .a]", &list);
        prop_assert_eq!(made.split_once(" -> ").unwrap().1, list);
    }
}
