//! `tieline completions` and `tieline man`.

use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::lines::stdout;

pub(crate) fn completions(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::definition(), "tieline", &mut script);
    print(&script)
}

pub(crate) fn man(command: Option<&str>) -> Outcome {
    let whole = Arguments::definition();
    let page = match command {
        None => whole,
        Some(name) => {
            let found = whole.get_subcommands().find(|command| command.get_name() == name).cloned();
            found.ok_or_else(|| Failure::Usage(format!("there is no command {name:?}")))?
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(Failure::output)?;
    print(&text)
}

fn print(bytes: &[u8]) -> Outcome {
    let mut out = stdout();
    out.bytes(bytes)?;
    out.flush()
}
