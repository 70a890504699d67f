//! Amazon SNS: RSA over chosen members of the message, by a certificate of Amazon's.
//!
//! Anybody can make a topic and have Amazon sign its messages, so the topic's ARN takes the place of the secret.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tieline_core::TimestampForm;
use tieline_core::webhook::{DeliveryId, ReceiveRequest};
use url::Url;

use crate::once::json;
use crate::public_key::{KeyAlgorithm, certificate_key};
use crate::signature::{fresh, time};
use crate::token::is_in_force;
use crate::verified::hash_of_id;
use crate::{Identity, Refusal, Trust, Verified};

/// Amazon sends again for an hour, with the time of the first attempt.
const TOLERANCE: Duration = Duration::from_secs(65 * 60);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    #[serde(borrow, rename = "Type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    message_id: Cow<'a, str>,
    #[serde(borrow)]
    topic_arn: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    signature_version: Cow<'a, str>,
    #[serde(borrow)]
    signature: Cow<'a, str>,
    #[serde(borrow, rename = "SigningCertURL", alias = "SigningCertUrl")]
    certificate: Cow<'a, str>,
    #[serde(borrow)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "SubscribeURL")]
    subscribe: Option<Cow<'a, str>>,
    #[serde(borrow)]
    token: Option<Cow<'a, str>>,
}

impl Message<'_> {
    /// The signed text: names and values of chosen members, each on a line.
    fn signed(&self) -> Result<String, Refusal> {
        let mut lines = vec![("Message", &*self.message), ("MessageId", &*self.message_id)];
        match &*self.kind {
            "Notification" => {
                lines.extend(self.subject.as_deref().map(|subject| ("Subject", subject)));
                lines.push(("Timestamp", &self.timestamp));
            }
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
                let missing = || Refusal::malformed("the body");
                let subscribe = self.subscribe.as_deref().ok_or_else(missing)?;
                let token = self.token.as_deref().ok_or_else(missing)?;
                lines.extend([
                    ("SubscribeURL", subscribe),
                    ("Timestamp", &*self.timestamp),
                    ("Token", token),
                ]);
            }
            _ => return Err(Refusal::malformed("the body")),
        }
        lines.extend([("TopicArn", &*self.topic_arn), ("Type", &*self.kind)]);
        Ok(lines.into_iter().flat_map(|(name, value)| [name, "\n", value, "\n"]).collect())
    }
}

/// Returns an address when it is Amazon's own for SNS: a certificate's, or the one that confirms a subscription.
pub fn sns_address(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?;
    let region = host.strip_prefix("sns.")?;
    let region =
        region.strip_suffix(".amazonaws.com").or_else(|| region.strip_suffix(".amazonaws.com.cn"))?;
    let is_region = !region.is_empty()
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let is_plain = url.port().is_none() && url.username().is_empty() && url.password().is_none();
    (url.scheme() == "https" && is_region && is_plain).then_some(url)
}

pub(crate) fn key_address(delivery: &ReceiveRequest<'_>) -> Result<Url, Refusal> {
    let message: Message<'_> = json(delivery.request.body())?;
    // A message for another topic costs no request.
    topic_is_known(&message, delivery)?;
    let is_certificate = |url: &Url| url.path().ends_with(".pem") && url.query().is_none();
    sns_address(&message.certificate)
        .filter(is_certificate)
        .ok_or_else(|| Refusal::malformed("the certificate's address"))
}

fn topic_is_known(message: &Message<'_>, delivery: &ReceiveRequest<'_>) -> Result<(), Refusal> {
    if is_in_force(message.topic_arn.as_bytes(), delivery.secrets) {
        Ok(())
    } else {
        Err(Refusal::Misdirected("topic".into()))
    }
}

pub(crate) fn verify(
    algorithm: KeyAlgorithm,
    delivery: &ReceiveRequest<'_>,
    certificate: &[u8],
) -> Result<Verified, Refusal> {
    let message: Message<'_> = json(delivery.request.body())?;
    topic_is_known(&message, delivery)?;
    let version = if algorithm == KeyAlgorithm::Rsa { "2" } else { "1" };
    if message.signature_version != version {
        return Err(Refusal::malformed("the signature's version"));
    }
    let key = certificate_key(certificate).ok_or(Refusal::KeyUnavailable)?;
    let signature = STANDARD.decode(&*message.signature).map_err(|_| Refusal::malformed("the signature"))?;
    if !algorithm.verifies(&key, message.signed()?.as_bytes(), &signature) {
        return Err(Refusal::Signature { length_differs: false });
    }
    let at =
        time(&message.timestamp, TimestampForm::Rfc3339).ok_or_else(|| Refusal::malformed("the time"))?;
    fresh(at, delivery.now, TOLERANCE)?;
    let mut verified = Verified::new(Trust::Content);
    verified.signed_at = Some(at);
    verified.identity = Identity::Exact(hash_of_id(&message.message_id));
    verified.id = Some(DeliveryId::signed(message.message_id.into_owned()));
    Ok(verified)
}
