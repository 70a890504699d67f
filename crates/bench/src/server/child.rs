//! The other processes of a bench: this program again, with a hidden command.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use url::Url;

use crate::Result;

/// This program, as another process.
pub(crate) fn this_program() -> Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

/// A running server. It ends with this value, and with this process however that ends.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    url: Url,
}

impl Server {
    /// Starts a server of so many deals and waits until it listens.
    pub(crate) fn start(records: u64, rendered: u64) -> Result<Self> {
        let mut process = this_program()?
            .arg("serve")
            .args(["--records", &records.to_string(), "--rendered", &rendered.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let port: u16 = line.trim().parse().map_err(|_| "the server did not name its port")?;
        Ok(Self { process, url: Url::parse(&format!("http://127.0.0.1:{port}"))? })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is its sign to stop.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
