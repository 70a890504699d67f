//! CSDL, the metadata of OData: entity types and complex types with their properties.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::Description;
use super::field::{Field, Shape};
use crate::Result;

/// How many base types a type may have.
const MAX_BASES: usize = 32;

/// The types of all schemas.
#[derive(Debug, Default)]
pub(super) struct EntityTypes {
    types: Vec<EntityType>,
    /// Names of enumerations, which are read as texts.
    enums: Vec<String>,
}

#[derive(Debug, Default)]
struct EntityType {
    name: String,
    base: Option<String>,
    keys: Vec<String>,
    properties: Vec<Property>,
}

#[derive(Debug)]
struct Property {
    name: String,
    kind: String,
    is_nullable: bool,
    is_computed: bool,
}

impl EntityTypes {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader::from_str(text);
        let mut found = Self::default();
        loop {
            match reader.read_event()? {
                Event::Start(tag) | Event::Empty(tag) => found.take(&tag)?,
                Event::Eof => break,
                _ => {}
            }
        }
        if found.types.is_empty() {
            Err("the file is no CSDL: it has no entity types".into())
        } else {
            Ok(found)
        }
    }

    fn take(&mut self, tag: &BytesStart<'_>) -> Result<()> {
        let name = attribute(tag, "Name")?;
        match tag.local_name().as_ref() {
            "EntityType" | "ComplexType" => {
                let base = attribute(tag, "BaseType")?;
                self.types.push(EntityType { name: name.unwrap_or_default(), base, ..EntityType::default() });
            }
            "EnumType" => self.enums.extend(name),
            "PropertyRef" => {
                if let (Some(last), Some(name)) = (self.types.last_mut(), name) {
                    last.keys.push(name);
                }
            }
            "Property" => {
                if let (Some(last), Some(name)) = (self.types.last_mut(), name) {
                    last.properties.push(Property {
                        name,
                        kind: attribute(tag, "Type")?.unwrap_or_default(),
                        is_nullable: attribute(tag, "Nullable")?.as_deref() != Some("false"),
                        is_computed: false,
                    });
                }
            }
            "Annotation" => {
                let term = attribute(tag, "Term")?.unwrap_or_default();
                let is_said = attribute(tag, "Bool")?.as_deref() != Some("false");
                let property = self.types.last_mut().and_then(|last| last.properties.last_mut());
                if let Some(property) = property.filter(|_| term.ends_with("Core.V1.Computed") && is_said) {
                    property.is_computed = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn named(&self, name: &str) -> Option<&EntityType> {
        let short = name.rsplit('.').next().unwrap_or(name);
        self.types.iter().find(|one| one.name == short)
    }

    fn shape(&self, kind: &str) -> Shape {
        if let Some(inner) = kind.strip_prefix("Collection(").and_then(|rest| rest.strip_suffix(')')) {
            return self.shape(inner).list();
        }
        match kind {
            "Edm.Guid" => Shape::Uuid,
            "Edm.Int16" | "Edm.Int32" | "Edm.Int64" | "Edm.Byte" | "Edm.SByte" => Shape::Int,
            "Edm.Decimal" | "Edm.Double" | "Edm.Single" => Shape::Decimal,
            "Edm.Boolean" => Shape::Flag,
            "Edm.Date" => Shape::Date,
            "Edm.DateTimeOffset" | "Edm.DateTime" => Shape::Time,
            "Edm.String" | "Edm.Duration" | "Edm.TimeOfDay" | "Edm.Time" => Shape::Text,
            other => {
                let short = other.rsplit('.').next().unwrap_or(other);
                if self.enums.iter().any(|name| name == short) { Shape::Text } else { Shape::Any }
            }
        }
    }
}

impl Description for EntityTypes {
    fn types(&self) -> Vec<String> {
        self.types.iter().map(|one| one.name.clone()).collect()
    }

    fn fields(&self, name: &str) -> Result<Option<Vec<Field>>> {
        let Some(found) = self.named(name) else { return Ok(None) };
        // The base types' fields come first.
        let mut chain = vec![found];
        while let Some(base) = chain.last().and_then(|last| self.named(last.base.as_deref()?)) {
            if chain.len() > MAX_BASES {
                return Err(format!("the base types of \"{name}\" have no end").into());
            }
            chain.push(base);
        }
        let keys: Vec<&String> = chain.iter().flat_map(|one| &one.keys).collect();
        let field = |property: &Property| {
            let shape = self.shape(&property.kind);
            let is_key = keys.as_slice() == [&property.name] && matches!(shape, Shape::Int | Shape::Text);
            Field {
                name: property.name.clone(),
                shape: if is_key { Shape::Id } else { shape },
                is_read_only: property.is_computed,
                is_nullable: property.is_nullable,
            }
        };
        Ok(Some(chain.iter().rev().flat_map(|one| one.properties.iter().map(field)).collect()))
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>> {
    let Some(attribute) = tag.try_get_attribute(name)? else { return Ok(None) };
    Ok(Some(attribute.normalized_value(XmlVersion::Explicit1_0)?.into_owned()))
}
