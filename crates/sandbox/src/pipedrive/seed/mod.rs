//! The invented account: a Swedish company that sells warehouse systems, its customers and its deals.

mod contacts;
mod deals;
mod names;
mod projects;
mod rest;

use chrono::{DateTime, TimeDelta, Utc};

use super::COMPANY;
use super::schema::Entity;
use super::state::{Account, State};
use super::table::{Record, v1_time, v2_time};
use crate::{Json, Object};

use crate::lcg::Lcg;

pub(crate) use deals::more_deals;

/// The moment at which the invented account was frozen, in RFC 3339.
pub const EPOCH: &str = "2026-11-02T08:00:00Z";

/// The invented token that the sandbox accepts until it is replaced.
pub const TOKEN: &str = "acde0de0000000005a4db0c500000000deadbeef";

/// The users of the account; the token belongs to the first.
const USERS: &[(i64, &str, bool)] = &[
    (21001, "Åsa Lindgård", true),
    (21002, "Måns Törnvall", true),
    (21003, "Kajsa Öberg", true),
    (21004, "Torbjörn Hägglund", true),
    (21005, "Siri Malmsjö", false),
];

/// The stages in the order in which a deal passes them, with their probabilities.
const STAGES: &[(i64, &str, i64)] = &[
    (1, "Nya möjligheter", 10),
    (2, "Kvalificerad", 30),
    (3, "Offert skickad", 55),
    (4, "Förhandling", 80),
    (5, "Avtal tecknat", 100),
];

const PIPELINE: i64 = 1;

pub(crate) fn epoch() -> DateTime<Utc> {
    super::table::moment(EPOCH).unwrap_or_default()
}

/// Where the seed takes its times and its chance from.
struct Soil {
    /// The epoch, moved by whole days to the last one before the clock's time.
    today: DateTime<Utc>,
    chance: Lcg,
}

impl Soil {
    /// A moment some days ago, within working hours.
    fn ago(&mut self, days: i64) -> DateTime<Utc> {
        let second = self.chance.below(9 * 3600);
        self.today - TimeDelta::days(days) + TimeDelta::seconds(second)
    }
}

/// The same day at a time when people work.
fn office_hours(time: DateTime<Utc>) -> DateTime<Utc> {
    let (day, second) = (time.timestamp().div_euclid(86_400), time.timestamp().rem_euclid(9 * 3600 + 1_799));
    DateTime::from_timestamp(day * 86_400 + 7 * 3600 + second, 0).unwrap_or(time)
}

pub(crate) fn account(now: DateTime<Utc>) -> State {
    let days = (now - epoch()).num_seconds().div_euclid(86_400);
    let mut soil = Soil { today: epoch() + TimeDelta::days(days), chance: Lcg::new(20_261_102) };
    let mut state = State::empty(Account {
        domain: COMPANY,
        company_id: 7_788_001,
        company_name: "Norrlager Exempel AB",
        token: TOKEN.into(),
        user_id: USERS.first().map_or(0, |(id, ..)| *id),
    });
    users(&mut state, &soil);
    pipeline(&mut state, &soil);
    products(&mut state, &mut soil);
    contacts::organizations(&mut state, &mut soil);
    contacts::persons(&mut state, &mut soil);
    deals::deals(&mut state, &mut soil);
    rest::activities(&mut state, &mut soil);
    rest::notes(&mut state, &mut soil);
    rest::leads(&mut state, &mut soil);
    projects::activity_types(&mut state, &soil);
    projects::projects(&mut state, &mut soil);
    projects::lines(&mut state, &mut soil);
    state
}

fn users(state: &mut State, soil: &Soil) {
    for (index, (id, name, active)) in USERS.iter().enumerate() {
        let first = index == 0;
        let access = Object::default()
            .with("app", "sales")
            .with("admin", first)
            .with("permission_set_id", format!("00000000-0000-4000-8000-0000000{id:05}"));
        let joined = soil.today - TimeDelta::days(900 - i64::try_from(index).unwrap_or_default() * 120);
        state.users.push(
            Object::default()
                .with("id", *id)
                .with("name", *name)
                .with("default_currency", "SEK")
                .with("locale", "sv_SE")
                .with("lang", 20_i64)
                .with("email", format!("{}@norrlager.example", ascii(name).replace(' ', ".")))
                .with("phone", Json::Null)
                .with("activated", true)
                .with("last_login", v1_time(soil.today - TimeDelta::hours(if *active { 20 } else { 6000 })))
                .with("created", v1_time(joined))
                .with("modified", v1_time(soil.today - TimeDelta::days(30)))
                .with("has_created_company", first)
                .with("access", vec![access.into()])
                .with("active_flag", *active)
                .with("timezone_name", "Europe/Stockholm")
                .with("timezone_offset", "+01:00")
                .with("role_id", 1_i64)
                .with("icon_url", Json::Null)
                .with("is_you", first)
                .with("is_deleted", false),
        );
    }
}

fn pipeline(state: &mut State, soil: &Soil) {
    let founded = v2_time(soil.today - TimeDelta::days(880));
    let pipeline = Entity::Pipelines
        .blank(PIPELINE)
        .with("name", "Försäljning")
        .with("order_nr", 1_i64)
        .with("is_deal_probability_enabled", true)
        .with("add_time", founded.clone())
        .with("update_time", founded.clone());
    state.pipelines.insert(Record::new(PIPELINE, pipeline));
    for (id, name, probability) in STAGES {
        let stage = Entity::Stages
            .blank(*id)
            .with("order_nr", *id)
            .with("name", *name)
            .with("deal_probability", *probability)
            .with("pipeline_id", PIPELINE)
            .with("add_time", founded.clone())
            .with("update_time", founded.clone());
        state.stages.insert(Record::new(*id, stage));
    }
}

fn products(state: &mut State, soil: &mut Soil) {
    for (id, (name, code, unit, price, currency, category)) in (1_i64..).zip(names::PRODUCTS) {
        let price = Object::default()
            .with("product_id", id)
            .with("price", Json::decimal(*price))
            .with("currency", *currency)
            .with("cost", 0_i64)
            .with("direct_cost", Json::Null)
            .with("notes", "");
        let added = soil.ago(700 - id * 9);
        let supplier =
            Object::default().with(super::keys::PRODUCT_SUPPLIER_NUMBER, format!("LEV-{:04}", 1000 + id * 7));
        let product = Entity::Products
            .blank(id)
            .with("name", *name)
            .with("code", *code)
            .with("description", format!("{name}, pris per {unit}"))
            .with("unit", *unit)
            .with("tax", 25_i64)
            .with("category", category.to_string())
            .with("is_linkable", true)
            .with("owner_id", USERS.first().map_or(0, |(id, ..)| *id))
            .with("add_time", v2_time(added))
            .with("update_time", v2_time(added + TimeDelta::days(40 + id)))
            .with("billing_frequency", if *unit == "år" { "annually" } else { "one-time" })
            .with("prices", vec![price.into()])
            .with("custom_fields", if id % 2 == 0 { supplier } else { Object::default() });
        state.products.insert(Record::new(id, product));
    }
}

/// An owner: mostly those who still work here.
fn owner(chance: &mut Lcg) -> i64 {
    let (id, ..) = chance.pick(USERS);
    if id == 21005 && chance.percent(70) { 21003 } else { id }
}

/// A name as it stands in an address.
fn ascii(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|letter| match letter {
            'å' | 'ä' | 'á' => 'a',
            'ö' | 'ø' => 'o',
            'é' => 'e',
            'ü' => 'u',
            letter => letter,
        })
        .collect()
}
