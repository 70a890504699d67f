//! Odoo 17 and 19: business software, as its external APIs look from outside.
//!
//! What the sandbox answers follows [Odoo's description of its external API][rpc], its [successor in version 19][json2],
//! and what servers of both versions answer.
//!
//! [rpc]: https://www.odoo.com/documentation/17.0/developer/reference/external_api.html
//! [json2]: https://www.odoo.com/documentation/19.0/developer/reference/external_api.html

mod actions;
mod binding;
mod checks;
mod commands;
mod compare;
mod computed;
mod database;
mod domain;
mod doors;
mod env;
mod groups;
mod import;
mod json_doors;
mod methods;
mod models;
mod moments;
mod read;
mod remote;
mod schema;
mod seed;
mod services;
mod trouble;
mod values;
mod web;
mod write;
mod xmlrpc;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};

use crate::Json;
use crate::clock::Clock;
use crate::reply::Reply;
use crate::sandbox::{Command, Model, Moment, Refused, Sandbox};

use database::Database;

pub use commands::Summary;
pub use database::Operation;
pub use schema::Kind;
pub use seed::{
    API_KEY, DATABASE, DEACTIVATED_LOGIN, EPOCH, LOGIN, LOW_LOGIN, PASSWORD, TWO_FACTOR_API_KEY,
    TWO_FACTOR_LOGIN, UID,
};

/// Which Odoo it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// 17.0: XML-RPC, and JSON-RPC with the same services.
    V17,
    /// 19.0: the same, and `/json/2`.
    V19,
}

impl Version {
    /// The major version as a number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V17 => 17,
            Self::V19 => 19,
        }
    }

    /// `17.0`
    pub(crate) const fn series(self) -> &'static str {
        match self {
            Self::V17 => "17.0",
            Self::V19 => "19.0",
        }
    }
}

/// The model of one Odoo server with one database.
pub struct Odoo {
    version: Version,
    database: Mutex<Database>,
}

impl fmt::Debug for Odoo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Odoo").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Sandbox<Odoo> {
    /// A server full of invented data, whose clock starts at [`EPOCH`] and runs.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use tieline_sandbox::Sandbox;
    /// use tieline_sandbox::odoo::{API_KEY, DATABASE, Odoo, Version};
    ///
    /// let sandbox = Sandbox::<Odoo>::odoo(Version::V19);
    /// let request = http::Request::post("/json/2/res.partner/search_count")
    ///     .header("authorization", format!("bearer {API_KEY}"))
    ///     .header("x-odoo-database", DATABASE)
    ///     .header("content-type", "application/json")
    ///     .body(Bytes::from_static(br#"{"domain": [["is_company", "=", true]]}"#))
    ///     .unwrap();
    /// assert_eq!(sandbox.handle(request).status, 200);
    /// ```
    #[must_use]
    pub fn odoo(version: Version) -> Arc<Self> {
        Self::odoo_with(version, Clock::starting_at(seed::epoch()))
    }

    /// The same server on another clock. Its data moves by whole days, so that it is as old as it is at [`EPOCH`].
    #[must_use]
    pub fn odoo_with(version: Version, clock: Clock) -> Arc<Self> {
        let database = Mutex::new(seed::database(version, clock.now()));
        Self::new(Odoo { version, database }, clock)
    }
}

impl Odoo {
    /// Which Odoo it is.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    pub(crate) fn database(&self) -> MutexGuard<'_, Database> {
        // Every change is complete, or taken back, before anything can panic, so a poisoned lock is still sound.
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model for Odoo {
    fn answer(&self, request: &Request<Bytes>, moment: Moment) -> Reply {
        doors::answer(&mut self.database(), self.version, request, moment)
    }

    fn refusal(&self, status: StatusCode, request: &Request<Bytes>) -> Reply {
        doors::refusal(self.version, status, request)
    }

    fn secrets(&self) -> Vec<String> {
        let database = self.database();
        let of_account = |account: &database::Account| {
            let mut secrets = account.keys.clone();
            secrets.push(account.password.clone());
            secrets
        };
        let mut secrets: BTreeSet<String> = database.accounts.iter().flat_map(of_account).collect();
        secrets.extend(database.session_ids().map(str::to_owned));
        secrets.into_iter().filter(|secret| !secret.is_empty()).collect()
    }

    fn describe(&self, request: &Request<Bytes>) -> Option<String> {
        doors::describe(self.version, request)
    }

    fn quotation(&self, status: StatusCode, request: &Request<Bytes>, quoted: &str) -> Option<Reply> {
        (status == StatusCode::OK).then(|| doors::quotation(self.version, request, quoted))?
    }

    fn control(&self, command: &Command<'_>, now: DateTime<Utc>) -> Option<Result<Json, Refused>> {
        remote::obey(self, command, now)
    }
}
