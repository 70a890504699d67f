//! Leases, by the database's clock.

use std::time::Duration;

use tieline_core::Result;
use tieline_store::ConnectionId;
use tieline_store::connections::{Fence, Lease};
use tieline_store::plan::check_name;

use crate::sql::Sql;
use crate::time::after;
use crate::tx::{Tx, args, first};

/// The end of a lease whose life is a parameter. It never ends when the sum is beyond what can be kept.
macro_rules! ends {
    ($life:literal) => {
        concat!(
            "CASE WHEN ",
            $life,
            " > 9000000000000000000 - {now} THEN 9000000000000000000 ELSE {now} + ",
            $life,
            " END"
        )
    };
}

/// Takes the lease of a name, when nobody holds it.
///
/// # Errors
///
/// `Rejected` for a name that cannot be kept; otherwise as the database fails.
pub async fn lease(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &str,
    life: Duration,
) -> Result<Option<Lease>> {
    static HELD: Sql = Sql::new(
        "SELECT ends > {now} FROM tieline.leases WHERE tenant = $1 AND connection = $2 AND name = $3",
    );
    static MAKE: Sql = Sql::new(
        "INSERT INTO tieline.leases (tenant, connection, name, fence, ends) VALUES ($1, $2, $3, 0, 0)
         ON CONFLICT DO NOTHING",
    );
    // A number is taken only while the row is held, so numbers of a name grow. They follow the clock, so that they grow
    // also where a row was deleted with its tenant.
    static TAKE: Sql = Sql::new(concat!(
        "UPDATE tieline.leases
         SET fence = CASE WHEN fence >= {now} THEN fence + 1 ELSE {now} END, ends = ",
        ends!("$4"),
        " WHERE tenant = $1 AND connection = $2 AND name = $3 AND ends <= {now} RETURNING fence"
    ));
    check_name("connection id", connection.as_str())?;
    check_name("name of the lease", name)?;
    match first::<(bool,)>(tx, &HELD, args![connection.as_str(), name]).await? {
        // Those who wait for a lease ask often, and need no lock for this.
        Some((true,)) => return Ok(None),
        Some((false,)) => {}
        None => drop(tx.run(&MAKE, args![connection.as_str(), name]).await?),
    }
    let fence: Option<(u64,)> = first(tx, &TAKE, args![connection.as_str(), name, after(0, life)]).await?;
    Ok(fence.map(|(fence,)| Lease::new(Fence::new(fence))))
}

/// Prolongs a lease from now on. Returns whether it is still the latest.
///
/// # Errors
///
/// As the database fails.
pub async fn prolong(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &str,
    fence: Fence,
    life: Duration,
) -> Result<bool> {
    static PROLONG: Sql = Sql::new(concat!(
        "UPDATE tieline.leases SET ends = ",
        ends!("$5"),
        " WHERE tenant = $1 AND connection = $2 AND name = $3 AND fence = $4 AND fence > 0"
    ));
    let prolonged = args![connection.as_str(), name, fence.number(), after(0, life)];
    Ok(tx.run(&PROLONG, prolonged).await? > 0)
}

/// Gives a lease back. One that is no longer the latest is left alone.
///
/// # Errors
///
/// As the database fails.
pub async fn release(tx: &mut dyn Tx, connection: &ConnectionId, name: &str, fence: Fence) -> Result<()> {
    static RELEASE: Sql = Sql::new(
        "UPDATE tieline.leases SET ends = 0 WHERE tenant = $1 AND connection = $2 AND name = $3 AND fence = $4",
    );
    tx.run(&RELEASE, args![connection.as_str(), name, fence.number()]).await.map(drop)
}
