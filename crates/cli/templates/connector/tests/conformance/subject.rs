//! Tick as the suite sees it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tieline_auth::ApiKey;
use tieline_conformance::{ConnectorUnderTest, Draft, Exact, FakeProvider, PageFault};
use tieline_core::Result;
use tieline_core::http::Transport;
use tieline_core::{ConnectorFactory, Credential, FieldPath, IntoCredential, Key, RawJson};
use tieline_tick::TickFactory;

use crate::provider::{InProcess, Provider, Task};

pub struct TickSubject;

impl ConnectorUnderTest for TickSubject {
    fn factory(&self) -> Arc<dyn ConnectorFactory> {
        Arc::new(TickFactory::default())
    }

    fn config(&self) -> Value {
        json!({})
    }

    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>> {
        ApiKey::new(secret).into_credential(&TickFactory::default().spec().auth)
    }

    fn world(&self, secret: &str) -> Box<dyn FakeProvider> {
        Box::new(Team(Provider::new(secret)))
    }
}

#[derive(Debug)]
struct Team(Arc<Provider>);

impl Team {
    fn task(&self, key: &Key, change: impl FnOnce(&mut Task)) -> bool {
        let id = key.as_str().trim_start_matches('t').parse::<u64>();
        let mut state = self.0.state();
        let task = id.ok().and_then(|id| state.tasks.get_mut(&id));
        task.map(change).is_some()
    }
}

impl FakeProvider for Team {
    fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(InProcess(Arc::clone(&self.0)))
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn advance(&self, by: Duration) {
        self.0.advance(by);
    }

    fn keys(&self, entity: &str) -> Vec<Key> {
        let state = self.0.state();
        match entity {
            "lists" => state.lists.keys().map(|id| Key::new(format!("l{id}"))).collect(),
            _ => {
                let there = state.tasks.iter().filter(|(_, task)| !task.deleted);
                there.map(|(id, _)| Key::new(format!("t{id}"))).collect()
            }
        }
    }

    fn create(&self, entity: &str) -> Option<Key> {
        let now = self.now();
        let mut state = self.0.state();
        if entity == "lists" {
            let id = state.lists.last_key_value()?.0 + 1;
            state.lists.insert(id, format!("List {id}"));
            return Some(Key::new(format!("l{id}")));
        }
        let (id, last) = state.tasks.last_key_value().map(|(id, task)| (id + 1, task.clone()))?;
        state.tasks.insert(id, Task { title: format!("Task {id}"), updated_at: now, deleted: false, ..last });
        Some(Key::new(format!("t{id}")))
    }

    fn update(&self, entity: &str, key: &Key) -> bool {
        let now = self.now();
        entity == "tasks"
            && self.task(key, |task| {
                task.title.push('!');
                task.version += 1;
                task.updated_at = now;
            })
    }

    fn delete(&self, entity: &str, key: &Key) -> bool {
        let now = self.now();
        if entity == "lists" {
            let id = key.as_str().trim_start_matches('l').parse::<u64>();
            return id.is_ok_and(|id| self.0.state().lists.remove(&id).is_some());
        }
        self.task(key, |task| (task.deleted, task.updated_at) = (true, now))
    }

    fn backdate(&self, entity: &str, key: &Key, changed_at: DateTime<Utc>) -> bool {
        entity == "tasks" && self.task(key, |task| task.updated_at = changed_at)
    }

    fn revoke(&self) {
        self.0.state().key = "another".to_owned();
    }

    fn twist(&self, entity: &str, twist: PageFault, skip: u32) -> bool {
        self.0.state().twist = Some((entity.to_owned(), twist, skip));
        true
    }

    fn draft(&self, entity: &str, n: u32) -> Option<Draft> {
        let json = |value: Value| RawJson::of(&value).unwrap();
        (entity == "tasks").then(|| Draft {
            fields: json(json!({ "title": format!("Draft {n}") })),
            bad: Some(json(json!({ "title": "" }))),
            change: (FieldPath::field("title"), json(json!(format!("Changed {n}")))),
        })
    }

    fn exact(&self) -> Option<Exact> {
        let field = FieldPath::field("amount");
        Some(Exact { entity: "tasks", key: Key::new("t7"), field, digits: "12345678901234567.89" })
    }
}
