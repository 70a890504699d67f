//! A sandbox as a program: prints where it listens and with which credentials, then runs until it is stopped.

use std::io::Write as _;

use chrono::{DateTime, Utc};
use clap::{Parser, ValueEnum};
use tieline_sandbox::pipedrive::{COMPANY, Limits, Pipedrive};
use tieline_sandbox::{Clock, Json, Object, Sandbox, Server};

/// Emulates a provider on loopback, full of invented data.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Which provider.
    #[arg(value_enum, default_value = "pipedrive")]
    provider: Provider,
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Print one line of JSON for programs instead of a text for people.
    #[arg(long)]
    json: bool,
    /// The token to accept instead of the invented one.
    #[arg(long)]
    token: Option<String>,
    /// Switch the provider's limits off.
    #[arg(long)]
    no_limits: bool,
    /// Add this many deals, for long walks.
    #[arg(long, value_name = "COUNT")]
    more_deals: Option<u32>,
    /// Start the sandbox's clock here, such as 2026-11-02T08:00:00Z, instead of now. The data moves with it.
    #[arg(long, value_name = "TIME")]
    start_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Provider {
    Pipedrive,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let Provider::Pipedrive = options.provider;
    let clock = options.start_at.map_or_else(Clock::system, Clock::starting_at);
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
    let server = sandbox.serve_on(options.port).await?;
    let text = if options.json { for_programs(&server) } else { for_people(&server) };
    // Whoever started this may have closed the pipe already; the sandbox serves all the same.
    let mut out = std::io::stdout().lock();
    let _told = writeln!(out, "{text}").and_then(|()| out.flush());
    drop(out);
    tokio::signal::ctrl_c().await
}

fn for_programs(server: &Server<Pipedrive>) -> String {
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

fn for_people(server: &Server<Pipedrive>) -> String {
    let (url, token, summary) = (server.base_url(), server.token(), server.summary());
    format!(
        "Pipedrive sandbox, with nothing real in it\n\n\
         \x20 base URL   {url}\n\
         \x20 company    {COMPANY}\n\
         \x20 API token  {token}\n\
         \x20 deals      {} visible, {} archived, {} deleted\n\
         \x20 control    {url}/_sandbox\n\n\
         Try it:\n\n\
         \x20 curl -H 'x-api-token: {token}' '{url}/api/v2/deals?limit=2'\n\n\
         Stop it with Ctrl-C.",
        summary.visible, summary.archived, summary.deleted
    )
}
