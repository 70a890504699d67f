//! What a token endpoint answers (RFC 6749, section 5.1), read as leniently as providers write it.

use std::fmt;
use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::scopes::split;

/// No token that is refreshed lives longer.
const LONGEST_LIFE: u64 = 400 * 24 * 3600;

/// A token answer. Neither its `Debug` nor an error shows anything of it.
pub(crate) struct TokenAnswer {
    access: AccessToken,
    kind: BasicTokenType,
    life: Option<Duration>,
    refresh: Option<RefreshToken>,
    scopes: Option<Vec<Scope>>,
    /// What else it says: `api_domain`.
    pub(crate) rest: Map<String, Value>,
}

impl TokenAnswer {
    fn read(mut members: Map<String, Value>) -> Result<Self, &'static str> {
        let access = match members.remove("access_token") {
            Some(Value::String(token)) if !token.trim().is_empty() => token,
            Some(Value::String(_) | Value::Null) | None => return Err("it holds no access_token"),
            Some(_) => return Err("its access_token is not a text"),
        };
        if !access.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("its access_token holds a character that a header cannot carry");
        }
        let kind = match members.remove("token_type") {
            Some(Value::String(kind)) if !kind.trim().eq_ignore_ascii_case("bearer") => {
                return Err("its token_type is not Bearer");
            }
            _ => BasicTokenType::Bearer,
        };
        let refresh = match members.remove("refresh_token") {
            Some(Value::String(token)) if !token.trim().is_empty() => Some(RefreshToken::new(token)),
            Some(Value::String(_) | Value::Null) | None => None,
            Some(_) => return Err("its refresh_token is not a text"),
        };
        Ok(Self {
            access: AccessToken::new(access),
            kind,
            life: members.remove("expires_in").as_ref().and_then(life),
            refresh,
            scopes: members.remove("scope").as_ref().and_then(scopes),
            rest: members,
        })
    }
}

/// Seconds as a number or as a text. What is not positive says nothing.
fn life(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    let whole = seconds.split('.').next().unwrap_or_default();
    let seconds: u64 = whole.parse().ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds.min(LONGEST_LIFE)))
}

/// Words parted by spaces or commas, or an array of them.
fn scopes(value: &Value) -> Option<Vec<Scope>> {
    let words = |text: &str| -> Vec<Scope> { split(text).map(|word| Scope::new(word.into())).collect() };
    match value {
        Value::String(text) => Some(words(text)),
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).flat_map(words).collect()),
        _ => None,
    }
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.kind
    }

    fn expires_in(&self) -> Option<Duration> {
        self.life
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        self.scopes.as_ref()
    }
}

impl<'de> Deserialize<'de> for TokenAnswer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As a value first: errors about types would quote what stands there.
        match Value::deserialize(deserializer)? {
            Value::Object(members) => Self::read(members).map_err(D::Error::custom),
            _ => Err(D::Error::custom("it is not a JSON object")),
        }
    }
}

/// The trait wants it; a token is written by the vault alone.
impl Serialize for TokenAnswer {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("a token answer is not written"))
    }
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenAnswer([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<TokenAnswer, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn lives_come_as_numbers_and_as_texts() {
        for (written, seconds) in [
            ("3600", Some(3600)),
            ("\"3599\"", Some(3599)),
            ("3599.9", Some(3599)),
            ("0", None),
            ("-5", None),
            ("null", None),
            ("\"soon\"", None),
            ("99999999999999999999", None),
            ("999999999999", Some(LONGEST_LIFE)),
        ] {
            let answer = read(&format!(r#"{{"access_token":"a","expires_in":{written}}}"#)).unwrap();
            assert_eq!(answer.expires_in().map(|life| life.as_secs()), seconds, "{written}");
        }
    }

    #[test]
    fn scopes_come_as_a_text_or_as_an_array() {
        for written in [r#""a b""#, r#""a,b""#, r#"["a","b"]"#, r#"["a b"]"#] {
            let answer = read(&format!(r#"{{"access_token":"t","scope":{written}}}"#)).unwrap();
            let names: Vec<&str> = answer.scopes().unwrap().iter().map(|scope| scope.as_str()).collect();
            assert_eq!(names, ["a", "b"], "{written}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_what_stands_there() {
        let errors: Vec<String> = [
            "[]",
            "\"s3cret\"",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":{"s3cret":1}}"#,
            r#"{"access_token":"s3cret\n"}"#,
            r#"{"access_token":"a","token_type":"s3cret"}"#,
            r#"{"access_token":"a","refresh_token":["s3cret"]}"#,
            r#"{"access_token":"s3cret"#,
        ]
        .iter()
        .map(|json| read(json).unwrap_err())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        it is not a JSON object
        it is not a JSON object
        it holds no access_token
        it holds no access_token
        its access_token is not a text
        its access_token holds a character that a header cannot carry
        its token_type is not Bearer
        its refresh_token is not a text
        EOF while parsing a string at line 1 column 23
        ");
    }
}
