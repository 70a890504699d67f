//! Lists of fields out of a provider's own API description.

mod csdl;
mod field;
mod schema;
mod sdl;

use std::fmt::Write as _;
use std::path::PathBuf;

use tieline_document::nearest;

use self::field::{Field, Writes};
use crate::Result;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// OpenAPI or Swagger (.json, .yaml), a discovery document (.json), CSDL (.xml) or a GraphQL schema (.graphql).
    specification: PathBuf,
    /// The types of an entity: what is read, and what a create and an update take. Without one the types are listed.
    #[arg(value_name = "ENTITY=READ[,CREATE[,UPDATE]]")]
    entities: Vec<String>,
}

/// An API description of any kind.
trait Description {
    /// The types that have fields, by name.
    fn types(&self) -> Vec<String>;

    /// The fields of a type, in the order of the description; `None` when there is no such type.
    fn fields(&self, name: &str) -> Result<Option<Vec<Field>>>;
}

/// Reads the description and writes what is asked of it.
pub(crate) fn run(options: &Options) -> Result<String> {
    let path = &options.specification;
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = text.trim_start_matches('\u{feff}');
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let description: Box<dyn Description> = match extension {
        "json" | "yaml" | "yml" => Box::new(schema::Schemas::parse(text, extension)?),
        "xml" | "csdl" | "edmx" => Box::new(csdl::EntityTypes::parse(text)?),
        "graphql" | "graphqls" | "gql" => Box::new(sdl::Types::parse(text)?),
        _ => {
            let message =
                "the kind of the description is known by its file's name: .json, .yaml, .xml or .graphql";
            return Err(format!("{}: {message}", path.display()).into());
        }
    };
    if options.entities.is_empty() {
        list(description.as_ref())
    } else {
        entities(options, description.as_ref())
    }
}

fn list(description: &dyn Description) -> Result<String> {
    let mut out = String::new();
    for name in description.types() {
        let count = description.fields(&name)?.map_or(0, |fields| fields.len());
        writeln!(out, "{count:>5}  {name}")?;
    }
    Ok(out)
}

fn entities(options: &Options, description: &dyn Description) -> Result<String> {
    let mut out = String::new();
    for entity in &options.entities {
        let Some((name, types)) = entity.split_once('=') else {
            return Err(format!(
                "\"{entity}\" is no entity with its types: write ENTITY=READ or ENTITY=READ,CREATE"
            )
            .into());
        };
        let types: Vec<&str> = types.split(',').collect();
        let [read, writes @ ..] = types.as_slice() else { return Err("no type is named".into()) };
        if writes.len() > 2 {
            return Err(format!(
                "\"{entity}\" names more than three types: what is read, created and updated"
            )
            .into());
        }
        let shown = fields_of(description, read)?;
        let create = writes.first().map(|name| fields_of(description, name)).transpose()?.unwrap_or_default();
        let update = writes.get(1).map(|name| fields_of(description, name)).transpose()?;
        writeln!(out, "{}[{name}]", if out.is_empty() { "" } else { "\n" })?;
        out.push_str(&lines(&shown, &create, update.as_deref()));
    }
    Ok(out)
}

fn fields_of(description: &dyn Description, name: &str) -> Result<Vec<Field>> {
    description.fields(name)?.ok_or_else(|| {
        let types = description.types();
        let advice = match nearest(name, types.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "without an entity its types are listed".to_owned(),
        };
        format!("the description has no type \"{name}\": {advice}").into()
    })
}

/// A line a field: those that are read in their order, then those that are only written.
fn lines(shown: &[Field], create: &[Field], update: Option<&[Field]>) -> String {
    let written = |fields: &[Field], name: &str| {
        fields.iter().find(|field| field.name == name && !field.is_read_only).map(|field| field.is_nullable)
    };
    let writes = |name: &str| {
        let creating = written(create, name);
        // Without a type of its own an update takes what a create takes.
        let updating = update.map_or(creating, |update| written(update, name));
        Writes::of(creating, updating)
    };
    let mut out = String::new();
    for field in shown {
        let writes = if field.is_read_only { None } else { writes(&field.name) };
        out.push_str(&field.line(writes, false));
    }
    let mut seen: Vec<&str> = shown.iter().map(|field| field.name.as_str()).collect();
    for field in create.iter().chain(update.unwrap_or_default()) {
        if !seen.contains(&field.name.as_str()) && !field.is_read_only {
            out.push_str(&field.line(writes(&field.name), true));
            seen.push(&field.name);
        }
    }
    out
}
