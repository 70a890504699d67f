//! The bench as its users run it, on little work: what it prints and how it ends, not how fast anything is.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::process::Command;

#[test]
fn read_prints_a_line_per_comparison_and_ends_accordingly() {
    let expected: &[&str] = if cfg!(target_os = "linux") { &["read", "memory"] } else { &["read"] };
    prints_and_ends(&["read", "--records", "1200", "--rounds", "5"], expected);
}

#[test]
fn describe_prints_a_line_per_comparison_and_ends_accordingly() {
    prints_and_ends(&["describe", "--records", "1200", "--rounds", "5"], &["describe", "describe/compile"]);
}

#[test]
fn vault_prints_a_line_and_ends_accordingly() {
    prints_and_ends(&["vault", "--secrets", "20", "--rounds", "5"], &["vault"]);
}

#[test]
fn mapping_prints_a_line_and_ends_accordingly() {
    prints_and_ends(&["mapping", "--records", "600", "--rounds", "5"], &["mapping"]);
    prints_and_ends(&["read-mapped", "--records", "1200", "--rounds", "5"], &["read-mapped"]);
}

#[test]
fn sheets_prints_a_line_and_ends_accordingly() {
    prints_and_ends(&["sheets", "--rows", "2500", "--rounds", "5"], &["sheets"]);
}

#[test]
fn walk_prints_a_line_and_ends_accordingly() {
    prints_and_ends(&["walk", "--rounds", "5", "--repeat", "1"], &["walk"]);
}

/// A ratio means something only while its baseline stays what it was.
#[test]
fn baselines_are_frozen() {
    use sha2::{Digest as _, Sha256};
    for (file, digest) in [
        ("src/read/bare.rs", "43bda4a7a8dbc1f6"),
        ("src/fortnox/bare.rs", "89f16f95e8aeec5b"),
        ("src/mapping/by_hand.rs", "be34a23bfcbdeead"),
        ("src/describe/by_hand.rs", "6cc337dbc4487483"),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let found = Sha256::digest(std::fs::read(path).unwrap());
        let found: String = found.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            found, digest,
            "{file} is a baseline: say in the commit why it changed, and its digest here"
        );
    }
}

fn prints_and_ends(arguments: &[&str], expected: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_tieline-bench")).args(arguments).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let held: Vec<(&str, bool)> = printed
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(" ratio=")?;
            let (ratio, limit) = rest.split_once(" limit=")?;
            Some((name, ratio.parse::<f64>().unwrap() <= limit.parse::<f64>().unwrap()))
        })
        .collect();
    let names: Vec<&str> = held.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected, "{printed}");
    let all_held = held.iter().all(|(_, held)| *held);
    assert_eq!(output.status.code(), Some(i32::from(!all_held)), "{printed}");
}

#[test]
fn what_cannot_run_ends_with_2() {
    let output = Command::new(env!("CARGO_BIN_EXE_tieline-bench"))
        .args(["memory", "--server", "http://192.0.2.1/", "--records", "1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: "));
}
