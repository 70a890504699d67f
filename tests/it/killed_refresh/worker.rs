//! The process that is killed: it refreshes, and ends itself with SIGKILL where it is told to.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rustix::process::{Signal, getpid, kill_process};
use tieline_auth::{Moment, Step, StepObserver};
use tieline_store::ConnectionId;

use super::STEPS;
use super::tally::{Point, Where};
use super::world::{Place, World};

const WORKER: &str = "TIELINE_TEST_KILLED_REFRESH";

/// Runs a worker that kills itself at the point. Answers whether it died there: for the inside, before the step was done.
pub async fn run_and_kill(world: &World, connection: &ConnectionId, point: Point, delay: Duration) -> bool {
    let step = STEPS.iter().position(|step| *step == point.step).unwrap();
    let place = match point.place {
        Where::Before => "before",
        Where::Inside => "inside",
        Where::After => "after",
    };
    let told = [
        world.place.address(),
        world.base_url.to_string(),
        world.key.clone(),
        connection.to_string(),
        step.to_string(),
        place.to_owned(),
        delay.as_micros().to_string(),
    ];
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "killed_refresh::worker::worker", "--nocapture"])
        .env(WORKER, told.join("\n"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    use std::os::unix::process::ExitStatusExt as _;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(9), "{point:?}: the worker was not killed: {said}");
    assert!(said.contains("reached"), "{point:?}: the worker died elsewhere: {said}");
    point.place != Where::Inside || !said.contains("passed")
}

/// Not a test of its own: the process that is killed, when the variable is set.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker() {
    let Ok(told) = std::env::var(WORKER) else { return };
    let [address, base_url, key, connection, step, place, delay] =
        <[&str; 7]>::try_from(told.split('\n').collect::<Vec<_>>()).unwrap();
    let observer = Killer {
        step: STEPS[step.parse::<usize>().unwrap()],
        moment: if place == "after" { Moment::After } else { Moment::Before },
        inside: (place == "inside").then(|| Duration::from_micros(delay.parse().unwrap())),
    };
    let world = World::at(Place::parse(address), base_url.parse().unwrap(), key.to_owned()).await;
    let outcome = world.refresh(&connection.into(), Arc::new(observer)).await;
    eprintln!("the refresh ended before the kill: {outcome:?}");
}

#[derive(Debug)]
struct Killer {
    step: Step,
    moment: Moment,
    /// How long after the step began.
    inside: Option<Duration>,
}

#[async_trait]
impl StepObserver for Killer {
    async fn at(&self, step: Step, moment: Moment) {
        if step != self.step {
            return;
        }
        if moment == self.moment {
            eprintln!("reached");
            match self.inside {
                None => die(),
                Some(delay) => drop(std::thread::spawn(move || {
                    let begun = Instant::now();
                    while begun.elapsed() < delay {
                        std::hint::spin_loop();
                    }
                    die()
                })),
            }
        } else if self.inside.is_some() && moment == Moment::After {
            eprintln!("passed");
            // The kill is under way.
            std::future::pending::<()>().await;
        }
    }
}

fn die() {
    kill_process(getpid(), Signal::KILL).unwrap();
}
