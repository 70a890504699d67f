use tieline_document::{Member, Node, Value, did_you_mean};

use super::reader::{Reader, one_or_many};
use crate::description::{Auth, OAuth};

const SCHEMES: [&str; 6] = ["bearer", "header", "query", "basic", "oauth2", "none"];

impl Reader<'_> {
    pub(crate) fn auth(&mut self, node: &Node) -> Vec<Auth> {
        one_or_many(node).iter().filter_map(|one| self.scheme(one)).collect()
    }

    fn scheme(&mut self, node: &Node) -> Option<Auth> {
        match &node.value {
            Value::Text(word) => match word.as_str() {
                "bearer" => Some(Auth::Bearer { title: "Access token".to_owned() }),
                "basic" => Some(basic()),
                "none" => Some(Auth::None),
                other => {
                    let advice = match other {
                        "header" | "query" => format!("say its name: {{{other}: X-Api-Key}}"),
                        _ => did_you_mean(other, &SCHEMES),
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

    fn scheme_object(&mut self, node: &Node, members: &[Member]) -> Option<Auth> {
        let Some(scheme) = members.iter().find(|member| SCHEMES.contains(&member.name.as_str())) else {
            let known: &[&str] = &SCHEMES;
            match members.first() {
                Some(first) => {
                    let message = format!("there is no scheme {:?}", first.name);
                    let advice = did_you_mean(&first.name, known);
                    self.find_at(first.mark, first.name.chars().count(), message, Some(advice));
                }
                None => self.find(node, "a scheme is missing", Some(did_you_mean("", known))),
            }
            return None;
        };
        self.names(node, &[scheme.name.as_str(), "title", "prefix"]);
        let title = node.member("title").and_then(|title| self.text(title));
        let value = &scheme.node;
        Some(match scheme.name.as_str() {
            "bearer" => Auth::Bearer { title: self.text(value)? },
            "header" => Auth::Header {
                name: self.text(value)?.to_ascii_lowercase(),
                prefix: node.member("prefix").and_then(|prefix| self.text(prefix)).unwrap_or_default(),
                title: title.unwrap_or_else(|| "API key".to_owned()),
            },
            "query" => {
                Auth::Query { name: self.text(value)?, title: title.unwrap_or_else(|| "API key".to_owned()) }
            }
            "basic" => {
                self.names(value, &["user", "password"]);
                let mut basic = basic();
                if let Auth::Basic { user, password } = &mut basic {
                    for (name, title) in [("user", user), ("password", password)] {
                        if let Some(text) = value.member(name).and_then(|node| self.text(node)) {
                            *title = text;
                        }
                    }
                }
                basic
            }
            "oauth2" => Auth::OAuth(self.oauth(value)?),
            _ => Auth::None,
        })
    }

    fn oauth(&mut self, node: &Node) -> Option<OAuth> {
        if !self.object(node) {
            return None;
        }
        self.names(node, &["authorize", "token", "revoke", "client", "scopes", "pkce", "one_time"]);
        let Some(token) = node.member("token") else {
            self.find(
                node,
                "the setting \"token\" is missing",
                Some("say where tokens are asked for".to_owned()),
            );
            return None;
        };
        let address = |reader: &mut Self, node: Option<&Node>| {
            let node = node?;
            let text = reader.text(node)?;
            if !text.starts_with("https://") {
                reader.find(node, "an address of OAuth must begin with https://", None);
            }
            Some(text)
        };
        let token = address(self, Some(token))?;
        let authorize = address(self, node.member("authorize"));
        let revoke = address(self, node.member("revoke"));
        let client_in_body = node
            .member("client")
            .and_then(|node| self.word(node, &[("body", true), ("basic", false)]))
            .unwrap_or(false);
        let scopes = node.member("scopes").map(|node| self.texts(node)).unwrap_or_default();
        let mut flag = |name: &str| node.member(name).and_then(|node| self.flag(node)).unwrap_or(false);
        let (pkce, one_time) = (flag("pkce"), flag("one_time"));
        Some(OAuth { authorize, token, revoke, client_in_body, scopes, pkce, one_time })
    }
}

fn basic() -> Auth {
    Auth::Basic { user: "User".to_owned(), password: "Password".to_owned() }
}
