//! A mapping file, read in any of its formats.

use serde::Deserialize as _;
use tieline_core::{Error, ErrorKind, Result};
use tieline_document::{Format, Node, Value};

use crate::problem::{Problem, refusal};
use crate::{CompiledMapping, Mapping, VERSION};

impl Mapping {
    /// Reads a mapping. Fails with `Config` that names line and column, and the nearest word for one that is not known.
    ///
    /// The plan is data only; [`load`](Self::load) also checks that it can be applied.
    pub fn parse(text: &str, format: Format) -> Result<Self> {
        read(text, format).map(|(_, plan)| plan).map_err(|problem| refusal(&[problem]))
    }

    /// Reads a mapping and makes it ready to be applied. Fails with `Config` that says what is wrong, in which line and
    /// column; where there is more than one thing, [`check`](Self::check) tells them all.
    pub fn load(text: &str, format: Format) -> Result<CompiledMapping> {
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

fn located(text: &str, format: Format) -> Result<CompiledMapping, Vec<Problem>> {
    let (document, plan) = read(text, format).map_err(|problem| vec![problem])?;
    crate::compile::compile(plan).map_err(|mut problems| {
        for problem in &mut problems {
            problem.mark = document.mark_of(&problem.at);
        }
        problems.sort_by_key(|problem| problem.mark);
        problems
    })
}

fn read(text: &str, format: Format) -> Result<(Node, Mapping), Problem> {
    let document = Node::parse(text, format).map_err(Problem::from)?;
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
    if let Some(rules) = document.member("leave_out") {
        let mut problem = Problem::new("/leave_out", "leave_out is called exclude").advise("write exclude");
        problem.mark = Some(rules.mark);
        return Err(problem);
    }
    let plan = Mapping::deserialize(&document).map_err(Problem::from)?;
    Ok((document, plan))
}

fn version_key(format: Format) -> &'static str {
    match format {
        Format::Yaml => "version:",
        Format::Toml => "version =",
        _ => "\"version\":",
    }
}
