//! What comes out: figures, and what could not be counted.

use rust_decimal::Decimal;
use tieline_core::Issue;

use crate::Month;

/// The most issues that a report lists: those with the smallest keys. [`Report::issues_total`] counts all.
pub const MAX_ISSUES: usize = 100;

/// The figures. Each amount is in [`currency`](Self::currency), added exactly and rounded once, at the end, half away
/// from zero. The README of this crate defines each figure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The currency of all amounts.
    pub currency: String,
    /// Net invoiced revenue of each of the N last complete months, the oldest first. A month without invoices is there
    /// with zero.
    pub months: Vec<MonthRevenue>,
    /// Net invoiced revenue of these months together.
    pub revenue: Decimal,
    /// Net invoiced revenue of the N months before them.
    pub previous_revenue: Decimal,
    /// Revenue growth: `(revenue − previous revenue) ÷ previous revenue`, as a fraction with four decimals (`0.25` is a
    /// quarter more). `None` when the previous revenue is not above zero.
    pub growth: Option<Decimal>,
    /// Monthly recurring revenue: the revenue divided by N.
    pub mrr: Decimal,
    /// Annual recurring revenue: 12 × MRR, taken before MRR is rounded.
    pub arr: Decimal,
    /// The customers with the most revenue in these months, the largest first, equal ones by id.
    pub top_customers: Vec<CustomerRevenue>,
    /// What was counted and what not.
    pub counts: Counts,
    /// Invoices in currencies that could not be converted, by currency. They are in no other figure.
    pub set_aside: Vec<SetAside>,
    /// What is wrong with single invoices, by key, at most [`MAX_ISSUES`].
    pub issues: Vec<Issue>,
    /// How many issues there were.
    pub issues_total: u64,
}

/// One month.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MonthRevenue {
    /// The month.
    pub month: Month,
    /// Its net invoiced revenue.
    pub revenue: Decimal,
    /// Growth against the month before, like [`Report::growth`].
    pub growth: Option<Decimal>,
}

/// One customer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CustomerRevenue {
    /// The customer's id; `None` for invoices that name none, which are taken together by name.
    pub id: Option<String>,
    /// The name on the customer's newest invoice.
    pub name: Option<String>,
    /// Net invoiced revenue.
    pub revenue: Decimal,
    /// Its part of all revenue, as a fraction with four decimals. `None` when all revenue is not above zero.
    pub share: Option<Decimal>,
}

/// How many invoices were seen, by what became of them. They add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Invoices in the figures of the N months.
    pub invoices: u64,
    /// Credit notes in the figures of the N months.
    pub credit_notes: u64,
    /// Invoices and credit notes in the N months before, which growth is measured against.
    pub previous: u64,
    /// Booked outside both: older, in the running month, or in the future.
    pub outside: u64,
    /// Drafts.
    pub drafts: u64,
    /// Cancelled ones.
    pub cancelled: u64,
    /// Set aside because of their currency, in these and the months before.
    pub set_aside: u64,
    /// Left out because something is wrong with them.
    pub bad: u64,
}

/// Invoices in a currency that could not be converted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// Their currency.
    pub currency: String,
    /// How many, credit notes too, in the N months and the N months before.
    pub invoices: u64,
    /// Their net sum in their own currency, credit notes subtracted.
    pub net: Decimal,
}
