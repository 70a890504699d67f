//! A sandbox, and the program in front of it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tieline_sandbox::pipedrive::{COMPANY, Limits, Pipedrive};
use tieline_sandbox::{Sandbox, Server};

pub struct World {
    pub sandbox: Server<Pipedrive>,
    pub folder: tempfile::TempDir,
}

/// What the program said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl World {
    pub async fn new() -> Self {
        let sandbox = Sandbox::pipedrive();
        sandbox.set_limits(Limits::none());
        Self { sandbox: sandbox.serve().await.unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    /// A command with the account's credential. Arguments are separated by spaces; `@` stands for the account's address
    /// and settings.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = bare(arguments.split(' ').filter(|argument| *argument != "@"));
        if arguments.split(' ').any(|argument| argument == "@") {
            command.args(["--base-url", &self.sandbox.base_url(), "--allow-network", "127.0.0.1/32"]);
            command.args(["--config", &format!("{{\"company\":\"{COMPANY}\"}}")]);
        }
        command.current_dir(self.folder.path());
        command.env("TIELINE_CREDENTIAL", format!("{{\"api_token\":\"{}\"}}", self.sandbox.token()));
        command
    }

    pub fn run(&self, arguments: &str) -> Said {
        said(&mut self.command(arguments))
    }

    /// Runs it with this on standard input.
    pub fn feed(&self, arguments: &str, input: &[u8]) -> Said {
        let mut child = spawn(&mut self.command(arguments));
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // A program that needs no more closes the pipe.
            let _all = stdin.write_all(&input);
        });
        let said = Said::from(child.wait_with_output().unwrap());
        writer.join().unwrap();
        said
    }

    pub fn file(&self, name: &str, content: &str) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A text without what differs from run to run.
    pub fn stable(&self, text: &str) -> String {
        text.replace(&self.sandbox.base_url(), "[sandbox]")
            .replace(&self.folder.path().canonicalize().unwrap().display().to_string(), "[folder]")
    }
}

/// The program without anything of this machine's environment.
pub fn bare<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tieline"));
    command.args(arguments);
    for name in
        ["TIELINE_CREDENTIAL", "TIELINE_VAULT_KEY", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "RUST_LOG"]
    {
        command.env_remove(name);
    }
    command
}

pub fn said(command: &mut Command) -> Said {
    command.stdin(Stdio::null()).output().unwrap().into()
}

pub fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

impl From<std::process::Output> for Said {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    /// The output's lines as JSON, after a good end.
    pub fn lines(&self) -> Vec<Value> {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        lines(&self.out)
    }

    /// Everything on one page, for a snapshot.
    pub fn page(&self, title: &str) -> String {
        let code = self.code.unwrap_or(-1);
        format!("$ tieline {title}\n{}{}[exit {code}]\n", self.out, self.err)
    }
}

pub fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

pub fn of_type<'l>(lines: &'l [Value], kind: &'l str) -> impl Iterator<Item = &'l Value> {
    lines.iter().filter(move |line| line["type"] == kind)
}

pub fn read_state(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
