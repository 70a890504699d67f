//! Invented data: generators over names in which every letter of the users' languages turns up.

use chrono::{DateTime, TimeDelta, Utc};

use super::behavior::Behavior;
use super::load::{Faulty, Loaded};
use super::template::plain;
use super::world::World;
use super::{serve, time};
use crate::lcg::Lcg;
use crate::sandbox::Refused;
use crate::{Json, Object};

const GIVEN: [&str; 16] = [
    "Åsa", "Björn", "Zoë", "Øystein", "Märta", "Jürgen", "Siân", "Łukasz", "Noël", "Þóra", "Anaïs", "Ægir",
    "Ingrid", "Dvořák", "Çelik", "李娜",
];
const FAMILY: [&str; 12] = [
    "Lindqvist",
    "Sørensen",
    "Müller",
    "O'Brien",
    "Núñez",
    "Groß",
    "Ström-Ek",
    "Håkansson",
    "Kowalczyk",
    "van der Berg",
    "Ðorđević",
    "Åkerlund",
];
const TRADE: [&str; 10] = [
    "Bygg",
    "Färg & Form",
    "Fjord Elektro",
    "Café Zürich",
    "Skog",
    "Håndverk",
    "Data",
    "Måleri",
    "Frukt",
    "Rør",
];
const FORM: [&str; 5] = ["AB", "AS", "GmbH", "Ltd", "ApS"];
const WORDS: [&str; 10] = [
    "faktura",
    "møte",
    "Angebot",
    "delivery",
    "återkoppling",
    "Größe",
    "order",
    "spørsmål",
    "retur",
    "“tack”",
];

/// Fills the tables.
pub(crate) fn fill(
    loaded: &Loaded,
    world: &mut World,
    behavior: &dyn Behavior,
    now: DateTime<Utc>,
    size: u32,
) -> Result<(), Faulty> {
    let mut lcg = Lcg::new(7);
    for rule in &loaded.definition.seeds {
        let Some(table) = loaded.definition.tables.get(&rule.table) else { continue };
        let count = if rule.grows { rule.count.max(size) } else { rule.count };
        for index in 0..count {
            let mut fields = Object::default();
            for (name, source) in &rule.fields {
                let value = generate(source, index, count, world, &mut lcg, now)
                    .ok_or_else(|| Faulty(vec![format!("seed of `{}`: `{source}`", rule.table)]))?;
                fields.set(name.clone(), value);
            }
            // Spread over the last two years, the newest a day ago, so that increments find a beginning.
            let ago = TimeDelta::days(1)
                + TimeDelta::seconds(i64::from(count - index) * 63_072_000 / i64::from(count));
            let at = time::to_grain(now - ago, loaded.definition.grain_ms);
            serve::create(behavior, world, (&rule.table, table), None, &fields, at).map_err(|refusal| {
                Faulty(vec![format!(
                    "seed {index} of `{}` is refused: {}",
                    rule.table,
                    Refused::from(refusal)
                )])
            })?;
        }
    }
    Ok(())
}

/// A value: JSON, or what a generator makes. `None` for an unknown generator.
fn generate(
    source: &str,
    index: u32,
    count: u32,
    world: &World,
    lcg: &mut Lcg,
    now: DateTime<Utc>,
) -> Option<Json> {
    let Some(name) = source.strip_prefix('@') else { return Json::parse(source.as_bytes()).ok() };
    let (name, argument) = name.split_once(' ').unwrap_or((name, ""));
    Some(match name {
        "person" => format!("{} {}", lcg.pick(&GIVEN), lcg.pick(&FAMILY)).into(),
        "company" => format!("{} {}", lcg.pick(&TRADE), lcg.pick(&FORM)).into(),
        "email" => format!("Person{index}@firma{}.example", index % 97).into(),
        "phone" => format!("+4670{:07}", index).into(),
        "text" => format!("{} {} {}", lcg.pick(&WORDS), lcg.pick(&WORDS), index).into(),
        "number" => i64::from(index + 1).into(),
        "id" => format!("{argument}{}", index + 1).into(),
        "money" => Json::decimal(format!("{}.{:02}", lcg.below(9_000_000), lcg.below(100))),
        "percent" => lcg.percent(argument.parse().ok()?).into(),
        "one" => Json::Text(
            argument
                .split('|')
                .nth(usize::try_from(lcg.below(i64::try_from(argument.split('|').count()).ok()?)).ok()?)?
                .to_owned()
                .into(),
        ),
        "ago" => time::show(now - TimeDelta::try_days(argument.parse().ok()?)?, super::TimeFormat::Rfc3339),
        "uuid" => format!("{index:08x}-0000-4000-a000-{count:012x}").into(),
        // A key of another table, spread over its records.
        "of" => {
            let rows: Vec<_> = world.rows(argument).collect();
            let row = rows.get(usize::try_from(index).ok()? % rows.len().max(1))?;
            let key = &row.key;
            key.parse::<i64>().map_or_else(|_| Json::Text(key.clone().into()), Json::Int)
        }
        // A field of a record of another table: `@from contacts.name`.
        "from" => {
            let (table, field) = argument.split_once('.')?;
            let rows: Vec<_> = world.rows(table).collect();
            let row = rows.get(usize::try_from(index).ok()? % rows.len().max(1))?;
            Json::Text(plain(&world.value(table, row, field)).into())
        }
        _ => return None,
    })
}
