use std::collections::BTreeMap;
use std::sync::Arc;

/// The rules under which a description is loaded.
///
/// ```
/// use tieline_rest::LoadOptions;
///
/// let options = LoadOptions::shipped();
/// assert!(options.is_strict() && !options.is_of_tenant());
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LoadOptions {
    strict: bool,
    tenant: bool,
    files: Library,
}

impl LoadOptions {
    /// The rules of a host's own file: records, keys and times may be left to what is seen.
    pub fn new() -> Self {
        Self::default()
    }

    /// The rules of a file that a connector crate ships: records, key, time of change and page size are written down, so
    /// that an odd answer never changes how a provider is read.
    pub fn shipped() -> Self {
        Self { strict: true, ..Self::default() }
    }

    /// The rules of a tenant's file: one origin, https only, and nothing that is the host's.
    pub fn tenant() -> Self {
        Self { tenant: true, ..Self::default() }
    }

    /// Sets the files that `like` can name.
    #[must_use]
    pub fn with_library(mut self, files: Library) -> Self {
        self.files = files;
        self
    }

    /// Whether the file must write everything down.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Whether a tenant wrote the file.
    pub fn is_of_tenant(&self) -> bool {
        self.tenant
    }

    pub(crate) fn files(&self) -> &Library {
        &self.files
    }
}

/// Descriptions by name, for `like`.
#[derive(Clone, Default)]
pub struct Library {
    files: Arc<BTreeMap<String, (String, String)>>,
}

impl Library {
    /// A library without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file under the name that `like` uses.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, file: impl Into<String>, text: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.files).insert(name.into(), (file.into(), text.into()));
        self
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The file's name and text.
    pub(crate) fn get(&self, name: &str) -> Option<(&str, &str)> {
        self.files.get(name).map(|(file, text)| (file.as_str(), text.as_str()))
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.files.keys()).finish()
    }
}
