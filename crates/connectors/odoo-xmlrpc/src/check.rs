//! The connection test.

use serde::Deserialize;
use serde_json::{Value, json};
use tieline_core::{Account, Choice, Error, ErrorKind, RawJson, Result, Text};
use tieline_kit::excerpt;

use crate::call::{Call, Via};
use crate::client::Client;
use crate::config::OdooConfig;
use crate::model::{ATTRIBUTES, Model};
use crate::salvage;

/// The most characters of a name that are shown.
const NAME: usize = 120;

#[derive(Default, Deserialize)]
struct Me {
    name: Option<Text>,
    login: Option<Text>,
    company_id: Option<Named>,
    #[serde(default)]
    company_ids: Vec<i64>,
}

#[derive(Deserialize)]
struct Named {
    id: i64,
    name: Option<String>,
}

/// Signs in, and asks who that is.
pub(crate) async fn check(client: &Client, config: &OdooConfig) -> Result<Account> {
    let session = client.fresh_session().await?;
    let me = match session.uid {
        Some(uid) => me(client, uid).await?,
        None => Me::default(),
    };

    if !me.company_ids.is_empty() {
        let foreign: Vec<String> = config
            .companies()
            .iter()
            .filter(|id| !me.company_ids.contains(&i64::from(**id)))
            .map(u32::to_string)
            .collect();
        if !foreign.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the user does not work in the companies of the settings: {}", foreign.join(", ")),
            )
            .with_advice("correct the ids, or allow the user these companies in Odoo"));
        }
    }

    let company = me.company_id.as_ref().and_then(|company| company.name.as_deref());
    let database = match &session.via {
        Via::Xmlrpc { database, .. } => Some(database.as_str()),
        Via::Json2 { database } => database.as_deref(),
    };
    let mut account = Account::new(excerpt(company.or(database).unwrap_or("Odoo"), NAME));
    // Odoo Online chooses the database by the host's name, and is not told it.
    account.id = match database {
        Some(name) => Some(Text::new(name)),
        None => config.database()?.map(Text::new),
    };
    let login = me.login.as_ref().map(Text::as_str);
    account.user = match (me.name.as_ref().map(Text::as_str), login) {
        (Some(name), Some(login)) => Some(excerpt(&format!("{name} <{login}>"), NAME)),
        (name, login) => name.or(login).map(|text| excerpt(text, NAME)),
    };
    account.others = companies(client, &me).await?;

    if let Some(login) = login
        && !login.eq_ignore_ascii_case(config.login()?)
    {
        // JSON-2 knows the user from the key alone.
        account.warnings.push(format!(
            "the API key belongs to {:?}, the settings name {:?}: the key decides",
            excerpt(login, NAME),
            excerpt(config.login()?, NAME)
        ));
    }
    account.warnings.extend(session.remark.map(str::to_owned));
    let models = salvage::ids(client, "ir.model", &[], 1).await;
    if models.is_err_and(|error| error.kind() == ErrorKind::Forbidden) {
        account.warnings.push(
            "the user may not list models: discover offers the common ones, and any other is read by its name"
                .to_owned(),
        );
    }
    Ok(account)
}

/// Who the user is, read without the companies of the settings: whether these can be is only to be found out.
async fn me(client: &Client, uid: i64) -> Result<Me> {
    let any = |call: Call| call.context("allowed_company_ids", Value::Array(Vec::new()));
    let call = any(Call::reading("res.users", "fields_get").named("attributes", &ATTRIBUTES)?);
    let users = Model::read("res.users", &client.value(&call).await?)?;
    let names = ["name", "login", "company_id", "company_ids"].into_iter();
    let fields: Vec<&str> = names.filter(|name| users.fields.contains_key(*name)).collect();
    let call = any(Call::reading("res.users", "read").ids([uid]).named("fields", &fields)?.with_archived());
    let (found, _) = client.records(&call, &users).await?;
    let me = found.into_iter().flatten().next().ok_or_else(unreadable)?;
    me.payload.view().map_err(|_| unreadable())
}

/// The companies beside the current one.
async fn companies(client: &Client, me: &Me) -> Result<Vec<Choice>> {
    let current = me.company_id.as_ref().map(|company| company.id);
    let others: Vec<i64> =
        me.company_ids.iter().copied().filter(|id| Some(*id) != current).take(100).collect();
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let call = Call::reading("res.company", "search_read")
        .arg("domain", &[RawJson::of(&json!(["id", "in", others]))?])?
        .named("fields", &["name"])?
        .named("limit", &others.len())?
        .named("order", "id")?;
    let found: Vec<Named> = match client.value(&call).await {
        Ok(found) => found.view().unwrap_or_default(),
        Err(error) if error.kind() == ErrorKind::Forbidden => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(found
        .into_iter()
        .map(|company| Choice {
            value: Text::new(company.id.to_string()),
            label: excerpt(company.name.as_deref().unwrap_or_default(), NAME),
        })
        .collect())
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Decode, "Odoo's answer does not say who the user is")
}
