//! The pipeline: leads and opportunities in four stages.

use super::names::{FIRST_NAMES, LAST_NAMES};
use super::{Soil, ids, plain};
use crate::{Json, Object};

const STAGES: &[(i64, &str, bool)] =
    &[(1, "Ny", false), (2, "Kvalificerad", false), (3, "Offert", false), (4, "Vunnen", true)];

const SUBJECTS: &[&str] = &[
    "Lagersystem till",
    "Årsavtal för",
    "Hyllställ & truckar,",
    "Förstudie <IoT> hos",
    "Upprüstung für",
    "Service 24/7 für",
];

/// Amounts as Odoo hands floats out.
const AMOUNTS: &[&str] = &[
    "1234.5678",
    "48000.0",
    "0.0",
    "-2500.75",
    "99999.99",
    "1000000000000000.4",
    "1.0000000000000004e+16",
    "12.1",
    "350000.0",
];

pub(super) fn leads(soil: &mut Soil) {
    for (id, name, won) in STAGES {
        let vals = Object::default().with("name", *name).with("sequence", *id).with("is_won", *won);
        soil.old("crm.stage", *id, vals);
        soil.external_id("crm", format!("stage_lead{id}"), "crm.stage", *id);
    }
    for (id, name) in [(1, "Norden"), (2, "Schweiz")] {
        let vals = Object::default().with("name", name).with("active", true).with("company_id", id);
        soil.old("crm.team", id, vals);
    }
    for (id, name) in [(1, "Mässa"), (2, "Webb"), (4, "Empfehlung")] {
        soil.old("crm.tag", id, Object::default().with("name", name));
    }
    for (id, name) in [(1, "För dyrt"), (2, "Ingen återkoppling")] {
        soil.old("crm.lost.reason", id, Object::default().with("name", name).with("active", true));
    }
    let customers: Vec<(i64, String)> = soil
        .db
        .rows("res.partner")
        .filter(|partner| partner.id >= 20 && partner.flag("is_company"))
        .map(|partner| (partner.id, partner.text("name").to_owned()))
        .collect();
    for number in 0..80 {
        lead(soil, number, &customers);
    }
}

fn lead(soil: &mut Soil, number: i64, customers: &[(i64, String)]) {
    let lost = number % 10 == 6;
    let opportunity = number % 4 != 3;
    let at = usize::try_from(soil.chance.below(48)).unwrap_or_default();
    let customer = customers.get(at).filter(|_| opportunity);
    let person = format!("{} {}", soil.chance.pick(FIRST_NAMES), soil.chance.pick(LAST_NAMES));
    let stage = if opportunity { 1 + number % 4 } else { 1 };
    let chance = match (lost, stage) {
        (true, _) => "0.0",
        (_, 1) => "12.5",
        (_, 2) => "33.3",
        (_, 3) => "66.67",
        _ => "100.0",
    };
    let about = customer.map_or("Okänd", |(_, name)| name);
    let amount =
        AMOUNTS.get(usize::try_from(number).unwrap_or_default() % AMOUNTS.len()).copied().unwrap_or("0.0");
    let mut vals = Object::default()
        .with("name", format!("{} {}", soil.chance.pick(SUBJECTS), about.trim()))
        .with("type", if opportunity { "opportunity" } else { "lead" })
        .with("active", !lost)
        .with("partner_id", customer.map(|(id, _)| *id))
        .with("partner_name", about.to_owned())
        .with("contact_name", person.clone())
        .with("email_from", format!("{}@kund.test", plain(&person)))
        .with("stage_id", stage)
        .with(
            "user_id",
            [Some(2), Some(super::base::LOW_UID), None, Some(12)]
                .get(usize::try_from(number % 4).unwrap_or_default())
                .copied()
                .flatten(),
        )
        .with("team_id", 1 + i64::from(number % 5 == 0))
        .with(
            "priority",
            ["0", "1", "2", "3"].get(usize::try_from(number / 3 % 4).unwrap_or_default()).copied(),
        )
        .with("expected_revenue", Json::Decimal(amount.into()))
        .with("probability", Json::Decimal(chance.into()))
        .with("date_open", soil.moment(number + 20))
        .with("date_last_stage_update", soil.moment(number % 40 + 1));
    if number % 5 == 0 {
        vals.set("company_id", 2);
    }
    if number % 3 == 1 {
        vals.set("tag_ids", ids(&[1, 4]));
        vals.set("date_deadline", soil.day(-(number % 60)));
    }
    if number == 4 {
        vals.set("description", "<p>Vill ha svar före <b>jul</b> &amp; nyår</p>");
        let text = Object::default().with("name", "p1").with("type", "char").with("string", "Kampanj");
        let number = Object::default().with("name", "p2").with("type", "integer").with("string", "Antal");
        vals.set("lead_properties", Json::Array(vec![text.into(), number.with("value", 12).into()]));
    }
    if lost {
        vals.set("lost_reason_id", 1 + number % 2);
        vals.set("date_closed", soil.moment(number % 30 + 2));
    }
    let written = soil.ago(number * 2 % 90 + 1);
    soil.put("crm.lead", 30 + number + number / 9, written, vals);
}
