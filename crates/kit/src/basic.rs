use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// Whether a request that came in proves itself with `Authorization: Basic` (RFC 7617) as this user with one of these
/// passwords. How long the comparison takes tells nothing of them but their length.
///
/// ```
/// use http::HeaderMap;
/// use tieline_kit::is_basic;
///
/// let headers = HeaderMap::from_iter([("authorization".parse()?, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".parse()?)]);
/// assert!(is_basic(&headers, "Aladdin", &["old".into(), "open sesame".into()]));
/// assert!(!is_basic(&headers, "Aladdin", &["old".into()]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn is_basic(headers: &HeaderMap, user: &str, passwords: &[SecretString]) -> bool {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    // Two headers are read in one way here and in another elsewhere.
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Some((scheme, given)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return false;
    };
    let mut proven = subtle::Choice::from(0);
    for password in passwords.iter().filter(|password| !password.expose_secret().is_empty()) {
        let pair = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
        let expected = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        proven |= given.trim().as_bytes().ct_eq(expected.as_bytes());
    }
    scheme.eq_ignore_ascii_case("basic") && bool::from(proven)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn basic(values: &[&str], user: &str, passwords: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        let passwords: Vec<SecretString> = passwords.iter().map(|&password| password.into()).collect();
        is_basic(&headers, user, &passwords)
    }

    #[test]
    fn only_the_right_pair_in_one_header_is_accepted() {
        let good = "Basic dXNlcjpwYXNz";
        assert!(basic(&[good], "user", &["pass"]));
        assert!(basic(&["basic  dXNlcjpwYXNz "], "user", &["old", "pass"]));
        for (values, user, passwords) in [
            (&[][..], "user", &["pass"][..]),
            (&[good, good][..], "user", &["pass"][..]),
            (&["Bearer dXNlcjpwYXNz"][..], "user", &["pass"][..]),
            (&["Basic"][..], "user", &["pass"][..]),
            (&["Basic dXNlcjpwYXNzd29yZA=="][..], "user", &["pass"][..]),
            (&["Basic dXNlcjpwYXN"][..], "user", &["pass"][..]),
            (&[good][..], "User", &["pass"][..]),
            (&[good][..], "user", &[][..]),
            (&["Basic dXNlcjo="][..], "user", &[""][..]),
        ] {
            assert!(!basic(values, user, passwords), "{values:?} {user} {passwords:?}");
        }
    }
}
