//! Domains: the conditions of a search, in prefix notation.

use std::collections::BTreeSet;

use super::Version;
use super::database::Record;
use super::env::{Env, python, truth};
use super::schema::{Field, Kind, ModelDef};
use super::trouble::Trouble;
use super::{compare, computed, moments};
use crate::Json;

/// A domain as it can be asked of a record.
pub(crate) enum Expr {
    Always(bool),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Test(Box<Field>, Test),
}

/// One condition on the value of a field.
pub(crate) enum Test {
    /// One of these values; null among them is "no value".
    In(Vec<Json>),
    Compare(compare::Order, Json),
    Moment(compare::Order, i64),
    Like(compare::Pattern),
    /// The records that the field points to fulfil this.
    Any(Box<Expr>, &'static str),
    Ids(BTreeSet<i64>),
}

impl Env<'_> {
    /// Reads a domain for a model.
    pub(crate) fn domain(&self, model: &ModelDef, domain: &Json) -> Result<Expr, Trouble> {
        let terms = match domain {
            Json::Null | Json::Bool(false) => &[][..],
            Json::Array(terms) => terms,
            other => return Err(malformed(other)),
        };
        let mut stack: Vec<Expr> = Vec::new();
        for term in terms.iter().rev() {
            let expr = match term {
                Json::Text(operator) => {
                    let mut next = || stack.pop().map(Box::new).ok_or_else(|| malformed(domain));
                    match operator.as_ref() {
                        "&" => Expr::And(next()?, next()?),
                        "|" => Expr::Or(next()?, next()?),
                        "!" => Expr::Not(next()?),
                        _ => return Err(malformed(domain)),
                    }
                }
                Json::Array(leaf) => self.leaf(model, leaf, term)?,
                _ => return Err(malformed(domain)),
            };
            stack.push(expr);
        }
        Ok(stack
            .into_iter()
            .reduce(|all, next| Expr::And(Box::new(next), Box::new(all)))
            .unwrap_or(Expr::Always(true)))
    }

    fn leaf(&self, model: &ModelDef, leaf: &[Json], whole: &Json) -> Result<Expr, Trouble> {
        let [left, operator, value] = leaf else { return Err(malformed(whole)) };
        let operator = operator.as_str().ok_or_else(|| malformed(whole))?;
        let path = match left {
            Json::Text(path) => path.as_ref(),
            // (1, '=', 1) and (0, '=', 1): all and nothing.
            Json::Int(left) => return Ok(Expr::Always(value.as_i64() == Some(*left))),
            _ => return Err(malformed(whole)),
        };
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let field = model.field(first).ok_or_else(|| {
            let leaf = format!("('{path}', '{operator}', {})", python(value));
            Trouble::value(match self.version {
                Version::V17 => format!("Invalid field {}.{first} in leaf {leaf}", model.name),
                Version::V19 => format!("Invalid field {}.{first} in condition {leaf}", model.name),
            })
        })?;
        if let Some(rest) = rest {
            let Some(relation) = field.kind.relation() else { return Err(malformed(whole)) };
            let inner = self.leaf(
                &*self.model(relation)?,
                &[rest.to_owned().into(), operator.to_owned().into(), value.clone()],
                whole,
            )?;
            return Ok(Expr::Test(Box::new(field.clone()), Test::Any(Box::new(inner), relation)));
        }
        if !field.is_searchable() && field.name != "display_name" {
            // 17 writes a line in its log and lets everything through.
            return match self.version {
                Version::V17 => Ok(Expr::Always(true)),
                Version::V19 => Err(Trouble::value(format!(
                    "Cannot convert {}.{first} to SQL because it is not stored",
                    model.name
                ))),
            };
        }
        self.test(model, field, operator, value)
    }

