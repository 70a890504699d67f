//! One of the processes: many tasks that want the resource at once.

use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use tieline_core::http::{Classification, HttpRequest, ResponseView};
use tieline_core::{
    BuildContext, Clock, Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, SystemClock,
};
use tieline_http::ClientOptions;
use url::Url;

use super::LATER;
use super::place::Place;
use super::shared::Setup;
use crate::Result;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[arg(long)]
    tasks: u64,
    #[arg(long)]
    place: String,
    #[arg(long)]
    base_url: Url,
}

/// Says `ready`, waits for `go`, and says how many tasks failed.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut input = std::io::stdin().lock();
    let mut line = String::new();
    input.read_line(&mut line)?;
    let setup = Setup::with_key(options.base_url.clone(), SecretString::from(line.trim()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let http = runtime.block_on(client(options, &setup))?;
    println!("ready");
    std::io::stdout().flush()?;
    line.clear();
    input.read_line(&mut line)?;

    let failures = runtime.block_on(async {
        let tasks: Vec<_> = (0..options.tasks)
            .map(|_| {
                let (http, url) = (http.clone(), options.base_url.join("me"));
                tokio::spawn(
                    async move { http.send(HttpRequest::get(url?)).await.map(drop).map_err(Into::into) },
                )
            })
            .collect();
        let mut failures = 0;
        for task in tasks {
            if let Err(error) = task.await.unwrap_or_else(|error| Err(error.into())) {
                let error: Box<dyn std::error::Error + Send + Sync> = error;
                eprintln!("error: {error}");
                failures += 1;
            }
        }
        failures
    });
    println!("failures={failures}");
    Ok(ExitCode::SUCCESS)
}

async fn client(options: &Options, setup: &Setup) -> Result<tieline_core::http::HttpClient> {
    let store = Place::parse(&options.place).open().await?;
    let keeper = setup.keeper(Arc::new(Later))?;
    let credential = keeper.credential(&store, &Setup::connection(), &setup.client);
    let resource = Arc::new(Resource(setup.spec.clone()));
    let options = ClientOptions::new(resource, setup.base_url().clone()).with_credential(credential);
    Ok(setup.host.client(options)?)
}

/// The clock of a process that runs when the token has ended.
#[derive(Debug)]
struct Later;

impl Clock for Later {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + LATER
    }
}

/// The sandbox's resource, as far as the HTTP stack wants to know it.
#[derive(Debug)]
struct Resource(ConnectorSpec);

impl ConnectorFactory for Resource {
    fn spec(&self) -> &ConnectorSpec {
        &self.0
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        if answer.status.is_success() {
            return Classification::accept();
        }
        let kind = match answer.status.as_u16() {
            401 => ErrorKind::Unauthenticated,
            _ => ErrorKind::Rejected,
        };
        Classification::fail(Error::new(kind, "the sandbox refused the request").with_status(answer.status))
    }

    fn base_url(&self, _: &Value) -> tieline_core::Result<Url> {
        Err(Error::unsupported("an address of its own"))
    }

    fn build(&self, _: BuildContext) -> tieline_core::Result<Arc<dyn Connector>> {
        Err(Error::unsupported("reading"))
    }
}
