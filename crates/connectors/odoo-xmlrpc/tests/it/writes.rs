use futures_util::StreamExt;
use serde_json::{Value, json as value};
use tieline_core::{
    Connector, ErrorKind, FieldPatch, FieldPath, Key, Lookup, LookupRequest, Operation, Outcome, Patch,
    RawJson, WriteOp, WriteRequest,
};
use tieline_odoo_xmlrpc::{Odoo, Protocol};
use tieline_sandbox::odoo::{LOGIN, Operation as Right, Version};
use tieline_sandbox::{Fault, FaultRule, Object};

use crate::common::{
    Server, WAYS, account, answering, config, fault, fields, greeting, json, returned, write,
};

fn path(name: &str) -> FieldPath {
    FieldPath::field(name)
}

fn create(fields: Value, marker: Option<&str>) -> WriteOp {
    WriteOp::create(json(fields)).with_marker(marker.map(Into::into))
}

fn update(key: &Key, patch: Vec<(&str, FieldPatch)>) -> WriteOp {
    let patch = Patch(patch.into_iter().map(|(name, change)| (path(name), change)).collect());
    WriteOp::update(key.clone(), patch)
}

fn invoke(action: &str, key: Option<&Key>, input: Value) -> WriteOp {
    WriteOp::invoke(action, json(input)).with_key(key.cloned())
}

fn key_of(outcome: &Outcome) -> Key {
    match outcome {
        Outcome::Applied { key: Some(key), .. } => key.clone(),
        other => panic!("{other:?}"),
    }
}

fn shown(server: &Server, entity: &str, key: &Key) -> Option<Value> {
    let record = server.record(entity, key.as_str().parse().unwrap())?;
    Some(serde_json::from_str(&record.to_string()).unwrap())
}

