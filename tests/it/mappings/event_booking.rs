//! The event-booking set against invented records, both ways.

use serde_json::{Value, json};
use tieline::mapping::CompiledMapping;
use tieline::{Direction, FieldMapping, MappingContext, RawJson};

use super::{forward, ready, record, resolve, shown};

const TEAM: &str = "6f1c1d0e-1111-4c52-9d60-2b7a6d1f0a01";
const USER: &str = "9b2f0c55-2222-4c0f-8a51-7d3e0c9b4f02";
const OFFER: &str = "0d6a7b8c-3333-4f6e-b1c2-5a4f3e2d1c03";

/// What the host's own tables know, both ways.
const KNOWN: &[(&str, &str, &str)] = &[
    ("teams", "zurich-nord", TEAM),
    ("teams", TEAM, "zurich-nord"),
    ("users", "mia@house.example", USER),
    ("users", USER, "mia@house.example"),
    ("offers", "OE-2025-12-0042", OFFER),
    ("offers", OFFER, "OE-2025-12-0042"),
];

fn mapping(name: &str) -> std::sync::Arc<CompiledMapping> {
    ready(&format!("event-booking/{name}.yaml"))
}

/// The way there gives what is expected without an issue, the way back of it changes nothing, and the way back of the
/// edited row is the patch.
fn both_ways(name: &str, provider: Value, expected: Value, edits: Value, patch: Value) {
    let mapping = mapping(name);
    let source = record(provider);
    let (row, issues) = forward(&mapping, &source, KNOWN);
    assert_eq!((&row, issues), (&expected, vec![]), "{name}");

    let mut edited = row.clone();
    for (field, value) in edits.as_object().unwrap() {
        assert!(edited.get(field).is_some(), "{name} has no {field}");
        edited[field] = value.clone();
    }
    for (row, patch) in [(row, json!({})), (edited, patch)] {
        let row = record(row);
        let given = resolve(&mapping, Direction::Forward, &source, KNOWN, MappingContext::default());
        let given = resolve(&mapping, Direction::Backward, &row, KNOWN, given);
        let back = mapping.backward(&row, Some(&source), &given).unwrap();
        assert_eq!(shown(&back), patch, "{name}");
    }
}

#[test]
fn clients() {
    both_ways(
        "client",
        json!({"id": 31, "name": " Nora Keller ", "organization": "Seehof AG", "email": "Nora@Seehof.example",
            "phone": "+41 44 000 00 00", "team": "zurich-nord", "owner_email": "mia@house.example"}),
        json!({"external_id": "31", "name": "Nora Keller", "company": "Seehof AG", "email": "nora@seehof.example",
            "phone": "+41 44 000 00 00", "team_id": TEAM, "user_id": USER}),
        json!({"company": "Seehof Holding AG", "phone": null}),
        json!({"/organization": "Seehof Holding AG", "/phone": null}),
    );
}

#[test]
fn events() {
    both_ways(
        "event",
        json!({"id": "b-7", "title": "Sommerfest", "organization": "Seehof AG", "chosen_date": "2026-07-04",
            "start_time": "18:00", "end_time": "23:30", "number_of_participants": 120, "status": "Option",
            "locked_room_id": "r-2", "deposit_paid": "2026-03-29T00:30:00Z", "deposit_status": "Paid",
            "team": "zurich-nord", "owner_email": "mia@house.example"}),
        json!({"external_id": "b-7", "title": "Sommerfest", "company": "Seehof AG", "event_date": "2026-07-04",
            "start_time": "18:00:00", "end_time": "23:30:00", "attendees": 120, "status": "option",
            "room_ids": ["r-2"], "deposit_paid_at": "2026-03-29T01:30:00+01:00", "payment_status": "paid",
            "team_id": TEAM, "user_id": USER}),
        json!({"status": "confirmed", "attendees": 95, "room_ids": [], "start_time": "19:15:00", "event_date": "2026-07-05"}),
        json!({"/status": "Confirmed", "/number_of_participants": 95, "/locked_room_id": null, "/start_time": "19:15",
            "/chosen_date": "2026-07-05"}),
    );
}

#[test]
fn rooms() {
    both_ways(
        "room",
        json!({"id": "r-2", "name": "Seesaal", "capacity_max": 200, "layouts": {"theatre": 180, "dinner": 110},
            "features": ["Tageslicht", "Bühne"], "equipment": ["Beamer"]}),
        json!({"external_id": "r-2", "name": "Seesaal", "capacity": 200, "theater_capacity": 180,
            "cocktail_capacity": 200, "seated_dinner_capacity": 110, "standing_capacity": 200,
            "amenities": ["Tageslicht", "Bühne", "Beamer"]}),
        json!({"name": "Grosser Seesaal", "capacity": 210}),
        json!({"/name": "Grosser Seesaal", "/capacity_max": 210}),
    );
}

#[test]
fn offers() {
    both_ways(
        "offer",
        json!({"id": 5, "number": "OE-2025-12-0042", "title": "Sommerfest", "date": "2025-12-03", "status": "Sent",
            "accepted_at": "2025-12-24T17:00:00Z", "total": "4850.50", "currency": "CHF",
            "owner_email": "mia@house.example"}),
        json!({"external_id": "5", "offer_number": "OE-2025-12-0042", "subject": "Sommerfest",
            "offer_date": "2025-12-03", "status": "sent", "confirmed_at": "2025-12-24T18:00:00+01:00",
            "total": "4850.50", "currency": "CHF", "user_id": USER}),
        json!({"status": "cancelled", "subject": "Sommerfest am See"}),
        json!({"/status": "Cancelled", "/title": "Sommerfest am See"}),
    );
}

