//! Each scheme that has a name, with a vector that another program computed; and schemes that a host writes.

use tieline_core::SignatureEncoding;
use tieline_core::webhook::{SignatureAlgorithm, SignatureScheme, Verification};
use tieline_webhook::{Identity, Trust};

use crate::{Delivery, computed, signatures, text};

/// A delivery of each scheme with a signature over its content, as it should be accepted.
pub(crate) fn signed() -> Vec<(&'static str, Delivery)> {
    let all = signatures();
    let more = computed();
    let v = |pointer: &str| text(&all, pointer).to_owned();
    let c = |pointer: &str| text(&more, pointer).to_owned();
    let standard = |signature: &str, secret: &str| {
        Delivery::named("standard-webhooks", secret, &v("/standard_webhooks_v1/body"))
            .header("webhook-id", "msg_demo0001")
            .header("webhook-timestamp", "1767225600")
            .header("webhook-signature", signature)
    };
    let mixed = v("/standard_webhooks_v1a_ed25519/mixed_header_example");
    let public = v("/standard_webhooks_v1a_ed25519/public_key_serialized");
    let secret = v("/standard_webhooks_v1/secret");
    let body = |name: &'static str, vector: &str, header: &str| {
        Delivery::named(name, &v(&format!("/{vector}/secret")), &v(&format!("/{vector}/body")))
            .header(header, &v(&format!("/{vector}/value")))
    };
    let two = |name: &'static str, vector: &str, headers: [&str; 2]| {
        let mut delivery =
            Delivery::named(name, &v(&format!("/{vector}/secret")), &v(&format!("/{vector}/body")));
        for header in headers {
            delivery = delivery.header(header, &v(&format!("/{vector}/headers/{header}")));
        }
        delivery
    };
    let hubspot = |uri: &str, method: &str, body: &str, signature: &str| {
        Delivery::named("hubspot", &v("/hubspot_v3/client_secret"), body)
            .at(uri)
            .method(method)
            .header("x-hubspot-request-timestamp", "1767225600000")
            .header("x-hubspot-signature-v3", signature)
    };
    let twilio = |url: &str, body: &str, media_type: &str, signature: &str| {
        Delivery::named("twilio", "demo-twilio-token", body)
            .at(url)
            .header("content-type", media_type)
            .header("x-twilio-signature", signature)
    };
    let sendgrid = |key: &str| {
        Delivery::named("sendgrid", key, &c("/sendgrid/body"))
            .header("x-twilio-email-event-webhook-timestamp", "1767225600")
            .header("x-twilio-email-event-webhook-signature", &c("/sendgrid/signature"))
    };
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    vec![
        ("standard-webhooks", standard(&v("/standard_webhooks_v1/signature_header"), &secret)),
        ("standard-webhooks, the second signature", standard(&mixed, &secret)),
        ("standard-webhooks, ed25519", standard(&mixed, &public)),
        ("github", body("github", "github_sha256", "x-hub-signature-256")),
        (
            "github, published",
            Delivery::named("github", "It's a Secret to Everybody", "Hello, World!")
                .header("x-hub-signature-256", &v("/github_sha256_published_check/value")),
        ),
        ("stripe", body("stripe", "stripe_v1", "stripe-signature")),
        ("paddle", body("paddle", "paddle", "paddle-signature")),
        ("slack", two("slack", "slack_v0", ["X-Slack-Request-Timestamp", "X-Slack-Signature"])),
        ("shopify", body("shopify", "shopify", "x-shopify-hmac-sha256")),
        ("woocommerce", body("woocommerce", "woocommerce", "x-wc-webhook-signature")),
        ("chatwoot", two("chatwoot", "chatwoot", ["X-Chatwoot-Timestamp", "X-Chatwoot-Signature"])),
        (
            "zendesk",
            two(
                "zendesk",
                "zendesk",
                ["X-Zendesk-Webhook-Signature-Timestamp", "X-Zendesk-Webhook-Signature"],
            ),
        ),
        (
            "hubspot",
            hubspot(
                &v("/hubspot_v3/uri"),
                "POST",
                &v("/hubspot_v3/body"),
                &v("/hubspot_v3/headers/X-HubSpot-Signature-v3"),
            ),
        ),
        (
            "hubspot, escapes",
            hubspot(
                &v("/hubspot_v3_encoded_uri/uri_received"),
                "GET",
                "",
                &v("/hubspot_v3_encoded_uri/signature"),
            ),
        ),
        (
            "twilio",
            twilio(
                &v("/twilio_form/url"),
                "CallSid=CA1&Body=Hei+der&From=%2B4791234567",
                form,
                &v("/twilio_form/value"),
            ),
        ),
        (
            "twilio, json",
            twilio(
                &c("/twilio_json/url"),
                &c("/twilio_json/body"),
                "application/json",
                &c("/twilio_json/signature"),
            ),
        ),
        ("twilio, port", twilio(&c("/twilio_port/url"), "Body=x", form, &c("/twilio_port/signature"))),
        (
            "meta",
            Delivery::named("meta", &v("/meta_whatsapp/app_secret"), &v("/meta_whatsapp/body"))
                .header("x-hub-signature-256", &v("/meta_whatsapp/value")),
        ),
        (
            "square",
            body("square", "url_plus_body_base64", "x-square-hmacsha256-signature")
                .at(&v("/url_plus_body_base64/url")),
        ),
        ("sendgrid", sendgrid(&c("/sendgrid/public_key"))),
        ("sendgrid, pem", sendgrid(&c("/sendgrid/public_key_pem"))),
        (
            "xledger",
            Delivery::named("xledger", &c("/xledger/token"), &c("/xledger/body"))
                .header("date", &c("/xledger/date"))
                .header("x-xl-webhook-signature", &c("/xledger/signature")),
        ),
        (
            "visma",
            Delivery::named("visma", &c("/visma/secret"), &c("/visma/body"))
                .header("x-visma-signature", &c("/visma/signature")),
        ),
    ]
}

