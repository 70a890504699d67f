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
    assert_snapshot!(loaded(&wrong), @"");
}

#[test]
fn a_slip_in_a_word_names_its_line() {
    assert_snapshot!(loaded(&GOOD.replace("does = \"list\"", "does = \"lists\"")), @"");
    assert_snapshot!(loaded(&GOOD.replace("scale = 2", "scales = 2")), @"");
}

#[test]
fn a_seed_that_the_provider_would_refuse_is_found_when_the_definition_is_loaded() {
    let seed = "[[seeds]]\ntable = \"invoices\"\nfields = { total = '\"much\"' }\n";
    assert_snapshot!(loaded(&format!("{GOOD}{seed}")), @"");
    let unknown = "[[seeds]]\ntable = \"invoices\"\nfields = { total = '@amount' }\n";
    assert_snapshot!(loaded(&format!("{GOOD}{unknown}")), @"");
}
