//! Any interleaving of processes that begin, end and stall, on a provider that loses answers.

use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tieline_core::{Clock, ErrorKind};
use tieline_store::outbox::StatusKind;
use tieline_sync::{Outbox, OutboxReport};

use super::world::*;

const LEASE: Duration = Duration::from_secs(600);

#[derive(Clone, Debug)]
struct Planned {
    kind: u8,
    fates: Vec<Fate>,
}

#[derive(Clone, Debug)]
enum Step {
    Enqueue,
    /// One of the processes goes on for some steps; it begins when there is none.
    Work {
        process: usize,
        polls: u8,
    },
    End {
        process: usize,
    },
    Wait {
        seconds: u64,
    },
    FailLookup,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Done),
        2 => Just(Fate::DoneAndLost),
        2 => Just(Fate::Lost),
        1 => (1..60_u64).prop_map(Fate::DoneLate),
        1 => Just(Fate::EndsBefore),
        1 => Just(Fate::EndsAfter),
        1 => Just(Fate::UnmarkedAndLost),
        1 => Just(Fate::Refused),
        1 => Just(Fate::Deferred(ErrorKind::Conflict)),
        1 => Just(Fate::Deferred(ErrorKind::RateLimited)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Enqueue),
        8 => (0..3_usize, 1..12_u8).prop_map(|(process, polls)| Step::Work { process, polls }),
        1 => (0..3_usize).prop_map(|process| Step::End { process }),
        2 => prop_oneof![Just(1), Just(31), Just(81), Just(400), Just(700)].prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::FailLookup),
    ]
}

type Running<'w> = (DateTime<Utc>, Pin<Box<dyn Future<Output = OutboxReport> + 'w>>);

async fn play(planned: Vec<Planned>, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let world = World::new();
    let outboxes: Vec<Outbox> = [1, 3, 20].map(|chunk| world.outbox().chunk_size(chunk).lease(LEASE)).into();
    let mut running: [Option<Running<'_>>; 3] = [None, None, None];
    let mut ahead = planned.iter().enumerate();
    for step in steps {
        match step {
            Step::Enqueue => enqueue(&world, ahead.next()).await,
            Step::Work { process, polls } => {
                let (_, run) = running[process]
                    .get_or_insert_with(|| (world.clock.now(), Box::pin(outboxes[process].run())));
                for _ in 0..polls {
                    if poll_once(run.as_mut()).await.is_ready() {
                        running[process] = None;
                        break;
                    }
                }
            }
            Step::End { process } => running[process] = None,
            Step::Wait { seconds } => {
                world.clock.advance(seconds);
                // Nobody stalls for longer than the lease and then goes on: that is what the lease asks for.
                for process in &mut running {
                    if process.as_ref().is_some_and(|(began, _)| *began + LEASE <= world.clock.now()) {
                        *process = None;
                    }
                }
            }
            Step::FailLookup => world.crm.fail_lookups(&[ErrorKind::Timeout]),
        }
    }
    drop(running);
    for operation in ahead {
        enqueue(&world, Some(operation)).await;
    }
    world.come_to_rest_with_answers().await;

    for entry in world.all().await {
        let (id, times) = (entry.operation.id.as_str(), world.crm.times(entry.operation.id.as_str()));
        let expected = match entry.status.kind() {
            StatusKind::Applied => 1,
            StatusKind::Rejected => 0,
            other => return Err(TestCaseError::fail(format!("{id} ended as {other}"))),
        };
        prop_assert_eq!(times, expected, "{} is {}", id, entry.status.kind());
    }
    prop_assert_eq!(world.all().await.len(), planned.len());
    for record in ["0", "1"] {
        let order: Vec<u32> = world
            .crm
            .effects()
            .iter()
            .filter(|effect| effect.key == record)
            .map(|effect| effect.id.as_str().parse().unwrap())
            .collect();
        prop_assert!(order.is_sorted(), "record {} was changed in the order {:?}", record, order);
    }
    Ok(())
}

async fn enqueue(world: &World, next: Option<(usize, &Planned)>) {
    let Some((n, planned)) = next else { return };
    let id = n.to_string();
    let certain = |fate: &Fate| if *fate == Fate::UnmarkedAndLost { Fate::DoneAndLost } else { *fate };
    let fates: Vec<Fate> = match planned.kind {
        0 | 1 => planned.fates.iter().map(certain).collect(),
        _ => planned.fates.clone(),
    };
    world.crm.fates(&id, &fates);
    match planned.kind {
        0 | 1 => world.enqueue("leads", &[create(&id)]).await,
        2 => world.enqueue("files", &[create(&id)]).await,
        3 => world.enqueue("notes", &[create(&id)]).await,
        kind => world.enqueue("leads", &[update(&id, &(kind - 4).to_string())]).await,
    }
}

proptest! {
    #[test]
    fn at_most_once_in_order_and_never_forgotten(
        planned in prop::collection::vec(
            (0..6_u8, prop::collection::vec(fate(), 0..4)).prop_map(|(kind, fates)| Planned { kind, fates }),
            1..12,
        ),
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(planned, steps))?;
    }
}
