//! Customers and the people who work there.

use chrono::TimeDelta;

use super::names::{COMPANY_HEADS, COMPANY_TRADES, FIRST_NAMES, LAST_NAMES, PLACES};
use super::{Soil, ascii, office_hours, owner};
use crate::pipedrive::keys;
use crate::pipedrive::schema::Entity;
use crate::pipedrive::state::State;
use crate::pipedrive::table::{Record, v2_time};
use crate::{Json, Object};

const ORGANIZATIONS: i64 = 66;
const PERSONS: i64 = 142;

pub(super) fn organizations(state: &mut State, soil: &mut Soil) {
    for id in 1..=ORGANIZATIONS {
        let at = |from: usize| usize::try_from(id).unwrap_or_default() % from.max(1);
        // 22 heads and 10 trades give 110 pairs before one repeats.
        let head = COMPANY_HEADS.get(at(COMPANY_HEADS.len())).copied().unwrap_or_default();
        let (trade, industry) = COMPANY_TRADES.get(at(COMPANY_TRADES.len())).copied().unwrap_or_default();
        let trade_again = if id > 44 {
            trade.replace(" AB", " i Norr AB").replace(" HB", " i Norr HB")
        } else {
            trade.into()
        };
        let name = format!("{head} {trade_again}");
        let slug = slug(&name);
        let added = soil.ago(840 - id * 9);
        let updated = office_hours(added + TimeDelta::seconds(soil.chance.below(20 * 86_400))).max(added);
        let number = format!("5560{:02}-{:04}", soil.chance.below(100), soil.chance.below(10_000));
        let mut customs = Object::default().with(keys::ORGANIZATION_NUMBER, number);
        if soil.chance.percent(30) {
            customs.set(
                "a97c5e3b10d2f4869b7d5f3e1c0a28460e2c4a68",
                Json::decimal(format!("{}.5", soil.chance.below(9) + 1)),
            );
        }
        let revenue = soil.chance.percent(60).then(|| (soil.chance.below(90) + 3) * 1_000_000);
        let organization = Entity::Organizations
            .blank(id)
            .with("name", name)
            .with("owner_id", owner(&mut soil.chance))
            .with("add_time", v2_time(added))
            .with("update_time", v2_time(updated))
            .with("address", address(soil))
            .with("label_ids", if id % 9 == 0 { vec![Json::Int(16)] } else { Vec::new() })
            .with("website", format!("https://www.{slug}.example"))
            .with("industry", industry)
            .with("annual_revenue", revenue)
            .with("employee_count", soil.chance.below(180) + 2)
            .with("custom_fields", customs);
        state.organizations.insert(Record::new(id, organization));
    }
}

fn address(soil: &mut Soil) -> Json {
    let (town, street, code) = soil.chance.pick(PLACES);
    let (number, last) = (soil.chance.below(80) + 1, soil.chance.below(10));
    let whole = format!("{street} {number}, {code}{last} {town}");
    Object::default()
        .with("value", whole)
        .with("country", "Sverige")
        .with("admin_area_level_1", Json::Null)
        .with("admin_area_level_2", Json::Null)
        .with("locality", town)
        .with("sublocality", Json::Null)
        .with("route", street)
        .with("street_number", number.to_string())
        .with("subpremise", Json::Null)
        .with("postal_code", format!("{code}{last}"))
        .into()
}

fn slug(name: &str) -> String {
    let words = ascii(name).replace(" ab", "").replace(" hb", "").replace(" & ", "-");
    words.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}

pub(super) fn persons(state: &mut State, soil: &mut Soil) {
    for id in 1..=PERSONS {
        let at = |step: i64, from: usize| usize::try_from(id * step).unwrap_or_default() % from.max(1);
        let first = FIRST_NAMES.get(at(7, FIRST_NAMES.len())).copied().unwrap_or_default();
        let last = LAST_NAMES.get(at(11, LAST_NAMES.len())).copied().unwrap_or_default();
        let works = !soil.chance.percent(8);
        let org = works.then(|| soil.chance.below(ORGANIZATIONS) + 1);
        let domain = org
            .and_then(|id| state.organizations.get(id, soil.today))
            .and_then(|org| org.get("website").as_str())
            .and_then(|site| site.strip_prefix("https://www."))
            .unwrap_or("post.example")
            .to_owned();
        let added = soil.ago(760 - id * 5);
        // The oldest came in before the provider kept the time of changes.
        let changed = office_hours(added + TimeDelta::seconds(soil.chance.below(30 * 86_400))).max(added);
        let updated = (id > 4).then(|| v2_time(changed));
        let mut customs = Object::default();
        if soil.chance.percent(45) {
            customs.set(keys::PERSON_ROLE, 51 + soil.chance.below(3));
        }
        let person = Entity::Persons
            .blank(id)
            .with("name", format!("{first} {last}"))
            .with("first_name", first)
            .with("last_name", last)
            .with("owner_id", owner(&mut soil.chance))
            .with("org_id", org)
            .with("add_time", v2_time(added))
            .with("update_time", updated)
            .with("emails", emails(first, last, &domain, soil.chance.percent(12)))
            .with("phones", phones(soil))
            .with("label_ids", if id % 11 == 0 { vec![Json::Int(14)] } else { Vec::new() })
            .with("custom_fields", customs);
        state.persons.insert(Record::new(id, person));
    }
}

fn contact(value: String, primary: bool, label: &'static str) -> Json {
    Object::default().with("value", value).with("primary", primary).with("label", label).into()
}

fn emails(first: &str, last: &str, domain: &str, private_too: bool) -> Vec<Json> {
    let name = format!("{}.{}", ascii(first), ascii(last));
    let mut all = vec![contact(format!("{name}@{domain}"), true, "work")];
    if private_too {
        all.push(contact(format!("{name}@hemma.test"), false, "home"));
    }
    all
}

/// Numbers from the ranges that the Swedish authority keeps free for fiction.
fn phones(soil: &mut Soil) -> Vec<Json> {
    if soil.chance.percent(15) {
        return Vec::new();
    }
    let mut all = vec![contact(format!("+46 70-174 06 {:02}", soil.chance.below(95) + 5), true, "mobile")];
    if soil.chance.percent(25) {
        all.push(contact(format!("+46 8-465 004 {:02}", soil.chance.below(100)), false, "work"));
    }
    all
}
