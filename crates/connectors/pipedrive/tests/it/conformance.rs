//! The promises of every connector, kept by this one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tieline_auth::{ApiKey, OAuthApp};
use tieline_conformance::{ConnectorUnderTest, Draft, Exact, FakeProvider, PageFault};
use tieline_core::http::Transport;
use tieline_core::{ConnectorFactory, Credential, FieldPath, IntoCredential, Key, RawJson, Result};
use tieline_pipedrive::PipedriveFactory;
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use tieline_sandbox::pipedrive::{COMPANY, Entity, Limits, Pipedrive as Model, keys};
use tieline_sandbox::{Fault, FaultRule, InProcess, Sandbox};
use url::Url;

struct PipedriveSubject;

tieline_conformance::suite!(PipedriveSubject);

impl ConnectorUnderTest for PipedriveSubject {
    fn factory(&self) -> Arc<dyn ConnectorFactory> {
        Arc::new(PipedriveFactory::default())
    }

    fn config(&self) -> Value {
        let markers = json!({
            "deals": keys::DEAL_REFERENCE,
            "organizations": keys::ORGANIZATION_NUMBER,
            "products": keys::PRODUCT_SUPPLIER_NUMBER,
        });
        json!({ "company": COMPANY, "markers": markers })
    }

    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>> {
        ApiKey::new(secret).into_credential(&PipedriveFactory::default().spec().auth)
    }

    fn app(&self) -> Option<OAuthApp> {
        Some(OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap()))
    }

    /// Product lines are read deal by deal, which `projects` does.
    fn entities(&self) -> Vec<&'static str> {
        vec![
            "deals",
            "persons",
            "organizations",
            "activities",
            "products",
            "pipelines",
            "stages",
            "projects",
            "tasks",
            "leads",
            "notes",
            "users",
            "activity_types",
            "lead_labels",
        ]
    }

    fn world(&self, secret: &str) -> Box<dyn FakeProvider> {
        let sandbox = Sandbox::pipedrive();
        sandbox.set_token(secret);
        Box::new(Account { sandbox, names: AtomicU64::new(0) })
    }
}

#[derive(Debug)]
struct Account {
    sandbox: Arc<Sandbox<Model>>,
    names: AtomicU64,
}

/// The lists that together show everything of an entity.
fn lists(entity: &str) -> Vec<String> {
    match entity {
        "deals" => vec!["/api/v2/deals".into(), "/api/v2/deals/archived".into()],
        "leads" => vec!["/api/v1/leads".into(), "/api/v1/leads/archived".into()],
        "projects" => vec!["/api/v2/projects".into(), "/api/v2/projects/archived".into()],
        "notes" | "users" => vec![format!("/api/v1/{entity}")],
        "activity_types" => vec!["/api/v1/activityTypes".into()],
        "lead_labels" => vec!["/api/v1/leadLabels".into()],
        _ => vec![format!("/api/v2/{entity}")],
    }
}

/// The field that names a record for people.
fn name_field(entity: &str) -> &'static str {
    match entity {
        "deals" | "leads" | "projects" | "tasks" => "title",
        "activities" => "subject",
        "notes" => "content",
        _ => "name",
    }
}

fn modelled(entity: &str) -> Option<Entity> {
    Entity::ALL.into_iter().find(|known| known.path() == entity)
}

impl Account {
    /// Asks the sandbox as its own web application would: undisturbed, and outside the limits.
    fn ask(&self, method: Method, path: &str, body: &Value) -> Option<Value> {
        self.sandbox.clear_faults();
        self.sandbox.set_limits(Limits::none());
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-api-token", self.sandbox.token())
            .body(Bytes::from(body.to_string()))
            .ok()?;
        let reply = self.sandbox.handle(request);
        self.sandbox.set_limits(Limits::default());
        reply.status.is_success().then(|| serde_json::from_slice(&reply.body).ok())?
    }

    fn records(&self, entity: &str) -> Vec<Value> {
        let mut records = Vec::new();
        for path in lists(entity) {
            let page = self.ask(Method::GET, &format!("{path}?limit=500"), &Value::Null).unwrap();
            assert!(page["additional_data"]["next_cursor"].is_null(), "{path} has one page");
            let listed = page["data"].as_array().cloned().unwrap_or_default();
            // A deleted type stays in its list; a user who left is one all the same.
            let is_there = |record: &Value| entity == "users" || record["active_flag"] != json!(false);
            records.extend(listed.into_iter().filter(is_there));
        }
        records
    }

    fn named(&self, entity: &str) -> Value {
        let name = format!("Konformitet {}", self.names.fetch_add(1, Ordering::SeqCst));
        json!({ name_field(entity): name })
    }

    /// A record's fields with what else a create needs.
    fn whole(&self, entity: &str, mut fields: Value) -> Value {
        match entity {
            "notes" => fields["deal_id"] = self.records("deals")[0]["id"].clone(),
            "tasks" => fields["project_id"] = self.records("projects")[0]["id"].clone(),
            "activity_types" => fields["icon_key"] = json!("call"),
            "lead_labels" => fields["color"] = json!("green"),
            _ => {}
        }
        fields
    }

    /// The list of the first version that an entity has alone.
    fn choice(&self, entity: &str) -> Option<String> {
        matches!(entity, "activity_types" | "lead_labels").then(|| lists(entity).remove(0))
    }

