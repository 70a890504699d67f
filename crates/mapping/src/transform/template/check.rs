//! What a template may say. It picks and places: what could grow, call, bind or count is refused, and comparisons become
//! filters that compare numbers exactly, since the engine compares values of different types by their types.

use super::super::Refused;
use super::{FILTERS, TESTS};

const OPERATORS: [&str; 9] = ["if", "elif", "else", "and", "or", "not", "in", "is", "for"];
/// More digits than the engine keeps of a number that a template writes.
const MOST_DIGITS: usize = 15;

/// Checks a template and writes it as the engine gets it.
pub(super) fn check(source: &str) -> Result<String, Refused> {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find('{') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let (opening, closing) = match rest.as_bytes().get(1) {
            Some(b'{') => ("{{", "}}"),
            Some(b'%') => ("{%", "%}"),
            Some(b'#') => {
                let end = rest.find("#}").map_or(rest.len(), |end| end + 2);
                out.push_str(rest.get(..end).unwrap_or_default());
                rest = rest.get(end..).unwrap_or_default();
                continue;
            }
            _ => {
                out.push('{');
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
        };
        let inner = rest.get(2..).unwrap_or_default();
        let (words, length) = words(inner, closing);
        check_block(&words, closing == "%}")?;
        out.push_str(opening);
        out.push_str(&rewritten_block(&words, inner, closing == "%}")?);
        out.push_str(closing);
        rest = inner.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    Ok(out)
}

/// A token of a block. A text keeps its quotes.
type Word<'s> = &'s str;

/// The words and signs of a block, and where it ends.
fn words<'s>(inner: &'s str, closing: &str) -> (Vec<Word<'s>>, usize) {
    const PAIRS: [&str; 6] = ["==", "!=", "<=", ">=", "//", "**"];
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = inner.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(closing) {
            return (words, at + closing.len());
        }
        let Some(first) = rest.chars().next() else { break };
        let mut length = first.len_utf8();
        if first == '"' || first == '\'' {
            let mut escaped = false;
            for character in rest.chars().skip(1) {
                length += character.len_utf8();
                if !escaped && character == first {
                    break;
                }
                escaped = !escaped && character == '\\';
            }
            words.extend(rest.get(..length));
        } else if first.is_ascii_digit() {
            let digits = |from: usize| {
                let rest = rest.get(from..).unwrap_or_default();
                from + rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
            };
            length = digits(0);
            if rest.as_bytes().get(length) == Some(&b'.')
                && rest.as_bytes().get(length + 1).is_some_and(u8::is_ascii_digit)
            {
                length = digits(length + 1);
            }
            words.extend(rest.get(..length));
        } else if first.is_alphanumeric() || first == '_' {
            length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            words.extend(rest.get(..length));
        } else if !first.is_whitespace() {
            if PAIRS.iter().any(|pair| rest.starts_with(pair)) {
                length = 2;
            }
            words.extend(rest.get(..length));
        }
        at += length;
    }
    (words, inner.len())
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn is_text(word: &str) -> bool {
    word.starts_with(['"', '\''])
}

fn is_operand_end(word: &str) -> bool {
    (is_name(word) && !OPERATORS.contains(&word))
        || is_text(word)
        || word.starts_with(|c: char| c.is_ascii_digit())
        || matches!(word, ")" | "]" | "}")
}

/// The words without the signs that take white space away beside the block.
fn trimmed<'w, 's>(words: &'w [Word<'s>]) -> &'w [Word<'s>] {
    let words = match words {
        ["-" | "+", rest @ ..] => rest,
        all => all,
    };
    match words {
        [rest @ .., "-" | "+"] => rest,
        all => all,
    }
}