    fn test(&self, model: &ModelDef, field: &Field, operator: &str, value: &Json) -> Result<Expr, Trouble> {
        let bad_operator = || {
            let leaf = format!("('{}', '{operator}', {})", field.name, python(value));
            Trouble::value(format!("Invalid operator {operator:?} in domain term {leaf}").replace('"', "'"))
        };
        let (base, negated) = match operator {
            "!=" | "<>" => ("=", true),
            "not in" => ("in", true),
            "not like" => ("like", true),
            "not ilike" => ("ilike", true),
            "not any" => ("any", true),
            "not =like" if self.version == Version::V19 => ("=like", true),
            "not =ilike" if self.version == Version::V19 => ("=ilike", true),
            "==" => ("=", false),
            other => (other, false),
        };
        let test = match base {
            "=?" if !truth(value) => return Ok(Expr::Always(true)),
            "=" | "=?" | "in" => {
                let many = value.as_array().map_or_else(|| vec![value.clone()], <[Json]>::to_vec);
                self.one_of(field, many)?
            }
            "<" | ">" | "<=" | ">=" => {
                let order = compare::Order::of(base).ok_or_else(bad_operator)?;
                if field.kind == Kind::Datetime {
                    self.moment(field, order, value)?
                } else {
                    Test::Compare(order, value.clone())
                }
            }
            "like" | "ilike" | "=like" | "=ilike" => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Test::Like(compare::Pattern::new(&text, base.ends_with("ilike"), !base.starts_with('=')))
            }
            "any" => {
                let relation = field.kind.relation().ok_or_else(bad_operator)?;
                Test::Any(Box::new(self.domain(&*self.model(relation)?, value)?), relation)
            }
            "child_of" | "parent_of" => self.family(model, field, base == "child_of", value),
            _ => return Err(bad_operator()),
        };
        let expr = Expr::Test(Box::new(field.clone()), test);
        Ok(if negated { Expr::Not(Box::new(expr)) } else { expr })
    }

    fn one_of(&self, field: &Field, values: Vec<Json>) -> Result<Test, Trouble> {
        let is_flag = field.kind == Kind::Boolean;
        let nothing = |value: &Json| value.is_null() || (!is_flag && *value == Json::Bool(false));
        if field.kind == Kind::Datetime
            && let [value] = values.as_slice()
            && !nothing(value)
        {
            return self.moment(field, compare::Order::Same, value);
        }
        Ok(Test::In(
            values.into_iter().map(|value| if nothing(&value) { Json::Null } else { value }).collect(),
        ))
    }

    /// 17 compares with the hidden microseconds, 19 with whole seconds.
    fn moment(&self, field: &Field, order: compare::Order, value: &Json) -> Result<Test, Trouble> {
        if !truth(value) {
            return Ok(Test::In(vec![Json::Null]));
        }
        let bound = moments::bound(value, self.version, &self.zone)?;
        let end_of_day = bound.whole_day && matches!(order, compare::Order::AtMost | compare::Order::More);
        let micros = if end_of_day { bound.micros + 86_400 * moments::SECOND - 1 } else { bound.micros };
        debug_assert_eq!(field.kind, Kind::Datetime);
        Ok(Test::Moment(order, micros))
    }

    /// The records below or above some, with them.
    fn family(&self, model: &ModelDef, field: &Field, below: bool, value: &Json) -> Test {
        let of = field.kind.relation().unwrap_or(model.name);
        let wanted: BTreeSet<i64> = match value {
            Json::Array(ids) => ids.iter().filter_map(Json::as_i64).collect(),
            Json::Text(name) => {
                let named = |record: &&Record| {
                    self.name_of(of, record.id).is_some_and(|known| known.contains(name.as_ref()))
                };
                self.db.rows(of).filter(named).map(|record| record.id).collect()
            }
            other => other.as_i64().into_iter().collect(),
        };
        if below {
            let inside =
                |record: &&Record| self.above(of, record).iter().any(|above| wanted.contains(&above.id));
            return Test::Ids(self.db.rows(of).filter(inside).map(|record| record.id).collect());
        }
        let starts = wanted.iter().filter_map(|id| self.db.row(of, *id));
        Test::Ids(starts.flat_map(|record| self.above(of, record)).map(|record| record.id).collect())
    }

    /// Whether a record fulfils a domain.
    pub(crate) fn fulfils(&self, model: &ModelDef, record: &Record, expr: &Expr) -> bool {
        match expr {
            Expr::Always(answer) => *answer,
            Expr::And(one, other) => self.fulfils(model, record, one) && self.fulfils(model, record, other),
            Expr::Or(one, other) => self.fulfils(model, record, one) || self.fulfils(model, record, other),
            Expr::Not(inner) => !self.fulfils(model, record, inner),
            Expr::Test(field, test) => self.passes(model, record, field, test),
        }
    }

    fn passes(&self, model: &ModelDef, record: &Record, field: &Field, test: &Test) -> bool {
        if let Test::Moment(order, bound) = test {
            let micros = match field.name.as_ref() {
                "write_date" => Some(record.written),
                "create_date" => Some(record.created),
                name => moments::stored(record.text(name)),
            };
            let coarse = |micros: i64| match self.version {
                Version::V17 => micros,
                Version::V19 => micros.div_euclid(moments::SECOND) * moments::SECOND,
            };
            return micros.is_some_and(|micros| order.holds(coarse(micros).cmp(bound)));
        }
        let value = self.value(model, record, field);
        let ids = || match &value {
            Json::Array(ids) => ids.iter().filter_map(Json::as_i64).collect(),
            one => one.as_i64().into_iter().collect::<Vec<_>>(),
        };
        match test {
            Test::In(wanted) => wanted.iter().any(|wanted| self.same(field, &value, wanted)),
            Test::Compare(order, bound) => {
                compare::cmp(&field.kind, &value, bound).is_some_and(|found| order.holds(found))
            }
            Test::Like(pattern) => match field.kind.relation() {
                Some(relation) => ids()
                    .iter()
                    .any(|id| self.name_of(relation, *id).is_some_and(|name| pattern.matches(&name))),
                None => value.as_str().is_some_and(|text| pattern.matches(text)),
            },
            Test::Any(inner, relation) => {
                let Some(of) = self.schema.model(relation) else { return false };
                ids()
                    .iter()
                    .filter_map(|id| self.db.row(of.name, *id))
                    .any(|record| self.fulfils(of, record, inner))
            }
            Test::Ids(wanted) => ids().iter().any(|id| wanted.contains(id)),
            Test::Moment(..) => false,
        }
    }

    fn same(&self, field: &Field, value: &Json, wanted: &Json) -> bool {
        match &field.kind {
            Kind::Boolean => truth(value) == truth(wanted),
            kind if kind.is_number() => {
                (value.is_null() && wanted.is_null())
                    || computed::number(value) == computed::number(wanted) && !wanted.is_null()
            }
            kind => match (value, wanted) {
                (Json::Null, Json::Null) => true,
                (Json::Array(ids), Json::Null) => ids.is_empty(),
                (Json::Array(ids), Json::Int(_)) => ids.contains(wanted),
                (value, Json::Text(name)) if kind.relation().is_some() => {
                    let ids = value.as_array().map_or_else(|| vec![value.clone()], <[Json]>::to_vec);
                    let relation = kind.relation().unwrap_or_default();
                    ids.iter()
                        .filter_map(Json::as_i64)
                        .any(|id| self.name_of(relation, id).is_some_and(|known| known == *name))
                }
                _ => value == wanted,
            },
        }
    }
}

fn malformed(what: &Json) -> Trouble {
    Trouble::value(format!("Domain term is malformed: {}", python(what)))
}

/// Whether a domain says something about a field, in which case its default filter does not apply.
pub(crate) fn mentions(domain: &Json, field: &str) -> bool {
    domain.as_array().unwrap_or_default().iter().any(|term| {
        term.as_array().and_then(<[Json]>::first).and_then(Json::as_str).is_some_and(|left| left == field)
    })
}
