//! `tieline map check`.

use std::path::PathBuf;

use serde_json::{Value, json};
use tieline::mapping::{FieldDirection, Mapping, Problem};

use super::files;
use crate::failure::{Failure, Outcome};
use crate::lines::stdout;
use crate::text::{clean, counted};

pub(super) fn check(mappings: &[PathBuf], json: bool) -> Outcome {
    let mut out = stdout();
    let mut sound = true;
    for path in mappings {
        let (text, format) = files::mapping_text(path)?;
        let problems = Mapping::check(&text, format);
        sound &= problems.is_empty();
        if json {
            let problems: Vec<Value> = problems.iter().map(problem_json).collect();
            out.value(&json!({ "mapping": path.display().to_string(), "problems": problems }))?;
            continue;
        }
        let name = path.display().to_string();
        for problem in &problems {
            out.text(&format!("{}: {}\n", clean(&name), clean(&problem.to_string())))?;
        }
        if problems.is_empty() {
            let plan = Mapping::load(&text, format)?;
            let both = plan.fields().filter(|field| field.direction() == FieldDirection::Both).count();
            let fields = counted(plan.fields().count() as u64, "field");
            out.text(&format!("{}: sound, {fields}, {both} of them both ways\n", clean(&name)))?;
        }
    }
    out.flush()?;
    if sound { Ok(()) } else { Err(Failure::Incomplete) }
}

fn problem_json(problem: &Problem) -> Value {
    json!({
        "line": problem.line(),
        "column": problem.column(),
        "message": problem.message(),
        "advice": problem.advice(),
    })
}
