//! Transfers, and the wizard that asks what becomes of what was not delivered.

use super::{INTERNAL, company, model, name, one};
use crate::odoo::schema::{Kind, ModelDef, Nature, field};

const USERS: &[&str] = &["Inventory/Administrator", "Inventory/User"];

const STATES: &[(&str, &str)] = &[
    ("draft", "Draft"),
    ("waiting", "Waiting Another Operation"),
    ("confirmed", "Waiting"),
    ("assigned", "Ready"),
    ("done", "Done"),
    ("cancel", "Cancelled"),
];

pub(super) fn models() -> Vec<ModelDef> {
    vec![
        model(
            "stock.picking",
            "Transfer",
            "id desc",
            USERS,
            vec![
                name(),
                one("partner_id", "Contact", "res.partner"),
                field("state", "Status", Kind::Selection(STATES)).default("draft").form_readonly(),
                field("scheduled_date", "Scheduled Date", Kind::Datetime),
                field("date_done", "Date of Transfer", Kind::Datetime).form_readonly(),
                field("origin", "Source Document", Kind::Char),
                one("backorder_id", "Back Order of", "stock.picking"),
                field("move_ids", "Stock moves", Kind::One2many("stock.move", "picking_id")),
                company().required(),
            ],
        ),
        model(
            "stock.move",
            "Stock Move",
            "id",
            USERS,
            vec![
                one("picking_id", "Transfer", "stock.picking"),
                one("product_id", "Product", "product.product").required(),
                field("product_uom_qty", "Demand", Kind::Float).required(),
                field("quantity", "Quantity", Kind::Float),
            ],
        ),
        model(
            "stock.backorder.confirmation",
            "Backorder Confirmation",
            "id",
            USERS,
            vec![field("pick_ids", "Pick", Kind::Many2many("stock.picking"))],
        )
        .nature(Nature::Transient),
        model(
            "ir.attachment",
            "Attachment",
            "id desc",
            INTERNAL,
            vec![
                name().required(),
                field("res_model", "Resource Model", Kind::Char),
                field("res_id", "Resource ID", Kind::Reference),
                field("type", "Type", Kind::Selection(&[("url", "URL"), ("binary", "File")]))
                    .required()
                    .default("binary"),
                field("url", "Url", Kind::Char),
                field("mimetype", "Mime Type", Kind::Char),
                field("file_size", "File Size", Kind::Integer).stored(),
                field("datas", "File Content (base64)", Kind::Binary)
                    .unstored(&[crate::odoo::Version::V17, crate::odoo::Version::V19]),
                company(),
            ],
        ),
    ]
}
