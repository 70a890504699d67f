//! Connections that are kept: by consent, from the environment, until they are disconnected.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use tieline_sandbox::oauth::{Client, Decision};

use crate::world::{Said, World, lines};

const CLIENT_ID: &str = "command-line";
const CLIENT_SECRET: &str = "canary-client-secret-0123456789";

impl World {
    /// A command without a credential, with an app and a key.
    fn keeping(&self, arguments: &str) -> Command {
        let mut command = self.command(arguments);
        command.env_remove("TIELINE_CREDENTIAL");
        command.env("TIELINE_PIPEDRIVE_CLIENT_ID", CLIENT_ID);
        command.env("TIELINE_PIPEDRIVE_CLIENT_SECRET", CLIENT_SECRET);
        let sandbox = self.sandbox.base_url();
        if arguments.split(' ').any(|argument| argument == "pipedrive" || argument == "disconnect") {
            command.args([
                "--oauth-url",
                &sandbox,
                "--base-url",
                &sandbox,
                "--allow-network",
                "127.0.0.1/32",
            ]);
        }
        command.env("USER", "anna");
        command.args(["--key-file", "key"]);
        command
    }

    fn keep(&self, arguments: &str) -> Said {
        crate::world::said(&mut self.keeping(arguments))
    }

    fn make_key(&self, name: &str, older: &str) {
        let key = self.run("keygen").out;
        self.file(name, &format!("{key}{older}"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(self.path(name), private).unwrap();
        }
    }

    /// Runs `connect`, and a browser that consents. Answers what the program and the browser showed.
    fn connect(&self, arguments: &str) -> (Said, String) {
        let mut child = self
            .keeping(format!("connect pipedrive --callback http://localhost:0/callback {arguments}").trim())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (address, told) = self.address(&mut child);
        let callback = told.split_once(" at ").unwrap().1.split_once(" until ").unwrap().0.to_owned();
        let client = Client::new(CLIENT_ID).with_secret(CLIENT_SECRET).with_redirect(callback);
        self.sandbox
            .authorization()
            .register(client.with_scopes(["base", "deals:full", "users:read"]))
            .unwrap();
        let redirect = get(&address);
        let page = match redirect.lines().find_map(|line| line.strip_prefix("location: ")) {
            Some(callback) => get(callback.trim()),
            None => panic!("the provider sent the browser nowhere: {redirect}"),
        };
        let said = Said::from(child.wait_with_output().unwrap());
        (said, page)
    }

    /// Where the program sends the browser, and the line that says where it waits.
    fn address(&self, child: &mut Child) -> (String, String) {
        let mut output = BufReader::new(child.stderr.take().unwrap());
        let mut address = None;
        loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "the program ended: {}", self.rest(child));
            match line.trim() {
                url if url.starts_with("http") => address = Some(url.to_owned()),
                waiting if waiting.starts_with("Waiting") => {
                    child.stderr = Some(output.into_inner());
                    return (address.unwrap(), waiting.to_owned());
                }
                _ => {}
            }
        }
    }

    fn rest(&self, child: &mut Child) -> String {
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// Nothing of a secret is in what was shown, or in clear in the store.
    fn hunt(&self, shown: &[&str]) {
        let mut secrets = self.sandbox.authorization().secrets();
        secrets.extend([CLIENT_SECRET.to_owned(), self.sandbox.token()]);
        secrets.retain(|secret| secret.len() >= 12);
        assert!(secrets.len() > 3, "the provider gave no tokens");
        let files =
            ["tieline.db", "tieline.db-wal"].map(|name| std::fs::read(self.path(name)).unwrap_or_default());
        for secret in &secrets {
            for text in shown {
                assert!(!text.contains(secret.as_str()), "a secret was shown: {text}");
            }
            for file in &files {
                let found = file.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "a secret is in the store in clear");
            }
        }
    }
}

