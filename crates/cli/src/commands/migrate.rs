//! `tieline migrate`: the tables of a database, and the rights of the roles that use them.

use tieline::postgres::PostgresStore;
use tieline::sqlite::SqliteStore;

use crate::arguments::MigrateArgs;
use crate::database::address;
use crate::failure::{Failure, Outcome};
use crate::lines::stdout;

pub(crate) async fn migrate(options: MigrateArgs, json: bool) -> Outcome {
    let mut out = stdout();
    if options.print {
        out.text(&PostgresStore::migration_sql())?;
        return out.flush();
    }
    let Some(place) = &options.database else {
        return Err(Failure::Usage("name a SQLite file or the address of a PostgreSQL database".to_owned()));
    };
    let mut granted = Vec::new();
    if let Some(address) = address(place)? {
        let owner = PostgresStore::owner_pool(address)?;
        PostgresStore::migrate(&owner).await?;
        for role in &options.grant {
            PostgresStore::grant(&owner, role).await?;
            granted.push(format!("{role} may use the tables"));
        }
        for role in &options.grant_dispatcher {
            PostgresStore::grant_dispatcher(&owner, role).await?;
            granted.push(format!("{role} may read the directory"));
        }
        owner.close().await;
    } else if options.grant.is_empty() && options.grant_dispatcher.is_empty() {
        SqliteStore::open(place).await?.close().await;
    } else {
        return Err(Failure::Usage("roles are granted rights in PostgreSQL only".to_owned()));
    }
    if json {
        let rights = serde_json::json!({ "up_to_date": true, "granted": options.grant,
            "granted_dispatcher": options.grant_dispatcher });
        out.value(&rights)?;
    } else {
        out.text("the tables are up to date\n")?;
        for line in granted {
            out.text(&format!("{line}\n"))?;
        }
    }
    out.flush()
}
