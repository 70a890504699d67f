//! What needs no records: providers, spec, check, discover, help, completions, manual pages.

use serde_json::Value;

use crate::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn screens_read_well() {
    let world = World::new().await;
    let pages: Vec<String> = [
        "providers",
        "spec pipedrive",
        "check pipedrive @",
        "discover pipedrive @",
        "discover pipedrive persons stages @",
    ]
    .iter()
    .map(|arguments| {
        let mut said = world.run(arguments);
        // The guide is the connector's own affair.
        if let Some(guide) = said.out.find("\n1. ") {
            said.out.replace_range(guide.., "\n(guide)\n");
        }
        said.page(arguments)
    })
    .collect();
    insta::assert_snapshot!(pages.join("\n"));
}

#[test]
fn help_reads_well() {
    let commands =
        ["", "spec ", "check ", "discover ", "read ", "lookup ", "write ", "invoke ", "sync ", "man "];
    let pages: Vec<String> = commands
        .iter()
        .map(|command| {
            let arguments = format!("{command}--help");
            said(&mut bare(arguments.split(' '))).page(&arguments)
        })
        .collect();
    insta::assert_snapshot!(pages.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_as_json() {
    let world = World::new().await;
    let one = |arguments: &str| {
        let lines = world.run(arguments).lines();
        assert_eq!(lines.len(), 1, "{arguments}");
        lines.into_iter().next().unwrap()
    };
    let providers = one("--json providers")["providers"].take();
    let ids: Vec<&Value> = providers.as_array().unwrap().iter().map(|provider| &provider["id"]).collect();
    assert_eq!(
        ids,
        ["chatwoot", "custom-rest", "fortnox", "google-sheets", "hubspot", "odoo", "pipedrive", "slack"]
    );
    let spec = one("spec pipedrive --json");
    assert_eq!(spec["config_schema"]["required"][0], "company");
    assert_eq!(spec["auth"][0]["fields"][0]["name"], "api_token");
    assert_eq!(spec["auth"][0]["fields"][0]["secret"], true);
    assert_eq!(spec["limits"][0]["quota"], 20);
    assert_eq!(spec["origins"]["patterns"][0], "*.pipedrive.com");
    assert!(spec["guide"].as_str().unwrap().contains("API"));
    let account = one("check pipedrive @ --json");
    assert_eq!(account["provider"], "pipedrive");
    assert_eq!(account["id"], "7788001");
    let names = one("discover pipedrive @ --json");
    let deals = &names["entities"][0];
    assert_eq!((&deals["name"], &deals["schema"]), (&"deals".into(), &Value::Null));
    let described = one("discover pipedrive deals @ --json");
    assert_eq!(described["entities"].as_array().unwrap().len(), 1);
    assert!(described["entities"][0]["schema"]["properties"]["title"].is_object());
    assert!(
        described["entities"][0]["fields"].as_array().unwrap().iter().any(|field| field["custom"] == true)
    );
    let all = one("discover pipedrive @ --schemas --json");
    assert!(all["entities"].as_array().unwrap().iter().all(|entity| entity["schema"].is_object()));
}

#[test]
fn shells_and_manual_pages_know_every_command() {
    let commands = [
        "providers",
        "spec",
        "check",
        "discover",
        "read",
        "lookup",
        "write",
        "invoke",
        "sync",
        "rest",
        "keygen",
    ];
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = said(&mut bare(["completions", shell]));
        assert_eq!(script.code, Some(0));
        for word in
            commands.iter().chain(&["--credential-file", "credential-file"][usize::from(shell == "fish")..])
        {
            assert!(script.out.contains(word), "{shell} lacks {word}");
        }
    }
    let page = said(&mut bare(["man"])).out;
    assert!(page.starts_with(".ie") && page.contains(".TH tieline 1"), "{page}");
    for command in commands {
        assert!(page.contains(&format!("tieline\\-{command}")), "{command}");
        let own = said(&mut bare(["man", command]));
        assert!(own.out.contains(&format!(".TH tieline-{command} 1")), "{}", own.out);
    }
    let codes = said(&mut bare(["man"])).out;
    assert!(codes.contains("unauthenticated"), "the page has the exit codes");
}

#[test]
fn a_new_key_opens_a_vault() {
    let keys: Vec<String> = (0..2).map(|_| said(&mut bare(["keygen"])).out).collect();
    assert_ne!(keys[0], keys[1]);
    for key in keys {
        tieline::vault::KeyRing::parse(&key.into()).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn the_bash_script_is_one() {
    let script = said(&mut bare(["completions", "bash"])).out;
    let Ok(mut bash) =
        std::process::Command::new("bash").arg("-n").stdin(std::process::Stdio::piped()).spawn()
    else {
        return;
    };
    std::io::Write::write_all(&mut bash.stdin.take().unwrap(), script.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success());
}
