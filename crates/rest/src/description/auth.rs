/// A way to authenticate. Holds no secret: it says what a person is asked for and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// No credential.
    None,
    /// `Authorization: Bearer`.
    Bearer {
        /// The label of the token's field.
        title: String,
    },
    /// A key in a header.
    Header {
        /// The header's name.
        name: String,
        /// The text before the key.
        prefix: String,
        /// The label of the key's field.
        title: String,
    },
    /// A key in the query.
    Query {
        /// The parameter's name.
        name: String,
        /// The label of the key's field.
        title: String,
    },
    /// `Authorization: Basic`.
    Basic {
        /// The label of the user name's field.
        user: String,
        /// The label of the password's field.
        password: String,
    },
    /// OAuth 2.
    OAuth(OAuth),
}

/// OAuth 2 of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuth {
    /// The address of the consent; none for client credentials.
    pub authorize: Option<String>,
    /// The address that gives tokens.
    pub token: String,
    /// The address that revokes tokens.
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
