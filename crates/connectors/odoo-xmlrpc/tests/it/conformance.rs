//! The promises of every connector, kept by this one over both of Odoo's protocols.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::{Value, json};
use tieline_auth::ApiKey;
use tieline_conformance::{ConnectorUnderTest, Draft, FakeProvider, PageFault};
use tieline_core::http::Transport;
use tieline_core::{ConnectorFactory, Credential, FieldPath, IntoCredential, Key, RawJson, Result};
use tieline_odoo_xmlrpc::OdooFactory;
use tieline_sandbox::odoo::{DATABASE, LOGIN, Version};
use tieline_sandbox::{Fault, FaultRule, InProcess};

use crate::common::Server;

mod xmlrpc {
    tieline_conformance::suite!(super::OdooSubject(super::Version::V17));
}

mod json2 {
    tieline_conformance::suite!(super::OdooSubject(super::Version::V19));
}

struct OdooSubject(Version);

impl ConnectorUnderTest for OdooSubject {
    fn factory(&self) -> Arc<dyn ConnectorFactory> {
        Arc::new(OdooFactory::default())
    }

    fn config(&self) -> Value {
        json!({ "url": "https://erp.example.test", "login": LOGIN, "database": DATABASE })
    }

    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>> {
        ApiKey::new(secret).into_credential(&OdooFactory::default().spec().auth)
    }

    fn world(&self, secret: &str) -> Box<dyn FakeProvider> {
        let server = tieline_sandbox::Sandbox::odoo(self.0);
        server.set_api_key(LOGIN, secret).unwrap();
        Box::new(Database { server, key: secret.to_owned(), names: AtomicU64::new(0) })
    }

    // An Odoo has hundreds of models. These are the ones that the sandbox fills.
    fn entities(&self) -> Vec<&'static str> {
        vec!["res.partner", "hr.department", "hr.employee", "crm.lead", "sale.order"]
    }
}

struct Database {
    server: Server,
    key: String,
    names: AtomicU64,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

fn id_of(key: &Key) -> i64 {
    key.as_str().parse().unwrap()
}

fn name_field(entity: &str) -> &'static str {
    if entity == "sale.order" { "client_order_ref" } else { "name" }
}

impl Database {
    fn named(&self, entity: &str) -> Value {
        let name = format!("Konformitet {}", self.names.fetch_add(1, Ordering::SeqCst));
        self.with_partner(entity, json!({ name_field(entity): name }))
    }

    /// What a new record needs beside its name.
    fn with_partner(&self, entity: &str, mut fields: Value) -> Value {
        if entity == "sale.order" {
            fields["partner_id"] = json!(id_of(&self.keys("res.partner")[0]));
        }
        fields
    }

    fn ids(&self, entity: &str, secret: &str) -> Option<Vec<i64>> {
        let archived_too = json!({ "context": { "active_test": false } });
        let uid = tieline_sandbox::odoo::UID;
        let args = json!([DATABASE, uid, secret, entity, "search", [[]], archived_too]);
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "call",
            "params": { "service": "object", "method": "execute_kw", "args": args } });
        let request = Request::post("/jsonrpc")
            .header("content-type", "application/json")
            .body(Bytes::from(call.to_string()))
            .unwrap();
        let reply: Value = serde_json::from_slice(&self.server.handle(request).body).unwrap();
        serde_json::from_value(reply["result"].clone()).ok()
    }
}

impl FakeProvider for Database {
    fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(InProcess::new(Arc::clone(&self.server)))
    }

    fn now(&self) -> DateTime<Utc> {
        self.server.now()
    }

    fn advance(&self, by: Duration) {
        self.server.advance(by);
    }

    fn keys(&self, entity: &str) -> Vec<Key> {
        self.server.clear_faults();
        // After the key was revoked, the password still works.
        let ids = self
            .ids(entity, &self.key)
            .or_else(|| self.ids(entity, tieline_sandbox::odoo::PASSWORD))
            .unwrap();
        ids.into_iter().map(Key::from).collect()
    }

    fn create(&self, entity: &str) -> Option<Key> {
        Some(Key::from(self.server.create(entity, self.named(entity)).ok()?))
    }

    fn update(&self, entity: &str, key: &Key) -> bool {
        let mut fields = self.named(entity);
        if let Some(fields) = fields.as_object_mut() {
            fields.retain(|name, _| name == name_field(entity));
        }
        self.server.update(entity, id_of(key), fields).is_ok()
    }

    fn delete(&self, entity: &str, key: &Key) -> bool {
        self.server.delete(entity, id_of(key)).is_ok()
    }

    fn backdate(&self, entity: &str, key: &Key, changed_at: DateTime<Utc>) -> bool {
        self.server.backdate(entity, id_of(key), json!({}), changed_at).is_ok()
    }

    fn revoke(&self) {
        self.server.set_api_key(LOGIN, "").unwrap();
    }

    fn twist(&self, entity: &str, twist: PageFault, skip: u32) -> bool {
        let fault = match twist {
            PageFault::EmptyPage => Fault::EmptyPage,
            PageFault::DuplicateRecords => Fault::DuplicateRecords,
            // Pages are asked for by id: there is no token.
            _ => return false,
        };
        let rule = FaultRule::new(fault).skip(skip);
        self.server.inject(match self.server.model().version() {
            Version::V17 => rule.body(">search_read<"),
            _ => rule.on("POST", &format!("/json/2/{entity}/search_read")),
        });
        true
    }

    fn refusal(&self, status: StatusCode, quoting: &str) -> Response<Bytes> {
        let (kind, body) = match self.server.model().version() {
            // What stands before an Odoo speaks for it.
            Version::V17 => ("text/html", format!("<html><body><h1>{status}</h1>{quoting}</body></html>")),
            _ => {
                let body = json!({ "name": "werkzeug.exceptions.HTTPException", "message": quoting,
                    "arguments": [quoting], "context": {}, "debug": "" });
                ("application/json", body.to_string())
            }
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }

    fn writes(&self, request: &Request<Bytes>) -> bool {
        let body = String::from_utf8_lossy(request.body());
        ["create", "write", "unlink", "load"].iter().any(|method| {
            request.uri().path().ends_with(&format!("/{method}"))
                || body.contains(&format!("<string>{method}</string>"))
        })
    }

    fn draft(&self, entity: &str, n: u32) -> Option<Draft> {
        let field = name_field(entity);
        let fields = self.with_partner(entity, json!({ field: format!("Utkast {n}") }));
        Some(Draft {
            fields: RawJson::of(&fields).unwrap(),
            bad: RawJson::of(&json!({ field: "Utkast", "no_such_field": true })).ok(),
            change: (FieldPath::field(field), RawJson::of(&format!("Ändrad {n}")).unwrap()),
        })
    }
}
