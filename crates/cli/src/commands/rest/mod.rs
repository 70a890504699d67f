//! `tieline rest`: what is wrong with the description of an API, what it asks for, and what the API answers.

mod check;
mod explain;
mod guess;
mod print;
mod trial;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueHint};
use tieline::{Error, ErrorKind, Result};
use tieline_rest::{Description, RestFactory};

use crate::arguments::HostArgs;
use crate::credential::read_file;
use crate::failure::Outcome;

/// The longest description.
const LARGEST: u64 = 1 << 20;

#[derive(Args, Debug)]
pub(crate) struct RestArgs {
    #[command(subcommand)]
    command: RestCommand,
}

#[derive(Debug, Subcommand)]
enum RestCommand {
    /// Say everything that is wrong with descriptions, with line and column.
    Check {
        /// The descriptions: .yaml, .toml or .json.
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
    /// Show what is asked for an entity: pages, changes, deletions, look-ups, writes.
    Explain {
        /// The description.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// The entities; all without any.
        #[arg(value_name = "ENTITY")]
        entities: Vec<String>,
    },
    /// Read two pages of an entity, and show what was found.
    Try {
        #[command(flatten)]
        described: DescribedArgs,
        /// The entity.
        entity: String,
    },
    /// Write a description out: what it began from is in it. As JSON with --json.
    Print {
        /// The description.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Write the JSON Schema of descriptions, for editors.
    Schema {
        /// Write the reference of all settings and words instead, in Markdown.
        #[arg(long)]
        markdown: bool,
    },
    /// Ask an address for one page, and write the lines of a description.
    Guess {
        /// The address of the API, such as https://api.example.com/v1.
        #[arg(value_hint = ValueHint::Url)]
        url: String,
        /// The list, such as /bookings.
        path: String,
        /// The proof that a request carries: bearer, basic, none, or the name of a header.
        #[arg(long, default_value = "bearer")]
        auth: String,
        #[command(flatten)]
        reach: ReachArgs,
    },
}

/// A description and an account.
#[derive(Args, Debug)]
struct DescribedArgs {
    /// The description.
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The values of the description's settings: a JSON object, or a file that holds one.
    #[arg(long, value_name = "JSON|FILE", value_hint = ValueHint::FilePath, help_heading = "Connection")]
    config: Option<String>,
    #[command(flatten)]
    reach: ReachArgs,
}

/// The credential, and the network.
#[derive(Args, Debug)]
struct ReachArgs {
    /// A private file (chmod 600) with the credential as JSON, in place of TIELINE_CREDENTIAL.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Connection")]
    credential_file: Option<PathBuf>,
    #[command(flatten)]
    host: HostArgs,
}

pub(crate) async fn rest(options: RestArgs, json: bool) -> Outcome {
    match options.command {
        RestCommand::Check { files } => check::check(&files, json),
        RestCommand::Explain { file, entities } => explain::explain(&file, &entities, json),
        RestCommand::Try { described, entity } => trial::try_entity(&described, &entity, json).await,
        RestCommand::Print { file } => print::print(&file, json),
        RestCommand::Schema { markdown } => print::schema(markdown),
        RestCommand::Guess { url, path, auth, reach } => guess::guess(&url, &path, &auth, &reach, json).await,
    }
}

/// The text of a description, and its name in messages.
fn text(path: &Path) -> Result<(String, String)> {
    let bytes = read_file(path, LARGEST, "description", |_| Ok(()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        Error::new(ErrorKind::Config, format!("the description {path:?} is no text")).with_source(error)
    })?;
    Ok((path.display().to_string(), text.to_owned()))
}

fn factory(path: &Path) -> Result<RestFactory> {
    let (name, text) = text(path)?;
    RestFactory::from_file("rest", &name, &text, tieline::Category::Other)
}

fn description(path: &Path) -> Result<Description> {
    Ok(factory(path)?.description().clone())
}
