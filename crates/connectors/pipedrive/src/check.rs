//! The connection test.

use serde::Deserialize;
use tieline_core::{Account, Error, ErrorKind, Result, Text};
use tieline_kit::{Call, excerpt};

use crate::connector::Api;

/// The most characters of a name that are shown.
const NAME: usize = 120;

#[derive(Deserialize)]
struct Answer {
    data: Option<Me>,
}

/// Source: <https://developers.pipedrive.com/docs/api/v1/Users#getCurrentUser>.
#[derive(Deserialize)]
struct Me {
    id: Option<u64>,
    company_id: Option<u64>,
    company_name: Option<String>,
    company_domain: Option<String>,
    name: Option<String>,
    email: Option<String>,
    #[serde(default)]
    access: Option<Vec<Access>>,
    active_flag: Option<bool>,
}

#[derive(Deserialize)]
struct Access {
    app: Option<String>,
    admin: Option<bool>,
}

/// Asks who the credential is.
pub(crate) async fn check(api: &Api, company: &str) -> Result<Account> {
    let answer = api.send(Call::get("/api/v1/users/me").cost(2)).await?;
    let Answer { data: Some(me) } = serde_json::from_str(answer.text()?).map_err(|_| unreadable())? else {
        return Err(unreadable());
    };
    let name = me.company_name.as_deref().or(me.company_domain.as_deref()).unwrap_or(company);
    let mut account = Account::new(excerpt(name, NAME));
    account.id = me.company_id.map(|id| Text::new(id.to_string()));
    account.user_id = me.id.map(|id| Text::new(id.to_string()));
    account.user = match (&me.name, &me.email) {
        (Some(name), Some(email)) => Some(excerpt(&format!("{name} <{email}>"), NAME)),
        (name, email) => name.as_ref().or(email.as_ref()).map(|text| excerpt(text, NAME)),
    };
    account.warnings = me.warnings(company);
    Ok(account)
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Decode, "Pipedrive's answer does not say who the user is")
        .with_context("path", "/api/v1/users/me")
}

impl Me {
    fn warnings(&self, company: &str) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(domain) = &self.company_domain
            && !domain.eq_ignore_ascii_case(company)
        {
            warnings.push(format!(
                "the token belongs to the company {:?}, the settings name {company:?}: use {:?}, or a token of the other",
                excerpt(domain, NAME),
                excerpt(domain, NAME)
            ));
        }
        if self.active_flag == Some(false) {
            warnings.push("the user is not active: its token may stop to work".to_owned());
        }
        // Visibility groups and permission sets bind everyone but the admins of deals.
        let admin = self.access.iter().flatten().any(|access| {
            access.admin == Some(true) && matches!(access.app.as_deref(), Some("sales" | "global"))
        });
        if !admin {
            warnings.push(
                "the user is no admin and sees only what is visible to it: records of others may be absent"
                    .to_owned(),
            );
        }
        warnings
    }
}
