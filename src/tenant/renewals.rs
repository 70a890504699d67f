//! Tokens that would die unused are renewed before, even when nothing syncs.

use tieline_core::{Error, Result};
use tieline_store::ConnectionId;
use tieline_store::connections::RenewalDue;

use super::Tenant;

const PAGE: u32 = 100;

/// What renewing brought.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Renewed {
    /// How many connections are good for another while.
    pub renewed: u64,
    /// Connections that are not, and why.
    pub failed: Vec<(ConnectionId, Error)>,
}

impl Tenant {
    /// Renews the tokens of this tenant that would die unused. Call it once a day.
    ///
    /// # Errors
    ///
    /// Whatever the store answers to the list; a connection that fails hides no other.
    pub async fn renew_due(&self) -> Result<Renewed> {
        let mut done = Renewed::default();
        let mut after: Option<RenewalDue> = None;
        loop {
            let page = self.sealed.renewals_due(self.now(), after.as_ref(), PAGE).await?;
            for due in &page {
                match self.connection(due.connection.clone()).renew().await {
                    Ok(()) => done.renewed += 1,
                    Err(error) => done.failed.push((due.connection.clone(), error)),
                }
            }
            match page.last() {
                Some(last) if page.len() >= PAGE as usize => after = Some(last.clone()),
                _ => return Ok(done),
            }
        }
    }
}
