//! jq's language, by jaq: a list of allowed filters, our own values that keep every digit, and bounded work.

mod check;
mod library;
mod operators;
mod value;

use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::{Arena, File, Lexer, Loader, Parser};
use jaq_core::{Compiler, Ctx, Filter, Vars, data::JustLut};
use serde_json::{Value, json};
use tieline_core::MappingContext;

use self::value::V;
use super::{Fault, Refused, Transform};
use crate::value::{Kinds, Val};

/// The longest filter, in bytes.
const LONGEST: usize = 1024;
/// Deeper brackets are not parsed.
const DEEPEST: usize = 32;
/// Parsing and running take stack for every word and sign.
const MOST_TOKENS: usize = 200;

pub(super) struct Jq(Filter<JustLut<V>>);

impl std::fmt::Debug for Jq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Jq")
    }
}

impl Jq {
    pub(super) fn new(source: &str) -> Result<Self, Refused> {
        if source.len() > LONGEST {
            return Err(Refused::new("", format!("the filter is longer than {LONGEST} bytes")));
        }
        let mut depth = 0_usize;
        for byte in source.bytes() {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEEPEST {
                return Err(Refused::new("", "the filter is nested too deep"));
            }
        }
        let unread = |expected: &str, found: &str| {
            let found: String = found.chars().take(20).collect();
            let found = if found.is_empty() { "its end".to_owned() } else { format!("{found:?}") };
            Refused::new("", format!("the filter cannot be read: expected {expected}, found {found}"))
        };
        let tokens = Lexer::new(source).lex().map_err(|errors| {
            errors
                .first()
                .map_or_else(|| unread("a token", ""), |(expected, found)| unread(expected.as_str(), found))
        })?;
        if count(&tokens) > MOST_TOKENS {
            return Err(Refused::new("", format!("the filter has more than {MOST_TOKENS} words and signs")));
        }
        if let Some(word @ ("import" | "include" | "module")) = tokens.first().map(|token| token.as_str()) {
            return Err(Refused::new("", format!("the filter has {word}, and there are no modules")));
        }
        let term = Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| {
            let first = errors.first();
            let found = first.and_then(|(_, token)| *token).map(|token| token.as_str()).unwrap_or_default();
            unread(first.map_or("a term", |(expected, _)| expected.as_str()), found)
        })?;
        check::check(&term)?;
        let arena = Arena::default();
        let cannot = || Refused::new("", "the filter cannot be compiled");
        let modules = Loader::new(library::definitions())
            .load(&arena, File { code: source, path: () })
            .map_err(|_| cannot())?;
        let filter =
            Compiler::default().with_funs(library::functions()).compile(modules).map_err(|_| cannot())?;
        Ok(Self(filter))
    }
}

fn count(tokens: &[Token<&str>]) -> usize {
    let inner = |token: &Token<&str>| match &token.1 {
        Tok::Block(tokens) => count(tokens),
        Tok::Str(parts) => parts
            .iter()
            .map(|part| match part {
                StrPart::Term(token) => count(std::slice::from_ref(token)),
                StrPart::Str(_) | StrPart::Char(_) => 1,
            })
            .sum(),
        _ => 0,
    };
    tokens.iter().map(|token| 1 + inner(token)).sum()
}

impl Transform for Jq {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        value::begin();
        let input = V::read(&value)?;
        let context = Ctx::<JustLut<V>>::new(&self.0.lut, Vars::new([]));
        let mut results = self.0.id.run((context, input));
        let (first, second) = (results.next(), results.next());
        // What was out of bounds stays so, also when the filter goes on without it.
        if let Some(reason) = value::trouble() {
            return Err(Fault::new(reason));
        }
        match (first, second) {
            (None, _) => Ok(Val::Null),
            (Some(Ok(result)), None) => result.write(),
            (Some(Ok(_)), Some(Ok(_))) => {
                Err(Fault::new("the filter gives more than one result: put it in square brackets for a list"))
            }
            (Some(Err(error)), _) | (_, Some(Err(error))) => {
                Err(Fault::new(match error.get_err().map(jaq_core::Error::into_val) {
                    Ok(V::Reason(reason)) => reason,
                    _ => "the filter cannot be run on this value",
                }))
            }
        }
    }

    fn backward<'a>(&'a self, _: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Err(Fault::new("a filter has no way back"))
    }

    fn one_way(&self) -> Option<&'static str> {
        Some("a filter cannot be run backward")
    }

    fn accepts(&self) -> Kinds {
        Kinds::ANY
    }

    fn range(&self, _: Value) -> Value {
        json!({})
    }
}