#[test]
fn an_offer_without_a_number_gets_the_one_that_is_handed_in() {
    let mapping = mapping("offer");
    let offer = record(json!({"id": 5, "title": "x", "date": "2025-12-03", "status": "Draft",
        "owner_email": "mia@house.example"}));
    let given = resolve(&mapping, Direction::Forward, &offer, KNOWN, MappingContext::default());
    let mapped = mapping.settle(mapping.forward(&offer, &given).unwrap(), None).unwrap();
    assert!(
        mapped.fields.is_none() && mapped.issues.iter().any(|issue| issue.refused),
        "{:?}",
        mapped.issues
    );

    let number = RawJson::of("OE-2025-12-0043").unwrap();
    let mapped = mapping.forward(&offer, &given.with_value("offer_number", number)).unwrap();
    let row: Value = mapped.fields.unwrap().view().unwrap();
    assert_eq!(row["offer_number"], "OE-2025-12-0043");
    assert_eq!(row["currency"], "CHF");
}

#[test]
fn offer_lines() {
    both_ways(
        "offer-line",
        json!({"offer_number": "OE-2025-12-0042", "description": "Apéro riche", "quantity": 120, "price": 48.25,
            "amount": 5790.0}),
        json!({"offer_id": OFFER, "name": "Apéro riche", "quantity": "120", "unit_price": "48.25", "total": "5790.0"}),
        json!({"quantity": "95", "total": "4583.75"}),
        json!({"/quantity": 95, "/amount": 4583.75}),
    );
}

#[test]
fn tasks() {
    both_ways(
        "task",
        json!({"id": 9, "title": "Menü bestätigen", "type": "catering", "due": "2026-06-20",
            "resolved_at": "2026-10-25T00:30:00Z", "team": "zurich-nord", "owner_email": "mia@house.example"}),
        // The first of the two half past two of that night.
        json!({"external_id": "9", "title": "Menü bestätigen", "category": "catering", "due_date": "2026-06-20",
            "completed_at": "2026-10-25T02:30:00+02:00", "team_id": TEAM, "user_id": USER}),
        json!({"category": "kitchen", "completed_at": null}),
        json!({"/type": "kitchen", "/resolved_at": null}),
    );
}

#[test]
fn emails() {
    let mapping = mapping("email");
    let given = MappingContext::default()
        .with_value("team_id", RawJson::of(TEAM).unwrap())
        .with_value("user_id", RawJson::of(USER).unwrap());
    let message = record(json!({"message_id": "<1@mail.example>", "sender": " Nora@Seehof.example",
        "recipient": "events@house.example", "subject": "Sommerfest", "text": "Guten Tag", "sent_at": "2026-01-02T08:00:00Z"}));
    let row: Value = mapping.forward(&message, &given).unwrap().fields.unwrap().view().unwrap();
    assert_eq!(
        row,
        json!({"external_id": "<1@mail.example>", "from_email": "nora@seehof.example",
            "to_email": "events@house.example", "subject": "Sommerfest", "body_text": "Guten Tag",
            "sent_at": "2026-01-02T09:00:00+01:00", "team_id": TEAM, "user_id": USER})
    );
    assert!(mapping.backward(&record(row), Some(&message), &given).unwrap().is_empty());
}

#[test]
fn statuses_go_to_lower_case_and_back() {
    for name in ["event", "offer"] {
        let mapping = mapping(name);
        for status in ["Lead", "Option", "Confirmed", "Cancelled", "Draft", "Sent"] {
            let wanted = record(json!({"status": status.to_lowercase()}));
            let patch =
                mapping.backward(&wanted, Some(&record(json!({}))), &MappingContext::default()).unwrap();
            assert_eq!(shown(&patch), json!({"/status": status}), "{name}");
        }
    }
}

#[test]
fn what_a_create_needs_is_required() {
    for (name, required) in [
        ("client", &["name", "team_id", "user_id"][..]),
        ("event", &["title", "event_date", "start_time", "end_time", "team_id", "user_id"]),
        ("offer", &["offer_number", "subject", "offer_date", "user_id"]),
        ("offer-line", &["offer_id", "name", "quantity", "unit_price", "total"]),
        ("task", &["title", "category", "team_id", "user_id"]),
        ("email", &["from_email", "to_email", "subject", "body_text", "team_id", "user_id"]),
    ] {
        let mapping = mapping(name);
        let mapped = mapping.forward(&record(json!({})), &MappingContext::default()).unwrap();
        let mapped = mapping.settle(mapped, None).unwrap();
        assert!(mapped.fields.is_none(), "{name}");
        let missing: Vec<_> = mapped
            .issues
            .iter()
            .filter(|issue| issue.refused)
            .filter_map(|issue| issue.path.as_ref()?.as_str().strip_prefix('/').map(str::to_owned))
            .collect();
        assert_eq!(missing, required, "{name}");
    }
}
