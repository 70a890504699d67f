//! The promises of every connector, kept by this one; with each assumption of the sandbox as it is, and turned.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tieline_auth::Bearer;
use tieline_conformance::{ConnectorUnderTest, Draft, FakeProvider, SandboxAccount, SandboxTable};
use tieline_core::{ConnectorFactory, Credential, FieldPath, IntoCredential, RawJson, Result};
use tieline_hubspot::HubSpotFactory;
use tieline_sandbox::{Clock, Sandbox};

use crate::common::{config, start};

/// The account with these assumptions turned.
struct HubSpotSubject(&'static [&'static str]);

mod as_assumed {
    tieline_conformance::suite!(super::HubSpotSubject(&[]));
}

/// What no fact settles may be the other way round.
mod the_other_way_round {
    tieline_conformance::suite!(super::HubSpotSubject(super::ASSUMPTIONS));
}

const ASSUMPTIONS: &[&str] = &["empty_is_text", "ids_order_as_numbers", "no_association_is_an_error"];

#[test]
fn every_assumption_is_turned() {
    let sandbox = Sandbox::hubspot(Clock::frozen_at(start()), 1).unwrap();
    let mut names: Vec<&str> = sandbox.model().assumptions().map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ASSUMPTIONS);
}

impl ConnectorUnderTest for HubSpotSubject {
    fn factory(&self) -> Arc<dyn ConnectorFactory> {
        Arc::new(HubSpotFactory::default())
    }

    fn config(&self) -> Value {
        serde_json::to_value(config()).unwrap()
    }

    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>> {
        Bearer::new(secret).into_credential(&HubSpotFactory::default().spec().auth)
    }

    fn world(&self, secret: &str) -> Box<dyn FakeProvider> {
        let sandbox = Sandbox::hubspot(Clock::starting_at(start()), 40).unwrap();
        for name in self.0 {
            assert!(sandbox.assume(name, !sandbox.assumes(name)));
        }
        Box::new(SandboxAccount::new(sandbox, "app", secret, tables()))
    }

    /// All but the associations, which are read parents by parents.
    fn entities(&self) -> Vec<&'static str> {
        vec!["contacts", "companies", "deals", "notes", "custom_objects", "owners", "deal_pipelines"]
    }

    /// Changes are read from five minutes before their mark on.
    fn lateness(&self) -> Duration {
        Duration::from_secs(240)
    }
}

fn tables() -> Vec<SandboxTable> {
    let contacts = SandboxTable::new("contacts", "contacts")
        .created_with(|n| json!({ "email": format!("ny{n}@fjord.example") }))
        .updated_with(|n| json!({ "firstname": format!("Endret {n}") }))
        .deleted()
        .backdated_with(|_| json!({}))
        .drafted_as(|n| {
            draft(
                json!({ "properties": { "email": format!("utkast{n}@fjord.example") } }),
                json!({ "properties": { "email": "no address" } }),
                "firstname",
                json!(format!("Endret {n}")),
            )
        });
    let companies = SandboxTable::new("companies", "companies")
        .created_with(|n| json!({ "name": format!("Ny {n} AS") }))
        .updated_with(|n| json!({ "city": format!("By {n}") }))
        .deleted()
        .backdated_with(|_| json!({}))
        .drafted_as(|n| {
            draft(
                json!({ "properties": { "name": format!("Utkast {n} AS") } }),
                json!({ "properties": { "annualrevenue": "much" } }),
                "city",
                json!(format!("By {n}")),
            )
        });
    let deals = SandboxTable::new("deals", "deals")
        .created_with(|n| json!({ "dealname": format!("Ny {n}"), "amount": "12.50" }))
        .updated_with(|n| json!({ "dealname": format!("Endret {n}") }))
        .deleted()
        .backdated_with(|_| json!({}))
        .drafted_as(|n| {
            draft(
                json!({ "properties": { "dealname": format!("Utkast {n}"), "amount": "1250000.50" } }),
                json!({ "properties": { "amount": "much" } }),
                "dealname",
                json!(format!("Endret {n}")),
            )
        });
    let notes = SandboxTable::new("notes", "notes")
        .created_with(
            |n| json!({ "hs_note_body": format!("Ny {n}"), "hs_timestamp": "2026-11-02T08:00:00Z" }),
        )
        .updated_with(|n| json!({ "hs_note_body": format!("Endret {n}") }))
        .deleted()
        .backdated_with(|_| json!({}));
    let bikes = SandboxTable::new("custom_objects", "bikes")
        .created_with(|n| json!({ "name": format!("Ny {n}") }))
        .updated_with(|n| json!({ "colour": format!("{n:06x}") }))
        .deleted()
        .backdated_with(|_| json!({}));
    let owners = SandboxTable::new("owners", "owners")
        .paged_at("/crm/v3/owners")
        .created_with(|n| json!({ "email": format!("eier{n}@fjord.example") }))
        .updated_with(|n| json!({ "firstName": format!("Endret {n}") }))
        .deleted();
    let pipelines = SandboxTable::new("deal_pipelines", "pipelines")
        .listed(|row| row.text("object") == "deals")
        .updated_with(|n| json!({ "label": format!("Endret {n}") }));
    vec![contacts, companies, deals, notes, bikes, owners, pipelines]
}

fn draft(fields: Value, bad: Value, field: &str, value: Value) -> Draft {
    Draft {
        fields: RawJson::of(&fields).unwrap(),
        bad: Some(RawJson::of(&bad).unwrap()),
        change: (FieldPath::field("properties").child(field), RawJson::of(&value).unwrap()),
    }
}
