use futures_util::StreamExt;
use tieline_core::{
    Connector, FieldPatch, Key, LookupRequest, Operation, Outcome, ReadRequest, WriteOp, WriteRequest,
};
use tieline_sandbox::pipedrive::{Entity, keys};

use crate::common::{
    Store, account, after, answering, applied, at, connected_with, create, delete, json, marked,
    marked_create, one, sent, set, update, word, written,
};

#[tokio::test(start_paused = true)]
async fn every_entity_is_created_updated_and_deleted() {
    let (_, crm) = account();
    for (entity, fields, path, value) in [
        (
            "deals",
            r#"{"title":"Ny order","value":12345678901234567.89,"currency":"SEK"}"#,
            "/title",
            "\"Större order\"",
        ),
        (
            "persons",
            r#"{"name":"Ada Exempel","emails":[{"value":"ada@example.test"}]}"#,
            "/name",
            "\"Ada Ny\"",
        ),
        (
            "organizations",
            r#"{"name":"Lund Lager AB","address":{"value":"Storgatan 1, Lund"}}"#,
            "/name",
            "\"Lund AB\"",
        ),
        (
            "activities",
            r#"{"subject":"Ring","type":"call","due_date":"2026-11-09"}"#,
            "/subject",
            "\"Ring igen\"",
        ),
        (
            "products",
            r#"{"name":"Pall","prices":[{"price":10.10,"currency":"SEK"}]}"#,
            "/name",
            "\"Stor pall\"",
        ),
        (
            "notes",
            r#"{"content":"<p>Hej</p>","deal_id":1,"pinned_to_deal_flag":true}"#,
            "/content",
            "\"<p>Nej</p>\"",
        ),
    ] {
        let fields = if entity == "notes" {
            let deal = applied(&one(&*crm, "deals", create(r#"{"title":"x"}"#)).await).to_string();
            fields.replace("\"deal_id\":1", &format!("\"deal_id\":{deal}"))
        } else {
            fields.to_owned()
        };
        let made = one(&*crm, entity, create(&fields)).await;
        let key = applied(&made).clone();
        assert!(at(after(&made), "/id") == key.as_str(), "{entity}");
        let changed = one(&*crm, entity, update(key.as_str(), &[(path, set(value))])).await;
        assert_eq!(at(after(&changed), path), value, "{entity}");
        let gone = written(&*crm, entity, vec![delete(key.as_str()), delete(key.as_str())]).await;
        assert_eq!(
            gone.iter().map(word).collect::<Vec<_>>(),
            [format!("applied {key}"), "unchanged".to_owned()]
        );
        let answers = crm.lookup(LookupRequest::keys(entity, [key.clone()])).await.unwrap();
        assert_eq!(answers.records().count(), 0, "{entity}");
        let late = one(&*crm, entity, update(key.as_str(), &[(path, set(value))])).await;
        assert!(word(&late).starts_with("rejected: Pipedrive does not have this"), "{}", word(&late));
    }
}

/// Version 1 and the endpoints that the sandbox does not write: what is sent is compared with the description.
#[tokio::test(start_paused = true)]
async fn requests_are_those_of_the_description() {
    let lead = "adf21080-0e10-11eb-879b-05d71fb426ec";
    let (transport, crm) = answering(move |path| {
        let id = if path.contains("leads") { format!("\"{lead}\"") } else { "7".to_owned() };
        (201, format!(r#"{{"success":true,"data":{{"id":{id},"update_time":"2026-11-03T08:00:00Z"}}}}"#))
    });
    let code = keys::DEAL_SOURCE;
    for (entity, operations) in [
        (
            "leads",
            vec![
                create(&format!(
                    r#"{{"title":"T","person_id":1,"value":{{"amount":1.10,"currency":"SEK"}},"{code}":"x"}}"#
                )),
                update(
                    lead,
                    &[
                        ("/is_archived", set("true")),
                        ("/value", FieldPatch::Clear),
                        (&format!("/{code}"), FieldPatch::Clear),
                    ],
                ),
                delete(lead),
            ],
        ),
        (
            "notes",
            vec![
                create(r#"{"content":"c","person_id":1}"#),
                update("7", &[("/pinned_to_deal_flag", set("false"))]),
                delete("7"),
            ],
        ),
        ("pipelines", vec![create(r#"{"name":"P"}"#), update("7", &[("/name", set("\"Q\""))]), delete("7")]),
        (
            "stages",
            vec![
                create(r#"{"name":"S","pipeline_id":1}"#),
                update("7", &[("/days_to_rotten", FieldPatch::Clear)]),
                delete("7"),
            ],
        ),
        ("activities", vec![create(r#"{"subject":"x","location":{"value":"Lund","country":null}}"#)]),
    ] {
        for outcome in written(&*crm, entity, operations).await {
            applied(&outcome);
        }
    }
    insta::assert_snapshot!(sent(&transport), @r#"
    POST /api/v1/leads {"title":"T","person_id":1,"value":{"amount":1.10,"currency":"SEK"},"3f1c9a52e07b4d86a1c25e9b7d40f8836c5ae214":"x"}
    PATCH /api/v1/leads/adf21080-0e10-11eb-879b-05d71fb426ec {"is_archived":true,"value":null,"3f1c9a52e07b4d86a1c25e9b7d40f8836c5ae214":null}
    DELETE /api/v1/leads/adf21080-0e10-11eb-879b-05d71fb426ec
    POST /api/v1/notes {"content":"c","person_id":1}
    PUT /api/v1/notes/7 {"pinned_to_deal_flag":0}
    DELETE /api/v1/notes/7
    POST /api/v2/pipelines {"name":"P"}
    PATCH /api/v2/pipelines/7 {"name":"Q"}
    DELETE /api/v2/pipelines/7
    POST /api/v2/stages {"name":"S","pipeline_id":1}
    PATCH /api/v2/stages/7 {"days_to_rotten":null}
    DELETE /api/v2/stages/7
    POST /api/v2/activities {"subject":"x","location":{"value":"Lund"}}
    "#);
}

#[tokio::test(start_paused = true)]
async fn digits_are_sent_as_they_are_given() {
    let (sandbox, crm) = account();
    let money = "12345678901234567.8900";
    let made = one(&*crm, "deals", create(&format!(r#"{{"title":"Stor","value":{money}}}"#))).await;
    let id: i64 = applied(&made).as_str().parse().unwrap();
    assert!(sandbox.record(Entity::Deals, id).unwrap().to_string().contains("12345678901234567.89"));
    let fee = format!("/custom_fields/{}", keys::DEAL_LICENCE_FEE);
    let changes =
        [("/value", set("-0.10")), (fee.as_str(), set(r#"{"value":98765432109876543.21,"currency":"EUR"}"#))];
    let changed = one(&*crm, "deals", update(&id.to_string(), &changes)).await;
    assert_eq!(at(after(&changed), "/value").trim_end_matches('0'), "-0.1");
    assert_eq!(at(after(&changed), &format!("{fee}/value")), "98765432109876543.21");
    // A part of a field: the other part stays, digit for digit.
    let part =
        one(&*crm, "deals", update(&id.to_string(), &[(&format!("{fee}/currency"), set("\"SEK\""))])).await;
    assert_eq!(at(after(&part), &fee), r#"{"value":98765432109876543.21,"currency":"SEK"}"#);

    let (transport, crm) = answering(|_| (200, r#"{"success":true,"data":{"id":7}}"#.to_owned()));
    one(&*crm, "deals", update("7", &[("/value", set(" 1.50 ")), ("/probability", set("1e1"))])).await;
    insta::assert_snapshot!(sent(&transport), @r#"PATCH /api/v2/deals/7 {"value":1.50,"probability":1e1}"#);
}

#[tokio::test(start_paused = true)]
async fn lists_gain_and_lose_single_elements() {
    let (sandbox, crm) = account();
    let made = one(
        &*crm,
        "persons",
        create(r#"{"name":"Bo Ek","emails":[{"value":"bo@example.test","label":"work"}]}"#),
    )
    .await;
    let key = applied(&made).to_string();
    let add = |text: &str| FieldPatch::Add(json(text));
    let remove = |text: &str| FieldPatch::Remove(json(text));
    let changed = one(
        &*crm,
        "persons",
        update(
            &key,
            &[
                ("/emails", add(r#"{"value":"bo.ek@example.test","label":"home"}"#)),
                ("/emails", remove("\"BO@example.test\"")),
                ("/label_ids", add("7")),
                ("/label_ids", add("8")),
                ("/label_ids", remove("7")),
                ("/phones", add("\"+46 46 1\"")),
            ],
        ),
    )
    .await;
    assert_eq!(
        at(after(&changed), "/emails"),
        r#"[{"value":"bo.ek@example.test","primary":true,"label":"home"}]"#
    );
    assert_eq!(at(after(&changed), "/label_ids"), "[8]");
    assert_eq!(at(after(&changed), "/phones/0/value"), "\"+46 46 1\"");
    // What is there already, and what never was, is no change and no request but the read.
    sandbox.forget_requests();
    let same = update(&key, &[("/label_ids", add("8")), ("/emails", remove("\"x@example.test\""))]);
    assert_eq!(word(&one(&*crm, "persons", same).await), "unchanged");
    assert_eq!(sandbox.requests().iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>(), ["GET"]);
    let cleared = one(
        &*crm,
        "persons",
        update(&key, &[("/emails", FieldPatch::Clear), ("/label_ids", FieldPatch::Clear)]),
    )
    .await;
    assert_eq!((at(after(&cleared), "/emails"), at(after(&cleared), "/label_ids")), ("[]", "[]"));

    // A selection of several options ends with null: Pipedrive refuses an empty one.
    let interests = format!("/custom_fields/{}", keys::DEAL_INTERESTS);
    let deal = applied(&one(&*crm, "deals", create(r#"{"title":"x"}"#)).await).to_string();
    for (change, expected) in [
        (add("41"), "[41]"),
        (add("43"), "[41,43]"),
        (remove("41"), "[43]"),
        (remove("43"), "null"),
        (set("[42]"), "[42]"),
        (set("[ ]"), "null"),
        (FieldPatch::Clear, "null"),
    ] {
        let outcome = one(&*crm, "deals", update(&deal, &[(&interests, change.clone())])).await;
        assert_eq!(at(after(&outcome), &interests), expected, "{change:?}");
    }
}

/// Attendees come on request only: an update that adds one reads the others first.
#[tokio::test(start_paused = true)]
async fn adding_an_attendee_keeps_the_others() {
    let (_, crm) = account();
    let fields = r#"{"subject":"Möte","attendees":[{"email":"a@example.test"},{"email":"b@example.test"}]}"#;
    let key = applied(&one(&*crm, "activities", create(fields)).await).to_string();
    let add = FieldPatch::Add(json(r#"{"email":"c@example.test"}"#));
    applied(&one(&*crm, "activities", update(&key, &[("/attendees", add)])).await);
    let found = crm.lookup(LookupRequest::keys("activities", [Key::from(key.as_str())])).await.unwrap();
    let record = found.records().next().unwrap().payload.clone();
    let emails: Vec<&str> = (0..3).map(|number| at(&record, &format!("/attendees/{number}/email"))).collect();
    assert_eq!(emails, ["\"a@example.test\"", "\"b@example.test\"", "\"c@example.test\""]);
    // Reads and look-ups of several show them too.
    let read = crate::common::batches(&crm, ReadRequest::full("activities")).await.unwrap();
    let mut changes = read.iter().flat_map(|batch| &batch.groups).flat_map(|group| &group.changes);
    assert!(changes.any(|change| matches!(change, tieline_core::Change::Upsert(record)
        if record.payload.get().contains("c@example.test"))));
}

#[tokio::test(start_paused = true)]
async fn raw_values_and_nested_ones() {
    let (_, crm) = account();
    let made = one(&*crm, "organizations", create(r#"{"name":"Lund AB"}"#)).await;
    let key = applied(&made).to_string();
    let changes = [
        ("/address/value", set("\"Storgatan 1, Lund\"")),
        ("/custom_fields", set(&format!(r#"{{"{}":"556000-1"}}"#, keys::ORGANIZATION_NUMBER))),
        ("/website", FieldPatch::Raw(json("\"https://lund.example\""))),
    ];
    let changed = one(&*crm, "organizations", update(&key, &changes)).await;
    assert_eq!(at(after(&changed), "/address/value"), "\"Storgatan 1, Lund\"");
    assert_eq!(at(after(&changed), &format!("/custom_fields/{}", keys::ORGANIZATION_NUMBER)), "\"556000-1\"");
    assert_eq!(at(after(&changed), "/website"), "\"https://lund.example\"");
    // Raw goes out as it is, also where the connector knows no such field.
    let raw = one(&*crm, "organizations", update(&key, &[("/nowhere", FieldPatch::Raw(json("1")))])).await;
    let Outcome::Rejected(error) = &raw else { panic!("{}", word(&raw)) };
    assert!(error.provider_text().unwrap().contains("`nowhere` is not a field that can be set"));
    assert!(!word(&raw).contains("nowhere"), "{}", word(&raw));
    let whole = one(&*crm, "organizations", update(&key, &[("/address", FieldPatch::Clear)])).await;
    assert_eq!(at(after(&whole), "/address"), "null");
}

#[tokio::test(start_paused = true)]
async fn one_bad_record_stops_no_other_and_outcomes_keep_their_order() {
    let (sandbox, crm) = account();
    sandbox.forget_requests();
    let outcomes = written(
        &*crm,
        "deals",
        vec![
            create(r#"{"title":"Ett"}"#),
            create(r#"{"value":1}"#),
            create(r#"{"title":"Två","stage_id":999999}"#),
            update("999999", &[("/title", set("\"x\""))]),
            create(r#"{"title":"Tre"}"#),
        ],
    )
    .await;
    let words: Vec<String> =
        outcomes.iter().map(|outcome| word(outcome).split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(words, ["applied", "rejected:", "rejected:", "rejected:", "applied"]);
    // The second was never sent.
    assert_eq!(sandbox.requests().len(), 4);
    assert_eq!(at(after(&outcomes[4]), "/title"), "\"Tre\"");
}

#[tokio::test(start_paused = true)]
async fn an_empty_patch_asks_nothing() {
    let (sandbox, crm) = account();
    sandbox.forget_requests();
    assert_eq!(word(&one(&*crm, "deals", update("1", &[])).await), "unchanged");
    assert_eq!(word(&one(&*crm, "deals", update("1", &[("/custom_fields", set("{}"))])).await), "unchanged");
    assert!(sandbox.requests().is_empty());
    assert!(written(&*crm, "deals", Vec::new()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_update_of_another_version_is_a_conflict() {
    let (sandbox, crm) = account();
    let made = one(&*crm, "deals", create(r#"{"title":"Ett"}"#)).await;
    let Outcome::Applied { record: Some(record), .. } = made else { panic!() };
    let version = record.version.clone().unwrap();
    assert_eq!(record.changed_at.as_ref(), Some(&version));
    let mut store = Store::default();
    let batches = store.pull(&crm, ReadRequest::full("users")).await;
    assert!(batches.iter().all(|batch| format!("{batch:?}").contains("version: None")));

    let titled = |title: &str, version: &str| {
        WriteOp::update(
            record.key.clone(),
            tieline_core::Patch(vec![(tieline_core::FieldPath::field("title"), set(title))]),
        )
        .with_if_version(Some(version.into()))
    };
    sandbox.advance(std::time::Duration::from_secs(5));
    let same_instant = version.as_str().replace('Z', "+00:00");
    assert_eq!(
        word(&one(&*crm, "deals", titled("\"Två\"", &same_instant)).await),
        format!("applied {}", record.key)
    );
    let late = one(&*crm, "deals", titled("\"Tre\"", version.as_str())).await;
    let Outcome::Conflict { current: Some(current), .. } = late else { panic!("{}", word(&late)) };
    assert_eq!(at(&current.payload, "/title"), "\"Två\"");
    assert_ne!(current.version.as_ref(), Some(&version));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_sends_nothing_more() {
    let (sandbox, crm) = account();
    sandbox.forget_requests();
    let before = sandbox.summary().visible;
    let operations =
        (0..5).map(|at| Operation::new(format!("op-{at}"), create(r#"{"title":"x"}"#))).collect();
    let mut outcomes = crm.write(WriteRequest::new("deals", operations)).unwrap();
    assert!(sandbox.requests().is_empty(), "a stream that nobody asks does nothing");
    for _ in 0..2 {
        applied(&outcomes.next().await.unwrap().outcome);
    }
    drop(outcomes);
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    assert_eq!(sandbox.summary().visible, before + 2);
}

#[tokio::test(start_paused = true)]
async fn a_marker_is_written_with_its_create() {
    let (sandbox, _) = account();
    let crm = connected_with(&sandbox, marked());
    for (entity, fields, code) in [
        ("deals", r#"{"title":"Med märke"}"#, keys::DEAL_REFERENCE),
        ("organizations", r#"{"name":"Med märke"}"#, keys::ORGANIZATION_NUMBER),
        ("products", r#"{"name":"Med märke"}"#, keys::PRODUCT_SUPPLIER_NUMBER),
    ] {
        let made = one(&*crm, entity, marked_create(fields, "op-7f3a")).await;
        let field = format!("/custom_fields/{code}");
        assert_eq!(at(after(&made), &field), "\"op-7f3a\"");
        let catalog = crm.discover(tieline_core::DiscoverRequest::names().only(entity)).await.unwrap();
        let marker = catalog.entities[0].marker.clone().unwrap();
        assert_eq!(marker.field.as_str(), field);
        let found =
            crm.lookup(LookupRequest::field(entity, marker.field, json("\"op-7f3a\""))).await.unwrap();
        let found: Vec<&Key> = found.records().map(|record| &record.key).collect();
        assert_eq!(found, [applied(&made)]);
    }
    // Where there is no field for it, the create is sent without, and says so.
    for (entity, fields, marked) in [
        ("persons", r#"{"name":"x"}"#, false),
        ("activities", r#"{"subject":"x"}"#, false),
        ("deals", r#"{"title":"x"}"#, true),
    ] {
        let operation = Operation::new("op", marked_create(fields, "op-8"));
        let mut outcomes = crm.write(WriteRequest::new(entity, vec![operation])).unwrap();
        let done = outcomes.next().await.unwrap();
        applied(&done.outcome);
        assert_eq!(done.unmarked, !marked, "{entity}");
    }
    let given = format!(r#"{{"title":"x","custom_fields":{{"{}":"op-1"}}}}"#, keys::DEAL_REFERENCE);
    applied(&one(&*crm, "deals", marked_create(&given, "op-1")).await);
    let leads = r#"{"success":true,"data":{"id":"adf21080-0e10-11eb-879b-05d71fb426ec"}}"#;
    let config = marked().with_marker("leads", keys::DEAL_REFERENCE);
    let (transport, crm) = crate::common::answering_with(config, move |_| (201, leads.to_owned()));
    one(&*crm, "leads", marked_create(r#"{"title":"x","person_id":1}"#, "op-2")).await;
    insta::assert_snapshot!(sent(&transport), @r#"POST /api/v1/leads {"title":"x","person_id":1,"9c6d08f1a2b34e57c8d90e1f2a3b4c5d6e7f8091":"op-2"}"#);
}
