//! A table of the application's own and Pipedrive's organizations, kept in step: people edit on both sides, one edit is in
//! conflict, and what goes to Pipedrive waits for an approval.
//!
//! A sandbox on this machine plays a Pipedrive account. Nothing here reaches a real one.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Row, SqlitePool};
use tieline::mapping::{Format, Mapping};
use tieline::pipedrive::{PipedriveConfig, PipedriveFactory};
use tieline::sqlite::SqliteStore;
use tieline::store::pairings::TaskStatus;
use tieline::two_way::{
    ConflictPolicy, FieldRule, Fields, MatchForm, MatchRule, MergeRules, PairSide, ProviderSide, Seen, Side,
    SideChanges, SideRecord, SideWrite, TwoWaySync, WriteKind, WriteOutcome,
};
use tieline::{ApiKey, ErrorKind, FieldPath, Key, OperationId, Provider, RawJson, Tieline};
use tieline_sandbox::pipedrive::{COMPANY, Entity};
use tieline_sandbox::{Object, Sandbox};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The application's table. Triggers write each change to a journal, in the transaction that makes it.
const TABLES: &str = "
CREATE TABLE companies (id INTEGER PRIMARY KEY, name TEXT, website TEXT);
CREATE TABLE journal (number INTEGER PRIMARY KEY AUTOINCREMENT, company INTEGER NOT NULL);
CREATE TABLE writes (operation TEXT PRIMARY KEY, company INTEGER NOT NULL);
CREATE TRIGGER company_made AFTER INSERT ON companies BEGIN INSERT INTO journal (company) VALUES (new.id); END;
CREATE TRIGGER company_changed AFTER UPDATE ON companies BEGIN INSERT INTO journal (company) VALUES (new.id); END;
CREATE TRIGGER company_gone AFTER DELETE ON companies BEGIN INSERT INTO journal (company) VALUES (old.id); END;
";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    let sandbox = Sandbox::pipedrive().serve().await?;
    let store = Arc::new(SqliteStore::in_memory().await?);
    let there = Provider::new(PipedriveFactory::default()).with_base_url(sandbox.base_url().parse()?);
    let app = Tieline::builder().store(store.clone()).provider(there).allow_network("127.0.0.1/32");
    let crm = app.build().await?.connection("main", "crm");
    let crm = crm.open_with(PipedriveConfig::company(COMPANY), ApiKey::new(sandbox.token()))?;

    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    sqlx::raw_sql(TABLES).execute(&pool).await?;

    let (name, website) = (FieldPath::field("name"), FieldPath::field("website"));
    let fields = vec![FieldRule::new(name.clone()), FieldRule::new(website)];
    let rules = MergeRules::new(fields, ConflictPolicy::Side(PairSide::Left))?;
    let mapping = Mapping::load(include_str!("../docs/mappings/pipedrive-organization.yaml"), Format::Yaml)?;
    let entity = ("organizations", "companies");
    let provider =
        ProviderSide::new(crm.connector().clone(), store.clone(), "crm", entity, Arc::new(mapping), &rules);
    let table = Companies { pool: pool.clone() };
    let sync = TwoWaySync::new("companies", store, Arc::new(table), Arc::new(provider), rules)
        .matching(MatchRule::new(name, MatchForm::Text))
        .creating(PairSide::Left)
        .with_approval(PairSide::Right);

    println!("1. A dry run: each organization becomes a company, except the one that is there");
    let here = sandbox.create(Entity::Organizations, Object::default().with("name", "Åkeri i Lund AB"))?;
    sqlx::query("INSERT INTO companies (name) VALUES ('ÅKERI I LUND AB')").execute(&pool).await?;
    let plan = sync.plan().await?;
    println!("  {} to link, {} to create, {} in conflict", plan.links, plan.creates, plan.conflicts);
    let report = sync.apply(&plan.digest).await?.into_result()?;
    println!("  {report}");

    println!("\n2. The name of the company wins, once somebody approves it");
    approve_all(&sync).await?;
    println!("  {}", sync.run().await.into_result()?);
    println!("  in Pipedrive: {}", shown(sandbox.record(Entity::Organizations, here)));

    println!("\n3. People edit different fields of one company on both sides");
    sandbox.advance(Duration::from_secs(60));
    let site = Object::default().with("website", "www.akeri.example");
    sandbox.update(Entity::Organizations, here, site)?;
    sqlx::query("UPDATE companies SET name = 'Lunds Åkeri AB' WHERE id = 1").execute(&pool).await?;
    println!("  {}", sync.run().await.into_result()?);
    approve_all(&sync).await?;
    println!("  {}", sync.run().await.into_result()?);
    println!("  in Pipedrive: {}", shown(sandbox.record(Entity::Organizations, here)));
    let company = sqlx::query("SELECT name, website FROM companies WHERE id = 1").fetch_one(&pool).await?;
    let (name, website): (String, Option<String>) = (company.try_get(0)?, company.try_get(1)?);
    println!("  in the table: {name}, {}", website.unwrap_or_default());

    println!("\n4. The edits that did not hold");
    for logged in sync.conflicts(None, 10).await? {
        let value =
            |value: &Option<RawJson>| value.as_ref().map_or("null".to_owned(), |json| json.get().to_owned());
        let (left, right) = (value(&logged.conflict.left), value(&logged.conflict.right));
        println!(
            "  {}: {left} and {right}; {} holds",
            logged.conflict.field,
            logged.conflict.winner.as_str()
        );
    }
    println!("\n5. Another cycle: {}", sync.run().await.into_result()?);
    Ok(())
}

