//! Rows in the host's own tables: two tenants, their customers and invoices, and a process that is killed in the middle.
//!
//! A sandbox on this machine plays each tenant's company in Fortnox. The tables `customers` and `invoices` are the host's.
//! Each batch's rows, the provider's records and the state are stored in one transaction, so a run that is cut off goes on
//! where it stopped, and nothing is lost or doubled. With PostgreSQL it is the same, with `PostgresStore`.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use tieline::fortnox::{FortnoxConfig, FortnoxFactory};
use tieline::mapping::{Format, Mapping};
use tieline::sqlite::SqliteStore;
use tieline::store::{ConnectionStore, SyncStore, TenantId};
use tieline::store_sql::{ColumnType, Sql, SqlSink, Tx};
use tieline::sync::StreamPlan;
use tieline::{Bearer, FieldMapping, Provider, Tieline};
use tieline_sandbox::fortnox::Fortnox as Model;

type Outcome<T> = Result<T, Box<dyn Error>>;

const DATABASE: &str = "tieline.db";
const CONNECTION: &str = "books";
/// Set in the process that is killed: whose books it reads, and where.
const WORKER: &str = "OWN_TABLES_WORKER";

#[tokio::main]
async fn main() -> ExitCode {
    let done = match std::env::var(WORKER) {
        Ok(worker) => work(&worker).await,
        Err(_) => run().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    let store = open().await?;
    let mut companies = Vec::new();
    for (tenant, invoices) in [("acme", 40), ("globex", 25)] {
        let store = store.for_tenant(TenantId::new(tenant));
        // Each sandbox is a new company; what an earlier one left does not belong to it.
        store.erase(&CONNECTION.into()).await?;
        empty_tables(&store).await?;
        let sandbox = Model::builder().invoices(invoices).build().serve().await?;
        println!("{tenant}: a sandbox serves a company with {invoices} invoices at {}", sandbox.base_url());
        companies.push((tenant, sandbox, store));
    }

    println!("\n1. A process for each tenant, and one of them is killed");
    for (tenant, sandbox, store) in &companies {
        let worker = format!("{tenant} {} {}", sandbox.base_url(), sandbox.token());
        let mut process = Command::new(std::env::current_exe()?).env(WORKER, worker).spawn()?;
        if *tenant == "acme" {
            while counts(store).await?.get("invoices").is_some_and(|rows| *rows < 10)
                && process.try_wait()?.is_none()
            {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            process.kill()?;
        }
        process.wait()?;
        println!("  {tenant}: {:?}", counts(store).await?);
    }

    println!("\n2. Again, to the end");
    for (tenant, sandbox, store) in &companies {
        sync(store, sandbox.base_url().as_str(), &sandbox.token()).await?;
        let (rows, counts) = (counts(store).await?, store.counts(&CONNECTION.into()).await?);
        println!("  {tenant}: {rows:?}");
        let records =
            BTreeMap::from(["customers", "invoices"].map(|entity| (entity, counts.records(entity))));
        if rows != records {
            return Err(format!("{tenant} has {records:?} in Fortnox").into());
        }
    }

    println!("\nThe host asks its own tables");
    let mut tx = store.begin().await?;
    let sql = "SELECT i.tenant, c.name, count(*) FROM invoices i
               JOIN customers c ON c.tenant = i.tenant AND c.crm_id = i.customer_id
               GROUP BY i.tenant, c.name ORDER BY 3 DESC, 1, 2 LIMIT 4";
    for mut row in tx.rows(&Sql::unscoped(sql.to_owned()), &[]).await? {
        let (tenant, customer, invoices): (String, String, i64) = (row.take()?, row.take()?, row.take()?);
        println!("  {tenant}: {customer} has {invoices} invoices");
    }
    Ok(())
}

/// The process that is killed.
async fn work(worker: &str) -> Outcome<()> {
    let mut words = worker.split(' ');
    let mut next = || words.next().ok_or("the worker's address is incomplete");
    let (tenant, base_url, token) = (next()?, next()?, next()?);
    sync(&open().await?.for_tenant(TenantId::new(tenant)), base_url, token).await
}

/// The store with sinks into the host's tables, which are made where they are missing.
async fn open() -> Outcome<SqliteStore> {
    let customers = SqlSink::new("customers", "customers", "crm_id")
        .tenant_column("tenant")
        .column("name", ColumnType::Text)
        .column("organisation_number", ColumnType::Text);
    let invoices = SqlSink::new("invoices", "invoices", "crm_id")
        .tenant_column("tenant")
        .column("customer_id", ColumnType::Text)
        .column("invoice_date", ColumnType::Date)
        .column("net", ColumnType::Decimal)
        .column("currency", ColumnType::Text);
    let mut store = SqliteStore::open(DATABASE).await?;
    let mut tx = store.begin().await?;
    customers.prepare(&mut tx).await?;
    invoices.prepare(&mut tx).await?;
    tx.commit().await?;
    for sink in [customers, invoices] {
        store = store.with_sink(Arc::new(sink));
    }
    Ok(store)
}

async fn sync(store: &SqliteStore, base_url: &str, token: &str) -> Outcome<()> {
    let there = Provider::new(FortnoxFactory::default()).with_base_url(base_url.parse()?);
    // This machine's own addresses are refused unless the application allows them by name.
    let app = Tieline::builder().store(Arc::new(store.clone())).provider(there).allow_network("127.0.0.1/32");
    let connection = app.build().await?.connection(store.tenant().clone(), CONNECTION);
    let books = connection.open_with(FortnoxConfig::new(), Bearer::new(token.to_owned()))?;
    let customers = mapping(include_str!("../docs/mappings/fortnox-customer.yaml"))?;
    let invoices = mapping(include_str!("../docs/mappings/fortnox-invoice.yaml"))?;
    let run = books.sync(|run| {
        run.stream(StreamPlan::mapped("customers", "customers", customers))
            // Small batches, so that a run that is cut off asks for little twice.
            .stream(StreamPlan::mapped("invoices", "invoices", invoices).page_size(5))
    });
    run.await?.into_result()?;
    Ok(())
}

fn mapping(text: &str) -> Outcome<Arc<dyn FieldMapping>> {
    Ok(Arc::new(Mapping::parse(text, Format::Yaml)?.compile()?))
}

/// How many rows a tenant has in the host's tables.
async fn counts(store: &SqliteStore) -> Outcome<BTreeMap<&'static str, u64>> {
    let mut counts = BTreeMap::new();
    let mut tx = store.begin().await?;
    for (table, sql) in [
        ("customers", "SELECT count(*) FROM customers WHERE tenant = $1"),
        ("invoices", "SELECT count(*) FROM invoices WHERE tenant = $1"),
    ] {
        let row = tx.rows(&Sql::built(sql.to_owned()), &[]).await?.pop();
        counts.insert(table, row.map(|mut row| row.take()).transpose()?.unwrap_or(0));
    }
    Ok(counts)
}

async fn empty_tables(store: &SqliteStore) -> Outcome<()> {
    let mut tx = store.begin().await?;
    for sql in ["DELETE FROM customers WHERE tenant = $1", "DELETE FROM invoices WHERE tenant = $1"] {
        tx.run(&Sql::built(sql.to_owned()), &[]).await?;
    }
    tx.commit().await?;
    Ok(())
}
