//! The commands, each in a file of its own.

mod account;
mod connect;
mod connections;
mod describe;
mod discover;
mod durable;
mod invoke;
mod keygen;
mod kpis;
mod lookup;
pub(crate) mod map;
mod migrate;
pub(crate) mod new_connector;
mod operations;
mod outcomes;
mod read;
pub(crate) mod rest;
mod rows;
mod shell;
mod stdin;
mod sync;
mod tables;
pub(crate) mod webhooks;
mod write;

use crate::arguments::{Arguments, Command};
use crate::failure::Outcome;

/// Carries out the command.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let json = arguments.json();
    let verbosity = arguments.verbosity();
    match arguments.command {
        Command::Providers => describe::providers(json),
        Command::Spec { provider } => describe::spec(&provider, json),
        Command::Check { connection } => account::check(&connection, json).await,
        Command::Discover { connection, entities, schemas } => {
            discover::discover(&connection, entities, schemas, json).await
        }
        Command::Read(options) => read::read(options, verbosity).await,
        Command::Lookup(options) => lookup::lookup(options).await,
        Command::Write(options) => write::write(options).await,
        Command::Invoke(options) => invoke::invoke(options).await,
        Command::Sync(options) => sync::sync(options, json, verbosity).await,
        Command::Migrate(options) => migrate::migrate(options, json).await,
        Command::Rows(options) => rows::rows(options).await,
        Command::Connect(options) => connect::connect(*options, json).await,
        Command::ImportEnv(new) => connect::import(*new, json).await,
        Command::Connections(kept) => connections::list(kept.store, kept.host, json).await,
        Command::Disconnect(options) => connections::disconnect(*options, json).await,
        Command::RotateKey(kept) => connections::rotate(kept.store, kept.host, json).await,
        Command::Webhooks(options) => webhooks::webhooks(options, json).await,
        Command::Map(options) => map::map(*options, json),
        Command::NewConnector(options) => new_connector::new_connector(&options),
        Command::Rest(options) => rest::rest(*options, json).await,
        Command::Kpis(options) => kpis::kpis(*options, json).await,
        Command::Keygen => keygen::keygen(),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { command } => shell::man(command.as_deref()),
    }
}
