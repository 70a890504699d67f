use serde_json::{Value, json};
use tieline_core::{ErrorKind, FieldPatch, FieldPath, Outcome, Patch, RawJson, WriteOp};

use crate::common::{account, asked, invoke, json, one};

fn fields(value: &Value) -> RawJson {
    RawJson::of(value).unwrap()
}

fn applied(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied { key: Some(key), .. } => key.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_deal_is_made_with_its_associations_changed_and_archived() {
    let (sandbox, portal) = account(12);
    let deal = json!({
        "properties": { "dealname": "Ny ordre", "amount": "1250000.50", "pipeline": "default" },
        "associations": [{ "to": { "id": "101" },
            "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3 }] }],
    });
    let key = applied(&one(&*portal, "deals", WriteOp::create(fields(&deal))).await);
    assert_eq!(sandbox.row("deals", &key).unwrap().fields.get("amount").unwrap().to_string(), "1250000.50");
    assert_eq!(sandbox.rows("associations").iter().filter(|row| row.text("from_type") == "deals").count(), 1);
    let name = FieldPath::parse("/properties/dealname").unwrap();
    let amount = FieldPath::parse("/properties/amount").unwrap();
    let patch = Patch(vec![(name, FieldPatch::Set(json("\"Endret\""))), (amount, FieldPatch::Clear)]);
    one(&*portal, "deals", WriteOp::update(key.as_str(), patch)).await;
    assert_eq!(sandbox.row("deals", &key).unwrap().text("dealname"), "Endret");
    one(&*portal, "deals", WriteOp::delete(key.as_str())).await;
    assert!(sandbox.row("deals", &key).unwrap().deleted.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_contact_is_made_or_changed_by_a_unique_property() {
    let (sandbox, portal) = account(12);
    let by = || FieldPath::parse("/properties/email").unwrap();
    let upsert = |name: &str| {
        let fields = fields(&json!({ "properties": { "firstname": name } }));
        WriteOp::upsert(by(), json("\"kari@fjord.example\""), fields)
    };
    let first = applied(&one(&*portal, "contacts", upsert("Kari")).await);
    let second = applied(&one(&*portal, "contacts", upsert("Karin")).await);
    assert_eq!(first, second);
    assert_eq!(sandbox.row("contacts", &first).unwrap().text("firstname"), "Karin");
}

#[tokio::test(start_paused = true)]
async fn a_taken_address_is_a_conflict_and_an_unknown_property_is_refused() {
    let (_, portal) = account(12);
    let taken = WriteOp::create(fields(&json!({ "properties": { "email": "person1@firma1.example" } })));
    let Outcome::Rejected(error) = one(&*portal, "contacts", taken).await else { panic!("it was made") };
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let unknown = WriteOp::create(fields(&json!({ "properties": { "shoe_size": "44" } })));
    let Outcome::Rejected(error) = one(&*portal, "contacts", unknown).await else { panic!("it was made") };
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[tokio::test(start_paused = true)]
async fn records_are_linked_and_unlinked() {
    let (sandbox, portal) = account(12);
    sandbox.forget_requests();
    let links = || sandbox.rows("associations").iter().filter(|row| row.text("from_type") == "deals").count();
    one(&*portal, "deal_contacts", invoke("link", Some("2001"), r#"{"to":"101"}"#)).await;
    assert_eq!(links(), 1);
    one(&*portal, "deal_contacts", invoke("unlink", Some("2001"), r#"{"to":"101"}"#)).await;
    assert_eq!(links(), 0);
    assert_eq!(
        asked(&sandbox),
        [
            "PUT /crm/v4/objects/deals/2001/associations/default/contacts/101",
            "DELETE /crm/v4/objects/deals/2001/associations/contacts/101"
        ]
    );
}
