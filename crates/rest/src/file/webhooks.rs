//! Webhooks: how a delivery is verified, what its events mean, and how they are subscribed to.

use std::time::Duration;

use tieline_core::webhook::{
    KeyForm, SignatureAlgorithm, SignatureScheme, TimestampPlace, TokenPlace, TokenScheme, Verification,
};
use tieline_core::{SignatureEncoding, TimestampForm};
use tieline_document::{Node, Value, did_you_mean};

use super::reader::{Reader, members, pointer};
use crate::description::{
    DeliveryPlace, Description, EventMeaning, EventRecord, SubscribeRequest, SubscriptionList, Webhooks,
};
use crate::template::WordName;

const KNOWN: [&str; 13] = [
    "verify",
    "unsigned_if",
    "account",
    "items",
    "id",
    "event",
    "echo",
    "events",
    "list",
    "subscribe",
    "renew",
    "unsubscribe",
    "life",
];
/// Schemes that the host's side knows by name.
const SCHEMES: [&str; 18] = [
    "standard-webhooks",
    "github",
    "stripe",
    "shopify",
    "slack",
    "hubspot",
    "twilio",
    "sendgrid",
    "aws-sns",
    "meta",
    "google-jwt",
    "microsoft-graph",
    "chatwoot",
    "pipedrive",
    "woocommerce",
    "xledger",
    "tripletex",
    "visma",
];
const SIGNATURE: [&str; 10] = [
    "header",
    "algorithm",
    "signed",
    "prefix",
    "separator",
    "encoding",
    "key",
    "id_header",
    "timestamp",
    "tolerance",
];
const ALGORITHMS: [(&str, SignatureAlgorithm); 6] = [
    ("hmac_sha1", SignatureAlgorithm::HmacSha1),
    ("hmac_sha256", SignatureAlgorithm::HmacSha256),
    ("hmac_sha512", SignatureAlgorithm::HmacSha512),
    ("ed25519", SignatureAlgorithm::Ed25519),
    ("ecdsa_p256_sha256", SignatureAlgorithm::EcdsaP256Sha256),
    ("rsa_sha256", SignatureAlgorithm::RsaSha256),
];
/// The words of the requests that subscribe.
const WORDS: [&str; 4] = ["callback", "events", "id", "secret"];

