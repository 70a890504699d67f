//! `tieline rest guess`: the lines of a description, from one page.

use serde_json::{Value, json};
use tieline::{Category, Error, ErrorKind};
use tieline_rest::{Guess, RestConnector, RestFactory};

use super::{ReachArgs, trial};
use crate::failure::Outcome;
use crate::lines::stdout;
use crate::text::clean;

pub(super) async fn guess(url: &str, path: &str, auth: &str, reach: &ReachArgs, json: bool) -> Outcome {
    let head = head(url, auth);
    let entity = entity(path);
    // JSON is YAML: quoted so, no path or address can become anything else.
    let list = Value::from(path);
    let text = format!("{head}entities:\n  {entity}: {list}\n");
    let factory = RestFactory::from_file("rest", "guess.yaml", &text, Category::Other)?;
    let connector = trial::connect(&factory, &Value::Null, reach).await?;
    let rest: &RestConnector = connector.downcast().ok_or_else(internal)?;
    let guess = rest.guess(&entity).await?;
    let mut out = stdout();
    if json {
        let lines: Vec<Value> =
            guess.lines.iter().map(|(name, value)| json!({ "setting": name, "value": value })).collect();
        out.value(
            &json!({ "entity": entity, "records": guess.records, "lines": lines, "notes": guess.notes }),
        )?;
    } else {
        out.text(&written(&head, &entity, path, &guess))?;
    }
    out.flush()
}

fn internal() -> Error {
    Error::new(ErrorKind::Internal, "a description gave another connector")
}

/// The lines that people know of their API.
fn head(url: &str, auth: &str) -> String {
    let name = url.split('/').nth(2).unwrap_or("API");
    let auth = match auth {
        "bearer" | "basic" | "none" => auth.to_owned(),
        header => format!("{{header: {}}}", Value::from(header)),
    };
    format!("name: {}\nurl: {}\nauth: {auth}\n", Value::from(name), Value::from(url))
}

/// The name of an entity: the last segment of its path.
fn entity(path: &str) -> String {
    let last = path.split('?').next().unwrap_or_default().rsplit('/').find(|part| !part.is_empty());
    let name: String = last
        .unwrap_or("records")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    name
}

/// The description, and what else showed, as comments.
fn written(head: &str, entity: &str, path: &str, guess: &Guess) -> String {
    // The head's values are quoted already.
    let mut text = format!("{head}entities:\n  {entity}:\n    list: {}\n", clean(path));
    for (name, value) in &guess.lines {
        text.push_str(&format!("    {name}: {}\n", clean(value)));
    }
    text.push_str(&format!("# {} on the first page\n", crate::text::counted(guess.records as u64, "record")));
    for note in &guess.notes {
        text.push_str(&format!("# {}\n", clean(note)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_the_name_of_its_entity() {
        for (path, name) in [
            ("/bookings?a=b", "bookings"),
            ("/v1/Line-Items/", "line_items"),
            ("/", "records"),
            ("", "records"),
        ] {
            assert_eq!(entity(path), name);
        }
    }
}
