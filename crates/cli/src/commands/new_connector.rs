//! `tieline new-connector`: a crate with a connector that works, for an author to begin with.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use tieline::{Error, ErrorKind, Result};

use crate::failure::Outcome;
use crate::lines::stdout;
use crate::session::catalog;

/// The files of the crate and where they go. The connector is tested in this workspace as it is here.
const FILES: [(&str, &str); 9] = [
    ("Cargo.toml", include_str!("../../templates/connector/manifest.toml")),
    ("README.md", include_str!("../../templates/connector/README.md")),
    ("src/lib.rs", include_str!("../../templates/connector/src/lib.rs")),
    ("src/factory.rs", include_str!("../../templates/connector/src/factory.rs")),
    ("src/connector.rs", include_str!("../../templates/connector/src/connector.rs")),
    ("src/read.rs", include_str!("../../templates/connector/src/read.rs")),
    ("src/write.rs", include_str!("../../templates/connector/src/write.rs")),
    ("tests/conformance/main.rs", include_str!("../../templates/connector/tests/conformance/main.rs")),
    (
        "tests/conformance/provider.rs",
        include_str!("../../templates/connector/tests/conformance/provider.rs"),
    ),
];
const SUBJECT: (&str, &str) =
    ("tests/conformance/subject.rs", include_str!("../../templates/connector/tests/conformance/subject.rs"));

/// The crates of Tieline that the crate depends on, with their places in a checkout.
const CRATES: [(&str, &str); 5] = [
    ("tieline-core", "crates/core"),
    ("tieline-kit", "crates/kit"),
    ("tieline-auth", "crates/auth"),
    ("tieline-conformance", "crates/conformance"),
    ("tieline-http", "crates/http"),
];

#[derive(Args, Debug)]
pub(crate) struct NewConnectorArgs {
    /// The provider's id: small letters, digits and hyphens, such as acme-crm.
    name: String,
    /// Where the folder tieline-NAME is made; here by default.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, default_value = ".")]
    into: PathBuf,
    /// Depend on this checkout of Tieline in place of the published crates.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    tieline: Option<PathBuf>,
}

pub(crate) fn new_connector(options: &NewConnectorArgs) -> Outcome {
    let names = Names::of(&options.name)?;
    let folder = options.into.join(format!("tieline-{}", names.id));
    if folder.exists() {
        return Err(Error::new(ErrorKind::Config, format!("{} is there already", folder.display()))
            .with_advice("choose another name, or another folder with --into")
            .into());
    }
    for (path, text) in FILES.into_iter().chain([SUBJECT]) {
        let text = match &options.tieline {
            Some(checkout) if path == "Cargo.toml" => with_paths(text, checkout)?,
            _ => text.to_owned(),
        };
        write(&folder.join(path), &names.put_into(&text))?;
    }
    let mut out = stdout();
    out.text(&format!(
        "Made {}: a connector that works, against a sandbox of its own\n\n  cd {} && cargo test\n",
        folder.display(),
        folder.display()
    ))?;
    out.flush()
}

/// The name in its forms.
struct Names {
    /// `acme-crm`
    id: String,
    /// `acme_crm`
    module: String,
    /// `AcmeCrm`
    type_name: String,
    /// `Acme Crm`
    title: String,
}

impl Names {
    fn of(name: &str) -> Result<Self> {
        let refused = |why: &str| {
            Error::new(ErrorKind::Config, format!("{name:?} is no name for a connector: {why}")).with_advice(
                "use small letters and digits, with single hyphens between words, such as acme-crm",
            )
        };
        let words: Vec<&str> = name.split('-').collect();
        if words.iter().any(|word| word.is_empty()) {
            return Err(refused("a word between hyphens is empty"));
        }
        if !name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
        {
            return Err(refused("it holds other characters"));
        }
        if !name.starts_with(|letter: char| letter.is_ascii_lowercase()) || name.len() > 40 {
            return Err(refused("it begins with a digit, or is longer than 40 characters"));
        }
        if catalog().specs().any(|spec| spec.id == name) {
            return Err(refused("this program has a connector of that name"));
        }
        let words: Vec<String> = words.into_iter().map(capitalized).collect();
        Ok(Self {
            id: name.to_owned(),
            module: name.replace('-', "_"),
            type_name: words.concat(),
            title: words.join(" "),
        })
    }

    fn put_into(&self, text: &str) -> String {
        // The longer words first: each is part of the one behind it.
        let names = [
            ("tieline_tick", format!("tieline_{}", self.module)),
            ("TickFactory", format!("{}Factory", self.type_name)),
            ("TickSubject", format!("{}Subject", self.type_name)),
            ("TickConnector", format!("{}Connector", self.type_name)),
            ("tieline-tick", format!("tieline-{}", self.id)),
            ("x-tick-key", format!("x-{}-key", self.id)),
            ("api.tick.example", format!("api.{}.example", self.id)),
            ("\"tick\"", format!("\"{}\"", self.id)),
            ("Tick", self.title.clone()),
        ];
        names.into_iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, &to))
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The manifest with dependencies by path.
fn with_paths(manifest: &str, checkout: &Path) -> Result<String> {
    let checkout = checkout.canonicalize().map_err(|error| {
        Error::new(ErrorKind::Config, format!("{} cannot be opened, {}", checkout.display(), error.kind()))
    })?;
    let mut manifest = manifest.to_owned();
    for (name, place) in CRATES {
        let path = checkout.join(place);
        if !path.join("Cargo.toml").is_file() {
            let message = format!("there is no crate {name} at {}", path.display());
            return Err(Error::new(ErrorKind::Config, message)
                .with_advice("give the root of a checkout of Tieline's repository"));
        }
        let path = path.display().to_string().replace('\\', "/");
        manifest = manifest.replace(&format!("{name} = \"0.1\""), &format!("{name} = {{ path = {path:?} }}"));
    }
    // A workspace of its own, wherever it lies.
    manifest.push_str("\n[workspace]\n");
    Ok(manifest)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).and_then(|()| fs::write(path, text)).map_err(|error| {
        Error::new(ErrorKind::Config, format!("{} cannot be written, {}", path.display(), error.kind()))
            .with_advice("check that the folder may be written to")
            .with_source(error)
    })
}
