//! The promises of every connector, kept by this one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::{Value, json};
use tieline_auth::{Bearer, OAuthApp};
use tieline_conformance::{ConnectorUnderTest, Draft, Exact, FakeProvider};
use tieline_core::http::Transport;
use tieline_core::{ConnectorFactory, Credential, FieldPath, IntoCredential, Key, RawJson, Result};
use tieline_google_sheets::{GoogleSheetsConfig, GoogleSheetsFactory, TableConfig};
use tieline_sandbox::google_sheets::{Cell, GoogleSheets as Model, ORDERS, Sheet, Value as CellValue};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use tieline_sandbox::{InProcess, Sandbox};
use url::Url;

tieline_conformance::suite!(SheetsSubject);

struct SheetsSubject;

impl ConnectorUnderTest for SheetsSubject {
    fn factory(&self) -> Arc<dyn ConnectorFactory> {
        Arc::new(GoogleSheetsFactory::default())
    }

    fn config(&self) -> Value {
        let config = GoogleSheetsConfig::new(ORDERS)
            .with_table("orders", TableConfig::default().with_key("order"))
            .with_table("customers", TableConfig::default().with_key("customer_no").with_marker("reference"))
            .with_table("articles", TableConfig::default().with_range("prices").with_key("article"));
        serde_json::to_value(config).unwrap()
    }

    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>> {
        Bearer::new(secret.to_owned()).into_credential(&GoogleSheetsFactory::default().spec().auth)
    }

    fn world(&self, secret: &str) -> Box<dyn FakeProvider> {
        let sandbox = Sandbox::google_sheets();
        sandbox.set_token(secret);
        Box::new(Account { sandbox, names: AtomicU64::new(0) })
    }

    fn app(&self) -> Option<OAuthApp> {
        Some(OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap()))
    }
}

#[derive(Debug)]
struct Account {
    sandbox: Arc<Sandbox<Model>>,
    names: AtomicU64,
}

impl Account {
    fn number(&self) -> u64 {
        self.names.fetch_add(1, Ordering::SeqCst)
    }

    /// The tab of an entity, the column of its keys where it has one, and the column that is changed.
    fn of(entity: &str) -> (&'static str, Option<usize>, usize) {
        match entity {
            "orders" => ("orders", Some(0), 7),
            "customers" => ("customers", Some(0), 1),
            "articles" => ("log", Some(4), 6),
            _ => ("log", None, 2),
        }
    }

    fn row(sheet: &Sheet, column: Option<usize>, key: &Key) -> Option<usize> {
        let Some(column) = column else { return key.as_str().parse::<usize>().ok().map(|row| row - 1) };
        (1..sheet.rows.len()).find(|row| text_at(sheet, *row, column) == key.as_str())
    }

    fn on(&self, entity: &str, key: &Key, change: impl FnOnce(&mut Sheet, usize, usize)) -> bool {
        let (tab, keys, column) = Self::of(entity);
        self.sandbox
            .edit(ORDERS, |file| {
                let sheet = file.sheet_mut(tab).unwrap();
                let row = Self::row(sheet, keys, key);
                row.map(|row| change(sheet, row, column)).is_some()
            })
            .unwrap()
    }
}

fn text_at(sheet: &Sheet, row: usize, column: usize) -> String {
    match sheet.cell(row, column).map(|cell| &cell.value) {
        Some(CellValue::Text(text) | CellValue::Number(text)) => text.clone(),
        _ => String::new(),
    }
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

    fn keys(&self, entity: &str) -> Vec<Key> {
        let (tab, keys, _) = Self::of(entity);
        let file = self.sandbox.file(ORDERS).unwrap();
        let sheet = file.sheet(tab).unwrap();
        let rows = 1..sheet.rows.len();
        match keys {
            Some(column) => {
                let keys = rows.map(|row| text_at(sheet, row, column));
                keys.filter(|key| !key.is_empty()).map(Key::new).collect()
            }
            None => rows.map(|row| Key::new((row + 1).to_string())).collect(),
        }
    }

    fn create(&self, entity: &str) -> Option<Key> {
        let (tab, keys, column) = Self::of(entity);
        if entity == "articles" {
            return None;
        }
        let name = format!("N-{}", self.number());
        self.sandbox
            .edit(ORDERS, |file| {
                let sheet = file.sheet_mut(tab).unwrap();
                let row = sheet.rows.len();
                sheet.set(row, column, Cell::text(format!("Ny {name}")));
                match keys {
                    Some(column) => {
                        sheet.set(row, column, Cell::text(&name));
                        Key::new(name)
                    }
                    None => Key::new((row + 1).to_string()),
                }
            })
            .ok()
    }

    fn update(&self, entity: &str, key: &Key) -> bool {
        let text = format!("Ändrad {}", self.number());
        self.on(entity, key, |sheet, row, column| sheet.set(row, column, Cell::text(text)))
    }

    fn delete(&self, entity: &str, key: &Key) -> bool {
        // Other rows of a table without keys would take the place of the one that is gone.
        matches!(entity, "orders" | "customers")
            && self.on(entity, key, |sheet, row, _| sheet.delete_row(row))
    }

    fn revoke(&self) {
        self.sandbox.set_token("");
    }

    fn issued(&self) -> Vec<String> {
        self.sandbox.authorization().secrets()
    }

    fn consent(&self, address: &Url) -> Option<String> {
        let request =
            Request::get(format!("{}?{}", address.path(), address.query()?)).body(Bytes::new()).ok()?;
        let reply = self.sandbox.handle(request);
        let callback: Url = reply.headers.get("location")?.to_str().ok()?.parse().ok()?;
        callback.query().map(str::to_owned)
    }

    fn refusal(&self, status: StatusCode, quoting: &str) -> Response<Bytes> {
        let body = json!({ "error": { "code": status.as_u16(), "message": quoting, "status": "UNKNOWN" } });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        let kind = HeaderValue::from_static("application/json; charset=UTF-8");
        response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        response
    }

    fn writes(&self, request: &Request<Bytes>) -> bool {
        request.uri().path().ends_with(":batchUpdate")
    }

    fn draft(&self, entity: &str, n: u32) -> Option<Draft> {
        let (fields, field) = match entity {
            "orders" => (json!({ "order": format!("D-{n}"), "amount": 12.5, "date": "2026-11-02" }), "note"),
            "customers" => (json!({ "customer_no": format!("D-{n}"), "name": "Øystein" }), "name"),
            "articles" => (json!({ "article": format!("D-{n}") }), "unit"),
            _ => return None,
        };
        Some(Draft {
            fields: RawJson::of(&fields).unwrap(),
            bad: Some(RawJson::parse("{}").unwrap()),
            change: (FieldPath::field(field), RawJson::of(&format!("Ändring {n}")).unwrap()),
        })
    }

    fn exact(&self) -> Option<Exact> {
        let digits = "12345678901234567890";
        let key = Key::new("O-5");
        let large = Cell::number("1.2345678901234567E19").with_shown(digits);
        self.on("orders", &key, |sheet, row, _| sheet.set(row, 3, large));
        Some(Exact { entity: "orders", key, field: FieldPath::field("amount"), digits })
    }
}
