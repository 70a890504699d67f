//! Service accounts: assertions signed with RS256 instead of a person's consent (RFC 7523).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;

use super::answers::Trouble;
use super::form::Params;
use super::ledger::Ledger;
use super::parties::{How, scopes_within};
use super::token;
use crate::reply::Reply;
use crate::sandbox::Refused;
use crate::{Json, Object};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// An assertion may live this long, in seconds.
const LONGEST: i64 = 3600;
/// Clocks may differ by this much, in seconds.
const SKEW: i64 = 300;

/// A service account as the server knows it.
pub(crate) struct Registered {
    pub(crate) key_id: String,
    pub(crate) public_key: Vec<u8>,
    pub(crate) scopes: Vec<String>,
    /// The PEM text, when the key was made here.
    pub(crate) private_key: Option<String>,
}

/// Makes a service account with a new RSA key. Returns it and its key file, as a person downloads it.
pub(crate) fn create(
    email: &str,
    scopes: Vec<String>,
    token_uri: &str,
) -> Result<(Registered, Object), Refused> {
    let failed = |_| Refused("no key could be made".into());
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?;
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).map_err(failed)?;
    let pem = pem("PRIVATE KEY", private.as_ref());
    let fingerprint = digest(&SHA256, public.as_ref());
    let key_id: String = fingerprint.as_ref().iter().take(20).map(|byte| format!("{byte:02x}")).collect();
    let file = Object::default()
        .with("type", "service_account")
        .with("project_id", "tieline-demo")
        .with("private_key_id", key_id.clone())
        .with("private_key", pem.clone())
        .with("client_email", email.to_owned())
        .with("client_id", "104000000000000000000")
        .with("token_uri", token_uri.to_owned())
        .with("universe_domain", "googleapis.com");
    let public_key = public.as_ref().to_vec();
    Ok((Registered { key_id, public_key, scopes, private_key: Some(pem) }, file))
}

fn pem(label: &str, der: &[u8]) -> String {
    let packed = STANDARD.encode(der);
    let lines: Vec<String> =
        packed.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Gives an access token for an assertion that holds.
pub(crate) fn grant(
    ledger: &mut Ledger,
    request: &Request<Bytes>,
    params: &Params,
    now: DateTime<Utc>,
) -> Result<Reply, Trouble> {
    let assertion = params.required("assertion")?;
    ledger.overhear(assertion);
    let jwt = Jwt::read(assertion)?;
    let issuer = jwt.claim("iss")?;
    let account = ledger.accounts.get(issuer);
    let account = account.ok_or_else(|| Trouble::invalid_grant("Invalid grant: account not found"))?;
    let right_key = jwt.header.get("kid").is_none_or(|kid| kid.as_str() == Some(&account.key_id));
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &account.public_key);
    if !right_key || key.verify(jwt.signed.as_bytes(), &jwt.signature).is_err() {
        return Err(Trouble::invalid_grant("Invalid JWT Signature."));
    }
    jwt.check_times(now)?;
    let audience = jwt.claim("aud")?;
    if ledger.policy.audience.as_deref() != Some(audience) && address(request) != audience {
        return Err(Trouble::invalid_grant("Invalid JWT: Failed audience check."));
    }
    let scope = jwt.claims.get("scope").and_then(Json::as_str).unwrap_or_default();
    if scope.is_empty() {
        return Err(Trouble::new("invalid_scope", "Invalid OAuth scope or ID token audience provided."));
    }
    let scopes = scopes_within(&account.scopes, Some(scope))?;
    let issuer = issuer.to_owned();
    let subject = jwt.claims.get("sub").and_then(Json::as_str).map(str::to_owned);
    let consent = ledger.consent(How::Assertion, &issuer, scopes);
    consent.user = subject.unwrap_or(issuer);
    let id = consent.id;
    ledger.counters.assertions += 1;
    token::issue(ledger, id, None, now)
}

/// Where the request went, as its sender wrote it.
fn address(request: &Request<Bytes>) -> String {
    let uri = request.uri();
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = uri.authority().map(http::uri::Authority::as_str).or(host).unwrap_or_default();
    format!("{}://{host}{}", uri.scheme_str().unwrap_or("http"), uri.path())
}

struct Jwt<'a> {
    header: Json,
    claims: Json,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jwt<'a> {
    fn read(text: &'a str) -> Result<Self, Trouble> {
        let broken = || Trouble::invalid_grant("Invalid JWT: The assertion is not three parts of base64url.");
        let unpacked = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| broken());
        let object = |part: &str| Json::parse(&unpacked(part)?).map_err(|_| broken());
        let (signed, signature) = text.rsplit_once('.').ok_or_else(broken)?;
        let (header, claims) = signed.split_once('.').ok_or_else(broken)?;
        let header = object(header)?;
        // Anything else, `none` above all, is refused before its signature is looked at.
        if header.get("alg").and_then(Json::as_str) != Some("RS256") {
            return Err(Trouble::invalid_grant("Invalid JWT: The algorithm must be RS256."));
        }
        Ok(Self { header, claims: object(claims)?, signed, signature: unpacked(signature)? })
    }

    fn claim(&self, name: &str) -> Result<&str, Trouble> {
        let missing = || Trouble::invalid_grant(format!("Invalid JWT: The claim {name} is missing."));
        self.claims.get(name).and_then(Json::as_str).ok_or_else(missing)
    }

    fn check_times(&self, now: DateTime<Utc>) -> Result<(), Trouble> {
        let time = |name| self.claims.get(name).and_then(Json::as_i64);
        let now = now.timestamp();
        let fits = match (time("iat"), time("exp")) {
            (Some(issued), Some(end)) => {
                issued <= now.saturating_add(SKEW)
                    && end > now.saturating_sub(SKEW)
                    && (1..=LONGEST).contains(&end.saturating_sub(issued))
            }
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(Trouble::invalid_grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
             Check your iat and exp values in the JWT claim.",
        ))
    }
}
