//! Departments in a tree, and the people in them with a manager each.

use super::names::{FIRST_NAMES, LAST_NAMES};
use super::{Soil, ids, plain};
use crate::odoo::Version;
use crate::{Json, Object};

/// Id, name, the department above, and how many work there.
const DEPARTMENTS: &[(i64, &str, Option<i64>, i64)] = &[
    (1, "Ledning", None, 3),
    (2, "Försäljning", Some(1), 4),
    (3, "Försäljning Norr", Some(2), 6),
    (4, "Verkauf Zürich & Ostschweiz", Some(2), 7),
    (5, "Lager & Logistik", Some(1), 8),
    (6, "Inköp", Some(5), 4),
    (8, "Kvalitet <ISO 9001>", Some(5), 3),
    (9, "Ekonomi", Some(1), 5),
    (10, "IT", Some(1), 6),
    (12, "Personal", Some(1), 3),
    (13, "Kundtjänst", Some(2), 6),
    (15, "Forskning 🔬", Some(10), 4),
];

const JOBS: &[(i64, &str)] = &[
    (1, "Chef"),
    (2, "Säljare"),
    (3, "Lagerarbetare"),
    (4, "Utvecklare"),
    (5, "Ekonom"),
    (7, "Sachbearbeiter:in"),
];

const CATEGORIES: &[(i64, &str)] = &[(1, "Skyddsombud"), (2, "Deltid"), (3, "Första hjälpen")];

/// The first person of a department leads it.
fn chef(department: i64) -> i64 {
    let before = DEPARTMENTS
        .iter()
        .take_while(|(id, ..)| *id != department)
        .map(|(_, _, _, people)| people)
        .sum::<i64>();
    id_of(before)
}

fn id_of(number: i64) -> i64 {
    100 + number + number / 10
}

pub(super) fn staff(soil: &mut Soil) {
    for (id, name) in JOBS {
        soil.old(
            "hr.job",
            *id,
            Object::default().with("name", *name).with("active", true).with("sequence", *id),
        );
    }
    for (id, name) in CATEGORIES {
        soil.old("hr.employee.category", *id, Object::default().with("name", *name).with("color", *id));
    }
    let mut number = 0;
    for (id, name, above, people) in DEPARTMENTS {
        let swiss = *id == 4;
        let vals = Object::default()
            .with("name", *name)
            .with("active", true)
            .with("parent_id", *above)
            .with("manager_id", chef(*id))
            .with("company_id", if swiss { 2 } else { 1 });
        let written = soil.ago(40 + id * 9);
        soil.put("hr.department", *id, written, vals);
        soil.external_id("hr_import", format!("department_{id}"), "hr.department", *id);
        for place in 0..*people {
            employee(soil, number, *id, place, *above, swiss);
            number += 1;
        }
    }
    // One without a department, as those are who have just been hired.
    employee(soil, number, 0, 1, None, false);
}

fn employee(soil: &mut Soil, number: i64, department: i64, place: i64, above: Option<i64>, swiss: bool) {
    let first = usize::try_from(number * 3).unwrap_or_default() % FIRST_NAMES.len();
    let last = usize::try_from(number * 5 + number / 28).unwrap_or_default() % LAST_NAMES.len();
    let first = FIRST_NAMES.get(first).copied().unwrap_or_default();
    let last = LAST_NAMES.get(last).copied().unwrap_or_default();
    let gone = matches!(number, 13 | 29 | 44 | 57);
    let leads = place == 0;
    let manager = match above {
        _ if department == 0 => None,
        above if leads => above.map(chef),
        _ => Some(chef(department)),
    };
    let mail = format!("{}.{}", plain(first), plain(last));
    let mut vals = Object::default()
        .with("name", format!("{first} {last}"))
        .with("active", !gone)
        .with("company_id", if swiss { 2 } else { 1 })
        .with("department_id", (department != 0).then_some(department))
        .with("parent_id", manager)
        .with("coach_id", manager.filter(|_| number % 3 == 0))
        .with(
            "job_id",
            if leads {
                1
            } else {
                *[2_i64, 3, 4, 5, 7].get(usize::try_from(number % 5).unwrap_or_default()).unwrap_or(&2)
            },
        )
        .with("job_title", if leads { "Chef" } else { "Medarbetare" })
        .with("work_email", format!("{mail}@norrsken.test"))
        .with(
            "work_phone",
            format!("+46 660 {:02} {:02} {:02}", number % 90, number * 3 % 90, number * 7 % 90),
        )
        .with("tz", if swiss { "Europe/Zurich" } else { "Europe/Stockholm" })
        .with("employee_type", if number % 14 == 6 { "contractor" } else { "employee" })
        .with("x_employee_number", format!("{:05}", 300 + number))
        .with("x_start_date", soil.day(200 + number * 61))
        .with(
            "x_hourly_cost",
            Json::Decimal(format!("{}.{:02}", 410 + number * 7, number * 37 % 90 + 5).into()),
        )
        .with("x_remote", number % 4 == 2)
        .with("private_email", format!("{mail}@privat.test"))
        .with("private_city", if swiss { "Zürich" } else { "Örnsköldsvik" })
        .with("birthday", soil.day(9000 + number * 173))
        .with("marital", if number % 3 == 0 { "married" } else { "single" })
        .with("country_id", if swiss { super::base::SWITZERLAND } else { super::base::SWEDEN })
        .with("barcode", format!("0410{:08}", 7000 + number));
    let field = if soil.version == Version::V17 { "gender" } else { "sex" };
    vals.set(field, if number % 2 == 0 { "female" } else { "male" });
    if number % 6 == 1 {
        vals.set("category_ids", ids(&[1 + number % 3]));
    }
    if gone {
        vals.set("x_end_date", soil.day(number));
    }
    match number {
        0 => vals.set("user_id", 2),
        3 => vals.set("user_id", super::base::LOW_UID),
        _ => {}
    }
    let written = soil.ago(number * 4 % 150 + 1);
    soil.put("hr.employee", id_of(number), written, vals);
}
