//! The hunt for secrets: in logs at TRACE, errors, `Debug` output, the audit log and both databases.

mod consents;
mod keys;
mod walk;

use std::sync::OnceLock;

use tieline_conformance::Log;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The log of the whole process: what another test's thread or a database's own thread logs is in it as well.
pub fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        log.subscriber().init();
        log
    })
}
