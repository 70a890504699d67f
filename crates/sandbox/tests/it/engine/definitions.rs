use insta::assert_snapshot;
use tieline_sandbox::engine::{Plain, Provider};

const GOOD: &str = r#"
name = "Books"
version = "1"
prefixes = ["/v1"]
[auth]
headers = ["authorization"]
prefix = "Bearer "
missing = "unauthorized"
wrong = "unauthorized"
forbidden = "unauthorized"
[callers]
user = { token = "t-1", role = "user" }
[refusals]
unauthorized = { status = 401, json = '{"error":"unauthorized"}', fact = "auth" }
[tables.invoices]
fields = [{ name = "number" }, { name = "total", type = "decimal", scale = 2 }]
[[routes]]
call = "GET /v1/invoices"
does = "list"
table = "invoices"
fact = "invoices"
"#;

fn loaded(text: &str) -> String {
    let now = "2026-11-02T08:00:00Z".parse().unwrap();
    Provider::new(text, Plain, now, 1).map_or_else(|faulty| faulty.to_string(), |_| "loads".to_owned())
}

#[test]
fn a_definition_that_contradicts_itself_is_refused_with_all_that_is_wrong() {
    assert_eq!(loaded(GOOD), "loads");
    let wrong = GOOD
        .replace("table = \"invoices\"\nfact = \"invoices\"", "table = \"invoice\"\nassumed = \"x\"")
        .replace(", fact = \"auth\"", "")
        .replace("wrong = \"unauthorized\"", "wrong = \"denied\"");
    assert_snapshot!(loaded(&wrong), @"the definition of a sandbox is wrong: refusal `unauthorized` names neither a fact nor an assumption; route `GET /v1/invoices` rests on an assumption that is not listed: x; there is no refusal `denied`; route `GET /v1/invoices`: there is no table `invoice`");
}

#[test]
fn a_slip_in_a_word_names_its_line() {
    assert_snapshot!(loaded(&GOOD.replace("does = \"list\"", "does = \"lists\"")), @r#"
    the definition of a sandbox is wrong: TOML parse error at line 19, column 8
       |
    19 | does = "lists"
       |        ^^^^^^^
    unknown variant `lists`, expected one of `list`, `get`, `create`, `update`, `replace`, `delete`, `act`, `fixed`
    "#);
    let slip = loaded(&GOOD.replace("scale = 2", "scales = 2"));
    assert!(slip.contains("at line 16") && slip.contains("unknown field `scales`"), "{slip}");
}

#[test]
fn a_seed_that_the_provider_would_refuse_is_found_when_the_definition_is_loaded() {
    let seed = "[[seeds]]\ntable = \"invoices\"\nfields = { total = '\"much\"' }\n";
    assert_snapshot!(loaded(&format!("{GOOD}{seed}")), @"the definition of a sandbox is wrong: seed 0 of `invoices` is refused: invalid (field total, message is invalid)");
    let unknown = "[[seeds]]\ntable = \"invoices\"\nfields = { total = '@amount' }\n";
    assert_snapshot!(loaded(&format!("{GOOD}{unknown}")), @"the definition of a sandbox is wrong: seed of `invoices`: `@amount`");
}
