//! The promises of every connector, kept by this one.

use std::sync::Arc;

use serde_json::{Value, json};
use tieline_auth::Bearer;
use tieline_conformance::{ConnectorUnderTest, FakeProvider, SandboxAccount, SandboxTable};
use tieline_core::{ConnectorFactory, Credential, IntoCredential, Result};
use tieline_sandbox::{Clock, Sandbox};
use tieline_slack::SlackFactory;

use crate::common::start;

struct SlackSubject;

mod suite {
    tieline_conformance::suite!(super::SlackSubject);
}

impl ConnectorUnderTest for SlackSubject {
    fn factory(&self) -> Arc<dyn ConnectorFactory> {
        Arc::new(SlackFactory::default())
    }

    fn config(&self) -> Value {
        json!({})
    }

    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>> {
        Bearer::new(secret).into_credential(&SlackFactory::default().spec().auth)
    }

    fn world(&self, secret: &str) -> Box<dyn FakeProvider> {
        let sandbox = Sandbox::slack(Clock::starting_at(start()), 40).unwrap();
        Box::new(SandboxAccount::new(sandbox, "bot", secret, tables()))
    }

    /// All but the messages, which are read channel by channel, and the files, whose changes show in full reads only.
    fn entities(&self) -> Vec<&'static str> {
        vec!["users", "channels"]
    }
}

fn tables() -> Vec<SandboxTable> {
    let users = SandboxTable::new("users", "users")
        .paged_at("/api/users.list")
        .created_with(|n| json!({ "name": format!("ny{n}"), "email": format!("ny{n}@fjord.example") }))
        .updated_with(|n| json!({ "real_name": format!("Endret {n}") }))
        .deleted();
    let channels = SandboxTable::new("channels", "channels")
        .paged_at("/api/conversations.list")
        .created_with(|n| json!({ "name": format!("ny-{n}") }))
        .updated_with(|n| json!({ "name": format!("endret-{n}") }))
        .deleted();
    vec![users, channels]
}
