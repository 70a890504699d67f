//! When all goes well: how often tokens are renewed, and who waits for it.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use tieline_auth::{Moment, Secret, Step, StepObserver};
use tieline_core::{Clock, Credential, Recovery, SecretGeneration};
use tieline_sandbox::oauth::{ExpiresIn, Policy, Rotation};
use tieline_sandbox::{Fault, FaultRule};
use tieline_store::SecretStore;
use tieline_store::connections::Health;
use tokio::time::Instant;

use crate::world::*;

fn slow_token(seconds: u64) -> FaultRule {
    FaultRule::new(Fault::Delay { ms: seconds * 1000 }).on("POST", "/oauth/token")
}

#[tokio::test(start_paused = true)]
async fn a_token_is_used_until_its_margin() {
    let world = World::new();
    world.connected().await;
    let credential = world.process().credential();
    for _ in 0..10 {
        assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(1)));
        pass(300).await;
    }
    assert_eq!(world.refreshes(), 0);
    pass(400).await;
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_tasks_renew_once() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    world.sandbox.inject(slow_token(20));
    let process = world.process();
    // Handles of the same connection are one.
    let tasks = (0..200).map(|_| {
        let (credential, sandbox) = (process.credential(), Arc::clone(&world.sandbox));
        tokio::spawn(async move { ask(&*credential, &sandbox).await })
    });
    for answer in join_all(tasks).await {
        assert_eq!(answer.unwrap().unwrap(), (200, SecretGeneration(2)));
    }
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn six_hundred_tasks_in_three_processes_renew_once() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    world.sandbox.inject(slow_token(25));
    let processes = [world.process(), world.process(), world.process()];
    let tasks =
        processes.iter().flat_map(|process| (0..200).map(|_| process.credential())).map(|credential| {
            let sandbox = Arc::clone(&world.sandbox);
            tokio::spawn(async move { ask(&*credential, &sandbox).await })
        });
    let tasks: Vec<_> = tasks.collect();
    for answer in join_all(tasks).await {
        assert_eq!(answer.unwrap().unwrap(), (200, SecretGeneration(2)));
    }
    assert_eq!(world.refreshes(), 1);
    assert_eq!(world.sandbox.authorization().counters().refresh_tokens_reused, 0);
}

