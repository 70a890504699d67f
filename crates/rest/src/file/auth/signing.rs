use tieline_core::{
    Field, HmacSigning, OAuth1, OAuth1Method, SigV4, SignatureEncoding, Signing, SigningHash, SigningPart,
    TimestampForm,
};
use tieline_document::{Node, did_you_mean};

use crate::file::reader::{Reader, members, one_or_many};

const ENCODINGS: [(&str, SignatureEncoding); 3] = [
    ("hex", SignatureEncoding::Hex),
    ("base64", SignatureEncoding::Base64),
    ("base64url", SignatureEncoding::Base64Url),
];
/// The words of a signed message.
const WORDS: [&str; 14] = [
    "method",
    "host",
    "path",
    "query",
    "path_and_query",
    "url",
    "body",
    "body_hash",
    "body_hash_base64",
    "timestamp",
    "timestamp_ms",
    "timestamp_rfc3339",
    "nonce",
    "signature",
];

impl Reader<'_> {
    /// AWS Signature Version 4: `{service: ses, region: <region>}`.
    pub(super) fn sigv4(&mut self, node: &Node) -> Option<Signing> {
        if !self.object(node) {
            return None;
        }
        self.names(node, &["service", "region", "session_token", "encode_path_twice", "send_body_hash"]);
        let service = node.member("service").and_then(|node| self.text(node));
        let region = node.member("region").and_then(|node| self.signing_text(node, &[]));
        let (Some(service), Some(mut region)) = (service, region) else {
            let advice = "write {service: ses, region: eu-north-1}".to_owned();
            self.find(node, "a service and a region are missing", Some(advice));
            return None;
        };
        let region = match region.len() {
            1 => region.remove(0),
            _ => {
                self.find(node, "a region is a text or one setting", None);
                return None;
            }
        };
        let (access, secret) =
            (Field::text("access_key", "Access key id"), Field::secret("secret_key", "Secret access key"));
        let mut scheme = SigV4::new(access, secret, service, region);
        let mut flag =
            |name: &str, default: bool| node.member(name).and_then(|node| self.flag(node)).unwrap_or(default);
        scheme.encode_path_twice = flag("encode_path_twice", true);
        scheme.send_body_hash = flag("send_body_hash", false);
        if flag("session_token", false) {
            scheme.session_token = Some(Field::secret("session_token", "Session token").optional());
        }
        Some(Signing::SigV4(scheme))
    }

    /// OAuth 1.0a: `{method: hmac_sha256, realm: <account>}`.
    pub(super) fn oauth1(&mut self, node: &Node) -> Option<Signing> {
        if !self.object(node) {
            return None;
        }
        self.names(node, &["method", "realm", "token"]);
        let mut scheme = OAuth1::new(
            Field::text("consumer_key", "Consumer key"),
            Field::secret("consumer_secret", "Consumer secret"),
            Field::text("token", "Access token"),
            Field::secret("token_secret", "Access token secret"),
        );
        if let Some(method) = node.member("method") {
            let known = [
                ("hmac_sha1", OAuth1Method::HmacSha1),
                ("hmac_sha256", OAuth1Method::HmacSha256),
                ("plaintext", OAuth1Method::PlainText),
            ];
            scheme.method = self.word(method, &known).unwrap_or(OAuth1Method::HmacSha1);
        }
        if node.member("token").and_then(|node| self.flag(node)) == Some(false) {
            (scheme.token, scheme.token_secret) = (None, None);
        }
        scheme.realm = node
            .member("realm")
            .and_then(|node| self.signing_text(node, &[]))
            .and_then(|parts| parts.into_iter().next());
        Some(Signing::OAuth1(scheme))
    }

    /// An HMAC over parts of the request:
    /// `{key: API secret, fields: {..}, message: "<timestamp><method><path>", headers: {X-Signature: <signature>}}`.
    pub(super) fn hmac(&mut self, node: &Node) -> Option<Signing> {
        if !self.object(node) {
            return None;
        }
        self.names(node, &["key", "fields", "key_encoding", "hash", "encoding", "message", "headers"]);
        let title =
            node.member("key").and_then(|node| self.text(node)).unwrap_or_else(|| "Secret key".to_owned());
        let mut scheme = HmacSigning::new(Field::secret("key", title));
        if let Some(fields) = node.member("fields") {
            scheme.fields = self.secret_fields(fields);
        }
        let names: Vec<String> = scheme.fields.iter().map(|field| field.name.to_string()).collect();
        for member in members(node) {
            let at = &member.node;
            match member.name.as_str() {
                "key_encoding" => scheme.key_encoding = self.word(at, &ENCODINGS),
                "hash" => {
                    let known = [
                        ("sha1", SigningHash::Sha1),
                        ("sha256", SigningHash::Sha256),
                        ("sha512", SigningHash::Sha512),
                    ];
                    scheme.hash = self.word(at, &known).unwrap_or(SigningHash::Sha256);
                }
                "encoding" => scheme.encoding = self.word(at, &ENCODINGS).unwrap_or(SignatureEncoding::Hex),
                "message" => {
                    for one in one_or_many(at) {
                        scheme.message.extend(self.signing_text(one, &names).unwrap_or_default());
                    }
                }
                "headers" => {
                    for header in members(at) {
                        let value = self.signing_text(&header.node, &names).unwrap_or_default();
                        scheme.headers.push((header.name.to_ascii_lowercase().into(), value));
                    }
                }
                _ => {}
            }
        }
        let signs = scheme.headers.iter().any(|(_, parts)| parts.contains(&SigningPart::Signature));
        if scheme.message.is_empty() || !signs {
            let advice = "say what is signed and where it goes: message: \"<timestamp><body>\", headers: {X-Signature: <signature>}";
            self.find(node, "a signature needs a message and a header", Some(advice.to_owned()));
        }
        Some(Signing::Hmac(scheme))
    }

    /// A text of a signature. Its words are the parts of a request, the credential's fields and the settings.
    fn signing_text(&mut self, node: &Node, fields: &[String]) -> Option<Vec<SigningPart>> {
        let text = self.text(node)?;
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('<') {
            if !before.is_empty() {
                parts.push(SigningPart::text(before.to_owned()));
            }
            let Some((word, behind)) = after.split_once('>') else {
                self.find(node, "this word has no end", Some("close it with >".to_owned()));
                return None;
            };
            parts.push(self.signing_word(node, word, fields)?);
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(SigningPart::text(rest.to_owned()));
        }
        Some(parts)
    }

    fn signing_word(&mut self, node: &Node, word: &str, fields: &[String]) -> Option<SigningPart> {
        Some(match word {
            "method" => SigningPart::Method,
            "host" => SigningPart::Host,
            "path" => SigningPart::Path,
            "query" => SigningPart::Query,
            "path_and_query" => SigningPart::PathAndQuery,
            "url" => SigningPart::Url,
            "body" => SigningPart::Body,
            "body_hash" => SigningPart::BodyHash(SignatureEncoding::Hex),
            "body_hash_base64" => SigningPart::BodyHash(SignatureEncoding::Base64),
            "timestamp" => SigningPart::Timestamp(TimestampForm::Seconds),
            "timestamp_ms" => SigningPart::Timestamp(TimestampForm::Milliseconds),
            "timestamp_rfc3339" => SigningPart::Timestamp(TimestampForm::Rfc3339),
            "nonce" => SigningPart::Nonce,
            "signature" => SigningPart::Signature,
            field if fields.iter().any(|known| known == field) => SigningPart::field(field.to_owned()),
            setting if self.settings.iter().any(|known| known == setting) => {
                SigningPart::setting(setting.to_owned())
            }
            other => {
                let own = fields.iter().chain(&self.settings).map(String::as_str);
                let known: Vec<&str> = WORDS.iter().copied().chain(own).collect();
                let advice = did_you_mean(other, &known);
                self.find(node, format!("the word {other:?} is not known here"), Some(advice));
                return None;
            }
        })
    }
}
