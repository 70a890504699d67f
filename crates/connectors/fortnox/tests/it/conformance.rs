//! The promises of every connector, kept by this one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use tieline_auth::{Bearer, OAuthApp};
use tieline_conformance::{ConnectorUnderTest, Draft, Exact, FakeProvider, PageFault};
use tieline_core::http::Transport;
use tieline_core::{ConnectorFactory, Credential, FieldPath, IntoCredential, Key, RawJson, Result};
use tieline_fortnox::FortnoxFactory;
use tieline_sandbox::fortnox::{Entity, Fortnox as Model, TENANT};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use tieline_sandbox::{Fault, FaultRule, InProcess, Sandbox};
use url::Url;

struct FortnoxSubject;

tieline_conformance::suite!(FortnoxSubject);

impl ConnectorUnderTest for FortnoxSubject {
    fn factory(&self) -> Arc<dyn ConnectorFactory> {
        Arc::new(FortnoxFactory::default())
    }

    fn config(&self) -> Value {
        json!({})
    }

    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>> {
        Bearer::new(secret.to_owned()).into_credential(&FortnoxFactory::default().spec().auth)
    }

    fn app(&self) -> Option<OAuthApp> {
        Some(
            OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap())
                .with_scopes(["companyinformation"]),
        )
    }

    /// What the sandbox models. Accounts and vouchers are read year by year, which `company` does.
    fn entities(&self) -> Vec<&'static str> {
        vec![
            "customers",
            "suppliers",
            "articles",
            "invoices",
            "invoicepayments",
            "supplierinvoices",
            "orders",
            "offers",
            "projects",
            "costcenters",
            "financialyears",
            "companyinformation",
        ]
    }

    fn world(&self, secret: &str) -> Box<dyn FakeProvider> {
        // Few, because each record is a request.
        let sandbox = Model::builder().invoices(40).token(secret).build();
        Box::new(Company { sandbox, names: AtomicU64::new(0) })
    }
}

#[derive(Debug)]
struct Company {
    sandbox: Arc<Sandbox<Model>>,
    names: AtomicU64,
}

fn modelled(entity: &str) -> Option<Entity> {
    Entity::of_path(entity)
}

impl Company {
    fn next(&self) -> u64 {
        self.names.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The key of any record of another entity.
    fn any(&self, entity: Entity) -> String {
        self.sandbox.keys(entity).first().cloned().unwrap_or_default()
    }

    /// A financial year in which something can be booked, with a day in it.
    fn year(&self) -> (u64, String) {
        let today = self.sandbox.now().date_naive();
        let years = self.sandbox.keys(Entity::FinancialYears);
        let open = years.iter().find_map(|id| {
            let year = self.sandbox.record(Entity::FinancialYears, id)?;
            let day = |name: &str| year.get(name)?.as_str()?.parse::<chrono::NaiveDate>().ok();
            let holds = day("FromDate")? <= today && today <= day("ToDate")?;
            holds.then(|| id.parse().ok())?
        });
        (open.unwrap_or_default(), today.to_string())
    }

    /// The fields of a new record, with what is changed later and a value for it.
    fn fields(&self, entity: Entity) -> Option<(Value, &'static str)> {
        let n = self.next();
        let name = format!("Konformitet {n}");
        Some(match entity {
            Entity::Customers | Entity::Suppliers => (json!({ "Name": name }), "Name"),
            Entity::Articles | Entity::Projects => (json!({ "Description": name }), "Description"),
            Entity::CostCenters => (json!({ "Code": format!("K{n}"), "Description": name }), "Description"),
            Entity::Invoices | Entity::Orders | Entity::Offers => (
                json!({ "CustomerNumber": self.any(Entity::Customers), "YourReference": name }),
                "YourReference",
            ),
            Entity::Accounts => {
                let (year, _) = self.year();
                (json!({ "Number": 9000 + n, "Description": name, "Year": year }), "Description")
            }
            Entity::Vouchers => {
                let (year, day) = self.year();
                let rows = json!([{ "Account": 1930, "Debit": 100 }, { "Account": 3001, "Credit": 100 }]);
                let voucher = json!({
                    "Description": name, "TransactionDate": day, "VoucherSeries": "A", "Year": year, "VoucherRows": rows,
                });
                (voucher, "Description")
            }
            _ => return None,
        })
    }
}

impl FakeProvider for Company {
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
        match modelled(entity) {
            Some(entity) => self.sandbox.keys(entity).into_iter().map(Key::from).collect(),
            None => vec![Key::from(TENANT)],
        }
    }

