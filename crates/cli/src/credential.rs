//! The credential: from the environment or from a private file, never from an argument.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Visitor};
use tieline::{
    AuthScheme, ConnectorSpec, Credential, Environment, Error, ErrorKind, Fields, IntoCredential, Result,
};
use zeroize::Zeroizing;

use crate::encoding;

pub(crate) const VARIABLE: &str = "TIELINE_CREDENTIAL";
const LARGEST: u64 = 64 << 10;

/// What a person entered, where they did.
pub(crate) fn fields(file: Option<&Path>, spec: &ConnectorSpec) -> Result<Option<Fields>> {
    let Some((place, members)) = members(file, spec)? else { return Ok(None) };
    let given: Vec<_> = members.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    // Whether they fit is said by the same words as everywhere.
    bind(members, spec).map_err(|why| unreadable(&place, &why, spec))?;
    Ok(Some(Fields::new(given)))
}

/// The variables that `import-env` reads, joined by "and", the ways by "or".
pub(crate) fn variables(spec: &ConnectorSpec) -> String {
    let ways = filled_in(spec).map(|scheme| {
        let names = scheme.fields().into_iter().map(|field| Environment::variable(&spec.id, &field.name));
        names.collect::<Vec<_>>().join(" and ")
    });
    ways.collect::<Vec<_>>().join(", or ")
}

/// Reads the credential and binds it to the scheme whose fields it has. No message holds a value of it.
pub(crate) fn read(file: Option<&Path>, spec: &ConnectorSpec) -> Result<Arc<dyn Credential>> {
    let (place, members) = members(file, spec)?.ok_or_else(|| absent(spec))?;
    bind(members, spec).map_err(|why| unreadable(&place, &why, spec))
}

/// What was given, and where. `None` when nothing was.
fn members(file: Option<&Path>, spec: &ConnectorSpec) -> Result<Option<(String, Members)>> {
    let (place, json) = match file {
        Some(path) => (
            format!("the credential file {path:?}"),
            read_file(path, LARGEST, "credential", |file| private(path, file))?,
        ),
        None => match std::env::var(VARIABLE) {
            Ok(json) => {
                let json = Zeroizing::new(json);
                let text = encoding::without_mark(&json);
                (VARIABLE.to_owned(), Zeroizing::new(text.as_bytes().to_vec()))
            }
            Err(std::env::VarError::NotPresent) => return Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => return Err(unreadable(VARIABLE, "is not UTF-8", spec)),
        },
    };
    if json.iter().all(u8::is_ascii_whitespace) {
        return Err(unreadable(&place, "is empty", spec));
    }
    let members = parse(&json).map_err(|why| unreadable(&place, &why, spec))?;
    Ok(Some((place, members)))
}

pub(crate) fn absent(spec: &ConnectorSpec) -> Error {
    Error::new(ErrorKind::Config, format!("there is no credential for {}", spec.title)).with_advice(format!(
        "set {VARIABLE} to {}, or name a private file that holds it with --credential-file",
        example(spec)
    ))
}

fn unreadable(place: &str, why: &str, spec: &ConnectorSpec) -> Error {
    Error::new(ErrorKind::Config, format!("{place} {why}")).with_advice(format!(
        "{} takes {}",
        spec.title,
        example(spec)
    ))
}

/// What a credential looks like: `{"api_token":"…"}`, or such objects joined by "or".
pub(crate) fn example(spec: &ConnectorSpec) -> String {
    let schemes = filled_in(spec).map(|scheme| {
        let members: Vec<_> =
            scheme.fields().into_iter().map(|field| format!("\"{}\":\"…\"", field.name)).collect();
        format!("{{{}}}", members.join(","))
    });
    schemes.collect::<Vec<_>>().join(" or ")
}

/// The schemes whose secrets a person writes down. OAuth has none: there a person consents.
fn filled_in(spec: &ConnectorSpec) -> impl Iterator<Item = &AuthScheme> {
    spec.auth.iter().filter(|scheme| !scheme.fields().is_empty())
}

type Members = BTreeMap<String, SecretString>;

/// Parses without ever showing what stood there: serde's own messages quote values.
fn parse(json: &[u8]) -> Result<Members, String> {
    let members: BTreeMap<String, Secret> = serde_json::from_slice(json).map_err(|error| {
        if error.is_data() {
            "is not a JSON object of texts".to_owned()
        } else {
            format!("is not JSON (line {}, column {})", error.line(), error.column())
        }
    })?;
    Ok(members.into_iter().map(|(name, Secret(value))| (name, value)).collect())
}

struct Secret(SecretString);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret(text.into()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The names that were given are not repeated: somebody may have swapped name and value.
fn bind(members: Members, spec: &ConnectorSpec) -> Result<Arc<dyn Credential>, String> {
    let fields = Fields::new(members);
    if fields.scheme(&spec.auth).is_none() {
        return Err("does not have exactly the members that are asked for".to_owned());
    }
    fields.into_credential(&spec.auth).map_err(|error| format!("cannot be used: {}", error.message()))
}

/// Reads a text file of bounded size, after `accept` has looked at it, without the byte order mark before it.
pub(crate) fn read_file(
    path: &Path,
    largest: u64,
    what: &str,
    accept: impl FnOnce(&File) -> Result<()>,
) -> Result<Zeroizing<Vec<u8>>> {
    let failed = |error: io::Error| {
        Error::new(ErrorKind::Config, format!("the {what} file {path:?} cannot be read"))
            .with_advice("check the path and its permissions")
            .with_source(error)
    };
    let file = File::open(path).map_err(failed)?;
    accept(&file)?;
    // All at once, so that no outgrown buffer keeps a secret. A pipe does not tell its size.
    let told = file.metadata().map_err(failed)?;
    let size = if told.is_file() { told.len().min(largest) } else { LARGEST };
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1));
    file.take(largest + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > largest {
        let message = format!("the {what} file {path:?} is larger than {largest} bytes");
        return Err(Error::new(ErrorKind::Config, message).with_advice("check that it is the right file"));
    }
    if encoding::is_utf16(&bytes) {
        return Err(Error::new(ErrorKind::Config, format!("the {what} file {path:?} {}", encoding::UTF16))
            .with_advice(encoding::UTF16_ADVICE));
    }
    // In place, so that no copy of a secret is made.
    let mark = encoding::mark_len(&bytes);
    bytes.drain(..mark);
    Ok(bytes)
}

/// Refuses a file that others than its owner may open. The open file is judged, not its name.
#[cfg(unix)]
fn private(path: &Path, file: &File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = file
        .metadata()
        .map_err(|error| {
            Error::new(ErrorKind::Config, format!("the credential file {path:?} cannot be looked at"))
                .with_source(error)
        })?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let message = format!("others may open the credential file {path:?} (mode {:03o})", mode & 0o777);
    Err(Error::new(ErrorKind::Config, message).with_advice(format!("make it private: chmod 600 {path:?}")))
}

/// Elsewhere the folders of a user are private by default.
#[cfg(not(unix))]
fn private(_: &Path, _: &File) -> Result<()> {
    Ok(())
}
