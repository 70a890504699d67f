//! The commands and their options.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum, ValueHint};
use tieline::{FieldPath, ReadMode};
use url::Url;

use crate::commands::map::MapArgs;
use crate::commands::new_connector::NewConnectorArgs;
use crate::commands::rest::RestArgs;
use crate::commands::webhooks::WebhooksArgs;
use crate::exit;
use crate::failure::{Exit, tell, usage_line};
use crate::store_arguments::{ConnectArgs, DisconnectArgs, KeptArgs, NewArgs, StoreArgs};

/// Connect, read, write and sync the business systems that your customers use.
///
/// Answers go to standard output, what goes wrong to standard error. `read`, `lookup`, `write` and `invoke` speak JSON
/// lines; the other commands speak to people, or JSON with --json.
#[derive(Debug, Parser)]
#[command(name = "tieline", version, max_term_width = 100, after_long_help = exit::help())]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Answer and fail in JSON, for programs.
    #[arg(long, global = true)]
    json: bool,
    /// Log requests to standard error: -v each call, -vv and -vvv more. Never a secret.
    #[arg(long, short, action = ArgAction::Count, global = true)]
    verbose: u8,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Nothing.
    Quiet,
    /// Each call.
    Info,
    /// Also waits and retries.
    Debug,
    /// Everything.
    Trace,
}

