//! The promises of every connector, kept by three descriptions: REST with pages and children, OData, GraphQL.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tieline_auth::{ApiKey, Bearer};
use tieline_conformance::{ConnectorUnderTest, Draft, FakeProvider, SandboxAccount, SandboxTable};
use tieline_core::{ConnectorFactory, Credential, FieldPath, IntoCredential, RawJson, Result};
use tieline_custom_rest::{CustomRestConfig, CustomRestFactory};
use tieline_sandbox::engine::Plain;
use tieline_sandbox::{Clock, Sandbox};

/// A described API, and its sandbox.
struct Described {
    description: &'static str,
    definition: &'static str,
    bearer: bool,
    entities: &'static [&'static str],
    tables: fn() -> Vec<SandboxTable>,
}

const BOOKING: Described = Described {
    description: include_str!("booking.yaml"),
    definition: include_str!("booking.toml"),
    bearer: true,
    entities: &["rooms", "bookings"],
    tables: booking,
};

const INVENTORY: Described = Described {
    description: include_str!("inventory.yaml"),
    definition: include_str!("inventory.toml"),
    bearer: true,
    entities: &["items"],
    tables: inventory,
};

const TICKETS: Described = Described {
    description: include_str!("tickets.yaml"),
    definition: include_str!("tickets.toml"),
    bearer: false,
    entities: &["tickets"],
    tables: tickets,
};

mod rest {
    tieline_conformance::suite!(super::BOOKING);
}

mod odata {
    tieline_conformance::suite!(super::INVENTORY);
}

mod graphql {
    tieline_conformance::suite!(super::TICKETS);
}

impl Described {
    fn settings(&self) -> Value {
        serde_json::to_value(CustomRestConfig::yaml(self.description)).unwrap()
    }
}

impl ConnectorUnderTest for Described {
    fn factory(&self) -> Arc<dyn ConnectorFactory> {
        CustomRestFactory::default().configured(&self.settings()).unwrap().unwrap()
    }

    fn config(&self) -> Value {
        self.settings()
    }

    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>> {
        let factory = self.factory();
        match self.bearer {
            true => Bearer::new(secret).into_credential(&factory.spec().auth),
            false => ApiKey::new(secret).into_credential(&factory.spec().auth),
        }
    }

    fn world(&self, secret: &str) -> Box<dyn FakeProvider> {
        let start = "2026-11-02T08:00:00Z".parse().unwrap();
        let sandbox = Sandbox::of(self.definition, Plain, Clock::starting_at(start), 34).unwrap();
        Box::new(SandboxAccount::new(sandbox, "owner", secret, (self.tables)()))
    }

    fn entities(&self) -> Vec<&'static str> {
        self.entities.to_vec()
    }

    /// The overlap of an increment is a minute.
    fn lateness(&self) -> Duration {
        Duration::from_secs(30)
    }
}

fn booking() -> Vec<SandboxTable> {
    vec![
        SandboxTable::new("rooms", "rooms")
            .created_with(|n| json!({ "name": format!("Rom {n}") }))
            .updated_with(|n| json!({ "name": format!("Endret {n}") }))
            .deleted(),
        SandboxTable::new("bookings", "bookings")
            .created_with(|n| json!({ "guest": format!("Gjest {n}"), "room_id": 1 }))
            .updated_with(|n| json!({ "guest": format!("Endret {n}") }))
            .deleted()
            .backdated_with(|_| json!({}))
            .drafted_as(|n| {
                draft(
                    json!({ "guest": format!("Utkast {n}"), "room_id": 1 }),
                    json!({ "guest": null }),
                    "guest",
                    n,
                )
            }),
    ]
}

fn inventory() -> Vec<SandboxTable> {
    vec![
        SandboxTable::new("items", "items")
            .paged_at("/odata/items")
            .created_with(|n| json!({ "name": format!("Vare {n}") }))
            .updated_with(|n| json!({ "name": format!("Endret {n}") }))
            .deleted()
            .backdated_with(|_| json!({}))
            .drafted_as(|n| {
                draft(json!({ "name": format!("Utkast {n}") }), json!({ "name": null }), "name", n)
            }),
    ]
}

fn tickets() -> Vec<SandboxTable> {
    vec![
        SandboxTable::new("tickets", "tickets")
            .created_with(|n| json!({ "title": format!("Sak {n}") }))
            .updated_with(|n| json!({ "title": format!("Endret {n}") }))
            .deleted()
            .backdated_with(|_| json!({})),
    ]
}

fn draft(fields: Value, bad: Value, field: &str, n: u32) -> Draft {
    Draft {
        fields: RawJson::of(&fields).unwrap(),
        bad: Some(RawJson::of(&bad).unwrap()),
        change: (FieldPath::field(field), RawJson::of(&format!("Endret {n}")).unwrap()),
    }
}
