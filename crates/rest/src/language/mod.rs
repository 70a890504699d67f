//! The settings and words of the language with a line each: the source of the JSON Schema and of the reference.

mod auth;
mod reference;
mod schema;
mod settings;
mod words;

pub use self::reference::reference;
pub use self::schema::schema;

/// A setting of a level of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SettingLine {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) doc: &'static str,
}

const fn line(name: &'static str, form: Form, doc: &'static str) -> SettingLine {
    SettingLine { name, form, doc }
}

/// The form of a setting's value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Text,
    Flag,
    Count,
    /// `10s`, `5m`, `7d`.
    Duration,
    /// A path into JSON.
    Path,
    /// A path, or `header NAME`.
    Place,
    /// A text, or a list of them.
    Texts,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A request: a text, or an object with `call`.
    Request,
    /// One request, or several.
    Requests,
    /// A request with the settings of another level as well.
    RequestWith(&'static str),
    /// An object of a level.
    Object(&'static str),
    /// A text, or an object of a level.
    TextOr(&'static str),
    /// Names, each with a value of a level, or a text in its place.
    Named(&'static str),
    /// Names, each with a text.
    NamedTexts,
    /// Names, each with a request.
    NamedRequests,
    /// A list of objects of a level.
    ListOf(&'static str),
    /// Anything.
    Any,
}

/// A level of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) settings: &'static [SettingLine],
    /// Levels whose settings may stand here as well.
    pub(crate) includes: &'static [&'static str],
}

/// All levels, in the order of the reference.
pub(crate) fn levels() -> impl Iterator<Item = &'static Level> {
    settings::LEVELS.iter().chain(auth::LEVELS)
}

pub(crate) fn level(name: &str) -> Option<&'static Level> {
    levels().find(|level| level.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names that the reader of files knows, from its own source.
    fn read_names() -> Vec<(&'static str, String)> {
        let sources = [
            ("mod.rs", include_str!("../file/mod.rs")),
            ("reader.rs", include_str!("../file/reader.rs")),
            ("entity.rs", include_str!("../file/entity.rs")),
            ("walk.rs", include_str!("../file/walk.rs")),
            ("request.rs", include_str!("../file/request.rs")),
            ("settings.rs", include_str!("../file/settings.rs")),
            ("errors.rs", include_str!("../file/errors.rs")),
            ("webhooks.rs", include_str!("../file/webhooks.rs")),
            ("auth/mod.rs", include_str!("../file/auth/mod.rs")),
            ("auth/oauth.rs", include_str!("../file/auth/oauth.rs")),
            ("auth/login.rs", include_str!("../file/auth/login.rs")),
            ("auth/signing.rs", include_str!("../file/auth/signing.rs")),
        ];
        let begins = [
            ("self.names(", ");"),
            ("const TOP:", "];"),
            ("const ENTITY:", "];"),
            ("const WALK:", "];"),
            ("const REQUEST:", "];"),
            ("const KNOWN:", "];"),
        ];
        let mut found = Vec::new();
        for (file, source) in sources {
            for (begin, end) in begins {
                for (at, _) in source.match_indices(begin) {
                    let rest = source.get(at..).unwrap_or_default();
                    let statement = rest.split(end).next().unwrap_or_default();
                    // Quoted texts stand at odd places.
                    let texts = statement.split('"').enumerate().filter(|(index, _)| index % 2 == 1);
                    found.extend(texts.map(|(_, text)| (file, text.to_owned())));
                }
            }
        }
        found
    }

    #[test]
    fn every_setting_that_is_read_has_its_line() {
        let lines: BTreeSet<&str> =
            levels().flat_map(|level| level.settings).map(|setting| setting.name).collect();
        let read = read_names();
        assert!(read.len() > 150, "{}", read.len());
        let missing: BTreeSet<_> = read.iter().filter(|(_, name)| !lines.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "say in crates/rest/src/language what these settings are: {missing:?}");
        let read: BTreeSet<&str> = read.iter().map(|(_, name)| name.as_str()).collect();
        for level in levels() {
            for name in level.includes {
                assert!(super::level(name).is_some(), "{name}");
            }
            for setting in level.settings {
                assert!(setting.doc.ends_with('.'), "{}", setting.name);
                let is_read = read.contains(setting.name) || SPELLED_OUT.contains(&setting.name);
                assert!(is_read, "nothing reads {:?} of {}", setting.name, level.name);
            }
        }
    }

    /// Settings that stand beside those of a request, and the ways to authenticate, whose lists are no statement of
    /// their own.
    const SPELLED_OUT: &[&str] = &[
        "name",
        "title",
        "type",
        "under",
        "value",
        "id",
        "user",
        "others",
        "setting",
        "at",
        "secret",
        "ends",
        "url",
        "bearer",
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
        "header",
        "field",
        "help",
        "example",
        "optional",
        "prefix",
        "status",
        "code",
        "is",
        "text",
        "html",
        "for",
        "error",
        "about",
        "wait",
        "resend",
        "advice",
        "algorithm",
        "signed",
        "separator",
        "encoding",
        "key",
        "id_header",
        "timestamp",
        "tolerance",
        "token",
    ];
}
