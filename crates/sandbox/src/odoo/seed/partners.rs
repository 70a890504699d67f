//! Companies and the people in them.

use std::ops::RangeInclusive;

use super::names::{
    COMPANY_HEADS, COMPANY_TAILS, FIRST_NAMES, FUNCTIONS, HOSTILE_COMPANIES, LAST_NAMES, PLACES,
};
use super::{Soil, ids, plain};
use crate::odoo::Version;
use crate::odoo::database::{Database, Record};
use crate::{Json, Object};

const COMPANIES: i64 = 48;
const PEOPLE: i64 = 84;

/// The smallest image there is: one pixel, as base64 of a PNG.
pub(super) const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Floats of which some have no short decimal.
const VOLUMES: &[&str] = &["0.1", "12345.678", "-250.25", "1e+16", "99999.99", "1234.5678", "3.0", "1e-07"];

/// Ids with gaps, as they are when people delete.
fn id_of(number: i64) -> i64 {
    20 + number * 2 + number / 7
}

pub(super) fn partners(soil: &mut Soil) {
    // One import wrote a part of them in one transaction.
    let import = soil.ago(120);
    for number in 0..COMPANIES {
        company(soil, number, import);
    }
    for number in COMPANIES..COMPANIES + PEOPLE {
        person(soil, number);
    }
}

fn company(soil: &mut Soil, number: i64, import: i64) {
    let id = id_of(number);
    let name = usize::try_from(number).ok().and_then(|at| HOSTILE_COMPANIES.get(at)).map_or_else(
        || format!("{} {}", soil.chance.pick(COMPANY_HEADS), soil.chance.pick(COMPANY_TAILS)),
        |name| (*name).to_owned(),
    );
    let (city, street, zip, country) = soil.chance.pick(PLACES);
    let mut vals = Object::default()
        .with("name", name.clone())
        .with("is_company", true)
        .with("active", number % 16 != 11)
        .with("type", "contact")
        .with("street", format!("{street} {}", soil.chance.below(90) + 1))
        .with("zip", zip)
        .with("city", city)
        .with("country_id", country)
        .with("lang", if country == super::base::SWEDEN { "sv_SE" } else { "de_CH" })
        .with("customer_rank", soil.chance.below(3))
        .with("supplier_rank", soil.chance.below(2))
        .with("x_blocked", number % 13 == 5);
    if number % 5 != 4 {
        vals.set("email", format!("info@{}.test", plain(&name).trim_matches('-')));
        vals.set("phone", format!("+46 {} {:03} {:02}", 8 + number, number * 7 % 1000, number % 100));
        vals.set("ref", format!("K-{}", 1000 + number));
        vals.set("x_erp_code", format!("{:06}", 4200 + number));
    }
    if number % 3 == 0 {
        vals.set("vat", format!("SE55{:06}{:02}01", 6000 + number * 17, number % 100));
        vals.set("category_id", ids(&[1 + number % 3, 5]));
        vals.set("x_grade", soil.chance.pick(&["a", "b", "c"]));
        vals.set("x_audited_at", soil.moment(number + 3));
    }
    let at = usize::try_from(number).unwrap_or_default() % VOLUMES.len();
    vals.set("x_annual_volume", Json::Decimal(VOLUMES.get(at).copied().unwrap_or("0.0").into()));
    match number {
        0 => vals.set("comment", "<p>Rad ett<br>rad två &amp; tre</p>\n<p>Slut ]]&gt; \u{1f9ca}</p>"),
        1 => vals.set("street2", "c/o Öhman\nVåning 3\tTrapphus B"),
        // The bell never reaches a caller of XML-RPC, and an empty text is not the same as none.
        2 => vals.set("street2", "Ring\u{7}klocka \u{b}1"),
        3 => vals.set("street2", ""),
        4 => vals.set("image_1920", PIXEL),
        _ => {}
    }
    if number % 11 == 7 {
        vals.set("company_id", 2);
    }
    let written = if number % 2 == 0 { import } else { soil.ago(number * 3 % 200) };
    soil.put("res.partner", id, written, vals);
    if number % 4 == 0 {
        soil.external_id("erp_import", format!("partner_{}", 1000 + number), "res.partner", id);
    }
}

fn person(soil: &mut Soil, number: i64) {
    let id = id_of(number);
    let name = format!("{} {}", soil.chance.pick(FIRST_NAMES), soil.chance.pick(LAST_NAMES));
    let mut vals = Object::default()
        .with("name", name.clone())
        .with("is_company", false)
        .with("active", number % 20 != 9)
        .with("type", "contact")
        .with("function", soil.chance.pick(FUNCTIONS))
        .with("email", format!("{}@kund.test", plain(&name)))
        .with("x_blocked", false);
    if number % 6 != 0 {
        vals.set("parent_id", id_of(soil.chance.below(COMPANIES)));
    }
    if number % 17 == 4 {
        // An address without a name, which only addresses may be.
        vals.remove("name");
        vals.set("type", "invoice");
    }
    if number % 4 == 1 && soil.version == Version::V17 {
        vals.set(
            "mobile",
            format!("+41 79 {:03} {:02} {:02}", number * 7 % 1000, number % 100, number * 3 % 100),
        );
    }
    if number % 9 == 0 {
        vals.set("user_id", super::base::LOW_UID);
    }
    let written = soil.ago(number * 5 % 300);
    soil.put("res.partner", id, written, vals);
}

/// Many more companies at once, as an import makes them, a thousand a transaction.
pub(crate) fn more_partners(db: &mut Database, count: u32, stamp: i64) -> RangeInclusive<i64> {
    let first = db.next_id("res.partner");
    let last = first + i64::from(count.max(1)) - 1;
    for (number, id) in (first..=last).enumerate() {
        let number = i64::try_from(number).unwrap_or_default();
        let vals = Object::default()
            .with("name", format!("Massimport nr {number:06} & Co AB"))
            .with("is_company", true)
            .with("active", true)
            .with("type", "contact")
            .with("email", format!("massa{number}@kund.test"))
            .with("city", "Växjö")
            .with("country_id", super::base::SWEDEN)
            .with("x_erp_code", format!("M{number:07}"));
        let values = vals.iter().map(|(name, value)| (name.to_owned().into(), value.clone())).collect();
        let written = stamp + number / 1000;
        db.put("res.partner", Record { id, create_uid: 2, write_uid: 2, created: written, written, values });
    }
    db.commit();
    first..=last
}

/// Many messages about the first contact.
pub(crate) fn more_messages(db: &mut Database, count: u32, stamp: i64) -> RangeInclusive<i64> {
    let first = db.next_id("mail.message");
    let last = first + i64::from(count.max(1)) - 1;
    for id in first..=last {
        let vals = Object::default()
            .with("model", "res.partner")
            .with("res_id", 20)
            .with("body", "<p>Internt</p>")
            .with("message_type", "comment");
        let values = vals.iter().map(|(name, value)| (name.to_owned().into(), value.clone())).collect();
        db.put(
            "mail.message",
            Record { id, create_uid: 2, write_uid: 2, created: stamp, written: stamp, values },
        );
    }
    db.commit();
    first..=last
}