fn check_block(words: &[Word<'_>], is_statement: bool) -> Result<(), Refused> {
    let words = trimmed(words);
    let grows = |sign: &str| Refused::new("", format!("{sign:?} is not allowed in a template"));
    if is_statement {
        match words {
            ["if" | "elif" | "else" | "endif" | "endfor", ..] => {}
            // Over a field of the record, so that nothing is longer than the record.
            ["for", name, "in", path @ ..] => {
                let is_path = path.iter().all(|word| *word == "." || is_name(word));
                if !is_path || path.contains(&"recursive") || path.contains(&"if") || name.is_empty() {
                    return Err(Refused::new("", "a loop of a template goes over a field, and nothing else"));
                }
            }
            other => {
                let word = other.first().copied().unwrap_or_default();
                return Err(grows(word).advise("use if, for, and what stands in double braces"));
            }
        }
    }
    for (index, word) in words.iter().enumerate() {
        let before = |back: usize| index.checked_sub(back).and_then(|at| words.get(at)).copied();
        match *word {
            "*" | "~" | "+" | "/" | "//" | "**" | "%" => {
                return Err(grows(word).advise("write values one after another, and count with steps"));
            }
            "-" if before(1).is_some_and(is_operand_end) => {
                return Err(grows(word).advise("write values one after another, and count with steps"));
            }
            "(" if before(1).is_some_and(|name| is_name(name) && !OPERATORS.contains(&name))
                && before(2) != Some("|")
                && !matches!(before(2), Some("is" | "not")) =>
            {
                let name = before(1).unwrap_or_default();
                return Err(Refused::new(
                    "",
                    format!("the template calls {name:?}, and there are no functions"),
                )
                .advise("a mapping sees only the record: hand the value in, and name it given.NAME"));
            }
            name if before(1) == Some("|") && !FILTERS.contains(&name) => {
                return Err(Refused::new("", format!("the filter {name:?} is not known"))
                    .advise(tieline_document::did_you_mean(name, &FILTERS)));
            }
            name if before(1) == Some("is") && name != "not" && !TESTS.contains(&name) => {
                return Err(Refused::new("", format!("the test {name:?} is not known"))
                    .advise(tieline_document::did_you_mean(name, &TESTS)));
            }
            number if number.contains('.') && number.len() > MOST_DIGITS + 1 && !is_text(number) => {
                return Err(Refused::new("", "a number of a template has at most 15 digits")
                    .advise("compare with a shorter number"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A block with its comparisons as filters.
fn rewritten_block(words: &[Word<'_>], inner: &str, is_statement: bool) -> Result<String, Refused> {
    let mut out = String::new();
    let kept = trimmed(words);
    if inner.starts_with(['-', '+']) {
        out.push_str(inner.get(..1).unwrap_or_default());
    }
    out.push(' ');
    match kept {
        [word @ ("if" | "elif"), condition @ ..] if is_statement => {
            out.push_str(word);
            out.push(' ');
            expression(condition, &mut out)?;
        }
        all if is_statement => out.push_str(&all.join(" ").replace(" . ", ".")),
        all => expression(all, &mut out)?,
    }
    out.push(' ');
    if words.len() > 1 && matches!(words.last(), Some(&"-" | &"+")) {
        out.push_str(words.last().copied().unwrap_or_default());
    }
    Ok(out)
}

/// Where the bracket that opens at the front is closed.
fn closing_bracket(words: &[Word<'_>]) -> usize {
    let mut depth = 0_usize;
    for (index, word) in words.iter().enumerate() {
        match *word {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
            _ => {}
        }
    }
    words.len()
}

/// Parts between what joins conditions, each with at most one comparison.
fn expression(words: &[Word<'_>], out: &mut String) -> Result<(), Refused> {
    let (mut start, mut at) = (0, 0);
    while let Some(word) = words.get(at) {
        let is_not_in = *word == "not" && words.get(at + 1) == Some(&"in");
        match *word {
            "(" | "[" | "{" => {
                at += closing_bracket(words.get(at..).unwrap_or_default());
            }
            "if" | "else" | "and" | "or" | "not" | "," | ":" if !is_not_in => {
                comparison(words.get(start..at).unwrap_or_default(), out)?;
                out.push_str(word);
                out.push(' ');
                start = at + 1;
            }
            "not" => at += 1,
            _ => {}
        }
        at += 1;
    }
    comparison(words.get(start..).unwrap_or_default(), out)
}

fn comparison(words: &[Word<'_>], out: &mut String) -> Result<(), Refused> {
    let mut found: Option<(usize, usize, &str)> = None;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let filter = match *word {
            "(" | "[" | "{" => {
                at += closing_bracket(words.get(at..).unwrap_or_default());
                None
            }
            "<" => Some("_lt"),
            "<=" => Some("_le"),
            ">" => Some("_gt"),
            ">=" => Some("_ge"),
            "==" => Some("_eq"),
            "!=" => Some("_ne"),
            "in" => Some("_in"),
            "not" if words.get(at + 1) == Some(&"in") => Some("_not_in"),
            _ => None,
        };
        if let Some(filter) = filter {
            if found.is_some() {
                return Err(Refused::new("", "the template compares three values at once")
                    .advise("join two comparisons with and"));
            }
            let length = if filter == "_not_in" { 2 } else { 1 };
            found = Some((at, at + length, filter));
            at += length;
        } else {
            at += 1;
        }
    }
    let Some((end, next, filter)) = found else { return operand(words, out) };
    out.push_str("((");
    operand(words.get(..end).unwrap_or_default(), out)?;
    out.push_str(")|");
    out.push_str(filter);
    out.push('(');
    operand(words.get(next..).unwrap_or_default(), out)?;
    out.push_str(")) ");
    Ok(())
}

/// What is compared, with what stands in its brackets.
fn operand(words: &[Word<'_>], out: &mut String) -> Result<(), Refused> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        out.push_str(word);
        if matches!(*word, "(" | "[" | "{") {
            let rest = words.get(at..).unwrap_or_default();
            let end = closing_bracket(rest);
            expression(rest.get(1..end).unwrap_or_default(), out)?;
            out.push_str(rest.get(end).copied().unwrap_or_default());
            at += end;
        }
        // A name and what follows it with a dot stay together.
        let next = words.get(at + 1).copied();
        if *word != "." && next != Some(".") {
            out.push(' ');
        }
        at += 1;
    }
    Ok(())
}
