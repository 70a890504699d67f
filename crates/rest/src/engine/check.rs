use tieline_core::{Account, Error, ErrorKind, Result, json};

use super::client::Client;

/// Who the credential is, by the request of the description; without one, the first list is asked for a page.
pub(crate) async fn check(client: &Client) -> Result<Account> {
    let found = described(client).await;
    client.hooks.account(&client.settings, found)
}

async fn described(client: &Client) -> Result<Account> {
    let Some(check) = &client.description.check else {
        let first = client
            .description
            .entities
            .iter()
            .find(|(_, entity)| entity.parent.is_none() && !entity.list.is_empty());
        if let Some((_, entity)) = first
            && let Some(request) = entity.list.first()
        {
            client.send(request, &client.words(), true).await?;
        }
        return Ok(Account::new(client.description.name.clone()));
    };
    let response = client.send(&check.request, &client.words(), true).await?;
    let text = response.text()?;
    let scalar = |path: &Option<tieline_kit::JsonPath>| {
        let raw = json::at(text, &path.as_ref()?.to_string()).ok().flatten()?;
        let is_scalar = !matches!(raw.get().as_bytes().first(), Some(b'{' | b'[' | b'n') | None);
        is_scalar.then(|| serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned()))
    };
    let mut account = Account::new(scalar(&check.name).unwrap_or_else(|| client.description.name.clone()));
    account.id = scalar(&check.id).map(Into::into);
    account.user = scalar(&check.user);
    if let Some(others) = &check.others {
        account.others = super::choices::list(text, &others.records, &others.value, &others.title)?;
    }
    if let Some(setting) = &check.setting
        && let Some(wanted) = client.settings.get(setting)
    {
        let chosen = account.others.iter().find(|other| other.value == wanted.as_str()).cloned();
        let chosen = chosen.ok_or_else(|| not_reached(client, setting, &account.others))?;
        account.id = Some(chosen.value.as_str().into());
        account.name = chosen.label;
    }
    Ok(account)
}

/// The error for an account of the settings that the credential does not reach.
fn not_reached(client: &Client, setting: &str, others: &[tieline_core::Choice]) -> Error {
    let message = format!("the credential does not reach the account of the setting {setting:?}");
    let advice = match others {
        [] => format!("connect with the credential of a user of the account at {}", client.description.name),
        _ => {
            let known: Vec<String> =
                others.iter().take(10).map(|other| tieline_kit::excerpt(other.value.as_str(), 40)).collect();
            format!("it reaches {}", known.join(", "))
        }
    };
    Error::new(ErrorKind::Forbidden, message).with_advice(advice)
}
