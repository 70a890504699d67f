//! Schemes by name.

use std::time::Duration;

use tieline_core::webhook::{
    KeyForm, SignatureAlgorithm, SignatureScheme, TimestampPlace, TokenPlace, TokenScheme,
};
use tieline_core::{Error, Result, SignatureEncoding, TimestampForm};

use crate::provider::{hubspot, twilio};
use crate::public_key::KeyAlgorithm;
use crate::signature::{Key, Signature};

/// The names of schemes that a [`Verification::Named`](tieline_core::webhook::Verification::Named) can have.
pub const NAMES: &[&str] = &[
    "aws-sns",
    "aws-sns-sha1",
    "chatwoot",
    "github",
    "google-channel",
    "google-jwt",
    "hubspot",
    "meta",
    "microsoft-graph",
    "paddle",
    "pipedrive",
    "sendgrid",
    "shopify",
    "slack",
    "square",
    "standard-webhooks",
    "stripe",
    "svix",
    "tripletex",
    "twilio",
    "visma",
    "woocommerce",
    "xledger",
    "zendesk",
];

/// A scheme that has a name.
#[derive(Clone, Debug)]
pub(crate) enum Named {
    Signatures(Vec<Signature>),
    Token(TokenScheme),
    Twilio(Signature),
    Meta(Signature),
    WooCommerce(Signature),
    Graph,
    Sns(KeyAlgorithm),
    Google,
}

impl Named {
    pub(crate) fn of(name: &str) -> Result<Self> {
        let hex = SignatureScheme::new;
        let base64 = |header| hex(header).with_encoding(SignatureEncoding::Base64);
        let sha256 = |header| hex(header).with_prefix("sha256=");
        let header = |name: &'static str| TimestampPlace::Header(name.into());
        let within = |prefix: &'static str| TimestampPlace::InSignature(prefix.into());
        let one = |scheme: SignatureScheme| Ok(Self::Signatures(vec![Signature::new(&scheme)?]));
        let token = |place| Ok(Self::Token(TokenScheme::new(place)));
        use TimestampForm::{HttpDate, Milliseconds, Rfc3339, Seconds};
        match name {
            "standard-webhooks" => standard("webhook"),
            "svix" => standard("svix"),
            "github" => one(sha256("x-hub-signature-256").with_id_header("x-github-delivery")),
            "stripe" => one(hex("stripe-signature")
                .with_signed("{timestamp}.{body}")
                .with_prefix("v1=")
                .with_separator(",")
                .with_timestamp(within("t="), Seconds)),
            "paddle" => one(hex("paddle-signature")
                .with_signed("{timestamp}:{body}")
                .with_prefix("h1=")
                .with_separator(";")
                .with_timestamp(within("ts="), Seconds)),
            "slack" => one(hex("x-slack-signature")
                .with_signed("v0:{timestamp}:{body}")
                .with_prefix("v0=")
                .with_timestamp(header("x-slack-request-timestamp"), Seconds)),
            "shopify" => one(base64("x-shopify-hmac-sha256").with_id_header("x-shopify-webhook-id")),
            "chatwoot" => one(sha256("x-chatwoot-signature")
                .with_signed("{timestamp}.{body}")
                .with_timestamp(header("x-chatwoot-timestamp"), Seconds)
                .with_id_header("x-chatwoot-delivery")),
            "zendesk" => one(base64("x-zendesk-webhook-signature")
                .with_signed("{timestamp}{body}")
                .with_timestamp(header("x-zendesk-webhook-signature-timestamp"), Rfc3339)),
            "square" => one(base64("x-square-hmacsha256-signature").with_signed("{url}{body}")),
            // The name of the header is not published; a host that sees another one says so by a scheme of its own.
            "visma" => one(base64("x-visma-signature")),
            "sendgrid" => one(base64("x-twilio-email-event-webhook-signature")
                .with_algorithm(SignatureAlgorithm::EcdsaP256Sha256)
                .with_signed("{timestamp}{body}")
                .with_timestamp(header("x-twilio-email-event-webhook-timestamp"), Seconds)),
            "hubspot" => {
                let scheme = base64("x-hubspot-signature-v3")
                    .with_signed("{method}{url}{body}{timestamp}")
                    .with_timestamp(header("x-hubspot-request-timestamp"), Milliseconds);
                let mut signature = Signature::new(&scheme)?;
                signature.addresses = hubspot::addresses;
                Ok(Self::Signatures(vec![signature]))
            }
            "xledger" => {
                let scheme = hex("x-xl-webhook-signature")
                    .with_signed("{timestamp}.{body}")
                    .with_encoding(SignatureEncoding::Base64Url)
                    .with_timestamp(header("date"), HttpDate)
                    .with_tolerance(Duration::from_secs(15 * 60));
                let mut signature = Signature::new(&scheme)?.with_key(Key::Base64Url);
                signature.signs_seconds = true;
                Ok(Self::Signatures(vec![signature]))
            }
            "twilio" => {
                let scheme = base64("x-twilio-signature")
                    .with_algorithm(SignatureAlgorithm::HmacSha1)
                    .with_signed("{url}{form}");
                let mut signature = Signature::new(&scheme)?;
                signature.addresses = twilio::addresses;
                Ok(Self::Twilio(signature))
            }
            "meta" => Ok(Self::Meta(Signature::new(&sha256("x-hub-signature-256"))?)),
            "woocommerce" => {
                let scheme = base64("x-wc-webhook-signature").with_id_header("x-wc-webhook-delivery-id");
                Ok(Self::WooCommerce(Signature::new(&scheme)?))
            }
            "microsoft-graph" => Ok(Self::Graph),
            "aws-sns" => Ok(Self::Sns(KeyAlgorithm::Rsa)),
            "aws-sns-sha1" => Ok(Self::Sns(KeyAlgorithm::RsaSha1)),
            "google-jwt" => Ok(Self::Google),
            "google-channel" => token(TokenPlace::Header("x-goog-channel-token".into())),
            "pipedrive" => token(TokenPlace::Basic),
            "tripletex" => token(TokenPlace::Header("authorization".into())),
            _ => Err(Error::unsupported("this scheme of webhooks").with_context("scheme", name)),
        }
    }
}

/// Standard Webhooks: HMAC-SHA-256 as `v1` under secrets `whsec_…`, and Ed25519 as `v1a` under public keys `whpk_…`.
fn standard(vendor: &str) -> Result<Named> {
    let scheme = SignatureScheme::new(format!("{vendor}-signature"))
        .with_signed("{id}.{timestamp}.{body}")
        .with_prefix("v1,")
        .with_separator(" ")
        .with_encoding(SignatureEncoding::Base64)
        .with_key(KeyForm::Base64)
        .with_id_header(format!("{vendor}-id"))
        .with_timestamp(TimestampPlace::Header(format!("{vendor}-timestamp").into()), TimestampForm::Seconds);
    let ed25519 = scheme.clone().with_prefix("v1a,").with_algorithm(SignatureAlgorithm::Ed25519);
    Ok(Named::Signatures(vec![Signature::new(&scheme)?, Signature::new(&ed25519)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_scheme() {
        for name in NAMES {
            assert!(Named::of(name).is_ok(), "{name}");
        }
        assert!(Named::of("GitHub").is_err(), "names are lower case");
    }
}
