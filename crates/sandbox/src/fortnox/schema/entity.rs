//! The resources and what sets each apart.

use super::field::{Field, Target};
use super::traits::{self, Traits};

/// A resource below `/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Entity {
    /// Accounts, of each financial year.
    Accounts,
    /// Articles.
    Articles,
    /// Cost centers.
    CostCenters,
    /// Customers.
    Customers,
    /// Financial years.
    FinancialYears,
    /// Payments from customers.
    InvoicePayments,
    /// Invoices to customers.
    Invoices,
    /// Offers.
    Offers,
    /// Orders.
    Orders,
    /// Projects.
    Projects,
    /// Invoices from suppliers.
    SupplierInvoices,
    /// Suppliers.
    Suppliers,
    /// Vouchers, by series and number of each financial year.
    Vouchers,
}

impl Entity {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Accounts,
        Self::Articles,
        Self::CostCenters,
        Self::Customers,
        Self::FinancialYears,
        Self::InvoicePayments,
        Self::Invoices,
        Self::Offers,
        Self::Orders,
        Self::Projects,
        Self::SupplierInvoices,
        Self::Suppliers,
        Self::Vouchers,
    ];

    /// The name in paths, such as `invoices`.
    #[must_use]
    pub const fn path(self) -> &'static str {
        self.traits().path
    }

    /// The resource with this name in paths.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.path() == path)
    }

    /// The wrapper around one record, such as `Invoice`.
    #[must_use]
    pub const fn singular(self) -> &'static str {
        self.traits().singular
    }

    /// The member of an answer that holds a list, such as `Invoices`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        self.traits().plural
    }

    /// The field that holds the key, such as `DocumentNumber`.
    #[must_use]
    pub const fn key_field(self) -> &'static str {
        self.traits().key
    }

    /// The scope that a token needs, such as `invoice`.
    #[must_use]
    pub const fn scope(self) -> &'static str {
        self.traits().scope
    }

    /// Whether its keys belong to a financial year.
    pub(crate) const fn by_year(self) -> bool {
        matches!(self, Self::Accounts | Self::Vouchers)
    }

    /// Whether it is an invoice, an order or an offer to a customer.
    pub(crate) const fn is_sales_document(self) -> bool {
        matches!(self, Self::Invoices | Self::Orders | Self::Offers)
    }

    pub(crate) const fn fields(self) -> &'static [Field] {
        self.traits().fields
    }

    pub(crate) const fn required(self) -> &'static [&'static str] {
        self.traits().required
    }

    pub(crate) const fn filters(self) -> &'static [(&'static str, &'static str)] {
        self.traits().filters
    }

    pub(crate) const fn named_filters(self) -> &'static [&'static str] {
        self.traits().named
    }

    pub(crate) const fn sorts(self) -> &'static [(&'static str, &'static str)] {
        self.traits().sorts
    }

    pub(crate) const fn date_field(self) -> Option<&'static str> {
        self.traits().date
    }

    /// The name of the field that holds a document's rows.
    pub(crate) const fn rows_field(self) -> &'static str {
        match self {
            Self::Orders => "OrderRows",
            Self::Offers => "OfferRows",
            Self::SupplierInvoices => "SupplierInvoiceRows",
            Self::Vouchers => "VoucherRows",
            _ => "InvoiceRows",
        }
    }

    /// The resource that a reference points to, where it is one of these.
    pub(crate) const fn of_target(target: Target) -> Option<Self> {
        Some(match target {
            Target::Customer => Self::Customers,
            Target::Supplier => Self::Suppliers,
            Target::Article => Self::Articles,
            Target::Account => Self::Accounts,
            Target::Project => Self::Projects,
            Target::CostCenter => Self::CostCenters,
            Target::Currency | Target::TermsOfPayment | Target::Unit => return None,
        })
    }

    const fn traits(self) -> &'static Traits {
        match self {
            Self::Accounts => &traits::ACCOUNTS,
            Self::Articles => &traits::ARTICLES,
            Self::CostCenters => &traits::COST_CENTERS,
            Self::Customers => &traits::CUSTOMERS,
            Self::FinancialYears => &traits::FINANCIAL_YEARS,
            Self::InvoicePayments => &traits::INVOICE_PAYMENTS,
            Self::Invoices => &traits::INVOICES,
            Self::Offers => &traits::OFFERS,
            Self::Orders => &traits::ORDERS,
            Self::Projects => &traits::PROJECTS,
            Self::SupplierInvoices => &traits::SUPPLIER_INVOICES,
            Self::Suppliers => &traits::SUPPLIERS,
            Self::Vouchers => &traits::VOUCHERS,
        }
    }
}
