use tieline_core::{Capture, ClientAuth, Grant, OAuth2, RefreshPolicy, Revocation, Scope, TokenParam};
use tieline_document::{Node, Value};

use crate::file::reader::{Reader, members, one_or_many};

const KNOWN: [&str; 16] = [
    "authorize",
    "token",
    "revoke",
    "client",
    "scopes",
    "optional_scopes",
    "separator",
    "grants",
    "pkce",
    "one_time",
    "refresh",
    "authorize_params",
    "token_params",
    "captures",
    "life",
    "unused_life",
];

impl Reader<'_> {
    pub(super) fn oauth(&mut self, node: &Node) -> Option<OAuth2> {
        if !self.object(node) {
            return None;
        }
        self.names(node, &KNOWN);
        let Some(token) = node.member("token") else {
            let advice = "say where tokens are asked for".to_owned();
            self.find(node, "the setting \"token\" is missing", Some(advice));
            return None;
        };
        let token = self.oauth_address(token)?;
        let authorize = node.member("authorize").and_then(|node| self.oauth_address(node));
        let mut oauth = OAuth2::new(authorize.clone().unwrap_or_default(), token);
        if authorize.is_none() {
            oauth.grants = vec![Grant::ClientCredentials];
        }
        for member in members(node) {
            let node = &member.node;
            match member.name.as_str() {
                "revoke" => oauth.revocation = self.oauth_address(node).map(Revocation::new),
                "client" => {
                    let known = [
                        ("basic", ClientAuth::Basic),
                        ("basic_unencoded", ClientAuth::BasicUnencoded),
                        ("body", ClientAuth::Body),
                        ("public", ClientAuth::Public),
                    ];
                    oauth.client_auth = self.word(node, &known).unwrap_or(ClientAuth::Basic);
                }
                "scopes" => {
                    let scopes = self.texts(node).into_iter().map(|scope| Scope::new(scope.clone(), scope));
                    oauth.scopes.extend(scopes);
                }
                "optional_scopes" => {
                    let scopes = self.texts(node).into_iter();
                    oauth.scopes.extend(scopes.map(|scope| Scope::new(scope.clone(), scope).on_request()));
                }
                "separator" => oauth.scope_separator = self.text(node).unwrap_or_default().into(),
                "grants" => {
                    let known = [
                        ("code", Grant::AuthorizationCode),
                        ("client_credentials", Grant::ClientCredentials),
                        ("jwt", Grant::JwtBearer),
                    ];
                    oauth.grants =
                        one_or_many(node).iter().filter_map(|one| self.word(one, &known)).collect();
                }
                "pkce" => oauth.pkce = self.flag(node).unwrap_or(false),
                "one_time" if self.flag(node) == Some(true) => oauth.refresh = RefreshPolicy::one_time(),
                "refresh" if self.flag(node) == Some(false) => oauth.refresh = RefreshPolicy::none(),
                "authorize_params" => {
                    let pairs = self.pairs(node);
                    oauth.authorize_params =
                        pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
                }
                "token_params" => {
                    let pairs = self.pairs(node).into_iter();
                    oauth.token_params = pairs.map(|(name, value)| TokenParam::new(name, value)).collect();
                }
                // The setting, and the place in the answer of the token endpoint.
                "captures" => {
                    let pairs = self.pairs(node).into_iter();
                    oauth.captures = pairs.map(|(setting, path)| Capture::field(path, setting)).collect();
                }
                "life" => {
                    if let Some(life) = self.duration(node) {
                        oauth.access_token_life = life;
                    }
                }
                _ => {}
            }
        }
        if let Some(life) = node.member("unused_life").and_then(|node| self.duration(node)) {
            oauth.refresh = oauth.refresh.with_unused_life(life);
        }
        Some(oauth)
    }

    fn oauth_address(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if !text.starts_with("https://") {
            self.find(node, "an address of OAuth must begin with https://", None);
            return None;
        }
        Some(text)
    }

    /// An object of texts.
    pub(super) fn pairs(&mut self, node: &Node) -> Vec<(String, String)> {
        if !matches!(node.value, Value::Object(_)) {
            self.object(node);
            return Vec::new();
        }
        members(node)
            .iter()
            .filter_map(|member| Some((member.name.clone(), self.text(&member.node)?)))
            .collect()
    }
}
