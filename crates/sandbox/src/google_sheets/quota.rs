//! Quotas: requests of each minute, by project and by user, reads and writes apart.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::refusal::{self, Refusal};

/// The requests that a minute allows. The default is Google's:
/// <https://developers.google.com/workspace/sheets/api/limits>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// Requests of all users of a project, for reading and for writing.
    pub project: u32,
    /// Requests of one user.
    pub user: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { project: 300, user: 60 }
    }
}

impl Quotas {
    /// No quota that a test could reach.
    #[must_use]
    pub fn none() -> Self {
        Self { project: u32::MAX, user: u32::MAX }
    }
}

/// The requests of the minute.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) quotas: Quotas,
    minute: i64,
    used: BTreeMap<(&'static str, String), u32>,
}

impl Meter {
    /// Counts a request of a user.
    pub(crate) fn admit(
        &mut self,
        what: &'static str,
        user: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let minute = now.timestamp().div_euclid(60);
        if minute != self.minute {
            self.minute = minute;
            self.used.clear();
        }
        for (of, most) in [(user, self.quotas.user), ("", self.quotas.project)] {
            let used = self.used.entry((what, of.to_owned())).or_default();
            *used += 1;
            if *used > most {
                return Err(refusal::exhausted(what));
            }
        }
        Ok(())
    }
}
