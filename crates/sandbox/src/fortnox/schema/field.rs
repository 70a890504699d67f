//! A field: what it holds, how lists and single records show it, and who may set it.

/// A field of a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// How a list shows it.
    pub(crate) list: Shape,
    /// How a single record shows it.
    pub(crate) detail: Shape,
    pub(crate) write: Write,
    /// What its value must name.
    pub(crate) refers: Option<Target>,
    /// The stored field whose value it shows.
    pub(crate) source: &'static str,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Text of at most so many characters.
    Text(usize),
    Number,
    Int,
    Flag,
    Date,
    Choice(&'static [&'static str]),
    Rows(&'static [Field]),
    Group(&'static [Field]),
}

/// How an answer shows a field. Fortnox writes the same number as a number here and as a string there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Hidden,
    Plain,
    AsText,
}

/// Who may set a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// Only Fortnox.
    Never,
    /// Whoever creates the record, once.
    Create,
    Always,
}

/// What a field's value must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Customer,
    Supplier,
    Article,
    Account,
    Project,
    CostCenter,
    Currency,
    TermsOfPayment,
    Unit,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    let (list, detail, write) = (Shape::Hidden, Shape::Plain, Write::Always);
    Field { name, kind, list, detail, write, refers: None, source: name }
}

pub(crate) const fn text(name: &'static str, longest: usize) -> Field {
    field(name, Kind::Text(longest))
}

pub(crate) const fn number(name: &'static str) -> Field {
    field(name, Kind::Number)
}

pub(crate) const fn int(name: &'static str) -> Field {
    field(name, Kind::Int)
}

pub(crate) const fn flag(name: &'static str) -> Field {
    field(name, Kind::Flag)
}

pub(crate) const fn date(name: &'static str) -> Field {
    field(name, Kind::Date)
}

pub(crate) const fn choice(name: &'static str, of: &'static [&'static str]) -> Field {
    field(name, Kind::Choice(of))
}

pub(crate) const fn rows(name: &'static str, of: &'static [Field]) -> Field {
    field(name, Kind::Rows(of))
}

pub(crate) const fn group(name: &'static str, of: &'static [Field]) -> Field {
    field(name, Kind::Group(of))
}

impl Field {
    pub(crate) const fn listed(mut self) -> Self {
        self.list = Shape::Plain;
        self
    }

    pub(crate) const fn listed_as_text(mut self) -> Self {
        self.list = Shape::AsText;
        self
    }

    pub(crate) const fn as_text(mut self) -> Self {
        self.detail = Shape::AsText;
        self
    }

    /// Lists have it and single records do not.
    pub(crate) const fn only_listed(mut self) -> Self {
        (self.list, self.detail) = (Shape::Plain, Shape::Hidden);
        self
    }

    /// Another name for a field that single records have.
    pub(crate) const fn shows(mut self, source: &'static str) -> Self {
        self.source = source;
        self
    }

    pub(crate) const fn own(mut self) -> Self {
        self.write = Write::Never;
        self
    }

    pub(crate) const fn at_creation(mut self) -> Self {
        self.write = Write::Create;
        self
    }

    pub(crate) const fn refers(mut self, to: Target) -> Self {
        self.refers = Some(to);
        self
    }

    /// Whether only Fortnox's warehouse module fills it.
    pub(crate) fn of_the_warehouse(&self) -> bool {
        matches!(
            self.name,
            "DisposableQuantity" | "ReservedQuantity" | "DefaultStockPoint" | "DefaultStockLocation"
        )
    }
}