#[test]
fn what_each_provider_signs_is_accepted() {
    for (name, delivery) in signed() {
        let verified = delivery.verify().unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let is_empty = delivery.request.body().is_empty();
        assert!(verified.trust == Trust::Content, "{name}: {verified:?}");
        assert!(verified.identity.hash().is_some() || is_empty, "{name}");
    }
}

#[test]
fn schemes_that_a_host_writes() {
    let all = signatures();
    let scheme = |scheme: SignatureScheme, vector: &str| {
        let secret = text(&all, &format!("/{vector}/secret"));
        Delivery::of(Verification::Signature(scheme), secret, text(&all, &format!("/{vector}/body")))
            .header("x-signature", text(&all, &format!("/{vector}/value")))
    };
    let new = || SignatureScheme::new("x-signature");
    let sha1 = new().with_algorithm(SignatureAlgorithm::HmacSha1).with_prefix("sha1=");
    let sha512 = new().with_algorithm(SignatureAlgorithm::HmacSha512);
    let prefixed = new().with_prefix("sha256=").with_encoding(SignatureEncoding::Base64);
    assert!(scheme(sha1, "generic_body_sha1_hex").verify().is_ok());
    assert!(scheme(sha512.clone(), "generic_body_sha512_hex").verify().is_ok());
    assert!(scheme(prefixed, "generic_body_sha256_prefixed_base64").verify().is_ok());
    assert!(scheme(new(), "generic_body_sha512_hex").verify().is_err(), "the algorithm is the endpoint's");
    assert!(scheme(sha512, "generic_body_sha1_hex").verify().is_err());
}

#[test]
fn a_scheme_that_contradicts_itself_is_refused() {
    let new = |template: &'static str| {
        tieline_webhook::Verifier::new(&Verification::Signature(
            SignatureScheme::new("x-signature").with_signed(template),
        ))
    };
    for template in ["", "x", "{method}", "{body", "{nonce}{body}", "{timestamp}{body}", "{id}{body}"] {
        assert!(new(template).is_err(), "{template}");
    }
    assert!(new("{method}{url}{body}").is_ok());
    let upper = SignatureScheme::new("X-Signature");
    assert!(tieline_webhook::Verifier::new(&Verification::Signature(upper)).is_err());
    assert!(tieline_webhook::Verifier::new(&Verification::Named("unheard-of".into())).is_err());
}

#[test]
fn a_repeated_delivery_is_recognised_by_what_is_signed() {
    let by_name = |name: &str| {
        let (_, delivery) = signed().into_iter().find(|(other, _)| *other == name).unwrap();
        delivery
    };
    // A signed id counts, under whichever signature.
    let standard = by_name("standard-webhooks").verify().unwrap();
    assert!(matches!(standard.identity, Identity::Exact(_)));
    assert_eq!(standard.identity, by_name("standard-webhooks, ed25519").verify().unwrap().identity);
    assert!(standard.id.unwrap().signed);
    // An id that is not signed does not.
    let github = by_name("github");
    let one = github.clone().header("x-github-delivery", "1").verify().unwrap();
    let other = github.header("x-github-delivery", "2").verify().unwrap();
    assert!(!one.id.as_ref().unwrap().signed);
    assert_ne!(one.id, other.id);
    assert_eq!(one.identity, other.identity);
    assert!(matches!(one.identity, Identity::Content(_)), "the same bytes may tell of a later change");
    // A signed time makes two deliveries of the same text two.
    assert!(matches!(by_name("slack").verify().unwrap().identity, Identity::Exact(_)));
}
