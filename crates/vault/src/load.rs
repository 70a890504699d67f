//! A key ring from the environment or a file.

use std::env::VarError;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use tieline_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use crate::{Key, KeyRing};

/// Far more than any ring needs.
const MAX_FILE: u64 = 64 * 1024;
const MAKE_ONE: &str = "make a key with `tieline keygen`";

impl KeyRing {
    /// Reads keys from a text: the current one first, then older ones, separated by white space or commas. What
    /// follows a `#` on its line is a comment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when there is no key or one of them is none, by its place and never by its text.
    pub fn parse(text: &SecretString) -> Result<Self> {
        Self::read(text.expose_secret(), "the key text")
    }

    /// Reads keys from an environment variable, in the form of [`parse`](Self::parse).
    ///
    /// A process's environment shows to its owner and to the processes that it starts; prefer a file where you can.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is not set, empty, or holds something else than keys.
    pub fn from_env(variable: &str) -> Result<Self> {
        let place = format!("the environment variable {variable}");
        let text = std::env::var(variable).map_err(|error| match error {
            VarError::NotPresent => Error::new(ErrorKind::Config, format!("{place} is not set"))
                .with_advice(format!("{MAKE_ONE}, and set {variable} to it")),
            VarError::NotUnicode(_) => Error::new(ErrorKind::Config, format!("{place} is not text"))
                .with_advice(format!("{MAKE_ONE}, and set {variable} to it")),
        })?;
        Self::read(&Zeroizing::new(text), &place)
    }

    /// Reads keys from a file, in the form of [`parse`](Self::parse). A symbolic link is followed, and the file that it
    /// leads to is judged.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it cannot be read, is no regular file, is longer than 64 KiB, or holds something else than
    /// keys; and on Unix when its mode lets anybody but its owner do anything with it. Elsewhere permissions are not
    /// looked at.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let place = format!("the key file {}", path.display());
        let unreadable = |error: std::io::Error| {
            Error::new(ErrorKind::Config, format!("{place} cannot be read: {error}"))
                .with_advice("check the path, and that this process's user owns the file")
        };
        // Before it is opened, because opening a named pipe waits for a writer.
        check(&fs::metadata(path).map_err(unreadable)?, &place)?;
        let file = File::open(path).map_err(unreadable)?;
        // And again what was opened, in case it was put there in between.
        let metadata = file.metadata().map_err(unreadable)?;
        check(&metadata, &place)?;

        // Room for all of it and one byte more, so that the buffer does not grow and leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize + 1));
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(Error::new(ErrorKind::Config, format!("{place} is longer than 64 KiB"))
                .with_advice("give the path of a file that holds keys alone"));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
            let (what, advice) = if utf16 { ("UTF-16", "save it as UTF-8") } else { ("not text", MAKE_ONE) };
            Error::new(ErrorKind::Config, format!("{place} is {what}")).with_advice(advice)
        })?;
        Self::read(text, &place)
    }

    fn read(text: &str, place: &str) -> Result<Self> {
        let words = text
            .strip_prefix('\u{feff}')
            .unwrap_or(text)
            .lines()
            .filter_map(|line| line.split('#').next())
            .flat_map(|line| line.split(|c: char| c == ',' || c.is_whitespace()))
            .filter(|word| !word.is_empty());
        let mut ring: Option<Self> = None;
        for (index, word) in words.enumerate() {
            let key = Key::read(word).map_err(|fault| {
                Error::new(ErrorKind::Config, format!("in {place}, key {} {fault}", index.saturating_add(1)))
                    .with_advice(format!("copy it again as it was made, or {MAKE_ONE}"))
            })?;
            ring = Some(match ring {
                None => Self::new(key),
                Some(ring) => ring.with_older(key),
            });
        }
        ring.ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("there is no key in {place}"))
                .with_advice(format!("{MAKE_ONE} and put it there"))
        })
    }
}

fn check(metadata: &Metadata, place: &str) -> Result<()> {
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a directory" } else { "no regular file" };
        return Err(Error::new(ErrorKind::Config, format!("{place} is {what}"))
            .with_advice("give the path of the file that holds the keys"));
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::new(
                ErrorKind::Config,
                format!("{place} is open to others than its owner: its mode is {mode:04o}"),
            )
            .with_advice(
                "set its mode to 0600; if others could read it for long, make a new key and rotate to it",
            ));
        }
    }
    Ok(())
}
