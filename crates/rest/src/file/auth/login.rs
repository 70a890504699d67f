use tieline_core::http::Escape;
use tieline_core::{
    CsrfFetch, Field, KeyPlacement, LoginPart, Logout, SessionLogin, SessionToken, SessionValue,
};
use tieline_document::{Node, Value, did_you_mean};

use crate::description::{Base, Request};
use crate::file::reader::{Reader, members, one_or_many};
use crate::template::{Format, Part, Template, Tree, Word, WordName};

const KNOWN: [&str; 11] =
    ["fields", "call", "basic", "headers", "body", "form", "token", "tokens", "life", "csrf", "logout"];
const PLACES: [&str; 3] = ["bearer", "header", "cookie"];

impl Reader<'_> {
    /// A login whose answer holds what the requests after it carry.
    pub(super) fn session(&mut self, node: &Node) -> Option<SessionLogin> {
        if !self.object(node) {
            return None;
        }
        self.names(node, &KNOWN);
        let fields = node.member("fields").map(|node| self.secret_fields(node)).unwrap_or_default();
        // The fields are words of the login, beside the settings.
        let settings = self.settings.len();
        self.settings.extend(fields.iter().map(|field| field.name.to_string()));
        let login = self.login(node, fields);
        self.settings.truncate(settings);
        login
    }

    fn login(&mut self, node: &Node, fields: Vec<Field>) -> Option<SessionLogin> {
        let Some(call) = node.member("call") else {
            let advice = "write the login: call: POST /login".to_owned();
            self.find(node, "the setting \"call\" is missing", Some(advice));
            return None;
        };
        let request = self.call(call, &[])?;
        let path = self.login_path(call, &request)?;
        let mut values = match (node.member("token"), node.member("tokens")) {
            (Some(one), None) => self.session_value(one).into_iter().collect(),
            (None, Some(many)) => {
                one_or_many(many).iter().filter_map(|one| self.session_value(one)).collect()
            }
            _ => {
                let advice =
                    "say where the answer has it, and where it goes: token: {from: /token, bearer: true}";
                self.find(node, "a login needs a token", Some(advice.to_owned()));
                Vec::new()
            }
        };
        if values.is_empty() {
            return None;
        }
        self.check_days(
            call,
            &request.query.iter().filter_map(|query| query.value.clone()).collect::<Vec<_>>(),
        );
        let first = values.remove(0);
        let mut login = SessionLogin::new(path, first.token.clone(), first.placement.clone());
        login.values = std::iter::once(first).chain(values).collect();
        login.method = request.method;
        login.query = request
            .query
            .iter()
            .map(|query| {
                let value = query.value.as_ref().map(|value| parts(value, &fields, Some(Escape::Form)));
                (query.name.to_string().into(), value.unwrap_or_default())
            })
            .collect();
        for member in members(node) {
            let at = &member.node;
            match member.name.as_str() {
                "basic" => {
                    let pair: Vec<String> = self.texts(at);
                    match <[String; 2]>::try_from(pair) {
                        Ok([user, password]) => login.basic = Some((user.into(), password.into())),
                        Err(_) => self.find(at, "here should stand two fields: [user, password]", None),
                    }
                }
                "headers" => {
                    let headers = self.headers(at, &[]);
                    let values: Vec<Template> = headers.iter().map(|(_, value)| value.clone()).collect();
                    self.check_days(at, &values);
                    login.headers = headers
                        .into_iter()
                        .map(|(name, value)| (name.into(), parts(&value, &fields, None)))
                        .collect();
                }
                "body" => {
                    if let Some(tree) = self.tree(at, &[]) {
                        let mut words = Vec::new();
                        tree.visit(&mut |word| words.push(word.clone()));
                        self.check_day(at, &words);
                        json_parts(&tree, &fields, &mut login.body);
                    }
                }
                "form" => {
                    login.content_type = "application/x-www-form-urlencoded".into();
                    let members = self.templates(at, &[]);
                    let values: Vec<Template> = members.iter().map(|(_, value)| value.clone()).collect();
                    self.check_days(at, &values);
                    for (index, (name, value)) in members.into_iter().enumerate() {
                        let separator = if index > 0 { "&" } else { "" };
                        login.body.push(LoginPart::text(format!("{separator}{name}=")));
                        login.body.extend(parts(&value, &fields, Some(Escape::Form)));
                    }
                }
                "life" => login.life = self.duration(at),
                "csrf" => login.csrf = self.csrf(at),
                "logout" => {
                    if let Some(request) = self.call(at, &[])
                        && let Some(path) = self.login_path(at, &request)
                    {
                        login.logout = Some(Logout::new(request.method, path));
                    }
                }
                _ => {}
            }
        }
        login.fields = fields;
        Some(login)
    }

    fn check_days(&mut self, node: &Node, templates: &[Template]) {
        let words: Vec<Word> = templates.iter().flat_map(Template::words).cloned().collect();
        self.check_day(node, &words);
    }

    /// The one time that a login can send is a day.
    fn check_day(&mut self, node: &Node, words: &[Word]) {
        for word in words.iter().filter(|word| word.name == WordName::Now && word.format != Format::Date) {
            let advice = "write <now:date>, which is 2026-01-31".to_owned();
            self.find(node, format!("<{word}> in a login: only the day can be sent"), Some(advice));
        }
    }

    /// The path of a login below the account's own address.
    fn login_path(&mut self, node: &Node, request: &Request) -> Option<String> {
        let segments: Option<Vec<&str>> = request.path.iter().map(Template::as_text).collect();
        match segments {
            Some(segments) if request.base == Base::Api => Some(format!("/{}", segments.join("/"))),
            _ => {
                let advice = "write it from a slash on, without words: POST /login".to_owned();
                self.find(node, "a login is a path of the API", Some(advice));
                None
            }
        }
    }

    /// `{from: /token, bearer: true}`, `{from: cookie SID, cookie: SID}`, `{from: header X-Session, header: X-Session}`.
    fn session_value(&mut self, node: &Node) -> Option<SessionValue> {
        if !self.object(node) {
            return None;
        }
        self.names(node, &["from", "bearer", "header", "cookie", "prefix", "optional", "writes_only"]);
        let from = node.member("from").map(|node| self.text(node))??;
        let token = match from.split_once(' ') {
            Some(("cookie", name)) => SessionToken::cookie(name.trim().to_owned()),
            Some(("header", name)) => SessionToken::header(name.trim().to_ascii_lowercase()),
            _ => SessionToken::body(crate::file::reader::pointer(&from)),
        };
        let place = PLACES.iter().find_map(|name| Some((*name, node.member(name)?)));
        let placement = match place {
            Some(("bearer", _)) => KeyPlacement::prefixed("authorization", "Bearer "),
            Some((kind, value)) => self.placement(kind, value, node.member("prefix"))?,
            None => {
                self.find(node, "the place of the token is missing", Some(did_you_mean("", &PLACES)));
                return None;
            }
        };
        let mut flag = |name: &str| node.member(name).and_then(|node| self.flag(node)).unwrap_or(false);
        let mut value = SessionValue::new(token, placement);
        if flag("optional") {
            value = value.optional();
        }
        if flag("writes_only") {
            value = value.for_writes();
        }
        Some(value)
    }

    fn csrf(&mut self, node: &Node) -> Option<CsrfFetch> {
        self.names(node, &["call", "headers", "token"]);
        let call = node.member("call")?;
        let request = self.call(call, &[])?;
        let path = self.login_path(call, &request)?;
        let value = self.session_value(node.member("token")?)?;
        let mut csrf = CsrfFetch::new(path, value.token, value.placement);
        csrf.method = request.method;
        for member in node.member("headers").map(members).unwrap_or_default() {
            if let Value::Text(text) = &member.node.value {
                csrf = csrf.with_header(member.name.to_ascii_lowercase(), text.clone());
            }
        }
        Some(csrf)
    }
}

