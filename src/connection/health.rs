//! The health of a connection.

use chrono::{DateTime, Utc};
use tieline_core::Result;
use tieline_http::LimitPause;
use tieline_store::connections::{Connection, Health};

use super::ConnectionHandle;

/// The health of a connection, for a page that lists connections and for a scheduler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionHealth {
    /// Whether the connection works, by its last run.
    pub health: Health,
    /// Whether it is to be used.
    pub active: bool,
    /// The time of the last run.
    pub last_run: Option<DateTime<Utc>>,
    /// The last error, for people. It stays when a later run goes well.
    pub last_error: Option<String>,
    /// The time of that error.
    pub last_error_at: Option<DateTime<Utc>>,
    /// Limits of the account that send nothing for now, as this process knows them.
    pub pauses: Vec<LimitPause>,
}

impl ConnectionHandle {
    /// Returns the connection's health. Sends nothing to the provider.
    ///
    /// # Errors
    ///
    /// `NotFound`; whatever the store fails with.
    pub async fn health(&self) -> Result<ConnectionHealth> {
        let Connection { provider, health, active, last_run, last_error, last_error_at, .. } =
            self.tenant.stored(&self.id).await?;
        let account = format!("{}/{}", self.tenant.id(), self.id);
        let pauses = self.tenant.tieline().http().limit_pauses();
        let is_ours = |pause: &LimitPause| {
            pause.provider == provider && pause.account.as_ref().is_none_or(|other| *other == account)
        };
        let pauses = pauses.into_iter().filter(is_ours).collect();
        Ok(ConnectionHealth { health, active, last_run, last_error, last_error_at, pauses })
    }
}
