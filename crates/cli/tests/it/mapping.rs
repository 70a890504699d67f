//! `tieline map` on the ready mappings and on broken ones.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::world::{Said, bare, lines, said};

const DEAL: &str = r#"{"id":7,"title":"Ny order","value":12345678901234567.89,"currency":"SEK","status":"open","stage_id":3,"org_id":4,
    "person_id":9,"owner_id":1,"expected_close_date":"snart","add_time":"2026-01-10T08:12:43Z","is_archived":false}"#;
const GIVEN: &str = r#"{"records":{"stages":{"3":{"name":"Offert skickad"}},"organizations":{"4":{"name":"Åkeri AB"}},
    "users":{"1":{"name":"Åsa Lindgård"}}}}"#;

/// A folder with the ready mapping and these files.
fn folder(ready: &[&str], files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ready {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mappings").join(name);
        let to = folder.path().join(Path::new(name).file_name().unwrap());
        std::fs::copy(from, to).unwrap();
    }
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn run(folder: &TempDir, arguments: &str) -> Said {
    said(bare(arguments.split(' ')).current_dir(folder.path()))
}

fn page(folder: &TempDir, arguments: &str) -> String {
    run(folder, arguments).page(arguments)
}

#[test]
fn input_output_and_issues_stand_side_by_side_with_the_way_back() {
    let edited =
        r#"{"title":"Ramavtal","value":"99500.00","currency":"SEK","expected_close_date":"2026-12-01"}"#;
    let folder = folder(
        &["pipedrive-deal.yaml"],
        &[("deal.json", DEAL), ("given.json", GIVEN), ("edited.json", edited)],
    );
    insta::assert_snapshot!(page(
        &folder,
        "map --mapping pipedrive-deal.yaml --input deal.json --given given.json --edited edited.json"
    ));
}

#[test]
fn a_record_that_lacks_what_a_create_needs_is_left_out() {
    let booking = r#"{"id":"b-7","title":"Sommerfest","chosen_date":"2026-07-04","start_time":"25:00","status":"Maybe",
        "team":"zurich-nord","owner_email":"mia@house.example"}"#;
    let given = r#"{"records":{"teams":{"t1":{"slug":"zurich-nord","id":"6f1c1d0e"}}}}"#;
    let folder = folder(&["event-booking/event.yaml"], &[("booking.json", booking), ("given.json", given)]);
    insta::assert_snapshot!(page(
        &folder,
        "map --mapping event.yaml --input booking.json --given given.json"
    ));
}

