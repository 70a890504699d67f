//! Cells: a value, a number format, and the formula that the value is the result of.

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cell {
    /// The value, or the result of the formula.
    pub value: Value,
    /// The number format. Without one a number is plain.
    pub format: Option<NumberFormat>,
    /// The formula, beginning with `=`.
    pub formula: Option<String>,
    /// The displayed text in place of the one that value and format give.
    pub shown: Option<String>,
}

/// A value of a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    #[default]
    Blank,
    /// A text.
    Text(String),
    /// A number, by its digits.
    Number(String),
    /// A boolean.
    Bool(bool),
    /// An error of a formula.
    Error(CellError),
}

/// An error of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CellError {
    /// `#ERROR!`
    Error,
    /// `#NULL!`
    Null,
    /// `#DIV/0!`
    DivideByZero,
    /// `#VALUE!`
    Value,
    /// `#REF!`
    Ref,
    /// `#NAME?`
    Name,
    /// `#NUM!`
    Num,
    /// `#N/A`
    NotAvailable,
    /// `Loading...`
    Loading,
}

/// A number format.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NumberFormat {
    /// The type, such as `DATE`.
    pub kind: String,
    /// The pattern, such as `yyyy-mm-dd`; empty for the locale's own.
    pub pattern: String,
}

impl NumberFormat {
    /// A format of a type and a pattern.
    pub fn new(kind: &str, pattern: &str) -> Self {
        Self { kind: kind.to_owned(), pattern: pattern.to_owned() }
    }

    /// Whether the number is a span of time, such as `[h]:mm`.
    pub(crate) fn is_duration(&self) -> bool {
        ["[h", "[m", "[s"].iter().any(|unit| self.pattern.contains(unit))
    }
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { value: Value::Text(text.into()), ..Self::default() }
    }

    /// A number, by its digits.
    pub fn number(digits: impl Into<String>) -> Self {
        Self { value: Value::Number(digits.into()), ..Self::default() }
    }

    /// A checkbox.
    pub fn boolean(ticked: bool) -> Self {
        Self { value: Value::Bool(ticked), ..Self::default() }
    }

    /// A date, by its serial number.
    pub fn date(serial: impl Into<String>) -> Self {
        Self::number(serial).with_format("DATE", "yyyy-mm-dd")
    }

    /// A date and time, by its serial number.
    pub fn date_time(serial: impl Into<String>) -> Self {
        Self::number(serial).with_format("DATE_TIME", "yyyy-mm-dd hh:mm:ss")
    }

    /// A time of day, by its part of a day.
    pub fn time(serial: impl Into<String>) -> Self {
        Self::number(serial).with_format("TIME", "hh:mm:ss")
    }

    /// A span of time, in days.
    pub fn duration(days: impl Into<String>) -> Self {
        Self::number(days).with_format("TIME", "[h]:mm:ss")
    }

    /// The error of a formula.
    pub fn error(error: CellError) -> Self {
        Self { value: Value::Error(error), formula: Some("=…".to_owned()), ..Self::default() }
    }

    /// Sets the number format.
    #[must_use]
    pub fn with_format(mut self, kind: &str, pattern: &str) -> Self {
        self.format = Some(NumberFormat::new(kind, pattern));
        self
    }

    /// Says which formula the value is the result of.
    #[must_use]
    pub fn with_formula(mut self, formula: impl Into<String>) -> Self {
        self.formula = Some(formula.into());
        self
    }

    /// Sets the displayed text.
    #[must_use]
    pub fn with_shown(mut self, text: impl Into<String>) -> Self {
        self.shown = Some(text.into());
        self
    }

    /// The cell that a person's typing makes of a text: a number, a date, a checkbox, a formula, or a text. Decimals have the
    /// locale's separator.
    pub fn typed(text: &str, locale: &str) -> Self {
        if let Some(rest) = text.strip_prefix('\'') {
            return Self::text(rest);
        }
        if text.is_empty() {
            return Self::default();
        }
        if text.len() > 1 && text.starts_with('=') {
            // Nothing is computed here.
            return Self::error(CellError::Name).with_formula(text);
        }
        match text {
            "TRUE" | "SANT" => return Self::boolean(true),
            "FALSE" | "FALSKT" => return Self::boolean(false),
            _ => {}
        }
        if let Ok(date) = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Self::date(super::format::serial_of(date).to_string());
        }
        let comma = super::format::has_decimal_comma(locale);
        let plain = if comma { text.replace(',', ".") } else { text.replace(',', "") };
        let digits = plain.strip_prefix('-').unwrap_or(&plain);
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
            && digits.matches('.').count() <= 1
            && (comma || !text.contains(',') || text.split(',').skip(1).all(|part| part.len() >= 3))
            && !(comma && text.contains('.'));
        if is_number { Self::number(super::format::plain(&plain)) } else { Self::text(text) }
    }

    /// Whether the cell holds nothing.
    pub fn is_blank(&self) -> bool {
        self.value == Value::Blank
    }
}

impl CellError {
    /// The type in an `errorValue`.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Null => "NULL_VALUE",
            Self::DivideByZero => "DIVIDE_BY_ZERO",
            Self::Value => "VALUE",
            Self::Ref => "REF",
            Self::Name => "NAME",
            Self::Num => "NUM",
            Self::NotAvailable => "N_A",
            Self::Loading => "LOADING",
        }
    }

    /// The displayed text.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Error => "#ERROR!",
            Self::Null => "#NULL!",
            Self::DivideByZero => "#DIV/0!",
            Self::Value => "#VALUE!",
            Self::Ref => "#REF!",
            Self::Name => "#NAME?",
            Self::Num => "#NUM!",
            Self::NotAvailable => "#N/A",
            Self::Loading => "Loading...",
        }
    }
}

impl From<&str> for Cell {
    /// A text; nothing for an empty one.
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::default() } else { Self::text(text) }
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::number(number.to_string())
    }
}

impl From<bool> for Cell {
    fn from(ticked: bool) -> Self {
        Self::boolean(ticked)
    }
}
