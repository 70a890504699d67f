//! Users, companies and the lists that everything refers to.

use super::{Soil, ids};
use crate::odoo::database::Account;
use crate::{Json, Object};

/// The database that the sandbox serves.
pub const DATABASE: &str = "norrsken";

/// The login of the integration's user, who has all rights that a connector needs.
pub const LOGIN: &str = "sync@norrsken.test";

/// The invented password of [`LOGIN`].
pub const PASSWORD: &str = "påhittat-lösenord <&> 7";

/// The invented API key of [`LOGIN`], which stands where a password does.
pub const API_KEY: &str = "0d00acde00000000000000005a4db0c50badcafe";

/// The id of [`LOGIN`].
pub const UID: i64 = 7;

/// A seller who sees no private data of employees and only their own leads. The password is [`PASSWORD`].
pub const LOW_LOGIN: &str = "saljare@norrsken.test";

/// A user with a second factor, for whom [`PASSWORD`] is right and yet refused.
pub const TWO_FACTOR_LOGIN: &str = "tvafaktor@norrsken.test";

/// The invented API key of [`TWO_FACTOR_LOGIN`].
pub const TWO_FACTOR_API_KEY: &str = "0d00acde00000000000000025a4db0c50badcafe";

/// A user who has left. The password is [`PASSWORD`].
pub const DEACTIVATED_LOGIN: &str = "slutat@norrsken.test";

pub(super) const SWEDEN: i64 = 196;
pub(super) const SWITZERLAND: i64 = 43;
pub(super) const LOW_UID: i64 = 11;

/// Id, login, name, whether active, companies, language, time zone.
type User = (i64, &'static str, &'static str, bool, &'static [i64], &'static str, &'static str);

const USERS: &[User] = &[
    (1, "__system__", "OdooBot", false, &[1, 2], "en_US", "UTC"),
    (2, "admin@norrsken.test", "Åsa Lindgård", true, &[1, 2], "sv_SE", "Europe/Stockholm"),
    (UID, LOGIN, "Integration", true, &[1, 2], "en_US", "UTC"),
    (LOW_UID, LOW_LOGIN, "Måns Törnvall", true, &[1], "sv_SE", "Europe/Stockholm"),
    (12, TWO_FACTOR_LOGIN, "Vreni Zürcher", true, &[2, 1], "de_CH", "Europe/Zurich"),
    (13, DEACTIVATED_LOGIN, "Kajsa Öberg", false, &[1], "sv_SE", "Europe/Stockholm"),
];

fn named(name: &'static str) -> Object {
    Object::default().with("name", name)
}

pub(super) fn world(soil: &mut Soil) {
    for (id, name, symbol) in [(1, "USD", "$"), (5, "CHF", "CHF"), (18, "SEK", "kr"), (126, "EUR", "€")] {
        let vals = named(name).with("symbol", symbol).with("active", true).with("decimal_places", 2);
        soil.old("res.currency", id, vals.with("rounding", Json::decimal("0.01")));
        soil.external_id("base", name.to_owned(), "res.currency", id);
    }
    for (id, name, code, phone, currency) in [
        (SWITZERLAND, "Switzerland", "CH", 41, 5),
        (57, "Germany", "DE", 49, 126),
        (165, "Norway", "NO", 47, 126),
        (SWEDEN, "Sweden", "SE", 46, 18),
    ] {
        let vals = named(name).with("code", code).with("phone_code", phone).with("currency_id", currency);
        soil.old("res.country", id, vals);
        soil.external_id("base", code.to_lowercase(), "res.country", id);
    }
    for (id, name, code) in
        [(901, "Zürich", "ZH"), (902, "Graubünden", "GR"), (903, "Genève", "GE"), (904, "Bern", "BE")]
    {
        soil.old("res.country.state", id, named(name).with("code", code).with("country_id", SWITZERLAND));
        soil.external_id("base", format!("state_ch_{}", code.to_lowercase()), "res.country.state", id);
    }
    for (id, name, partner, currency, country) in
        [(1, "Norrsken Lager AB", 1, 18, SWEDEN), (2, "Norrsken Schweiz AG", 8, 5, SWITZERLAND)]
    {
        let of_partner = named(name).with("is_company", true).with("active", true).with("type", "contact");
        soil.old("res.partner", partner, of_partner.with("country_id", country));
        let vals =
            named(name).with("partner_id", partner).with("currency_id", currency).with("country_id", country);
        soil.old("res.company", id, vals.with("sequence", 10).with("active", true));
    }
    soil.external_id("base", "main_partner".to_owned(), "res.partner", 1);
    for (id, name, color) in
        [(1, "VIP", 1), (2, "Återförsäljare", 4), (3, "Mässa Zürich 2026", 3), (5, "R&D <intern>", 9)]
    {
        soil.old("res.partner.category", id, named(name).with("color", color).with("active", true));
    }
}

pub(super) fn users(soil: &mut Soil) {
    for (id, login, name, active, companies, language, zone) in USERS {
        let partner = if *id <= 2 { id + 1 } else { *id };
        let person = named(name).with("email", *login).with("active", *active).with("type", "contact");
        soil.old("res.partner", partner, person.with("lang", *language).with("tz", *zone));
        let vals = named(name)
            .with("login", *login)
            .with("partner_id", partner)
            .with("active", *active)
            .with("company_id", companies.first().copied().unwrap_or(1))
            .with("company_ids", ids(companies))
            .with("lang", *language)
            .with("tz", *zone)
            .with("email", *login);
        soil.old("res.users", *id, vals);
        let keys = match *login {
            LOGIN => vec![API_KEY.to_owned()],
            TWO_FACTOR_LOGIN => vec![TWO_FACTOR_API_KEY.to_owned()],
            _ => Vec::new(),
        };
        // Nobody signs in as the system.
        let password = if *id == 1 { String::new() } else { PASSWORD.to_owned() };
        soil.db.accounts.push(Account {
            uid: *id,
            password,
            keys,
            two_factor: *login == TWO_FACTOR_LOGIN,
            is_hr_officer: *login != LOW_LOGIN,
            own_leads_only: *login == LOW_LOGIN,
        });
    }
}
