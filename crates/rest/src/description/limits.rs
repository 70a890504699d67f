use std::time::Duration;

use tieline_core::LimitScope;

/// A published limit: `100 per 10s`, `5 per 1s for search`, `30000 units per 1d each account`, `5 at once`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitLine {
    /// The number of requests or units.
    pub quota: u32,
    /// In which time; `None` for so many at once.
    pub per: Option<Duration>,
    /// Whether costs are counted instead of requests.
    pub units: bool,
    /// Only for requests with this tag.
    pub tag: Option<String>,
    /// The scope within which it is shared.
    pub scope: LimitScope,
    /// The prefix of the headers that describe it.
    pub headers: Option<String>,
}

/// A duration such as `10s`, `1m`, `7d`, `5y` or `day`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = if number.is_empty() { 1 } else { number.parse().ok()? };
    let seconds = match unit.trim() {
        "ms" => return Some(Duration::from_millis(number)),
        "s" | "second" => 1,
        "m" | "minute" => 60,
        "h" | "hour" => 3600,
        "d" | "day" => 86_400,
        "y" | "year" => 365 * 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

impl std::str::FromStr for LimitLine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no limit: write it like `100 per 10s`, `5 per 1s for search`, `30000 units per day each account` or `5 at once`"
            )
        };
        let mut words = text.split_whitespace().peekable();
        let quota =
            words.next().and_then(|word| word.parse().ok()).filter(|quota| *quota > 0).ok_or_else(wrong)?;
        let units = words.next_if_eq(&"units").is_some();
        let mut limit =
            Self { quota, per: None, units, tag: None, scope: LimitScope::Credential, headers: None };
        match (words.next(), words.next()) {
            (Some("per"), Some(per)) => limit.per = Some(duration(per).ok_or_else(wrong)?),
            (Some("at"), Some("once")) => {}
            _ => return Err(wrong()),
        }
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(wrong)?;
            match (word, value) {
                ("for", tag) => limit.tag = Some(tag.to_owned()),
                ("from", prefix) => limit.headers = Some(prefix.to_ascii_lowercase()),
                ("each", "address") => limit.scope = LimitScope::Ip,
                ("each", "app") => limit.scope = LimitScope::App,
                ("each", "credential") => limit.scope = LimitScope::Credential,
                ("each", "account") => limit.scope = LimitScope::Account,
                _ => return Err(wrong()),
            }
        }
        Ok(limit)
    }
}

impl std::fmt::Display for LimitLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.quota)?;
        if self.units {
            f.write_str(" units")?;
        }
        match self.per {
            Some(per) if per.subsec_millis() > 0 => write!(f, " per {}ms", per.as_millis())?,
            Some(per) => write!(f, " per {}s", per.as_secs())?,
            None => f.write_str(" at once")?,
        }
        if let Some(tag) = &self.tag {
            write!(f, " for {tag}")?;
        }
        match self.scope {
            LimitScope::Ip => f.write_str(" each address")?,
            LimitScope::App => f.write_str(" each app")?,
            LimitScope::Account => f.write_str(" each account")?,
            _ => {}
        }
        match &self.headers {
            Some(prefix) => write!(f, " from {prefix}"),
            None => Ok(()),
        }
    }
}
