use serde_json::Value;
use tieline_sandbox::fortnox::Entity;
use tieline_sandbox::{Fault, FaultRule, RetryAfter};

use super::{call, get, json, refused, still, walk};

#[test]
fn faults_speak_the_providers_language() {
    let sandbox = still();
    let after = |fault: Fault| {
        sandbox.inject(FaultRule::new(fault));
        call(&sandbox, "GET", "/3/invoices?limit=1", &Value::Null)
    };
    let reply = after(Fault::Unauthorized);
    assert_eq!((reply.status.as_u16(), &json(&reply)["message"]), (401, &"unauthorized".into()));
    let reply = after(Fault::TooManyRequests { retry_after: RetryAfter::None });
    assert_eq!((reply.status.as_u16(), reply.headers.contains_key("retry-after")), (429, false));
    let reply = after(Fault::Status { status: 500, body: None });
    assert_eq!(json(&reply)["ErrorInformation"]["code"], 1_000_003);
    let reply = after(Fault::Status { status: 503, body: None });
    assert!(json(&reply)["message"].is_string());
    let reply = after(Fault::EchoSecrets { status: 400 });
    let said = json(&reply)["ErrorInformation"]["message"].as_str().unwrap().to_owned();
    assert!(said.contains(&sandbox.token()), "{said}");
}

#[test]
fn pages_can_be_wrong() {
    let sandbox = still();
    let right = get(&sandbox, "/3/invoices?limit=10&page=2");
    let first = get(&sandbox, "/3/invoices?limit=10&page=1");
    let after = |fault: Fault| {
        sandbox.inject(FaultRule::new(fault));
        get(&sandbox, "/3/invoices?limit=10&page=2")
    };
    assert_eq!(after(Fault::RepeatPageToken), first);
    let empty = after(Fault::EmptyPage);
    assert_eq!(
        (empty["Invoices"].as_array().unwrap().len(), &empty["MetaInformation"]),
        (0, &right["MetaInformation"])
    );
    let doubled = after(Fault::DuplicateRecords);
    assert_eq!(
        (doubled["Invoices"].as_array().unwrap().len(), &doubled["Invoices"][10]),
        (11, &right["Invoices"][9])
    );
}

#[test]
fn a_write_can_happen_although_its_answer_is_lost() {
    let sandbox = still();
    let before = sandbox.count(Entity::Customers);
    let body = serde_json::json!({"Customer": {"Name": "Kanske AB"}});
    sandbox.inject(
        FaultRule::new(Fault::Status { status: 502, body: None })
            .on("POST", "/3/customers")
            .takes_effect(true),
    );
    assert_eq!(refused(&sandbox, "POST", "/3/customers", &body).0, 502);
    assert_eq!(sandbox.count(Entity::Customers), before + 1);
    assert_eq!(walk(&sandbox, Entity::Customers, "name=kanske").len(), 1);
}