    fn note(&self, method: Method, key: &str, body: &Value) -> Option<Value> {
        self.ask(method, &format!("/api/v1/notes{key}"), body)
    }
}

fn key_of(record: &Value) -> Key {
    record["id"].as_str().map_or_else(|| Key::new(record["id"].to_string()), Key::new)
}

fn id_of(key: &Key) -> Option<i64> {
    key.as_str().parse().ok()
}

impl FakeProvider for Account {
    fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(InProcess::new(Arc::clone(&self.sandbox)))
    }

    fn now(&self) -> DateTime<Utc> {
        self.sandbox.now()
    }

    fn advance(&self, by: Duration) {
        self.sandbox.advance(by);
    }

    fn consent(&self, address: &Url) -> Option<String> {
        let request = http::Request::get(address.as_str()).body(Bytes::new()).unwrap();
        let reply = self.sandbox.handle(request);
        let location: Url = reply.headers.get(http::header::LOCATION)?.to_str().ok()?.parse().ok()?;
        location.query().map(str::to_owned)
    }

    fn issued(&self) -> Vec<String> {
        self.sandbox.authorization().secrets()
    }

    fn keys(&self, entity: &str) -> Vec<Key> {
        self.records(entity).iter().map(key_of).collect()
    }

    fn create(&self, entity: &str) -> Option<Key> {
        let fields = self.whole(entity, self.named(entity));
        if entity == "notes" {
            return Some(key_of(&self.note(Method::POST, "", &fields)?["data"]));
        }
        if let Some(path) = self.choice(entity) {
            return Some(key_of(&self.ask(Method::POST, &path, &fields)?["data"]));
        }
        Some(Key::from(self.sandbox.create(modelled(entity)?, fields).ok()?))
    }

    fn update(&self, entity: &str, key: &Key) -> bool {
        let fields = self.named(entity);
        if let Some(path) = self.choice(entity) {
            let method = if entity == "lead_labels" { Method::PATCH } else { Method::PUT };
            return self.ask(method, &format!("{path}/{key}"), &fields).is_some();
        }
        match (entity, modelled(entity), id_of(key)) {
            ("notes", ..) => self.note(Method::PUT, &format!("/{key}"), &fields).is_some(),
            (_, Some(entity), Some(id)) => self.sandbox.update(entity, id, fields).is_ok(),
            _ => false,
        }
    }

    fn delete(&self, entity: &str, key: &Key) -> bool {
        if let Some(path) = self.choice(entity) {
            return self.ask(Method::DELETE, &format!("{path}/{key}"), &Value::Null).is_some();
        }
        match (entity, modelled(entity), id_of(key)) {
            ("notes", ..) => self.note(Method::DELETE, &format!("/{key}"), &Value::Null).is_some(),
            (_, Some(entity), Some(id)) => self.sandbox.delete(entity, id).is_ok(),
            _ => false,
        }
    }

    fn backdate(&self, entity: &str, key: &Key, changed_at: DateTime<Utc>) -> bool {
        let (Some(entity), Some(id)) = (modelled(entity), id_of(key)) else { return false };
        self.sandbox.backdate(entity, id, json!({}), changed_at).is_ok()
    }

    fn revoke(&self) {
        self.sandbox.set_token("0000000000000000000000000000000000000000");
    }

    fn twist(&self, entity: &str, twist: PageFault, skip: u32) -> bool {
        // The lists of the first version have no tokens.
        if modelled(entity).is_none() {
            return false;
        }
        let fault = match twist {
            PageFault::RepeatToken => Fault::RepeatPageToken,
            PageFault::EmptyPage => Fault::EmptyPage,
            PageFault::DuplicateRecords => Fault::DuplicateRecords,
            _ => return false,
        };
        let rule = FaultRule::new(fault).on("GET", &format!("/api/v2/{entity}")).skip(skip);
        self.sandbox.inject(if twist == PageFault::RepeatToken { rule.always() } else { rule });
        true
    }

    fn refusal(&self, status: StatusCode, quoting: &str) -> Response<Bytes> {
        let body = json!({ "success": false, "error": quoting, "error_info": quoting });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(http::header::CONTENT_TYPE, json);
        response
    }

    fn draft(&self, entity: &str, n: u32) -> Option<Draft> {
        // The sandbox models no changes to the others.
        if matches!(entity, "pipelines" | "stages" | "leads" | "users") {
            return None;
        }
        let field = name_field(entity);
        let fields = self.whole(entity, json!({ field: format!("Utkast {n}") }));
        Some(Draft {
            fields: RawJson::of(&fields).ok()?,
            bad: RawJson::of(&json!({ field: 7, "no_such_field": true })).ok(),
            change: (FieldPath::field(field), RawJson::of(&format!("Ändrad {n}")).ok()?),
        })
    }

    fn exact(&self) -> Option<Exact> {
        const DIGITS: &str = "12345678901234567.89";
        let ids = self.keys("deals");
        let digits =
            |key: &Key| Some(self.sandbox.record(Entity::Deals, id_of(key)?)?.get("value")?.to_string());
        let key = ids.into_iter().find(|key| digits(key).as_deref() == Some(DIGITS))?;
        Some(Exact { entity: "deals", key, field: FieldPath::field("value"), digits: DIGITS })
    }
}
