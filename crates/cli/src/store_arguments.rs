//! The options of the commands that keep connections.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use url::Url;

use crate::arguments::HostArgs;

/// Where a browser comes back to, unless another address is given.
pub(crate) const CALLBACK: &str = "http://localhost:8765/callback";

/// Where connections are kept.
#[derive(Args, Debug)]
pub(crate) struct StoreArgs {
    /// The SQLite file that keeps connections. `connect` and `import-env` make it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, default_value = "tieline.db", help_heading = "Store")]
    pub(crate) store: PathBuf,
    /// A private file (chmod 600) with the vault's keys, in place of TIELINE_VAULT_KEY. `tieline keygen` makes one.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Store")]
    pub(crate) key_file: Option<PathBuf>,
    /// Whose connections these are.
    #[arg(long, value_name = "NAME", default_value = "main", help_heading = "Store")]
    pub(crate) tenant: String,
    /// Who does it, for the audit log; this machine's user by default.
    #[arg(long, value_name = "NAME", help_heading = "Store")]
    pub(crate) by: Option<String>,
}

/// All connections that are kept.
#[derive(Args, Debug)]
pub(crate) struct KeptArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// The app at the provider, and the way back from it.
#[derive(Args, Debug)]
pub(crate) struct AppArgs {
    /// The callback on this machine, as it is registered at the provider. Port 0 takes a free one.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, default_value = CALLBACK, help_heading = "Consent")]
    pub(crate) callback: Url,
    /// Ask for this scope, in place of the connector's own choice. May be repeated.
    #[arg(long, value_name = "SCOPE", help_heading = "Consent")]
    pub(crate) scope: Vec<String>,
}

/// A connection that is to be kept.
#[derive(Args, Debug)]
pub(crate) struct NewArgs {
    /// The provider, from `tieline providers`.
    pub(crate) provider: String,
    /// Your id for the connection, which never changes: one for each account. The provider's by default.
    #[arg(long = "connection", value_name = "ID")]
    pub(crate) id: Option<String>,
    /// What people call it; the account's name by default.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Public settings of the connection: a JSON object, or a file that holds one.
    #[arg(long, value_name = "JSON|FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<String>,
    /// Let another account at the provider take the place of the one that the connection was made for. Everything that was
    /// kept of that one is erased.
    #[arg(long)]
    pub(crate) replace_account: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) app: AppArgs,
    #[command(flatten)]
    pub(crate) host: HostArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = CONNECT_HELP)]
pub(crate) struct ConnectArgs {
    #[command(flatten)]
    pub(crate) new: NewArgs,
    /// A private file (chmod 600) with the credential as JSON, in place of TIELINE_CREDENTIAL.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) credential_file: Option<PathBuf>,
    /// After the consent, let the app ask for tokens itself (client credentials), so that none can get lost.
    #[arg(long)]
    pub(crate) application: bool,
}

const CONNECT_HELP: &str = "\
With TIELINE_CREDENTIAL or --credential-file, that credential is tried and kept. Without, a person consents in a
browser, where the provider offers it: TIELINE_<PROVIDER>_CLIENT_ID and TIELINE_<PROVIDER>_CLIENT_SECRET hold your
app's registration, whose callback must be the one of --callback.

Nothing is kept unless the connection test succeeds.";

/// Which connections are meant.
#[derive(Args, Debug)]
pub(crate) struct DisconnectArgs {
    /// The connection's id, from `tieline connections`.
    pub(crate) id: String,
    /// Erase everything that is kept of it: settings, records, outbox. The audit log stays.
    #[arg(long)]
    pub(crate) erase: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) host: HostArgs,
}
