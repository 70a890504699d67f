//! `tieline providers` and `tieline spec`: what connectors say about themselves. Nothing is sent.

use std::io;

use serde_json::{Value, json};
use tieline::{
    AuthScheme, ConnectorSpec, Field, FieldKind, KeyPlacement, Limit, LimitScope, LimitUnit, Origins,
};

use crate::credential::example;
use crate::failure::Outcome;
use crate::lines::stdout;
use crate::session::catalog;
use crate::table::Table;
use crate::text::{Paint, yes_or_blank};

pub(crate) fn providers(json: bool) -> Outcome {
    let registry = catalog();
    let mut out = stdout();
    if json {
        let providers: Vec<Value> = registry.specs().map(summary).collect();
        out.value(&json!({ "providers": providers }))?;
        return out.flush();
    }
    let mut table = Table::new(&["PROVIDER", "NAME", "CATEGORY", "API", "ENDS"]);
    for spec in registry.specs() {
        let ends = spec.api_ends.map(|day| day.to_string()).unwrap_or_default();
        let category = format!("{:?}", spec.category).to_lowercase();
        table.row([&*spec.id, &*spec.title, category.as_str(), &*spec.api_version, ends.as_str()]);
    }
    out.text(&table.show("", Paint::on(&io::stdout())))?;
    out.flush()
}

pub(crate) fn spec(provider: &str, json: bool) -> Outcome {
    let registry = catalog();
    let spec = registry.factory(provider)?.spec();
    let mut out = stdout();
    if json {
        out.value(&whole(spec))?;
    } else {
        out.text(&for_people(spec, Paint::on(&io::stdout())))?;
    }
    out.flush()
}

fn summary(spec: &ConnectorSpec) -> Value {
    json!({
        "id": spec.id,
        "title": spec.title,
        "category": format!("{:?}", spec.category).to_lowercase(),
        "api_version": spec.api_version,
        "api_ends": spec.api_ends,
    })
}

fn whole(spec: &ConnectorSpec) -> Value {
    let mut all = summary(spec);
    if let Some(members) = all.as_object_mut() {
        let auth: Vec<Value> = spec.auth.iter().map(scheme).collect();
        let limits: Vec<Value> = spec.limits.iter().map(limit).collect();
        for (name, value) in [
            ("config_schema", spec.config_schema()),
            ("auth", auth.into()),
            ("origins", origins(&spec.origins)),
            ("limits", limits.into()),
            ("guide", json!(spec.guide)),
        ] {
            members.insert(name.to_owned(), value);
        }
    }
    all
}

fn scheme(scheme: &AuthScheme) -> Value {
    let fields: Vec<Value> = scheme
        .fields()
        .into_iter()
        .map(|field| {
            json!({
                "name": field.name,
                "label": field.label,
                "help": field.help,
                "example": field.example,
                "pattern": field.pattern,
                "required": field.required,
                "secret": field.secret,
            })
        })
        .collect();
    let mut shown = json!({ "scheme": sent_as(scheme), "fields": fields });
    if let (Some(oauth), Some(shown)) = (scheme.oauth2(), shown.as_object_mut()) {
        let scopes = oauth
            .scopes
            .iter()
            .map(|scope| json!({ "name": scope.name, "title": scope.title, "default": scope.default }));
        shown.insert("scopes".to_owned(), scopes.collect());
    }
    shown
}

fn sent_as(scheme: &AuthScheme) -> String {
    match scheme {
        AuthScheme::ApiKey { placement: KeyPlacement::Header { name, .. }, .. } => {
            format!("API key in the header {name}")
        }
        AuthScheme::ApiKey { placement: KeyPlacement::Query { name, .. }, .. } => {
            format!("API key in the query parameter {name}")
        }
        AuthScheme::ApiKey { placement: KeyPlacement::Cookie { name, .. }, .. } => {
            format!("API key in the cookie {name}")
        }
        AuthScheme::ApiKey { .. } => "API key".to_owned(),
        AuthScheme::Bearer { .. } => "bearer token".to_owned(),
        AuthScheme::Secret { .. } => "one secret".to_owned(),
        AuthScheme::Basic { .. } => "user name and password".to_owned(),
        AuthScheme::OAuth2(_) => "OAuth 2, by a person's consent".to_owned(),
        AuthScheme::Session(_) => "login for a session".to_owned(),
        AuthScheme::Signed(_) => "keys that sign requests".to_owned(),
        AuthScheme::All(schemes) => schemes.iter().map(sent_as).collect::<Vec<_>>().join(", and "),
        _ => "credential".to_owned(),
    }
}

