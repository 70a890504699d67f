//! A process that ends, and a store that fails, at every step there is.

use tieline_core::ErrorKind;
use tieline_store::outbox::StatusKind;

use super::world::*;

/// One of each: a create with a marker whose answer comes, one whose answer is lost, one that is not done, two updates
/// of a record, a create that nobody can look for.
async fn scene() -> World {
    let world = World::new();
    world.crm.fates("lost", &[Fate::DoneAndLost]);
    world.crm.fates("late", &[Fate::DoneLate(30)]);
    world.crm.fates("not", &[Fate::Lost, Fate::Deferred(ErrorKind::Conflict)]);
    let creates = [create("fine"), create("lost"), create("late"), create("not")];
    world.enqueue("leads", &creates).await;
    world.enqueue("leads", &[update("first", "7"), update("second", "7")]).await;
    world.enqueue("notes", &[create("note")]).await;
    world
}

/// Polls a run so many times, then ends it. Answers whether it was done before.
async fn run_and_end(world: &World, polls: u32) -> bool {
    let outbox = world.outbox();
    let mut run = Box::pin(outbox.run());
    for _ in 0..polls {
        if poll_once(run.as_mut()).await.is_ready() {
            return true;
        }
    }
    false
}

/// Each operation happened once: what could be looked for without a person, the rest with one.
async fn check(world: &World, what: &str) {
    world.come_to_rest().await;
    for entry in world.all().await {
        let (id, stage) = (entry.operation.id.as_str(), entry.status.kind());
        let times = world.crm.times(id);
        assert!(times <= 1, "{what}: {id} happened {times} times");
        if ["fine", "lost", "late", "not"].contains(&id) {
            assert_eq!((stage, times), (StatusKind::Applied, 1), "{what}: {id}");
        }
    }
    world.come_to_rest_with_answers().await;
    for entry in world.all().await {
        let id = entry.operation.id.as_str();
        assert_eq!((entry.status.kind(), world.crm.times(id)), (StatusKind::Applied, 1), "{what}: {id}");
    }
    let effects = world.crm.effects();
    let place = |id: &str| effects.iter().position(|effect| effect.id == id);
    assert!(place("first") < place("second"), "{what}");
}

#[tokio::test]
async fn a_process_may_end_at_any_step() {
    let mut steps = 0;
    loop {
        let world = scene().await;
        let done = run_and_end(&world, steps).await;
        check(&world, &format!("ended at step {steps}")).await;
        if done {
            break;
        }
        steps += 1;
    }
    assert!(steps > 30, "{steps} steps");
}

#[tokio::test]
async fn the_process_that_settles_may_end_at_any_step_too() {
    for first in (0..80).step_by(7) {
        for second in 0..60 {
            let world = scene().await;
            run_and_end(&world, first).await;
            world.clock.advance(1_000);
            run_and_end(&world, second).await;
            check(&world, &format!("ended at step {first}, then at step {second}")).await;
        }
    }
}

#[tokio::test]
async fn the_store_may_fail_at_any_step() {
    let mut calls = 0;
    loop {
        let world = scene().await;
        world.store.fail_after(Some(calls));
        let report = world.run().await;
        if world.store.fails_later() {
            world.store.fail_after(None);
            break;
        }
        assert_eq!(report.error.map(|error| error.kind()), Some(ErrorKind::Internal), "after {calls} calls");
        world.clock.advance(1_000);
        world.store.fail_after(Some(calls % 11));
        drop(world.run().await);
        world.store.fail_after(None);
        check(&world, &format!("failed after {calls} calls")).await;
        calls += 1;
    }
    assert!(calls > 10, "{calls} calls");
}

#[tokio::test]
async fn two_processes_may_run_one_outbox() {
    for ahead in 0..60 {
        let world = scene().await;
        let (here, there) = (world.outbox().chunk_size(2), world.outbox().chunk_size(3));
        let (mut here, mut there) = (Box::pin(here.run()), Box::pin(there.run()));
        let (mut here_done, mut there_done) = (false, false);
        for _ in 0..ahead {
            here_done = here_done || poll_once(here.as_mut()).await.is_ready();
        }
        while !(here_done && there_done) {
            there_done = there_done || poll_once(there.as_mut()).await.is_ready();
            here_done = here_done || poll_once(here.as_mut()).await.is_ready();
        }
        check(&world, &format!("one was {ahead} steps ahead")).await;
    }
}
