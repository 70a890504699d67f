//! The promises of every connector, kept by this one; with each assumption of the sandbox as it is, and turned.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tieline_auth::ApiKey;
use tieline_chatwoot::{ChatwootConfig, ChatwootFactory};
use tieline_conformance::{ConnectorUnderTest, Draft, FakeProvider, SandboxAccount, SandboxTable};
use tieline_core::{ConnectorFactory, Credential, FieldPath, IntoCredential, RawJson, Result};
use tieline_sandbox::chatwoot::ACCOUNT;
use tieline_sandbox::engine::Provider;
use tieline_sandbox::{Clock, Sandbox};

use crate::common::{ADDRESS, start};

/// The account with these assumptions turned.
struct ChatwootSubject(&'static [&'static str]);

mod as_assumed {
    tieline_conformance::suite!(super::ChatwootSubject(&[]));
}

/// What no fact settles may be the other way round.
mod the_other_way_round {
    tieline_conformance::suite!(super::ChatwootSubject(&[
        "after_zero_is_oldest",
        "page_number_is_text",
        "agents_see_all"
    ]));
}

#[test]
fn every_assumption_is_turned() {
    let sandbox = Sandbox::chatwoot(Clock::frozen_at(start()), 1).unwrap();
    let mut names: Vec<&str> = sandbox.model().assumptions().map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["after_zero_is_oldest", "agents_see_all", "page_number_is_text"]);
}

impl ConnectorUnderTest for ChatwootSubject {
    fn factory(&self) -> Arc<dyn ConnectorFactory> {
        Arc::new(ChatwootFactory::default())
    }

    fn config(&self) -> Value {
        serde_json::to_value(ChatwootConfig::new(ADDRESS, ACCOUNT.parse().unwrap())).unwrap()
    }

    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>> {
        ApiKey::new(secret).into_credential(&ChatwootFactory::default().spec().auth)
    }

    fn world(&self, secret: &str) -> Box<dyn FakeProvider> {
        let sandbox = Sandbox::chatwoot(Clock::starting_at(start()), 40).unwrap();
        for name in self.0 {
            assert!(sandbox.assume(name, !sandbox.assumes(name)));
        }
        Box::new(SandboxAccount::new(sandbox, "administrator", secret, tables()))
    }

    /// All but the messages, which are read conversation by conversation.
    fn entities(&self) -> Vec<&'static str> {
        vec![
            "contacts",
            "conversations",
            "inboxes",
            "agent_bots",
            "labels",
            "agents",
            "teams",
            "custom_attributes",
        ]
    }

    /// Contacts are read from a minute before their marks on.
    fn lateness(&self) -> Duration {
        Duration::from_secs(30)
    }
}

fn tables() -> Vec<SandboxTable> {
    let contacts = SandboxTable::new("contacts", "contacts")
        .listed(|row| row.fields.get("listed").is_some_and(|listed| listed.as_bool() == Some(true)))
        .created_with(|n| json!({ "name": format!("Ny {n}"), "email": format!("ny{n}@fjord.example") }))
        .updated_with(|n| json!({ "name": format!("Endret {n}") }))
        // An edit alone shows in no list of changes; the contact also writes.
        .touched_by(|sandbox, key| drop(sandbox.backdate("contacts", key, activity(sandbox), sandbox.now())))
        .deleted()
        .backdated_with(|at| json!({ "last_activity_at": at.timestamp() }))
        .drafted_as(|n| {
            draft(
                json!({ "name": format!("Utkast {n}"), "email": format!("utkast{n}@fjord.example") }),
                json!({ "email": "no address" }),
                "name",
                json!(format!("Endret {n}")),
            )
        });
    let conversations = SandboxTable::new("conversations", "conversations")
        .created_with(|_| json!({ "contact_id": 1, "inbox_id": 1 }))
        .updated_with(|n| json!({ "custom_attributes": { "n": n } }))
        .deleted()
        .backdated_with(|_| json!({}))
        .drafted_as(|n| {
            draft(
                json!({ "contact_id": 1, "inbox_id": 1 }),
                json!({ "status": "open" }),
                "priority",
                json!(["low", "medium", "high", "urgent"][n as usize % 4]),
            )
        });
    let labels = SandboxTable::new("labels", "labels")
        .created_with(|n| json!({ "title": format!("merke-{n}") }))
        .updated_with(|n| json!({ "color": format!("#{n:06x}") }))
        .deleted()
        .drafted_as(|n| {
            draft(json!({ "title": format!("utkast-{n}") }), json!({}), "title", json!("unused"))
        });
    vec![
        contacts,
        conversations,
        labels,
        SandboxTable::new("inboxes", "inboxes")
            .created_with(|n| json!({ "name": format!("Innboks {n}") }))
            .updated_with(|n| json!({ "name": format!("Endret {n}") }))
            .deleted(),
        SandboxTable::new("agent_bots", "agent_bots")
            .created_with(|n| json!({ "name": format!("Robot {n}") }))
            .updated_with(|n| json!({ "name": format!("Endret {n}") }))
            .deleted(),
        SandboxTable::new("agents", "agents").updated_with(|n| json!({ "name": format!("Endret {n}") })),
        SandboxTable::new("teams", "teams").updated_with(|n| json!({ "description": format!("Endret {n}") })),
        SandboxTable::new("custom_attributes", "attributes")
            .updated_with(|n| json!({ "attribute_description": format!("Endret {n}") })),
    ]
}

fn activity(sandbox: &Sandbox<Provider>) -> Value {
    json!({ "last_activity_at": sandbox.now().timestamp() })
}

fn draft(fields: Value, bad: Value, field: &str, value: Value) -> Draft {
    Draft {
        fields: RawJson::of(&fields).unwrap(),
        bad: Some(RawJson::of(&bad).unwrap()),
        change: (FieldPath::field(field), RawJson::of(&value).unwrap()),
    }
}
