//! The hunt for the token: in everything the program says, with the log at its loudest.

use tieline_sandbox::{Fault, FaultRule};

use crate::world::*;

const CANARY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_said_nowhere() {
    let world = World::new().await;
    world.sandbox.set_token(CANARY);
    let commands = [
        "-vvv check pipedrive @ --max-wait 0",
        "-vvv discover pipedrive deals @ --max-wait 0",
        "-vvv read pipedrive users @ --max-wait 0 --state users.state",
        "-vvv lookup pipedrive deals @ --max-wait 0 --keys 1,2",
        "-vvv sync pipedrive users @ --max-wait 0 --into t.db --connection a",
        "-vvv --json check pipedrive @ --max-wait 0",
    ];
    let faults = [
        None,
        Some(Fault::EchoSecrets { status: 200 }),
        Some(Fault::EchoSecrets { status: 400 }),
        Some(Fault::EchoSecrets { status: 401 }),
        Some(Fault::EchoSecrets { status: 403 }),
        Some(Fault::Unauthorized),
        Some(Fault::HtmlPage { status: 200 }),
        Some(Fault::MalformedJson),
    ];
    let mut logged = false;
    for fault in faults {
        world.sandbox.clear_faults();
        if let Some(fault) = fault.clone() {
            world.sandbox.inject(FaultRule::new(fault).always());
        }
        for arguments in commands {
            let said = world.run(arguments);
            assert!(!said.out.contains("c0ffee"), "{fault:?} {arguments}: {}", said.out);
            assert!(!said.err.contains("c0ffee"), "{fault:?} {arguments}: {}", said.err);
            assert_eq!(said.code == Some(0), fault.is_none(), "{fault:?} {arguments}: {}", said.err);
            logged |= said.err.contains("url.template=\"/api/v1/users/me\"");
        }
    }
    assert!(logged, "the log tells of the calls");
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()), "in a file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_ours_alone_and_only_on_request() {
    let world = World::new().await;
    assert_eq!(world.run("check pipedrive @").err, "");
    let said = world.run("-vvv check pipedrive @");
    assert!(!said.err.is_empty());
    for library in ["hyper", "reqwest", "rustls", "h2::", "sqlx"] {
        assert!(!said.err.contains(library), "{library}: {}", said.err);
    }
    assert!(!said.err.contains('\u{1b}'), "no colours in a pipe");
}
