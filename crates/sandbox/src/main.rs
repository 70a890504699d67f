//! The sandboxes as a program: prints where they listen and with which credentials, then runs until it is stopped.

use std::io::Write as _;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::{Parser, ValueEnum};
use tieline_sandbox::chatwoot;
use tieline_sandbox::engine::Provider as Described;
use tieline_sandbox::fortnox::{self, Fortnox};
use tieline_sandbox::google_sheets::{self, GoogleSheets};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use tieline_sandbox::odoo::{self, Odoo, Version};
use tieline_sandbox::pipedrive::{COMPANY, Limits, Pipedrive};
use tieline_sandbox::{Clock, Json, Object, Sandbox, Server};

/// Emulates providers on loopback, full of invented data.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Which provider.
    #[arg(value_enum, default_value = "all")]
    provider: Provider,
    /// The port on 127.0.0.1; 0 takes a free one. With all providers the others take the next ones.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Print one line of JSON for each provider, for programs, instead of a text for people.
    #[arg(long)]
    json: bool,
    /// Start the sandbox's clock here, such as 2026-11-02T08:00:00Z, instead of now. The data moves with it.
    #[arg(long, value_name = "TIME")]
    start_at: Option<DateTime<Utc>>,
    /// Pipedrive, Fortnox, Chatwoot and Google Sheets: the token to accept instead of the invented one.
    #[arg(long)]
    token: Option<String>,
    /// Pipedrive, Fortnox, Chatwoot and Google Sheets: switch the provider's limits off.
    #[arg(long)]
    no_limits: bool,
    /// Pipedrive: add this many deals, for long walks.
    #[arg(long, value_name = "COUNT")]
    more_deals: Option<u32>,
    /// Odoo: the version.
    #[arg(long, value_name = "VERSION", value_enum, default_value = "19")]
    odoo_version: OdooVersion,
    /// Odoo: add this many contacts, for long walks.
    #[arg(long, value_name = "COUNT")]
    more_partners: Option<u32>,
    /// Chatwoot: at least this many contacts, conversations and messages.
    #[arg(long, value_name = "COUNT", default_value_t = 40, value_parser = clap::value_parser!(u32).range(..=500_000))]
    records: u32,
    /// Fortnox: how many invoices the year has.
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u32).range(..=50_000))]
    invoices: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Provider {
    All,
    Pipedrive,
    Odoo,
    Fortnox,
    Chatwoot,
    GoogleSheets,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OdooVersion {
    #[value(name = "17")]
    V17,
    #[value(name = "19")]
    V19,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let clock = || options.start_at.map_or_else(Clock::system, Clock::starting_at);
    let wants = |provider| options.provider == Provider::All || options.provider == provider;
    let pipedrive = if wants(Provider::Pipedrive) {
        Some(pipedrive_account(&options, clock()).serve_on(options.port).await?)
    } else {
        None
    };
    // With all of them each takes the next port, unless any free one will do.
    let port = |after: u16| {
        let all = options.provider == Provider::All && options.port != 0;
        if all { options.port.saturating_add(after) } else { options.port }
    };
    let odoo = if wants(Provider::Odoo) {
        Some(odoo_database(&options, clock()).serve_on(port(1)).await?)
    } else {
        None
    };
    let fortnox = if wants(Provider::Fortnox) {
        Some(fortnox_company(&options, clock()).serve_on(port(2)).await?)
    } else {
        None
    };
    let chatwoot = if wants(Provider::Chatwoot) {
        Some(chatwoot_account(&options, clock())?.serve_on(port(3)).await?)
    } else {
        None
    };
    let sheets = if wants(Provider::GoogleSheets) {
        Some(google_drive(&options, clock()).serve_on(port(4)).await?)
    } else {
        None
    };
    let texts: Vec<String> = if options.json {
        let both = pipedrive.iter().map(pipedrive_as_json).chain(odoo.iter().map(odoo_as_json));
        both.chain(fortnox.iter().map(fortnox_as_json))
            .chain(chatwoot.iter().map(chatwoot_as_json))
            .chain(sheets.iter().map(sheets_as_json))
            .collect()
    } else {
        let end = std::iter::once("Stop it with Ctrl-C.".to_owned());
        let both = pipedrive.iter().map(pipedrive_as_text).chain(odoo.iter().map(odoo_as_text));
        both.chain(fortnox.iter().map(fortnox_as_text))
            .chain(chatwoot.iter().map(chatwoot_as_text))
            .chain(sheets.iter().map(sheets_as_text))
            .chain(end)
            .collect()
    };
    // Whoever started this may have closed the pipe already; the sandboxes serve all the same.
    let mut out = std::io::stdout().lock();
    let _told =
        writeln!(out, "{}", texts.join(if options.json { "\n" } else { "\n\n" })).and_then(|()| out.flush());
    drop(out);
    tokio::signal::ctrl_c().await
}

fn pipedrive_account(options: &Options, clock: Clock) -> Arc<Sandbox<Pipedrive>> {
    let sandbox = Sandbox::pipedrive_with(clock);
    if let Some(token) = &options.token {
        sandbox.set_token(token.clone());
    }
    if options.no_limits {
        sandbox.set_limits(Limits::none());
    }
    if let Some(count) = options.more_deals {
        sandbox.add_deals(count);
    }
    sandbox
}

fn odoo_database(options: &Options, clock: Clock) -> Arc<Sandbox<Odoo>> {
    let version = match options.odoo_version {
        OdooVersion::V17 => Version::V17,
        OdooVersion::V19 => Version::V19,
    };
    let sandbox = Sandbox::odoo_with(version, clock);
    if let Some(count) = options.more_partners.filter(|count| *count > 0) {
        sandbox.add_partners(count);
    }
    sandbox
}

fn fortnox_company(options: &Options, clock: Clock) -> Arc<Sandbox<Fortnox>> {
    let company = Fortnox::builder().invoices(options.invoices).clock(clock);
    let sandbox = match &options.token {
        Some(token) => company.token(token).build(),
        None => company.build(),
    };
    if options.no_limits {
        sandbox.set_limits(fortnox::Limits::none());
    }
    sandbox
}

fn chatwoot_account(options: &Options, clock: Clock) -> std::io::Result<Arc<Sandbox<Described>>> {
    let sandbox = Sandbox::chatwoot(clock, options.records).map_err(std::io::Error::other)?;
    if let Some(token) = &options.token {
        sandbox.set_token("administrator", token.clone());
    }
    sandbox.set_limited(!options.no_limits);
    Ok(sandbox)
}

fn chatwoot_as_json(server: &Server<Described>) -> String {
    let json: Json = Object::default()
        .with("provider", "chatwoot")
        .with("base_url", server.base_url())
        .with("control_url", format!("{}/_sandbox", server.base_url()))
        .with("account", chatwoot::ACCOUNT)
        .with("token", server.token("administrator"))
        .with("contacts", server.count("contacts"))
        .into();
    json.to_string()
}

fn chatwoot_as_text(server: &Server<Described>) -> String {
    let (url, token) = (server.base_url(), server.token("administrator"));
    format!(
        "Chatwoot sandbox, with nothing real in it\n\n\
         \x20 base URL      {url}\n\
         \x20 account       {}\n\
         \x20 access token  {token}\n\
         \x20 contents      {} contacts, {} conversations, {} messages\n\
         \x20 control       {url}/_sandbox\n\n\
         Try it:\n\n\
         \x20 curl -H 'api_access_token: {token}' '{url}/api/v1/accounts/1/contacts'",
        chatwoot::ACCOUNT,
        server.count("contacts"),
        server.count("conversations"),
        server.count("messages")
    )
}

fn google_drive(options: &Options, clock: Clock) -> Arc<Sandbox<GoogleSheets>> {
    let sandbox = Sandbox::google_sheets_with(clock);
    if let Some(token) = &options.token {
        sandbox.set_token(token.clone());
    }
    if options.no_limits {
        sandbox.set_quotas(google_sheets::Quotas::none());
    }
    sandbox
}

fn sheets_as_json(server: &Server<GoogleSheets>) -> String {
    let json: Json = Object::default()
        .with("provider", "google-sheets")
        .with("base_url", server.base_url())
        .with("control_url", format!("{}/_sandbox", server.base_url()))
        .with("spreadsheet", google_sheets::ORDERS)
        .with("key_figures", google_sheets::KEY_FIGURES)
        .with("token", server.token())
        .into();
    json.to_string()
}

fn sheets_as_text(server: &Server<GoogleSheets>) -> String {
    let (url, token) = (server.base_url(), server.token());
    format!(
        "Google Sheets sandbox, with nothing real in it\n\n\
         \x20 base URL     {url}\n\
         \x20 spreadsheet  {}, with the tabs orders, customers and log\n\
         \x20 key figures  {}\n\
         \x20 token        {token}\n\
         \x20 control      {url}/_sandbox\n\n\
         Try it:\n\n\
         \x20 curl -H 'authorization: Bearer {token}' '{url}/v4/spreadsheets/{}/values/orders!A1:D3'",
        google_sheets::ORDERS,
        google_sheets::KEY_FIGURES,
        google_sheets::ORDERS,
    )
}

fn pipedrive_as_json(server: &Server<Pipedrive>) -> String {
    let summary = server.summary();
    let json: Json = Object::default()
        .with("provider", "pipedrive")
        .with("base_url", server.base_url())
        .with("control_url", format!("{}/_sandbox", server.base_url()))
        .with("company", COMPANY)
        .with("token", server.token())
        .with("deals", summary.visible)
        .into();
    json.to_string()
}

fn odoo_as_json(server: &Server<Odoo>) -> String {
    let json: Json = Object::default()
        .with("provider", "odoo")
        .with("base_url", server.base_url())
        .with("control_url", format!("{}/_sandbox", server.base_url()))
        .with("version", i64::from(server.model().version().number()))
        .with("database", odoo::DATABASE)
        .with("login", odoo::LOGIN)
        .with("password", odoo::PASSWORD)
        .with("api_key", odoo::API_KEY)
        .with("partners", server.summary().partners)
        .into();
    json.to_string()
}

fn fortnox_as_json(server: &Server<Fortnox>) -> String {
    let json: Json = Object::default()
        .with("provider", "fortnox")
        .with("base_url", server.base_url())
        .with("control_url", format!("{}/_sandbox", server.base_url()))
        .with("token", server.token())
        .with("client_id", CLIENT_ID)
        .with("client_secret", CLIENT_SECRET)
        .with("redirect_uri", REDIRECT_URI)
        .with("tenant", fortnox::TENANT)
        .with("invoices", server.summary().invoices)
        .into();
    json.to_string()
}

fn pipedrive_as_text(server: &Server<Pipedrive>) -> String {
    let (url, token, summary) = (server.base_url(), server.token(), server.summary());
    format!(
        "Pipedrive sandbox, with nothing real in it\n\n\
         \x20 base URL   {url}\n\
         \x20 company    {COMPANY}\n\
         \x20 API token  {token}\n\
         \x20 deals      {} visible, {} archived, {} deleted\n\
         \x20 control    {url}/_sandbox\n\n\
         Try it:\n\n\
         \x20 curl -H 'x-api-token: {token}' '{url}/api/v2/deals?limit=2'",
        summary.visible, summary.archived, summary.deleted
    )
}

fn odoo_as_text(server: &Server<Odoo>) -> String {
    let (url, version, summary) = (server.base_url(), server.model().version(), server.summary());
    let (database, login, password, key) = (odoo::DATABASE, odoo::LOGIN, odoo::PASSWORD, odoo::API_KEY);
    let attempt = match version {
        Version::V19 => format!(
            "curl -H 'authorization: bearer {key}' -H 'content-type: application/json' \\\n\
             \x20   -d '{{\"fields\": [\"name\"], \"limit\": 2}}' '{url}/json/2/res.partner/search_read'"
        ),
        _ => format!(
            "curl -H 'content-type: text/xml' \\\n\
             \x20   -d '<methodCall><methodName>version</methodName></methodCall>' '{url}/xmlrpc/2/common'"
        ),
    };
    format!(
        "Odoo {} sandbox, with nothing real in it\n\n\
         \x20 base URL   {url}\n\
         \x20 database   {database}\n\
         \x20 login      {login}\n\
         \x20 password   {password}\n\
         \x20 API key    {key}\n\
         \x20 contents   {} contacts, {} employees in {} departments, {} leads, {} orders; {} archived\n\
         \x20 control    {url}/_sandbox\n\n\
         Try it:\n\n\
         \x20 {attempt}",
        version.number(),
        summary.partners,
        summary.employees,
        summary.departments,
        summary.leads,
        summary.orders,
        summary.archived_partners + summary.archived_employees + summary.archived_leads
    )
}

fn fortnox_as_text(server: &Server<Fortnox>) -> String {
    let (url, token, summary) = (server.base_url(), server.token(), server.summary());
    format!(
        "Fortnox sandbox, with nothing real in it\n\n\
         \x20 base URL   {url}\n\
         \x20 token      {token}\n\
         \x20 OAuth      {url}/oauth-v1/auth and /oauth-v1/token, client {CLIENT_ID}, secret {CLIENT_SECRET}\n\
         \x20 tenant     {}\n\
         \x20 contents   {} invoices ({} unpaid, {} credit notes, {} drafts), {} customers, {} vouchers\n\
         \x20 control    {url}/_sandbox\n\n\
         Try it:\n\n\
         \x20 curl -H 'authorization: Bearer {token}' -H 'accept: application/json' '{url}/3/invoices?limit=2'",
        fortnox::TENANT,
        summary.invoices,
        summary.unpaid,
        summary.credit_notes,
        summary.drafts,
        summary.customers,
        summary.vouchers
    )
}
