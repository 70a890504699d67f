//! OAuth addresses that name the connection's settings.

use serde_json::Value;
use tieline_core::{Error, ErrorKind, Origins, Result};
use url::Url;

/// Whether an address names settings.
pub(crate) fn is_template(address: &str) -> bool {
    address.contains('{')
}

/// The address for these settings. One that names none is taken as it is.
///
/// # Errors
///
/// `Config` for a setting that is missing or would leave its place, and for an address outside the connector's origins;
/// `Internal` for a template that is none.
pub(crate) fn expand(template: &str, settings: &Value, origins: &Origins, title: &str) -> Result<Url> {
    let wrong =
        || Error::new(ErrorKind::Internal, format!("an OAuth address in the spec of {title} is no URL"));
    if !is_template(template) {
        return Url::parse(template).map_err(|_| wrong());
    }
    let mut address = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(wrong)?;
        address.push_str(before);
        let value = match settings.get(name) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let is_whole = address.is_empty();
        let fits = match is_whole {
            true => Url::parse(&value).is_ok_and(|url| url.query().is_none() && url.fragment().is_none()),
            false => {
                !value.is_empty()
                    && value != "."
                    && value != ".."
                    && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
            }
        };
        if !fits {
            let message =
                format!("{title} is asked for tokens at an address that names the setting {name:?}");
            return Err(Error::new(ErrorKind::Config, message)
                .with_advice("set it in the connection's settings, without spaces or slashes"));
        }
        address.push_str(if is_whole { value.trim_end_matches('/') } else { &value });
        rest = after;
    }
    address.push_str(rest);
    let url = Url::parse(&address).map_err(|_| wrong())?;
    let allowed = match origins {
        Origins::Patterns(_) => origins.allows(&url),
        Origins::ConfigField(field) => {
            let base = settings.get(field.as_ref()).and_then(Value::as_str);
            base.and_then(|base| Url::parse(base).ok()).is_some_and(|base| base.origin() == url.origin())
        }
        _ => false,
    };
    if !allowed {
        return Err(Error::new(
            ErrorKind::Config,
            format!("the settings lead token requests to an address that is not {title}'s"),
        )
        .with_advice("correct the connection's settings"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_fill_a_label_or_a_segment_and_stay_within_the_origins() {
        let shops = Origins::patterns(["*.shops.example"]);
        let expanded = |template: &str, settings: Value, origins: &Origins| {
            expand(template, &settings, origins, "Acme").map(String::from).map_err(|error| error.kind())
        };
        let shop = "https://{shop}.shops.example/oauth/token";
        assert_eq!(
            expanded(shop, json!({ "shop": " acme " }), &shops).unwrap(),
            "https://acme.shops.example/oauth/token"
        );
        for shop_name in
            ["", "evil.test/", "a.b", "evil.test?", "x@evil.test", "..", "evil.test#", "a b", "a:1"]
        {
            let refused = expanded(shop, json!({ "shop": shop_name }), &shops);
            assert_eq!(refused, Err(ErrorKind::Config), "{shop_name:?}");
        }
        let tenant = "https://login.shops.example/{tenant}/token";
        assert_eq!(
            expanded(tenant, json!({ "tenant": 7 }), &shops).unwrap(),
            "https://login.shops.example/7/token"
        );
        assert_eq!(expanded(tenant, json!({ "tenant": "../x" }), &shops), Err(ErrorKind::Config));
        assert_eq!(expanded(tenant, json!({}), &shops), Err(ErrorKind::Config));

        let own = Origins::config_field("url");
        let settings = json!({ "url": "https://erp.example.com:8443/base/", "other": "https://evil.test" });
        assert_eq!(
            expanded("{url}/oauth/token", settings.clone(), &own).unwrap(),
            "https://erp.example.com:8443/base/oauth/token"
        );
        assert_eq!(expanded("{other}/oauth/token", settings, &own), Err(ErrorKind::Config));
        assert_eq!(
            expanded("https://fixed.example/token", json!({}), &shops).unwrap(),
            "https://fixed.example/token"
        );
        assert_eq!(expanded("https://{shop", json!({}), &shops), Err(ErrorKind::Internal));
    }
}
