use std::fmt;

/// What a grant lacks, seen at once instead of at the request that needs it. `Display` says it to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantWarning {
    /// These scopes were asked for and not granted: the person took them out, or the app lacks them.
    MissingScopes(Vec<String>),
    /// The provider gave no refresh token: the connection ends with its access token.
    NoRefreshToken,
}

impl fmt::Display for GrantWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingScopes(scopes) => write!(
                f,
                "these scopes were asked for and not granted: {}; what needs them will be refused",
                scopes.join(", ")
            ),
            Self::NoRefreshToken => f.write_str(
                "the provider gave no refresh token, so the connection ends with its access token; ask for offline \
                 access, or let the customer take the app's access back at the provider and connect again",
            ),
        }
    }
}
