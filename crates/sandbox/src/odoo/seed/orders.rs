//! A few orders to confirm.

use super::Soil;
use crate::{Json, Object};

const PRODUCTS: &[(i64, &str, &str, &str)] = &[
    (1, "Pallställ 2,7 m", "PALL-270", "4890.5"),
    (2, "Truckladdare", "TRU-01", "12345.67"),
    (3, "Montage & installation", "TJN-10", "1150.0"),
];

pub(super) fn orders(soil: &mut Soil) {
    for (id, name, code, price) in PRODUCTS {
        let vals = Object::default().with("name", *name).with("default_code", *code).with("active", true);
        soil.old("product.product", *id, vals.with("lst_price", Json::Decimal((*price).into())));
    }
    let customers: Vec<i64> = soil
        .db
        .rows("res.partner")
        .filter(|partner| {
            partner.id >= 20 && partner.flag("is_company") && partner.link("company_id").is_none()
        })
        .map(|partner| partner.id)
        .take(6)
        .collect();
    let states = ["draft", "sent", "sale", "cancel", "draft", "sale"];
    for ((id, customer), state) in (1..).zip(customers).zip(states) {
        let vals = Object::default()
            .with("name", format!("S{id:05}"))
            .with("partner_id", customer)
            .with("state", state)
            .with("date_order", soil.moment(id * 4))
            .with("client_order_ref", (id % 2 == 0).then(|| format!("PO-{}/ÅÄÖ", 70 + id)))
            .with("user_id", 2)
            .with("company_id", 1)
            .with("locked", false);
        let written = soil.ago(id * 3);
        soil.put("sale.order", id, written, vals);
        for (line, (product, name, code, price)) in PRODUCTS.iter().enumerate() {
            let line = i64::try_from(line).unwrap_or_default();
            let vals = Object::default()
                .with("order_id", id)
                .with("name", format!("[{code}] {name}"))
                .with("sequence", 10)
                .with("product_id", *product)
                .with("product_uom_qty", Json::Decimal(format!("{}.0", line + 1).into()))
                .with("price_unit", Json::Decimal((*price).into()))
                .with("discount", Json::Decimal(if line == 1 { "12.5" } else { "0.0" }.into()));
            soil.put("sale.order.line", id * 3 + line, written, vals);
        }
    }
}

/// Three transfers, of which the second is not complete; and files that hang on an order.
pub(super) fn transfers(soil: &mut Soil) {
    for (id, delivered) in [(1, "2.0"), (2, "1.0"), (3, "2.0")] {
        let vals = Object::default()
            .with("name", format!("WH/OUT/{id:05}"))
            .with("state", "assigned")
            .with("origin", format!("S{id:05}"))
            .with("company_id", 1);
        soil.old("stock.picking", id, vals);
        let line = Object::default()
            .with("picking_id", id)
            .with("product_id", 1)
            .with("product_uom_qty", Json::Decimal("2.0".into()))
            .with("quantity", Json::Decimal(delivered.into()));
        soil.old("stock.move", id, line);
    }
    for (id, name, kind, datas) in [
        (1, "avtal.txt", "text/plain", "QXZ0YWwgZsO2ciDDpXJldA=="),
        (2, "bild.png", "image/png", super::partners::PIXEL),
        (3, "tom.txt", "text/plain", ""),
    ] {
        let vals = Object::default()
            .with("name", name)
            .with("res_model", "sale.order")
            .with("res_id", 1)
            .with("type", "binary")
            .with("mimetype", kind)
            .with("datas", datas);
        soil.old("ir.attachment", id, vals);
    }
    let linked =
        Object::default().with("name", "Webbsida").with("type", "url").with("url", "https://example.test/");
    soil.old("ir.attachment", 4, linked);
}
