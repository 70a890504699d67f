//! The connection test, and what becomes of a secret that the provider refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures_util::StreamExt;
use tieline_core::http::HttpRequest;
use tieline_core::{
    CheckRequest, Credential, DiscoverRequest, Error, ErrorKind, ReadRequest, Recovery, Rejection, Result,
    SecretGeneration,
};

use crate::Failure;
use crate::bench::{Bench, Lab, kept};
use crate::mirror::Mirror;
use crate::verdict::{Verdict, ensure};

/// Most requests that one call may make before it knows that the secret is refused.
const FEW: usize = 4;

pub(crate) async fn check_says_who_the_credential_is(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.whole(async |bench| {
        let account = bench.crm.check(CheckRequest::default()).await?;
        ensure!(!account.name.trim().is_empty(), "the account has no name");
        ensure!(bench.wire.count() > 0, "the test asked nobody");
        ensure!(bench.wire.count() <= 10, "the test took {} requests", bench.wire.count());
        kept()
    })
    .await
}

pub(crate) async fn a_wrong_secret_is_refused_with_advice(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let mut stack = bench.stack();
        stack.secret = bench.subject.wrong_secret();
        let bench = bench.with(stack)?;
        refused("the connection test", &bench, bench.crm.check(CheckRequest::default()).await.err())?;
        let before = bench.wire.count();
        let described = bench.crm.discover(DiscoverRequest::schemas().only(entity.name.clone())).await;
        if bench.wire.count() > before {
            refused("discovering", &bench, described.err())?;
        }
        let mut mirror = Mirror::default();
        let read = bench.pull(&mut mirror, ReadRequest::full(entity.name.clone())).await;
        refused("a read", &bench, read.err())?;
        if entity.capabilities.lookup {
            let key = bench.keys(entity)?.into_iter().take(1).collect();
            refused("a look-up", &bench, bench.lookup(entity, key).await.err())?;
        }
        kept()
    })
    .await
}

/// Fails unless a call ended as it does with a secret that the provider refuses.
fn refused(what: &str, bench: &Bench<'_>, error: Option<Error>) -> Result<(), Failure> {
    let Some(error) = error else {
        return Err(Failure::new(format!("{what} works with a secret that the provider refuses")));
    };
    ensure!(error.kind() == ErrorKind::Unauthenticated, "{what} fails with another kind: {error}");
    ensure!(error.advice().is_some_and(|advice| !advice.is_empty()), "{what} gives no advice: {error}");
    ensure!(bench.wire.count() <= 5 * FEW, "{what} goes on: {} requests", bench.wire.count());
    Ok(())
}

pub(crate) async fn a_secret_that_dies_during_a_read_stops_it(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let request = ReadRequest::full(entity.name.clone()).with_page_size(bench.page_size(entity, 4)?);
        let mut batches = bench.crm.read(request.clone())?;
        let first = batches.next().await.ok_or_else(|| Failure::new("the read is empty"))??;
        bench.world.revoke();
        let before = bench.wire.count();
        let next = match (first.end, batches.next().await) {
            (Some(_), None) => None,
            (_, Some(Err(error))) => Some(error),
            (_, other) => {
                return Err(Failure::new(format!("the read goes on after its secret died: {other:?}")));
            }
        };
        if let Some(error) = next {
            ensure!(error.kind() == ErrorKind::Unauthenticated, "the read ends with another kind: {error}");
            ensure!(error.advice().is_some(), "no advice: {error}");
            ensure!(batches.next().await.is_none(), "the read goes on after its error");
        }
        let again = bench.crm.read(request)?.next().await;
        ensure!(
            matches!(&again, Some(Err(error)) if error.kind() == ErrorKind::Unauthenticated),
            "a read with a dead secret yields {again:?}"
        );
        ensure!(
            bench.wire.count() - before <= 2 * FEW,
            "{} requests with a dead secret",
            bench.wire.count() - before
        );
        kept()
    })
    .await
}

/// Says of every rejection that the secret is a new one by now.
#[derive(Debug)]
struct Hopeful {
    inner: Arc<dyn Credential>,
    rejections: Arc<AtomicU64>,
}

#[async_trait]
impl Credential for Hopeful {
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        self.inner.authorize(request).await
    }

    async fn rejected(&self, _: SecretGeneration, _: &Rejection) -> Result<Recovery> {
        self.rejections.fetch_add(1, Ordering::SeqCst);
        Ok(Recovery::RetryOnce)
    }

    fn scrub(&self, text: &str) -> Option<String> {
        self.inner.scrub(text)
    }
}

pub(crate) async fn a_refused_secret_is_renewed_once(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let rejections = Arc::new(AtomicU64::new(0));
        let mut stack = bench.stack();
        let inner = bench.subject.credential(&stack.secret)?;
        stack.credential = Some(Arc::new(Hopeful { inner, rejections: Arc::clone(&rejections) }));
        let bench = bench.with(stack)?;
        let key: Vec<_> = bench.keys(entity)?.into_iter().take(1).collect();
        bench.world.revoke();
        let read = bench.crm.read(ReadRequest::full(entity.name.clone()))?.next().await;
        ensure!(
            matches!(&read, Some(Err(error)) if error.kind() == ErrorKind::Unauthenticated),
            "a read with a dead secret yields {read:?}"
        );
        let renewed = rejections.load(Ordering::SeqCst);
        // A provider may also say it in an answer that only the connector understands.
        ensure!(renewed <= 1, "the credential was asked {renewed} times to renew itself");
        ensure!(bench.wire.count() <= 2 * FEW, "{} requests with a dead secret", bench.wire.count());
        if entity.capabilities.lookup {
            let error = bench.lookup(entity, key).await.err();
            refused("a look-up", &bench, error)?;
        }
        kept()
    })
    .await
}