    fn create(&self, entity: &str) -> Option<Key> {
        let entity = modelled(entity)?;
        let (fields, _) = self.fields(entity)?;
        Some(Key::from(self.sandbox.create(entity, fields).ok()?))
    }

    fn update(&self, entity: &str, key: &Key) -> bool {
        let Some(entity) = modelled(entity) else { return false };
        let Some((_, field)) = self.fields(entity) else { return false };
        let change = json!({ field: format!("Konformitet {}", self.next()) });
        self.sandbox.update(entity, key.as_str(), change).is_ok()
    }

    fn delete(&self, entity: &str, key: &Key) -> bool {
        modelled(entity).is_some_and(|entity| self.sandbox.remove(entity, key.as_str()).is_ok())
    }

    fn backdate(&self, entity: &str, key: &Key, changed_at: DateTime<Utc>) -> bool {
        modelled(entity)
            .is_some_and(|entity| self.sandbox.backdate(entity, key.as_str(), json!({}), changed_at).is_ok())
    }

    fn revoke(&self) {
        self.sandbox.set_token("fnx-00000000-0000-4000-8000-000000000000");
    }

    fn twist(&self, entity: &str, twist: PageFault, skip: u32) -> bool {
        let records = modelled(entity).map_or(0, |entity| self.sandbox.count(entity));
        let fault = match twist {
            // Of two pages of one record, the second begins with the first.
            PageFault::RepeatToken if records < 4 => return false,
            PageFault::RepeatToken => Fault::RepeatPageToken,
            PageFault::EmptyPage => Fault::EmptyPage,
            PageFault::DuplicateRecords => Fault::DuplicateRecords,
            _ => return false,
        };
        let rule = FaultRule::new(fault).on("GET", &format!("/3/{entity}")).query("offset=").skip(skip);
        self.sandbox.inject(if twist == PageFault::RepeatToken { rule.always() } else { rule });
        records > 0
    }

    fn refusal(&self, status: StatusCode, quoting: &str) -> Response<Bytes> {
        let body = json!({ "ErrorInformation": { "error": 1, "message": quoting, "code": 9_999_999 } });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(http::header::CONTENT_TYPE, json);
        response
    }

    fn draft(&self, entity: &str, _: u32) -> Option<Draft> {
        let (fields, field) = self.fields(modelled(entity)?)?;
        let mut bad = fields.clone();
        bad["NoSuchField"] = json!(true);
        Some(Draft {
            fields: RawJson::of(&fields).ok()?,
            bad: RawJson::of(&bad).ok(),
            change: (FieldPath::field(field), RawJson::of(&format!("Ändrad {}", self.next())).ok()?),
        })
    }

    /// Documents in the books stay as they are, and so does what a document names: a record is made for it.
    fn writable(&self, entity: &str, delete: bool) -> Option<Key> {
        let is_document = matches!(entity, "invoices" | "supplierinvoices" | "orders" | "offers");
        if delete || is_document { self.create(entity) } else { None }
    }

    fn exact(&self) -> Option<Exact> {
        const DIGITS: &str = "12345678901234567.89";
        let price =
            |key: &str| Some(self.sandbox.record(Entity::Articles, key)?.get("SalesPrice")?.to_string());
        let digits = price("PRIS-1")?;
        assert_eq!(digits.trim_matches('"'), DIGITS);
        Some(Exact {
            entity: "articles",
            key: Key::from("PRIS-1"),
            field: FieldPath::field("SalesPrice"),
            digits: DIGITS,
        })
    }
}
