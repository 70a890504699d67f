//! What the connector says about itself: the description, and what belongs to it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::Value;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::webhook::WebhookReceiver;
use tieline_core::{
    AuthScheme, BuildContext, Capture, Category, Connector, ConnectorFactory, ConnectorSpec, Error,
    ErrorKind, Field, FieldKind, KeyPlacement, OAuth2, Origins, RefreshPolicy, Result, Revocation,
};
use tieline_rest::{Description, Format, LoadOptions, RestConnector, RestFactory};
use url::Url;

use crate::answers::classify;
use crate::hooks::PipedriveHooks;
use crate::marker::{CARRIERS, Markers};
use crate::webhook::Notifications;
use crate::{Pipedrive, PipedriveConfig};

/// How long a refresh token lives without being used. Each use begins it anew.
const UNUSED_LIFE: Duration = Duration::from_secs(60 * 24 * 60 * 60);
const FILE: &str = "pipedrive.yaml";

/// Pipedrive before there is an account: its description, and the meaning of its answers.
#[derive(Clone, Debug)]
pub struct PipedriveFactory {
    spec: ConnectorSpec,
}

impl Default for PipedriveFactory {
    fn default() -> Self {
        Self { spec: spec() }
    }
}

static DESCRIPTION: LazyLock<std::result::Result<Description, String>> = LazyLock::new(|| {
    let text = include_str!("../pipedrive.yaml");
    Description::load_with(FILE, text, Format::Yaml, &LoadOptions::shipped())
        .map_err(|findings| findings.into_error().to_string())
});

/// The description of the crate's file, read once. A test loads it, so that no user sees its error.
fn description() -> Result<Description> {
    DESCRIPTION.clone().map_err(|fault| {
        Error::new(ErrorKind::Internal, format!("the description of Pipedrive has a mistake: {fault}"))
    })
}

/// The connector of an account by the description, its marker fields written into it.
pub(crate) fn described(markers: &Markers, context: BuildContext) -> Result<Arc<RestConnector>> {
    let mut description = description()?;
    markers.describe(&mut description);
    let factory = RestFactory::new("pipedrive", description, Category::Crm)?;
    let BuildContext { base_url, http, clock, .. } = context;
    let context = BuildContext::new(Value::Null, base_url, http, clock);
    factory.with_hooks(PipedriveHooks::new(markers.clone())).connect(context)
}

fn spec() -> ConnectorSpec {
    let mut spec = ConnectorSpec::new("pipedrive", "Pipedrive", Category::Crm);
    if let Ok(described) = description().and_then(|it| RestFactory::new("pipedrive", it, Category::Crm)) {
        spec.limits.clone_from(&described.spec().limits);
    }
    if let Some(burst) = spec.limits.first_mut() {
        burst.name = "burst".into();
    }
    spec.api_version = "v2, and v1 for leads, notes and users".into();
    spec.config = vec![
        Field::text("company", "Company")
            .with_help("What stands before .pipedrive.com in the address bar. The whole address works too.")
            .with_example("acme"),
        Field::text("markers", "Marker fields")
            .with_kind(FieldKind::texts(CARRIERS.iter().copied()))
            .with_help(
                "For each kind of record the code of a text field of your own, made for this: what is written carries a \
                 marker there, by which it is found again when an answer is lost. Without one, a person is asked.",
            )
            .with_pattern("^[0-9a-f]{40}$")
            .optional(),
    ];
    // Source: https://pipedrive.readme.io/docs/core-api-concepts-authentication
    let api_token = AuthScheme::api_key(
        KeyPlacement::header("x-api-token"),
        Field::secret("api_token", "API token")
            .with_help("In Pipedrive under Personal preferences > API. An admin's token sees everything.")
            .with_example("0123456789abcdef0123456789abcdef01234567")
            .with_pattern("^[0-9a-fA-F]{40}$"),
    );
    spec.auth = vec![api_token, AuthScheme::OAuth2(oauth())];
    spec.origins = Origins::Patterns(vec!["*.pipedrive.com".into()]);
    spec.guide = include_str!("../GUIDE.md").into();
    spec
}

/// What an app may do is fixed by its registration, so no scopes are asked for. PKCE is not documented.
///
/// Source: <https://pipedrive.readme.io/docs/marketplace-oauth-authorization>.
fn oauth() -> OAuth2 {
    let mut oauth =
        OAuth2::new("https://oauth.pipedrive.com/oauth/authorize", "https://oauth.pipedrive.com/oauth/token");
    oauth.revocation =
        Some(Revocation::new("https://oauth.pipedrive.com/oauth/revoke").with_hint("refresh_token"));
    // The company's address, which the setting takes like any other way to write it.
    oauth.captures = vec![Capture::field("api_domain", "company")];
    oauth.refresh = RefreshPolicy::default().with_unused_life(UNUSED_LIFE);
    oauth
}

impl ConnectorFactory for PipedriveFactory {
    fn spec(&self) -> &ConnectorSpec {
        &self.spec
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        classify(answer).into()
    }

    fn base_url(&self, config: &Value) -> Result<Url> {
        PipedriveConfig::from_value(config)?.base_url()
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        let config = PipedriveConfig::from_value(&context.config)?;
        Ok(Arc::new(Pipedrive::new(&config, context)?))
    }

    fn webhooks(&self) -> Option<&dyn WebhookReceiver> {
        Some(&Notifications)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_loads_strictly_and_names_its_limits() {
        description().unwrap();
        let limits = PipedriveFactory::default().spec.limits;
        assert_eq!(limits.iter().map(|limit| limit.quota).collect::<Vec<_>>(), [20, 10]);
    }
}
