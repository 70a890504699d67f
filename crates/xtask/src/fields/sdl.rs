//! GraphQL schemas: object types and input types.

use graphql_parser::schema::{Definition, Type, TypeDefinition, parse_schema};

use super::Description;
use super::field::{Field, Shape};
use crate::Result;

/// The types of a schema.
#[derive(Debug)]
pub(super) struct Types {
    types: Vec<(String, Vec<Field>)>,
}

impl Types {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let document = parse_schema::<String>(text).map_err(|error| format!("no GraphQL schema: {error}"))?;
        let definitions = || {
            document.definitions.iter().filter_map(|definition| match definition {
                Definition::TypeDefinition(definition) => Some(definition),
                _ => None,
            })
        };
        let enums: Vec<&str> = definitions()
            .filter_map(|definition| match definition {
                TypeDefinition::Enum(one) => Some(one.name.as_str()),
                _ => None,
            })
            .collect();
        let mut types = Vec::new();
        for definition in definitions() {
            match definition {
                TypeDefinition::Object(one) => {
                    // A field that needs an argument is asked for by hand.
                    let plain = one.fields.iter().filter(|field| {
                        field.arguments.iter().all(|argument| {
                            argument.default_value.is_some()
                                || !matches!(argument.value_type, Type::NonNullType(_))
                        })
                    });
                    let fields =
                        plain.map(|field| field_of(&field.name, &field.field_type, &enums)).collect();
                    types.push((one.name.clone(), fields));
                }
                TypeDefinition::InputObject(one) => {
                    let fields = one.fields.iter();
                    let fields =
                        fields.map(|field| field_of(&field.name, &field.value_type, &enums)).collect();
                    types.push((one.name.clone(), fields));
                }
                _ => {}
            }
        }
        if types.is_empty() { Err("the schema has no object types".into()) } else { Ok(Self { types }) }
    }
}

impl Description for Types {
    fn types(&self) -> Vec<String> {
        self.types.iter().map(|(name, _)| name.clone()).collect()
    }

    fn fields(&self, name: &str) -> Result<Option<Vec<Field>>> {
        Ok(self.types.iter().find(|(known, _)| known == name).map(|(_, fields)| fields.clone()))
    }
}

fn field_of(name: &str, kind: &Type<'_, String>, enums: &[&str]) -> Field {
    let is_nullable = !matches!(kind, Type::NonNullType(_));
    let shape = match shape(kind, enums) {
        Shape::Id if name != "id" => Shape::Text,
        shape => shape,
    };
    Field { name: name.to_owned(), shape, is_read_only: false, is_nullable }
}

fn shape(kind: &Type<'_, String>, enums: &[&str]) -> Shape {
    match kind {
        Type::NonNullType(inner) => shape(inner, enums),
        Type::ListType(inner) => match shape(inner, enums) {
            Shape::Id => Shape::Texts,
            inner => inner.list(),
        },
        Type::NamedType(name) => match name.as_str() {
            "ID" => Shape::Id,
            "Int" | "UnsignedInt64" | "BigInt" => Shape::Int,
            "Float" | "Decimal" | "Money" => Shape::Decimal,
            "Boolean" => Shape::Flag,
            "Date" => Shape::Date,
            "DateTime" => Shape::Time,
            "String" | "URL" | "HTML" | "FormattedString" | "Color" => Shape::Text,
            other if enums.contains(&other) => Shape::Text,
            _ => Shape::Any,
        },
    }
}
