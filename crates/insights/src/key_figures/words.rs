//! Words of four languages: months, measures, totals and units.

/// Beginnings of the names of months, in lower case, with the month.
const MONTHS: &[(&str, u32)] = &[
    ("jan", 1),
    ("jän", 1),
    ("feb", 2),
    ("mar", 3),
    ("mär", 3),
    ("mrz", 3),
    ("apr", 4),
    ("maj", 5),
    ("may", 5),
    ("mai", 5),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("okt", 10),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
    ("des", 12),
    ("dez", 12),
];

/// Full names, which a word must be a beginning of.
const NAMES: &[&str] = &[
    "januari",
    "january",
    "januar",
    "jänner",
    "februari",
    "february",
    "februar",
    "mars",
    "march",
    "märz",
    "mrz",
    "april",
    "maj",
    "may",
    "mai",
    "juni",
    "june",
    "juli",
    "july",
    "augusti",
    "august",
    "september",
    "sept",
    "oktober",
    "october",
    "november",
    "december",
    "desember",
    "dezember",
];

/// The month that a word names, in full or shortened to three letters at least.
pub(crate) fn month(word: &str) -> Option<u32> {
    let word = word.trim_end_matches('.');
    let (_, month) = MONTHS.iter().find(|(start, _)| word.starts_with(start))?;
    NAMES.iter().any(|name| name.starts_with(word)).then_some(*month)
}

/// A measure that a row or a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Measure {
    Revenue,
    Employees,
    Cash,
    LastTwelveMonths,
    Growth,
    /// A measure that is none of ours, such as a margin.
    Other,
}

const MEASURES: &[(Measure, &[&str])] = &[
    (
        Measure::LastTwelveMonths,
        &[
            "ltm",
            "ttm",
            "r12",
            "rullande 12",
            "senaste 12",
            "last 12",
            "last twelve",
            "siste 12",
            "letzte 12",
        ],
    ),
    (Measure::Growth, &["tillväxt", "growth", "vekst", "wachstum", "yoy", "y/y", "å/å"]),
    (
        Measure::Employees,
        &["anställda", "employees", "ansatte", "mitarbeiter", "headcount", "fte", "medarbetare", "personal"],
    ),
    (
        Measure::Cash,
        &[
            "kassa",
            "cash",
            "likvida medel",
            "likviditet",
            "liquidity",
            "kasse",
            "liquide mittel",
            "bankmedel",
        ],
    ),
    (
        Measure::Revenue,
        &[
            "omsättning",
            "intäkter",
            "revenue",
            "sales",
            "turnover",
            "nettoomsättning",
            "omsetning",
            "inntekter",
            "salgsinntekter",
            "umsatz",
            "erlöse",
            "försäljning",
        ],
    ),
    (
        Measure::Other,
        &[
            "ebit", "resultat", "profit", "marginal", "margin", "kostnad", "cost", "costs", "budget",
            "ergebnis", "mrr", "arr",
        ],
    ),
];

/// The measure that a text names.
pub(crate) fn measure(text: &str) -> Option<Measure> {
    let text = text.to_lowercase();
    let named = |words: &[&str]| words.iter().any(|word| has_word(&text, word));
    MEASURES.iter().find(|(_, words)| named(words)).map(|(measure, _)| *measure)
}

/// Whether a text has a word, or a phrase, that no letter touches.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// Whether a text names a sum of others.
pub(crate) fn is_total(text: &str) -> bool {
    const TOTALS: &[&str] = &[
        "summa",
        "sum",
        "total",
        "totalt",
        "totals",
        "totalsumma",
        "gesamt",
        "ytd",
        "ack",
        "ackumulerat",
        "hittil",
        "helår",
        "full year",
        "fy",
        "snitt",
        "average",
        "genomsnitt",
        "gjennomsnitt",
        "durchschnitt",
        "medel",
        "koncernen",
        "group total",
    ];
    let text = text.to_lowercase();
    TOTALS.iter().any(|word| has_word(&text, word))
}

/// A unit: the factor of its amounts as a power of ten, and the currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) power: u32,
    pub(crate) currency: Option<&'static str>,
}

