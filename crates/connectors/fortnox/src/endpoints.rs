//! What Fortnox offers, as data: an entity's paths, key, sorting, filters and manners.
//!
//! Sources: <https://apps.fortnox.se/apidocs>, and
//! <https://www.fortnox.se/developer/guides-and-good-to-know/parameters> for what lists take.

use http::Method;
use tieline_core::json::at;
use tieline_core::{EntityName, Error, ErrorKind, FieldPath, Key, Result};
use tieline_kit::{Call, HeadKey, excerpt, nearest};

use crate::fields::{self, Field};
use crate::filters::{self, Param};

/// The most records of a page.
pub(crate) const PAGE: u32 = 500;

const YEAR: &str = "Year";
const SERIES: &str = "VoucherSeries";

/// What a key is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyForm {
    /// A number or a word that people choose.
    Word,
    /// Digits.
    Number,
    /// Account number and financial year: `1930/5`.
    NumberOfYear,
    /// Voucher series, number and financial year: `A/12/5`.
    Voucher,
}

/// Whether a list can be asked for what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modified {
    /// `lastmodified` is documented.
    Documented,
    /// It is not documented for this list, and tried once.
    Tried,
    /// There is nothing to ask.
    Never,
}

/// An entity.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) list: &'static str,
    /// What a list wraps its rows in.
    pub(crate) many: &'static str,
    pub(crate) get: &'static str,
    /// What a single record is wrapped in.
    pub(crate) one: &'static str,
    pub(crate) key: KeyForm,
    /// The member that the key is, or begins with.
    pub(crate) key_field: &'static str,
    pub(crate) fields: &'static [Field],
    /// The value of `sortby` that keeps records in their places.
    pub(crate) sort: Option<&'static str>,
    pub(crate) modified: Modified,
    pub(crate) params: &'static [Param],
    /// The codes that say of a single record that there is none.
    pub(crate) missing: &'static [&'static str],
    pub(crate) create: bool,
    pub(crate) update: bool,
    pub(crate) delete: bool,
    /// What a create must be given.
    pub(crate) required: &'static [&'static str],
    /// The field that carries the marker of a create.
    pub(crate) marker: Option<&'static str>,
}

const BASE: Endpoint = Endpoint {
    name: "",
    title: "",
    list: "",
    many: "",
    get: "",
    one: "",
    key: KeyForm::Word,
    key_field: "",
    fields: &[],
    sort: None,
    modified: Modified::Documented,
    params: &[],
    missing: &[],
    create: true,
    update: true,
    delete: false,
    required: &[],
    marker: None,
};

