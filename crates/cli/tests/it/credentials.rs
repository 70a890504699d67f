//! Where the credential comes from, and where not.

use std::process::Command;

use crate::world::*;

/// The value that no message may hold.
const CANARY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_credential_is_said_without_it() {
    let world = World::new().await;
    let mut pages = Vec::new();
    let mut try_out = |title: &str, change: &dyn Fn(&mut Command)| {
        let mut command = world.command("check pipedrive @");
        change(&mut command);
        let said = said(&mut command);
        assert_eq!(said.code, Some(10), "{title}");
        assert!(!said.err.contains("c0ffee"), "{title}: {}", said.err);
        pages.push(said.page(&format!("check: {title}")));
    };
    try_out("none", &|command| _ = command.env_remove("TIELINE_CREDENTIAL"));
    for (title, value) in [
        ("empty", String::new()),
        ("bare", CANARY.to_owned()),
        ("a text", format!("\"{CANARY}\"")),
        ("a list", format!("[\"{CANARY}\"]")),
        ("cut off", format!("{{\"api_token\":\"{CANARY}")),
        ("a number", "{\"api_token\":123}".to_owned()),
        ("another name", format!("{{\"token\":\"{CANARY}\"}}")),
        ("name and value swapped", format!("{{\"{CANARY}\":\"api_token\"}}")),
        ("too many members", format!("{{\"api_token\":\"{CANARY}\",\"user\":\"{CANARY}\"}}")),
        ("an empty token", "{\"api_token\":\" \"}".to_owned()),
        ("a line end inside", format!("{{\"api_token\":\"{CANARY}\\n{CANARY}\"}}")),
    ] {
        try_out(title, &|command| _ = command.env("TIELINE_CREDENTIAL", &value));
    }
    world.file("empty.json", "");
    world.file("large.json", &" ".repeat(70_000));
    for name in ["empty.json", "large.json"] {
        close(&world, name, 0o600);
    }
    for name in ["absent.json", "empty.json", "large.json"] {
        try_out(name, &|command| _ = command.args(["--credential-file", name]));
    }
    insta::assert_snapshot!(pages.join("\n"));
}

#[cfg(unix)]
fn close(world: &World, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(world.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn close(_: &World, _: &str, _: u32) {}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_others_may_open_is_refused() {
    let world = World::new().await;
    world.file("cred.json", &format!("{{\"api_token\":\"{}\"}}\n", world.sandbox.token()));
    let check = || {
        let mut command = world.command("check pipedrive @ --credential-file cred.json");
        said(command.env_remove("TIELINE_CREDENTIAL"))
    };
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601, 0o777] {
        close(&world, "cred.json", mode);
        let said = check();
        assert_eq!(said.code, Some(10), "{mode:o}");
        assert!(said.err.contains(&format!("(mode {mode:o})")), "{}", said.err);
        assert!(said.err.contains("chmod 600 \"cred.json\""), "{}", said.err);
        assert_eq!(world.sandbox.requests().len(), 0, "nothing was sent");
    }
    for mode in [0o600, 0o400] {
        close(&world, "cred.json", mode);
        assert_eq!(check().code, Some(0), "{mode:o}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_comes_before_the_environment() {
    let world = World::new().await;
    world.file("cred.json", &format!("{{\"api_token\":\"{}\"}}", world.sandbox.token()));
    close(&world, "cred.json", 0o600);
    let mut command = world.command("check pipedrive @ --credential-file cred.json");
    command.env("TIELINE_CREDENTIAL", format!("{{\"api_token\":\"{CANARY}\"}}"));
    assert_eq!(said(&mut command).code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_public() {
    let world = World::new().await;
    let address = format!("--base-url={}", world.sandbox.base_url());
    let mut pages = Vec::new();
    for config in [
        r#"{"company":"acme-demo","api_token":"c0ffee"}"#,
        r#"{"company":"acme-demo","Api-Key":"c0ffee"}"#,
        r#"{"company":"acme-demo","more":[{"clientSecret":"c0ffee"}]}"#,
        r#"{"company":"acme-demo","colour":"red"}"#,
        r#"{"company":"a.b"}"#,
        r#"{"company":"#,
        "absent.json",
        "secret.json",
    ] {
        world.file("secret.json", r#"{"company":"acme-demo","password":"c0ffee"}"#);
        let mut command = world.command("check pipedrive --allow-network 127.0.0.1/32");
        let said = said(command.args([&address, "--config", config]));
        assert_eq!(said.code, Some(10), "{config}");
        assert!(!said.err.contains("c0ffee"), "{}", said.err);
        pages.push(said.page(&format!("check --config '{config}'")));
    }
    insta::assert_snapshot!(pages.join("\n"));
    assert_eq!(world.sandbox.requests().len(), 0, "nothing was sent");

    world.file("config.json", "\n{\"company\":\"acme-demo\"}\n");
    let mut command = world.command("check pipedrive --allow-network 127.0.0.1/32 --config config.json");
    assert_eq!(said(command.arg(&address)).code, Some(0));
}

/// `--credential-file <(pass show acme)`: only this process can read the pipe.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_is_a_private_file() {
    let world = World::new().await;
    let credential = format!("{{\"api_token\":\"{}\"}}", world.sandbox.token());
    let said = world.feed("check pipedrive @ --credential-file /dev/stdin", credential.as_bytes());
    assert_eq!(said.code, Some(0), "{}", said.err);
}
