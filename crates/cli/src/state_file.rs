//! The file of a read's state: the last state line, replaced whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tempfile::NamedTempFile;
use tieline::{Error, ErrorKind, Result, State};

use crate::credential::read_file;
use crate::lines::Line;

const LARGEST: u64 = 64 << 20;
const START_OVER: &str = "remove the file to start over: a full read skips nothing";

/// Whose state it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) provider: String,
    /// The public settings. With others it may be another account, or another view of it.
    pub(crate) config: Value,
    pub(crate) entity: String,
    pub(crate) partition: Option<String>,
}

impl Owner {
    fn stream(&self) -> String {
        let part = self.partition.as_ref().map(|partition| format!(" ({partition})")).unwrap_or_default();
        format!("{}{part} of {}", self.entity, self.provider)
    }

    /// The state line: for standard output and for the file.
    pub(crate) fn line(&self, state: &State) -> Result<Vec<u8>> {
        let state = state.to_text()?;
        Ok(Line::of(|line| {
            line.text("type", "state").text("provider", &self.provider).json("config", &self.config);
            line.text("entity", &self.entity)
                .maybe("partition", self.partition.as_ref())
                .raw("state", &state);
        }))
    }
}

/// A state file.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    folder: PathBuf,
}

#[derive(Deserialize)]
struct Stored {
    provider: String,
    config: Value,
    entity: String,
    #[serde(default)]
    partition: Option<String>,
    state: State,
}

impl StateFile {
    /// Opens a file and reads the state in it. `None` when there is no file yet.
    pub(crate) fn open(path: &Path, owner: &Owner) -> Result<(Self, Option<State>)> {
        let found = match path.canonicalize() {
            // The file that a link leads to is replaced, not the link.
            Ok(path) => Some(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unusable(path, "cannot be opened").with_source(error)),
        };
        let place = found.as_deref().unwrap_or(path);
        let folder = match place.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let file = Self { path: place.to_owned(), folder };
        // Found out now rather than after the first batch.
        drop(file.temporary()?);
        let state = match &found {
            Some(path) => Some(read(path, owner)?),
            None => None,
        };
        Ok((file, state))
    }

    /// Names the file in an error about the state in it.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::StateInvalid {
            return error.with_context("state_file", self.path.display());
        }
        error
    }

    /// Replaces the file's content. Afterwards it is on the disk, whatever happens.
    pub(crate) fn save(&self, line: &[u8]) -> Result<()> {
        let failed = |error: io::Error| unusable(&self.path, "cannot be written").with_source(error);
        let mut temporary = self.temporary()?;
        temporary.write_all(line).map_err(failed)?;
        if let Ok(before) = fs::metadata(&self.path) {
            temporary.as_file().set_permissions(before.permissions()).map_err(failed)?;
        }
        temporary.as_file().sync_all().map_err(failed)?;
        temporary.persist(&self.path).map_err(|error| failed(error.error))?;
        // The new name is in the folder, which has to reach the disk too. Not every system can do that.
        if cfg!(unix) {
            File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(())
    }

    fn temporary(&self) -> Result<NamedTempFile> {
        tempfile::Builder::new().prefix(".tieline-state-").tempfile_in(&self.folder).map_err(|error| {
            if !self.folder.is_dir() {
                let message = format!("the folder of the state file {:?} does not exist", self.path);
                return Error::new(ErrorKind::Internal, message)
                    .with_advice("make the folder, or correct the path");
            }
            // The error itself names a file that nobody asked for.
            unusable(&self.path, "cannot be replaced").with_source(io::Error::from(error.kind()))
        })
    }
}

fn read(path: &Path, owner: &Owner) -> Result<State> {
    let invalid = |why: String| {
        Error::new(ErrorKind::StateInvalid, format!("the state file {path:?} {why}")).with_advice(START_OVER)
    };
    let bytes = read_file(path, LARGEST, "state", |_| Ok(()))?;
    let stored: Stored = serde_json::from_slice(&bytes)
        .map_err(|error| invalid("does not hold a state line".to_owned()).with_source(error))?;
    let Stored { provider, config, entity, partition, state } = stored;
    let found = Owner { provider, config, entity, partition };
    if found == *owner {
        return Ok(state);
    }
    let (theirs, ours) = (found.stream(), owner.stream());
    let why = if theirs == ours {
        format!("was made with other settings: {}", different(&found.config, &owner.config))
    } else {
        format!("belongs to {theirs}, not to {ours}")
    };
    Err(invalid(why)
        .with_advice("name another file, or remove this one to start over: with it records would be skipped"))
}

/// The names of the settings that differ.
fn different(one: &Value, other: &Value) -> String {
    let names: BTreeSet<&String> =
        [one, other].into_iter().filter_map(Value::as_object).flat_map(|settings| settings.keys()).collect();
    let names: Vec<&str> =
        names.into_iter().filter(|name| one.get(name) != other.get(name)).map(String::as_str).collect();
    names.join(", ")
}

fn unusable(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the state file {path:?} {why}"))
        .with_advice("check its permissions and those of its folder")
}
