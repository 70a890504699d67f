//! `tieline connections`, `disconnect` and `rotate-key`.

use std::io;
use std::sync::Arc;

use serde_json::{Value, json};
use tieline::store::connections::{Connection, ConnectionFilter};
use tieline::{Erase, Revoked, Tenant};

use crate::arguments::HostArgs;
use crate::failure::{Described, Failure, Outcome};
use crate::keeping;
use crate::lines::stdout;
use crate::store_arguments::{DisconnectArgs, StoreArgs};
use crate::table::Table;
use crate::text::{Paint, clean, counted};

/// Connections that are read at once.
const PAGE: u32 = 100;

/// Lists connections. Without the vault's keys their secrets stay sealed.
pub(crate) async fn list(arguments: StoreArgs, host: HostArgs, json: bool) -> Outcome {
    let opened = match keeping::keys(&arguments)? {
        Some(_) => Some(keeping::connections(&arguments, &host).await?),
        None => None,
    };
    let store = match &opened {
        Some(opened) => Arc::clone(opened.store()),
        None => keeping::store(&arguments, false).await?,
    };
    let mut filter = ConnectionFilter::default();
    let mut out = stdout();
    let mut table =
        Table::new(&["ID", "PROVIDER", "NAME", "ACTIVE", "HEALTH", "LAST RUN", "SECRET", "LAST ERROR"]);
    let mut found = false;
    loop {
        let page = store.connections(&filter, PAGE).await?;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.id.clone());
        for connection in &page {
            found = true;
            let secret = masked(opened.as_ref(), connection).await?;
            if json {
                out.value(&as_json(connection, &secret))?;
            } else {
                table.row(cells(connection, &secret));
            }
        }
        if page.len() < PAGE as usize {
            break;
        }
    }
    if !json {
        let empty = format!("No connections in {}\n", arguments.store.display());
        out.text(&if found { table.show("", Paint::on(&io::stdout())) } else { empty })?;
    }
    out.flush()
}

async fn masked(opened: Option<&Tenant>, connection: &Connection) -> Outcome<Vec<(String, String)>> {
    match opened {
        Some(opened) => Ok(opened.connection(connection.id.clone()).masked().await?),
        None => Ok(vec![(String::new(), "sealed".to_owned())]),
    }
}

fn as_json(connection: &Connection, secret: &[(String, String)]) -> Value {
    let secret: Value =
        secret.iter().map(|(name, shown)| (name.clone(), Value::from(shown.as_str()))).collect();
    json!({
        "id": connection.id.as_str(),
        "provider": connection.provider,
        "name": connection.name,
        "config": connection.config,
        "active": connection.active,
        "health": connection.health.as_str(),
        "last_run": connection.last_run,
        "last_error": connection.last_error,
        "last_error_at": connection.last_error_at,
        "created_at": connection.created_at,
        "created_by": connection.created_by.as_str(),
        "updated_at": connection.updated_at,
        "updated_by": connection.updated_by.as_str(),
        "secret": secret,
    })
}

fn cells(connection: &Connection, secret: &[(String, String)]) -> [String; 8] {
    let last_run = connection.last_run.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string());
    let secret: Vec<&str> = secret.iter().map(|(_, shown)| shown.as_str()).collect();
    [
        connection.id.to_string(),
        connection.provider.clone(),
        connection.name.clone(),
        if connection.active { "yes" } else { "no" }.to_owned(),
        connection.health.as_str().replace('_', " "),
        last_run.unwrap_or_else(|| "never".to_owned()),
        if secret.is_empty() { "none".to_owned() } else { secret.join(" ") },
        connection.last_error.clone().unwrap_or_default(),
    ]
}

pub(crate) async fn disconnect(options: DisconnectArgs, json: bool) -> Outcome {
    let tenant = keeping::connections(&options.store, &options.host).await?;
    let erase = if options.erase { Erase::Everything } else { Erase::Secret };
    let connection = tenant.connection(options.id.as_str());
    let done = connection.disconnect(erase, &keeping::actor(&options.store)).await?;
    let (word, why) = match &done.revoked {
        Revoked::Yes => ("revoked", None),
        Revoked::NotOffered => ("not_offered", None),
        Revoked::Failed(error) => ("failed", Some(error)),
        _ => ("unknown", None),
    };
    let mut out = stdout();
    if json {
        let error = why.map(Described);
        out.value(
            &json!({ "connection": options.id, "tokens": word, "error": error, "erased": options.erase }),
        )?;
    } else {
        let paint = Paint::on(&io::stdout());
        match (&done.revoked, why) {
            (Revoked::Yes, _) => out.text("The provider took the tokens back.\n")?,
            (_, Some(error)) => out.text(&format!(
                "{} the provider did not take the tokens back: {}\n         Remove the app's access there.\n",
                paint.yellow("warning:"),
                clean(error.message())
            ))?,
            _ => {
                out.text("There were no tokens to take back; a key stays valid until it is changed there.\n")?
            }
        }
        let id = clean(&options.id).into_owned();
        out.text(&match erase {
            Erase::Everything => format!(
                "Erased {id} and everything that was kept of it in {}. What `sync --into` put into other files is there \
                 still.\n",
                options.store.store.display()
            ),
            Erase::Secret => format!(
                "Erased the secret of {id} and switched it off. Its records stay; --erase erases them.\n"
            ),
        })?;
    }
    out.flush()
}

pub(crate) async fn rotate(arguments: StoreArgs, host: HostArgs, json: bool) -> Outcome {
    let tenant = keeping::connections(&arguments, &host).await?;
    let rotated = tenant.rotate_keys(&keeping::actor(&arguments)).await?;
    let mut out = stdout();
    if json {
        let failed: Vec<Value> = rotated
            .failed
            .iter()
            .map(|(id, name, error)| json!({ "connection": id.as_str(), "name": name, "error": Described(error) }))
            .collect();
        out.value(&json!({ "rewrapped": rotated.rewrapped, "current": rotated.current, "failed": failed }))?;
    } else {
        out.text(&format!(
            "{} wrapped by the current key, {} already were\n",
            counted(rotated.rewrapped, "secret"),
            rotated.current
        ))?;
        for (id, name, error) in &rotated.failed {
            out.text(&format!(
                "failed: {} {}: {}\n",
                clean(id.as_str()),
                clean(name),
                clean(error.message())
            ))?;
        }
        if rotated.failed.is_empty() {
            out.text("Older keys can go once this was said for every tenant and store.\n")?;
        }
    }
    out.flush()?;
    if rotated.failed.is_empty() { Ok(()) } else { Err(Failure::Incomplete) }
}
