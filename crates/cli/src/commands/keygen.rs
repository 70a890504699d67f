//! `tieline keygen`: a key for the vault.

use secrecy::ExposeSecret;
use tieline::vault::Key;

use crate::failure::Outcome;
use crate::lines::stdout;

/// The one command that prints a secret, because that is what it is for.
pub(crate) fn keygen() -> Outcome {
    let key = Key::generate()?.to_text();
    let mut out = stdout();
    out.bytes(key.expose_secret().as_bytes())?;
    out.bytes(b"\n")?;
    out.flush()
}
