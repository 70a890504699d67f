//! The ways to authenticate: which secret a person is asked for, and where it goes.

mod login;
mod oauth;
mod signing;

use tieline_core::{AuthScheme, Field, KeyPlacement};
use tieline_document::{Member, Node, Value, did_you_mean};

use super::reader::{Reader, members, one_or_many};

const SCHEMES: [&str; 13] = [
    "bearer",
    "header",
    "query",
    "cookie",
    "basic",
    "basic_user",
    "basic_password",
    "oauth2",
    "session",
    "sigv4",
    "oauth1",
    "hmac",
    "all",
];
/// The settings of a secret's field.
const FIELD: [&str; 5] = ["title", "field", "help", "example", "optional"];

impl Reader<'_> {
    pub(crate) fn auth(&mut self, node: &Node) -> Vec<AuthScheme> {
        one_or_many(node).iter().filter_map(|one| self.scheme(one)).collect()
    }

    fn scheme(&mut self, node: &Node) -> Option<AuthScheme> {
        match &node.value {
            Value::Text(word) => match word.as_str() {
                "bearer" => Some(AuthScheme::bearer(Field::secret("token", "Access token"))),
                "basic" => Some(basic("User".to_owned(), "Password".to_owned())),
                "none" => None,
                other => {
                    let advice = match other {
                        "header" | "query" | "cookie" => format!("say its name: {{{other}: X-Api-Key}}"),
                        _ => did_you_mean(other, &["bearer", "basic", "none"]),
                    };
                    self.find(node, format!("the word {other:?} is not known here"), Some(advice));
                    None
                }
            },
            Value::Object(members) => self.scheme_object(node, members),
            other => {
                let message =
                    format!("here stands {}, and should stand a scheme such as bearer", other.kind());
                self.find(node, message, None);
                None
            }
        }
    }

    fn scheme_object(&mut self, node: &Node, members: &[Member]) -> Option<AuthScheme> {
        let Some(scheme) = members.iter().find(|member| SCHEMES.contains(&member.name.as_str())) else {
            match members.first() {
                Some(first) => {
                    let message = format!("there is no scheme {:?}", first.name);
                    let advice = did_you_mean(&first.name, &SCHEMES);
                    self.find_at(first.mark, first.name.chars().count(), message, Some(advice));
                }
                None => self.find(node, "a scheme is missing", Some(did_you_mean("", &SCHEMES))),
            }
            return None;
        };
        let name = scheme.name.as_str();
        let value = &scheme.node;
        let known: Vec<&str> = match name {
            "basic" | "oauth2" | "session" | "sigv4" | "oauth1" | "hmac" | "all" => vec![name],
            "header" => [&FIELD[..], &["header", "prefix"]].concat(),
            _ => [&FIELD[..], &[name]].concat(),
        };
        self.names(node, &known);
        Some(match name {
            "bearer" => {
                let title = self.text(value)?;
                AuthScheme::bearer(self.field(node, "token", &title))
            }
            "basic" => {
                self.names(value, &["user", "password"]);
                let mut title = |name: &str, default: &str| {
                    let given = value.member(name).and_then(|node| self.text(node));
                    given.unwrap_or_else(|| default.to_owned())
                };
                basic(title("user", "User"), title("password", "Password"))
            }
            "oauth2" => AuthScheme::OAuth2(self.oauth(value)?),
            "session" => AuthScheme::Session(self.session(value)?),
            "sigv4" => AuthScheme::Signed(self.sigv4(value)?),
            "oauth1" => AuthScheme::Signed(self.oauth1(value)?),
            "hmac" => AuthScheme::Signed(self.hmac(value)?),
            "all" => AuthScheme::All(self.all(value)),
            _ => {
                let placement = self.placement(name, value, node.member("prefix"))?;
                AuthScheme::api_key(placement, self.field(node, "api_key", "API key"))
            }
        })
    }

    /// Several secrets at once. Two that are kept under one name would be one.
    fn all(&mut self, node: &Node) -> Vec<AuthScheme> {
        let schemes = self.auth(node);
        let mut seen: Vec<String> = Vec::new();
        for field in schemes.iter().flat_map(AuthScheme::fields) {
            let name = field.name.to_string();
            if seen.contains(&name) {
                let message = format!("two secrets are kept under the name {name:?}");
                self.find(node, message, Some("give each a name of its own: field: NAME".to_owned()));
            }
            seen.push(name);
        }
        schemes
    }

    /// The place of a key: `{header: X-Key, prefix: 'Token '}`, `{cookie: sid}`.
    pub(super) fn placement(
        &mut self,
        kind: &str,
        value: &Node,
        prefix: Option<&Node>,
    ) -> Option<KeyPlacement> {
        let text = self.text(value)?;
        Some(match kind {
            "header" => {
                if text.parse::<http::HeaderName>().is_err() {
                    self.find(value, format!("{text:?} is no name of a header"), None);
                    return None;
                }
                let prefix = prefix.and_then(|prefix| self.text(prefix)).unwrap_or_default();
                KeyPlacement::prefixed(text.to_ascii_lowercase(), prefix)
            }
            "query" => KeyPlacement::query(text),
            "cookie" => KeyPlacement::cookie(text),
            // The text is the other half of the pair.
            "basic_user" => KeyPlacement::basic_user(text),
            _ => KeyPlacement::basic_password(text),
        })
    }

    /// The form field of a secret.
    fn field(&mut self, node: &Node, name: &str, title: &str) -> Field {
        let mut text = |member: &str| node.member(member).and_then(|node| self.text(node));
        let name = text("field").unwrap_or_else(|| name.to_owned());
        let title = text("title").unwrap_or_else(|| title.to_owned());
        let (help, example) = (text("help").unwrap_or_default(), text("example").unwrap_or_default());
        let field = Field::secret(name, title).with_help(help).with_example(example);
        let optional = node.member("optional").and_then(|node| self.flag(node)).unwrap_or(false);
        if optional { field.optional() } else { field }
    }

    /// The fields of a login or signature: `{user: User name, password: {title: Password, secret: true}}`. A field is a
    /// secret unless it says `secret: false`.
    fn secret_fields(&mut self, node: &Node) -> Vec<Field> {
        if !self.object(node) {
            return Vec::new();
        }
        let mut fields = Vec::new();
        for member in members(node) {
            let name = member.name.clone();
            let (title, secret, optional) = match &member.node.value {
                Value::Object(_) => {
                    self.names(&member.node, &["title", "secret", "optional"]);
                    let title = member.node.member("title").and_then(|node| self.text(node));
                    let mut flag = |name: &str, default: bool| {
                        member.node.member(name).and_then(|node| self.flag(node)).unwrap_or(default)
                    };
                    (title.unwrap_or_else(|| name.clone()), flag("secret", true), flag("optional", false))
                }
                _ => (self.text(&member.node).unwrap_or_default(), true, false),
            };
            let field = if secret { Field::secret(name, title) } else { Field::text(name, title) };
            fields.push(if optional { field.optional() } else { field });
        }
        fields
    }
}

fn basic(user: String, password: String) -> AuthScheme {
    AuthScheme::basic(Field::text("user", user), Field::secret("password", password))
}
