//! Where the server's programs are, and who may run them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Set, it turns "no PostgreSQL was found" from a line on stderr into a failure.
pub(super) const REQUIRE: &str = "TIELINE_REQUIRE_POSTGRES";

/// A folder with `initdb`, `pg_ctl` and `postgres`: on PATH, where `pg_config` says, or at the usual places; of several
/// versions the newest.
pub(super) fn folder() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.filter(|output| output.status.success());
    let told = told.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let places = ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt", "/usr"];
    let installed = places.iter().flat_map(|place| versions(Path::new(place)));
    std::env::split_paths(&path).chain(told).chain(installed).find_map(|folder| {
        // A link leads to the folder that has all of them.
        let initdb = folder.join("initdb").canonicalize().ok()?;
        let folder = initdb.parent()?;
        ["pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file()).then(|| folder.to_owned())
    })
}

/// The folders of programs below `place`, the newest version first.
fn versions(place: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let digits: String = name.chars().filter(char::is_ascii_digit).collect();
            let postgres = name.starts_with(|c: char| c.is_ascii_digit()) || name.contains("postgres");
            postgres.then(|| (digits.parse().unwrap_or(0), entry.path().join("bin")))
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// PostgreSQL refuses to run as root, which tests in a container often are.
#[derive(Clone, Copy)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl User {
    /// Whom root lets run the server. `None` for anybody else, who runs it as themselves.
    pub(super) fn instead_of_root(folder: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;

        // A folder that this process just made is its own.
        if std::fs::metadata(folder).ok()?.uid() != 0 {
            return None;
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let id = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some(Self { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
        };
        Some(id("postgres").or_else(|| id("nobody")).unwrap_or(Self { uid: 65_534, gid: 65_534 }))
    }
}