#[test]
fn the_lines_of_a_read_are_records_and_json_keeps_every_digit() {
    let deal = DEAL.replace('\n', "");
    let read = format!(
        "{{\"type\":\"upsert\",\"entity\":\"deals\",\"key\":\"7\",\"record\":{deal}}}\n{{\"type\":\"state\",\"state\":{{}}}}\n"
    );
    let folder = folder(&["pipedrive-deal.yaml"], &[("read.jsonl", &read), ("given.json", GIVEN)]);
    let said = run(&folder, "--json map --mapping pipedrive-deal.yaml --input read.jsonl --given given.json");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let shown = &lines(&said.out)[0];
    assert_eq!((shown["key"].as_str(), shown["fields"]["stage"].as_str()), (Some("7"), Some("proposal")));
    assert_eq!(shown["fields"]["value"], "12345678901234567.89");
    assert_eq!(shown["back"]["unchanged"], Value::Array(Vec::new()));
    assert!(said.out.contains(r#"["/value",{"set":12345678901234567.89}]"#), "{}", said.out);
    let issues: Vec<&str> =
        shown["issues"].as_array().unwrap().iter().map(|issue| issue["path"].as_str().unwrap()).collect();
    assert_eq!(issues, ["/person", "/expected_close_date"]);
}

#[test]
fn a_field_is_explained_step_by_step() {
    let folder = folder(&["pipedrive-deal.yaml"], &[("deal.json", DEAL), ("given.json", GIVEN)]);
    let explained: Vec<String> = [
        "map --mapping pipedrive-deal.yaml --explain value",
        "map --mapping pipedrive-deal.yaml --explain organization --input deal.json --given given.json",
        "map --mapping pipedrive-deal.yaml --explain /expected_close_date --input deal.json",
        "map --mapping pipedrive-deal.yaml --explain stagee",
    ]
    .iter()
    .map(|arguments| page(&folder, arguments))
    .collect();
    insta::assert_snapshot!(explained.join("\n"));
    let stage = run(
        &folder,
        "--json map --mapping pipedrive-deal.yaml --explain stage --input deal.json --given given.json",
    );
    let stage = lines(&stage.out);
    assert_eq!(stage[1]["value"], "\"proposal\"");
    assert_eq!(stage[1]["sources"].as_array().unwrap().len(), 2, "the status first, then the stage");
}

#[test]
fn a_check_tells_everything_with_its_place() {
    let broken = "version: 1\nfields:\n  - host: a\n    provider: x\n    steps: [{extract: {pattern: '(\\d+)'}}]\n    \
                  direction: both\n  - host: b\n    provider: y\n    steps: [{datetime: {zone: Europe/Stockhom}}]\n  \
                  - host: a\n    provider: z\n  - host: d\n    template: '{{ env.HOME }}'\n";
    let unknown = "version: 1\nfields:\n  - {host: a, provider: x, steps: [loweer]}\n";
    let folder = folder(
        &["pipedrive-deal.yaml"],
        &[("broken.yaml", broken), ("unknown.yaml", unknown), ("list.json", "[1,2]")],
    );
    let pages: Vec<String> = [
        "map check pipedrive-deal.yaml",
        "map check broken.yaml unknown.yaml list.json",
        "--json map check unknown.yaml",
    ]
    .iter()
    .map(|arguments| page(&folder, arguments))
    .collect();
    insta::assert_snapshot!(pages.join("\n"));
}

#[test]
fn a_draft_says_how_sure_it_is_and_loads() {
    let provider = r#"{"type":"object","properties":{"id":{"type":"integer"},"title":{"type":"string"},
        "value":{"type":["number","null"]},"add_time":{"type":"string","format":"date-time"},"org_name":{"type":"string"},
        "expected_close_date":{"type":["string","null"],"format":"date"},"label_ids":{"type":"array"}}}"#;
    let host = r#"{"type":"object","required":["title","reference"],"properties":{"title":{"type":"string"},
        "value":{"type":"string"},"organization_name":{"type":"string"},"created_at":{"type":"string","format":"date-time"},
        "expectedCloseDate":{"type":["string","null"],"format":"date"},"labels":{"type":"array"},"reference":{"type":"string"}}}"#;
    let folder = folder(&[], &[("deals.json", provider), ("mine.json", host)]);
    let draft = run(&folder, "map propose --provider deals.json --host mine.json --entity deals");
    insta::assert_snapshot!(draft.page("map propose --provider deals.json --host mine.json --entity deals"));
    std::fs::write(folder.path().join("draft.yaml"), &draft.out).unwrap();
    let check = run(&folder, "map check draft.yaml");
    assert_eq!(check.code, Some(0), "{}{}", check.out, check.err);
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = folder(
        &["pipedrive-deal.yaml"],
        &[
            ("empty.json", ""),
            ("broken.json", "{\"a\":"),
            ("number.json", "7"),
            ("given.json", "{\"record\":{}}"),
        ],
    );
    let pages: Vec<String> = [
        "map",
        "map --mapping pipedrive-deal.yaml",
        "map --mapping missing.yaml --input broken.json",
        "map --mapping pipedrive-deal.yaml --input missing.json",
        "map --mapping pipedrive-deal.yaml --input empty.json",
        "map --mapping pipedrive-deal.yaml --input broken.json",
        "map --mapping pipedrive-deal.yaml --input number.json",
        "map --mapping pipedrive-deal.yaml --input broken.json --given given.json",
        "map propose --provider number.json --host broken.json",
    ]
    .iter()
    .map(|arguments| page(&folder, arguments))
    .collect();
    insta::assert_snapshot!(pages.join("\n"));
}
