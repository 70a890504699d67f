//! Input as editors and shells write it: byte order marks, UTF-16, line ends of another system.

use serde_json::json;
use tieline_sandbox::pipedrive::{COMPANY, Entity};

use crate::world::*;

const MARK: &str = "\u{feff}";

fn utf16(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

fn private(world: &World, name: &str, content: &[u8]) {
    std::fs::write(world.path(name), content).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(world.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A command against the sandbox with settings and credential from these files.
fn from_files(world: &World, arguments: &str) -> Said {
    let mut command = bare(arguments.split(' '));
    command.args(["--base-url", &world.sandbox.base_url(), "--allow-network", "127.0.0.1/32"]);
    command.args(["--config", "config.json", "--credential-file", "credential.json"]);
    command.current_dir(world.folder.path());
    said(&mut command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark_is_passed_over_everywhere() {
    let world = World::new().await;
    world.file("config.json", &format!("{MARK}{{\"company\":\"{COMPANY}\"}}\r\n"));
    let credential = format!("{MARK}{{\"api_token\":\"{}\"}}\r\n", world.sandbox.token());
    private(&world, "credential.json", credential.as_bytes());
    let checked = from_files(&world, "check pipedrive");
    assert_eq!(checked.code, Some(0), "{}", checked.err);

    // Settings and credential that a shell read from such a file.
    let mut command = bare("check pipedrive --allow-network 127.0.0.1/32".split(' '));
    command.args(["--base-url", &world.sandbox.base_url()]);
    command.args(["--config", &format!("{MARK}{{\"company\":\"{COMPANY}\"}}")]);
    let inline = said(command.env("TIELINE_CREDENTIAL", &credential));
    assert_eq!(inline.code, Some(0), "{}", inline.err);

    assert_eq!(world.run("read pipedrive users @ --state s.json").code, Some(0));
    let state = std::fs::read_to_string(world.path("s.json")).unwrap();
    world.file("s.json", &format!("{MARK}{state}"));
    let resumed = world.run("read pipedrive users @ --state s.json");
    assert_eq!(resumed.code, Some(0), "{}", resumed.err);

    let mapping = "version: 1\r\nfields:\r\n  - {host: title, provider: title}\r\n";
    world.file("deal.yaml", &format!("{MARK}{mapping}"));
    world.file("deal.json", &format!("{MARK}{{\"title\":\"A\"}}"));
    world.file("given.json", &format!("{MARK}{{\"values\":{{}}}}"));
    let mapped = world.run("map --mapping deal.yaml --input deal.json --given given.json --json");
    assert_eq!(mapped.code, Some(0), "{}", mapped.err);
    let mapped = world
        .feed("map --mapping deal.yaml --input - --json", format!("{MARK}{{\"title\":\"A\"}}").as_bytes());
    assert_eq!(mapped.lines()[0]["fields"], json!({ "title": "A" }));
    let synced = world.run("sync pipedrive deals @ --into t.db --connection a --map deals=deal.yaml");
    assert_eq!(synced.code, Some(0), "{}{}", synced.out, synced.err);

    let lines = format!(
        "{MARK}{{\"op\":\"create\",\"fields\":{{\"title\":\"A\"}}}}\r\n\r\n{{\"op\":\"create\",\"fields\":{{\"title\":\"B\"}}}}"
    );
    let written = world.feed("write pipedrive deals @", lines.as_bytes());
    assert_eq!(written.lines().len(), 2, "{}", written.out);
    let key = written.lines()[0]["key"].as_str().unwrap().parse().unwrap();
    assert!(world.sandbox.record(Entity::Deals, key).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn utf16_is_called_what_it_is() {
    let world = World::new().await;
    let company = format!("{{\"company\":\"{COMPANY}\"}}");
    let credential = format!("{{\"api_token\":\"{}\"}}", world.sandbox.token());
    std::fs::write(world.path("config.json"), utf16(&company)).unwrap();
    private(&world, "credential.json", credential.as_bytes());
    let config = from_files(&world, "check pipedrive");
    world.file("config.json", &company);
    private(&world, "credential.json", &utf16(&credential));
    let secret = from_files(&world, "check pipedrive");
    std::fs::write(world.path("deal.yaml"), utf16("version: 1\r\n")).unwrap();
    let mapping = world.run("map check deal.yaml");
    let line = "{\"op\":\"create\",\"fields\":{\"title\":\"A\"}}\r\n";
    let written = world.feed("write pipedrive deals @", &utf16(&line.repeat(2)));
    world.file("deal.json", "{}");
    let piped = world.feed("map --mapping deal.json --input -", &utf16("{}"));
    for (said, code) in [(&config, 10), (&secret, 10), (&mapping, 10), (&written, 1), (&piped, 10)] {
        assert_eq!(said.code, Some(code), "{}{}", said.out, said.err);
    }
    for line in lines(&written.out) {
        let message = line["error"]["message"].as_str().unwrap();
        assert!(message.contains("UTF-16"), "{message}");
    }
    assert_eq!(world.sandbox.requests().len(), 0);
    for said in [&config, &secret, &mapping] {
        assert!(said.err.contains("UTF-16") && said.err.contains("UTF-8"), "{}", said.err);
        assert!(!said.err.contains(&*world.sandbox.token()), "{}", said.err);
    }
}
