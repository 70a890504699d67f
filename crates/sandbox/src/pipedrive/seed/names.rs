//! Invented names. Any likeness to people or companies that exist is chance.

pub(super) const FIRST_NAMES: &[&str] = &[
    "Åsa",
    "Björn",
    "Märta",
    "Göran",
    "Linnéa",
    "Sören",
    "Östen",
    "Maja",
    "Håkan",
    "Ebba",
    "Pär",
    "Ingrid",
    "Måns",
    "Wilma",
    "Jörgen",
    "Signe",
    "Torbjörn",
    "Elin",
    "Ragnar",
    "Kajsa",
    "Anders",
    "Tuva",
    "Mårten",
    "Hedda",
    "Lars",
    "Frida",
    "Özlem",
    "Amir",
    "Bodil",
    "Stellan",
    "Vendela",
    "Jöns",
    "Karin",
    "Ossian",
    "Gunnel",
    "Mats",
    "Siri",
    "Åke",
    "Ylva",
    "Henrik",
];

pub(super) const LAST_NAMES: &[&str] = &[
    "Åkerström",
    "Sjöqvist",
    "Öberg",
    "Björklund",
    "Hägglund",
    "Löfgren",
    "Nyström",
    "Ängquist",
    "Wallin",
    "Sjöberg",
    "Lindgård",
    "Östlund",
    "Ståhl",
    "Fältström",
    "Norrgren",
    "Håkansson",
    "Brännström",
    "Dahlgård",
    "Ekholm",
    "Törnvall",
    "Rönnqvist",
    "Malmsjö",
    "Kärrman",
    "Grönvik",
    "Ahlmark",
    "Stenåker",
    "Lövenhag",
    "Bäckman",
    "Vallgren",
    "Åhlin",
];

/// Places and words that companies are named after.
pub(super) const COMPANY_HEADS: &[&str] = &[
    "Björkö",
    "Älvkarleö",
    "Norrskens",
    "Kustens",
    "Hälsinge",
    "Västra Åns",
    "Tallåsens",
    "Grönådalens",
    "Sjövik",
    "Fjällsta",
    "Brännö",
    "Östervik",
    "Lövåsa",
    "Kvarnby",
    "Ängsholmens",
    "Stenungs",
    "Råneå",
    "Häradens",
    "Åsbo",
    "Mörkö",
    "Skärgårdens",
    "Tvååkers",
];

/// What the companies do, with the number of their industry.
pub(super) const COMPANY_TRADES: &[(&str, i64)] = &[
    ("Plåt & Svets AB", 2),
    ("Byggtjänst AB", 1),
    ("Livsmedel AB", 3),
    ("Åkeri & Logistik AB", 4),
    ("Träförädling AB", 2),
    ("Redovisning HB", 4),
    ("Elkraft AB", 1),
    ("Trädgård & Växter AB", 3),
    ("Fönster & Glas AB", 1),
    ("Mätteknik AB", 2),
];

/// Towns with a street and the beginning of their postal codes.
pub(super) const PLACES: &[(&str, &str, &str)] = &[
    ("Örnsköldsvik", "Strandgatan", "891 3"),
    ("Växjö", "Storgatan", "352 3"),
    ("Östersund", "Rådhusgatan", "831 3"),
    ("Malmö", "Ångbåtsgatan", "211 2"),
    ("Umeå", "Västra Esplanaden", "903 2"),
    ("Göteborg", "Järntorgsgatan", "413 0"),
    ("Gävle", "Nygatan", "803 2"),
    ("Skellefteå", "Kanalgatan", "931 3"),
];

/// What is sold: name, code, unit, price, currency and category.
pub(super) const PRODUCTS: &[(&str, &str, &str, &str, &str, i64)] = &[
    ("Lagersystem Bas", "LAG-100", "licens", "48000", "SEK", 21),
    ("Lagersystem Plus", "LAG-200", "licens", "96500.50", "SEK", 21),
    ("Fältservice mobil", "FLT-010", "användare", "249.90", "SEK", 21),
    ("Ekonomikoppling", "EKO-001", "licens", "12345.67", "SEK", 21),
    ("Införande på plats", "TJN-010", "dag", "14400", "SEK", 22),
    ("Utbildning halvdag", "UTB-050", "tillfälle", "7800", "SEK", 22),
    ("Support Guld", "SUP-003", "år", "39900", "SEK", 22),
    ("Support Silver", "SUP-002", "år", "19900", "SEK", 22),
    ("Handdator tålig", "HRD-700", "st", "6495.00", "SEK", 23),
    ("Etikettskrivare", "HRD-310", "st", "3290.75", "SEK", 23),
    ("Streckkodsläsare", "HRD-120", "st", "189.99", "EUR", 23),
    ("Datamigrering", "TJN-090", "timme", "1350", "SEK", 22),
];

/// What a deal is about; the customer's name follows.
pub(super) const DEAL_SUBJECTS: &[&str] = &[
    "Lagersystem",
    "Fältservice för tio montörer",
    "Ekonomikoppling",
    "Förlängning av support",
    "Utbildning höst",
    "Byte av handdatorer",
    "Pilot lagerstyrning",
    "Uppgradering till Plus",
    "Förstudie integration",
    "Årsavtal",
];

pub(super) const LOST_REASONS: &[&str] =
    &["För dyrt", "Valde en konkurrent", "Projektet sköts upp", "Ingen återkoppling", "Fel tidpunkt"];

pub(super) const ACTIVITIES: &[(&str, &str)] = &[
    ("call", "Ring upp om offerten"),
    ("meeting", "Behovsgenomgång"),
    ("email", "Skicka underlag"),
    ("task", "Förbered avtalsutkast"),
    ("call", "Återkoppling efter demo"),
    ("meeting", "Visning av lagersystemet"),
    ("deadline", "Svar på upphandling"),
    ("lunch", "Lunch med inköpschefen"),
];

pub(super) const NOTES: &[&str] = &[
    "<p>Vill ha leverans före årsskiftet.</p>",
    "<p>Budgeten är godkänd, väntar på <b>styrelsens</b> beslut.</p>",
    "<p>Använder i dag ett äldre system & kalkylark.</p>",
    "<p>Ring tillbaka efter kl. 15, sitter i möten på förmiddagen.</p>",
    "<p>Önskar referenser från liknande företag i Norrland.</p>",
    "<p>Frågade om kopplingen till bokföringen: sie-fil räcker.</p>",
];
