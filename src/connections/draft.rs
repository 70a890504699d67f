use std::sync::Arc;

use serde_json::Value;
use tieline_auth::{OAuthClient, Secret};
use tieline_core::{Account, CheckRequest, Connector, Error, ErrorKind, Result};
use tieline_store::connections::{Actor, Connection, ConnectionChange, NewConnection, RunReport};

use super::Connections;
use super::resolve::Source;

/// A connection that is not stored yet, so that it can be tried first. Dropping it stores nothing.
#[derive(Debug)]
#[must_use = "a draft is gone unless it is stored"]
pub struct Draft {
    connections: Connections,
    new: NewConnection,
    secret: Secret,
    checked: bool,
}

impl Connections {
    /// A connection with what a person entered, or with a service account. Sends nothing.
    ///
    /// # Errors
    ///
    /// `Config` when the connector is unknown, the settings are wrong, or the secret is not of a kind that it takes.
    pub fn draft(&self, new: NewConnection, secret: impl Into<Secret>) -> Result<Draft> {
        let draft = Draft { connections: self.clone(), new, secret: secret.into(), checked: false };
        draft.connector().map(|_| draft)
    }

    /// A connection with the credential that the environment holds, to import it. `None` when it holds none.
    ///
    /// # Errors
    ///
    /// As for [`draft`](Self::draft).
    pub fn draft_from_environment(&self, new: NewConnection) -> Result<Option<Draft>> {
        let spec = self.registry().factory(&new.provider)?.spec();
        match self.shared.environment.secret(spec)? {
            Some(secret) => self.draft(new, secret).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn draft_of(&self, new: NewConnection, secret: Secret) -> Draft {
        Draft { connections: self.clone(), new, secret, checked: false }
    }
}

impl Draft {
    /// The connection as it would be stored.
    pub fn connection(&self) -> &NewConnection {
        &self.new
    }

    /// Its public settings, with what the provider told of the account.
    pub fn config(&self) -> &Value {
        &self.new.config
    }

    /// What a page may show of its secret.
    pub fn masked(&self) -> Vec<(String, String)> {
        self.secret.masked()
    }

    /// From now on the host's own app asks for tokens, and the consent's are left aside: nothing can get lost then. For
    /// providers that take client credentials after one consent.
    pub fn as_application(mut self) -> Self {
        self.secret = Secret::ClientCredentials;
        self
    }

    /// Sets what people call it: the account's name, once it is known.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.new.name = name.into();
        self
    }

    /// The connector, before anything is stored. Its tokens are not renewed.
    ///
    /// # Errors
    ///
    /// As for [`Connections::draft`].
    pub fn connector(&self) -> Result<Arc<dyn Connector>> {
        let NewConnection { id, provider, config, .. } = &self.new;
        self.connections.connector(id, provider, config, Source::Loose(&self.secret))
    }

    /// Tries it: the connection test.
    ///
    /// # Errors
    ///
    /// Whatever the provider answers. Nothing was stored, and what was stored before is as it was.
    pub async fn check(&mut self) -> Result<Account> {
        let account = self.connector()?.check(CheckRequest::default()).await?;
        self.checked = true;
        Ok(account)
    }

    /// Seals and stores it. Where there is a connection of this id already, it gets the new secret and settings,
    /// and is switched on.
    ///
    /// # Errors
    ///
    /// `Conflict` when the id belongs to a connection with another provider; whatever vault and store answer.
    pub async fn store(self, by: &Actor) -> Result<Connection> {
        let Self { connections, new, secret, checked } = self;
        let (store, keeper) = (&connections.store, &connections.shared.keeper);
        let (id, now) = (new.id.clone(), connections.now());
        let factory = connections.registry().factory(&new.provider)?;
        let client: Option<OAuthClient> = match secret {
            Secret::Tokens(_) => Some(connections.oauth(factory)?),
            _ => None,
        };
        let oauth = client.as_ref().map(OAuthClient::oauth);
        let put = secret.put(keeper.vault(), store.tenant(), &id, oauth, now).await?;
        let stored = match store.connection(&id).await? {
            None => store.create(new, vec![(Secret::NAME.to_owned(), put)], by, now).await?,
            Some(there) if there.provider != new.provider => {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!("the id belongs to a connection with {}", there.provider),
                )
                .with_advice("give the new connection an id of its own")
                .with_context("connection", id));
            }
            Some(_) => {
                store.put_secret(&id, Secret::NAME, put, by, now).await?;
                let mut change = ConnectionChange::default();
                change.config = Some(new.config);
                change.active = Some(true);
                change.name = Some(new.name).filter(|name| !name.is_empty());
                store.change(&id, change, by, now).await?
            }
        };
        if let Some(client) = &client {
            // Those who hold it already are to read what is stored now.
            keeper.credential(store, &id, client).forget();
        }
        if checked {
            store.report(&id, RunReport::went_well(now), by).await?;
            return connections.connection(&id).await;
        }
        Ok(stored)
    }
}
