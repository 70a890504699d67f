/// A way to authenticate. Holds no secret: it says what a person is asked for and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// No credential.
    None,
    /// `Authorization: Bearer`.
    Bearer {
        /// What the token is called.
        title: String,
    },
    /// A key in a header.
    Header {
        /// The header's name.
        name: String,
        /// What stands before the key.
        prefix: String,
        /// What the key is called.
        title: String,
    },
    /// A key in the query.
    Query {
        /// The parameter's name.
        name: String,
        /// What the key is called.
        title: String,
    },
    /// `Authorization: Basic`.
    Basic {
        /// What the user's name is called.
        user: String,
        /// What the password is called.
        password: String,
    },
    /// OAuth 2.
    OAuth(OAuth),
}

/// OAuth 2 of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuth {
    /// Where a person consents; none for client credentials.
    pub authorize: Option<String>,
    /// Where tokens are asked for.
    pub token: String,
    /// Where tokens are taken back.
    pub revoke: Option<String>,
    /// Whether the client authenticates in the form instead of by Basic.
    pub client_in_body: bool,
    /// The scopes that are asked for.
    pub scopes: Vec<String>,
    /// Whether the provider checks PKCE.
    pub pkce: bool,
    /// Whether a refresh token dies when it is used.
    pub one_time: bool,
}