/// All entities.
pub(crate) static ENTITIES: &[Endpoint] = &[
    Endpoint {
        name: "customers",
        title: "Customers",
        list: "/3/customers",
        many: "Customers",
        get: "/3/customers/{CustomerNumber}",
        one: "Customer",
        key_field: "CustomerNumber",
        fields: fields::CUSTOMERS,
        sort: Some("customernumber"),
        params: filters::CUSTOMERS,
        missing: &["2000204", "2000433"],
        delete: true,
        required: &["Name"],
        ..BASE
    },
    Endpoint {
        name: "suppliers",
        title: "Suppliers",
        list: "/3/suppliers",
        many: "Suppliers",
        get: "/3/suppliers/{SupplierNumber}",
        one: "Supplier",
        key_field: "SupplierNumber",
        fields: fields::SUPPLIERS,
        modified: Modified::Tried,
        required: &["Name"],
        ..BASE
    },
    Endpoint {
        name: "articles",
        title: "Articles",
        list: "/3/articles",
        many: "Articles",
        get: "/3/articles/{ArticleNumber}",
        one: "Article",
        key_field: "ArticleNumber",
        fields: fields::ARTICLES,
        sort: Some("articlenumber"),
        params: filters::ARTICLES,
        missing: &["2000428", "2001302"],
        delete: true,
        required: &["Description"],
        ..BASE
    },
    Endpoint {
        name: "invoices",
        title: "Invoices",
        list: "/3/invoices",
        many: "Invoices",
        get: "/3/invoices/{DocumentNumber}",
        one: "Invoice",
        key: KeyForm::Number,
        key_field: "DocumentNumber",
        fields: fields::INVOICES,
        sort: Some("documentnumber"),
        params: filters::INVOICES,
        missing: &["2000434"],
        required: &["CustomerNumber"],
        marker: Some("ExternalInvoiceReference1"),
        ..BASE
    },
    Endpoint {
        name: "invoicepayments",
        title: "Invoice payments",
        list: "/3/invoicepayments",
        many: "InvoicePayments",
        get: "/3/invoicepayments/{Number}",
        one: "InvoicePayment",
        key: KeyForm::Number,
        key_field: "Number",
        fields: fields::INVOICE_PAYMENTS,
        params: filters::INVOICE_PAYMENTS,
        delete: true,
        required: &["InvoiceNumber"],
        ..BASE
    },
    Endpoint {
        name: "supplierinvoices",
        title: "Supplier invoices",
        list: "/3/supplierinvoices",
        many: "SupplierInvoices",
        get: "/3/supplierinvoices/{GivenNumber}",
        one: "SupplierInvoice",
        key: KeyForm::Number,
        key_field: "GivenNumber",
        fields: fields::SUPPLIER_INVOICES,
        modified: Modified::Tried,
        params: filters::SUPPLIER_INVOICES,
        required: &["SupplierNumber"],
        ..BASE
    },
    Endpoint {
        name: "orders",
        title: "Orders",
        list: "/3/orders",
        many: "Orders",
        get: "/3/orders/{DocumentNumber}",
        one: "Order",
        key: KeyForm::Number,
        key_field: "DocumentNumber",
        fields: fields::ORDERS,
        sort: Some("documentnumber"),
        params: filters::ORDERS,
        missing: &["2000439"],
        required: &["CustomerNumber"],
        marker: Some("ExternalInvoiceReference1"),
        ..BASE
    },
    Endpoint {
        name: "offers",
        title: "Offers",
        list: "/3/offers",
        many: "Offers",
        get: "/3/offers/{DocumentNumber}",
        one: "Offer",
        key: KeyForm::Number,
        key_field: "DocumentNumber",
        fields: fields::OFFERS,
        params: filters::OFFERS,
        required: &["CustomerNumber"],
        ..BASE
    },
    Endpoint {
        name: "projects",
        title: "Projects",
        list: "/3/projects",
        many: "Projects",
        get: "/3/projects/{ProjectNumber}",
        one: "Project",
        key_field: "ProjectNumber",
        fields: fields::PROJECTS,
        modified: Modified::Tried,
        missing: &["2001161"],
        delete: true,
        required: &["Description"],
        ..BASE
    },
    Endpoint {
        name: "costcenters",
        title: "Cost centers",
        list: "/3/costcenters",
        many: "CostCenters",
        get: "/3/costcenters/{Code}",
        one: "CostCenter",
        key_field: "Code",
        fields: fields::COST_CENTERS,
        modified: Modified::Tried,
        delete: true,
        required: &["Code", "Description"],
        ..BASE
    },
    Endpoint {
        name: "accounts",
        title: "Accounts",
        list: "/3/accounts",
        many: "Accounts",
        get: "/3/accounts/{Number}",
        one: "Account",
        key: KeyForm::NumberOfYear,
        key_field: "Number",
        fields: fields::ACCOUNTS,
        sort: Some("number"),
        missing: &["2000423", "2001304"],
        delete: true,
        required: &["Number", "Description"],
        ..BASE
    },
    Endpoint {
        name: "vouchers",
        title: "Vouchers",
        list: "/3/vouchers",
        many: "Vouchers",
        get: "/3/vouchers/{VoucherSeries}/{VoucherNumber}",
        one: "Voucher",
        key: KeyForm::Voucher,
        key_field: "VoucherNumber",
        fields: fields::VOUCHERS,
        modified: Modified::Tried,
        params: filters::VOUCHERS,
        update: false,
        required: &["Description", "TransactionDate", "VoucherSeries"],
        ..BASE
    },
    Endpoint {
        name: "financialyears",
        title: "Financial years",
        list: "/3/financialyears",
        many: "FinancialYears",
        get: "/3/financialyears/{Id}",
        one: "FinancialYear",
        key: KeyForm::Number,
        key_field: "Id",
        fields: fields::FINANCIAL_YEARS,
        modified: Modified::Tried,
        update: false,
        required: &["FromDate", "ToDate"],
        ..BASE
    },
    Endpoint {
        name: "companyinformation",
        title: "Company information",
        list: "/3/companyinformation",
        many: "CompanyInformation",
        get: "/3/companyinformation",
        one: "CompanyInformation",
        key: KeyForm::Number,
        key_field: "DatabaseNumber",
        fields: fields::COMPANY,
        modified: Modified::Never,
        create: false,
        update: false,
        ..BASE
    },
];

