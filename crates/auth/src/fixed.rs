//! A secret that a person replaces, and nothing else.

use std::fmt;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use secrecy::SecretString;
use tieline_core::http::{HttpRequest, RequestAuth};
use tieline_core::{Credential, KeyPlacement, Recovery, Rejection, Result, SecretGeneration};

use crate::placement::{put_bearer, put_into_header, put_key};
use crate::scrub::Scrubber;

/// A secret that stays what it is until a person replaces it.
pub(crate) struct Fixed {
    pub(crate) place: Place,
    /// What goes to that place.
    pub(crate) value: SecretString,
    /// What fills the slots of a body, by the names of the scheme's fields.
    pub(crate) slots: Vec<(String, SecretString)>,
    pub(crate) scrubber: Scrubber,
}

/// The place of a fixed secret in a request.
#[derive(Debug)]
pub(crate) enum Place {
    /// Where the connector's spec puts a key.
    Key(KeyPlacement),
    /// The header `authorization`, after this prefix.
    Authorization(&'static str),
    /// Nowhere but in the slots of a body.
    Body,
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("place", &self.place).finish_non_exhaustive()
    }
}

#[async_trait]
impl Credential for Fixed {
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        match &self.place {
            _ if request.auth() == RequestAuth::Bearer => {
                put_bearer(request, self.bare())?;
            }
            Place::Key(placement) => put_key(request, placement, &self.value)?,
            Place::Authorization(prefix) => put_into_header(request, &AUTHORIZATION, prefix, &self.value)?,
            Place::Body => {}
        }
        let filled = request.body().filled(&mut |slot| {
            self.slots.iter().find(|(name, _)| name == slot).map(|(_, secret)| secret.clone())
        })?;
        *request.body_mut() = filled;
        Ok(SecretGeneration::default())
    }

    async fn rejected(&self, _: SecretGeneration, _: &Rejection) -> Result<Recovery> {
        Ok(Recovery::NeedsReconnect)
    }

    fn identity(&self) -> Option<u64> {
        Some(self.scrubber.identity())
    }

    fn scrub(&self, text: &str) -> Option<String> {
        self.scrubber.scrub(text)
    }
}

impl Fixed {
    /// The secret alone. What goes to the place of a login is its encoded form; its last slot is the password.
    fn bare(&self) -> &SecretString {
        self.slots.last().map_or(&self.value, |(_, secret)| secret)
    }
}
