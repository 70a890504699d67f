//! The sums: one per month and one per customer, whatever the number of invoices.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use tieline_core::{Error, ErrorKind, Issue, Key, RawJson, Result};

use crate::exact_sum::{DIGITS, Exact};
use crate::invoice::{InvoiceKind, InvoiceStatus, StandardInvoice};
use crate::read::bad;
use crate::report::{Counts, CustomerRevenue, MAX_ISSUES, MonthRevenue, Report, SetAside};
use crate::rules::currency_code;
use crate::{Month, Rules};

/// The decimals of growth and shares.
const RATIO: u32 = 4;

/// Takes invoices one by one, in any order, and keeps sums only.
///
/// Each invoice is given once: a second time it counts twice, because nothing remembers it. Rows of a store are keyed,
/// so that is given there.
#[derive(Debug)]
pub struct Figures {
    rules: Rules,
    /// The first of the 2 × N months that are summed.
    start: Month,
    months: Vec<Exact>,
    customers: HashMap<CustomerKey, Customer>,
    set_aside: BTreeMap<String, (u64, Exact)>,
    counts: Counts,
    /// By key and words, so that those which are kept do not depend on the order.
    issues: BTreeMap<(Key, String), Issue>,
    issues_total: u64,
    overflow: bool,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum CustomerKey {
    Id(String),
    Name(String),
    Unknown,
}

#[derive(Debug, Default)]
struct Customer {
    revenue: Exact,
    /// The greatest (date, invoice, name) of the invoices that have a name.
    newest: Option<(NaiveDate, String, String)>,
}

/// What an invoice adds.
enum Share {
    Counts(Exact),
    Unconverted(String, Exact),
}

impl Figures {
    /// Figures without invoices. Fails with `Config` for rules that cannot be.
    pub fn new(rules: Rules) -> Result<Self> {
        let rules = rules.checked()?;
        let window = rules.months.saturating_mul(2);
        let start = Month::of(rules.today).plus(-i32::try_from(window).unwrap_or(i32::MAX));
        Ok(Self {
            months: vec![Exact::default(); usize::try_from(window).unwrap_or(usize::MAX)],
            rules,
            start,
            customers: HashMap::new(),
            set_aside: BTreeMap::new(),
            counts: Counts::default(),
            issues: BTreeMap::new(),
            issues_total: 0,
            overflow: false,
        })
    }

    /// The report of these invoices. Fails with `Config` for rules that cannot be, and like [`report`](Self::report).
    pub fn of(
        rules: Rules,
        invoices: impl IntoIterator<Item = impl Borrow<StandardInvoice>>,
    ) -> Result<Report> {
        let mut figures = Self::new(rules)?;
        for invoice in invoices {
            figures.add(invoice.borrow());
        }
        figures.report()
    }

    /// Adds an invoice as a store or a file holds it. One that cannot be read becomes an issue under this key.
    pub fn add_json(&mut self, key: &Key, json: &RawJson) {
        match StandardInvoice::read(json) {
            Ok(invoice) => self.take(&invoice, key),
            Err(issue) => self.note(key, issue),
        }
    }

    /// Adds an invoice. One that cannot be counted becomes an issue; the others count.
    pub fn add(&mut self, invoice: &StandardInvoice) {
        self.take(invoice, &Key::new(&invoice.id));
    }

    fn take(&mut self, invoice: &StandardInvoice, key: &Key) {
        match invoice.status {
            InvoiceStatus::Draft => self.counts.drafts += 1,
            InvoiceStatus::Cancelled => self.counts.cancelled += 1,
            InvoiceStatus::Booked => {
                if let Err(issue) = self.add_booked(invoice) {
                    self.note(key, issue);
                }
            }
        }
    }