/// Approves what waits. An application shows the values before and after to a person.
async fn approve_all(sync: &TwoWaySync) -> Outcome<()> {
    for task in sync.tasks(Some(TaskStatus::Open), None, 100).await? {
        println!("  approved: {} {}", task.task.kind, task.task.detail.get());
        sync.approve(task.number, "anna@example.com").await?;
    }
    Ok(())
}

fn shown(record: Option<tieline_sandbox::Json>) -> String {
    let field = |name| record.as_ref().and_then(|record| record.get(name)).map(ToString::to_string);
    ["name", "website"].map(|name| field(name).unwrap_or_default()).join(", ")
}

/// The table as a side.
#[derive(Debug)]
struct Companies {
    pool: SqlitePool,
}

impl Companies {
    async fn record(&self, key: &Key) -> tieline::Result<Option<SideRecord>> {
        let found = sqlx::query("SELECT name, website FROM companies WHERE id = $1").bind(id(key));
        let Some(row) = found.fetch_optional(&self.pool).await.map_err(failed)? else { return Ok(None) };
        let mut fields = Fields::default();
        for (at, name) in ["name", "website"].into_iter().enumerate() {
            let value: Option<String> = row.try_get(at).map_err(failed)?;
            fields.set(FieldPath::field(name), RawJson::of(&value)?);
        }
        Ok(Some(SideRecord::new(fields)))
    }
}

fn id(key: &Key) -> i64 {
    key.as_str().parse().unwrap_or_default()
}

fn failed(error: sqlx::Error) -> tieline::Error {
    tieline::Error::new(ErrorKind::Unavailable, "the application's table cannot be used").with_source(error)
}

#[async_trait::async_trait]
impl Side for Companies {
    async fn changed(&self, after: Option<&str>, limit: u32) -> tieline::Result<SideChanges> {
        let after: i64 = after.and_then(|after| after.parse().ok()).unwrap_or_default();
        let page =
            sqlx::query("SELECT number, company FROM journal WHERE number > $1 ORDER BY number LIMIT $2");
        let page = page.bind(after).bind(limit).fetch_all(&self.pool).await.map_err(failed)?;
        let (mut keys, mut last) = (Vec::new(), after);
        for row in &page {
            last = row.try_get(0).map_err(failed)?;
            keys.push(Key::from(row.try_get::<i64, _>(1).map_err(failed)?));
        }
        Ok(SideChanges::new(keys, Some(last.to_string()), page.len() == limit as usize))
    }

    async fn load(&self, keys: &[Key]) -> tieline::Result<Vec<Seen>> {
        let mut seen = Vec::new();
        for key in keys {
            seen.push(self.record(key).await?.map_or(Seen::Gone, Seen::Live));
        }
        Ok(seen)
    }

    /// One transaction: the write, and the id by which a repetition is recognised.
    async fn write(&self, operation: &OperationId, write: &SideWrite) -> tieline::Result<WriteOutcome> {
        let mut tx = self.pool.begin().await.map_err(failed)?;
        let done = sqlx::query("SELECT company FROM writes WHERE operation = $1").bind(operation.as_str());
        if let Some(row) = done.fetch_optional(&mut *tx).await.map_err(failed)? {
            return Ok(WriteOutcome::written(row.try_get::<i64, _>(0).map_err(failed)?, None));
        }
        let company = match &write.key {
            Some(key) => id(key),
            None => {
                let made = sqlx::query("INSERT INTO companies (name) VALUES (NULL)").execute(&mut *tx);
                made.await.map_err(failed)?.last_insert_rowid()
            }
        };
        if write.kind == WriteKind::Delete {
            let delete = sqlx::query("DELETE FROM companies WHERE id = $1").bind(company);
            delete.execute(&mut *tx).await.map_err(failed)?;
        }
        for (sql, field) in [
            ("UPDATE companies SET name = $2 WHERE id = $1 AND ($3 OR name IS $4)", "name"),
            ("UPDATE companies SET website = $2 WHERE id = $1 AND ($3 OR website IS $4)", "website"),
        ] {
            let path = FieldPath::field(field);
            let Some(value) = write.fields.get(&path) else { continue };
            let before: Option<String> = write.before.get(&path).map(RawJson::view).transpose()?.flatten();
            let change = sqlx::query(sql).bind(company).bind(value.view::<Option<String>>()?);
            let change = change.bind(write.key.is_none()).bind(before);
            // Somebody edited it since: nothing of the write is made.
            if change.execute(&mut *tx).await.map_err(failed)?.rows_affected() == 0 {
                return Ok(WriteOutcome::Moved);
            }
        }
        let note = sqlx::query("INSERT INTO writes (operation, company) VALUES ($1, $2)");
        note.bind(operation.as_str()).bind(company).execute(&mut *tx).await.map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(WriteOutcome::written(company, None))
    }
}