impl Arguments {
    /// The arguments of this process. What is no command, or asks for help, is answered here.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            // The flag counts although the arguments as a whole could not be understood.
            let json = std::env::args_os().any(|argument| argument == "--json");
            if error.use_stderr() && json {
                let message = error.render().to_string();
                tell(&usage_line(&message));
            } else {
                // Where the stream is closed, the exit code must do.
                let _told = error.print();
            }
            ExitCode::from(Exit(if error.use_stderr() { exit::USAGE } else { 0 }))
        })
    }

    /// How much is logged.
    pub(crate) fn verbosity(&self) -> Verbosity {
        match self.verbose {
            0 => Verbosity::Quiet,
            1 => Verbosity::Info,
            2 => Verbosity::Debug,
            _ => Verbosity::Trace,
        }
    }

    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// The command as clap knows it, for completions and manual pages.
    pub(crate) fn definition() -> clap::Command {
        let mut command = Self::command();
        command.build();
        command
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the providers of this program.
    Providers,
    /// Show what a connector says about itself: settings, credential, limits, guide.
    Spec {
        /// The provider.
        provider: String,
    },
    /// Test a connection: who am I, and what warns.
    Check {
        #[command(flatten)]
        connection: ConnectionArgs,
    },
    /// Show the entities of an account; with names or --schemas also their fields.
    Discover {
        #[command(flatten)]
        connection: ConnectionArgs,
        /// Only these entities, with their fields.
        #[arg(value_name = "ENTITY")]
        entities: Vec<String>,
        /// Describe fields too. With --json also the JSON Schema of each record.
        #[arg(long)]
        schemas: bool,
    },
    /// Read records as JSON lines, and go on later from a state.
    Read(ReadArgs),
    /// Look records up by key or by a field's value, as JSON lines.
    Lookup(LookupArgs),
    /// Write: operations as JSON lines from standard input, one outcome per line.
    Write(WriteArgs),
    /// Do something that is no record write, such as confirming an order.
    Invoke(InvokeArgs),
    /// Bring entities into a SQLite file or PostgreSQL, and later what changed.
    Sync(SyncArgs),
    /// Print mapped rows as JSON lines or CSV: all of them, or what changed since a cursor.
    Rows(RowsArgs),
    /// Make the tables of a database, or bring them up to date.
    Migrate(MigrateArgs),
    /// Show what a mapping makes of records, check mappings, explain a field, draft a mapping.
    Map(Box<MapArgs>),
    /// Check the description of an API, explain it, try it, draft one.
    Rest(Box<RestArgs>),
    /// Print the key figures of companies that a sheet of Google Sheets holds.
    Kpis(Box<KpisArgs>),
    /// Connect an account, try it, and keep it: by a person's consent in a browser, or with a credential.
    Connect(Box<ConnectArgs>),
    /// List the connections that are kept, with their health and masked secrets.
    Connections(Box<KeptArgs>),
    /// Take a connection's tokens back at the provider, and erase its secret.
    Disconnect(Box<DisconnectArgs>),
    /// Wrap every kept secret by the vault's current key, so that older keys can go.
    RotateKey(Box<KeptArgs>),
    /// List the deliveries of webhooks that are kept, and have those that were given up handled again.
    Webhooks(WebhooksArgs),
    /// Try the credential in TIELINE_<PROVIDER>_<FIELD> and keep it, so that the variables can go.
    ImportEnv(Box<NewArgs>),
    /// Make a key for the vault and print it.
    ///
    /// Put it where only the host application can read it: an environment variable, or a file with mode 600. Whoever
    /// has it opens every secret that it seals, and without it none of them opens.
    Keygen,
    /// Write a crate with a connector for a provider of your own, which works against a sandbox of its own.
    NewConnector(NewConnectorArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print a manual page (roff).
    Man {
        /// The command; without one, a page about the whole program.
        command: Option<String>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ConnectionArgs {
    /// The provider, from `tieline providers`.
    pub(crate) provider: String,
    /// Public settings of the connection: a JSON object, or a file that holds one.
    #[arg(long, value_name = "JSON|FILE", value_hint = ValueHint::FilePath, help_heading = "Connection")]
    pub(crate) config: Option<String>,
    /// A private file (chmod 600) with the credential as JSON, in place of TIELINE_CREDENTIAL.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Connection")]
    pub(crate) credential_file: Option<PathBuf>,
    /// Use the connection that `tieline connect` kept under this id, in place of --config and a credential.
    #[arg(long, value_name = "ID", conflicts_with_all = ["config", "credential_file"], help_heading = "Connection")]
    pub(crate) stored: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) host: HostArgs,
}

#[derive(Args, Debug)]
pub(crate) struct KpisArgs {
    /// The spreadsheet: its address, or its id.
    pub(crate) sheet: String,
    /// The tab; the first one when it is left out.
    #[arg(long, value_name = "TITLE")]
    pub(crate) tab: Option<String>,
    /// A private file (chmod 600) with the credential as JSON, in place of TIELINE_CREDENTIAL.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Connection")]
    pub(crate) credential_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// What is the host's to decide, never a customer's setting.
#[derive(Args, Debug)]
pub(crate) struct HostArgs {
    /// Send requests here instead of to the provider: to a sandbox, to a recording proxy.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "Host")]
    pub(crate) base_url: Option<String>,
    /// Send consents and token requests to this server, with the provider's paths: to a sandbox.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "Host")]
    pub(crate) oauth_url: Option<Url>,
    /// Allow a network that is not public, and plain http to it, such as 127.0.0.1/32.
    #[arg(long, value_name = "NETWORK", help_heading = "Host")]
    pub(crate) allow_network: Vec<String>,
    /// The longest single wait for a limit; a longer one ends the command.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, help_heading = "Host")]
    pub(crate) max_wait: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Mode {
    /// What changed since the state; everything without one.
    Changes,
    /// Everything. A pass that was interrupted goes on.
    Full,
    /// The keys of everything.
    Keys,
}

impl From<Mode> for ReadMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Changes => Self::Changes,
            Mode::Full => Self::Full,
            Mode::Keys => Self::Keys,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The entity, from `tieline discover`.
    pub(crate) entity: String,
    /// Go on from this file, and keep it up to date. It is made by the first read.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state: Option<PathBuf>,
    /// What to read.
    #[arg(long, value_enum, default_value = "changes")]
    pub(crate) mode: Mode,
    /// Read one partition: a parent record, a company.
    #[arg(long)]
    pub(crate) partition: Option<String>,
    /// Ask for pages of this many records.
    #[arg(long, value_name = "RECORDS")]
    pub(crate) page_size: Option<NonZeroU32>,
    /// Read these fields, where the provider can choose; also those that it only sends on request.
    #[arg(long, value_delimiter = ',', value_parser = FieldPath::parse, value_name = "POINTER,…")]
    pub(crate) fields: Vec<FieldPath>,
    /// End after this many records.
    #[arg(long, value_name = "RECORDS")]
    pub(crate) max_records: Option<NonZeroU64>,
}

#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["keys", "key", "field"]).multiple(true))]
pub(crate) struct LookupArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The entity.
    pub(crate) entity: String,
    /// Keys, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "KEY,…", conflicts_with = "field")]
    pub(crate) keys: Vec<String>,
    /// One key as it is, also with a comma. May be repeated.
    #[arg(long, conflicts_with = "field")]
    pub(crate) key: Vec<String>,
    /// A field as a JSON Pointer, such as /email: finds all records that have the value.
    #[arg(long, value_name = "POINTER", requires = "value")]
    pub(crate) field: Option<String>,
    /// The field's value as JSON, such as '"a@example.com"' or 7.
    #[arg(long, value_name = "JSON", requires = "field", allow_hyphen_values = true)]
    pub(crate) value: Option<String>,
}

#[derive(Args, Debug)]
#[command(after_long_help = WRITE_HELP)]
pub(crate) struct WriteArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The entity.
    pub(crate) entity: String,
    /// Keep the operations in this SQLite file, stored before they are sent: the same input can be given again after
    /// anything, and nothing is done twice. With --stored, its store is the default.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Outbox")]
    pub(crate) outbox: Option<PathBuf>,
    /// The name of the connection in that file: one for each account. The id of --stored by default, else the provider.
    #[arg(long = "connection", value_name = "NAME", help_heading = "Outbox")]
    pub(crate) name: Option<String>,
}

const WRITE_HELP: &str = r#"Each line of standard input is one operation:

  {"op":"create","id":"op-1","fields":{"title":"Ny order"},"marker":"order-7"}
  {"op":"update","id":"op-2","key":"42","set":{"/title":"x"},"clear":["/value"],"if_version":"3"}
  {"op":"delete","id":"op-3","key":"42"}
  {"op":"invoke","id":"op-4","action":"action_confirm","key":"42","input":{}}

`update` also takes "add", "remove" and "raw", objects like "set". A line without an "id" is called
line-N.

Each line of standard output is one outcome, in the same order:

  applied, unchanged  the record is as the operation wants it
  partial             the fields in "applied" were written, the others not
  conflict            the record has another version by now
  accepted            the provider took it as a job
  rejected            not done, and the same bytes cannot help
  deferred            not done, or safe to send again: later
  unknown             it may have happened: look before you send it again
  malformed           the line is no operation, and nothing was sent for it

An operation without an outcome, after a kill, counts as unknown: given again, it may be done twice.

With --outbox or --stored each operation needs an "id" of yours and is stored under it before it
is sent. Give the same input again after a kill or a failure: what was done is not done again,
what was not is sent, and what nobody knows is looked for, or becomes

  needs_review        it may have happened: look, then answer in your application's outbox

There an outcome has "key", "note" and "not_before" in place of "record" and "error"."#;

#[derive(Args, Debug)]
pub(crate) struct InvokeArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The entity.
    pub(crate) entity: String,
    /// The action, from `tieline discover PROVIDER ENTITY`.
    pub(crate) action: String,
    /// The record that it is done to.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Its input: JSON, @FILE, or - for standard input.
    #[arg(long, value_name = "JSON|@FILE|-", default_value = "{}", allow_hyphen_values = true)]
    pub(crate) input: String,
    /// Wait this long for a job that the provider accepted.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) wait: u32,
    /// The operation's id, for your records.
    #[arg(long, default_value = "invoke")]
    pub(crate) id: String,
}

