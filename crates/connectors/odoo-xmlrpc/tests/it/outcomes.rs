//! What an outcome claims: nothing that was not done, and nothing that was not looked at.

use serde_json::{Value, json as value};
use tieline_core::{
    Connector, ErrorKind, FieldPatch, FieldPath, Key, Lookup, LookupRequest, Outcome, Patch, RawJson, WriteOp,
};
use tieline_sandbox::odoo::{LOGIN, Operation as Right, Version};
use tieline_sandbox::{Json, Object};

use crate::common::{
    Server, WAYS, account, answering, bodies, config, fault, fields, greeting, json, recorded, returned,
    write,
};

fn set(key: &Key, field: &str, value: Value) -> WriteOp {
    let patch = Patch(vec![(FieldPath::field(field), FieldPatch::Set(json(value)))]);
    WriteOp::update(key.clone(), patch)
}

fn invoke(action: &str, key: Option<&Key>, input: Value) -> WriteOp {
    WriteOp::invoke(action, json(input)).with_key(key.cloned())
}

fn text(server: &Server, model: &str, id: i64, field: &str) -> Option<String> {
    server.record(model, id)?.get(field).and_then(Json::as_str).map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn a_missing_record_is_never_written_also_where_the_server_says_done() {
    for way in WAYS {
        let (server, odoo) = account(way);
        for lenient in [false, true] {
            server.set_lenient(lenient);
            let gone = Key::from(999_999_u64);
            let alive = server.create("res.partner", Object::default().with("name", "Kvar")).unwrap();
            let both = value!({ "ids": [alive, 999_999], "vals": { "name": "Ändrad" } });
            let done = write(
                &odoo,
                "res.partner",
                vec![
                    set(&gone, "name", value!("X")),
                    WriteOp::delete(gone.clone()),
                    invoke("write", None, both),
                    invoke("unlink", None, value!({ "ids": [alive, 999_999] })),
                    invoke("action_archive", Some(&gone), value!({})),
                ],
            )
            .await;
            for place in [0, 2, 3, 4] {
                let Outcome::Rejected(error) = &done[place].outcome else { panic!("{place}: {done:?}") };
                assert_eq!(error.kind(), ErrorKind::NotFound, "{place}");
            }
            assert!(matches!(done[1].outcome, Outcome::Unchanged), "{done:?}");
            assert_eq!(text(&server, "res.partner", alive, "name").as_deref(), Some("Kvar"), "of two, none");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_changes_nothing_is_not_sent() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let vals = value!({
            "name": "Lika", "is_company": true, "country_id": 196, "partner_latitude": 12.5, "color": 3,
            "category_id": [[6, 0, [2, 1]]], "comment": "<p>Hej</p>", "lang": "sv_SE",
        });
        let id = server.create("res.partner", vals).unwrap();
        let key = Key::from(id);
        server.advance(std::time::Duration::from_secs(60));
        let before = text(&server, "res.partner", id, "write_date");
        let same = [
            ("name", value!("Lika")),
            ("is_company", value!(true)),
            ("country_id", value!({ "id": 196, "name": "x" })),
            ("partner_latitude", value!("12.50")),
            ("color", value!(3)),
            ("category_id", value!([1, 2])),
            ("comment", value!("<p>Hej</p>")),
            ("lang", value!("sv_SE")),
            ("street", value!(null)),
            ("parent_id", value!(null)),
        ];
        let patch = Patch(
            same.into_iter().map(|(name, of)| (FieldPath::field(name), FieldPatch::Set(json(of)))).collect(),
        );
        let all = WriteOp::update(key.clone(), patch);
        let add = Patch(vec![(FieldPath::field("category_id"), FieldPatch::Add(json(value!(2))))]);
        let add = WriteOp::update(key.clone(), add);
        let done = write(&odoo, "res.partner", vec![all, add, set(&key, "color", value!(4))]).await;
        assert!(matches!(done[0].outcome, Outcome::Unchanged), "{way:?} {done:?}");
        assert!(matches!(done[1].outcome, Outcome::Unchanged), "{done:?}");
        assert!(matches!(done[2].outcome, Outcome::Applied { .. }), "{done:?}");
        assert_ne!(text(&server, "res.partner", id, "write_date"), before);
    }
}

#[tokio::test(start_paused = true)]
async fn values_are_checked_before_they_are_sent() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let id = server.create("res.partner", Object::default().with("name", "Typ")).unwrap();
        let key = Key::from(id);
        let wrong = [
            ("is_company", value!("false")),
            ("is_company", value!(0)),
            ("name", value!(7)),
            ("color", value!(1.5)),
            ("color", value!("many")),
            ("partner_latitude", value!(true)),
            ("country_id", value!("Sverige")),
            ("image_1920", value!("inte base64!")),
            ("complete_name", value!("X")),
            ("country_code", value!("SE")),
            ("write_date", value!("2026-01-01 00:00:00")),
        ];
        let ops = wrong.iter().map(|(field, of)| set(&key, field, of.clone())).collect();
        let sent = server.requests().len();
        let done = write(&odoo, "res.partner", ops).await;
        for ((field, of), outcome) in wrong.iter().zip(&done) {
            let Outcome::Rejected(error) = &outcome.outcome else { panic!("{field}: {outcome:?}") };
            assert!(error.message().contains(field), "{error}");
            assert!(
                of.as_str()
                    .is_none_or(|of| matches!(of, "X" | "SE" | "false") || !error.to_string().contains(of)),
                "{error}"
            );
        }
        let writes = |seen: &&tieline_sandbox::Seen| seen.call.as_deref() == Some("res.partner.write");
        assert_eq!(server.requests().iter().skip(sent).filter(writes).count(), 0);
        let clear = Patch(vec![(FieldPath::field("complete_name"), FieldPatch::Clear)]);
        let done = write(&odoo, "res.partner", vec![WriteOp::update(key.clone(), clear)]).await;
        assert!(matches!(done[0].outcome, Outcome::Rejected(_)), "{done:?}");
        // What only a form keeps people from writing is written, and looked at afterwards.
        let done = write(&odoo, "sale.order", vec![set(&Key::from(1_u64), "state", value!("cancel"))]).await;
        assert!(matches!(done[0].outcome, Outcome::Applied { .. }), "{done:?}");
        assert_eq!(text(&server, "sale.order", 1, "state").as_deref(), Some("cancel"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_returns_false_or_nothing_is_looked_at() {
    let none = "Traceback (most recent call last):\n  File \"x\"\nTypeError: cannot marshal None unless allow_none is enabled\n";
    for (answer, kept, applied) in [
        (returned("<boolean>0</boolean>"), "old", false),
        (returned("<boolean>0</boolean>"), "new", true),
        (fault(1, none), "new", true),
    ] {
        let reads = std::sync::atomic::AtomicUsize::new(0);
        let (_, odoo) = answering(config(), move |path, body| {
            let row = |kind: &str| {
                let member =
                    |name: &str, of: &str| format!("<member><name>{name}</name><value>{of}</value></member>");
                let members =
                    member("id", "<int>7</int>") + &member("kind", &format!("<string>{kind}</string>"));
                returned(&format!("<array><data><value><struct>{members}</struct></value></data></array>"))
            };
            if let Some(greeting) = greeting(path, body) {
                return (200, greeting);
            }
            let reply = if body.contains("<string>fields_get<") {
                fields(&[("id", "integer"), ("kind", "selection")])
            } else if body.contains("<string>write<") {
                answer.clone()
            } else if reads.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
                row("old")
            } else {
                row(kept)
            };
            (200, reply)
        });
        let done = write(&odoo, "x.model", vec![set(&Key::from(7_u64), "kind", value!("new"))]).await;
        match &done[0].outcome {
            Outcome::Applied { .. } => assert!(applied),
            Outcome::Rejected(error) => assert!(!applied, "{error}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_action_that_returns_a_window_or_false_is_a_question() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let state = |id: i64| text(&server, "stock.picking", id, "state").unwrap();
        let done = write(
            &odoo,
            "stock.picking",
            vec![
                invoke("button_validate", Some(&Key::from(1_u64)), value!({})),
                invoke("button_validate", Some(&Key::from(2_u64)), value!({})),
            ],
        )
        .await;
        assert!(matches!(done[0].outcome, Outcome::Applied { .. }), "{done:?}");
        let Outcome::Unknown(error) = &done[1].outcome else { panic!("{done:?}") };
        assert_eq!(
            error.message(),
            "the method returned a form to be filled in of stock.backorder.confirmation: mostly that nothing was done yet"
        );
        assert!(error.to_string().contains("opens=stock.backorder.confirmation"), "{error}");
        assert_eq!((state(1).as_str(), state(2).as_str()), ("done", "assigned"));

        let done =
            write(&odoo, "sale.order", vec![invoke("action_cancel", Some(&Key::from(3_u64)), value!({}))])
                .await;
        let asks = matches!(done[0].outcome, Outcome::Unknown(_));
        assert_eq!(asks, way.0 == Version::V17, "{done:?}");
        let told = value!({ "context": { "disable_cancel_warning": true } });
        let done =
            write(&odoo, "sale.order", vec![invoke("action_cancel", Some(&Key::from(6_u64)), told)]).await;
        assert!(matches!(done[0].outcome, Outcome::Applied { .. }), "{done:?}");
    }
    let (_, odoo) = answering(config(), |path, body| {
        let reply = if body.contains("<string>search<") {
            returned("<array><data><value><int>7</int></value></data></array>")
        } else {
            returned("<boolean>0</boolean>")
        };
        (200, greeting(path, body).unwrap_or(reply))
    });
    let done = write(&odoo, "x.model", vec![invoke("do_it", Some(&Key::from(7_u64)), value!({}))]).await;
    let Outcome::Unknown(error) = &done[0].outcome else { panic!("{done:?}") };
    assert!(error.message().starts_with("the method returned false"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_action_without_its_record_is_our_own_error_on_every_protocol() {
    let mut messages = std::collections::BTreeSet::new();
    for way in WAYS {
        let (server, odoo) = account(way);
        let sent = server.requests().len();
        let done = write(
            &odoo,
            "sale.order",
            vec![
                invoke("action_confirm", None, value!({})),
                invoke("message_post", None, value!({ "body": "Hej" })),
                invoke("unlink", None, value!({ "ids": [] })),
            ],
        )
        .await;
        for outcome in &done {
            let Outcome::Rejected(error) = &outcome.outcome else { panic!("{outcome:?}") };
            messages.insert(
                error
                    .to_string()
                    .replace("message_post", "M")
                    .replace("unlink", "M")
                    .replace("action_confirm", "M"),
            );
        }
        assert_eq!(server.requests().len(), sent, "nothing is sent");
    }
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(
        messages.first().unwrap().starts_with("this method acts on records, and none was named"),
        "{messages:?}"
    );
    // A method of the model needs none.
    let (_, odoo) = account(WAYS[0]);
    let found = odoo.call("res.users", "context_get", &[], &RawJson::parse("{}").unwrap()).await.unwrap();
    assert!(found.get().contains("\"uid\":7"), "{found:?}");
    // One that Odoo could not call says the same.
    let error =
        odoo.call("res.partner", "get_external_id", &[], &RawJson::parse("{}").unwrap()).await.unwrap_err();
    assert_eq!(error.message(), "this method acts on records, and none was named");
}

#[tokio::test(start_paused = true)]
async fn a_create_without_rights_is_forbidden_with_and_without_marker() {
    for way in WAYS {
        let (server, odoo) = account(way);
        server.deny(LOGIN, "crm.lead", Right::Create).unwrap();
        for marker in [None, Some("op-1")] {
            let create = WriteOp::create(json(value!({ "name": "X" }))).with_marker(marker.map(Into::into));
            let done = write(&odoo, "crm.lead", vec![create]).await;
            let Outcome::Rejected(error) = &done[0].outcome else { panic!("{done:?}") };
            assert_eq!(error.kind(), ErrorKind::Forbidden, "{marker:?} {error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn import_that_names_several_records_for_one_row_is_open_and_a_warning_is_no_refusal() {
    let answer = |ids: &str, kind: &str| {
        let member =
            |name: &str, of: &str| format!("<member><name>{name}</name><value>{of}</value></member>");
        let said =
            member("type", &format!("<string>{kind}</string>")) + &member("message", "<string>Hm</string>");
        let messages = format!("<array><data><value><struct>{said}</struct></value></data></array>");
        returned(&format!("<struct>{}</struct>", member("ids", ids) + &member("messages", &messages)))
    };
    let list = |ids: &[i64]| {
        let ids: String = ids.iter().map(|id| format!("<value><int>{id}</int></value>")).collect();
        format!("<array><data>{ids}</data></array>")
    };
    for (loaded, expected) in [
        (answer(&list(&[12]), "warning"), "Applied"),
        (answer(&list(&[12, 13]), "warning"), "Deferred"),
        (answer("<boolean>0</boolean>", "error"), "Rejected"),
    ] {
        let (_, odoo) = answering(config(), move |path, body| {
            let reply = if body.contains("<string>fields_get<") {
                fields(&[("id", "integer"), ("name", "char")])
            } else if body.contains("<string>load<") {
                loaded.clone()
            } else {
                returned("<boolean>1</boolean>")
            };
            (200, greeting(path, body).unwrap_or(reply))
        });
        let create = WriteOp::create(json(value!({ "name": "x" }))).with_marker(Some("m".into()));
        let done = write(&odoo, "x.model", vec![create]).await;
        assert!(format!("{:?}", done[0].outcome).starts_with(expected), "{expected}: {done:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn writes_are_quiet_unless_the_settings_say_otherwise() {
    for (notify, marker) in [(false, None), (false, Some("q-1")), (true, None)] {
        let server = tieline_sandbox::Sandbox::<tieline_sandbox::odoo::Odoo>::odoo(Version::V17);
        let (transport, odoo) = recorded(&server, config().with_notifications(notify));
        let create = WriteOp::create(json(value!({ "name": "Tyst" }))).with_marker(marker.map(Into::into));
        write(&odoo, "res.partner", vec![create, set(&Key::from(20_u64), "city", value!("Kiruna"))]).await;
        let written: Vec<String> = bodies(&transport)
            .into_iter()
            .filter(|body| {
                ["create", "load", "write"].iter().any(|method| body.contains(&format!("<string>{method}<")))
            })
            .collect();
        assert_eq!(written.len(), 2);
        for body in written {
            assert_eq!(body.contains("tracking_disable"), !notify);
            assert_eq!(body.contains("mail_create_nosubscribe"), !notify);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn archived_entries_of_a_list_are_read_and_kept() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let vals = value!({ "name": "A", "category_id": [[6, 0, [1, 2]]] });
        let id = server.create("res.partner", vals).unwrap();
        server.archive("res.partner.category", 2).unwrap();
        let found = odoo.lookup(LookupRequest::keys("res.partner", [Key::from(id)])).await.unwrap();
        let Lookup::Record(record) = &found.answers[0] else { panic!("{found:?}") };
        assert_eq!(record.payload.at("/category_id").unwrap().unwrap().get(), "[1,2]");
        let add = Patch(vec![(FieldPath::field("category_id"), FieldPatch::Add(json(value!(3))))]);
        write(&odoo, "res.partner", vec![WriteOp::update(Key::from(id), add)]).await;
        let found = odoo.lookup(LookupRequest::keys("res.partner", [Key::from(id)])).await.unwrap();
        let Lookup::Record(record) = &found.answers[0] else { panic!("{found:?}") };
        assert_eq!(record.payload.at("/category_id").unwrap().unwrap().get(), "[1,2,3]");
    }
}