impl Endpoint {
    /// The entity of that name. Fails with `NotFound`, naming those that there are.
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        ENTITIES.iter().find(|entity| entity.name == name).ok_or_else(|| {
            let shown = excerpt(name, 64);
            let names: Vec<&str> = ENTITIES.iter().map(|entity| entity.name).collect();
            let advice = match nearest(name, names.iter().copied()) {
                Some(meant) => format!("did you mean {meant:?}? There are {}", names.join(", ")),
                None => format!("there are {}", names.join(", ")),
            };
            Error::new(ErrorKind::NotFound, format!("Fortnox has no entity {shown:?}")).with_advice(advice)
        })
    }

    pub(crate) fn entity(&self) -> EntityName {
        EntityName::from_static(self.name)
    }

    /// Whether there is one record, and no list.
    pub(crate) fn is_single(&self) -> bool {
        self.list == self.get
    }

    /// Whether its records belong to financial years, each with a list of its own.
    pub(crate) fn by_year(&self) -> bool {
        matches!(self.key, KeyForm::NumberOfYear | KeyForm::Voucher)
    }

    /// Whether a single record has fields that its row in a list lacks.
    pub(crate) fn has_details(&self) -> bool {
        self.fields.iter().any(|field| !field.listed)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The members that a key is made of.
    pub(crate) fn key_members(&self) -> Vec<&'static str> {
        match self.key {
            KeyForm::Word | KeyForm::Number => vec![self.key_field],
            KeyForm::NumberOfYear => vec![self.key_field, YEAR],
            KeyForm::Voucher => vec![self.key_field, YEAR, SERIES],
        }
    }

    /// The key of a record as Fortnox wrote it.
    pub(crate) fn key_of(&self, raw: &str) -> Option<Key> {
        let member = |name: &str| -> Option<Key> {
            let value = at(raw, FieldPath::field(name).as_str()).ok()??;
            serde_json::from_str::<HeadKey>(value.get()).ok()?.0
        };
        self.key_from(member, None)
    }

    /// The key of a record with these members, in this financial year or else in its own.
    pub(crate) fn key_from(
        &self,
        member: impl Fn(&'static str) -> Option<Key>,
        year: Option<u64>,
    ) -> Option<Key> {
        let own = member(self.key_field)?;
        let year = || year.map(Key::from).or_else(|| member(YEAR));
        Some(match self.key {
            KeyForm::Word | KeyForm::Number => own,
            KeyForm::NumberOfYear => Key::new(format!("{own}/{}", year()?)),
            KeyForm::Voucher => Key::new(format!("{}/{own}/{}", member(SERIES)?, year()?)),
        })
    }

    /// A call to one record, or `None` when the text cannot be a key of this entity: what cannot is never asked for.
    pub(crate) fn at(&self, method: Method, template: &'static str, key: &str) -> Option<Call> {
        let call = Call::new(method, template).entity(self.name);
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self.key {
            _ if self.is_single() => Some(call).filter(|_| digits(key)),
            KeyForm::Word => Some(call.value(key)).filter(|_| !matches!(key.trim(), "" | "." | "..")),
            KeyForm::Number => Some(call.value(key)).filter(|_| digits(key)),
            KeyForm::NumberOfYear => {
                let (number, year) = key.rsplit_once('/')?;
                (digits(number) && digits(year)).then(|| call.value(number).query("financialyear", year))
            }
            KeyForm::Voucher => {
                let (rest, year) = key.rsplit_once('/')?;
                let (series, number) = rest.rsplit_once('/')?;
                let fits = digits(number) && digits(year) && !matches!(series.trim(), "" | "." | "..");
                fits.then(|| call.value(series).value(number).query("financialyear", year))
            }
        }
    }
}
