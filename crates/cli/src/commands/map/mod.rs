//! `tieline map`: what a mapping makes of a record, and what is wrong with a mapping. Nothing is sent.

mod check;
mod explain;
mod files;
mod preview;
mod propose;
mod trace;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use crate::failure::{Failure, Outcome};

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_long_help = HELP)]
pub(crate) struct MapArgs {
    #[command(subcommand)]
    command: Option<MapCommand>,
    #[command(flatten)]
    preview: PreviewArgs,
}

#[derive(Debug, Subcommand)]
enum MapCommand {
    /// Say everything that is wrong with mappings, with line and column.
    Check {
        /// The mappings: .yaml, .toml or .json.
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
        mappings: Vec<PathBuf>,
    },
    /// Draft a mapping between two JSON Schemas by names and types, with a confidence for each line.
    Propose(ProposeArgs),
}

#[derive(Args, Debug)]
struct PreviewArgs {
    /// The mapping: .yaml, .toml or .json.
    #[arg(long, required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    mapping: Option<PathBuf>,
    /// The provider's records: JSON objects, or the lines of `tieline read`; - for standard input.
    #[arg(long, value_name = "FILE|-", value_hint = ValueHint::FilePath, required_unless_present = "explain")]
    input: Option<PathBuf>,
    /// What the mapping asks for: {"values":{NAME:…},"records":{ENTITY:{KEY:{…}}}}.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    given: Option<PathBuf>,
    /// The host's record as somebody changed it: show what would be written to the provider. Takes one input record.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "input")]
    edited: Option<PathBuf>,
    /// Explain one field: where it comes from, what is done to it, how it goes back.
    #[arg(long, value_name = "FIELD")]
    explain: Option<String>,
}

#[derive(Args, Debug)]
struct ProposeArgs {
    /// The provider's JSON Schema, such as a record's `schema` in `tieline discover --schemas --json`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    provider: PathBuf,
    /// The host's JSON Schema.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    host: PathBuf,
    /// The provider's entity, for the draft's head.
    #[arg(long)]
    entity: Option<String>,
}

const HELP: &str = r#"Each record is shown as a table: where a field comes from, what it becomes, what it is
written back to, and what is wrong with it. Below it stands what the way back writes: for a new record,
and with --edited for a changed one. A row that nobody changed writes nothing.

A look-up finds its record in --given, by entity and key."#;

pub(crate) fn map(options: MapArgs, json: bool) -> Outcome {
    match options.command {
        Some(MapCommand::Check { mappings }) => check::check(&mappings, json),
        Some(MapCommand::Propose(options)) => propose::propose(&options, json),
        None => {
            let Some(mapping) = &options.preview.mapping else {
                return Err(Failure::Usage("--mapping names the mapping".to_owned()));
            };
            let mapping = files::mapping(mapping)?;
            let handed = files::Handed::read(options.preview.given.as_deref())?;
            let records = options.preview.input.as_deref().map(files::records).transpose()?;
            match (&options.preview.explain, records) {
                (Some(field), records) => {
                    let field = explain::explain(&mapping, field, json)?;
                    trace::trace(&mapping, &field, &records.unwrap_or_default(), &handed, json)
                }
                (None, records) => {
                    let edited = options.preview.edited.as_deref();
                    preview::preview(&mapping, &records.unwrap_or_default(), &handed, edited, json)
                }
            }
        }
    }
}
