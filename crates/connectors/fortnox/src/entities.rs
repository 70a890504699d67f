//! What the description cannot say of an entity: the fields and their kinds, and what a create must be given.

use crate::fields::{self, Field};

/// An entity.
#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) name: &'static str,
    /// What a single record is wrapped in.
    pub(crate) one: &'static str,
    /// The member that the key is, or begins with.
    pub(crate) key: &'static str,
    pub(crate) fields: &'static [Field],
    /// What a create must be given.
    pub(crate) required: &'static [&'static str],
    /// Whether its key is a number that Fortnox counts.
    pub(crate) numbered: bool,
}

const fn entity(
    name: &'static str,
    one: &'static str,
    key: &'static str,
    fields: &'static [Field],
    required: &'static [&'static str],
) -> Entity {
    Entity { name, one, key, fields, required, numbered: false }
}

/// An entity whose key is a number that Fortnox counts.
const fn numbered(
    name: &'static str,
    one: &'static str,
    key: &'static str,
    fields: &'static [Field],
    required: &'static [&'static str],
) -> Entity {
    Entity { name, one, key, fields, required, numbered: true }
}

static ENTITIES: &[Entity] = &[
    entity("customers", "Customer", "CustomerNumber", fields::CUSTOMERS, &["Name"]),
    entity("suppliers", "Supplier", "SupplierNumber", fields::SUPPLIERS, &["Name"]),
    entity("articles", "Article", "ArticleNumber", fields::ARTICLES, &["Description"]),
    numbered("invoices", "Invoice", "DocumentNumber", fields::INVOICES, &["CustomerNumber"]),
    numbered("invoicepayments", "InvoicePayment", "Number", fields::INVOICE_PAYMENTS, &["InvoiceNumber"]),
    numbered(
        "supplierinvoices",
        "SupplierInvoice",
        "GivenNumber",
        fields::SUPPLIER_INVOICES,
        &["SupplierNumber"],
    ),
    numbered(
        "supplierinvoicepayments",
        "SupplierInvoicePayment",
        "Number",
        fields::SUPPLIER_INVOICE_PAYMENTS,
        &["InvoiceNumber"],
    ),
    numbered("orders", "Order", "DocumentNumber", fields::ORDERS, &["CustomerNumber"]),
    numbered("offers", "Offer", "DocumentNumber", fields::OFFERS, &["CustomerNumber"]),
    numbered(
        "contracts",
        "Contract",
        "DocumentNumber",
        fields::CONTRACTS,
        &["CustomerNumber", "InvoiceRows", "PeriodEnd"],
    ),
    entity("projects", "Project", "ProjectNumber", fields::PROJECTS, &["Description"]),
    entity("costcenters", "CostCenter", "Code", fields::COST_CENTERS, &["Code", "Description"]),
    entity("accounts", "Account", "Number", fields::ACCOUNTS, &["Number", "Description"]),
    entity(
        "vouchers",
        "Voucher",
        "VoucherNumber",
        fields::VOUCHERS,
        &["Description", "TransactionDate", "VoucherSeries"],
    ),
    numbered("financialyears", "FinancialYear", "Id", fields::FINANCIAL_YEARS, &["FromDate", "ToDate"]),
    entity("voucherseries", "VoucherSeries", "Code", fields::VOUCHER_SERIES, &["Code"]),
    entity("currencies", "Currency", "Code", fields::CURRENCIES, &["Code", "Description"]),
    entity("pricelists", "PriceList", "Code", fields::PRICE_LISTS, &["Code", "Description"]),
    entity("prices", "Price", "PriceList", fields::PRICES, &["PriceList", "ArticleNumber"]),
    entity("termsofpayments", "TermsOfPayment", "Code", fields::TERMS, &["Code", "Description"]),
    entity("termsofdeliveries", "TermsOfDelivery", "Code", fields::DELIVERIES, &["Code", "Description"]),
    entity("wayofdeliveries", "WayOfDelivery", "Code", fields::DELIVERIES, &["Code"]),
    entity("units", "Unit", "Code", fields::UNITS, &["Code", "Description"]),
    entity("modesofpayments", "ModeOfPayment", "Code", fields::MODES, &["AccountNumber"]),
    entity("lockedperiod", "LockedPeriod", "EndDate", fields::LOCKED_PERIOD, &[]),
    entity("companyinformation", "CompanyInformation", "DatabaseNumber", fields::COMPANY, &[]),
    entity("inbox", "File", "Id", fields::FILES, &[]),
    entity("archive", "File", "Id", fields::FILES, &[]),
    entity(
        "voucherfileconnections",
        "VoucherFileConnection",
        "FileId",
        fields::VOUCHER_FILES,
        &["FileId", "VoucherNumber", "VoucherSeries"],
    ),
    entity(
        "supplierinvoicefileconnections",
        "SupplierInvoiceFileConnection",
        "FileId",
        fields::SUPPLIER_INVOICE_FILES,
        &["FileId", "SupplierInvoiceNumber"],
    ),
];

impl Entity {
    /// The entity of that name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ENTITIES.iter().find(|entity| entity.name == name)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether a single record has fields that its row in a list lacks.
    pub(crate) fn has_details(&self) -> bool {
        self.fields.iter().any(|field| !field.listed)
    }
}
