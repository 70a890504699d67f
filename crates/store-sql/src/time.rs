//! Times as both databases keep them: microseconds since 1970.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tieline_core::Result;

use crate::sql::Sql;
use crate::tx::{Tx, args, one};

pub(crate) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

pub(crate) fn time(micros: i64) -> DateTime<Utc> {
    let end = if micros < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    DateTime::from_timestamp_micros(micros).unwrap_or(end)
}

/// A time as it comes back.
pub(crate) fn kept(at: DateTime<Utc>) -> DateTime<Utc> {
    time(micros(at))
}

/// A time that far after another; one that is too far has no end.
pub(crate) fn after(now: i64, wait: Duration) -> i64 {
    i64::try_from(wait.as_micros()).ok().and_then(|wait| now.checked_add(wait)).unwrap_or(i64::MAX)
}

/// The database's clock.
pub(crate) async fn now(tx: &mut dyn Tx) -> Result<i64> {
    static NOW: Sql = Sql::new("SELECT {now} WHERE $1 <> ''");
    Ok(one::<(i64,)>(tx, &NOW, args![]).await?.0)
}
