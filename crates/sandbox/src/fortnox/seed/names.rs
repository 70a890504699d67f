//! Words that the invented data is made of.

pub(super) const HEADS: &[&str] = &[
    "Björkö",
    "Mälarstrands",
    "Häggviks",
    "Råneå",
    "Ekbackens",
    "Skärgårdens",
    "Tvååkers",
    "Lövåsa",
    "Kvarnby",
    "Ängsholmens",
    "Stenungs",
    "Åsbo",
    "Mörkö",
    "Granlids",
    "Fjällnära",
    "Västanfors",
    "Kallbäckens",
];

pub(super) const TRADES: &[&str] = &[
    "Bygg & Betong AB",
    "Livsmedel AB",
    "Åkeri AB",
    "Trädförädling AB",
    "Redovisning HB",
    "Elkraft AB",
    "Trädgård & Växter AB",
    "Fönster och Glas AB",
    "Mätteknik AB",
    "Partihandel AB",
    "Maskinuthyrning AB",
];

/// Customers abroad: name, town, code and name of the country, currency, kind of VAT.
pub(super) const ABROAD: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("Nordfjord Lagerteknikk AS", "Bergen", "NO", "Norway", "NOK", "EXPORT"),
    ("Østfold Transport AS", "Fredrikstad", "NO", "Norway", "NOK", "EXPORT"),
    ("Limfjordens Logistik ApS", "Aalborg", "DK", "Denmark", "DKK", "EUREVERSEDVAT"),
    ("Lagerhaus Süd GmbH", "München", "DE", "Germany", "EUR", "EUREVERSEDVAT"),
    ("Entrepôts Saint-Étienne SARL", "Lyon", "FR", "France", "EUR", "EUREVERSEDVAT"),
    ("Turun Varasto Oy", "Turku", "FI", "Finland", "EUR", "EUREVERSEDVAT"),
    ("Harbour & Sons Ltd", "Bristol", "GB", "United Kingdom", "GBP", "EXPORT"),
    ("Great Plains Storage Inc", "Omaha", "US", "United States", "USD", "EXPORT"),
];

/// Towns with a street and a postal code.
pub(super) const PLACES: &[(&str, &str, &str)] = &[
    ("Örnsköldsvik", "Strandgatan", "89133"),
    ("Växjö", "Storgatan", "35232"),
    ("Östersund", "Rådhusgatan", "83131"),
    ("Malmö", "Ångbåtsgatan", "21121"),
    ("Umeå", "Västra Esplanaden", "90326"),
    ("Göteborg", "Järntorgsgatan", "41301"),
    ("Gävle", "Nygatan", "80320"),
    ("Skellefteå", "Kanalgatan", "93131"),
];

pub(super) const PEOPLE: &[&str] = &[
    "Åsa Lindgård",
    "Måns Törnvall",
    "Kajsa Öberg",
    "Torbjörn Hägglund",
    "Siri Malmsjö",
    "Göran Ek",
    "Elin Åkerström",
    "Per-Olof Brännström",
];

/// Number, name, kind, unit, price of sale, price of purchase, VAT, account.
type Article = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, i64, i64);

pub(super) const ARTICLES: &[Article] = &[
    ("LAG-100", "Lagersystem Bas, licens per månad", "SERVICE", "mån", "4900", "0", 25, 3041),
    ("LAG-200", "Lagersystem Plus, licens per månad", "SERVICE", "mån", "9650.50", "0", 25, 3041),
    ("FLT-010", "Fältservice mobil, användare", "SERVICE", "st", "249.90", "0", 25, 3041),
    ("EKO-001", "Ekonomikoppling", "SERVICE", "st", "12345.67", "0", 25, 3041),
    ("TJN-010", "Införande på plats", "SERVICE", "dag", "14400", "6200", 25, 3041),
    ("TJN-090", "Datamigrering", "SERVICE", "tim", "1350", "540", 25, 3041),
    ("UTB-050", "Utbildning halvdag", "SERVICE", "st", "7800", "2100", 25, 3041),
    ("SUP-002", "Support Silver", "SERVICE", "mån", "1990", "0", 25, 3041),
    ("SUP-003", "Support Guld", "SERVICE", "mån", "3990", "0", 25, 3041),
    ("HRD-700", "Handdator tålig", "STOCK", "st", "6495", "3875.25", 25, 3001),
    ("HRD-310", "Etikettskrivare", "STOCK", "st", "3290.75", "1840", 25, 3001),
    ("HRD-120", "Streckkodsläsare", "STOCK", "st", "1189.99", "702.49", 25, 3001),
    ("ETK-1000", "Etiketter, rulle om 1 000", "STOCK", "paket", "89.95", "31.10", 25, 3001),
    ("KAT-12", "Smörgåstårta till lansering", "STOCK", "st", "695", "410", 12, 3002),
    ("BOK-06", "Handbok i lagerstyrning", "STOCK", "st", "349", "120", 6, 3003),
    ("RES-KM", "Resa med egen bil", "SERVICE", "km", "6.50", "2.50", 25, 3041),
];

pub(super) const SUPPLIERS: &[(&str, &str, i64)] = &[
    ("Kontorsgrossisten i Gävle AB", "5050-1055", 5410),
    ("Norrhyra Fastigheter AB", "5051-6905", 5010),
    ("Handdatorimport Sverige AB", "5052-2209", 4010),
    ("Bredbandsbolaget Exempel AB", "5053-7710", 6540),
    ("Mobiloperatören Prov AB", "5054-4103", 6212),
    ("Tanka & Tvätta HB", "5055-0001", 5611),
    ("Siffror i Ordning AB", "5056-8802", 6530),
    ("Annonsbyrån Påhitt AB", "5057-1130", 5910),
];
