//! Errors: as text, as JSON, as exit codes.

use tieline_sandbox::{Fault, FaultRule, RetryAfter};

use crate::world::*;

const ACCOUNT: &str = "/api/v1/users/me";

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_has_its_exit_code() {
    let world = World::new().await;
    let status = |status| Fault::Status { status, body: None };
    for (fault, code, kind) in [
        (Fault::Unauthorized, 11, "unauthenticated"),
        (status(403), 12, "forbidden"),
        (status(400), 15, "rejected"),
        (Fault::TooManyRequests { retry_after: RetryAfter::Seconds(3600) }, 16, "rate_limited"),
        (Fault::MalformedJson, 21, "decode"),
    ] {
        world.sandbox.clear_faults();
        world.sandbox.inject(FaultRule::new(fault).on("GET", ACCOUNT).always());
        let said = world.run("--json check pipedrive @ --max-wait 1");
        assert_eq!((said.code, said.out.as_str()), (Some(code), ""), "{kind}: {}", said.err);
        let error = &lines(&said.err)[0]["error"];
        assert_eq!(error["kind"], kind);
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    world.sandbox.clear_faults();
    for (arguments, code, kind) in [
        ("check nobody @", 10, "config"),
        ("read pipedrive dealz @", 13, "not_found"),
        ("invoke pipedrive users levitate @", 23, "unsupported"),
        ("sync pipedrive deals @ --into absent/t.db --connection a", 24, "internal"),
    ] {
        let said = world.run(&format!("--json {arguments}"));
        assert_eq!(said.code, Some(code), "{arguments}: {}", said.err);
        assert_eq!(lines(&said.err)[0]["error"]["kind"], kind);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_say_what_where_and_what_to_do() {
    let world = World::new().await;
    let mut pages = Vec::new();
    for arguments in [
        "check nobody @",
        "check pipedrive --config {\"company\":\"acme-demo\"} --base-url http://127.0.0.1:9",
        "check pipedrive --config {\"company\":\"acme-demo\"} --base-url https://me:c0ffee@example.com",
        "check pipedrive --config {\"company\":\"acme-demo\"} --base-url here",
        "check pipedrive --config {\"company\":\"acme-demo\"} --allow-network home",
        "read pipedrive dealz @",
        "read pipedrive deals @ --partition 7",
        "read pipedrive deals @ --page-size 0",
        "read pipedrive deals @ --state absent/deals.state",
        "lookup pipedrive deals @",
        "lookup pipedrive deals @ --field /email",
        "lookup pipedrive deals @ --field email --value 7",
        "lookup pipedrive deals @ --field /email --value a@b",
        "invoke pipedrive deals confirm @ --input {",
        "invoke pipedrive deals confirm @ --input @absent.json",
        "sync pipedrive deals deals @ --into t.db --connection a",
        "sync pipedrive deals @ --into absent/t.db --connection a",
        "sync pipedrive deals @ --into t.db --connection a --map deals",
        "sync pipedrive deals @ --into t.db --connection a --map users=m.json",
        "sync pipedrive deals @ --into t.db --connection a --map deals=absent.json",
        "man nothing",
        "check pipedrive --api-token=c0ffee",
    ] {
        let said = world.run(arguments);
        assert!(!said.err.contains("c0ffee"), "{}", said.err);
        assert_eq!(said.out, "", "{arguments}");
        pages.push(said.page(arguments));
    }
    world.sandbox.inject(FaultRule::new(Fault::Unauthorized).on("GET", ACCOUNT).always());
    pages.push(world.run("check pipedrive @").page("check pipedrive @ (a dead token)"));
    pages.push(world.run("check pipedrive @ --json").page("check pipedrive @ --json (a dead token)"));
    let json = ["check pipedrive --bogus --json", "man nothing --json", "lookup pipedrive deals @ --json"];
    pages.extend(json.iter().map(|arguments| world.run(arguments).page(arguments)));
    insta::assert_snapshot!(world.stable(&pages.join("\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_lasts_ends_the_command_with_the_time_to_wait() {
    let world = World::new().await;
    let fault = Fault::TooManyRequests { retry_after: RetryAfter::Seconds(3600) };
    world.sandbox.inject(FaultRule::new(fault).always());
    let said = world.run("--json read pipedrive deals @");
    assert_eq!(said.code, Some(16));
    assert_eq!(lines(&said.err)[0]["error"]["retry_after_seconds"], 3600);
    assert_eq!(world.sandbox.requests().len(), 1, "it is not asked again");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_listening_is_no_reason_to_fall_over() {
    let world = World::new().await;
    for (arguments, code) in [
        ("-vvv check pipedrive @", 0),
        ("check nobody @", 10),
        ("check --json", 2),
        ("man nothing --json", 2),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended =
            world.command(arguments).stdout(std::process::Stdio::null()).stderr(writer).status().unwrap();
        assert_eq!(ended.code(), Some(code), "{arguments}");
    }
}
