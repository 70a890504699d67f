//! `write` and `invoke`: one outcome for each line, in order.

use std::io::{BufRead as _, BufReader, Write as _};

use serde_json::{Value, json};
use tieline_sandbox::pipedrive::Entity;
use tieline_sandbox::{Fault, FaultRule, Object};

use crate::world::*;

fn outcomes(said: &Said) -> Vec<(u64, String)> {
    lines(&said.out)
        .iter()
        .map(|line| (line["line"].as_u64().unwrap(), line["outcome"].as_str().unwrap().to_owned()))
        .collect()
}

fn deal(world: &World, title: &str) -> i64 {
    world.sandbox.create(Entity::Deals, Object::default().with("title", title.to_owned())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_answered_in_its_order() {
    let world = World::new().await;
    let (old, gone) = (deal(&world, "gammal"), deal(&world, "borta"));
    let input = [
        json!({"op":"create","id":"c","fields":{"title":"Ny \"order\"","value":12.5}}).to_string(),
        "no operation".to_owned(),
        String::new(),
        json!({"op":"update","id":"u","key":old,"set":{"/title":"ändrad"}}).to_string(),
        json!({"op":"delete","key":gone.to_string()}).to_string(),
        json!({"op":"update","key":old,"set":{"/title":7}}).to_string(),
        json!({"op":"update","id":"v","key":old,"set":{"/title":"x"},"if_version":"2001-01-01T00:00:00Z"})
            .to_string(),
    ];
    let said = world.feed("write pipedrive deals @", input.join("\n").as_bytes());
    let expected =
        [(1, "applied"), (2, "malformed"), (4, "applied"), (5, "applied"), (6, "rejected"), (7, "conflict")];
    let expected: Vec<(u64, String)> =
        expected.into_iter().map(|(line, outcome)| (line, outcome.to_owned())).collect();
    assert_eq!(outcomes(&said), expected, "{}", said.out);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "not all were applied");
    let told = lines(&said.out);
    assert_eq!(told[0]["id"], "c");
    assert_eq!(told[0]["record"]["title"], "Ny \"order\"");
    assert_eq!(told[0]["key"], told[0]["record"]["id"].to_string());
    assert!(told[1]["error"]["message"].as_str().unwrap().contains("line 2"));
    assert_eq!(told[3]["id"], "line-5");
    assert_eq!(told[5]["record"]["title"], "ändrad", "the record as it is");
    let made: i64 = told[0]["key"].as_str().unwrap().parse().unwrap();
    assert!(world.sandbox.record(Entity::Deals, made).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn all_applied_is_a_good_end() {
    let world = World::new().await;
    let key = deal(&world, "a");
    let input = format!("{{\"op\":\"update\",\"key\":{key},\"set\":{{\"/title\":\"b\"}}}}\n");
    let said = world.feed("write pipedrive deals @", input.as_bytes());
    assert_eq!(said.lines().len(), 1);
    assert_eq!(world.feed("write pipedrive deals @", b"\n\n").lines(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_connector_cannot_do_is_said_for_each_line_and_ends_the_command() {
    let world = World::new().await;
    let input = b"{\"op\":\"create\",\"fields\":{\"name\":\"x\"}}\nbad\n{\"op\":\"delete\",\"key\":7}\n";
    let said = world.feed("write pipedrive users @", input);
    assert_eq!(said.code, Some(23));
    let told: Vec<String> = outcomes(&said).into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(told, ["rejected", "malformed", "rejected"]);
    assert_eq!(world.sandbox.requests().len(), 0);
    insta::assert_snapshot!(said.page("write pipedrive users @"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_before_the_next_line_is_written() {
    let world = World::new().await;
    let mut child = spawn(&mut world.command("write pipedrive deals @"));
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    for number in 1..=3 {
        writeln!(stdin, "{{\"op\":\"create\",\"fields\":{{\"title\":\"order {number}\"}}}}").unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&told["line"], &told["outcome"]), (&number.into(), &"applied".into()));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_credential_ends_the_command_and_not_a_request_for_each_line() {
    let world = World::new().await;
    let key = deal(&world, "a");
    world.sandbox.inject(FaultRule::new(Fault::Unauthorized).always());
    let line = format!("{{\"op\":\"update\",\"key\":{key},\"set\":{{\"/title\":\"b\"}}}}\n");
    let said = world.feed("write pipedrive deals @ --json", line.repeat(500).as_bytes());
    assert_eq!(said.code, Some(11), "{}", said.err);
    assert_eq!(lines(&said.err)[0]["error"]["kind"], "unauthenticated");
    assert!(outcomes(&said).len() <= 50, "the rest was not sent");
    assert!(outcomes(&said).iter().all(|(_, outcome)| outcome == "deferred"));
    assert_eq!(world.sandbox.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_keeps_the_order_of_its_changes_also_across_pieces() {
    let world = World::new().await;
    let (held, free) = (deal(&world, "held"), deal(&world, "free"));
    let path = format!("/api/v2/deals/{held}");
    world
        .sandbox
        .inject(FaultRule::new(Fault::Status { status: 503, body: None }).on("PATCH", &path).always());
    let mut child = spawn(&mut world.command("write pipedrive deals @ --max-wait 0"));
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut told = Vec::new();
    for (key, title) in [(held, "first"), (held, "second"), (free, "third")] {
        writeln!(stdin, "{{\"op\":\"update\",\"key\":{key},\"set\":{{\"/title\":\"{title}\"}}}}").unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        told.push(serde_json::from_str::<Value>(&line).unwrap());
        world.sandbox.clear_faults();
    }
    drop(stdin);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{}", String::from_utf8_lossy(&ended.stderr));
    let words: Vec<&Value> = told.iter().map(|line| &line["outcome"]).collect();
    assert_eq!(words, ["deferred", "deferred", "applied"], "{told:?}");
    assert_eq!(told[1]["error"]["kind"], "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_unknown() {
    let world = World::new().await;
    world.sandbox.inject(FaultRule::new(Fault::ResetMidBody).on("POST", "/api/v2/deals"));
    let said = world.feed("write pipedrive deals @", b"{\"op\":\"create\",\"fields\":{\"title\":\"en\"}}\n");
    assert_eq!(said.code, Some(1));
    assert_eq!(outcomes(&said), [(1, "unknown".to_owned())]);
    let sent = world.sandbox.requests().iter().filter(|seen| seen.method == "POST").count();
    assert_eq!(sent, 1, "it is not sent again blindly");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_ends_the_write() {
    let world = World::new().await;
    let mut child = spawn(&mut world.command("write pipedrive deals @"));
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let line = "{\"op\":\"create\",\"fields\":{\"title\":\"en\"}}\n";
    let _all = stdin.write_all(line.repeat(5).as_bytes());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(141));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    let sent = world.sandbox.requests().iter().filter(|seen| seen.method == "POST").count();
    assert_eq!(sent, 1, "nothing is done that nobody hears of");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_invoked() {
    let world = World::new().await;
    let unknown = world.run("invoke pipedrive deals levitate @ --key 1");
    assert_eq!(unknown.code.map(|code| (10..=24).contains(&code)), Some(true), "{}", unknown.err);
    assert_eq!(lines(&unknown.out)[0]["outcome"], "rejected");
    insta::assert_snapshot!(unknown.page("invoke pipedrive deals levitate @ --key 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_waited_for_on_request() {
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    let provider = MockServer::start().await;
    let answer =
        |data: Value| ResponseTemplate::new(200).set_body_json(json!({"success": true, "data": data}));
    let begun = answer(json!({"conversion_id": "8a1b"}));
    Mock::given(method("POST"))
        .and(path("/api/v2/deals/7/convert/lead"))
        .respond_with(begun)
        .mount(&provider)
        .await;
    let status = || Mock::given(method("GET")).and(path("/api/v2/deals/7/convert/status/8a1b"));
    let running = answer(json!({"conversion_id": "8a1b", "status": "running"}));
    let done = answer(json!({"conversion_id": "8a1b", "status": "completed", "lead_id": "abc"}));
    status().respond_with(running).up_to_n_times(1).mount(&provider).await;
    status().respond_with(done).mount(&provider).await;

    let invoke = |wait: &str| {
        let arguments = "invoke pipedrive deals convert_to_lead --key 7 --allow-network 127.0.0.1/32 --wait";
        let mut command = bare(arguments.split(' ').chain([wait, "--base-url", &provider.uri()]));
        command
            .args(["--config", "{\"company\":\"acme\"}"])
            .env("TIELINE_CREDENTIAL", "{\"api_token\":\"x\"}");
        said(&mut command)
    };
    let pages = [invoke("0").page("invoke --wait 0"), invoke("60").page("invoke --wait 60")];
    insta::assert_snapshot!(pages.join("\n"));
}
