//! The company itself.

use crate::{Json, Object};

/// The number of the company's database: the `TenantId` of service accounts.
/// <https://www.fortnox.se/developer/authorization/get-access-token-using-client-credentials>
pub const TENANT: i64 = 1_203_457;

/// The name of the company.
pub(crate) const NAME: &str = "Norrlager Exempel AB";

/// Its registration number.
pub(crate) const NUMBER: &str = "556000-4615";

/// `GET /3/companyinformation`
pub(crate) fn information() -> Json {
    let company = Object::default()
        .with("Address", "Strandgatan 14")
        .with("City", "Örnsköldsvik")
        .with("CompanyName", NAME)
        .with("CountryCode", "SE")
        .with("DatabaseNumber", TENANT)
        .with("OrganizationNumber", NUMBER)
        .with("VisitAddress", "Strandgatan 14")
        .with("VisitCity", "Örnsköldsvik")
        .with("VisitCountryCode", "SE")
        .with("VisitZipCode", "89133")
        .with("ZipCode", "89133");
    Object::default().with("CompanyInformation", company).into()
}

/// `GET /3/settings/company`, where the number of the database is a text.
pub(crate) fn settings() -> Json {
    let company = Object::default()
        .with("Address", "Strandgatan 14")
        .with("BG", "5050-4617")
        .with("City", "Örnsköldsvik")
        .with("Country", "Sverige")
        .with("CountryCode", "SE")
        .with("DatabaseNumber", TENANT.to_string())
        .with("Email", "ekonomi@norrlager.example")
        .with("Name", NAME)
        .with("OrganizationNumber", NUMBER)
        .with("TaxEnabled", true)
        .with("ZipCode", "89133");
    Object::default().with("CompanySettings", company).into()
}

/// `GET /3/me`
pub(crate) fn me() -> Json {
    let user = Object::default()
        .with("Id", "21001")
        .with("Name", "Åsa Lindgård")
        .with("Email", "asa.lindgard@norrlager.example")
        .with("SysAdmin", true)
        .with("Locale", "sv_SE");
    Object::default().with("MeInformation", user).into()
}
