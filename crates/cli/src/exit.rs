//! The exit codes. They are a promise: scripts depend on them.

use std::fmt::Write as _;

use tieline::ErrorKind;

/// Finished, but not everything was done.
pub(crate) const INCOMPLETE: u8 = 1;
/// The arguments make no command.
pub(crate) const USAGE: u8 = 2;
/// What a shell shows for a program that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;
/// Whoever read the output is gone: what a shell shows for a program that died of `SIGPIPE`.
pub(crate) const CLOSED: u8 = 141;

const KINDS: [(ErrorKind, u8, &str); 15] = [
    (ErrorKind::Config, 10, "settings, credential or address are wrong or missing"),
    (ErrorKind::Unauthenticated, 11, "the provider does not accept the credential"),
    (ErrorKind::Forbidden, 12, "the credential may not do this"),
    (ErrorKind::NotFound, 13, "there is no such entity or record"),
    (ErrorKind::Conflict, 14, "the record changed meanwhile, or exists already"),
    (ErrorKind::Rejected, 15, "the provider refuses the data"),
    (ErrorKind::RateLimited, 16, "too many requests for now"),
    (ErrorKind::QuotaExhausted, 17, "the budget of the day or the month is used up"),
    (ErrorKind::Unavailable, 18, "the provider is down"),
    (ErrorKind::Timeout, 19, "no answer in time"),
    (ErrorKind::Transport, 20, "the connection failed"),
    (ErrorKind::Decode, 21, "the answer is not what the provider documents"),
    (ErrorKind::StateInvalid, 22, "the state cannot be used: start over without it"),
    (ErrorKind::Unsupported, 23, "the connector cannot do this"),
    (ErrorKind::Internal, 24, "a fault of this program, of a file or of the database"),
];

/// The exit code of a kind of error.
pub(crate) fn code(kind: ErrorKind) -> u8 {
    // Kinds may be added; until they have a code of their own they are faults of this program.
    KINDS.iter().find(|(known, ..)| *known == kind).map_or(24, |(_, code, _)| *code)
}

/// The codes with their meaning, in their order.
fn meanings() -> impl Iterator<Item = (u8, &'static str, &'static str)> {
    let own = [
        (0, "", "done"),
        (INCOMPLETE, "", "finished, but not everything was done: the output says what"),
        (USAGE, "usage", "the arguments make no command"),
    ];
    let kinds = KINDS.iter().map(|(kind, code, meaning)| (*code, kind.as_str(), *meaning));
    let ended = [
        (INTERRUPTED, "", "ended by Ctrl-C; 129 and 143 for the other signals"),
        (CLOSED, "", "whoever read the output is gone"),
    ];
    own.into_iter().chain(kinds).chain(ended)
}

/// The table for `--help`.
pub(crate) fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for (code, kind, meaning) in meanings() {
        // Writing to a text cannot fail.
        let _written = writeln!(text, "{code:>5}  {kind:<16} {meaning}");
    }
    text.push_str(
        "\nThe credential comes from TIELINE_CREDENTIAL or from a private file (--credential-file), as JSON such as \
         {\"api_token\":\"…\"}; `tieline spec PROVIDER` names its fields.",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_readme() {
        let readme = include_str!("../README.md");
        for (code, kind, meaning) in meanings() {
            let kind = if kind.is_empty() { String::new() } else { format!("`{kind}`") };
            let row = format!("| {code} | {kind} | {meaning} |").replace("|  |", "| |");
            assert!(readme.contains(&row), "the README lacks {row}");
        }
    }

    #[test]
    fn no_code_means_two_things() {
        let mut codes: Vec<u8> = meanings().map(|(code, ..)| code).collect();
        let all = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), all);
        assert!(codes.is_sorted());
    }
}
