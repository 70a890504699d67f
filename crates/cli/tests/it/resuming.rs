//! A read that is killed, and one whose reader leaves.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use serde_json::Value;
use tieline_sandbox::{Fault, FaultRule};

use crate::world::*;

fn upserts(lines: &[Value]) -> impl Iterator<Item = String> {
    of_type(lines, "upsert").map(|line| line["key"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_is_killed_anywhere_loses_nothing() {
    let world = World::new().await;
    let all: BTreeSet<String> = upserts(&world.run("read pipedrive persons @").lines()).collect();
    // Each answer is late, so that the program is in the middle of something when it dies.
    world.sandbox.inject(FaultRule::new(Fault::Delay { ms: 40 }).always());
    let arguments = "read pipedrive persons @ --page-size 10 --state persons.state";
    let mut seen = BTreeSet::new();
    let mut ended = 0;
    for kill_after in [0, 1, 3, 11, 12, 25, 40] {
        let mut child = spawn(&mut world.command(arguments));
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        for _ in 0..kill_after {
            out.read_line(&mut text).unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What reached the pipe is the reader's.
        out.read_to_string(&mut text).unwrap();
        if !text.ends_with('\n') {
            text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        }
        let lines = lines(&text);
        ended += of_type(&lines, "end").count();
        seen.extend(upserts(&lines));
        if let Ok(stored) = std::fs::read_to_string(world.path("persons.state")) {
            serde_json::from_str::<Value>(&stored).unwrap();
        }
    }
    assert_eq!(ended, 0, "it was killed before the end");
    world.sandbox.clear_faults();
    let last = world.run(arguments).lines();
    seen.extend(upserts(&last));
    assert_eq!(last.last().unwrap()["complete"], true);
    assert!(last.len() < all.len(), "it went on and did not begin anew");
    assert_eq!(seen, all);
    let left: Vec<_> = std::fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with(".tieline-state-"))
        .collect();
    assert_eq!(left, ["persons.state"]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_ends_the_read_quietly() {
    let world = World::new().await;
    let all: BTreeSet<String> = upserts(&world.run("read pipedrive persons @").lines()).collect();
    let mut seen = BTreeSet::new();
    for take in [1, 15, 40] {
        // Each answer is late, so that the reader has left before all is said.
        world.sandbox.inject(FaultRule::new(Fault::Delay { ms: 100 }).always());
        let mut child =
            spawn(&mut world.command("read pipedrive persons @ --page-size 10 --state persons.state"));
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        for _ in 0..take {
            out.read_line(&mut text).unwrap();
        }
        drop(out);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(141));
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "it says nothing");
        // What the reader kept is the last state line that it took, with what came before it.
        let lines = lines(&text);
        let kept = lines.iter().rposition(|line| line["type"] == "state");
        let taken = kept.map_or(&lines[..0], |kept| &lines[..=kept]);
        seen.extend(upserts(taken));
        match kept {
            Some(kept) => world.file("persons.state", &lines[kept].to_string()),
            None => std::fs::remove_file(world.path("persons.state")).unwrap_or_default(),
        }
    }
    world.sandbox.clear_faults();
    let last = world.run("read pipedrive persons @ --page-size 10 --state persons.state").lines();
    seen.extend(upserts(&last));
    assert_eq!(seen, all);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_state_never_goes_beyond_what_was_written() {
    let world = World::new().await;
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = world.command("read pipedrive users @ --state users.state --json");
    let said = Said::from(command.stdin(Stdio::null()).stdout(full).output().unwrap());
    assert_eq!(said.code, Some(24));
    assert_eq!(lines(&said.err)[0]["error"]["message"], "standard output could not be written");
    assert!(!world.path("users.state").exists());

    let before = world.run("read pipedrive users @ --state users.state --max-records 2");
    assert_eq!(before.code, Some(0));
    let kept = read_state(&world.path("users.state"));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = world.command("read pipedrive users @ --state users.state");
    let said = Said::from(command.stdin(Stdio::null()).stdout(writer).output().unwrap());
    assert_eq!((said.code, said.err.as_str()), (Some(141), ""));
    assert_eq!(read_state(&world.path("users.state")), kept);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_state_file_keeps_its_permissions_and_its_place() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let world = World::new().await;
    std::fs::create_dir(world.path("states")).unwrap();
    world.run("read pipedrive users @ --state states/users --max-records 2").lines();
    let mode = || std::fs::metadata(world.path("states/users")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(world.path("states/users"), std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("states/users", world.path("link")).unwrap();
    let before = read_state(&world.path("states/users"));
    world.run("read pipedrive users @ --state link").lines();
    assert_ne!(read_state(&world.path("states/users")), before);
    assert!(world.path("link").symlink_metadata().unwrap().is_symlink());
    assert_eq!(mode(), 0o640);
}
