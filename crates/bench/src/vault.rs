//! `vault`: what envelope encryption costs on top of bare AES-256-GCM.

use std::process::ExitCode;

use aes_gcm::aead::{Aead, Generate, Nonce, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use secrecy::{ExposeSecret, SecretSlice};
use tieline_vault::{Context, Key, KeyRing, Sealed, Vault};

use crate::Result;
use crate::harness::{self, Cost, LEAST_ROUNDS, Report};

/// The most that our side may take of the bare side's time.
const LIMIT: f64 = 2.5;

/// Bytes of the secret.
const SECRET: usize = 1000;
const CONTEXT: Context<'static> = Context::new("tenant-1", "connection-1", "api_token");

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// How many secrets a run seals and opens.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    secrets: u64,
    /// How often each side runs, after one run to warm up.
    #[arg(long, default_value_t = 21, value_parser = clap::value_parser!(u64).range(LEAST_ROUNDS..))]
    rounds: u64,
}

/// Compares the CPU time of sealing and opening; wall time where the system does not tell it.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let Options { secrets, rounds } = *options;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (ours, bare) = (Vault::new(KeyRing::new(Key::generate()?)), Bare::new()?);
    let secret = SecretSlice::from(vec![b'x'; SECRET]);

    let rounds = harness::alternate(
        rounds,
        || {
            runtime.block_on(async {
                for _ in 0..secrets {
                    let sealed = ours.seal(&CONTEXT, &secret).await?;
                    let stored = sealed.to_bytes();
                    let opened = ours.open(&CONTEXT, &Sealed::from_bytes(&stored)?).await?;
                    same(opened.expose_secret())?;
                }
                Ok(())
            })
        },
        || {
            for _ in 0..secrets {
                let (nonce, sealed) = bare.seal(secret.expose_secret())?;
                same(&bare.open(&nonce, &sealed)?)?;
            }
            Ok(())
        },
    )?;

    let mut report = Report::default();
    let time = |cost: &Cost| Some(cost.cpu.unwrap_or(cost.wall).as_secs_f64());
    let each = |side: fn(&harness::Round) -> &Cost| {
        let times = rounds.iter().filter_map(|round| time(side(round))).collect();
        Some(harness::median(times)? / secrets as f64 * 1e6)
    };
    let (our_time, bare_time) =
        each(|round| &round.ours).zip(each(|round| &round.bare)).ok_or("no rounds")?;
    println!("vault time: ours {our_time:.2} us, bare {bare_time:.2} us a secret, {} rounds", rounds.len());
    report.compare("vault", harness::ratio(&rounds, time).ok_or("there were no rounds")?, LIMIT);
    Ok(report.exit_code())
}

/// One key for everything, a nonce from the system for each seal, and the same bytes bound to it.
struct Bare {
    cipher: Aes256Gcm,
    associated_data: Vec<u8>,
}

impl Bare {
    fn new() -> Result<Self> {
        let key = aes_gcm::Key::<Aes256Gcm>::try_generate()?;
        Ok(Self { cipher: Aes256Gcm::new(&key), associated_data: CONTEXT.associated_data() })
    }

    fn seal(&self, secret: &[u8]) -> Result<(Nonce<Aes256Gcm>, Vec<u8>)> {
        let nonce = Nonce::<Aes256Gcm>::try_generate()?;
        let sealed = self.cipher.encrypt(&nonce, Payload { msg: secret, aad: &self.associated_data })?;
        Ok((nonce, sealed))
    }

    fn open(&self, nonce: &Nonce<Aes256Gcm>, sealed: &[u8]) -> Result<Vec<u8>> {
        Ok(self.cipher.decrypt(nonce, Payload { msg: sealed, aad: &self.associated_data })?)
    }
}

/// A side that opens something else must not count.
fn same(opened: &[u8]) -> Result<()> {
    if opened.len() == SECRET && opened.first() == Some(&b'x') {
        Ok(())
    } else {
        Err("what was opened is not what was sealed".into())
    }
}
