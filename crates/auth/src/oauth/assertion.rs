//! Service accounts: a signed assertion in place of a person's consent (RFC 7523).

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tieline_core::{Error, ErrorKind, Grant, Result};
use zeroize::Zeroizing;

use super::client::OAuthClient;

const ADVICE: &str =
    "make a JSON key of a service account in the provider's console, and give the whole file";
/// Google's longest: <https://developers.google.com/identity/protocols/oauth2/service-account>.
const LIFE_SECONDS: i64 = 3600;

/// The key of a service account, as the JSON file that the provider's console gives.
///
/// ```
/// use tieline_auth::ServiceAccount;
///
/// let error = ServiceAccount::parse(r#"{"type":"authorized_user"}"#).unwrap_err();
/// assert!(error.message().contains("is not of a service account"));
/// ```
#[derive(Clone)]
pub struct ServiceAccount {
    pub(crate) json: SecretString,
    email: String,
    key_id: Option<String>,
    token_uri: Option<String>,
    pem: SecretString,
    pub(crate) subject: Option<String>,
}

impl ServiceAccount {
    /// Reads a key file. It is not believed: tokens are asked for at the provider's own address alone.
    ///
    /// # Errors
    ///
    /// `Config` for what is no key of a service account. No message holds any part of it.
    pub fn parse(json: impl Into<SecretString>) -> Result<Self> {
        let json = json.into();
        let key: Value = serde_json::from_str(json.expose_secret()).map_err(|error| {
            wrong(format!("is not JSON (line {}, column {})", error.line(), error.column()))
        })?;
        let text =
            |name: &str| key.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        if text("type") != Some("service_account") {
            return Err(wrong("is not of a service account: its type is another".to_owned()));
        }
        let email = text("client_email").ok_or_else(|| wrong("holds no client_email".to_owned()))?.to_owned();
        let pem = text("private_key").ok_or_else(|| wrong("holds no private_key".to_owned()))?;
        let account = Self {
            email,
            key_id: text("private_key_id").map(str::to_owned),
            token_uri: text("token_uri").map(str::to_owned),
            pem: pem.into(),
            json: json.clone(),
            subject: None,
        };
        account.key_pair()?;
        Ok(account)
    }

    /// Acts for a user of the account's own domain, where its administrator allows it.
    #[must_use]
    pub fn acting_for(mut self, user: impl Into<String>) -> Self {
        self.subject = Some(user.into());
        self
    }

    /// Who it is: an address that files can be shared with.
    pub fn email(&self) -> &str {
        &self.email
    }

    fn key_pair(&self) -> Result<RsaKeyPair> {
        let key = PrivateKeyDer::from_pem_slice(self.pem.expose_secret().as_bytes())
            .map_err(|_| wrong("holds a private_key that is not in PEM form".to_owned()))?;
        let pair = match &key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(wrong("holds a private_key that is not an RSA key".to_owned())),
        };
        pair.map_err(|_| wrong("holds a private_key that is no usable RSA key".to_owned()))
    }

    /// The assertion of this hour, signed with RS256.
    pub(crate) fn assertion(&self, client: &OAuthClient, now: DateTime<Utc>) -> Result<SecretString> {
        let inner = client.inner();
        if !client.has(Grant::JwtBearer) {
            return Err(Error::new(ErrorKind::Config, format!("{} takes no service accounts", inner.title)));
        }
        // What the file says is the customer's word; another address would get an assertion for itself.
        if self.token_uri.as_deref().is_some_and(|uri| uri != inner.oauth.token_url) {
            return Err(wrong("names another token_uri than the provider's".to_owned())
                .with_advice("take the key file as the provider's console gives it"));
        }
        let scopes: Vec<&str> = match inner.app.as_ref().and_then(|app| app.scopes.as_ref()) {
            Some(chosen) => chosen.iter().map(String::as_str).collect(),
            None => {
                inner.oauth.scopes.iter().filter(|scope| scope.default).map(|scope| &*scope.name).collect()
            }
        };
        let mut header = json!({ "alg": "RS256", "typ": "JWT" });
        if let (Some(id), Some(header)) = (&self.key_id, header.as_object_mut()) {
            header.insert("kid".to_owned(), id.as_str().into());
        }
        let issued = now.timestamp();
        let mut claims = json!({
            "iss": self.email,
            "aud": inner.token.as_str(),
            "iat": issued,
            "exp": issued.saturating_add(LIFE_SECONDS),
        });
        if let Some(claims) = claims.as_object_mut() {
            if !scopes.is_empty() {
                claims.insert("scope".to_owned(), scopes.join(" ").into());
            }
            if let Some(subject) = &self.subject {
                claims.insert("sub".to_owned(), subject.as_str().into());
            }
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = Zeroizing::new(format!("{}.{}", part(&header), part(&claims)));
        let pair = self.key_pair()?;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Error::new(ErrorKind::Internal, "an assertion could not be signed"))?;
        Ok(format!("{}.{}", &*signed, URL_SAFE_NO_PAD.encode(signature)).into())
    }

    /// What must not show.
    pub(crate) fn secrets(&self) -> [&SecretString; 2] {
        [&self.json, &self.pem]
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}

fn wrong(what: String) -> Error {
    Error::new(ErrorKind::Config, format!("the service account's key {what}")).with_advice(ADVICE)
}
