//! Kills a process before, inside and after each step of a refresh that touches the store or the provider, and looks at
//! what the connection is worth afterwards.
//!
//! The promise: it works, or it says that the customer must connect again; and the latter only where the provider had
//! used the refresh token up and the new one was not stored yet.

mod tally;
mod worker;
mod world;

use std::path::Path;

use tieline::ErrorKind;
use tieline_auth::Step;
use tieline_store::connections::Health;
use tieline_store_sql::testing::{Role, TestServer};

use tally::{KILLS, Point, Tally, Where};
use world::{Place, World};

const STEPS: [Step; 5] = [Step::Lease, Step::ReadAgain, Step::Intent, Step::Request, Step::Save];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    kill_everywhere(Place::Sqlite(folder.path().join("tieline.db"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    // Says so itself when the machine has none.
    let Some(server) = TestServer::shared() else { return };
    kill_everywhere(Place::Postgres(server.database().await.url(Role::Owner))).await;
}

async fn kill_everywhere(place: Place) {
    let world = World::new(place).await;
    let mut tally = Tally::default();
    let mut rounds = 0;
    for step in STEPS {
        for place in [Where::Before, Where::Inside, Where::After] {
            let point = Point { step, place };
            while tally.landed(point) < KILLS {
                rounds += 1;
                assert!(rounds < 3_000, "kills do not land inside {point:?}: {tally}");
                kill_once(&world, point, &mut tally).await;
            }
        }
    }
    println!("store={}\n{tally}", world.place.name());
    assert!(tally.lost() > 0, "no kill fell into the window that nobody can close");
    assert!(tally.worked() > tally.lost(), "{tally}");
}

/// One process, one kill, and the look at what is left.
async fn kill_once(world: &World, point: Point, tally: &mut Tally) {
    let connection = world.connect().await;
    let before = world.sandbox.authorization().counters();
    let generation = world.generation(&connection).await;
    let landed = worker::run_and_kill(world, &connection, point, tally.delay(point)).await;
    tally.count(point, landed);

    let used = world.sandbox.authorization().counters().refreshes > before.refreshes;
    let stored = world.generation(&connection).await > generation;
    let about = format!("{point:?} landed={landed} used={used} stored={stored}");
    assert!(used || !stored, "stored what was not given: {about}");
    match world.use_it(&connection).await {
        Ok(()) => {
            assert!(stored || !used, "a used-up refresh token worked: {about}");
            tally.note_worked();
        }
        Err(error) => {
            assert!(used && !stored, "a sound connection was given up: {about}: {error}");
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{about}: {error}");
            assert!(error.advice().is_some_and(|advice| advice.contains("connect again")), "{error}");
            assert_eq!(world.health(&connection).await, Health::NeedsReconnect, "{about}");
            tally.note_lost();
        }
    }
    let after = world.sandbox.authorization().counters();
    let refreshes = after.refreshes - before.refreshes;
    assert_eq!(refreshes, 1, "the refresh token was used {refreshes} times: {about}");
    // A successor tries the old one once, and only where its fate was open.
    let reused = after.refresh_tokens_reused - before.refresh_tokens_reused;
    assert_eq!(reused, u64::from(used && !stored), "{about}");
}

/// What a worker is told of the world goes through its environment.
fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
