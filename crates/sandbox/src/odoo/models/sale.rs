//! Quotations and orders.

use super::{SALES, active, char, company, messages, model, name, one, sequence};
use crate::odoo::Version;
use crate::odoo::schema::{Kind, ModelDef, Nature, field};

const STATES: &[(&str, &str)] =
    &[("draft", "Quotation"), ("sent", "Quotation Sent"), ("sale", "Sales Order"), ("cancel", "Cancelled")];

pub(super) fn models(version: Version) -> Vec<ModelDef> {
    let mut models = vec![
        model(
            "product.product",
            "Product Variant",
            "default_code, name, id",
            SALES,
            vec![
                name().required(),
                char("default_code", "Internal Reference"),
                active(),
                field("lst_price", "Sales Price", Kind::Float),
                field("standard_price", "Cost", Kind::Float).company_dependent(),
                field("qty_available", "Quantity On Hand", Kind::Float).computed(),
            ],
        ),
        model(
            "sale.order",
            "Sales Order",
            "date_order desc, id desc",
            SALES,
            vec![
                name().required().default("New"),
                one("partner_id", "Customer", "res.partner").required(),
                field("state", "Status", Kind::Selection(STATES)).default("draft").form_readonly(),
                field("date_order", "Order Date", Kind::Datetime).required(),
                char("client_order_ref", "Customer Reference"),
                field("order_line", "Order Lines", Kind::One2many("sale.order.line", "order_id")),
                field("amount_untaxed", "Untaxed Amount", Kind::Monetary("currency_id")).stored(),
                field("amount_tax", "Taxes", Kind::Monetary("currency_id")).stored(),
                field("amount_total", "Total", Kind::Monetary("currency_id")).stored(),
                one("currency_id", "Currency", "res.currency").stored(),
                one("user_id", "Salesperson", "res.users"),
                company().required(),
                field("locked", "Locked", Kind::Boolean),
                field("tag_ids", "Tags", Kind::Many2many("crm.tag")),
                field("note", "Terms and conditions", Kind::Html),
                messages(),
            ],
        ),
        model(
            "sale.order.line",
            "Sales Order Line",
            "order_id, sequence, id",
            SALES,
            vec![
                field("name", "Description", Kind::Text).required(),
                one("order_id", "Order Reference", "sale.order").required(),
                sequence(),
                one("product_id", "Product", "product.product"),
                field("product_uom_qty", "Quantity", Kind::Float).required().default(1),
                field("price_unit", "Unit Price", Kind::Float).required(),
                field("discount", "Discount (%)", Kind::Float),
                field("price_subtotal", "Subtotal", Kind::Monetary("currency_id")).stored(),
                one("currency_id", "Currency", "res.currency").computed(),
            ],
        ),
    ];
    if version == Version::V17 {
        // The question that is asked before an order is cancelled.
        let wizard = vec![one("order_id", "Sale Order", "sale.order").required()];
        models.push(
            model("sale.order.cancel", "Sales Order Cancel", "id", SALES, wizard).nature(Nature::Transient),
        );
    }
    models
}
