use serde_json::json as value;
use tieline_core::{Connector, DiscoverRequest, Operation, Outcome, PollRequest};
use tieline_sandbox::pipedrive::Entity;
use tieline_sandbox::{Fault, FaultRule};

use crate::common::{account, answering, applied, create, invoke, one, sent, word};

const JOB: &str = "46c3b0e1-db35-59ca-1828-4817378dff71";

#[tokio::test(start_paused = true)]
async fn two_persons_become_one() {
    let (sandbox, crm) = account();
    let from = applied(
        &one(&*crm, "persons", create(r#"{"name":"Ada A","emails":[{"value":"a@example.test"}]}"#)).await,
    )
    .to_string();
    let into = applied(&one(&*crm, "persons", create(r#"{"name":"Ada B"}"#)).await).to_string();
    let input = format!(r#"{{"merge_with_id":{into}}}"#);
    // Done twice it would fail: a lost answer is never followed by a second try.
    sandbox.inject(FaultRule::new(Fault::ResetMidBody).on("PUT", "/api/v1/persons"));
    sandbox.forget_requests();
    let lost = one(&*crm, "persons", invoke("merge", &from, &input)).await;
    assert!(matches!(lost, Outcome::Unknown(_)), "{}", word(&lost));
    assert_eq!(sandbox.requests().len(), 1);
    assert_eq!(
        sandbox.record(Entity::Persons, from.parse().unwrap()).unwrap().get("is_deleted").unwrap().as_bool(),
        Some(true)
    );

    let third = applied(&one(&*crm, "persons", create(r#"{"name":"Ada C"}"#)).await).to_string();
    let merged = one(&*crm, "persons", invoke("merge", &third, &input)).await;
    let Outcome::Applied { key: Some(key), record: None, .. } = merged else { panic!("{}", word(&merged)) };
    assert_eq!(key.as_str(), into);
    let again = one(&*crm, "persons", invoke("merge", &third, &input)).await;
    assert!(matches!(again, Outcome::Rejected(_)));
}

#[tokio::test(start_paused = true)]
async fn actions_are_sent_as_described() {
    let (transport, crm) = answering(|path| {
        let data = if path.contains("convert") {
            value!({ "conversion_id": JOB })
        } else {
            value!({ "id": 9, "name": "Pall" })
        };
        (200, value!({ "success": true, "data": data }).to_string())
    });
    let lead = "adf21080-0e10-11eb-879b-05d71fb426ec";
    let mut words = Vec::new();
    for (entity, op) in [
        ("deals", invoke("merge", "7", r#"{"merge_with_id":9}"#)),
        ("organizations", invoke("merge", "7", r#"{"merge_with_id":9}"#)),
        ("deals", invoke("convert_to_lead", "7", "null")),
        ("leads", invoke("convert_to_deal", lead, r#"{"stage_id":3}"#)),
        ("leads", invoke("convert_to_deal", lead, "{}")),
        ("deals", invoke("add_product", "7", r#"{"product_id":1,"item_price":1250.10,"quantity":2}"#)),
        ("products", invoke("duplicate", "7", "{}")),
    ] {
        words.push(word(&one(&*crm, entity, op).await));
    }
    insta::assert_snapshot!(sent(&transport), @r#"
    PUT /api/v1/deals/7/merge {"merge_with_id":9}
    PUT /api/v1/organizations/7/merge {"merge_with_id":9}
    POST /api/v2/deals/7/convert/lead
    POST /api/v2/leads/adf21080-0e10-11eb-879b-05d71fb426ec/convert/deal {"stage_id":3}
    POST /api/v2/leads/adf21080-0e10-11eb-879b-05d71fb426ec/convert/deal {}
    POST /api/v2/deals/7/products {"product_id":1,"item_price":1250.10,"quantity":2}
    POST /api/v2/products/7/duplicate
    "#);
    insta::assert_snapshot!(words.join("\n"), @"
    applied 9
    applied 9
    accepted deals/7/46c3b0e1-db35-59ca-1828-4817378dff71
    accepted leads/adf21080-0e10-11eb-879b-05d71fb426ec/46c3b0e1-db35-59ca-1828-4817378dff71
    accepted leads/adf21080-0e10-11eb-879b-05d71fb426ec/46c3b0e1-db35-59ca-1828-4817378dff71
    applied 7
    applied 9
    ");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_says_nothing_is_unknown() {
    let (_, crm) = answering(|_| (200, r#"{"success":true,"data":{}}"#.to_owned()));
    for (entity, op) in [
        ("deals", invoke("merge", "7", r#"{"merge_with_id":9}"#)),
        ("deals", invoke("convert_to_lead", "7", "{}")),
        ("products", invoke("duplicate", "7", "{}")),
        ("deals", create(r#"{"title":"x"}"#)),
    ] {
        let outcome = one(&*crm, entity, op).await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{}", word(&outcome));
    }
}

async fn polled(crm: &dyn Connector, ticket: &str) -> String {
    use futures_util::StreamExt;
    let operations = vec![Operation::new("op", invoke("convert_to_lead", "7", "{}"))];
    match crm.poll(PollRequest::new("deals", ticket, operations)) {
        Ok(stream) => {
            let outcomes: Vec<_> = stream.collect().await;
            word(&outcomes[0].outcome)
        }
        Err(error) => error.to_string(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_conversion_is_asked_for_until_it_ends() {
    let ticket = format!("deals/7/{JOB}");
    let mut words = Vec::new();
    for (status, body) in [
        (200, r#"{"success":true,"data":{"conversion_id":"x","status":"not_started"}}"#),
        (200, r#"{"success":true,"data":{"conversion_id":"x","status":"running"}}"#),
        (
            200,
            r#"{"success":true,"data":{"lead_id":"adf21080-0e10-11eb-879b-05d71fb426ec","status":"completed"}}"#,
        ),
        (200, r#"{"success":true,"data":{"deal_id":12,"status":"completed"}}"#),
        (200, r#"{"success":true,"data":{"status":"failed"}}"#),
        (200, r#"{"success":true,"data":{"status":"odd"}}"#),
        (200, r#"{"success":true,"data":null}"#),
        (404, r#"{"success":false,"error":"Not found"}"#),
        (403, r#"{"success":false,"error":"No permission"}"#),
        (401, r#"{"success":false}"#),
        (503, ""),
    ] {
        let (_, crm) = answering(move |_| (status, body.to_owned()));
        words.push(polled(&*crm, &ticket).await);
    }
    let (transport, crm) = answering(|_| (503, String::new()));
    for ticket in ["", "deals/7", "persons/7/x", "deals/x/x", "deals/7/a/b", "deals/7/../x"] {
        words.push(polled(&*crm, ticket).await);
    }
    assert!(sent(&transport).is_empty());
    insta::assert_snapshot!("conversions", words.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn the_catalog_names_the_actions_with_their_inputs() {
    let (_, crm) = account();
    let catalog = crm.discover(DiscoverRequest::names()).await.unwrap();
    let lines: Vec<String> = catalog
        .entities
        .iter()
        .flat_map(|entity| {
            entity.actions.iter().map(move |action| {
                assert!(!action.idempotent);
                format!("{} {} {:?} {}", entity.name, action.name, action.title, action.input)
            })
        })
        .collect();
    insta::assert_snapshot!("actions", lines.join("\n"));
}