#[tokio::test(start_paused = true)]
async fn within_the_margin_one_renews_and_the_others_do_not_wait() {
    let world = World::new();
    world.connected().await;
    let (process, other) = (world.process(), world.process());
    let (credential, elsewhere) = (process.credential(), other.credential());
    ask(&*credential, &world.sandbox).await.unwrap();
    ask(&*elsewhere, &world.sandbox).await.unwrap();
    pass(3500).await;
    world.sandbox.inject(slow_token(20));
    let renewing = {
        let (credential, sandbox) = (credential.clone(), Arc::clone(&world.sandbox));
        tokio::spawn(async move { ask(&*credential, &sandbox).await })
    };
    pass(1).await;
    let begun = Instant::now();
    // Neither here nor in another process.
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(1)));
    assert_eq!(ask(&*elsewhere, &world.sandbox).await.unwrap(), (200, SecretGeneration(1)));
    assert_eq!(ask(&*elsewhere, &world.sandbox).await.unwrap(), (200, SecretGeneration(1)));
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(renewing.await.unwrap().unwrap(), (200, SecretGeneration(2)));
    pass(2).await;
    assert_eq!(ask(&*elsewhere, &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn within_the_margin_a_failure_hurts_nobody() {
    let world = World::new();
    world.connected().await;
    let credential = world.process().credential();
    pass(3500).await;
    let down = FaultRule::new(Fault::Status { status: 503, body: None }).on("POST", "/oauth/token");
    world.sandbox.inject(down.times(2));
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(1)));
    // The provider is left alone for a moment.
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(1)));
    assert_eq!(world.sandbox.waiting_faults().len(), 1);
    pass(10).await;
    ask(&*credential, &world.sandbox).await.unwrap();
    pass(10).await;
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_caller_loses_nothing() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    world.sandbox.inject(slow_token(20));
    let process = world.process();
    let credential = process.credential();
    let asked = tokio::time::timeout(Duration::from_secs(5), ask(&*credential, &world.sandbox)).await;
    assert!(asked.is_err());
    process.keeper.idle().await;
    assert_eq!(world.refreshes(), 1);
    let stored = world.memory.secret(&CONNECTION.into(), Secret::NAME).await.unwrap().unwrap();
    assert_eq!((stored.generation, stored.intent), (2, None));
    assert_eq!(
        ask(&*world.process().credential(), &world.sandbox).await.unwrap(),
        (200, SecretGeneration(2))
    );
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_renews_once_however_many_saw_it() {
    let world = World::new();
    world.connected().await;
    let credential = world.process().credential();
    pass(60).await;
    world.sandbox.expire_access_tokens();
    let tasks = (0..50).map(|_| {
        let (credential, sandbox) = (Arc::clone(&credential), Arc::clone(&world.sandbox));
        tokio::spawn(async move { ask_twice(&*credential, &sandbox).await })
    });
    for answer in join_all(tasks).await {
        assert_eq!(answer.unwrap().unwrap(), 200);
    }
    assert_eq!(world.refreshes(), 1);
    // Somebody who comes late with the old one.
    assert_eq!(credential.rejected(SecretGeneration(1), &rejection()).await.unwrap(), Recovery::RetryOnce);
    assert_eq!(world.refreshes(), 1);
    // A new one that is refused at once too is renewed once more, and then left alone for a while.
    assert_eq!(credential.rejected(SecretGeneration(2), &rejection()).await.unwrap(), Recovery::RetryOnce);
    assert_eq!(
        credential.rejected(SecretGeneration(3), &rejection()).await.unwrap(),
        Recovery::NeedsReconnect
    );
    assert_eq!(world.refreshes(), 2);
    pass(61).await;
    assert_eq!(credential.rejected(SecretGeneration(3), &rejection()).await.unwrap(), Recovery::RetryOnce);
    assert_eq!(world.refreshes(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_gives_no_new_refresh_token_keeps_the_old_one() {
    for rotation in [Rotation::Same, Rotation::Unsaid] {
        let world = World::with(Policy { rotation, expires_in: ExpiresIn::Text, ..Policy::default() });
        world.connected().await;
        let credential = world.process().credential();
        for generation in 2..5 {
            pass(3600).await;
            assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(generation)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_by_an_hour_loses_nothing_and_does_not_thrash() {
    for hours in [[0, 1], [0, -1], [1, -1], [25, -25]] {
        let world = World::new();
        world.connected().await;
        let processes =
            hours.map(|off| world.process_with(Arc::new(world.memory.clone()), TimeDelta::hours(off), None));
        let credentials = processes.each_ref().map(|process| process.credential());
        // Six hours, a request of each every two minutes.
        for _ in 0..180 {
            for credential in &credentials {
                assert_eq!(ask_twice(&**credential, &world.sandbox).await.unwrap(), 200, "{hours:?}");
            }
            pass(120).await;
        }
        let refreshes = world.refreshes();
        assert!((6..=14).contains(&refreshes), "{hours:?}: {refreshes} in six hours");
        assert_eq!(world.sandbox.authorization().counters().refresh_tokens_reused, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_that_would_die_unused_are_due_before() {
    let world = World::new();
    world.connected().await;
    let day = |days: i64| world.clock.now() + TimeDelta::days(days);
    assert!(world.memory.renewals_due(day(37), None, 10).await.unwrap().is_empty());
    let due = world.memory.renewals_due(day(39), None, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    let process = world.process();
    pass(39 * 86_400).await;
    let credential = process.credential();
    credential.renew().await.unwrap();
    assert_eq!(world.refreshes(), 1);
    // Once is enough.
    credential.renew().await.unwrap();
    assert_eq!(world.refreshes(), 1);
    assert!(world.memory.renewals_due(day(37), None, 10).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_person_who_connects_again_during_a_renewal_is_not_overwritten() {
    #[derive(Debug)]
    struct Reconnecting(Arc<World>, Step, Moment);

    #[async_trait::async_trait]
    impl StepObserver for Reconnecting {
        async fn at(&self, step: Step, moment: Moment) {
            if (step, moment) == (self.1, self.2) && self.0.connection().await.updated_by.as_str() != "x" {
                self.0.reconnect().await;
            }
        }
    }

    for step in [Step::Lease, Step::ReadAgain, Step::Intent, Step::Request, Step::Save] {
        for moment in [Moment::Before, Moment::After] {
            let world = Arc::new(World::new());
            world.connected().await;
            pass(4000).await;
            let observer = Arc::new(Reconnecting(Arc::clone(&world), step, moment));
            let process =
                world.process_with(Arc::new(world.memory.clone()), TimeDelta::zero(), Some(observer));
            let (status, _) = ask(&*process.credential(), &world.sandbox).await.unwrap();
            assert_eq!(status, 200, "{step:?} {moment:?}");
            let consents = world.sandbox.authorization().consents();
            let Secret::Tokens(stored) = process.secret().await else { panic!("no tokens") };
            // What is stored stems from the newest consent.
            assert!(stored.expires_at() > world.clock.now(), "{step:?} {moment:?}");
            assert_eq!(consents.last().unwrap().reuses, 0, "{step:?} {moment:?}");
            assert_eq!(ask(&*world.process().credential(), &world.sandbox).await.unwrap().0, 200);
            assert_ne!(world.connection().await.health, Health::NeedsReconnect);
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}
