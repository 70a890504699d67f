//! What the description leaves to code: the kinds of fields, filters, what is written, and what an answer says.

use std::collections::BTreeMap;

use tieline_core::http::HttpResponse;
use tieline_core::{
    Account, EntityField, EntityName, Error, ErrorKind, Outcome, RawJson, ReadRequest, Result, Text, WriteOp,
};
use tieline_kit::excerpt;
use tieline_rest::{Description, HookContext, HookFuture, HookPage, Hooks, Selection};

use crate::entities::Entity;
use crate::{draft, fields, filters, outcome, rows};

/// The code of a missing scope.
const NO_SCOPE: &str = "2000663";

/// The hooks, with the fields that each list finds texts in.
#[derive(Clone, Debug)]
pub(crate) struct FortnoxHooks {
    texts: BTreeMap<String, Vec<String>>,
}

impl FortnoxHooks {
    /// The hooks of the description.
    pub(crate) fn of(description: &Description) -> Self {
        let texts = description.entities.iter().filter_map(|(name, entity)| {
            let search = entity.find.any.as_ref()?;
            Some((name.clone(), search.only.clone()))
        });
        Self { texts: texts.collect() }
    }
}

/// The entity that a hook is called for.
fn entity(at: &EntityName) -> Result<&'static Entity> {
    Entity::named(at.as_str())
        .ok_or_else(|| Error::new(ErrorKind::Internal, "an entity of the description has no fields"))
}

impl Hooks for FortnoxHooks {
    fn account(&self, settings: &BTreeMap<String, String>, found: Result<Account>) -> Result<Account> {
        let tenant = settings.get("tenant_id");
        match found {
            // A token without the scope for that is still one that works.
            Err(error) if error.code() == Some(NO_SCOPE) => {
                let mut account = Account::new("Fortnox");
                account.id = tenant.map(Text::new);
                let warning =
                    "the scope companyinformation is not granted, so that the company's name is not known";
                account.warnings.push(warning.to_owned());
                Ok(account)
            }
            Err(error) => Err(error),
            Ok(account) if account.id.is_none() => {
                Err(Error::new(ErrorKind::Decode, "Fortnox's answer does not say which company it is"))
            }
            Ok(mut account) => {
                if let (Some(number), Some(tenant)) = (&account.id, tenant)
                    && number.as_str() != tenant
                {
                    account.warnings.push(format!(
                        "the token belongs to the company with the number {}, the settings name {}: correct the settings, or use a token of the other",
                        excerpt(number.as_str(), 32),
                        excerpt(tenant, 32)
                    ));
                }
                Ok(account)
            }
        }
    }

    fn select(&self, at: &HookContext, request: &ReadRequest) -> Result<Option<Selection>> {
        let entity = entity(&at.entity)?;
        let texts = self.texts.get(entity.name).map(Vec::as_slice).unwrap_or_default();
        filters::selection(entity, texts, request).map(Some)
    }

    fn fields(&self, at: &HookContext) -> Option<HookFuture<Vec<EntityField>>> {
        let entity = Entity::named(at.entity.as_str())?;
        Some(Box::pin(async move { Ok(fields::described(entity.fields)) }))
    }

    fn page(&self, at: &HookContext, text: &str) -> Option<Result<HookPage>> {
        // Without a date nothing is locked.
        let is_open = at.entity.as_str() == "lockedperiod"
            && matches!(tieline_core::json::at(text, "/LockedPeriod/EndDate"), Ok(end) if end.is_none_or(|end| end.get() == "null"));
        is_open.then(|| Ok(HookPage::new(Vec::new())))
    }

    fn validate(&self, at: &HookContext, op: &WriteOp) -> Result<()> {
        draft::validate(entity(&at.entity)?, at.settings.get("marker").map(String::as_str), op)
    }

    fn body(&self, at: &HookContext, op: &WriteOp, body: RawJson) -> Result<RawJson> {
        draft::body(entity(&at.entity)?, op, &body)
    }

    fn prepare(&self, at: &HookContext, op: &WriteOp, body: &RawJson) -> Option<HookFuture<RawJson>> {
        rows::prepare(Entity::named(at.entity.as_str())?, at, op, body)
    }

    fn outcome(&self, at: &HookContext, action: &str, response: &HttpResponse) -> Option<Outcome> {
        outcome::of_action(Entity::named(at.entity.as_str())?, action, response)
    }
}
