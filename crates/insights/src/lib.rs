#![doc = include_str!("../README.md")]

mod exact_sum;
mod figures;
mod invoice;
mod key_figures;
mod month;
mod read;
mod report;
mod rules;

pub use figures::Figures;
pub use invoice::{InvoiceKind, InvoiceStatus, StandardInvoice};
pub use key_figures::{CellIssue, GrowthBasis, KeyFigureSheet, KeyFigures, QuarterRevenue, TextGrid};
pub use month::Month;
pub use report::{Counts, CustomerRevenue, MAX_ISSUES, MonthRevenue, Report, SetAside};
pub use rules::Rules;