    fn add_booked(&mut self, invoice: &StandardInvoice) -> Result<(), Issue> {
        let date = invoice.invoice_date.ok_or_else(|| bad("invoice_date", "it is missing".to_owned()))?;
        let slot = usize::try_from(Month::of(date).since(self.start)).unwrap_or(usize::MAX);
        if slot >= self.months.len() {
            self.counts.outside += 1;
            return Ok(());
        }
        let amount = match self.share(invoice)? {
            Share::Counts(amount) => amount,
            Share::Unconverted(currency, amount) => {
                self.counts.set_aside += 1;
                let (count, sum) = self.set_aside.entry(currency).or_default();
                *count += 1;
                match sum.plus(amount) {
                    Some(total) => *sum = total,
                    None => self.overflow = true,
                }
                return Ok(());
            }
        };
        let mut fits = true;
        if let Some(sum) = self.months.get_mut(slot) {
            fits = sum.plus(amount).map(|total| *sum = total).is_some();
        }
        if slot < self.months.len() / 2 {
            self.counts.previous += 1;
        } else {
            match invoice.kind {
                InvoiceKind::Invoice => self.counts.invoices += 1,
                InvoiceKind::CreditNote => self.counts.credit_notes += 1,
            }
            let customer = self.customers.entry(CustomerKey::of(invoice)).or_default();
            fits &= customer.revenue.plus(amount).map(|total| customer.revenue = total).is_some();
            let name = invoice.customer_name.as_ref();
            let newest = name.map(|name| (date, invoice.id.clone(), name.clone()));
            customer.newest = newest.max(customer.newest.take());
        }
        self.overflow |= !fits;
        Ok(())
    }

    /// What the invoice adds, in the currency of the report where that is known.
    fn share(&self, invoice: &StandardInvoice) -> Result<Share, Issue> {
        let code = |field, text: &str| {
            currency_code(text).ok_or_else(|| bad(field, "it is no currency code such as SEK".to_owned()))
        };
        let amount = |field, amount: Decimal| {
            let exact = Exact::of(amount)
                .ok_or_else(|| bad(field, format!("it has more than {DIGITS} digits before the point")))?;
            Ok(match invoice.kind {
                InvoiceKind::Invoice => exact,
                InvoiceKind::CreditNote => exact.credited(),
            })
        };
        let currency = code("currency", &invoice.currency)?;
        let books = match &invoice.accounting_currency {
            Some(text) => code("accounting_currency", text)?,
            None => self.rules.currency.clone(),
        };
        let net = || invoice.net.ok_or_else(|| bad("net", "it is missing".to_owned()));
        if currency == self.rules.currency {
            return Ok(Share::Counts(amount("net", net()?)?));
        }
        if books == self.rules.currency {
            if let Some(net) = invoice.accounting_net {
                return Ok(Share::Counts(amount("accounting_net", net)?));
            }
            if let Some(rate) = invoice.currency_rate {
                let net = converted(net()?, rate, invoice.currency_unit)?;
                return Ok(Share::Counts(amount("net", net)?));
            }
        }
        Ok(Share::Unconverted(currency, amount("net", net()?)?))
    }

    fn note(&mut self, key: &Key, mut issue: Issue) {
        issue.key = Some(key.clone());
        self.counts.bad += 1;
        self.issues_total += 1;
        self.issues.insert((key.clone(), issue.to_string()), issue);
        if self.issues.len() > MAX_ISSUES {
            self.issues.pop_last();
        }
    }

    /// The figures of what was added. Fails with `Rejected` when a sum does not fit a decimal, because a figure that
    /// lacks something would be worse than none.
    pub fn report(&self) -> Result<Report> {
        self.fitting().filter(|_| !self.overflow).ok_or_else(|| {
            Error::new(ErrorKind::Rejected, "the invoices add up to more than a decimal can hold")
                .with_advice("look for invoices with impossible amounts")
        })
    }

