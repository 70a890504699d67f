//! An answer to `search_read` of partners, with invented Swedish companies and people, written as Odoo writes it.

use std::fmt::Write as _;

use tieline_odoo_xmlrpc::xmlrpc::{FieldRule, FieldRules};

const COMPANIES: [&str; 8] = [
    "F\u{e4}rg & Form i Sk\u{e5}ne AB",
    "\u{c5}kessons R\u{f6}r & V\u{e4}rme AB",
    "Bj\u{f6}rks Bygg <Syd>",
    "H\u{e5}llbar Logistik Sverige AB",
    "Lindstr\u{f6}m, Berg & S\u{f6}ner HB",
    "Norrsken Elektriska AB",
    "\u{d6}stg\u{f6}ta Tr\u{e4} & M\u{f6}bler",
    "V\u{e4}stkustens F\u{e5}geln\u{e4}t AB",
];
const CITIES: [&str; 6] =
    ["Malm\u{f6}", "G\u{f6}teborg", "V\u{e4}ster\u{e5}s", "\u{d6}rebro", "Lule\u{e5}", "Stockholm"];
const STREETS: [&str; 5] = [
    "Storgatan",
    "\u{c4}ngsv\u{e4}gen",
    "K\u{f6}pmangatan",
    "S\u{f6}dra F\u{f6}rstadsgatan",
    "Ringv\u{e4}gen",
];
const NOTE: &str = "<p>Ring f\u{f6}re kl. 10 &amp; fr\u{e5}ga efter \u{c5}sa. <b>\"Viktig kund\"</b> sedan 2014;\n\
leverans via bakd\u{f6}rren, se \u{e4}ven avtal 7:3.</p>";

/// The rules that a connector makes of the fields' types.
pub(super) fn rules() -> FieldRules {
    let mut rules = FieldRules::new("id", "write_date").otherwise(FieldRule::FalseIsNull);
    for name in ["active", "is_company", "employee"] {
        rules = rules.with(name, FieldRule::Keep);
    }
    for name in ["id", "color", "partner_count"] {
        rules = rules.with(name, FieldRule::Integer);
    }
    for name in ["parent_id", "country_id", "user_id", "company_id", "industry_id", "title"] {
        rules = rules.with(name, FieldRule::Many2one);
    }
    rules
}

/// So many partners with 30 fields each.
pub(super) fn answer(partners: u64) -> String {
    let mut xml =
        String::from("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n");
    for id in 1..=partners {
        xml.push_str("<value><struct>\n");
        for (name, value) in partner(id) {
            xml.push_str("<member>\n<name>");
            xml.push_str(name);
            xml.push_str("</name>\n");
            write(&mut xml, &value);
            xml.push_str("</member>\n");
        }
        xml.push_str("</struct></value>\n");
    }
    xml.push_str("</data></array></value>\n</param>\n</params>\n</methodResponse>\n");
    xml
}

enum Wire {
    Nothing,
    Flag(bool),
    Int(u64),
    Double(String),
    Text(String),
    Link(u64, String),
    Ids(Vec<u64>),
}

fn partner(id: u64) -> [(&'static str, Wire); 30] {
    use Wire::{Double, Flag, Ids, Int, Link, Nothing, Text};
    let (company, city, street) = (pick(&COMPANIES, id), pick(&CITIES, id / 3), pick(&STREETS, id / 2));
    // Every third field or so is empty, as in a real address book.
    let maybe = |every: u64, value: Wire| if id.is_multiple_of(every) { Nothing } else { value };
    let person = !id.is_multiple_of(3);
    [
        ("id", Int(id)),
        ("name", Text(if person { format!("\u{c5}sa Lindqvist-{id}") } else { format!("{company} {id}") })),
        ("display_name", Text(format!("{company} {id}"))),
        ("parent_id", if person { Link(id + 1, company.to_owned()) } else { Nothing }),
        ("ref", maybe(2, Text(format!("K-{id:05}")))),
        ("lang", Text("sv_SE".to_owned())),
        ("tz", Text("Europe/Stockholm".to_owned())),
        ("user_id", maybe(4, Link(id % 7 + 2, "Bj\u{f6}rn \u{d6}berg".to_owned()))),
        ("vat", maybe(3, Text(format!("SE5560{id:06}01")))),
        ("website", maybe(3, Text(format!("https://www.kund{id}.example/?a=1&b=2")))),
        ("comment", maybe(2, Text(NOTE.to_owned()))),
        ("category_id", Ids((0..id % 4).map(|n| n + 3).collect())),
        ("active", Flag(true)),
        ("employee", Flag(false)),
        ("function", maybe(2, Text("Ink\u{f6}pschef & \u{e4}gare".to_owned()))),
        ("type", Text("contact".to_owned())),
        ("street", Text(format!("{street} {}", id % 90 + 1))),
        ("street2", Nothing),
        ("zip", Text(format!("{:03} {:02}", id % 800 + 111, id % 90 + 10))),
        ("city", Text(city.to_owned())),
        ("country_id", Link(196, "Sverige".to_owned())),
        ("email", maybe(5, Text(format!("kontakt.{id}@kund{id}.example")))),
        (
            "phone",
            maybe(3, Text(format!("+46 40 {:03} {:02} {:02}", id % 900 + 100, id % 90 + 10, id % 80 + 11))),
        ),
        ("is_company", Flag(!person)),
        ("industry_id", maybe(2, Link(id % 20 + 1, "Tillverkning & handel".to_owned()))),
        ("company_id", Nothing),
        ("color", Int(id % 12)),
        ("credit_limit", Double(format!("{}.{:02}", id * 137 % 90_000, id % 100))),
        ("create_date", Text(format!("2025-{:02}-{:02} 08:{:02}:11", id % 12 + 1, id % 28 + 1, id % 60))),
        ("write_date", Text(format!("2026-{:02}-{:02} 14:{:02}:44", id % 12 + 1, id % 28 + 1, id % 60))),
    ]
}

fn pick<'a>(texts: &[&'a str], id: u64) -> &'a str {
    let place = usize::try_from(id).unwrap_or_default() % texts.len();
    texts.get(place).copied().unwrap_or_default()
}

/// As Python's `xmlrpc.client` does: its line breaks, its three escapes.
fn write(xml: &mut String, value: &Wire) {
    // Writing to a string does not fail.
    let _ = match value {
        Wire::Nothing => writeln!(xml, "<value><boolean>0</boolean></value>"),
        Wire::Flag(flag) => writeln!(xml, "<value><boolean>{}</boolean></value>", u8::from(*flag)),
        Wire::Int(number) => writeln!(xml, "<value><int>{number}</int></value>"),
        Wire::Double(number) => writeln!(xml, "<value><double>{number}</double></value>"),
        Wire::Text(text) => {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            writeln!(xml, "<value><string>{text}</string></value>")
        }
        Wire::Link(id, name) => {
            xml.push_str("<value><array><data>\n");
            write(xml, &Wire::Int(*id));
            write(xml, &Wire::Text(name.clone()));
            writeln!(xml, "</data></array></value>")
        }
        Wire::Ids(ids) => {
            xml.push_str("<value><array><data>\n");
            for id in ids {
                write(xml, &Wire::Int(*id));
            }
            writeln!(xml, "</data></array></value>")
        }
    };
}