/// A text of a login: fields of the credential, settings, and the text between them.
fn parts(template: &Template, fields: &[Field], escape: Option<Escape>) -> Vec<LoginPart> {
    let part = |part: &Part| match part {
        Part::Text(text) => LoginPart::text(text.clone()),
        Part::Word(word) => match &word.name {
            WordName::Setting(name) if fields.iter().any(|field| field.name == *name) => {
                LoginPart::field(name.clone(), escape)
            }
            WordName::Setting(name) => LoginPart::setting(name.clone(), escape),
            // The one other word that a login knows is `<now:date>`.
            _ => LoginPart::day(0),
        },
    };
    template.parts.iter().map(part).collect()
}

/// A JSON body with fields and settings within its texts.
fn json_parts(tree: &Tree, fields: &[Field], out: &mut Vec<LoginPart>) {
    let text = |text: &str| LoginPart::text(text.to_owned());
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match tree {
        Tree::Raw(raw) => out.push(text(raw)),
        Tree::Word(word) => {
            out.push(text("\""));
            out.extend(parts(
                &Template { parts: vec![Part::Word(word.clone())] },
                fields,
                Some(Escape::Json),
            ));
            out.push(text("\""));
        }
        Tree::Text(template) => {
            out.push(text("\""));
            for part in &template.parts {
                match part {
                    Part::Text(plain) => {
                        let whole = quoted(plain);
                        out.push(text(whole.get(1..whole.len() - 1).unwrap_or_default()));
                    }
                    word => {
                        let one = Template { parts: vec![word.clone()] };
                        out.extend(parts(&one, fields, Some(Escape::Json)));
                    }
                }
            }
            out.push(text("\""));
        }
        Tree::List(items) => {
            out.push(text("["));
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(text(","));
                }
                json_parts(&item.tree, fields, out);
            }
            out.push(text("]"));
        }
        Tree::Object(members) => {
            out.push(text("{"));
            for (index, (name, tree)) in members.iter().enumerate() {
                out.push(text(&format!("{}{}:", if index > 0 { "," } else { "" }, quoted(name))));
                json_parts(tree, fields, out);
            }
            out.push(text("}"));
        }
    }
}
