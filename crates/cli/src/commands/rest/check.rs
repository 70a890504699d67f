//! `tieline rest check`.

use std::path::PathBuf;

use serde_json::{Value, json};
use tieline::{Error, ErrorKind};
use tieline_rest::{Description, Finding, Format};

use super::text;
use crate::failure::{Failure, Outcome};
use crate::lines::stdout;
use crate::text::{clean, counted};

pub(super) fn check(files: &[PathBuf], json: bool) -> Outcome {
    let mut out = stdout();
    let mut sound = true;
    for path in files {
        let (name, text) = text(path)?;
        let format = Format::of_name(&name).ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("{name:?} does not end with .yaml, .yml, .toml or .json"))
        })?;
        match Description::load(&name, &text, format) {
            Ok(description) if json => {
                let entities: Vec<&str> =
                    description.entities.iter().map(|(entity, _)| entity.as_str()).collect();
                out.value(&json!({ "file": name, "findings": [], "entities": entities }))?;
            }
            Ok(description) => {
                let entities = match description.entities.len() {
                    1 => "1 entity".to_owned(),
                    count => format!("{count} entities"),
                };
                out.text(&format!("{}: sound, {}, {entities}\n", clean(&name), clean(&description.name)))?;
            }
            Err(findings) => {
                sound = false;
                if json {
                    let list: Vec<Value> = findings.list().iter().map(as_json).collect();
                    out.value(&json!({ "file": name, "findings": list }))?;
                } else {
                    for line in findings.to_string().lines() {
                        out.text(&format!("{}\n", clean(line)))?;
                    }
                    let count = counted(findings.list().len() as u64, "finding");
                    out.text(&format!("{}: {count}\n", clean(&name)))?;
                }
            }
        }
    }
    out.flush()?;
    if sound { Ok(()) } else { Err(Failure::Incomplete) }
}

fn as_json(finding: &Finding) -> Value {
    json!({
        "line": finding.mark.map(|mark| mark.line),
        "column": finding.mark.map(|mark| mark.column),
        "message": finding.message,
        "advice": finding.advice,
    })
}
