//! The server: made, started, stopped and deleted.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use super::programs::{self, REQUIRE, User};

/// Nothing of a test server survives a crash of the machine, so it waits for no disk.
const SETTINGS: &str = "
listen_addresses = ''
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 64MB
max_wal_size = 64MB
min_wal_size = 32MB
autovacuum = off
log_statement = none
";

/// The superuser needs no password, for it shows nothing that matters; the role `locked` shows what a wrong one does.
const ACCESS: &str = "
local all locked scram-sha-256
local all all trust
";

/// Waits for the end of the test process, whatever ends it, then stops the server and deletes it.
const KEEPER: &str = r#"
trap '' HUP INT TERM
cat > /dev/null
"$1/pg_ctl" -D "$2/data" -m immediate -w stop > /dev/null 2>&1
rm -rf "$2"
"#;

/// A PostgreSQL server on a Unix socket in a folder of its own. It is stopped and deleted when this is dropped, and also
/// when the process ends without dropping it: by a panic, an `exit` or a signal.
#[derive(Debug)]
pub struct TestServer {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<(u32, u32)>,
    keeper: Child,
}

impl TestServer {
    /// The server of this process, started when it is first asked for. `None` as for [`start`](Self::start).
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<TestServer>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Starts a server. Where the machine has no PostgreSQL, it says so in one line on stderr and answers `None`.
    ///
    /// # Panics
    ///
    /// When there is a PostgreSQL and it does not start; and when there is none, but the environment variable
    /// `TIELINE_REQUIRE_POSTGRES` is set to anything but `0`.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs::folder() else {
            let required = std::env::var(REQUIRE).is_ok_and(|value| !value.is_empty() && value != "0");
            assert!(
                !required,
                "no PostgreSQL was found, and {REQUIRE} is set: install the server's programs"
            );
            // Not by a macro, whose output the test harness keeps back.
            let _ = writeln!(
                std::io::stderr(),
                "PostgreSQL was not found (initdb, pg_ctl, postgres): the tests that need it are left out"
            );
            return None;
        };
        let folder = tempfile::Builder::new().prefix("tieline-pg-").tempdir().unwrap().keep();
        let user = User::instead_of_root(&folder).map(|user| (user.uid, user.gid));
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let mut keeper = command(Path::new("sh"), user);
        keeper.args(["-c", KEEPER, "sh"]).arg(&programs).arg(&folder);
        // A group of its own, so that a Ctrl-C for the tests does not end it before it has cleaned up.
        let keeper = keeper.process_group(0).stdin(Stdio::piped()).spawn().unwrap();
        let server = Self { programs, folder, user, keeper };
        server.run("initdb", &["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "-N"]);
        let settings = format!("{SETTINGS}unix_socket_directories = '{}'\n", server.folder.display());
        append(&server.data().join("postgresql.conf"), &settings);
        std::fs::write(server.data().join("pg_hba.conf"), ACCESS).unwrap();
        server.resume();
        Some(server)
    }

    /// Starts it again after [`crash`](Self::crash).
    pub fn resume(&self) {
        let log = self.folder.join("log");
        self.run("pg_ctl", &["-w", "-l", &log.to_string_lossy(), "start"]);
    }

    /// Ends all of its processes at once, as the loss of the machine would.
    pub fn crash(&self) {
        self.run("pg_ctl", &["-w", "-m", "immediate", "stop"]);
    }

    /// The folder of its socket.
    pub fn socket(&self) -> &Path {
        &self.folder
    }

    /// A program that ends a database, made to run as the server's user.
    pub(super) fn dropper(&self) -> (PathBuf, Option<(u32, u32)>) {
        (self.programs.join("dropdb"), self.user)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = command(&self.programs.join(program), self.user);
        let command = command.arg("-D").arg(self.data()).args(arguments).env("LC_ALL", "C");
        let Output { status, stderr, .. } = {
            // What it starts would keep pipes open, so it gets files.
            let (out, err) = (self.folder.join("out"), self.folder.join("err"));
            let file = |path: &Path| std::fs::File::create(path).unwrap();
            let status = command.stdout(file(&out)).stderr(file(&err)).status().unwrap();
            Output { status, stdout: Vec::new(), stderr: std::fs::read(err).unwrap_or_default() }
        };
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        assert!(status.success(), "{program} failed: {}\n{log}", String::from_utf8_lossy(&stderr));
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

pub(super) fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    // The tests' own folder may be closed to the other user.
    command.current_dir("/").stdin(Stdio::null());
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

fn append(path: &Path, text: &str) {
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