impl Reader<'_> {
    pub(crate) fn webhooks(&mut self, node: &Node) -> Option<Webhooks> {
        if !self.object(node) {
            return None;
        }
        self.names(node, &KNOWN);
        let verify = match node.member("verify") {
            Some(verify) => self.verification(verify)?,
            None => {
                let advice =
                    "say how a delivery is verified: verify: unsigned, or {header: x-signature}".to_owned();
                self.find(node, "the setting \"verify\" is missing", Some(advice));
                return None;
            }
        };
        let mut webhooks = Webhooks {
            verify,
            unsigned_if: Vec::new(),
            account: None,
            items: None,
            id: None,
            event: None,
            echo: None,
            events: Vec::new(),
            list: None,
            subscribe: None,
            renew: None,
            unsubscribe: None,
            life: None,
        };
        for member in members(node) {
            let at = &member.node;
            match member.name.as_str() {
                "unsigned_if" => webhooks.unsigned_if = self.unsigned_if(at),
                "account" => webhooks.account = self.delivery_place(at),
                "items" => webhooks.items = self.pointer(at),
                "id" => webhooks.id = self.delivery_place(at),
                "event" => webhooks.event = self.delivery_place(at),
                "echo" => webhooks.echo = self.delivery_place(at),
                "events" if self.object(at) => {
                    for event in members(at) {
                        let meaning = self.event(&event.node);
                        webhooks.events.extend(meaning.map(|meaning| (event.name.clone(), meaning)));
                    }
                }
                "list" => webhooks.list = self.subscription_list(at),
                "subscribe" => webhooks.subscribe = self.subscribe(at),
                "renew" => webhooks.renew = self.request(at, &WORDS, &[]),
                "unsubscribe" => webhooks.unsubscribe = self.request(at, &WORDS, &[]),
                "life" => webhooks.life = self.duration(at),
                _ => {}
            }
        }
        if webhooks.events.is_empty() {
            let advice =
                "say which record an event is about: events: {contact_*: {entity: contacts, key: id}}";
            self.find(node, "no event is named", Some(advice.to_owned()));
        }
        Some(webhooks)
    }

    fn unsigned_if(&mut self, node: &Node) -> Vec<(String, String)> {
        let pairs: Vec<(String, String)> = members(node)
            .iter()
            .filter_map(|member| Some((member.name.clone(), self.text(&member.node)?)))
            .collect();
        for (setting, _) in &pairs {
            if !self.settings.contains(setting) {
                let known: Vec<&str> = self.settings.iter().map(String::as_str).collect();
                let advice = did_you_mean(setting, &known);
                self.find(node, format!("there is no setting {setting:?} of a connection"), Some(advice));
            }
        }
        pairs
    }

    /// `header x-id`, `query challenge`, or a path into the body.
    fn delivery_place(&mut self, node: &Node) -> Option<DeliveryPlace> {
        let text = self.text(node)?;
        Some(match text.split_once(' ') {
            Some(("header", name)) => DeliveryPlace::Header(name.trim().to_ascii_lowercase()),
            Some(("query", name)) => DeliveryPlace::Query(name.trim().to_owned()),
            _ => DeliveryPlace::Body(pointer(&text)),
        })
    }

    fn verification(&mut self, node: &Node) -> Option<Verification> {
        match &node.value {
            Value::Text(text) if text == "unsigned" => Some(Verification::Unsigned),
            Value::Text(text) if SCHEMES.contains(&text.as_str()) => {
                Some(Verification::Named(text.clone().into()))
            }
            Value::Text(text) => {
                let known: Vec<&str> = SCHEMES.iter().copied().chain(["unsigned"]).collect();
                let advice = did_you_mean(text, &known);
                self.find(node, format!("there is no scheme of verification {text:?}"), Some(advice));
                None
            }
            Value::Object(_) if node.member("token").is_some() => {
                self.names(node, &["token"]);
                let text = node.member("token").and_then(|token| self.text(token))?;
                let place = match text.split_once(' ') {
                    Some(("header", name)) => TokenPlace::Header(name.trim().to_ascii_lowercase().into()),
                    Some(("query", name)) => TokenPlace::Query(name.trim().to_owned().into()),
                    _ if text == "basic" => TokenPlace::Basic,
                    _ => TokenPlace::Body(pointer(&text).into()),
                };
                Some(Verification::Token(TokenScheme::new(place)))
            }
            Value::Object(_) => self.signature(node).map(Verification::Signature),
            other => {
                let message =
                    format!("here stands {}, and should stand a scheme such as unsigned", other.kind());
                self.find(node, message, None);
                None
            }
        }
    }

    fn signature(&mut self, node: &Node) -> Option<SignatureScheme> {
        self.names(node, &SIGNATURE);
        let Some(header) = node.member("header").and_then(|node| self.text(node)) else {
            let advice = "say which header has the signature: header: x-signature".to_owned();
            self.find(node, "the setting \"header\" is missing", Some(advice));
            return None;
        };
        let mut scheme = SignatureScheme::new(header.to_ascii_lowercase());
        for member in members(node) {
            let at = &member.node;
            match member.name.as_str() {
                "algorithm" => scheme.algorithm = self.word(at, &ALGORITHMS)?,
                "signed" => {
                    let text = self.text(at)?;
                    self.check_signed(at, &text);
                    scheme.signed = text.into();
                }
                "prefix" => scheme.prefix = self.text(at)?.into(),
                "separator" => scheme.separator = self.text(at)?.into(),
                "encoding" => {
                    let known = [
                        ("hex", SignatureEncoding::Hex),
                        ("base64", SignatureEncoding::Base64),
                        ("base64url", SignatureEncoding::Base64Url),
                    ];
                    scheme.encoding = self.word(at, &known)?;
                }
                "key" => {
                    let known = [("text", KeyForm::Text), ("base64", KeyForm::Base64), ("hex", KeyForm::Hex)];
                    scheme.key = self.word(at, &known)?;
                }
                "id_header" => scheme.id_header = Some(self.text(at)?.to_ascii_lowercase().into()),
                "timestamp" => scheme.timestamp = self.timestamp(at),
                "tolerance" => scheme.tolerance = self.duration(at).unwrap_or(Duration::from_secs(300)),
                _ => {}
            }
        }
        Some(scheme)
    }

    /// `header x-timestamp`, `header x-timestamp ms`, `in signature t=`.
    fn timestamp(&mut self, node: &Node) -> Option<(TimestampPlace, TimestampForm)> {
        let text = self.text(node)?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let form = |word: Option<&&str>| match word {
            None | Some(&"seconds") => Some(TimestampForm::Seconds),
            Some(&"ms") => Some(TimestampForm::Milliseconds),
            Some(&"rfc3339") => Some(TimestampForm::Rfc3339),
            Some(&"rfc2822") => Some(TimestampForm::HttpDate),
            Some(_) => None,
        };
        let found = match words.as_slice() {
            ["header", name, rest @ ..] if rest.len() < 2 => form(rest.first())
                .map(|form| (TimestampPlace::Header(name.to_ascii_lowercase().into()), form)),
            ["in", "signature", prefix, rest @ ..] if rest.len() < 2 => form(rest.first())
                .map(|form| (TimestampPlace::InSignature((*prefix).to_owned().into()), form)),
            _ => None,
        };
        if found.is_none() {
            let advice = "write header x-timestamp, header x-timestamp ms, or in signature t=".to_owned();
            self.find(node, format!("{text:?} is no place of a time"), Some(advice));
        }
        found
    }

    fn check_signed(&mut self, node: &Node, text: &str) {
        let known = ["body", "timestamp", "id", "method", "url", "form"];
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('{') {
            let (word, behind) = after.split_once('}').unwrap_or((after, ""));
            if !known.contains(&word) {
                let message = format!("{word:?} is no part of a delivery that can be signed");
                self.find(node, message, Some(did_you_mean(word, &known)));
            }
            rest = behind;
        }
    }

    fn event(&mut self, node: &Node) -> Option<EventMeaning> {
        if let Value::Text(_) = &node.value {
            let known = ["disconnected", "missed", "nothing"];
            return match self.text(node)?.as_str() {
                "disconnected" => Some(EventMeaning::Disconnected),
                "missed" => Some(EventMeaning::Missed),
                "nothing" => Some(EventMeaning::Nothing),
                other => {
                    let message = format!("the word {other:?} is not known here");
                    self.find(node, message, Some(did_you_mean(other, &known)));
                    None
                }
            };
        }
        if !self.object(node) {
            return None;
        }
        self.names(node, &["entity", "key", "parent", "deleted", "into", "changed", "record", "names"]);
        let Some(entity) = node.member("entity").and_then(|node| self.text(node)) else {
            let advice = "say which entity it is about: entity: contacts".to_owned();
            self.find(node, "the setting \"entity\" is missing", Some(advice));
            return None;
        };
        Some(EventMeaning::Record(EventRecord {
            entity,
            key: self.pointer_in(node, "key"),
            parent: self.pointer_in(node, "parent"),
            deleted: node.member("deleted").and_then(|node| self.flag(node)).unwrap_or(false),
            into: self.pointer_in(node, "into"),
            changed: self.pointer_in(node, "changed"),
            record: self.pointer_in(node, "record"),
            names: node.member("names").map(|node| self.texts(node)).unwrap_or_default(),
        }))
    }

    fn subscribe(&mut self, node: &Node) -> Option<SubscribeRequest> {
        let request = self.request(node, &WORDS, &["id", "secret", "ends"])?;
        let id = self.pointer_in(node, "id").unwrap_or_else(|| "/id".to_owned());
        let (secret, ends) = (self.pointer_in(node, "secret"), self.pointer_in(node, "ends"));
        if !request.uses(&|word| *word == WordName::Callback) {
            let advice = "put <callback> where the address belongs".to_owned();
            self.find(node, "subscribe has no <callback>", Some(advice));
        }
        Some(SubscribeRequest { request, id, secret, ends })
    }

    fn subscription_list(&mut self, node: &Node) -> Option<SubscriptionList> {
        let request = self.request(node, &[], &["id", "url", "ends"])?;
        let records = request.walk.records.as_ref().map(ToString::to_string).unwrap_or_default();
        let id = self.pointer_in(node, "id").unwrap_or_else(|| "/id".to_owned());
        let url = self.pointer_in(node, "url").unwrap_or_else(|| "/url".to_owned());
        let ends = self.pointer_in(node, "ends");
        Some(SubscriptionList { request, records, id, url, ends })
    }

    /// Contradictions within the webhooks, and names of entities that do not exist.
    pub(super) fn check_webhooks(&mut self, node: &Node, description: &Description) {
        let (Some(node), Some(webhooks)) = (node.member("webhooks"), &description.webhooks) else { return };
        let names: Vec<&str> = description.entities.iter().map(|(name, _)| name.as_str()).collect();
        let uses_events = webhooks
            .subscribe
            .as_ref()
            .is_some_and(|own| own.request.uses(&|word| *word == WordName::Events));
        let marks = node.member("events").map(members).unwrap_or_default();
        for (name, meaning) in &webhooks.events {
            let EventMeaning::Record(record) = meaning else { continue };
            let Some(member) = marks.iter().find(|member| member.name == *name) else { continue };
            let at = member.node.member("entity").unwrap_or(&member.node);
            if !names.contains(&record.entity.as_str()) {
                let message = format!("there is no entity {:?}", record.entity);
                self.find(at, message, Some(did_you_mean(&record.entity, &names)));
            }
            if uses_events && name.contains('*') && record.names.is_empty() {
                let message = format!("<events> cannot name what {name:?} stands for");
                let advice = "write the provider's names of the events: names: [contact_created]".to_owned();
                self.find_at(member.mark, name.chars().count(), message, Some(advice));
            }
        }
        let marks: [(&str, bool); 2] =
            [("unsubscribe", webhooks.unsubscribe.is_some()), ("renew", webhooks.renew.is_some())];
        for (name, said) in marks {
            if said && webhooks.list.is_none() {
                let at = node.member(name).unwrap_or(node);
                let advice =
                    "say how they are listed: list: {call: /webhooks, records: data, id: id, url: url}";
                self.find(at, format!("{name} needs the list of subscriptions"), Some(advice.to_owned()));
            }
        }
        if webhooks.event.is_none() && webhooks.events.iter().any(|(name, _)| name != "*") {
            let advice = "say where its name is: event: type, or event: header x-event".to_owned();
            self.find(node, "events are named, and nothing says where an event has its name", Some(advice));
        }
    }
}
