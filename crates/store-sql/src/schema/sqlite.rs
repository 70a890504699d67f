//! The schema in SQLite.

use tieline_core::Result;
use tieline_store::TenantId;

use super::{SCRIPTS, Script, Stored, note, pending, text, versions};
use crate::engine::Access;
use crate::engine::sqlite::{Sqlite, Turn};
use crate::sql::{Dialect, Sql};
use crate::tx::{Tx, args, one};

const DOING: &str = "preparing its tables";

/// Makes the tables, or brings them up to date, a transaction a script.
pub(crate) async fn migrate(database: &Sqlite) -> Result<()> {
    migrate_with(database, SCRIPTS).await
}

pub(crate) async fn migrate_with(database: &Sqlite, scripts: &[Script]) -> Result<()> {
    let tenant = TenantId::default();
    // Looking first keeps a read-only database readable.
    let mut looking = database.turn(&tenant, Access::Read, DOING).await?;
    let lacking = stored(&mut looking).await;
    looking.rollback().await;
    let mut lacking = !pending(lacking?, scripts, database.place())?.is_empty();
    while lacking {
        let mut turn = database.turn(&tenant, Access::Write, DOING).await?;
        // Another process may have been quicker.
        let stored = stored(&mut turn).await?;
        let steps = pending(stored, scripts, database.place())?;
        let Some((version, script)) = steps.first() else {
            turn.rollback().await;
            return Ok(());
        };
        turn.batch(text(script, Dialect::Sqlite)).await?;
        turn.batch(versions(Dialect::Sqlite)).await?;
        turn.batch(note(*version, script.min_reader, Dialect::Sqlite)).await?;
        turn.commit().await?;
        lacking = steps.len() > 1;
    }
    Ok(())
}

async fn stored(turn: &mut Turn) -> Result<Stored> {
    static MADE: Sql =
        Sql::new("SELECT count(*) FROM sqlite_schema WHERE name = 'tieline_schema' AND $1 <> ''");
    static NEWEST: Sql = Sql::new(
        "SELECT coalesce(max(version), 0), coalesce(max(min_reader), 0) FROM tieline.schema WHERE $1 <> ''",
    );
    let turn: &mut dyn Tx = turn;
    let (made,): (i64,) = one(turn, &MADE, args![]).await?;
    if made == 0 {
        return Ok(Stored::default());
    }
    let (version, min_reader) = one(turn, &NEWEST, args![]).await?;
    Ok(Stored { version, min_reader })
}
