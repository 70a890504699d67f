use tieline_core::{
    Capture, ClientAuth, Grant, OAuth2, RefreshPolicy, Revocation, Scope, SettingHeader, TokenParam,
};
use tieline_document::{Node, Value};

use crate::file::reader::{Reader, members, one_or_many};

const KNOWN: [&str; 17] = [
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
    "token_headers",
    "captures",
    "life",
    "unused_life",
];

const GRANTS: [(&str, Grant); 3] = [
    ("code", Grant::AuthorizationCode),
    ("client_credentials", Grant::ClientCredentials),
    ("jwt", Grant::JwtBearer),
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
                "revoke" => oauth.revocation = self.revocation(node),
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
                    let scopes = self.scopes(node).into_iter();
                    oauth.scopes.extend(scopes.map(|(scope, title)| Scope::new(scope, title)));
                }
                "optional_scopes" => {
                    let scopes = self.scopes(node).into_iter();
                    oauth.scopes.extend(scopes.map(|(scope, title)| Scope::new(scope, title).on_request()));
                }
                "separator" => oauth.scope_separator = self.text(node).unwrap_or_default().into(),
                "grants" => {
                    oauth.grants =
                        one_or_many(node).iter().filter_map(|one| self.word(one, &GRANTS)).collect();
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
                "token_headers" => oauth.token_headers = self.token_headers(node),
                // The setting, and the place in the answer of the token endpoint, or in the claims of its access token.
                "captures" => {
                    let pairs = self.pairs(node).into_iter();
                    let capture = |(setting, path): (String, String)| match path.strip_prefix("claim ") {
                        Some(claim) => Capture::claim(claim.to_owned(), setting),
                        None => Capture::field(path, setting),
                    };
                    oauth.captures = pairs.map(capture).collect();
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

    /// An address, or one with a `token_type_hint`: `{url: …, hint: refresh_token}`.
    fn revocation(&mut self, node: &Node) -> Option<Revocation> {
        if !matches!(node.value, Value::Object(_)) {
            return self.oauth_address(node).map(Revocation::new);
        }
        self.names(node, &["url", "hint"]);
        let revocation = Revocation::new(node.member("url").and_then(|url| self.oauth_address(url))?);
        Some(match node.member("hint").and_then(|hint| self.text(hint)) {
            Some(hint) => revocation.with_hint(hint),
            None => revocation,
        })
    }

    /// Scopes by name, with titles where they are an object.
    fn scopes(&mut self, node: &Node) -> Vec<(String, String)> {
        match &node.value {
            Value::Object(_) => self.pairs(node),
            _ => self.texts(node).into_iter().map(|scope| (scope.clone(), scope)).collect(),
        }
    }

    /// Headers that carry a setting: `{tenantid: {setting: tenant_id, grant: client_credentials}}`.
    fn token_headers(&mut self, node: &Node) -> Vec<SettingHeader> {
        if !self.object(node) {
            return Vec::new();
        }
        let mut headers = Vec::new();
        for member in members(node) {
            self.names(&member.node, &["setting", "grant"]);
            let setting = member.node.member("setting").and_then(|setting| self.text(setting));
            let grant = member.node.member("grant").and_then(|grant| self.word(grant, &GRANTS));
            let (Some(setting), Some(grant)) = (setting, grant) else {
                let advice = "write NAME: {setting: NAME, grant: client_credentials}".to_owned();
                self.find(&member.node, "a header of token requests has a setting and a grant", Some(advice));
                continue;
            };
            headers.push(SettingHeader::new(member.name.to_ascii_lowercase(), setting, grant));
        }
        headers
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
