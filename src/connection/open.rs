//! A connection in use.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use tieline_auth::Secret;
use tieline_core::{Connector, Error, ErrorKind, Result};
use tieline_store::connections::{Actor, Health, RunReport};
use tieline_store::{ChangeCounts, ConnectionId};
use tieline_sync::{OneWaySync, Report};
use tracing::{Instrument as _, info, info_span};

use super::{ConnectionHandle, ConnectionOutbox};
use crate::ApplicationStore;
use crate::observer::RunOf;

/// The name in the audit log of runs that note the health of a connection.
const SYNC: &str = "sync";

/// A connection in use: its connector, which it dereferences to, with the store and the limits of the application.
pub struct OpenConnection<C: ?Sized = dyn Connector> {
    connector: Arc<C>,
    erased: Arc<dyn Connector>,
    handle: ConnectionHandle,
    provider: String,
    /// The generation of the secret that the run began with, 0 for one of the environment; `None` for a connection that
    /// the store does not keep.
    generation: Option<u64>,
}

impl OpenConnection {
    pub(super) fn stored(
        handle: ConnectionHandle,
        connector: Arc<dyn Connector>,
        provider: String,
        generation: u64,
    ) -> Self {
        let erased = Arc::clone(&connector);
        Self { connector, erased, handle, provider, generation: Some(generation) }
    }
}

impl<C: ?Sized> OpenConnection<C> {
    pub(super) fn unstored(
        handle: ConnectionHandle,
        connector: Arc<C>,
        erased: Arc<dyn Connector>,
        provider: String,
    ) -> Self {
        Self { connector, erased, handle, provider, generation: None }
    }

    /// The connector.
    pub fn connector(&self) -> &Arc<C> {
        &self.connector
    }

    /// The connection's id.
    pub fn id(&self) -> &ConnectionId {
        self.handle.id()
    }

    /// The connection.
    pub fn handle(&self) -> &ConnectionHandle {
        &self.handle
    }

    /// The tenant's part of the application's store.
    pub fn store(&self) -> &Arc<dyn ApplicationStore> {
        self.handle.tenant().store()
    }

    /// Reads what changed at the provider into the application's store, and notes the connection's health. `configure`
    /// adds the streams. Failures of streams are in the report. The end of the application stops the run; what it
    /// committed stays.
    ///
    /// # Errors
    ///
    /// `Unavailable` when the application ends; whatever the store fails with when health is noted.
    pub async fn sync(&self, configure: impl FnOnce(OneWaySync) -> OneWaySync) -> Result<Report> {
        let tenant = self.handle.tenant();
        let shared = &tenant.tieline().0;
        shared.activity.check()?;
        let run = configure(OneWaySync::new(
            Arc::clone(&self.erased),
            tenant.store().clone(),
            self.handle.id().clone(),
        ));
        let needed_before = match shared.records_events && self.generation.is_some() {
            true => tenant.stored(self.handle.id()).await?.health == Health::NeedsReconnect,
            false => false,
        };
        let span = info_span!(
            "tieline.run",
            tieline.provider = self.provider,
            tieline.connection = %self.handle.id(),
            tieline.tenant = %tenant.id(),
        );
        let work = async {
            info!("run began");
            let report = run.run().await;
            log(&report);
            report
        };
        let report = shared.activity.unless_ended(Box::pin(work).instrument(span)).await?;
        let of = RunOf { tenant: tenant.id(), connection: self.handle.id() };
        shared.observers.iter().for_each(|observer| observer.sync_finished(of, &report));
        let errors = || report.streams.iter().filter_map(|stream| stream.error.as_ref());
        let outcome = errors().find(|error| concerns_the_connection(error)).or_else(|| errors().next());
        self.report(outcome.map_or(Ok(()), Err), &SYNC.into()).await?;
        tenant.record_run(self.handle.id(), &report, needed_before).await?;
        Ok(report)
    }

    /// The connection's outbox, sent by this connector.
    pub fn outbox(&self) -> ConnectionOutbox {
        ConnectionOutbox::new(self.handle.clone(), Some(Arc::clone(&self.erased)))
    }

    /// Notes how work with the connection ended: its health, for a page that lists connections. [`sync`](Self::sync) does
    /// it by itself.
    ///
    /// Nothing is noted for an error that says nothing about the connection as a whole (a record that is not there, data
    /// that was refused, an entity that the user may not see), nor when somebody stored another secret meanwhile, nor
    /// for a connection that the store does not keep.
    ///
    /// # Errors
    ///
    /// Whatever the store fails with.
    pub async fn report(&self, outcome: Result<(), &Error>, by: &Actor) -> Result<()> {
        let Some(generation) = self.generation else { return Ok(()) };
        let tenant = self.handle.tenant();
        let report = match outcome {
            Ok(()) => RunReport::went_well(tenant.now()),
            Err(error) if concerns_the_connection(error) => RunReport::failed(tenant.now(), error),
            Err(_) => return Ok(()),
        };
        let report = match generation {
            0 => report,
            generation => report.with_secret(Secret::NAME, generation),
        };
        tenant.store().report(self.handle.id(), report, by).await
    }
}

impl<C: ?Sized> Clone for OpenConnection<C> {
    fn clone(&self) -> Self {
        Self {
            connector: Arc::clone(&self.connector),
            erased: Arc::clone(&self.erased),
            handle: self.handle.clone(),
            provider: self.provider.clone(),
            generation: self.generation,
        }
    }
}

impl<C: ?Sized> Deref for OpenConnection<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.connector
    }
}

impl<C: ?Sized> fmt::Debug for OpenConnection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenConnection")
            .field("provider", &self.provider)
            .field("connection", self.handle.id())
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// The last line of a run's story. The run itself has logged one for each stream.
fn log(report: &Report) {
    let sum = |count: fn(ChangeCounts) -> u64| -> u64 {
        report.streams.iter().map(|stream| count(stream.outcome())).fold(0, u64::saturating_add)
    };
    info!(
        streams = report.streams.len(),
        created = sum(|counts| counts.created),
        updated = sum(|counts| counts.updated),
        deleted = sum(|counts| counts.deleted),
        complete = report.is_complete(),
        "run ended"
    );
}

/// Whether every later use of the connection would fail in the same way.
fn concerns_the_connection(error: &Error) -> bool {
    use ErrorKind::{Decode, QuotaExhausted, Timeout, Transport, Unauthenticated, Unavailable};
    matches!(error.kind(), Unauthenticated | QuotaExhausted | Unavailable | Timeout | Transport | Decode)
}
