//! `tieline connect` and `tieline import-env`: a connection that is tried, then kept.

use std::io;

use serde_json::json;
use tieline::store::connections::NewConnection;
use tieline::{AuthScheme, Callback, ConnectorSpec, Draft, Environment, Error, ErrorKind, Secret, Tenant};

use super::account;
use crate::failure::{Outcome, tell};
use crate::lines::stdout;
use crate::loopback::Loopback;
use crate::store_arguments::{ConnectArgs, NewArgs};
use crate::text::Paint;
use crate::{credential, keeping, settings};

pub(crate) async fn connect(options: ConnectArgs, json: bool) -> Outcome {
    let new = &options.new;
    let tenant = keeping::for_new(new).await?;
    let spec = tenant.tieline().registry().factory(&new.provider)?.spec();
    let entered = credential::fields(options.credential_file.as_deref(), spec)?;
    let wanted = new_connection(new, &tenant)?;
    let by_consent = spec.auth.iter().any(|scheme| matches!(scheme, AuthScheme::OAuth2(_)));
    let draft = match entered {
        Some(fields) => tenant.draft(wanted, Secret::Fields(fields))?,
        None if by_consent => {
            if tenant.tieline().registry().provider(&spec.id)?.app().is_none() {
                return Err(no_app(spec).into());
            }
            let draft = consent(&tenant, wanted, new).await?;
            if options.application { draft.as_application() } else { draft }
        }
        None => return Err(credential::absent(spec).into()),
    };
    keep(&tenant, draft, new, json).await
}

pub(crate) async fn import(new: NewArgs, json: bool) -> Outcome {
    let tenant = keeping::for_new(&new).await?;
    let spec = tenant.tieline().registry().factory(&new.provider)?.spec();
    let wanted = new_connection(&new, &tenant)?;
    let draft = tenant.draft_from_environment(wanted)?.ok_or_else(|| {
        let variables = credential::variables(spec);
        Error::new(ErrorKind::Config, format!("the environment holds no credential for {}", spec.title))
            .with_advice(format!("set {variables}"))
    })?;
    keep(&tenant, draft, &new, json).await
}

/// There is neither an app for a consent nor a credential.
fn no_app(spec: &ConnectorSpec) -> Error {
    let variable = |field| Environment::variable(&spec.id, field);
    Error::new(ErrorKind::Config, format!("there is neither an app nor a credential for {}", spec.title))
        .with_advice(format!(
            "for a consent set {} and {}; for a credential set {} to {}",
            variable("client_id"),
            variable("client_secret"),
            credential::VARIABLE,
            credential::example(spec)
        ))
}

fn new_connection(new: &NewArgs, tenant: &Tenant) -> Outcome<NewConnection> {
    let spec = tenant.tieline().registry().factory(&new.provider)?.spec();
    let config = settings::read(new.config.as_deref(), spec)?;
    let id = new.id.as_deref().unwrap_or(&new.provider);
    Ok(NewConnection::new(id, &*spec.id, new.name.as_deref().unwrap_or_default()).with_config(config))
}

/// Sends the person to the provider and waits for them at the callback.
async fn consent(tenant: &Tenant, wanted: NewConnection, new: &NewArgs) -> Outcome<Draft> {
    let mut loopback = Loopback::listen(&new.app.callback).await?;
    // The browser that answers is whichever opens the address, so the session is this process.
    let session = Loopback::session()?;
    let begun = tenant.begin_consent_at(loopback.callback().clone(), wanted, session.clone()).await?;
    tell(&format!(
        "Open this address in a browser, and consent there:\n\n  {}\n\nWaiting for the answer at {} until {} …\n",
        begun.url,
        loopback.callback(),
        begun.expires_at.format("%H:%M UTC"),
    ));
    let (query, browser) = loopback.answer(begun.expires_at).await?;
    let finished = tenant.finish_consent(&Callback::new(query, session)).await;
    browser.show(finished.is_ok());
    loopback.close().await;
    Ok(finished?)
}

/// Tries the connection, and keeps it when it works.
async fn keep(tenant: &Tenant, mut draft: Draft, new: &NewArgs, json: bool) -> Outcome {
    let account = draft.check().await?;
    if new.name.is_none() {
        draft = draft.named(&account.name);
    }
    for warning in draft.warnings() {
        tell(&format!("Warning: {warning}\n"));
    }
    if new.replace_account {
        draft = draft.replacing_account();
    }
    let stored = draft.store(&keeping::actor(&new.store)).await?;
    let title = tenant.tieline().registry().factory(&stored.provider)?.spec().title.clone();
    let mut out = stdout();
    if json {
        let account = account::as_json(&stored.provider, &account);
        out.value(&json!({ "connection": stored.id.as_str(), "account": account }))?;
    } else {
        out.text(&account::for_people(&title, &account, Paint::on(&io::stdout())))?;
        out.text(&format!("Kept as {} in {}\n", stored.id, new.store.store.display()))?;
    }
    out.flush()
}
