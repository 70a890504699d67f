//! Rows follow what they look up, whatever the order in which it came.

use insta::assert_snapshot;

use crate::provider::*;

#[tokio::test]
async fn a_row_follows_the_record_that_it_looks_up() {
    let (provider, store) = (Provider::new(), memory());
    provider.log("organizations", vec![put("4", r#"{"name":"Åkeri AB"}"#)]);
    provider.log(
        "deals",
        vec![
            put("1", r#"{"title":"A","org":4,"stage":"Ny"}"#),
            put("2", r#"{"title":"B","org":null,"stage":"Ny"}"#),
            put("3", r#"{"title":"C","org":4,"stage":"Ny","status":"lost"}"#),
        ],
    );
    let report = run(&provider, &store).run().await;
    assert_snapshot!(texts(&report), @r"
    organizations: 1 created, 0 updated, 0 deleted, 0 unchanged
    deals: 2 created, 0 updated, 0 deleted, 0 unchanged
    ");
    assert_snapshot!(rows(&store).await.join("\n"), @r#"
    1 {"title":"A","organization":"Åkeri AB","stage":"lead"}
    2 {"title":"B","organization":null,"stage":"lead"}
    "#);

    provider.log("organizations", vec![put("4", r#"{"name":"Åkeri Norr AB"}"#)]);
    let report = run(&provider, &store).run().await;
    assert_snapshot!(texts(&report), @r"
    organizations: 0 created, 1 updated, 0 deleted, 0 unchanged
    deals: 0 created, 1 updated, 0 deleted, 0 unchanged
    ");
    assert_snapshot!(rows(&store).await[0], @r#"1 {"title":"A","organization":"Åkeri Norr AB","stage":"lead"}"#);

    provider.log("organizations", vec![gone("4")]);
    run(&provider, &store).run().await;
    assert_snapshot!(rows(&store).await[0], @r#"1 {"title":"A","organization":null,"stage":"lead"}"#);
}

#[tokio::test]
async fn what_is_looked_up_may_come_later() {
    let (provider, store) = (Provider::new(), memory());
    provider.log("deals", vec![put("1", r#"{"title":"A","org":4,"stage":"Ny"}"#)]);
    let report = run(&provider, &store).run().await;
    assert_snapshot!(report.streams[1].issues[0],
        @"deals 1 /organization: no record of organizations with that key was found, so its /name is not known");
    provider.log("organizations", vec![put("4", r#"{"name":"Åkeri AB"}"#)]);
    run(&provider, &store).run().await;
    assert_snapshot!(rows(&store).await[0], @r#"1 {"title":"A","organization":"Åkeri AB","stage":"lead"}"#);
}

#[tokio::test]
async fn a_record_may_be_left_out_and_come_back() {
    let (provider, store) = (Provider::new(), memory());
    provider.log("deals", vec![put("1", r#"{"title":"A","stage":"Ny"}"#)]);
    run(&provider, &store).run().await;
    provider.log("deals", vec![put("1", r#"{"title":"A","stage":"Ny","status":"lost"}"#)]);
    let report = run(&provider, &store).run().await;
    assert_eq!((report.streams[1].rows.deleted, rows(&store).await.len()), (1, 0));
    assert_eq!(mirror(&store, "deals").await.len(), 1, "the provider still has it");
    provider.log("deals", vec![put("1", r#"{"title":"A","stage":"Ny","status":"open"}"#)]);
    let report = run(&provider, &store).run().await;
    assert_eq!((report.streams[1].rows.created, rows(&store).await.len()), (1, 1));
}

#[tokio::test]
async fn a_changed_mapping_is_applied_without_reading_again() {
    let (provider, store) = (Provider::new(), memory());
    provider.log("deals", vec![put("1", r#"{"title":"A","stage":"Ny","status":"lost"}"#)]);
    run(&provider, &store).run().await;
    assert!(rows(&store).await.is_empty());

    let all = tieline_mapping::Mapping::new().field("name", tieline_mapping::Source::path("/title"));
    let all: std::sync::Arc<dyn tieline_core::FieldMapping> = std::sync::Arc::new(all.compile().unwrap());
    let read_before = provider.batches_read();
    let report = tieline_sync::OneWaySync::new(provider.clone(), store.clone(), "acme")
        .stream(tieline_sync::StreamPlan::mapped("deals", "deals", all))
        .run()
        .await;
    assert_eq!(provider.batches_read(), read_before);
    assert_eq!(report.streams[0].rows.created, 1);
    assert_snapshot!(rows(&store).await[0], @r#"1 {"name":"A"}"#);
}

#[tokio::test]
async fn records_are_also_found_by_another_field() {
    let (provider, store) = (Provider::new(), memory());
    provider.log(
        "users",
        vec![
            put("1", r#"{"email":"a@x.se","uuid":"u-1"}"#),
            put("2", r#"{"email":"b@x.se","uuid":"u-2"}"#),
            put("3", r#"{"email":"b@x.se","uuid":"u-3"}"#),
        ],
    );
    provider.log("deals", vec![put("1", r#"{"by":" A@X.se"}"#), put("2", r#"{"by":"b@x.se"}"#)]);
    let owner = tieline_mapping::Lookup::by("users", "email", "uuid");
    let plan = tieline_mapping::Mapping::new()
        .field("owner", tieline_mapping::Source::path("by").step(owner))
        .compile()
        .unwrap();
    let plan: std::sync::Arc<dyn tieline_core::FieldMapping> = std::sync::Arc::new(plan);
    let sync = || {
        tieline_sync::OneWaySync::new(provider.clone(), store.clone(), "acme")
            .stream(tieline_sync::StreamPlan::mirror("users"))
            .stream(tieline_sync::StreamPlan::mapped("deals", "deals", plan.clone()))
            .run()
    };
    let report = sync().await;
    assert_snapshot!(rows(&store).await.join("\n"), @r#"
    1 {"owner":"u-1"}
    2 {"owner":null}
    "#);
    assert_snapshot!(report.streams[1].issues[0],
        @"deals 2 /owner: several records of users with that /email were found, so /uuid is not known");
    // The row follows the record that was found.
    provider.log("users", vec![put("1", r#"{"email":"a@x.se","uuid":"u-9"}"#)]);
    sync().await;
    assert_snapshot!(rows(&store).await[0], @r#"1 {"owner":"u-9"}"#);
}

#[tokio::test]
async fn what_is_not_seen_or_missing_leaves_the_row_as_it_was() {
    let (provider, store) = (Provider::new(), memory());
    let mapping = tieline_mapping::Mapping::new()
        .unseen("NO_RIGHT")
        .with_field(
            tieline_mapping::FieldSpec::new("title", tieline_mapping::Source::path("title"))
                .required([tieline_mapping::RequiredOn::Create]),
        )
        .field("amount", tieline_mapping::Source::path("amount"))
        .compile()
        .unwrap();
    let mapping: std::sync::Arc<dyn tieline_core::FieldMapping> = std::sync::Arc::new(mapping);
    let sync = || {
        tieline_sync::OneWaySync::new(provider.clone(), store.clone(), "acme")
            .stream(tieline_sync::StreamPlan::mapped("deals", "deals", mapping.clone()))
            .run()
    };
    provider.log("deals", vec![put("1", r#"{"title":"A","amount":5}"#), put("2", r#"{"amount":6}"#)]);
    let report = sync().await;
    assert_snapshot!(rows(&store).await.join("\n"), @r#"1 {"title":"A","amount":5}"#);
    assert_snapshot!(report.streams[0].issues[0], @"deals 2 /title (left out): a field that a new record needs is null");

    provider.log(
        "deals",
        vec![
            put("1", r#"{"title":null,"amount":"NO_RIGHT"}"#),
            put("3", r#"{"title":"C","amount":"NO_RIGHT"}"#),
        ],
    );
    let report = sync().await;
    assert_snapshot!(rows(&store).await.join("\n"), @r#"
    1 {"title":null,"amount":5}
    3 {"title":"C","amount":null}
    "#);
    // Once a field, not once a record.
    let issues: Vec<String> = report.streams[0].issues.iter().map(ToString::to_string).collect();
    assert_eq!(
        issues,
        [
            "deals /amount: the provider does not show the field to this user in 2 records, and their rows keep what they have"
        ]
    );
}
