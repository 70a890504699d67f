//! The fields that carry markers: the account's own text fields, named in the settings.

use std::collections::BTreeMap;
use std::time::Duration;

use tieline_core::{Error, ErrorKind, FieldPath, Result};
use tieline_kit::excerpt;
use tieline_rest::Description;
use tieline_rest::description::FindBy;

use crate::fields::EntityFields;
use crate::slot::refused;

/// How long the search may lag. Pipedrive publishes no figure; a look-up of a marker also goes through the newest
/// records, which are listed and not searched for.
const SEARCH_DELAY: Duration = Duration::from_secs(60);
/// The most characters of a text field.
/// Source: <https://pipedrive.readme.io/docs/core-api-concepts-custom-fields>.
const LONGEST: usize = 255;

/// For each entity the code of its marker field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Markers(BTreeMap<&'static str, String>);

impl Markers {
    /// Checks the settings. Fails with `Config`.
    pub(crate) fn of(settings: &BTreeMap<String, String>) -> Result<Self> {
        let mut markers = BTreeMap::new();
        for (name, code) in settings {
            let entity = EntityFields::named(name).filter(|entity| CARRIERS.contains(&entity.name));
            let Some(entity) = entity else {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("Pipedrive's {:?} cannot carry a marker", excerpt(name, 32)),
                )
                .with_advice(format!("a marker field can be named for {}", CARRIERS.join(", "))));
            };
            if code.len() != 40 || !code.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("{:?} is not the code of a Pipedrive field", excerpt(code, 48)),
                )
                .with_advice("add a text field in Pipedrive and give its code, 40 hexadecimal digits; discover lists it")
                .with_context("marker", entity.name));
            }
            markers.insert(entity.name, code.clone());
        }
        Ok(Self(markers))
    }

    pub(crate) fn code(&self, entity: &EntityFields) -> Option<&str> {
        self.0.get(entity.name).map(String::as_str)
    }

    /// The code and the marker of a create, or `None` where the entity has no field for markers.
    pub(crate) fn place<'m>(
        &'m self,
        entity: &EntityFields,
        marker: &'m str,
    ) -> Result<Option<(&'m str, &'m str)>> {
        let Some(code) = self.code(entity) else { return Ok(None) };
        if marker.trim().is_empty() || marker.trim() != marker || marker.chars().count() > LONGEST {
            return Err(refused(
                entity,
                format!("the marker {:?} cannot be searched for", excerpt(marker, 64)),
            )
            .with_advice("take 1 to 255 characters without spaces around them"));
        }
        Ok(Some((code, marker)))
    }

    /// Writes the marker fields into a description.
    pub(crate) fn describe(&self, description: &mut Description) {
        for (name, entity) in &mut description.entities {
            let (Some(fields), Some(code)) = (EntityFields::named(name), self.0.get(name.as_str())) else {
                continue;
            };
            let marker = path(fields, code).as_str().to_owned();
            // The connector finds it: by the search, then among the newest records.
            entity.find.by.push((marker.clone(), FindBy::Scan));
            entity.marker = Some(marker);
            entity.search_delay = Some(SEARCH_DELAY);
        }
    }
}

/// Where a record has a field of the account.
pub(crate) fn path(entity: &EntityFields, code: &str) -> FieldPath {
    if entity.is_nested() { FieldPath::field("custom_fields").child(code) } else { FieldPath::field(code) }
}

/// The entities that can carry a marker.
pub(crate) const CARRIERS: &[&str] = &["deals", "persons", "organizations", "products", "leads"];