#[derive(Args, Debug)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The entities, in the order in which they are read.
    #[arg(required = true, value_name = "ENTITY")]
    pub(crate) entities: Vec<String>,
    /// The SQLite file, which is made when it is not there; or postgres://ROLE@HOST/DATABASE, with PGPASSWORD.
    #[arg(long, value_name = "FILE|ADDRESS", value_hint = ValueHint::FilePath)]
    pub(crate) into: PathBuf,
    /// The name of the connection in that file: one for each account. With --stored, its id.
    #[arg(long = "connection", value_name = "NAME", required_unless_present = "stored")]
    pub(crate) name: Option<String>,
    /// Also keep the rows that a mapping makes of an entity's records. May be repeated.
    #[arg(long, value_name = "ENTITY=FILE")]
    pub(crate) map: Vec<String>,
    /// Keep a table of yours filled with the rows of a mapping, in the same database and transactions. The mapping names
    /// its entity. The table, and columns that it lacks, are made. May be repeated.
    #[arg(long, value_name = "TABLE=FILE")]
    pub(crate) table: Vec<String>,
    /// What to read.
    #[arg(long, value_enum, default_value = "changes")]
    pub(crate) mode: Mode,
    /// Ask for pages of this many records.
    #[arg(long, value_name = "RECORDS")]
    pub(crate) page_size: Option<NonZeroU32>,
    /// Delete what a complete pass did not see, and take out the rows that a mapping leaves out, however many they are.
    #[arg(long)]
    pub(crate) no_brake: bool,
    /// Go on with a mapping that reads fields which the provider no longer has. It clears them in the rows that are there.
    #[arg(long)]
    pub(crate) allow_broken_mapping: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RowsArgs {
    /// The target: the entity of --map, or the table of --table.
    pub(crate) target: String,
    /// The SQLite file, or postgres://ROLE@HOST/DATABASE, with PGPASSWORD.
    #[arg(long, value_name = "FILE|ADDRESS", value_hint = ValueHint::FilePath)]
    pub(crate) from: PathBuf,
    /// The name of the connection in it.
    #[arg(long = "connection", value_name = "NAME")]
    pub(crate) name: String,
    /// Whose rows these are.
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub(crate) tenant: String,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "jsonl")]
    pub(crate) format: RowsFormat,
    /// Only what changed since this cursor, rows that went included; the last line holds the next one. An empty text is
    /// the beginning.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) since: Option<String>,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowsFormat {
    /// A JSON object a line.
    Jsonl,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
}

#[derive(Args, Debug)]
pub(crate) struct MigrateArgs {
    /// The SQLite file, or postgres://OWNER@HOST/DATABASE, with PGPASSWORD.
    #[arg(value_name = "FILE|ADDRESS", value_hint = ValueHint::FilePath, required_unless_present = "print")]
    pub(crate) database: Option<PathBuf>,
    /// Print the SQL for an empty PostgreSQL database, for a migrator of yours, and change nothing.
    #[arg(long)]
    pub(crate) print: bool,
    /// Let this role of PostgreSQL use the tables. May be repeated.
    #[arg(long, value_name = "ROLE")]
    pub(crate) grant: Vec<String>,
    /// Let this role of PostgreSQL read the directory across tenants, and nothing else. May be repeated.
    #[arg(long, value_name = "ROLE")]
    pub(crate) grant_dispatcher: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }
}
