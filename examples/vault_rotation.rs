//! How a host keeps its customers' secrets: sealed under one key, rotated to another, and refused where they do not
//! belong. The table is in memory; a host has it in its database.

use std::error::Error;
use std::process::ExitCode;

use tieline::vault::{Context, Key, KeyRing, Sealed, Vault, mask};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A row as a host's database has it: ids in clear, the secret sealed.
struct Row {
    tenant: &'static str,
    connection: &'static str,
    name: &'static str,
    sealed: String,
}

impl Row {
    fn context(&self) -> Context<'static> {
        Context::new(self.tenant, self.connection, self.name)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    // A host makes keys once, with `tieline keygen`, and has them in a file or in the environment.
    let (first, second) = (Key::generate()?.to_text(), Key::generate()?.to_text());

    println!("Sealing with the first key, {}", Key::parse(&first)?.id());
    let vault = Vault::new(KeyRing::new(Key::parse(&first)?));
    let mut key_check = vault.key_check().await?;
    let mut rows = seal_all(&vault).await?;
    show(&vault, &rows).await?;

    println!("\nRotating to the second key, {}", Key::parse(&second)?.id());
    let vault = Vault::new(KeyRing::new(Key::parse(&second)?).with_older(Key::parse(&first)?));
    vault.verify(&key_check).await?;
    println!("  the ring holds both keys, and passes the check that was stored with the first");
    let mut rewrapped = 0;
    for row in &mut rows {
        let sealed = Sealed::parse(&row.sealed)?;
        if vault.needs_rewrap(&sealed) {
            row.sealed = vault.rewrap(&row.context(), &sealed).await?.to_string();
            rewrapped += 1;
        }
    }
    if vault.needs_rewrap(&key_check) {
        key_check = vault.key_check().await?;
    }
    println!("  {rewrapped} rows rewrapped; no secret was decrypted for it");

    println!("\nWithout the first key");
    let vault = Vault::new(KeyRing::new(Key::parse(&second)?));
    vault.verify(&key_check).await?;
    show(&vault, &rows).await?;

    println!("\nWhat is refused");
    let forgotten = Vault::new(KeyRing::new(Key::parse(&first)?));
    refused("a start with the first key alone", forgotten.verify(&key_check).await)?;
    let [victim, attacker, ..] = rows.as_slice() else { return Err("there are too few rows".into()) };
    let moved = Sealed::parse(&victim.sealed)?;
    refused("acme's secret in a row of globex", vault.open_text(&attacker.context(), &moved).await)?;
    let altered = victim.sealed.get(..victim.sealed.len() - 8).unwrap_or_default();
    let opened = match Sealed::parse(altered) {
        Ok(altered) => vault.open_text(&victim.context(), &altered).await.map(|_| ()),
        Err(error) => Err(error),
    };
    refused("a value that was cut off", opened)
}

async fn seal_all(vault: &Vault) -> Outcome<Vec<Row>> {
    let secrets = [
        ("acme", "pipedrive-1", "api_token", "4f1d2c3b5a69788796a5b4c3d2e1f00112233445"),
        ("globex", "pipedrive-7", "api_token", "99887766554433221100ffeeddccbbaa00119a3f"),
        ("globex", "odoo-2", "password", "correct horse"),
    ];
    let mut rows = Vec::new();
    for (tenant, connection, name, secret) in secrets {
        let sealed = vault.seal_text(&Context::new(tenant, connection, name), &secret.into()).await?;
        rows.push(Row { tenant, connection, name, sealed: sealed.to_string() });
    }
    Ok(rows)
}

/// The table as a settings page may show it, with the beginning of what the database holds.
async fn show(vault: &Vault, rows: &[Row]) -> Outcome<()> {
    println!("  {:<8} {:<12} {:<10} {:<14} stored as", "tenant", "connection", "name", "secret");
    for row in rows {
        let secret = vault.open_text(&row.context(), &Sealed::parse(&row.sealed)?).await?;
        let Row { tenant, connection, name, sealed } = row;
        println!("  {tenant:<8} {connection:<12} {name:<10} {:<14} {sealed:.40}…", mask(&secret));
    }
    Ok(())
}

fn refused<T>(what: &str, outcome: tieline::Result<T>) -> Outcome<()> {
    match outcome {
        Ok(_) => Err(format!("{what} was not refused").into()),
        Err(error) => {
            println!("  {what}\n    {error}");
            Ok(())
        }
    }
}
