use std::sync::Arc;

use serde_json::Value;
use tieline_auth::{Fields, GrantWarning, OAuthClient, Secret, StoreOnce};
use tieline_core::{Account, CheckRequest, Connector, Error, ErrorKind, Result};
use tieline_store::connections::{
    Actor, Connection, ConnectionChange, Health, NewConnection, Reconnection, RunReport,
};

use super::Tenant;
use crate::connection::{Kept, Source};

/// A connection that is not stored yet, so that it can be tried first. Dropping it stores nothing.
#[derive(Debug)]
#[must_use = "a draft is gone unless it is stored"]
pub struct Draft {
    tenant: Tenant,
    new: NewConnection,
    secret: Secret,
    account: Option<Account>,
    warnings: Vec<GrantWarning>,
    /// For one of a consent, whose callback may come twice.
    once: Option<StoreOnce>,
    replaces_account: bool,
}

impl Tenant {
    /// A connection with what a person entered, or with a service account. Sends nothing.
    ///
    /// # Errors
    ///
    /// `Config` when the connector is unknown, the settings are wrong, or the secret is not of a kind that it takes.
    pub fn draft(&self, new: NewConnection, secret: impl Into<Secret>) -> Result<Draft> {
        let draft = self.draft_of(new, secret.into(), Vec::new(), None);
        draft.connector().map(|_| draft)
    }

    /// A connection with the credential that the environment holds, to import it. `None` when it holds none.
    ///
    /// # Errors
    ///
    /// As for [`draft`](Self::draft).
    pub fn draft_from_environment(&self, new: NewConnection) -> Result<Option<Draft>> {
        let spec = self.tieline.registry().factory(&new.provider)?.spec();
        match self.tieline.0.environment.secret(spec)? {
            Some(secret) => self.draft(new, secret).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn draft_of(
        &self,
        new: NewConnection,
        secret: Secret,
        warnings: Vec<GrantWarning>,
        once: Option<StoreOnce>,
    ) -> Draft {
        let (tenant, account, replaces_account) = (self.clone(), None, false);
        Draft { tenant, new, secret, account, warnings, once, replaces_account }
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
        self.secret = Secret::ClientCredentials(self.secret.captured());
        self.warnings.retain(|warning| *warning != GrantWarning::NoRefreshToken);
        self
    }

    /// Sets what a person entered beside the consent, where the connector's scheme takes several secrets at once.
    pub fn with_fields(mut self, fields: Fields) -> Self {
        if let Secret::Tokens(tokens) = self.secret {
            self.secret = Secret::Tokens(tokens.beside(fields));
        }
        self
    }

    /// Lets another account take the place of the one that a connection of this id was made for. Everything that sync keeps
    /// of the one before is erased when the draft is stored: mirrored records, rows, states, queued operations.
    pub fn replacing_account(mut self) -> Self {
        self.replaces_account = true;
        self
    }

    /// What the grant lacks, for the person who connects: scopes that were not granted, no refresh token.
    pub fn warnings(&self) -> &[GrantWarning] {
        &self.warnings
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
    /// As for [`Tenant::draft`].
    pub fn connector(&self) -> Result<Arc<dyn Connector>> {
        let NewConnection { id, provider, config, .. } = &self.new;
        self.tenant.connection(id.clone()).connector_with(provider, config, Source::Loose(&self.secret))
    }

    /// Tries it: the connection test.
    ///
    /// # Errors
    ///
    /// Whatever the provider answers. Nothing was stored, and what was stored before is as it was.
    pub async fn check(&mut self) -> Result<Account> {
        let account = self.connector()?.check(CheckRequest::default()).await?;
        self.account = Some(account.clone());
        Ok(account)
    }

    /// Seals and stores it. Where there is a connection of this id already, it gets the new secret and settings in one
    /// transaction, and is switched on. Where that one knows its account, a draft that was not [checked](Self::check) is
    /// checked first. The second draft of one consent stores nothing and returns what the first stored.
    ///
    /// # Errors
    ///
    /// `Conflict` when the id belongs to a connection with another provider, or of another account than the secret opens,
    /// unless it [replaces](Self::replacing_account) the account; `Rejected` when a grant without a refresh token would take
    /// the place of one that has one; whatever the check, vault and store return. What was stored before is as it was.
    pub async fn store(mut self, by: &Actor) -> Result<Connection> {
        let Some(once) = self.once.take() else { return self.put(by).await };
        let (tenant, id) = (self.tenant.clone(), self.new.id.clone());
        match once.run(self.put(by)).await? {
            Some(stored) => Ok(stored),
            None => tenant.stored(&id).await,
        }
    }

    async fn put(mut self, by: &Actor) -> Result<Connection> {
        let there = self.tenant.store.connection(&self.new.id).await?;
        if let Some(there) = &there {
            self.check_replacement(there).await?;
        }
        let Self { tenant, mut new, secret, account, replaces_account, .. } = self;
        let (store, credentials) = (&tenant.sealed, tenant.credentials()?);
        let (id, now) = (new.id.clone(), tenant.now());
        let client: Option<OAuthClient> = match secret {
            Secret::Tokens(_) => {
                let factory = tenant.tieline.registry().factory(&new.provider)?;
                Some(tenant.oauth(factory, &new.config)?)
            }
            _ => None,
        };
        let oauth = client.as_ref().map(OAuthClient::oauth);
        let put = secret.put(credentials.vault(), store.tenant(), &id, oauth, now).await?;
        let checked = account.is_some();
        new.account = account.and_then(|account| account.id).map(|id| id.to_string());
        let stored = match there {
            None => store.create(new, vec![(Secret::NAME.to_owned(), put)], by, now).await?,
            Some(_) => {
                let mut change = ConnectionChange::default();
                change.config = Some(new.config);
                change.active = Some(true);
                change.name = Some(new.name).filter(|name| !name.is_empty());
                let mut reconnection = Reconnection::new(change, new.account);
                reconnection.replaces_account = replaces_account;
                store.reconnect(&id, Secret::NAME, put, reconnection, by, now).await?
            }
        };
        if let Some(client) = &client {
            // Those who hold it already are to read what is stored now.
            credentials.credential(store, &id, client).forget();
        }
        if checked {
            store.report(&id, RunReport::went_well(now), by).await?;
            return tenant.stored(&id).await;
        }
        Ok(stored)
    }

    /// Whether this may take the place of what is there.
    async fn check_replacement(&mut self, there: &Connection) -> Result<()> {
        if there.provider != self.new.provider {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("the id belongs to a connection with {}", there.provider),
            )
            .with_advice("give the new connection an id of its own")
            .with_context("connection", &there.id));
        }
        if there.account.is_some() && self.account.is_none() {
            self.check().await?;
        }
        let loses = matches!(&self.secret, Secret::Tokens(_))
            && self.warnings.contains(&GrantWarning::NoRefreshToken)
            && there.health != Health::NeedsReconnect;
        if !loses {
            return Ok(());
        }
        match self.tenant.connection(there.id.clone()).secret().await? {
            Some(Kept { secret: Secret::Tokens(kept), refused_at: None, .. }) if kept.is_renewable() => {
                Err(Error::new(
                    ErrorKind::Rejected,
                    "the provider gave no refresh token this time, and the stored grant, which has one, was kept",
                )
                .with_advice(
                    "ask for offline access with a prompt for consent, or let the customer take the app's access back at \
                     the provider first, and connect again",
                )
                .with_context("connection", &there.id))
            }
            _ => Ok(()),
        }
    }
}
