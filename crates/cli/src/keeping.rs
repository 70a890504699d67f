//! From arguments to the connections of a store.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tieline::sqlite::SqliteStore;
use tieline::store::connections::Actor;
use tieline::vault::{KeyRing, Vault};
use tieline::{
    ApplicationStore, Environment, Error, ErrorKind, OAuthApp, OpenConnection, Result, Tenant, Tieline,
};
use url::Url;

use crate::arguments::HostArgs;
use crate::failure::{Failure, Outcome, tell};
use crate::interrupt::Interrupts;
use crate::session::{builder, catalog};
use crate::store_arguments::{AppArgs, CALLBACK, NewArgs, StoreArgs};

const KEY: &str = "TIELINE_VAULT_KEY";

tokio::task_local! {
    static OPENED: RefCell<Opened>;
}

/// What a command opened.
#[derive(Default)]
struct Opened {
    /// With the stored connection that each uses.
    applications: Vec<(Tieline, Option<(OpenConnection, Actor)>)>,
    /// Listened to from the first connection on.
    interrupts: Option<Interrupts>,
}

/// Carries out a command, notes how the stored connection fared that it used, and waits until no token is being renewed: a
/// renewal that the end of the process cuts off can cost the connection. Ctrl-C ends the command, and not the renewal.
pub(crate) async fn until_idle(command: impl Future<Output = Outcome>) -> Outcome {
    OPENED
        .scope(RefCell::default(), async {
            let outcome = unless_interrupted(command).await;
            let Opened { applications, mut interrupts } = OPENED.with(RefCell::take);
            for (application, used) in applications {
                let report = match &outcome {
                    Ok(()) | Err(Failure::Incomplete | Failure::Closed) => Some(Ok(())),
                    Err(Failure::Error(error)) => Some(Err(error)),
                    // That says nothing about the connection.
                    Err(Failure::Usage(_) | Failure::Interrupted(_)) => None,
                };
                if let (Some((run, by)), Some(report)) = (used, report) {
                    // A note must not hide the outcome.
                    let _noted = run.report(report, &by).await;
                }
                wait_until_idle(&application, interrupts.as_mut()).await;
            }
            outcome
        })
        .await
}

/// Carries out a command until it ends or somebody ends it.
async fn unless_interrupted(command: impl Future<Output = Outcome>) -> Outcome {
    let mut command = pin!(command);
    poll_fn(|context| match command.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome),
        Poll::Pending => OPENED
            .with(|opened| interrupted(opened.borrow_mut().interrupts.as_mut(), context))
            .map(|code| Err(Failure::Interrupted(code))),
    })
    .await
}

/// Waits until no token is being renewed, or until somebody does not want to wait.
async fn wait_until_idle(application: &Tieline, mut interrupts: Option<&mut Interrupts>) {
    let mut idle = pin!(application.idle());
    let mut told = false;
    poll_fn(|context| {
        if idle.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        if !std::mem::replace(&mut told, true) {
            tell("A token is being renewed: waiting until it is saved. Ctrl-C ends at once, and may cost the connection.\n");
        }
        interrupted(interrupts.as_deref_mut(), context).map(drop)
    })
    .await;
}

fn interrupted(interrupts: Option<&mut Interrupts>, context: &mut Context<'_>) -> Poll<u8> {
    interrupts.map_or(Poll::Pending, |interrupts| interrupts.poll(context))
}

/// The command uses this connection: its health is noted at the end.
pub(crate) fn used(run: OpenConnection, by: Actor) {
    OPENED.with(|opened| {
        if let Some((_, used)) = opened.borrow_mut().applications.last_mut() {
            *used = Some((run, by));
        }
    });
}

/// The store of a tenant. `make` makes the file where there is none.
pub(crate) async fn store(arguments: &StoreArgs, make: bool) -> Result<Arc<dyn ApplicationStore>> {
    let path = &arguments.store;
    if !make && !path.exists() {
        return Err(Error::new(ErrorKind::Config, format!("there is no store at {path:?}"))
            .with_advice("name the file with --store, or make one with `tieline connect`"));
    }
    let store = SqliteStore::open(path).await?;
    Ok(Arc::new(store.for_tenant(arguments.tenant.as_str().into())))
}

/// The vault's keys, or `None` where none are given.
pub(crate) fn keys(arguments: &StoreArgs) -> Result<Option<KeyRing>> {
    match (&arguments.key_file, std::env::var_os(KEY)) {
        (Some(path), _) => KeyRing::from_file(path).map(Some),
        (None, Some(_)) => KeyRing::from_env(KEY).map(Some),
        (None, None) => Ok(None),
    }
}

fn needed(keys: Option<KeyRing>) -> Result<KeyRing> {
    keys.ok_or_else(|| {
        Error::new(ErrorKind::Config, "there is no key to seal secrets with").with_advice(format!(
            "make one with `tieline keygen`, keep it in a private file, and name that with --key-file, or set {KEY}"
        ))
    })
}

/// The connections of a tenant that are there, ready for use: keys verified, apps from the environment.
pub(crate) async fn connections(arguments: &StoreArgs, host: &HostArgs) -> Result<Tenant> {
    let callback = CALLBACK.parse().map_err(|_| Error::new(ErrorKind::Internal, "the callback is no URL"))?;
    open(arguments, host, false, &|app| app, &callback).await
}

/// The same for one that is to be made.
pub(crate) async fn for_new(new: &NewArgs) -> Result<Tenant> {
    let AppArgs { callback, scope } = &new.app;
    let chosen = |app: OAuthApp| if scope.is_empty() { app } else { app.with_scopes(scope) };
    open(&new.store, &new.host, true, &chosen, callback).await
}

async fn open(
    arguments: &StoreArgs,
    host: &HostArgs,
    make: bool,
    chosen: &dyn Fn(OAuthApp) -> OAuthApp,
    callback: &Url,
) -> Result<Tenant> {
    let keys = needed(keys(arguments)?)?;
    let store = store(arguments, make).await?;
    let environment = Environment::process();
    let mut providers = Vec::new();
    for provider in catalog().providers() {
        let mut provider = provider.clone();
        if let Some(app) = environment.app(provider.spec(), callback.clone())? {
            provider = provider.with_app(chosen(app));
        }
        if let Some(server) = &host.oauth_url {
            provider = provider.with_oauth_server(server.clone());
        }
        providers.push(provider);
    }
    let application = builder(host, providers)?.store(store).vault(Vault::new(keys)).environment(environment);
    let application = application.build().await?;
    OPENED.with(|opened| {
        let mut opened = opened.borrow_mut();
        opened.interrupts.get_or_insert_with(Interrupts::listen);
        opened.applications.push((application.clone(), None));
    });
    Ok(application.tenant(arguments.tenant.as_str()))
}

/// Who does it.
pub(crate) fn actor(arguments: &StoreArgs) -> Actor {
    let user = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    Actor::new(arguments.by.clone().or_else(user).unwrap_or_else(|| "tieline".to_owned()))
}
