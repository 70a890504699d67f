//! Another provider through the same commands: settings with an address, a secret alone, models as entities.

use std::process::Command;

use serde_json::{Value, json};
use tieline_sandbox::odoo::{API_KEY, DATABASE, LOGIN, Odoo, Version};
use tieline_sandbox::{Sandbox, Server};

use crate::world::*;

fn command(odoo: &Server<Odoo>, arguments: &str) -> Command {
    let mut command = bare(arguments.split(' '));
    let config = json!({"url": odoo.base_url(), "login": LOGIN, "database": DATABASE});
    command.args(["--config", &config.to_string(), "--allow-network", "127.0.0.1/32"]);
    command.env("TIELINE_CREDENTIAL", json!({"password": API_KEY}).to_string());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn odoo_is_checked_read_looked_up_and_written() {
    for version in [Version::V17, Version::V19] {
        let odoo = Sandbox::odoo(version).serve().await.unwrap();
        let run = |arguments: &str| said(&mut command(&odoo, arguments)).lines();
        assert_eq!(run("check odoo --json")[0]["provider"], "odoo");
        let read = run("read odoo res.partner --max-records 5");
        assert_eq!(of_type(&read, "upsert").count(), 5);
        let key = read[0]["key"].as_str().unwrap();
        let found = run(&format!("lookup odoo res.partner --keys {key}"));
        assert_eq!(found[0]["record"]["name"], read[0]["record"]["name"]);

        let mut write = spawn(&mut command(&odoo, "write odoo res.partner"));
        let line = json!({"op": "update", "key": key, "set": {"/name": "Omdöpt AB"}});
        std::io::Write::write_all(&mut write.stdin.take().unwrap(), line.to_string().as_bytes()).unwrap();
        let written = Said::from(write.wait_with_output().unwrap()).lines();
        assert_eq!(written[0]["outcome"], "applied", "{written:?}");
        let found: Vec<Value> = run(&format!("lookup odoo res.partner --keys {key}"));
        assert_eq!(found[0]["record"]["name"], "Omdöpt AB");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_this_machine_is_reached_only_by_permission() {
    let odoo = Sandbox::odoo(Version::V19).serve().await.unwrap();
    let config = json!({"url": odoo.base_url(), "login": LOGIN}).to_string();
    let mut command = bare(["check", "odoo", "--config", &config]);
    command.env("TIELINE_CREDENTIAL", json!({"password": API_KEY}).to_string());
    let refused = said(&mut command);
    assert_eq!(refused.code, Some(10));
    assert!(refused.err.contains("--allow-network"), "{}", refused.err);
    assert!(odoo.requests().is_empty());
}

#[test]
fn the_choices_of_a_setting_are_shown() {
    let spec = said(&mut bare(["spec", "odoo"])).out;
    assert!(spec.contains("One of auto, xmlrpc, json2."), "{spec}");
    assert!(spec.contains("As JSON: {\"password\":\"…\"}"), "{spec}");
}
