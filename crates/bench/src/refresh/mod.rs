//! `refresh`: how many refreshes many tasks in several processes need for one connection whose access token has ended.
//! One is right: each refresh token works once, and using it twice ends the connection.

mod place;
mod shared;
mod worker;

pub(crate) use worker::{Options as WorkerOptions, run as work};

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use tieline_sandbox::Sandbox;

use crate::Result;
use place::Place;
use shared::Setup;

/// Longer than an access token lives.
const LATER: Duration = Duration::from_secs(2 * 3600);

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// How many tasks of each process use the connection at once.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    tasks: u64,
    /// How many processes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    processes: u64,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let mut sound =
        runtime.block_on(one_store(options, &Place::sqlite(&folder.path().join("tieline.db"))))?;
    let server = tieline_store_sql::testing::TestServer::start();
    match &server {
        Some(server) => {
            let database = runtime.block_on(server.database());
            sound &= runtime.block_on(one_store(options, &Place::postgres(&database)))?;
        }
        // Where the machine has none, the server has said so.
        None => println!("store=postgres left out"),
    }
    Ok(ExitCode::from(u8::from(!sound)))
}

/// Whether one refresh did.
async fn one_store(options: &Options, place: &Place) -> Result<bool> {
    let sandbox = Sandbox::oauth();
    let server = sandbox.clone().serve().await?;
    let setup = Setup::new(server.base_url().parse()?)?;
    setup.connect(place).await?;
    sandbox.advance(LATER);
    sandbox.forget_requests();

    let mut workers =
        (0..options.processes).map(|_| start(options, place, &setup)).collect::<Result<Vec<_>>>()?;
    // All of them at the same time, after the slowest has started.
    for worker in &mut workers {
        worker.hear("ready")?;
    }
    for worker in &mut workers {
        worker.say("go")?;
    }
    let mut failures = 0;
    // Waiting blocks a thread of this runtime, which the server must not need.
    for worker in workers {
        failures += tokio::task::spawn_blocking(move || worker.failures().map_err(|error| error.to_string()))
            .await??;
    }
    let counters = sandbox.authorization().counters();
    println!("store={} refreshes={} failures={failures}", place.name(), counters.refreshes);
    let used = sandbox.requests().iter().filter(|seen| seen.path == "/me").count() as u64;
    let tasks = options.tasks * options.processes;
    if used < tasks {
        println!("  of {tasks} tasks, only {used} reached the resource");
    }
    Ok(counters.refreshes == 1 && counters.refresh_tokens_reused == 0 && failures == 0 && used >= tasks)
}

struct Worker {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

fn start(options: &Options, place: &Place, setup: &Setup) -> Result<Worker> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("refresh-worker")
        .args(["--tasks", &options.tasks.to_string()])
        .args(["--place", &place.address(), "--base-url", setup.base_url().as_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(child.stdout.take().ok_or("a worker has no output")?);
    let mut worker = Worker { child, output };
    // Not an argument, which everybody on the machine can see.
    worker.say(&setup.key_text())?;
    Ok(worker)
}

impl Worker {
    fn say(&mut self, line: &str) -> Result<()> {
        let input = self.child.stdin.as_mut().ok_or("a worker has no input")?;
        Ok(writeln!(input, "{line}")?)
    }

    fn hear(&mut self, expected: &str) -> Result<()> {
        let mut line = String::new();
        self.output.by_ref().take(1 << 10).read_line(&mut line)?;
        match line.trim_end() == expected {
            true => Ok(()),
            false => Err(format!("a worker said {line:?} instead of {expected:?}").into()),
        }
    }

    fn failures(mut self) -> Result<u64> {
        let mut line = String::new();
        self.output.by_ref().take(1 << 10).read_line(&mut line)?;
        let ended = self.child.wait()?;
        match line.trim_end().strip_prefix("failures=") {
            Some(count) if ended.success() => Ok(count.parse()?),
            _ => Err(format!("a worker ended with {ended} and said {line:?}").into()),
        }
    }
}
