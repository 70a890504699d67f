/// How the files of an action are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upload {
    /// The form of the body.
    pub kind: UploadKind,
    /// The name of a file's part; the name of its input when absent.
    pub part: Option<String>,
}

/// The form of a body with files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UploadKind {
    /// The file's bytes are the body.
    Raw,
    /// `multipart/form-data`, with the request's form as further parts.
    Form,
    /// `multipart/related`: the request's body, then the file.
    Related,
}
