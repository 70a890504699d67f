//! Subscriptions: made where none calls the address, renewed before they end, removed by address.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::value::RawValue;
use tieline_core::{
    EntityName, Error, ErrorKind, Result, Subscription, Subscriptions, SubscriptionsRequest, json,
};
use url::Url;

use super::client::Client;
use super::fields::text_at;
use crate::description::{EventMeaning, Request, SubscriptionList, Webhooks};

/// The most subscriptions that are looked at.
const MAX_SUBSCRIPTIONS: usize = 10_000;

/// A subscription at the provider.
struct Found {
    id: String,
    url: String,
    ends_at: Option<DateTime<Utc>>,
}

pub(crate) async fn subscriptions(client: &Client, request: SubscriptionsRequest) -> Result<Subscriptions> {
    let unsupported = || Error::unsupported("managing webhooks");
    let webhooks = client.description.webhooks.as_ref().ok_or_else(unsupported)?;
    match request {
        SubscriptionsRequest::Ensure { callback, entities, secret, .. } => {
            ensure(client, webhooks, &callback, &entities, secret).await
        }
        SubscriptionsRequest::Renew { before, callback, .. } => {
            renew(client, webhooks, before, callback.as_ref()).await
        }
        SubscriptionsRequest::Remove { callback, .. } => remove(client, webhooks, &callback).await,
        _ => Err(unsupported()),
    }
}

async fn ensure(
    client: &Client,
    webhooks: &Webhooks,
    callback: &Url,
    entities: &[EntityName],
    secret: Option<SecretString>,
) -> Result<Subscriptions> {
    let subscribe = webhooks.subscribe.as_ref().ok_or_else(|| Error::unsupported("making a webhook"))?;
    if let Some(list) = &webhooks.list {
        let found = existing(client, list).await?;
        let own: Vec<Subscription> =
            found.into_iter().filter(|one| same_address(&one.url, callback)).map(active).collect();
        if !own.is_empty() {
            return Ok(Subscriptions::new(own));
        }
    }
    let events = event_names(webhooks, entities);
    if events.is_empty() {
        return Err(Error::unsupported("notifications of these entities"));
    }
    let mut words = client.words();
    words.callback = Some(callback.as_str());
    words.events = events;
    words.secret = secret.as_ref();
    let response = client.send(&subscribe.request, &words, false).await?;
    let text = response.text()?;
    let id = text_at(text, &subscribe.id).ok_or_else(|| {
        Error::new(ErrorKind::Decode, "the answer names no id of the webhook")
            .with_context("at", subscribe.id.as_str())
    })?;
    let ends_at = ends(client, webhooks, subscribe.ends.as_deref().and_then(|at| text_at(text, at)));
    let made = active(Found { id: id.clone(), url: String::new(), ends_at });
    let subscriptions = Subscriptions::new(vec![made]);
    Ok(match subscribe.secret.as_deref().and_then(|at| text_at(text, at)) {
        Some(secret) => subscriptions.with_secret(id.as_str(), SecretString::from(secret)),
        None => subscriptions,
    })
}

async fn renew(
    client: &Client,
    webhooks: &Webhooks,
    before: DateTime<Utc>,
    callback: Option<&Url>,
) -> Result<Subscriptions> {
    // What never ends needs no renewal.
    let Some(list) = &webhooks.list else { return Ok(Subscriptions::default()) };
    let mut kept = Vec::new();
    for mut one in existing(client, list).await? {
        if callback.is_some_and(|callback| !same_address(&one.url, callback)) {
            continue;
        }
        if let Some(request) = &webhooks.renew
            && one.ends_at.is_some_and(|ends_at| ends_at < before)
        {
            let response = by_id(client, request, &one).await?;
            let at = webhooks.subscribe.as_ref().and_then(|subscribe| subscribe.ends.as_deref());
            let answered = at.and_then(|at| text_at(response.text().ok()?, at));
            one.ends_at = ends(client, webhooks, answered);
        }
        kept.push(active(one));
    }
    Ok(Subscriptions::new(kept))
}

async fn remove(client: &Client, webhooks: &Webhooks, callback: &Url) -> Result<Subscriptions> {
    let (Some(request), Some(list)) = (&webhooks.unsubscribe, &webhooks.list) else {
        return Err(Error::unsupported("removing a webhook"));
    };
    for one in existing(client, list).await? {
        if same_address(&one.url, callback) {
            match by_id(client, request, &one).await {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(Subscriptions::default())
}

async fn by_id(client: &Client, request: &Request, one: &Found) -> Result<tieline_core::http::HttpResponse> {
    let mut words = client.words();
    words.id = Some(&one.id);
    words.callback = Some(&one.url);
    client.send(request, &words, false).await
}

async fn existing(client: &Client, list: &SubscriptionList) -> Result<Vec<Found>> {
    let response = client.send(&list.request, &client.words(), true).await?;
    let wrong =
        || Error::new(ErrorKind::Decode, "the answer has no list of webhooks where the description says");
    let raw = json::at(response.text()?, &list.records)?.ok_or_else(wrong)?;
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
    let of_item = |item: &&RawValue| {
        let ends_at = list.ends.as_deref().and_then(|at| text_at(item.get(), at));
        Some(Found {
            id: text_at(item.get(), &list.id)?,
            url: text_at(item.get(), &list.url).unwrap_or_default(),
            ends_at: ends_at.as_deref().and_then(tieline_kit::instant),
        })
    };
    Ok(items.iter().filter_map(of_item).take(MAX_SUBSCRIPTIONS).collect())
}

fn same_address(text: &str, callback: &Url) -> bool {
    text == callback.as_str() || Url::parse(text).is_ok_and(|url| url == *callback)
}

/// When a subscription ends: what the answer says, else its life from now on.
fn ends(client: &Client, webhooks: &Webhooks, answered: Option<String>) -> Option<DateTime<Utc>> {
    let said = answered.as_deref().and_then(tieline_kit::instant);
    said.or_else(|| {
        let life = TimeDelta::from_std(webhooks.life?).ok()?;
        client.now().checked_add_signed(life)
    })
}

fn active(found: Found) -> Subscription {
    let subscription = Subscription::new(found.id.as_str());
    match found.ends_at {
        Some(ends_at) => subscription.with_ends_at(ends_at),
        None => subscription,
    }
}

/// The provider's names of the events that are about these entities; of all when none is named.
fn event_names(webhooks: &Webhooks, entities: &[EntityName]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, meaning) in &webhooks.events {
        let EventMeaning::Record(record) = meaning else { continue };
        if !entities.is_empty() && !entities.iter().any(|entity| entity.as_str() == record.entity) {
            continue;
        }
        let own = if record.names.is_empty() { std::slice::from_ref(name) } else { &record.names };
        for name in own {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}