async fn by_marker(odoo: &Odoo, entity: &str, marker: &str) -> Vec<Key> {
    let catalog = odoo.discover(tieline_core::DiscoverRequest::names().only(entity)).await.unwrap();
    let field = catalog.entities[0].marker.clone().unwrap().field;
    let found = odoo.lookup(LookupRequest::field(entity, field, json(value!(marker)))).await.unwrap();
    found.records().map(|record| record.key.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_record_is_made_changed_and_removed() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let made = write(
            &odoo,
            "res.partner",
            vec![create(
                value!({ "name": "Färg & Form", "is_company": true, "country_id": 196, "comment": null }),
                None,
            )],
        )
        .await;
        let key = key_of(&made[0].outcome);
        assert_eq!(shown(&server, "res.partner", &key).unwrap()["name"], "Färg & Form");
        let changed = write(
            &odoo,
            "res.partner",
            vec![
                update(
                    &key,
                    vec![
                        ("city", FieldPatch::Set(json(value!("Kiruna")))),
                        ("country_id", FieldPatch::Clear),
                    ],
                ),
                update(&key, vec![]),
                WriteOp::delete(key.clone()),
                WriteOp::delete(key.clone()),
                update(&key, vec![("city", FieldPatch::Set(json(value!("Luleå"))))]),
            ],
        )
        .await;
        assert!(matches!(changed[0].outcome, Outcome::Applied { .. }), "{:?}", changed[0]);
        assert!(matches!(changed[1].outcome, Outcome::Unchanged));
        assert!(matches!(changed[2].outcome, Outcome::Applied { .. }));
        assert!(matches!(changed[3].outcome, Outcome::Unchanged), "it is gone already: {:?}", changed[3]);
        assert!(
            matches!(&changed[4].outcome, Outcome::Rejected(error) if error.kind() == ErrorKind::NotFound)
        );
        assert!(shown(&server, "res.partner", &key).is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_with_a_marker_is_found_again_and_never_doubled() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let before = server.summary().leads;
        let fields = value!({
            "name": "Stor affär", "type": "opportunity", "expected_revenue": "12345.60", "partner_id": { "id": 24, "name": "x" },
            "date_deadline": "2026-12-24", "description": "<p>å</p>", "active": true, "phone": null,
        });
        // The answer is lost twice after the record was made.
        server.inject(FaultRule::new(Fault::ResetBeforeAnswer).body("\"load\"").takes_effect(true).times(2));
        server.inject(
            FaultRule::new(Fault::ResetBeforeAnswer).body("<string>load<").takes_effect(true).times(2),
        );
        server.inject(
            FaultRule::new(Fault::ResetBeforeAnswer)
                .on("POST", "/json/2/crm.lead/load")
                .takes_effect(true)
                .times(2),
        );
        let done = write(&odoo, "crm.lead", vec![create(fields, Some("op 1/å"))]).await;
        assert!(!done[0].unmarked);
        let key = key_of(&done[0].outcome);
        assert_eq!(server.summary().leads, before + 1);
        assert_eq!(by_marker(&odoo, "crm.lead", "op 1/å").await, std::slice::from_ref(&key));
        assert_eq!(by_marker(&odoo, "crm.lead", "op 1/a").await, Vec::<Key>::new());
        assert_eq!(by_marker(&odoo, "res.partner", "op 1/å").await, Vec::<Key>::new());
        let record = shown(&server, "crm.lead", &key).unwrap();
        assert_eq!(record["expected_revenue"].as_f64(), Some(12345.6));
        assert_eq!(record["date_deadline"], "2026-12-24");
        server.delete("crm.lead", key.as_str().parse().unwrap()).unwrap();
        assert_eq!(by_marker(&odoo, "crm.lead", "op 1/å").await, Vec::<Key>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn what_import_cannot_say_is_made_without_marker_and_says_so() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let order = value!({
            "partner_id": 24,
            "order_line": [[0, 0, { "name": "Konsult", "product_uom_qty": 2, "price_unit": "149.50" }]],
        });
        let done = write(&odoo, "sale.order", vec![create(order.clone(), Some("op-7"))]).await;
        assert!(done[0].unmarked);
        let key = key_of(&done[0].outcome);
        let lines = shown(&server, "sale.order", &key).unwrap()["order_line"].as_array().unwrap().len();
        assert_eq!(lines, 1);
        assert_eq!(by_marker(&odoo, "sale.order", "op-7").await, Vec::<Key>::new());

        // A lost answer is then a question for a person: it is not sent again.
        let before = server.summary().orders;
        server.inject(FaultRule::new(Fault::ResetBeforeAnswer).body("149.5").takes_effect(true).times(9));
        let done = write(&odoo, "sale.order", vec![create(order, Some("op-8"))]).await;
        assert!(done[0].unmarked);
        let Outcome::Unknown(error) = &done[0].outcome else { panic!("{:?}", done[0]) };
        assert!(error.to_string().contains("marker=none"), "{error}");
        assert_eq!(server.summary().orders, before + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn lists_take_ids_and_commands() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let tags: Vec<i64> = (0..3)
            .map(|n| {
                server
                    .create("res.partner.category", Object::default().with("name", format!("T{n}")))
                    .unwrap()
            })
            .collect();
        let made = write(
            &odoo,
            "res.partner",
            vec![create(value!({ "name": "A", "category_id": [tags[0]] }), Some("m-1"))],
        )
        .await;
        assert!(!made[0].unmarked, "ids can be said in import");
        let key = key_of(&made[0].outcome);
        let now = |server: &Server| {
            let mut ids: Vec<i64> =
                serde_json::from_value(shown(server, "res.partner", &key).unwrap()["category_id"].clone())
                    .unwrap();
            ids.sort_unstable();
            ids
        };
        assert_eq!(now(&server), [tags[0]]);
        for (change, expected) in [
            (FieldPatch::Add(json(value!(tags[1]))), vec![tags[0], tags[1]]),
            (FieldPatch::Remove(json(value!({ "id": tags[0] }))), vec![tags[1]]),
            (FieldPatch::Set(json(value!([tags[2], tags[0]]))), vec![tags[0], tags[2]]),
            (FieldPatch::Raw(json(value!([[4, tags[1], 0]]))), vec![tags[0], tags[1], tags[2]]),
            (FieldPatch::Clear, vec![]),
        ] {
            let done = write(&odoo, "res.partner", vec![update(&key, vec![("category_id", change)])]).await;
            assert!(matches!(done[0].outcome, Outcome::Applied { .. }), "{:?}", done[0]);
            assert_eq!(now(&server), expected);
        }
        let done = write(
            &odoo,
            "res.partner",
            vec![update(&key, vec![("child_ids", FieldPatch::Add(json(value!({ "name": "Barn" }))))])],
        )
        .await;
        assert!(matches!(done[0].outcome, Outcome::Applied { .. }), "{:?}", done[0]);
        assert_eq!(shown(&server, "res.partner", &key).unwrap()["child_ids"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn times_are_written_as_odoo_takes_them() {
    for way in WAYS {
        let (server, odoo) = account(way);
        server.add_field("crm.lead", "x_at", "At", tieline_sandbox::odoo::Kind::Datetime).unwrap();
        for marker in [None, Some("t-1")] {
            let done = write(
                &odoo,
                "crm.lead",
                vec![create(value!({ "name": "T", "x_at": "2026-11-20T16:17:16.5+01:00" }), marker)],
            )
            .await;
            let key = key_of(&done[0].outcome);
            assert_eq!(shown(&server, "crm.lead", &key).unwrap()["x_at"], "2026-11-20 15:17:16");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_another_version_is_a_conflict() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let id = server.create("crm.lead", Object::default().with("name", "V")).unwrap();
        let key = Key::from(id);
        let found = odoo.lookup(LookupRequest::keys("crm.lead", [key.clone()])).await.unwrap();
        let Lookup::Record(record) = &found.answers[0] else { panic!() };
        let op = |version: Option<tieline_core::Text>, name: &str| {
            WriteOp::update(key.clone(), Patch(vec![(path("name"), FieldPatch::Set(json(value!(name))))]))
                .with_if_version(version)
        };
        server.advance(std::time::Duration::from_secs(5));
        let done = write(
            &odoo,
            "crm.lead",
            vec![op(record.version.clone(), "first"), op(record.version.clone(), "second")],
        )
        .await;
        assert!(matches!(done[0].outcome, Outcome::Applied { .. }), "{:?}", done[0]);
        let Outcome::Conflict { current: Some(current), .. } = &done[1].outcome else {
            panic!("{:?}", done[1])
        };
        assert_eq!(current.payload.at("/name").unwrap().unwrap().get(), "\"first\"");
        assert_eq!(shown(&server, "crm.lead", &key).unwrap()["name"], "first");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_say_why_and_stop_no_other() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let lead = Key::from(server.create("crm.lead", Object::default().with("name", "R")).unwrap());
        let done = write(
            &odoo,
            "crm.lead",
            vec![
                create(value!({ "nmae": "x" }), None),
                create(value!([1]), None),
                update(&lead, vec![("partner_id", FieldPatch::Set(json(value!("Ada"))))]),
                update(&lead, vec![("name", FieldPatch::Add(json(value!("x"))))]),
                update(&lead, vec![("expected_revenue", FieldPatch::Set(json(value!("much"))))]),
                update(&lead, vec![("type", FieldPatch::Set(json(value!("bogus"))))]),
                invoke("_compute_x", Some(&lead), value!({})),
                invoke("no_such_method", Some(&lead), value!({})),
                invoke("message_post", Some(&lead), value!("text")),
                create(value!({ "name": "Y" }), Some("")),
                create(value!({ "name": "good" }), None),
            ],
        )
        .await;
        let mut messages = String::new();
        for outcome in &done[..10] {
            let Outcome::Rejected(error) = &outcome.outcome else { panic!("{outcome:?}") };
            messages += &format!("{}\n", error.message());
        }
        if way.1 == Protocol::Auto {
            insta::assert_snapshot!(format!("refusals_of_{:?}", way.0), messages);
        }
        key_of(&done[10].outcome);
        server.deny(LOGIN, "crm.lead", Right::Write).unwrap();
        let done =
            write(&odoo, "crm.lead", vec![update(&lead, vec![("name", FieldPatch::Set(json(value!("x"))))])])
                .await;
        assert!(
            matches!(&done[0].outcome, Outcome::Rejected(error) if error.kind() == ErrorKind::Forbidden),
            "{done:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn actions_are_carried_out_also_when_they_answer_nothing() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let order = server.create("sale.order", Object::default().with("partner_id", 24)).unwrap();
        let order = Key::from(order);
        let done = write(
            &odoo,
            "sale.order",
            vec![
                invoke("action_confirm", Some(&order), value!({})),
                invoke("message_post", Some(&order), value!({ "body": "Hej & välkommen" })),
                invoke("action_archive", None, value!({ "ids": [24] })),
            ],
        )
        .await;
        assert!(matches!(done[0].outcome, Outcome::Applied { .. }), "{:?}", done[0]);
        assert!(matches!(done[1].outcome, Outcome::Applied { .. }), "{:?}", done[1]);
        assert_eq!(shown(&server, "sale.order", &order).unwrap()["state"], "sale");
        let found = odoo
            .call("res.partner", "name_search", &[], &json(value!({ "name": "a", "limit": 3 })))
            .await
            .unwrap();
        assert_eq!(found.view::<Vec<(i64, String)>>().unwrap().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_over_xmlrpc_is_a_fault_after_the_deed() {
    let reply = |text: &'static str| {
        answering(config(), move |path, body| {
            (
                200,
                greeting(path, body).unwrap_or_else(|| {
                    if body.contains("<string>fields_get<") {
                        fields(&[("id", "integer"), ("name", "char")])
                    } else if body.contains("<string>search<") {
                        returned("<array><data><value><int>7</int></value></data></array>")
                    } else {
                        fault(1, text)
                    }
                }),
            )
        })
    };
    let none = "Traceback (most recent call last):\n  File \"client.py\", line 1\nTypeError: cannot marshal None unless allow_none is enabled\n";
    let (transport, odoo) = reply(none);
    let key = Key::from(7_u64);
    let done = write(&odoo, "x.model", vec![invoke("do_it", Some(&key), value!({}))]).await;
    assert!(matches!(&done[0].outcome, Outcome::Applied { key: Some(done), .. } if *done == key), "{done:?}");
    let sent = transport.requests().len();
    assert_eq!(
        odoo.call("x.model", "do_it", &[7], &RawJson::parse("{}").unwrap()).await.unwrap().get(),
        "null"
    );
    assert_eq!(transport.requests().len(), sent + 1, "and it is done once");

    let (_, odoo) = reply(
        "Traceback (most recent call last):\n  File \"client.py\", line 1\nOverflowError: int exceeds XML-RPC limits\n",
    );
    let done = write(
        &odoo,
        "x.model",
        vec![invoke("do_it", Some(&key), value!({})), create(value!({ "name": "x" }), None)],
    )
    .await;
    assert!(matches!(done[0].outcome, Outcome::Applied { .. }));
    assert!(matches!(done[1].outcome, Outcome::Unknown(_)), "{done:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_safe_twice_is_sent_once() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let order = Key::from(server.create("sale.order", Object::default().with("partner_id", 24)).unwrap());
        let partners = server.summary().partners;
        let rule = || FaultRule::new(Fault::ResetBeforeAnswer).takes_effect(true).times(3);
        for (operation, name) in [
            (create(value!({ "name": "Ensam" }), None), "create"),
            (invoke("message_post", Some(&order), value!({ "body": "x" })), "message_post"),
        ] {
            let entity = if name == "create" { "res.partner" } else { "sale.order" };
            // The fields are asked for first.
            odoo.lookup(LookupRequest::keys(entity, [Key::from(1_u64)])).await.unwrap();
            server.clear_faults();
            let called = format!("{entity}.{name}");
            let calls = || {
                server.requests().iter().filter(|seen| seen.call.as_deref() == Some(called.as_str())).count()
            };
            server.inject(rule().body(&format!("<string>{name}<")));
            server.inject(rule().on("POST", &format!("/json/2/{entity}/{name}")));
            let sent = calls();
            let done = write(&odoo, entity, vec![operation]).await;
            assert!(matches!(done[0].outcome, Outcome::Unknown(_)), "{done:?}");
            assert_eq!(calls(), sent + 1, "{name}");
        }
        server.clear_faults();
        assert_eq!(server.summary().partners, partners + 1);
        // A change of given values is sent again until it arrives.
        server.inject(FaultRule::new(Fault::Status { status: 503, body: None }).times(2));
        let done = write(
            &odoo,
            "sale.order",
            vec![update(&order, vec![("client_order_ref", FieldPatch::Set(json(value!("K-1"))))])],
        )
        .await;
        assert!(matches!(done[0].outcome, Outcome::Applied { .. }), "{done:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_does_nothing_more() {
    let (server, odoo) = account(WAYS[0]);
    let before = server.summary().partners;
    let operations = (0..3)
        .map(|n| Operation::new(format!("{n}"), create(value!({ "name": format!("D{n}") }), None)))
        .collect();
    let mut stream = odoo.write(WriteRequest::new("res.partner", operations)).unwrap();
    assert_eq!(server.summary().partners, before, "it is lazy");
    stream.next().await.unwrap();
    drop(stream);
    assert_eq!(server.summary().partners, before + 1);
}

#[tokio::test(start_paused = true)]
async fn an_integer_beyond_32_bits_is_refused_before_it_is_sent() {
    let (server, odoo) = account((Version::V17, Protocol::Auto));
    let done =
        write(&odoo, "res.partner", vec![create(value!({ "name": "x", "color": 5_000_000_000_i64 }), None)])
            .await;
    let Outcome::Rejected(error) = &done[0].outcome else { panic!("{done:?}") };
    insta::assert_snapshot!(error, @"parameter 6/0/0/color is an integer of more than 32 bits, which XML-RPC cannot carry: change the value (rejected, method=create, entity=res.partner, call=create)");
    let made = |seen: &&tieline_sandbox::Seen| seen.call.as_deref() == Some("res.partner.create");
    assert_eq!(server.requests().iter().filter(made).count(), 0);
}
