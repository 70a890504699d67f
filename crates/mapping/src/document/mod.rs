//! A mapping file: read in any of its formats into one tree that knows where each word stands.

mod de;
mod json;
mod node;
mod toml;
mod yaml;

use serde::Deserialize as _;
use tieline_core::{Error, ErrorKind, Result};

pub(crate) use self::node::{Mark, Node, Value};
use crate::problem::{Problem, refusal};
use crate::{CompiledPlan, Plan, VERSION};

/// The longest file that is read, in bytes.
const LONGEST: usize = 1 << 20;
/// How deep a file may be nested.
const DEEPEST: usize = 64;

/// How a mapping is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// YAML 1.2, without anchors and tags. `no` and `ja` are texts, not booleans.
    Yaml,
    /// TOML 1.0. It has no null.
    Toml,
    /// JSON.
    Json,
}

impl Format {
    /// The format of a file by the end of its name: `.yaml`, `.yml`, `.toml` or `.json`.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, end) = name.rsplit_once('.')?;
        match end.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Yaml => "YAML",
            Self::Toml => "TOML",
            Self::Json => "JSON",
        }
    }
}

impl Plan {
    /// Reads a mapping. Fails with `Config` that names line and column, and the nearest word for one that is not known.
    ///
    /// The plan is data only; [`load`](Self::load) also checks that it can be applied.
    pub fn parse(text: &str, format: Format) -> Result<Self> {
        read(text, format).map(|(_, plan)| plan).map_err(|problem| refusal(&[problem]))
    }

    /// Reads a mapping and makes it ready to be applied. Fails with `Config` that says what is wrong, in which line and
    /// column; where there is more than one thing, [`check`](Self::check) tells them all.
    pub fn load(text: &str, format: Format) -> Result<CompiledPlan> {
        located(text, format).map_err(|problems| refusal(&problems))
    }

    /// Everything that keeps a mapping from being loaded, in the order of the file. Empty when it is sound.
    pub fn check(text: &str, format: Format) -> Vec<Problem> {
        located(text, format).err().unwrap_or_default()
    }

    /// Writes the plan as JSON, which every version of this crate that knows the plan's version reads.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|error| {
            Error::new(ErrorKind::Internal, "a mapping could not be written").with_source(error)
        })
    }
}

fn located(text: &str, format: Format) -> Result<CompiledPlan, Vec<Problem>> {
    let (document, plan) = read(text, format).map_err(|problem| vec![problem])?;
    crate::compile::compile(plan).map_err(|mut problems| {
        for problem in &mut problems {
            problem.mark = document.mark(&problem.at);
        }
        problems.sort_by_key(|problem| problem.mark);
        problems
    })
}

fn read(text: &str, format: Format) -> Result<(Node, Plan), Problem> {
    if text.len() > LONGEST {
        return Err(Problem::new("", format!("the mapping is longer than {LONGEST} bytes")));
    }
    let document = match format {
        Format::Yaml => yaml::parse(text)?,
        Format::Toml => toml::parse(text)?,
        Format::Json => json::parse(text)?,
    };
    // The version is looked at first: another one explains every other difference.
    let version = document.member("version");
    if let Some(node) = version
        && !matches!(&node.value, Value::Number(version) if *version == VERSION.to_string())
    {
        let mut problem = Problem::new("/version", "the mapping is written in a version that is not known")
            .advise(format!("this version of the crate reads version {VERSION}"));
        problem.mark = Some(node.mark);
        return Err(problem);
    }
    if version.is_none() && matches!(document.value, Value::Object(_)) {
        let mut problem = Problem::new("", "the mapping does not say its version")
            .advise(format!("begin it with {} {VERSION}", version_key(format)));
        problem.mark = Some(document.mark);
        return Err(problem);
    }
    let plan = Plan::deserialize(&document).map_err(Problem::from)?;
    Ok((document, plan))
}

fn version_key(format: Format) -> &'static str {
    match format {
        Format::Yaml => "version:",
        Format::Toml => "version =",
        Format::Json => "\"version\":",
    }
}

/// A file that is not even of its format.
fn malformed(format: Format, mark: Option<Mark>, why: impl std::fmt::Display) -> Problem {
    let mut problem = Problem::new("", format!("this is not valid {}: {why}", format.name()));
    problem.mark = mark;
    problem
}
