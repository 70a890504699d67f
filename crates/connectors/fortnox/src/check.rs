//! The connection test.

use tieline_core::{Account, Error, ErrorKind, Result, Text};
use tieline_kit::{Call, HeadKey, HeadText, excerpt};

use crate::connector::Api;
use crate::list::inner;

/// The most characters of a name that are shown.
const NAME: usize = 120;
const PATH: &str = "/3/companyinformation";

#[derive(serde::Deserialize)]
struct Company<'a> {
    #[serde(default, borrow, rename = "CompanyName")]
    name: HeadText<'a>,
    #[serde(default, rename = "DatabaseNumber")]
    number: HeadKey,
}

/// Asks which company the token belongs to. A token without the scope for that is still one that works.
pub(crate) async fn check(api: &Api, tenant: Option<&str>) -> Result<Account> {
    let answer = match api.send(Call::get(PATH)).await {
        Ok(answer) => answer,
        Err(error) if error.code() == Some("2000663") => {
            let mut account = Account::new("Fortnox");
            account.id = tenant.map(Text::new);
            account.warnings.push(
                "the scope companyinformation is not granted, so that the company's name is not known"
                    .to_owned(),
            );
            return Ok(account);
        }
        Err(error) => return Err(error),
    };
    let unreadable = || {
        Error::new(ErrorKind::Decode, "Fortnox's answer does not say which company it is")
            .with_context("path", PATH)
    };
    let raw = inner("CompanyInformation", answer.text()?).map_err(|_| unreadable())?;
    let company: Company<'_> = serde_json::from_str(raw.get()).map_err(|_| unreadable())?;
    let mut account = Account::new(excerpt(company.name.get().ok_or_else(unreadable)?, NAME));
    let number = company.number.0.as_ref().map(tieline_core::Key::as_str);
    account.id = number.map(Text::new);
    if let (Some(number), Some(tenant)) = (number, tenant)
        && number != tenant
    {
        account.warnings.push(format!(
            "the token belongs to the company with the number {}, the settings name {}: correct the settings, or use a token of the other",
            excerpt(number, 32),
            excerpt(tenant, 32)
        ));
    }
    Ok(account)
}
