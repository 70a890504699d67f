//! When things go wrong between the request and the save.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use insta::assert_snapshot;
use tieline_auth::{Moment, Secret, Step, StepObserver};
use tieline_core::{Clock, Error, ErrorKind, SecretGeneration};
use tieline_sandbox::oauth::{Policy, Rotation};
use tieline_sandbox::{Fault, FaultRule};
use tieline_store::SecretStore;
use tieline_store::connections::{Health, StoredSecret};

use crate::flaky::Flaky;
use crate::world::*;

fn on_refresh(fault: Fault) -> FaultRule {
    FaultRule::new(fault).on("POST", "/oauth/token").body("grant_type=refresh_token")
}

async fn stored(world: &World) -> StoredSecret {
    world.memory.secret(&CONNECTION.into(), Secret::NAME).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_tried_once_more_and_then_said() {
    let world = World::new();
    world.connected().await;
    let credential = world.process().credential();
    pass(4000).await;
    world.sandbox.inject(on_refresh(Fault::ResetBeforeAnswer).takes_effect(true));
    let lost = ask(&*credential, &world.sandbox).await.unwrap_err();
    assert!(stored(&world).await.intent.is_some());
    assert_eq!(world.connection().await.health, Health::Untried);
    let paused = ask(&*credential, &world.sandbox).await.unwrap_err();
    pass(10).await;
    let dead = ask(&*credential, &world.sandbox).await.unwrap_err();
    assert_eq!(dead.kind(), ErrorKind::Unauthenticated);
    let connection = world.connection().await;
    assert_eq!(connection.health, Health::NeedsReconnect);
    assert_snapshot!([lost, paused, dead].map(|error| error.to_string()).join("\n"), @r"
    the connection was reset before an answer came (transport, method=POST, host=auth.example.com, path=/oauth/token, renewal=its outcome is not known; the next one tries the refresh token once more, connection=sales)
    the connection was reset before an answer came (transport, method=POST, host=auth.example.com, path=/oauth/token, renewal=its outcome is not known; the next one tries the refresh token once more, connection=sales)
    Acme does not accept the refresh token; a renewal that began at 2026-11-02 09:06:40 UTC was cut off before its answer was stored, and may have used it up: let the customer connect again (unauthenticated, code invalid_grant, provider=Invalid refresh token, connection=sales)
    ");
    assert_snapshot!(connection.last_error.unwrap(), @"Acme does not accept the refresh token; a renewal that began at 2026-11-02 09:06:40 UTC was cut off before its answer was stored, and may have used it up: let the customer connect again (unauthenticated, code invalid_grant, provider=Invalid refresh token)");
    // The provider is not asked again, until somebody connects.
    let refused = world.sandbox.authorization().counters().refused;
    pass(60).await;
    ask(&*credential, &world.sandbox).await.unwrap_err();
    assert_eq!(world.sandbox.authorization().counters().refused, refused);
    world.reconnect().await;
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
    assert_eq!(world.connection().await.health, Health::Untried);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_a_token_that_lives_on_loses_nothing() {
    for fault in
        [Fault::ResetBeforeAnswer, Fault::ResetMidBody, Fault::HtmlPage { status: 200 }, Fault::MalformedJson]
    {
        let world = World::with(Policy { rotation: Rotation::Same, ..Policy::default() });
        world.connected().await;
        let credential = world.process().credential();
        pass(4000).await;
        world.sandbox.inject(on_refresh(fault).takes_effect(true));
        ask(&*credential, &world.sandbox).await.unwrap_err();
        pass(10).await;
        assert_eq!(ask(&*credential, &world.sandbox).await.unwrap().0, 200);
        assert_eq!(stored(&world).await.intent, None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_done_is_done_later() {
    for fault in [
        Fault::Status { status: 503, body: None },
        Fault::HtmlPage { status: 200 },
        Fault::HtmlPage { status: 403 },
        Fault::TooManyRequests { retry_after: tieline_sandbox::RetryAfter::None },
    ] {
        let world = World::new();
        world.connected().await;
        let credential = world.process().credential();
        pass(4000).await;
        world.sandbox.inject(on_refresh(fault).takes_effect(false));
        ask(&*credential, &world.sandbox).await.unwrap_err();
        pass(10).await;
        assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
        assert_eq!((world.refreshes(), stored(&world).await.intent), (1, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_consent_that_was_taken_back_needs_the_customer() {
    let world = World::new();
    world.connected().await;
    let process = world.process();
    pass(4000).await;
    world.sandbox.authorization().withdraw(world.sandbox.authorization().consents()[0].id).unwrap();
    let error = ask(&*process.credential(), &world.sandbox).await.unwrap_err();
    assert_snapshot!(error, @"Acme does not accept the refresh token any more: it was revoked, or has ended: let the customer connect again (unauthenticated, code invalid_grant, provider=Invalid refresh token, connection=sales)");
    assert_eq!(world.connection().await.health, Health::NeedsReconnect);
}

#[tokio::test(start_paused = true)]
async fn without_a_refresh_token_the_end_is_the_end() {
    let world = World::with(Policy { offline_on_request: true, ..Policy::default() });
    let tokens = world.connected().await;
    assert!(!tokens.is_renewable());
    let credential = world.process().credential();
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap().0, 200);
    pass(3500).await;
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap().0, 200);
    pass(200).await;
    let error = ask(&*credential, &world.sandbox).await.unwrap_err();
    assert_snapshot!(error, @"the access token for Acme has ended, and there is no refresh token: let the customer connect again, and ask for offline access where the provider wants that said (unauthenticated, connection=sales)");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_away_before_the_save_is_waited_for() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    let store = Flaky::new(world.memory.clone());
    let observer = Arc::new(Leaving { store: store.clone(), back_after: Some(30) });
    let process = world.process_with(Arc::new(store), TimeDelta::zero(), Some(observer));
    assert_eq!(ask(&*process.credential(), &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
    assert_eq!((world.refreshes(), stored(&world).await.generation), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_gets_the_pair_when_it_is_back() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    let store = Flaky::new(world.memory.clone());
    let observer = Arc::new(Leaving { store: store.clone(), back_after: None });
    let process = world.process_with(Arc::new(store.clone()), TimeDelta::zero(), Some(observer));
    let credential = process.credential();
    let first = ask(&*credential, &world.sandbox).await.unwrap_err();
    let second = ask(&*credential, &world.sandbox).await.unwrap_err();
    assert_snapshot!([first, second].map(|error| error.to_string()).join("\n"), @r"
    the provider gave new tokens, and they could not be stored: the database does not answer: bring the store back while this process runs, and it stores them by itself; if it ends before, the customer must connect again (internal, connection=sales)
    the provider gave new tokens, and they could not be stored: the database does not answer: bring the store back while this process runs, and it stores them by itself; if it ends before, the customer must connect again (internal, connection=sales)
    ");
    // Another process meanwhile, with the database back, would try the old token; here it is the same one.
    store.away.store(false, Ordering::SeqCst);
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
    assert_eq!((world.refreshes(), stored(&world).await.generation), (1, 2));
    assert_eq!(world.sandbox.authorization().counters().refresh_tokens_reused, 0);
}

/// Nobody holds the credential any more, and no request comes: the process itself stores the only copy, and its end waits.
#[tokio::test(start_paused = true)]
async fn a_pair_that_is_not_stored_outlives_its_credential() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    let store = Flaky::new(world.memory.clone());
    let observer = Arc::new(Leaving { store: store.clone(), back_after: Some(200) });
    let process = world.process_with(Arc::new(store), TimeDelta::zero(), Some(observer));
    let credential = process.credential();
    let weak = Arc::downgrade(&credential);
    ask(&*credential, &world.sandbox).await.unwrap_err();
    drop(credential);
    assert_eq!(stored(&world).await.generation, 1);
    process.keeper.idle().await;
    assert_eq!((world.refreshes(), stored(&world).await.generation), (1, 2));
    assert!(weak.upgrade().is_none(), "kept for as long as it is needed");
    assert_eq!(
        ask(&*world.process().credential(), &world.sandbox).await.unwrap(),
        (200, SecretGeneration(2))
    );
    assert_eq!(world.sandbox.authorization().counters().refresh_tokens_reused, 0);
}

/// After a refusal, the next process neither asks again nor says that a renewal was cut off.
#[tokio::test(start_paused = true)]
async fn a_dead_refresh_token_is_dead_for_the_next_process_too() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    world.sandbox.authorization().withdraw(world.sandbox.authorization().consents()[0].id).unwrap();
    ask(&*world.process().credential(), &world.sandbox).await.unwrap_err();
    let kept = stored(&world).await;
    assert_eq!((kept.intent, kept.refused_at.is_some()), (None, true));
    let refused = world.sandbox.authorization().counters().refused;
    let error = ask(&*world.process().credential(), &world.sandbox).await.unwrap_err();
    assert_snapshot!(error, @"Acme does not accept the refresh token any more, as it said at 2026-11-02 09:06:40 UTC: let the customer connect again (unauthenticated, connection=sales)");
    assert_eq!(world.sandbox.authorization().counters().refused, refused);
    world.reconnect().await;
    assert_eq!(stored(&world).await.refused_at, None);
    assert_eq!(
        ask(&*world.process().credential(), &world.sandbox).await.unwrap(),
        (200, SecretGeneration(2))
    );
}

/// A renewal that finds its refresh token dead, after somebody connected anew, leaves the new connection alone.
#[tokio::test(start_paused = true)]
async fn a_late_refusal_does_not_undo_a_reconnect() {
    use tieline_store::ConnectionStore as _;
    use tieline_store::connections::RunReport;

    let world = World::new();
    world.connected().await;
    let dead = Error::new(ErrorKind::Unauthenticated, "the token is not accepted");
    let report = RunReport::failed(world.clock.now(), &dead).with_secret(Secret::NAME, 1);
    world.reconnect().await;
    world.memory.report(&CONNECTION.into(), report, &"sync".into()).await.unwrap();
    assert!(
        !world.memory.refuse_secret(&CONNECTION.into(), Secret::NAME, 1, world.clock.now()).await.unwrap()
    );
    assert_eq!(world.connection().await.health, Health::Untried);
    assert_eq!(
        ask(&*world.process().credential(), &world.sandbox).await.unwrap(),
        (200, SecretGeneration(2))
    );
}

#[tokio::test(start_paused = true)]
async fn a_save_whose_answer_is_lost_was_a_save() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    let store = Flaky::new(world.memory.clone());
    store.deaf.store(true, Ordering::SeqCst);
    let process = world.process_with(Arc::new(store), TimeDelta::zero(), None);
    assert_eq!(ask(&*process.credential(), &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
    assert_eq!((world.refreshes(), stored(&world).await.generation), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn who_loses_the_lease_stores_the_pair_under_another() {
    // The lease ends while the answer is under way, and another process takes it without renewing.
    let world = Arc::new(World::new());
    world.connected().await;
    pass(4000).await;
    let store = Flaky::new(world.memory.clone());
    store.stiff.store(true, Ordering::SeqCst);
    let observer = Arc::new(Overtaken(Arc::clone(&world)));
    let process = world.process_with(Arc::new(store), TimeDelta::zero(), Some(observer));
    assert_eq!(ask(&*process.credential(), &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
    assert_eq!((world.refreshes(), stored(&world).await.generation), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_removed_meanwhile_stays_removed() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    world.sandbox.inject(on_refresh(Fault::Delay { ms: 5000 }));
    let process = world.process();
    let credential = process.credential();
    let (error, removed) = tokio::join!(ask(&*credential, &world.sandbox), async {
        pass(1).await;
        use tieline_store::ConnectionStore as _;
        world.memory.remove(&CONNECTION.into(), &"anna".into(), world.clock.now()).await.unwrap()
    });
    assert!(removed);
    assert_snapshot!(error.unwrap_err(), @"there is no connection of this id: the connection was removed while its token was renewed (not_found, connection=sales)");
    assert!(world.memory.secret(&CONNECTION.into(), Secret::NAME).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_app_is_not_the_customers_fault() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    let mut process = world.process();
    let app =
        tieline_auth::OAuthApp::new("tieline-demo", "wr0ng-s3cret", "https://host.example/".parse().unwrap());
    process.client = process.client.with_app(app);
    let error: Error = ask(&*process.credential(), &world.sandbox).await.unwrap_err();
    assert!(!error.to_string().contains("wr0ng"));
    assert_snapshot!(error, @"Acme does not accept this application's client id and secret: check them against the provider's developer portal (config, HTTP 401, code invalid_client, provider=The client credentials are invalid, connection=sales)");
    assert_eq!(world.connection().await.health, Health::Untried);
    assert_eq!(stored(&world).await.intent, None);
    // Corrected, for those who hold it already.
    let credential = world.process().credential();
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
}

/// Takes the store away between the answer and the save.
#[derive(Debug)]
struct Leaving {
    store: Flaky,
    back_after: Option<u64>,
}

#[async_trait::async_trait]
impl StepObserver for Leaving {
    async fn at(&self, step: Step, moment: Moment) {
        if (step, moment) != (Step::Request, Moment::After) {
            return;
        }
        self.store.away.store(true, Ordering::SeqCst);
        if let Some(seconds) = self.back_after {
            let store = self.store.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                store.away.store(false, Ordering::SeqCst);
            });
        }
    }
}

#[derive(Debug)]
struct Overtaken(Arc<World>);

#[async_trait::async_trait]
impl StepObserver for Overtaken {
    async fn at(&self, step: Step, moment: Moment) {
        use tieline_store::LeaseStore as _;
        if (step, moment) == (Step::Request, Moment::After) {
            pass(61).await;
            let id = CONNECTION.into();
            let lease = self.0.memory.lease(&id, Secret::NAME, Duration::from_secs(20)).await.unwrap();
            assert!(lease.is_some(), "the lease has ended");
        }
    }
}
