//! The invented database: a Swedish company with a Swiss branch, its people, its customers and its pipeline.

mod base;
mod leads;
mod names;
mod orders;
mod partners;
mod registry;
mod staff;

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Version;
use super::database::{Database, Record};
use super::models;
use super::moments::{SECOND, shown};
use crate::lcg::Lcg;
use crate::{Json, Object};

pub use base::{
    API_KEY, DATABASE, DEACTIVATED_LOGIN, LOGIN, LOW_LOGIN, PASSWORD, TWO_FACTOR_API_KEY, TWO_FACTOR_LOGIN,
    UID,
};
pub(crate) use partners::{more_messages, more_partners};

/// The moment at which the invented database was frozen, in RFC 3339.
pub const EPOCH: &str = "2026-11-02T08:00:00Z";

pub(crate) fn epoch() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(EPOCH).map(|epoch| epoch.to_utc()).unwrap_or_default()
}

/// Where the seed takes its times and its chance from, and where it puts its records.
struct Soil {
    db: Database,
    version: Version,
    /// The epoch, moved by whole days to the last one before the clock's time.
    today: DateTime<Utc>,
    chance: Lcg,
}

impl Soil {
    /// A moment some days ago within working hours, in microseconds since 1970.
    fn ago(&mut self, days: i64) -> i64 {
        let second = self.chance.below(9 * 3600);
        let moment = self.today - TimeDelta::days(days) + TimeDelta::seconds(second - 4 * 3600);
        (moment - TimeDelta::days(1)).timestamp_micros() + self.chance.below(SECOND)
    }

    fn day(&self, days_ago: i64) -> Json {
        (self.today - TimeDelta::days(days_ago)).date_naive().to_string().into()
    }

    /// A record that was changed at a moment, and made up to a year before that.
    fn put(&mut self, model: &'static str, id: i64, written: i64, vals: Object) {
        let created = written - self.chance.below(300) * 86_400 * SECOND;
        let values: BTreeMap<Cow<'static, str>, Json> = vals
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (Cow::Owned(name.to_owned()), value.clone()))
            .collect();
        let (create_uid, write_uid) = (1, if self.chance.percent(70) { 2 } else { UID });
        self.db.put(model, Record { id, create_uid, write_uid, created, written, values });
    }

    /// A record of the first days, which nobody changed since.
    fn old(&mut self, model: &'static str, id: i64, vals: Object) {
        let written = self.ago(700);
        self.put(model, id, written, vals);
    }

    fn external_id(&mut self, module: &str, name: String, model: &'static str, res_id: i64) {
        let id = self.db.next_id("ir.model.data");
        let vals = Object::default()
            .with("module", module.to_owned())
            .with("name", name)
            .with("model", model)
            .with("res_id", res_id);
        self.old("ir.model.data", id, vals);
    }

    fn moment(&mut self, days_ago: i64) -> Json {
        shown(self.ago(days_ago)).into()
    }
}

pub(crate) fn database(version: Version, now: DateTime<Utc>) -> Database {
    let days = (now - epoch()).num_seconds().div_euclid(86_400);
    let db = Database::empty(DATABASE, models::schema(version), now);
    let mut soil = Soil { db, version, today: epoch() + TimeDelta::days(days), chance: Lcg::new(17_191_102) };
    base::world(&mut soil);
    base::users(&mut soil);
    partners::partners(&mut soil);
    staff::staff(&mut soil);
    leads::leads(&mut soil);
    orders::orders(&mut soil);
    orders::transfers(&mut soil);
    registry::registry(&mut soil);
    soil.db.commit();
    soil.db
}

/// A list of ids.
fn ids(of: &[i64]) -> Json {
    of.iter().map(|id| Json::Int(*id)).collect::<Vec<_>>().into()
}

/// Letters that an e-mail address may hold.
fn plain(text: &str) -> String {
    let letter = |char: char| match char {
        'å' | 'ä' | 'à' | 'â' => Some('a'),
        'ö' | 'ô' => Some('o'),
        'ü' => Some('u'),
        'é' | 'è' | 'ë' => Some('e'),
        'ç' => Some('c'),
        ' ' | '-' => Some('-'),
        char if char.is_ascii_alphanumeric() => Some(char),
        _ => None,
    };
    text.to_lowercase().chars().filter_map(letter).collect()
}