fn origins(origins: &Origins) -> Value {
    match origins {
        Origins::Patterns(patterns) => json!({ "patterns": patterns }),
        Origins::ConfigField(name) => json!({ "config_field": name }),
        _ => Value::Null,
    }
}

fn limit(limit: &Limit) -> Value {
    json!({
        "name": limit.name,
        "quota": limit.quota,
        "unit": unit(limit),
        "per_seconds": limit.per.as_secs_f64(),
        "scope": scope(limit.scope),
        "tag": limit.tag,
        "headers": limit.headers,
    })
}

fn unit(limit: &Limit) -> &'static str {
    if limit.unit == LimitUnit::Cost { "cost" } else { "requests" }
}

fn scope(scope: LimitScope) -> &'static str {
    match scope {
        LimitScope::Ip => "ip",
        LimitScope::App => "app",
        LimitScope::Credential => "credential",
        LimitScope::Account => "account",
        _ => "other",
    }
}

fn for_people(spec: &ConnectorSpec, paint: Paint) -> String {
    let mut text = format!("{} ({})\n\n", paint.bold(&spec.title), spec.id);
    text.push_str(&format!("API version  {}", spec.api_version));
    if let Some(day) = spec.api_ends {
        text.push_str(&format!(", ends on {day}"));
    }
    let reached = match &spec.origins {
        Origins::Patterns(patterns) => patterns.join(", "),
        Origins::ConfigField(name) => format!("the address in the setting {name}"),
        _ => "what the connection names".to_owned(),
    };
    text.push_str(&format!("\nReaches      {reached}\n"));
    for limit in &spec.limits {
        let per = limit.per.as_secs_f64();
        let shared = scope(limit.scope);
        text.push_str(&format!(
            "Limit        {}: {} {} per {per} s, for each {shared}\n",
            limit.name,
            limit.quota,
            unit(limit)
        ));
    }
    text.push_str(&format!("\n{}\n", paint.bold("Settings (--config)")));
    text.push_str(&fields(&spec.config, paint));
    for scheme in &spec.auth {
        if scheme.fields().is_empty() {
            text.push_str(&format!("\n{}\n", paint.bold(&format!("Or {}", sent_as(scheme)))));
            continue;
        }
        let head = format!("Credential (TIELINE_CREDENTIAL or --credential-file): {}", sent_as(scheme));
        text.push_str(&format!("\n{}\n", paint.bold(&head)));
        let wanted: Vec<Field> = scheme.fields().into_iter().cloned().collect();
        text.push_str(&fields(&wanted, paint));
    }
    text.push_str(&format!("\nAs JSON: {}\n", example(spec)));
    if !spec.guide.is_empty() {
        text.push_str(&format!("\n{}\n", spec.guide.trim_end()));
    }
    text
}

fn fields(fields: &[Field], paint: Paint) -> String {
    let mut table = Table::new(&["NAME", "LABEL", "REQUIRED", "EXAMPLE"]);
    for field in fields {
        table.row([&*field.name, &*field.label, yes_or_blank(field.required), &*field.example]);
    }
    let mut text = table.show("  ", paint);
    for field in fields {
        let choices = match &field.kind {
            FieldKind::Choice(choices) => format!("One of {}.", choices.join(", ")),
            _ => String::new(),
        };
        let told: Vec<&str> =
            [&*field.help, choices.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
        if !told.is_empty() {
            text.push_str(&format!("  {}: {}\n", field.name, told.join(" ")));
        }
    }
    text
}
