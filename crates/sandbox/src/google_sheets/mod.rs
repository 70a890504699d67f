//! Google Sheets: spreadsheets as grids, as the Sheets API v4 and the file methods of Drive v3 look from outside.
//!
//! The answers follow [Google's reference of the Sheets API][sheets] and [of Drive][drive]. Formulas are not computed: a
//! cell holds its result. Developer metadata, charts and the like are answered with 501.
//!
//! [sheets]: https://developers.google.com/workspace/sheets/api/reference/rest
//! [drive]: https://developers.google.com/workspace/drive/api/reference/rest/v3

mod a1;
mod access;
mod batch;
mod cell;
mod commands;
mod drive;
mod format;
mod grid;
mod mask;
mod quota;
mod refusal;
mod routes;
mod seed;
mod show;
mod values;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};

use crate::Json;
use crate::clock::Clock;
use crate::oauth::{AuthorizationServer, Authorizes};
use crate::reply::Reply;
use crate::sandbox::{Command, Model, Moment, Refused, Sandbox};

pub use access::{SCOPES, TOKEN};
pub use cell::{Cell, CellError, NumberFormat, Value};
pub use grid::{Area, FileKind, Permission, Sheet, Spreadsheet};
pub use quota::Quotas;
pub use seed::{EPOCH, KEY_FIGURES, ORDERS};

use quota::Meter;

/// The model of Google Sheets, with the files that one caller sees.
pub struct GoogleSheets {
    state: Mutex<State>,
    authorization: AuthorizationServer,
}

pub(crate) struct State {
    files: Vec<Spreadsheet>,
    token: String,
    api_key: String,
    /// Whether the fixed token may ask Drive.
    drive_allowed: bool,
    meter: Meter,
}

impl Authorizes for GoogleSheets {
    fn authorization(&self) -> &AuthorizationServer {
        &self.authorization
    }
}

impl fmt::Debug for GoogleSheets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("GoogleSheets").field("files", &self.state().files.len()).finish_non_exhaustive()
    }
}

impl Sandbox<GoogleSheets> {
    /// An account with the spreadsheets [`ORDERS`] and [`KEY_FIGURES`], whose clock starts at [`EPOCH`] and runs.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use tieline_sandbox::Sandbox;
    /// use tieline_sandbox::google_sheets::{GoogleSheets, ORDERS, TOKEN};
    ///
    /// let sandbox = Sandbox::<GoogleSheets>::google_sheets();
    /// let request = http::Request::get(format!("/v4/spreadsheets/{ORDERS}/values/orders!A1:B2"))
    ///     .header("authorization", format!("Bearer {TOKEN}"))
    ///     .body(Bytes::new())
    ///     .unwrap();
    /// assert_eq!(sandbox.handle(request).status, 200);
    /// ```
    #[must_use]
    pub fn google_sheets() -> Arc<Self> {
        Self::google_sheets_with(Clock::starting_at(seed::epoch()))
    }

    /// The same account on another clock.
    #[must_use]
    pub fn google_sheets_with(clock: Clock) -> Arc<Self> {
        let state = State {
            files: seed::files(clock.now()),
            token: TOKEN.to_owned(),
            api_key: String::new(),
            drive_allowed: true,
            meter: Meter::default(),
        };
        Self::new(GoogleSheets { state: Mutex::new(state), authorization: access::server() }, clock)
    }
}

impl GoogleSheets {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Every change is complete, or made on a copy, before anything can panic, so a poisoned lock is still sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model for GoogleSheets {
    fn answer(&self, request: &Request<Bytes>, moment: Moment) -> Reply {
        if let Some(reply) = self.authorization.answer(request, moment.now) {
            return reply;
        }
        let mut state = self.state();
        access::caller(&state, request, &self.authorization, moment.now)
            .and_then(|caller| routes::answer(&mut state, request, &caller, moment.now))
            .unwrap_or_else(|refusal| refusal.reply())
    }

    fn refusal(&self, status: StatusCode, request: &Request<Bytes>) -> Reply {
        let of_oauth = self.authorization.refusal(status, request);
        of_oauth.unwrap_or_else(|| refusal::of_status(status).reply())
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets = self.authorization.secrets();
        let state = self.state();
        secrets.extend([state.token.clone(), state.api_key.clone()]);
        secrets
    }

    fn quotation(&self, status: StatusCode, _: &Request<Bytes>, quoted: &str) -> Option<Reply> {
        let mut refusal = refusal::of_status(status);
        refusal.message = format!("Invalid value at 'data' ({quoted})");
        (!status.is_success()).then(|| refusal.reply())
    }

    fn control(&self, command: &Command<'_>, now: DateTime<Utc>) -> Option<Result<Json, Refused>> {
        commands::obey(self, command, now).or_else(|| self.authorization.control(command, now))
    }
}
