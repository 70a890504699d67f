//! What a filter may say, and how much it may do before it asks for the next item.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::Part;

use super::Refused;
use super::library::{NAMES, NAMES_WITH_ARGUMENTS};
use crate::digits::Digits;
use tieline_document::did_you_mean;

/// How many terms may run, and how many results may come, for one item.
const MOST: u64 = 1000;

type Checked = Result<Cost, Refused>;

/// How many results a term gives at most, and how many terms it runs for them; items of lists count once.
#[derive(Clone, Copy)]
struct Cost {
    results: u64,
    terms: u64,
}

impl Cost {
    const ONE: Self = Self { results: 1, terms: 1 };

    /// The other, for each result of this.
    fn then(self, next: Self) -> Self {
        Self {
            results: self.results.saturating_mul(next.results),
            terms: self.terms.saturating_add(self.results.saturating_mul(next.terms)),
        }
    }

    fn or(self, next: Self) -> Self {
        Self {
            results: self.results.saturating_add(next.results),
            terms: self.terms.saturating_add(next.terms),
        }
    }

    fn as_one(self) -> Self {
        Self { results: 1, ..self }
    }
}

pub(super) fn check(filter: &Term<&str>) -> Result<(), Refused> {
    let cost = Checker { bound: Vec::new() }.term(filter)?;
    if cost.terms > MOST || cost.results > MOST {
        return Err(Refused::new("", "the filter multiplies its results too often"));
    }
    Ok(())
}

fn refuse<T>(what: &str, why: &str) -> Result<T, Refused> {
    Err(Refused::new("", format!("{what:?} is not allowed in a filter: {why}")))
}

struct Checker<'s> {
    bound: Vec<&'s str>,
}

impl<'s> Checker<'s> {
    fn each<'t>(&mut self, terms: impl IntoIterator<Item = &'t Term<&'s str>>) -> Checked
    where
        's: 't,
    {
        terms.into_iter().try_fold(Cost::ONE, |cost, term| Ok(cost.then(self.term(term)?)))
    }

    fn term(&mut self, term: &Term<&'s str>) -> Checked {
        match term {
            Term::Id => Ok(Cost::ONE),
            Term::Recurse => refuse("..", "nothing recurs"),
            Term::Num(number) if Digits::parse(number).is_none() => {
                refuse(number, "it is too large to write out")
            }
            Term::Num(_) => Ok(Cost::ONE),
            Term::Str(Some(format), _) => refuse(format, "there are no formats"),
            Term::Str(None, parts) => self.each(parts.iter().filter_map(|part| match part {
                StrPart::Term(term) => Some(term),
                StrPart::Str(_) | StrPart::Char(_) => None,
            })),
            Term::Arr(None) => Ok(Cost::ONE),
            Term::Arr(Some(items)) => Ok(Cost::ONE.then(self.term(items)?).as_one()),
            Term::Obj(members) => {
                self.each(members.iter().flat_map(|(name, value)| std::iter::once(name).chain(value)))
            }
            Term::Neg(term) | Term::TryCatch(term, None) => Ok(Cost::ONE.then(self.term(term)?)),
            Term::TryCatch(_, Some(_)) => refuse("catch", "what is wrong is an issue"),
            Term::BinOp(left, operator, right) => self.operator(left, operator, right),
            Term::Label(..) | Term::Break(_) => refuse("label", "there are no jumps"),
            Term::Fold(name, ..) => refuse(name, "it repeats: use map, add, any or all"),
            Term::Def(..) => refuse("def", "nothing is defined"),
            Term::IfThenElse(branches, otherwise) => {
                let mut cost = Cost::ONE;
                for (condition, then) in branches {
                    let (condition, then) = (self.term(condition)?, self.term(then)?);
                    cost = cost.or(condition.then(then));
                }
                otherwise.as_ref().map_or(Ok(cost), |term| Ok(cost.or(self.term(term)?)))
            }
            Term::Call(name, arguments) => self.call(name, arguments),
            Term::Var(name) if self.bound.contains(name) => Ok(Cost::ONE),
            Term::Var(name) => refuse(name, "it is bound to nothing, and a mapping sees only the record"),
            Term::Path(of, path) => {
                let parts = path.0.iter().flat_map(|(part, _)| match part {
                    Part::Index(index) => [Some(index), None],
                    Part::Range(from, to) => [from.as_ref(), to.as_ref()],
                });
                Ok(self.term(of)?.then(self.each(parts.flatten())?))
            }
        }
    }

    fn operator(
        &mut self,
        left: &Term<&'s str>,
        operator: &BinaryOp<&'s str>,
        right: &Term<&'s str>,
    ) -> Checked {
        let left = self.term(left)?;
        match operator {
            BinaryOp::Pipe(Some(Pattern::Var(name))) => {
                self.bound.push(name);
                let right = self.term(right);
                self.bound.pop();
                Ok(left.then(right?))
            }
            BinaryOp::Pipe(Some(_)) => refuse("as", "it binds one name, not a pattern"),
            BinaryOp::Comma | BinaryOp::Alt => Ok(left.or(self.term(right)?)),
            BinaryOp::Pipe(None) | BinaryOp::Or | BinaryOp::And | BinaryOp::Math(_) | BinaryOp::Cmp(_) => {
                Ok(left.then(self.term(right)?))
            }
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                refuse("=", "nothing is changed in place: add objects, as in . + {name: 1}")
            }
        }
    }

    fn call(&mut self, name: &str, arguments: &[Term<&'s str>]) -> Checked {
        let (known, others) = match arguments.len() {
            0 => (&NAMES[..], &NAMES_WITH_ARGUMENTS[..]),
            1 => (&NAMES_WITH_ARGUMENTS[..], &NAMES[..]),
            _ => (&[][..], &NAMES_WITH_ARGUMENTS[..]),
        };
        if known.contains(&name) {
            return Ok(Cost::ONE.then(self.each(arguments)?));
        }
        let count = arguments.len();
        let why = match name {
            "env" | "now" | "input" | "inputs" | "input_line_number" | "debug" | "stderr" | "halt"
            | "halt_error" | "getpath" | "localtime" => {
                return refuse(name, "a mapping sees only the record");
            }
            "error" => return refuse(name, "what is wrong is an issue by itself"),
            "recurse" | "range" | "repeat" | "while" | "until" | "limit" | "walk" | "combinations" => {
                return refuse(name, "nothing repeats but over the items of a list");
            }
            _ if others.contains(&name) => {
                return refuse(name, &format!("it does not take as many arguments: {count}"));
            }
            _ => format!("the filter {name:?} is not known"),
        };
        let all: Vec<&str> = NAMES.iter().chain(&NAMES_WITH_ARGUMENTS).copied().collect();
        Err(Refused::new("", why).advise(did_you_mean(name, &all)))
    }
}
