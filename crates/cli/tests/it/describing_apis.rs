//! `tieline rest`: descriptions of APIs checked, explained, tried and drafted.

use serde_json::json;
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::world::{Said, bare, said};

const BOOKING: &str = "name: Booking system
url: https://api.booking.example/v1
auth: bearer
limits: [100 per 10s]
entities:
  bookings:
    list: /bookings?page=<page>&updated_since=<since>
    records: data
    changed: updated_at
    lookup: /bookings/<key>
    create: POST /bookings
    update: PATCH /bookings/<key>
    delete: DELETE /bookings/<key>
  rooms: /rooms
  notes: {parent: bookings, list: /bookings/<parent.key>/notes, records: notes}
";

fn run(folder: &std::path::Path, arguments: &str) -> Said {
    let mut command = bare(arguments.split(' '));
    command.current_dir(folder);
    command.env("TIELINE_CREDENTIAL", r#"{"token":"an-invented-token"}"#);
    said(&mut command)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("booking.yaml"), BOOKING).unwrap();
    let slips = BOOKING
        .replace("<since>", "<sinse>")
        .replace("records: data", "recods: data")
        .replace("parent: bookings", "parent: booking");
    std::fs::write(folder.path().join("slips.yaml"), slips).unwrap();
    folder
}

#[test]
fn a_description_is_checked_and_explained() {
    let folder = folder();
    let pages: Vec<String> = [
        "rest check booking.yaml",
        "rest check booking.yaml slips.yaml",
        "rest check slips.yaml --json",
        "rest check missing.yaml",
        "rest explain booking.yaml",
        "rest explain booking.yaml rooms --json",
        "rest explain booking.yaml romms",
        "rest explain slips.yaml",
    ]
    .iter()
    .map(|arguments| run(folder.path(), arguments).page(arguments))
    .collect();
    insta::assert_snapshot!(pages.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pages_are_tried_and_a_description_is_drafted() {
    let server = MockServer::start().await;
    let page = |from: i64| {
        let rows: Vec<_> =
            (from..from + 8).map(|id| json!({ "id": id, "updated_at": "2026-05-01T08:00:00Z" })).collect();
        ResponseTemplate::new(200).set_body_json(json!({ "data": rows, "total": 24 }))
    };
    for number in 1..=3_i64 {
        Mock::given(method("GET"))
            .and(path("/v1/bookings"))
            .and(query_param("page", number.to_string()))
            .and(header("authorization", "Bearer an-invented-token"))
            .respond_with(page(number * 8 - 7))
            .mount(&server)
            .await;
    }
    Mock::given(method("GET")).and(path("/v1/bookings")).respond_with(page(1)).mount(&server).await;
    let folder = folder();
    let host = format!("--base-url {} --allow-network 127.0.0.1/32", server.uri());
    let pages: Vec<String> = [
        "rest try booking.yaml bookings".to_owned(),
        "rest try booking.yaml bookings --json".to_owned(),
        "rest try booking.yaml notes".to_owned(),
        "rest guess https://api.booking.example/v1 /bookings".to_owned(),
    ]
    .iter()
    .map(|arguments| run(folder.path(), &format!("{arguments} {host}")).page(arguments))
    .collect();
    insta::assert_snapshot!(pages.join("\n"));
}

#[test]
fn a_description_is_written_out_and_its_language_too() {
    let folder = folder();
    std::fs::write(
        folder.path().join("base.yaml"),
        "name: B\nurl: https://b.example\nbases: {whole: {list: /<entity>, key: id}}\nentities: {labels: {base: whole, create: POST /labels}}\n",
    )
    .unwrap();
    let yaml = run(folder.path(), "rest print base.yaml").page("rest print");
    assert!(yaml.contains("entities: {labels: {create: POST /labels, list: /<entity>, key: id}}"), "{yaml}");
    let json = run(folder.path(), "rest print base.yaml --json").page("rest print --json");
    assert!(json.contains("\"labels\"") && !json.contains("\"base\""), "{json}");
    let slips = run(folder.path(), "rest print slips.yaml").page("rest print slips.yaml");
    assert!(slips.contains("sinse"), "{slips}");
    let schema = run(folder.path(), "rest schema").page("rest schema");
    assert!(schema.contains("\"$schema\": \"https://json-schema.org/draft/2020-12/schema\""), "{schema}");
    let reference = run(folder.path(), "rest schema --markdown").page("rest schema --markdown");
    assert!(reference.contains("| `page_size` | whole number | Records a page. |"), "{reference}");
}
