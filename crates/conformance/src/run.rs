//! Runs one promise for a subject.

use std::future::Future;
use std::io::Write;
use std::pin::Pin;

use crate::bench::Lab;
use crate::promises::PROMISES;
use crate::{ConnectorUnderTest, Failure, Verdict};

pub(crate) type Kept<'l> = Pin<Box<dyn Future<Output = Result<Verdict, Failure>> + 'l>>;

/// One promise that a host relies on.
#[derive(Clone, Copy)]
pub struct Promise {
    /// Its name, a sentence: the name of its test.
    pub name: &'static str,
    pub(crate) check: for<'l> fn(&'l Lab<'l>) -> Kept<'l>,
}

impl std::fmt::Debug for Promise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The promises that need real time, because a database works beside the runtime.
const IN_REAL_TIME: &[&str] = &["the_secret_is_found_nowhere"];

/// Whether a subject keeps the promise of this name, and for what. For tests of the suite itself; a connector's tests
/// come from [`suite!`](crate::suite).
pub fn verdict(subject: &dyn ConnectorUnderTest, name: &str) -> Result<Verdict, Failure> {
    let promise = PROMISES.iter().find(|promise| promise.name == name);
    let promise = promise.ok_or_else(|| Failure::new(format!("there is no promise {name:?}")))?;
    let real_time = subject.in_real_time() || IN_REAL_TIME.contains(&name);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(!real_time).build()?;
    runtime.block_on(async {
        let lab = Lab { subject, real_time };
        (promise.check)(&lab).await
    })
}

/// What a test of the suite does: fails when the promise is not kept, and says it when nothing could be checked.
pub fn run_test(subject: &dyn ConnectorUnderTest, name: &str) -> Result<(), Failure> {
    let verdict = verdict(subject, name)?;
    if verdict.is_not_applicable() {
        // Past the capture of the test harness: a test that checked nothing must not look like one that did.
        let _unseen = writeln!(std::io::stderr(), "conformance: {name}: {verdict}");
    } else {
        println!("conformance: {name}: {verdict}");
    }
    Ok(())
}
