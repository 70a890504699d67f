//! The values of a setting, listed by a request.

use serde_json::value::RawValue;
use tieline_core::{Choice, Choices, ChoicesRequest, Error, ErrorKind, Result, json};

use super::client::Client;
use super::fields::text_at;
use super::survey::records_path;

/// The most values of a setting.
const MAX_CHOICES: usize = 10_000;

pub(crate) async fn choices(client: &Client, request: ChoicesRequest) -> Result<Choices> {
    let name = request.field.as_str();
    let setting =
        client.description.settings.iter().find(|(known, _)| known == name).map(|(_, setting)| setting);
    let Some(setting) = setting else {
        return Err(Error::unsupported(format!("listing choices of {:?}", tieline_kit::excerpt(name, 80))));
    };
    let Some(choices) = &setting.choices else {
        let table = setting.values.iter().map(|(value, _)| choice(value.clone(), value.clone()));
        return match setting.values.is_empty() {
            true => Err(Error::unsupported(format!("listing choices of {name:?}"))),
            false => Ok(Choices::new(table.collect())),
        };
    };
    let response = client.send(&choices.request, &client.words(), true).await?;
    let text = response.text()?;
    let records = match &choices.request.walk.records {
        Some(records) => records.clone(),
        None => records_path(text, name)?,
    };
    let found = list(text, &records.to_string(), &choices.value.to_string(), &choices.title.to_string())?;
    Ok(Choices::new(found))
}

/// The values of a list, each with its label; the value itself where it has none.
///
/// # Errors
/// `Decode` where no list is.
pub(crate) fn list(text: &str, records: &str, value: &str, title: &str) -> Result<Vec<Choice>> {
    let wrong = || {
        Error::new(ErrorKind::Decode, "the answer has no list of values where the description says")
            .with_context("records", records)
    };
    let raw = json::at(text, records).ok().flatten().ok_or_else(wrong)?;
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
    let of_item = |item: &&RawValue| {
        let value = text_at(item.get(), value)?;
        let title = text_at(item.get(), title).unwrap_or_else(|| value.clone());
        Some(choice(value, title))
    };
    Ok(items.iter().filter_map(of_item).take(MAX_CHOICES).collect())
}

fn choice(value: String, label: String) -> Choice {
    Choice { value: value.into(), label }
}
