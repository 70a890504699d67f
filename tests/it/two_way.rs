//! Pipedrive organizations and Fortnox customers, kept in step through one standard company.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tieline::fortnox::{FortnoxConfig, FortnoxFactory};
use tieline::mapping::{Format, Mapping};
use tieline::sqlite::SqliteStore;
use tieline::two_way::{
    ConflictPolicy, FieldRule, MatchForm, MatchRule, MergeRules, PairSide, ProviderSide, TwoWayReport,
    TwoWaySync,
};
use tieline::{Bearer, Connector, FieldMapping, FieldPath, Provider, RawJson};
use tieline_sandbox::fortnox::{Entity as FortnoxEntity, Fortnox, Limits as FortnoxLimits};
use tieline_sandbox::pipedrive::{Entity, Pipedrive};
use tieline_sandbox::{Object, Server};
use tieline_store::SyncStore;
use tieline_store::pairings::PairingStore;

use crate::world::{connect, local, sandbox};

fn ready(name: &str) -> Arc<dyn FieldMapping> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mappings");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    Arc::new(Mapping::load(&text, Format::Yaml).unwrap())
}

struct World {
    crm: Server<Pipedrive>,
    books: Server<Fortnox>,
    sides: (Arc<dyn Connector>, Arc<dyn Connector>),
    store: Arc<SqliteStore>,
}

impl World {
    async fn new() -> Self {
        let crm = sandbox().await;
        let company = Fortnox::builder().invoices(3).build();
        company.set_limits(FortnoxLimits::none());
        let books = company.serve().await.unwrap();
        let there = Provider::new(FortnoxFactory::default()).with_limits(Vec::new());
        let there = there.with_base_url(books.base_url().parse().unwrap());
        let fortnox = local(there).await.connection("main", "books");
        let fortnox = fortnox.open_with(FortnoxConfig::new(), Bearer::new(books.token())).unwrap();
        let sides: (Arc<dyn Connector>, Arc<dyn Connector>) =
            (connect(&crm).await, fortnox.connector().clone());
        Self { crm, books, sides, store: Arc::new(SqliteStore::in_memory().await.unwrap()) }
    }

    fn sync(&self) -> TwoWaySync {
        let (name, website) = (FieldPath::field("name"), FieldPath::field("website"));
        let fields = vec![FieldRule::new(name.clone()), FieldRule::new(website)];
        let rules = MergeRules::new(fields, ConflictPolicy::Side(PairSide::Left)).unwrap();
        let (crm, books) = (self.sides.0.clone(), self.sides.1.clone());
        let (left, right) = (ready("pipedrive-organization.yaml"), ready("fortnox-customer.yaml"));
        let left = ProviderSide::new(crm, self.store.clone(), "crm", ("organizations", "left"), left, &rules);
        let right =
            ProviderSide::new(books, self.store.clone(), "books", ("customers", "right"), right, &rules);
        TwoWaySync::new("companies", self.store.clone(), Arc::new(left), Arc::new(right), rules)
            .matching(MatchRule::new(name, MatchForm::Text))
            .creating(PairSide::Right)
    }

    async fn run(&self, sync: &TwoWaySync) -> TwoWayReport {
        self.crm.advance(Duration::from_secs(60));
        self.books.advance(Duration::from_secs(60));
        sync.run().await.into_result().unwrap()
    }

    fn organization(&self, id: i64, field: &str) -> Option<String> {
        let record = self.crm.record(Entity::Organizations, id).unwrap();
        record.get(field).map(|value| value.to_string().trim_matches('"').to_owned())
    }

    fn customer(&self, number: &str, field: &str) -> Option<String> {
        let record = self.books.record(FortnoxEntity::Customers, number).unwrap();
        record.get(field).map(|value| value.to_string().trim_matches('"').to_owned())
    }
}

#[tokio::test]
async fn organizations_and_customers_are_kept_in_step() {
    let world = World::new().await;
    let organization = Object::default().with("name", "Åkeri i Lund AB");
    let organization = world.crm.create(Entity::Organizations, organization).unwrap();
    let customer = Object::default().with("Name", "ÅKERI I LUND AB").with("WWW", "www.akeri.example");
    let customer = world.books.create(FortnoxEntity::Customers, customer).unwrap();
    let customers = world.books.keys(FortnoxEntity::Customers).len() as u64;
    let sync = world.sync();

    let plan = sync.plan().await.unwrap();
    assert!(plan.links >= 1 && plan.creates > 0 && plan.deletes == 0, "{plan}");
    assert_eq!(world.books.keys(FortnoxEntity::Customers).len() as u64, customers, "a plan writes nothing");
    let report = sync.apply(&plan.digest).await.unwrap().into_result().unwrap();
    assert_eq!((report.linked, report.refused, report.questions), (plan.links, 0, 0), "{report}");
    assert_eq!(report.written, plan.creates + plan.updates, "{report}");
    assert_eq!(world.books.keys(FortnoxEntity::Customers).len() as u64, customers + plan.creates);
    assert_eq!(world.customer(&customer, "Name").as_deref(), Some("Åkeri i Lund AB"), "the left side wins");
    assert_eq!(world.organization(organization, "website").as_deref(), Some("www.akeri.example"));
    let counts = world.store.pairing_counts(sync.id()).await.unwrap();
    let organizations = world.store.counts(&"crm".into()).await.unwrap().records("organizations");
    assert_eq!(counts.links, organizations, "each organization has its customer");

    // What was written comes back with the next read, and changes nothing.
    world.run(&sync).await;
    let writes = |world: &World| {
        let all = world.crm.requests().into_iter().chain(world.books.requests());
        all.filter(|request| request.method != "GET").count()
    };
    let before = writes(&world);
    let quiet = world.run(&sync).await;
    assert_eq!((quiet.decided, writes(&world)), (0, before), "{quiet}");

    // People edit on both sides; one field on both.
    let renamed = Object::default().with("name", "Lunds Åkeri AB");
    world.crm.advance(Duration::from_secs(60));
    world.books.advance(Duration::from_secs(60));
    world.crm.update(Entity::Organizations, organization, renamed).unwrap();
    let edited = Object::default().with("Name", "Akeriet").with("WWW", "www.lundsakeri.example");
    world.books.update(FortnoxEntity::Customers, &customer, edited).unwrap();
    let report = world.run(&sync).await;
    assert_eq!((report.written, report.conflicts, report.refused), (2, 1, 0), "{report}");
    assert_eq!(world.customer(&customer, "Name").as_deref(), Some("Lunds Åkeri AB"));
    assert_eq!(world.organization(organization, "website").as_deref(), Some("www.lundsakeri.example"));
    let conflicts = sync.conflicts(None, 100).await.unwrap();
    let lost = conflicts.last().unwrap();
    assert_eq!(lost.conflict.right, Some(RawJson::parse(r#""Akeriet""#).unwrap()));
    world.run(&sync).await;
    let before = writes(&world);
    let quiet = world.run(&sync).await;
    assert_eq!((quiet.decided, writes(&world)), (0, before), "{quiet}");

    // The customer's account at either provider is erased, and with it what the pairing kept.
    world.store.erase(&"books".into()).await.unwrap();
    assert_eq!(world.store.pairing_counts(sync.id()).await.unwrap().links, 0);
}
