//! The chart of accounts, again in each financial year.

use chrono::TimeDelta;

use super::Soil;
use crate::fortnox::ledger::open_with;
use crate::fortnox::schema::Entity;
use crate::fortnox::state::State;
use crate::{Json, Object};

/// Number, name, VAT code and SRU code.
const ACCOUNTS: &[(i64, &str, &str, i64)] = &[
    (1220, "Inventarier och verktyg", "", 7215),
    (1510, "Kundfordringar", "", 7251),
    (1630, "Avräkning för skatter och avgifter", "", 7261),
    (1910, "Kassa", "", 7281),
    (1920, "PlusGiro", "", 7281),
    (1930, "Företagskonto / checkkonto", "", 7281),
    (2081, "Aktiekapital", "", 7301),
    (2091, "Balanserad vinst eller förlust", "", 7302),
    (2440, "Leverantörsskulder", "", 7365),
    (2611, "Utgående moms på försäljning inom Sverige, 25 %", "U1", 7369),
    (2621, "Utgående moms på försäljning inom Sverige, 12 %", "U2", 7369),
    (2631, "Utgående moms på försäljning inom Sverige, 6 %", "U3", 7369),
    (2641, "Debiterad ingående moms", "I", 7369),
    (2710, "Personalskatt", "", 7369),
    (2731, "Avräkning lagstadgade sociala avgifter", "", 7369),
    (3001, "Försäljning inom Sverige, 25 % moms", "MP1", 7410),
    (3002, "Försäljning inom Sverige, 12 % moms", "MP2", 7410),
    (3003, "Försäljning inom Sverige, 6 % moms", "MP3", 7410),
    (3041, "Försäljning tjänster 25 % moms i Sverige", "MP1", 7410),
    (3105, "Försäljning varor till land utanför EU", "E", 7410),
    (3108, "Försäljning varor till annat EU-land, momsfri", "VTEU", 7410),
    (3231, "Försäljning inom byggsektorn, omvänd skattskyldighet", "OMSS", 7410),
    (3305, "Försäljning tjänster till land utanför EU", "E", 7410),
    (3308, "Försäljning tjänster till annat EU-land", "FTEU", 7410),
    (3740, "Öres- och kronutjämning", "", 7410),
    (3960, "Valutakursvinster på fordringar och skulder", "", 7413),
    (4010, "Inköp av varor", "", 7512),
    (5010, "Lokalhyra", "", 7513),
    (5410, "Förbrukningsinventarier", "", 7513),
    (5611, "Drivmedel för personbilar", "", 7513),
    (5910, "Annonsering", "", 7513),
    (6212, "Mobiltelefon", "", 7513),
    (6530, "Redovisningstjänster", "", 7513),
    (6540, "IT-tjänster", "", 7513),
    (6570, "Bankkostnader", "", 7513),
    (7210, "Löner till tjänstemän", "", 7514),
    (7510, "Lagstadgade sociala avgifter", "", 7514),
    (8311, "Ränteintäkter från bank", "", 7417),
];

/// What stands on the balance accounts when the first of the years begins.
const OPENING: &[(i64, i64)] = &[(1220, 184_000), (1930, 612_345), (2081, -50_000), (2091, -746_345)];

fn years(state: &State) -> Vec<i64> {
    state.table(Entity::FinancialYears).iter().filter_map(|(_, year)| year.get("Id").as_i64()).collect()
}

/// Hands on what each year carries forward, once all of them are in the books.
pub(super) fn carry_forward(state: &mut State) {
    let years = years(state);
    for (before, year) in years.iter().zip(years.iter().skip(1)) {
        open_with(state, *before, *year);
    }
}

pub(super) fn accounts(state: &mut State, soil: &Soil) {
    let years = years(state);
    for (index, year) in years.iter().enumerate() {
        for (number, name, vat, sru) in ACCOUNTS {
            let opening = OPENING.iter().find(|(account, _)| account == number && index == 0);
            let opening = opening.map_or(0, |(_, sum)| *sum);
            let record = Object::default()
                .with("Number", *number)
                .with("Description", *name)
                .with("Active", *number != 1920)
                .with("BalanceBroughtForward", opening)
                .with("BalanceCarriedForward", opening)
                .with("CostCenterSettings", "ALLOWED")
                .with("ProjectSettings", "ALLOWED")
                .with("QuantitySettings", "NOTALLOWED")
                .with("TransactionInformationSettings", "ALLOWED")
                .with("SRU", *sru)
                .with("VATCode", if vat.is_empty() { Json::Null } else { (*vat).into() })
                .with("Year", *year);
            let made = soil.now - TimeDelta::days(690 - 360 * i64::try_from(index).unwrap_or_default());
            state.put(Entity::Accounts, record, made);
        }
    }
}