const CURRENCIES: &[(&str, &str)] = &[
    ("sek", "SEK"),
    ("nok", "NOK"),
    ("dkk", "DKK"),
    ("eur", "EUR"),
    ("usd", "USD"),
    ("gbp", "GBP"),
    ("chf", "CHF"),
    ("€", "EUR"),
    ("$", "USD"),
    ("£", "GBP"),
];

/// The unit that a text is, such as `tkr`, `kSEK`, `MSEK`, `€k`, `i tusen kronor`. `None` for any other text.
pub(crate) fn unit(text: &str) -> Option<Unit> {
    let lower = text.to_lowercase();
    let word: String = lower
        .trim_matches(|c: char| "()[]:., ".contains(c))
        .replace("belopp i ", "")
        .replace("amounts in ", "")
        .replace("beløp i ", "")
        .replace("beträge in ", "")
        .replace("in ", "")
        .trim_start_matches("i ")
        .trim()
        .to_owned();
    let of = |power, currency| Some(Unit { power, currency });
    match word.as_str() {
        "tkr" | "kkr" | "tusen kr" | "tusen kronor" | "tusen kroner" | "tusental kronor" => {
            return of(3, None);
        }
        "mkr" | "mnkr" | "miljoner kronor" | "mill kr" | "mill. kr" | "millioner kroner" => {
            return of(6, None);
        }
        "kr" | "kronor" | "kroner" => return of(0, None),
        "tusen" | "tusental" | "thousands" | "tausend" | "1000" | "'000" | "000" => return of(3, None),
        "miljoner" | "millions" | "millioner" | "millionen" => return of(6, None),
        _ => {}
    }
    let (name, currency) = CURRENCIES.iter().find(|(name, _)| word.contains(name))?;
    let rest = word.replacen(name, "", 1);
    let power = match rest.trim_matches(|c: char| c == ' ' || c == '.') {
        "" => 0,
        "k" | "t" | "'000" | "000" | "1000" | "1 000" | "thousand" | "thousands" | "tusen" | "tausend" => 3,
        "m" | "mn" | "mio" | "mill" | "million" | "millions" | "miljoner" => 6,
        _ => return None,
    };
    of(power, Some(currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_in_four_languages() {
        for (word, number) in [
            ("jan", 1),
            ("januari", 1),
            ("feb.", 2),
            ("märz", 3),
            ("mars", 3),
            ("maj", 5),
            ("mai", 5),
            ("juni", 6),
            ("okt", 10),
            ("october", 10),
            ("dez", 12),
            ("desember", 12),
            ("sept", 9),
        ] {
            assert_eq!(month(word), Some(number), "{word}");
        }
        for word in ["marginal", "janitor", "summa", "m", "decision"] {
            assert_eq!(month(word), None, "{word}");
        }
    }

    #[test]
    fn units_as_people_write_them() {
        let of = |text| unit(text).map(|unit| (unit.power, unit.currency));
        assert_eq!(of("tkr"), Some((3, None)));
        assert_eq!(of("(kSEK)"), Some((3, Some("SEK"))));
        assert_eq!(of("MSEK"), Some((6, Some("SEK"))));
        assert_eq!(of("€k"), Some((3, Some("EUR"))));
        assert_eq!(of("Belopp i tusen kronor"), Some((3, None)));
        assert_eq!(of("NOK 1000"), Some((3, Some("NOK"))));
        assert_eq!(of("TEUR"), Some((3, Some("EUR"))));
        assert_eq!(of("Company"), None);
        assert_eq!(of("Kraft AB"), None);
    }

    #[test]
    fn measures_and_totals() {
        assert_eq!(measure("Antal anställda"), Some(Measure::Employees));
        assert_eq!(measure("Likvida medel (tkr)"), Some(Measure::Cash));
        assert_eq!(measure("Cashflow Partners AB"), None);
        assert_eq!(measure("Omsättning R12"), Some(Measure::LastTwelveMonths));
        assert!(is_total("Summa 2026") && is_total("Totalt") && !is_total("Sumatra AB"));
    }
}
