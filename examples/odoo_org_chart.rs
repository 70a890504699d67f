//! The departments of a company and who works in them, from Odoo, printed as a tree.
//!
//! Without an account it starts a sandbox on this machine. With `ODOO_URL`, `ODOO_LOGIN` and `ODOO_API_KEY` in the
//! environment, and `ODOO_DATABASE` where the server has several, it reads the real one; it never writes there.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use tieline::odoo::{OdooConfig, OdooFactory};
use tieline::store::MemoryStore;
use tieline::{ApiKey, CheckRequest, Connector, Provider, Tieline};
use tieline_sandbox::Sandbox;
use tieline_sandbox::odoo::{API_KEY, DATABASE, LOGIN, Version};

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

async fn run() -> Result<(), Box<dyn Error>> {
    let get = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    // Stays until the end: dropping it ends the sandbox.
    let mut sandbox = None;
    let odoo = match (get("ODOO_URL"), get("ODOO_LOGIN"), get("ODOO_API_KEY")) {
        (Some(url), Some(login), Some(key)) => {
            let config = OdooConfig::new(url, login);
            let config = get("ODOO_DATABASE").into_iter().fold(config, OdooConfig::with_database);
            tieline::connect(config, ApiKey::new(key))?
        }
        (None, None, None) => {
            let server = sandbox.insert(Sandbox::odoo(Version::V19).serve().await?);
            println!("No account given, so a sandbox serves one at {}", server.base_url());
            println!("(set ODOO_URL, ODOO_LOGIN and ODOO_API_KEY to read your own)\n");
            let there = Provider::new(OdooFactory::default()).with_base_url(server.base_url().parse()?);
            // This machine's own addresses are refused unless the application allows them by name.
            let app = Tieline::builder().provider(there).allow_network("127.0.0.1/32");
            let app = app.store(Arc::new(MemoryStore::new())).build().await?;
            let config = OdooConfig::new("https://norrsken.example", LOGIN).with_database(DATABASE);
            let connection = app.connection("main", "odoo-sandbox");
            connection.open_with(config, ApiKey::new(API_KEY))?.connector().clone()
        }
        _ => return Err("set all of ODOO_URL, ODOO_LOGIN and ODOO_API_KEY, or none for the sandbox".into()),
    };

    let who = odoo.check(CheckRequest::default()).await?;
    println!("Connected to {} as {}", who.name, who.user.unwrap_or_default());
    for warning in who.warnings {
        println!("  warning: {warning}");
    }
    if let Some(version) = odoo.version().await? {
        println!("Odoo {version}");
    }

    let chart = odoo.org_chart().await?;
    println!("\n{chart}");
    let (departments, employees) = (chart.departments().count(), chart.employees().count());
    println!("{employees} employees in {departments} departments");
    if let Some((employee, managers)) = chart
        .employees()
        .map(|employee| (employee, chart.managers_of(employee.id)))
        .max_by_key(|(_, managers)| managers.len())
    {
        let names: Vec<&str> = managers.iter().map(|manager| manager.name.as_str()).collect();
        println!("The longest way up: {} → {}", employee.name, names.join(" → "));
    }
    Ok(())
}