/// A browser, as far as it is needed: one GET, and all that is answered.
fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_consents_and_the_connection_is_kept_and_used_until_it_is_disconnected() {
    let world = World::new().await;
    world.make_key("key", "");
    let (connected, page) = world.connect("--connection sales");
    assert_eq!(connected.code, Some(0), "{}", connected.err);
    assert!(page.contains("Connected. You can close this page."), "{page}");

    // The access token ends; the next command renews it.
    world.sandbox.expire_access_tokens();
    let checked = world.keep("check pipedrive --stored sales");
    let read = world.keep("read pipedrive users --stored sales");
    assert_eq!((checked.code, read.code), (Some(0), Some(0)), "{}{}", checked.err, read.err);
    assert_eq!(world.sandbox.authorization().counters().refreshes, 1);
    assert!(lines(&read.out).iter().any(|line| line["type"] == "upsert"));

    let listed = world.keep("connections --json");
    let listed = &lines(&listed.out)[0];
    assert_eq!(
        (listed["id"].as_str(), listed["health"].as_str(), listed["created_by"].as_str()),
        (Some("sales"), Some("healthy"), Some("anna"))
    );
    assert!(listed["secret"]["refresh_token"].as_str().unwrap().starts_with('\u{2022}'), "{listed}");

    let disconnected = world.keep("disconnect sales");
    assert_eq!(world.sandbox.authorization().counters().revocations, 1);
    let after = world.keep("check pipedrive --stored sales");
    let (again, _) = world.connect("--connection sales");
    assert_eq!(
        (again.code, world.keep("check pipedrive --stored sales").code),
        (Some(0), Some(0)),
        "{}",
        again.err
    );
    let erased = world.keep("disconnect sales --erase");
    let none = world.keep("connections");
    let pages = [
        connected.page("connect pipedrive --connection sales"),
        checked.page("check pipedrive --stored sales"),
        disconnected.page("disconnect sales"),
        after.page("check pipedrive --stored sales"),
        erased.page("disconnect sales --erase"),
        none.page("connections"),
    ];
    let pages = pages.join("\n");
    world.hunt(&[&pages, &page, &read.out, &listed.to_string()]);
    insta::assert_snapshot!("kept_by_consent", pages);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_what_went_wrong() {
    let world = World::new().await;
    world.make_key("key", "");
    let no_app = crate::world::said(
        world
            .keeping("connect pipedrive")
            .env_remove("TIELINE_PIPEDRIVE_CLIENT_ID")
            .env_remove("TIELINE_PIPEDRIVE_CLIENT_SECRET"),
    );
    let half_an_app =
        crate::world::said(world.keeping("connect pipedrive").env_remove("TIELINE_PIPEDRIVE_CLIENT_ID"));
    let elsewhere = world.keep("connect pipedrive --callback https://app.example.com/callback");
    let no_key = crate::world::said(world.command("connect pipedrive").env_remove("TIELINE_VAULT_KEY"));

    world.sandbox.authorization().set_decision(Decision::Denies);
    let (denied, page) = world.connect("");
    assert!(page.contains("Not connected. The terminal says why."), "{page}");
    world.sandbox.authorization().set_decision(Decision::Strays);
    let (lost, _) = world.connect("");
    // The account is tried before it is kept.
    let wrong = crate::world::said(
        world
            .keeping("connect pipedrive --config {\"company\":\"acme\"}")
            .env("TIELINE_CREDENTIAL", "{\"api_token\":\"0000000000000000000000000000000000000000\"}"),
    );
    let unset = world.keep("import-env pipedrive --config {\"company\":\"acme\"}");
    let unknown = world.keep("disconnect other");
    let listed = world.keep("connections");
    let pages = [
        no_app.page("connect pipedrive"),
        half_an_app.page("connect pipedrive"),
        elsewhere.page("connect pipedrive --callback https://app.example.com/callback"),
        no_key.page("connect pipedrive"),
        denied.page("connect pipedrive"),
        lost.page("connect pipedrive"),
        wrong.page("connect pipedrive --config …"),
        unset.page("import-env pipedrive --config …"),
        unknown.page("disconnect other"),
        listed.page("connections"),
    ];
    let pages = world.stable(&pages.join("\n"));
    world.hunt(&[&pages]);
    insta::assert_snapshot!("nothing_kept", pages);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_imported_and_its_key_rotated() {
    let world = World::new().await;
    world.make_key("key", "");
    let import = |name: &str| {
        let mut command = world.keeping(&format!("import-env pipedrive --connection {name} --name Sales"));
        command.args(["--config", "{\"company\":\"acme-demo\"}"]);
        command.env("TIELINE_PIPEDRIVE_API_TOKEN", world.sandbox.token());
        crate::world::said(&mut command)
    };
    let imported = import("sales");
    assert_eq!(imported.code, Some(0), "{}", imported.err);
    assert_eq!(import("more").code, Some(0));
    let listed = world.keep("connections");
    let sealed = crate::world::said(&mut world.command("connections"));

    let older = std::fs::read_to_string(world.path("key")).unwrap();
    world.make_key("other", "");
    let foreign = crate::world::said(world.command("connections").args(["--key-file", "other"]));
    world.make_key("both", &older);
    let rotated = crate::world::said(world.command("rotate-key").args(["--key-file", "both"]));
    let again = crate::world::said(world.command("rotate-key").args(["--key-file", "both"]));
    // What was the older key does not open anything any more.
    let gone = world.keep("check pipedrive --stored sales");
    let other_tenant =
        crate::world::said(world.command("connections --tenant other").args(["--key-file", "both"]));

    let time = |page: String| {
        let mut words: Vec<String> = page.split('\n').map(str::to_owned).collect();
        for word in &mut words {
            if let Some(at) = word.find(" UTC") {
                word.replace_range(at - 16..at, "2026-01-01 00:00");
            }
        }
        words.join("\n")
    };
    let pages = [
        imported.page("import-env pipedrive --connection sales --name Sales --config …"),
        time(listed.page("connections --key-file key")),
        time(sealed.page("connections")),
        foreign.page("connections --key-file other"),
        rotated.page("rotate-key --key-file both"),
        again.page("rotate-key --key-file both"),
        gone.page("check pipedrive --stored sales --key-file key"),
        other_tenant.page("connections --tenant other --key-file both"),
    ];
    let pages = world.stable(&without_key_ids(&pages.join("\n")));
    world.hunt_token(&pages);
    insta::assert_snapshot!("imported_and_rotated", pages);
}

/// Ids of keys are 16 digits of hex.
fn without_key_ids(text: &str) -> String {
    let id = |word: &str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hide = |word: &str| match id(word.trim_end_matches(',')) {
        true => word.replace(word.trim_end_matches(','), "[key]"),
        false => word.to_owned(),
    };
    let line = |line: &str| line.split(' ').map(hide).collect::<Vec<_>>().join(" ");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

impl World {
    fn hunt_token(&self, shown: &str) {
        let token = self.sandbox.token();
        assert!(!shown.contains(token.as_str()), "the key was shown");
        for name in ["tieline.db", "tieline.db-wal"] {
            let file = std::fs::read(self.path(name)).unwrap_or_default();
            assert!(
                !file.windows(token.len()).any(|window| window == token.as_bytes()),
                "the key is in {name}"
            );
        }
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_the_command_and_not_the_renewal() {
    use tieline_sandbox::{Fault, FaultRule};

    let world = World::new().await;
    world.make_key("key", "");
    assert_eq!(world.connect("--connection sales").0.code, Some(0));
    world.sandbox.expire_access_tokens();
    // The provider has taken the old token when the signal comes, and answers late.
    world.sandbox.inject(FaultRule::new(Fault::Delay { ms: 1_500 }).on("POST", "/oauth/token"));
    let mut command = world.keeping("check pipedrive --stored sales");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while world.sandbox.authorization().counters().refreshes == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!((said.code, said.out.as_str()), (Some(130), ""), "{}", said.err);
    assert!(said.err.contains("waiting until it is saved"), "{}", said.err);

    let after = world.keep("check pipedrive --stored sales");
    assert_eq!(after.code, Some(0), "{}", after.err);
    assert_eq!(world.sandbox.authorization().counters().refreshes, 1, "the new token was saved");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_concerns_the_connection_changes_its_health() {
    use tieline_sandbox::{Fault, FaultRule};

    let world = World::new().await;
    world.make_key("key", "");
    assert_eq!(world.connect("--connection sales").0.code, Some(0));
    let health = || {
        let listed = world.keep("connections --json");
        lines(&listed.out)[0]["health"].as_str().unwrap().to_owned()
    };
    assert_eq!(world.keep("check pipedrive --stored sales").code, Some(0));
    // A typo, data that is refused, an entity without a right.
    let typo = world.keep("read pipedrive dealz --stored sales");
    assert!(typo.code.is_some_and(|code| code >= 10), "{}", typo.err);
    let forbidden = Fault::Status { status: 403, body: None };
    world.sandbox.inject(FaultRule::new(forbidden).on("GET", "/api/v2/stages").always());
    assert_eq!(world.keep("read pipedrive stages --stored sales").code, Some(12));
    assert_eq!(health(), "healthy");
    let down = Fault::Status { status: 503, body: None };
    world.sandbox.inject(FaultRule::new(down).on("GET", "/api/v1/users").always());
    assert_eq!(world.keep("read pipedrive users --stored sales --max-wait 0").code, Some(18));
    assert_eq!(health(), "failing");
    world.sandbox.clear_faults();
    assert_eq!(world.keep("check pipedrive --stored sales").code, Some(0));
    assert_eq!(health(), "healthy");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tenant_synced_is_the_tenants_and_goes_with_its_connection() {
    use tieline::sqlite::SqliteStore;
    use tieline::store::SyncStore as _;

    let world = World::new().await;
    world.make_key("key", "");
    let (connected, _) = world.connect("--connection sales --tenant acme");
    assert_eq!(connected.code, Some(0), "{}", connected.err);
    let synced = world.keep("sync pipedrive users --stored sales --tenant acme --into tieline.db");
    assert_eq!(synced.code, Some(0), "{}", synced.err);
    let records = async |tenant: &str| {
        let store = SqliteStore::open(world.path("tieline.db")).await.unwrap().for_tenant(tenant.into());
        store.counts(&"sales".into()).await.unwrap().records("users")
    };
    assert_eq!((records("acme").await, records("main").await), (5, 0));
    let other =
        world.keep("sync pipedrive users --stored sales --connection x --tenant acme --into tieline.db");
    assert_eq!(other.code, Some(2), "{}", other.err);
    let erased = world.keep("disconnect sales --tenant acme --erase");
    assert_eq!(erased.code, Some(0), "{}", erased.err);
    assert_eq!((records("acme").await, records("main").await), (0, 0));
    assert_eq!(
        world.keep("disconnect sales --tenant acme --erase").code,
        Some(13),
        "there is nothing to erase"
    );
}
