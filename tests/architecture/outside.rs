//! A crate outside the workspace that pins `tieline-core` and one connector builds.

use std::path::Path;
use std::process::Command;

use crate::root;

const MAIN: &str = r#"
use std::sync::Arc;
use tieline_core::{Connector, ConnectorFactory, FieldPath, Filter, Outcome, Patch, RawJson, ReadRequest, WriteOp};
use tieline_pipedrive::PipedriveFactory;

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied { key: Some(_), .. } => "applied",
        Outcome::Accepted { .. } => "accepted",
        _ => "another",
    }
}

fn main() -> tieline_core::Result<()> {
    let factory: Arc<dyn ConnectorFactory> = Arc::new(PipedriveFactory::default());
    let open = Filter::equals(FieldPath::field("status"), RawJson::parse("\"open\"")?);
    let request = ReadRequest::full("deals").with_filter(open).with_page_size(100);
    let update = WriteOp::update("42", Patch::default()).with_if_version(Some("3".into()));
    println!("{} {:?} {:?} {}", factory.spec().title, request.mode, update.key(), word(&Outcome::applied(None)));
    let _: Option<Arc<dyn Connector>> = None;
    Ok(())
}
"#;

#[test]
fn a_crate_outside_the_workspace_builds_on_core_and_one_connector() {
    let folder = tempfile::tempdir().unwrap();
    let path = |crate_path: &str| root().join(crate_path).display().to_string().replace('\\', "/");
    let manifest = format!(
        "[package]\nname = \"outside\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         tieline-core = {{ path = {:?}, version = \"={}\" }}\ntieline-pipedrive = {{ path = {:?} }}\n",
        path("crates/core"),
        version(&root().join("crates/core/Cargo.toml")),
        path("crates/connectors/pipedrive"),
    );
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.path().join("src/main.rs"), MAIN).unwrap();
    // The same versions of everybody else's crates, so that nothing is resolved anew.
    std::fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let out = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet"])
        .current_dir(folder.path())
        // Shared with other runs of this test only: a build of the workspace holds the lock of its own.
        .env("CARGO_TARGET_DIR", root().join("target/outside"))
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

fn version(manifest: &Path) -> String {
    let text = std::fs::read_to_string(manifest).unwrap();
    let line = text.lines().find(|line| line.starts_with("version = ")).unwrap();
    line.trim_start_matches("version = ").trim_matches('"').to_owned()
}
