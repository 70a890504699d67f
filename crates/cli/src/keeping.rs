//! From arguments to the connections of a store.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tieline::sqlite::SqliteStore;
use tieline::store::connections::Actor;
use tieline::vault::{KeyRing, Vault};
use tieline::{
    Connections, CredentialStore, Environment, Error, ErrorKind, OAuthApp, OAuthUrls, OpenConnection, Result,
};
use url::Url;

use crate::arguments::HostArgs;
use crate::failure::{Failure, Outcome};
use crate::session::{base_url, build_host, registry};
use crate::store_arguments::{AppArgs, CALLBACK, NewArgs, StoreArgs};

const KEY: &str = "TIELINE_VAULT_KEY";

tokio::task_local! {
    /// What this command opened, and the stored connection that it uses.
    static OPENED: RefCell<Vec<(Connections, Option<(OpenConnection, Actor)>)>>;
}

/// Carries out a command, notes how the stored connection fared that it used, and waits until no token is being renewed: a
/// renewal that the end of the process cuts off can cost the connection.
pub(crate) async fn until_idle(command: impl Future<Output = Outcome>) -> Outcome {
    OPENED
        .scope(RefCell::default(), async {
            let outcome = command.await;
            for (connections, used) in OPENED.with(RefCell::take) {
                if let Some((run, by)) = used {
                    let error = match &outcome {
                        Err(Failure::Error(error)) => Some(error),
                        _ => None,
                    };
                    // Wrong arguments say nothing about the connection, and a note must not hide the outcome.
                    if error.is_none_or(|error| error.kind() != ErrorKind::Config) {
                        let _noted = connections.report_run(&run, error.map_or(Ok(()), Err), &by).await;
                    }
                }
                connections.idle().await;
            }
            outcome
        })
        .await
}

/// The command uses this connection: its health is noted at the end.
pub(crate) fn used(run: OpenConnection, by: Actor) {
    OPENED.with(|opened| {
        if let Some((_, used)) = opened.borrow_mut().last_mut() {
            *used = Some((run, by));
        }
    });
}

/// The store of a tenant. `make` makes the file where there is none.
pub(crate) async fn store(arguments: &StoreArgs, make: bool) -> Result<Arc<dyn CredentialStore>> {
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
pub(crate) async fn connections(arguments: &StoreArgs, host: &HostArgs) -> Result<Connections> {
    let callback = CALLBACK.parse().map_err(|_| Error::new(ErrorKind::Internal, "the callback is no URL"))?;
    open(arguments, host, false, &|app| app, &callback).await
}

/// The same for one that is to be made.
pub(crate) async fn for_new(new: &NewArgs) -> Result<Connections> {
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
) -> Result<Connections> {
    let keys = needed(keys(arguments)?)?;
    let store = store(arguments, make).await?;
    let registry = registry(build_host(host, Duration::from_secs(host.max_wait.into()))?);
    let environment = Environment::process();
    let mut apps = Vec::new();
    let mut urls = Vec::new();
    for spec in registry.specs() {
        if let Some(app) = environment.app(spec, callback.clone())? {
            apps.push((spec.id.clone(), chosen(app)));
        }
        let oauth = spec.auth.iter().find_map(|scheme| scheme.oauth2());
        if let (Some(oauth), Some(server)) = (oauth, &host.oauth_url) {
            let moved = OAuthUrls::new(at(server, &oauth.authorize_url)?, at(server, &oauth.token_url)?);
            let revocation = oauth.revocation.as_ref().map(|revocation| at(server, &revocation.url));
            urls.push((
                spec.id.clone(),
                revocation.transpose()?.into_iter().fold(moved, OAuthUrls::with_revoke),
            ));
        }
    }
    let providers: Vec<_> = registry.specs().map(|spec| spec.id.clone()).collect();
    let elsewhere = host.base_url.as_deref().map(base_url).transpose()?;
    let mut builder = Connections::builder(registry, Vault::new(keys)).environment(environment);
    if let Some(url) = elsewhere {
        builder = providers.into_iter().fold(builder, |builder, id| builder.base_url(id, url.clone()));
    }
    builder = apps.into_iter().fold(builder, |builder, (id, app)| builder.app(id, app));
    builder = urls.into_iter().fold(builder, |builder, (id, urls)| builder.oauth_urls(id, urls));
    let connections = builder.build(store);
    connections.verify_keys().await?;
    OPENED.with(|opened| opened.borrow_mut().push((connections.clone(), None)));
    Ok(connections)
}

/// The provider's path on another server.
fn at(server: &Url, address: &str) -> Result<Url> {
    let address: Url = address.parse().map_err(|_| {
        Error::new(ErrorKind::Internal, format!("the connector's OAuth address {address:?} is no URL"))
    })?;
    let mut moved = server.clone();
    moved.set_path(address.path());
    Ok(moved)
}

/// Who does it.
pub(crate) fn actor(arguments: &StoreArgs) -> Actor {
    let user = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    Actor::new(arguments.by.clone().or_else(user).unwrap_or_else(|| "tieline".to_owned()))
}