    fn fitting(&self) -> Option<Report> {
        let Rules { months: n, decimals, top, .. } = self.rules;
        let (before, these) = self.months.split_at_checked(self.months.len() / 2)?;
        let sum = |months: &[Exact]| months.iter().try_fold(Exact::default(), |sum, month| sum.plus(*month));
        let (revenue, previous) = (sum(these)?, sum(before)?);
        let mut months = Vec::with_capacity(these.len());
        let mut last = before.last().copied().unwrap_or_default();
        let mut month = self.start.plus(i32::try_from(n).ok()?);
        for amount in these {
            months.push(MonthRevenue {
                month,
                revenue: amount.rounded(1, 1, decimals)?,
                growth: growth(last, *amount),
            });
            (last, month) = (*amount, month.plus(1));
        }
        let mut customers: Vec<_> =
            self.customers.iter().filter(|(_, customer)| !customer.revenue.is_zero()).collect();
        customers.sort_unstable_by(|(a_key, a), (b_key, b)| {
            b.revenue.cmp(&a.revenue).then_with(|| a_key.cmp(b_key))
        });
        let top_customers = customers
            .into_iter()
            .take(top)
            .map(|(key, customer)| customer.shown(key, revenue, decimals))
            .collect::<Option<_>>()?;
        let set_aside = self
            .set_aside
            .iter()
            .map(|(currency, (invoices, net))| {
                let net = net.rounded(1, 1, decimals)?;
                Some(SetAside { currency: currency.clone(), invoices: *invoices, net })
            })
            .collect::<Option<_>>()?;
        Some(Report {
            currency: self.rules.currency.clone(),
            months,
            revenue: revenue.rounded(1, 1, decimals)?,
            previous_revenue: previous.rounded(1, 1, decimals)?,
            growth: growth(previous, revenue),
            mrr: revenue.rounded(1, n, decimals)?,
            arr: revenue.rounded(12, n, decimals)?,
            top_customers,
            counts: self.counts,
            set_aside,
            issues: self.issues.values().cloned().collect(),
            issues_total: self.issues_total,
        })
    }
}

/// `net × rate ÷ unit`, kept to 14 decimals.
fn converted(net: Decimal, rate: Decimal, unit: Option<Decimal>) -> Result<Decimal, Issue> {
    let positive = |field, value: Decimal| {
        let known = value > Decimal::ZERO;
        known.then_some(value).ok_or_else(|| bad(field, "it is not above zero".to_owned()))
    };
    let rate = positive("currency_rate", rate)?;
    let unit = positive("currency_unit", unit.unwrap_or(Decimal::ONE))?;
    net.checked_mul(rate)
        .and_then(|product| product.checked_div(unit))
        .ok_or_else(|| bad("currency_rate", "the converted amount is too large".to_owned()))
}

/// `None` where growth means nothing, and where it is beyond what a decimal holds.
fn growth(from: Exact, to: Exact) -> Option<Decimal> {
    from.is_positive().then(|| to.minus(from)?.share_of(from, RATIO)).flatten()
}

impl CustomerKey {
    fn of(invoice: &StandardInvoice) -> Self {
        match (&invoice.customer_id, &invoice.customer_name) {
            (Some(id), _) => Self::Id(id.clone()),
            (None, Some(name)) => Self::Name(name.clone()),
            (None, None) => Self::Unknown,
        }
    }
}

impl Customer {
    fn shown(&self, key: &CustomerKey, all: Exact, decimals: u32) -> Option<CustomerRevenue> {
        let id = match key {
            CustomerKey::Id(id) => Some(id.clone()),
            CustomerKey::Name(_) | CustomerKey::Unknown => None,
        };
        Some(CustomerRevenue {
            id,
            name: self.newest.as_ref().map(|(_, _, name)| name.clone()),
            revenue: self.revenue.rounded(1, 1, decimals)?,
            share: all.is_positive().then(|| self.revenue.share_of(all, RATIO)).flatten(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_does_not_fit_is_an_error() {
        let today = NaiveDate::from_ymd_opt(2026, 4, 15).unwrap();
        let mut invoice = StandardInvoice::new("1", InvoiceKind::Invoice, InvoiceStatus::Booked, "SEK");
        invoice.net = Some(Decimal::ONE);
        invoice.invoice_date =
            today.pred_opt().and_then(|day| day.checked_sub_months(chrono::Months::new(1)));
        // Each kind of sum, as if billions of invoices had been added.
        let full: [fn(&mut Figures); 3] = [
            |figures| figures.months.fill(Exact::MAX),
            |figures| figures.customers.values_mut().for_each(|customer| customer.revenue = Exact::MAX),
            |figures| figures.set_aside.values_mut().for_each(|(_, sum)| *sum = Exact::MAX),
        ];
        for fill in full {
            let mut figures = Figures::new(Rules::new("SEK", today)).unwrap();
            for currency in ["SEK", "EUR"] {
                invoice.currency = currency.into();
                figures.add(&invoice);
            }
            assert!(figures.report().is_ok());
            fill(&mut figures);
            for currency in ["SEK", "EUR"] {
                invoice.currency = currency.into();
                figures.add(&invoice);
            }
            assert!(figures.overflow);
            assert_eq!(figures.report().unwrap_err().kind(), ErrorKind::Rejected);
        }
    }
}
