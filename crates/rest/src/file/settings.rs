use tieline_document::{Node, Value, did_you_mean};

use super::entity::{LIST_WORDS, member_path};
use super::reader::{Reader, members};
use crate::description::{AccountRequest, ClockRequest, OtherAccounts, Setting, SettingChoices, SettingKind};

impl Reader<'_> {
    pub(super) fn all_settings(&mut self, node: &Node) -> Vec<(String, Setting)> {
        if !self.object(node) {
            return Vec::new();
        }
        // All names are words, also in the requests of `choices`.
        self.settings = members(node).iter().map(|member| member.name.clone()).collect();
        let mut settings = Vec::new();
        for member in members(node) {
            let is_word = member.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_word || LIST_WORDS.contains(&member.name.as_str()) {
                let message = format!("a setting cannot be called {:?}", member.name);
                let advice = "use letters, digits and _, and no word of the language".to_owned();
                self.find_at(member.mark, member.name.chars().count(), message, Some(advice));
            }
            settings.push((member.name.clone(), self.setting(&member.node)));
        }
        settings
    }

    fn setting(&mut self, node: &Node) -> Setting {
        let mut setting = Setting::default();
        if matches!(node.value, Value::Text(_)) {
            setting.title = self.text(node).unwrap_or_default();
            return setting;
        }
        if !self.object(node) {
            return setting;
        }
        self.names(node, &["title", "help", "example", "kind", "optional", "values", "choices", "default"]);
        for member in members(node) {
            let node = &member.node;
            match member.name.as_str() {
                "title" => setting.title = self.text(node).unwrap_or_default(),
                "help" => setting.help = self.text(node).unwrap_or_default(),
                "example" => setting.example = self.text(node).unwrap_or_default(),
                "kind" => {
                    let known = [
                        ("text", SettingKind::Text),
                        ("url", SettingKind::Url),
                        ("integer", SettingKind::Integer),
                        ("boolean", SettingKind::Boolean),
                    ];
                    setting.kind = self.word(node, &known).unwrap_or_default();
                }
                "optional" => setting.optional = self.flag(node).unwrap_or(false),
                "values" => {
                    setting.values = members(node)
                        .iter()
                        .filter_map(|value| Some((value.name.clone(), self.text(&value.node)?)))
                        .collect();
                }
                "choices" => setting.choices = self.choices(node),
                "default" => setting.default = self.text(node),
                _ => {}
            }
        }
        if let Some(default) = &setting.default
            && !setting.values.is_empty()
            && !setting.values.iter().any(|(value, _)| value == default)
        {
            let known: Vec<&str> = setting.values.iter().map(|(value, _)| value.as_str()).collect();
            let advice = did_you_mean(default, &known);
            self.find(node, format!("the default {default:?} is none of the values"), Some(advice));
        }
        setting
    }

    /// `{call: /accounts, records: data, value: id, title: name}`
    fn choices(&mut self, node: &Node) -> Option<SettingChoices> {
        let request = self.request(node, &[], &["value", "title"])?;
        let mut path = |name: &str, default: &str| {
            let given = node.member(name).and_then(|node| self.path(node));
            given.unwrap_or_else(|| member_path(default))
        };
        let (value, title) = (path("value", "id"), path("title", "name"));
        Some(SettingChoices { request, value, title })
    }

    pub(super) fn check(&mut self, node: &Node) -> Option<AccountRequest> {
        let request = self.request(node, &[], &["id", "name", "user", "others", "setting"])?;
        let others = node.member("others").and_then(|others| self.others(others));
        let mut path = |name: &str| node.member(name).and_then(|node| self.path(node));
        let (id, name, user) = (path("id"), path("name"), path("user"));
        let setting = node.member("setting").and_then(|setting| self.chosen(setting, others.is_some()));
        Some(AccountRequest { request, id, name, user, others, setting })
    }

    /// `{call: /time, at: now}`
    pub(super) fn clock(&mut self, node: &Node) -> Option<ClockRequest> {
        let request = self.request(node, &[], &["at"])?;
        let at = node.member("at").and_then(|node| self.path(node)).unwrap_or_default();
        Some(ClockRequest { request, at })
    }

    /// The setting that chooses one of the accounts.
    fn chosen(&mut self, node: &Node, has_others: bool) -> Option<String> {
        let name = self.text(node)?;
        if !has_others {
            let advice = "say where the accounts are: others: accounts".to_owned();
            self.find(node, "`setting` chooses one of `others`, which are missing", Some(advice));
        }
        if !self.settings.contains(&name) {
            let known: Vec<&str> = self.settings.iter().map(String::as_str).collect();
            let advice = did_you_mean(&name, &known);
            self.find(node, format!("there is no setting {name:?} of the connection"), Some(advice));
            return None;
        }
        Some(name)
    }

    /// A path to the list, or `{at: accounts, value: id, title: name}`.
    fn others(&mut self, node: &Node) -> Option<OtherAccounts> {
        let (value, title) = ("/id".to_owned(), "/name".to_owned());
        if !matches!(node.value, Value::Object(_)) {
            return Some(OtherAccounts { records: self.pointer(node)?, value, title });
        }
        self.names(node, &["at", "value", "title"]);
        let Some(records) = self.pointer_in(node, "at") else {
            self.find(
                node,
                "the setting \"at\" is missing",
                Some("say where the list is: at: accounts".to_owned()),
            );
            return None;
        };
        let value = self.pointer_in(node, "value").unwrap_or(value);
        let title = self.pointer_in(node, "title").unwrap_or(title);
        Some(OtherAccounts { records, value, title })
    }
}
