//! The settings of the ways to authenticate.

use super::{Form, Level, SettingLine};

const fn line(name: &'static str, form: Form, doc: &'static str) -> SettingLine {
    SettingLine { name, form, doc }
}

#[rustfmt::skip]
pub(super) const LEVELS: &[Level] = &[
    Level {
        name: "auth",
        title: "Authentication",
        includes: &[],
        settings: &[
            line("bearer", Form::Text, "`Authorization: Bearer`; the label of the token's field. Also as the word `bearer`."),
            line("header", Form::Text, "A key in this header, or the header of a signature."),
            line("prefix", Form::Text, "What stands before the key."),
            line("query", Form::Text, "A key in this query parameter."),
            line("cookie", Form::Text, "A key in this cookie."),
            line("basic", Form::Object("basic"), "User and password. Also as the word `basic`."),
            line("basic_user", Form::Text, "A key as the password of this user."),
            line("basic_password", Form::Text, "A key as the user with this password."),
            line("oauth2", Form::Object("oauth2"), "OAuth 2."),
            line("session", Form::Object("session"), "A login."),
            line("sigv4", Form::Object("sigv4"), "AWS Signature Version 4."),
            line("oauth1", Form::Object("oauth1"), "OAuth 1.0a."),
            line("hmac", Form::Object("hmac"), "An HMAC of each request."),
            line("all", Form::ListOf("auth"), "Several at once, each under a name of its own."),
            line("title", Form::Text, "The label of the secret's field."),
            line("field", Form::Text, "The name under which the secret is kept."),
            line("help", Form::Text, "One sentence of help."),
            line("example", Form::Text, "What it looks like."),
            line("optional", Form::Flag, "Whether it may be absent."),
        ],
    },
    Level {
        name: "basic",
        title: "User and password",
        includes: &[],
        settings: &[
            line("user", Form::Text, "The label of the user's field."),
            line("password", Form::Text, "The label of the password's field."),
        ],
    },
    Level {
        name: "oauth2",
        title: "OAuth 2",
        includes: &[],
        settings: &[
            line("authorize", Form::Text, "Where people consent; without it client credentials."),
            line("token", Form::Text, "Where tokens are asked for."),
            line("revoke", Form::Any, "Where they are revoked: an address, or `{url, hint}`."),
            line("client", Form::Choice(&["basic", "basic_unencoded", "body", "public"]), "How the client proves itself."),
            line("scopes", Form::Texts, "Scopes that are asked for."),
            line("optional_scopes", Form::Texts, "Scopes that an account may refuse."),
            line("separator", Form::Text, "What separates scopes: a space unless said."),
            line("grants", Form::Texts, "`code`, `client_credentials`, `jwt`."),
            line("pkce", Form::Flag, "Whether PKCE is used."),
            line("one_time", Form::Flag, "Whether a refresh token dies when it is used."),
            line("refresh", Form::Flag, "Whether there are refresh tokens."),
            line("authorize_params", Form::NamedTexts, "Further parameters of the consent."),
            line("token_params", Form::NamedTexts, "Further parameters of a token request."),
            line("token_headers", Form::Any, "Headers of token requests: `{NAME: {setting, grant}}`."),
            line("captures", Form::NamedTexts, "Settings that the token's answer gives: `{SETTING: PATH}`, or `claim NAME` of the token."),
            line("life", Form::Duration, "How long a token lives when the answer does not say."),
            line("unused_life", Form::Duration, "How long a refresh token lives unused."),
        ],
    },
    Level {
        name: "revocation",
        title: "The revocation of a token",
        includes: &[],
        settings: &[
            line("url", Form::Text, "Its address."),
            line("hint", Form::Text, "The `token_type_hint` that is sent."),
        ],
    },
    Level {
        name: "token_header",
        title: "A header of token requests",
        includes: &[],
        settings: &[
            line("setting", Form::Text, "The setting whose value it carries."),
            line("grant", Form::Choice(&["code", "client_credentials", "jwt"]), "The grant at which it is sent."),
        ],
    },
    Level {
        name: "session",
        title: "A login",
        includes: &[],
        settings: &[
            line("fields", Form::Any, "The fields of the login: `{NAME: LABEL}`, or `{NAME: {title, secret, optional}}`; they are words of it."),
            line("call", Form::Text, "The request: `POST /login`."),
            line("basic", Form::Texts, "Two fields that go as user and password."),
            line("headers", Form::NamedTexts, "Its headers."),
            line("body", Form::Any, "Its body; `<now:date>` is the day."),
            line("form", Form::NamedTexts, "Its body as a form."),
            line("token", Form::Object("session_token"), "Where the answer has the token, and where it goes."),
            line("tokens", Form::ListOf("session_token"), "Several of them."),
            line("life", Form::Duration, "How long a session lives."),
            line("csrf", Form::Object("csrf"), "The fetch of a token before writes."),
            line("logout", Form::Text, "The request that ends it."),
        ],
    },
    Level {
        name: "session_token",
        title: "A token of a session",
        includes: &[],
        settings: &[
            line("from", Form::Text, "A path, `cookie NAME`, or `header NAME` of the answer."),
            line("bearer", Form::Flag, "It goes as `Authorization: Bearer`."),
            line("header", Form::Text, "It goes into this header."),
            line("cookie", Form::Text, "It goes into this cookie."),
            line("prefix", Form::Text, "What stands before it."),
            line("optional", Form::Flag, "Whether the answer may lack it."),
            line("writes_only", Form::Flag, "Whether only writes carry it."),
        ],
    },
    Level {
        name: "csrf",
        title: "A token before writes",
        includes: &[],
        settings: &[
            line("call", Form::Text, "The request."),
            line("headers", Form::NamedTexts, "Its headers."),
            line("token", Form::Object("session_token"), "Where the answer has it, and where it goes."),
        ],
    },
    Level {
        name: "login_field",
        title: "A field of a login",
        includes: &[],
        settings: &[
            line("title", Form::Text, "Its label."),
            line("secret", Form::Flag, "Whether it is a secret: true unless said."),
            line("optional", Form::Flag, "Whether it may be absent."),
        ],
    },
    Level {
        name: "sigv4",
        title: "AWS Signature Version 4",
        includes: &[],
        settings: &[
            line("service", Form::Text, "The service."),
            line("region", Form::Text, "The region; `<SETTING>` names a setting."),
            line("session_token", Form::Flag, "Whether there is a session token."),
            line("encode_path_twice", Form::Flag, "Whether paths are encoded twice."),
            line("send_body_hash", Form::Flag, "Whether the hash of the body is sent."),
        ],
    },
    Level {
        name: "oauth1",
        title: "OAuth 1.0a",
        includes: &[],
        settings: &[
            line("method", Form::Text, "`hmac_sha1` or `hmac_sha256`."),
            line("realm", Form::Text, "The realm."),
            line("token", Form::Flag, "Whether there is a token beside the consumer."),
        ],
    },
    Level {
        name: "hmac",
        title: "An HMAC of each request",
        includes: &[],
        settings: &[
            line("key", Form::Text, "The field that is the key."),
            line("fields", Form::Any, "The fields of the secret."),
            line("key_encoding", Form::Text, "How the key is written."),
            line("hash", Form::Text, "The hash."),
            line("encoding", Form::Text, "How the signature is written."),
            line("message", Form::Texts, "What is signed."),
            line("headers", Form::NamedTexts, "The headers that carry the signature."),
        ],
    },
];
