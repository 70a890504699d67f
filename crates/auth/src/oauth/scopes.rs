//! Scopes that were asked for, and those that were granted.

/// Scopes that ask for a token or a profile and are often not repeated in the response.
const UNSPOKEN: [&str; 7] =
    ["openid", "profile", "email", "offline", "offline_access", "refresh_token", "address"];

/// The scopes of a text: parted by spaces, commas or pluses.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', '+']).filter(|word| !word.is_empty())
}

/// What was asked for and certainly not granted. Order and case do not count, and a scope is granted by a wider or a
/// narrower one of the same name: `invoice` by `invoice:full`. Without granted ones nothing is certain.
pub(crate) fn missing(asked: &[String], granted: &[String]) -> Vec<String> {
    if granted.is_empty() {
        return Vec::new();
    }
    let granted: Vec<String> = granted.iter().map(|scope| scope.to_lowercase()).collect();
    let is_granted =
        |asked: &str| granted.iter().any(|granted| covers(granted, asked) || covers(asked, granted));
    let certain = asked.iter().filter(|scope| {
        let scope = scope.to_lowercase();
        !UNSPOKEN.contains(&scope.as_str()) && !is_granted(&scope)
    });
    certain.cloned().collect()
}

/// Whether one is the other, or the other with a part of its own after it.
fn covers(long: &str, short: &str) -> bool {
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '.', '/']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_is_missing() {
        let asked = ["companyinformation", "invoice", "customer"].map(str::to_owned);
        for (granted, expected) in [
            ("companyinformation customer", vec!["invoice"]),
            ("customer,companyinformation,invoice", vec![]),
            ("customer+invoice+companyinformation", vec![]),
            ("COMPANYINFORMATION Customer Invoice", vec![]),
            ("companyinformation customer invoice:full", vec![]),
            ("companyinformation customer invoices", vec!["invoice"]),
            ("", vec![]),
        ] {
            let granted: Vec<String> = split(granted).map(str::to_owned).collect();
            assert_eq!(missing(&asked, &granted), expected, "{granted:?}");
        }
        let asked = ["openid", "offline_access", "https://www.example.com/auth/sheets"].map(str::to_owned);
        assert_eq!(missing(&asked, &["x".to_owned()]), ["https://www.example.com/auth/sheets"]);
    }
}
