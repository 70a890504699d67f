//! Reads: what a caller asks for, and the filters of a read.

use std::pin::Pin;

use futures_core::Stream;
use serde::{Deserialize, Serialize};

use crate::{Batch, EntityName, Error, FieldPath, Partition, RawJson, Result, State};

/// A lazy stream of batches. Dropping it cancels the read.
pub type BatchStream = Pin<Box<dyn Stream<Item = Result<Batch>> + Send>>;

/// For [`Connector::read`](crate::Connector::read).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadRequest {
    /// The entity, or the group of entities that share a state.
    pub entity: EntityName,
    /// The extent of the read.
    pub mode: ReadMode,
    /// A part of the entity.
    pub partition: Option<Partition>,
    /// The state that an earlier read ended with.
    pub state: Option<State>,
    /// Only these fields, where the provider can; all when empty.
    pub fields: Vec<FieldPath>,
    /// Only records that pass all of these. A connector refuses a filter that it cannot apply.
    pub filters: Vec<Filter>,
    /// Records per page; the provider's best by default. Bounded by what the provider allows.
    pub page_size: Option<u32>,
    /// End after so many records. The pass is then partial.
    pub max_records: Option<u64>,
}

impl ReadRequest {
    /// Reads what changed since the state; everything without one.
    pub fn changes(entity: impl Into<EntityName>) -> Self {
        Self {
            entity: entity.into(),
            mode: ReadMode::Changes,
            partition: None,
            state: None,
            fields: Vec::new(),
            filters: Vec::new(),
            page_size: None,
            max_records: None,
        }
    }

    /// Reads everything. A state resumes a full pass that was interrupted; a finished one begins anew.
    pub fn full(entity: impl Into<EntityName>) -> Self {
        Self { mode: ReadMode::Full, ..Self::changes(entity) }
    }

    /// Reads the keys of everything.
    pub fn keys(entity: impl Into<EntityName>) -> Self {
        Self { mode: ReadMode::Keys, ..Self::changes(entity) }
    }

    /// Goes on from a state.
    #[must_use]
    pub fn with_state(mut self, state: Option<State>) -> Self {
        self.state = state;
        self
    }

    /// Sets the partition.
    #[must_use]
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Sets the fields.
    #[must_use]
    pub fn with_fields(mut self, fields: impl IntoIterator<Item = FieldPath>) -> Self {
        self.fields = fields.into_iter().collect();
        self
    }

    /// Adds a filter.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// Sets the page size, in records.
    #[must_use]
    pub fn with_page_size(mut self, records: u32) -> Self {
        self.page_size = Some(records);
        self
    }

    /// Ends after so many records.
    #[must_use]
    pub fn with_max_records(mut self, records: u64) -> Self {
        self.max_records = Some(records);
        self
    }
}

/// The extent of a read, and of the pass that a batch belongs to. Written as `full`, `changes` and `keys`; the words are
/// part of stored states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReadMode {
    /// All records of the entity. At the complete end of such a pass, a key that was not seen is gone.
    Full,
    /// Records that changed since the state. A request without a state reads everything, and its batches belong to a full pass.
    Changes,
    /// The keys of all records. At the complete end of such a pass, a key that was not seen is gone.
    Keys,
}

/// A condition on a field that the provider applies.
///
/// ```
/// use tieline_core::{FieldPath, Filter, FilterOp, RawJson};
///
/// let open = Filter::equals(FieldPath::field("status"), RawJson::parse(r#""open""#)?);
/// assert!(open.require(&[FilterOp::Eq]).is_ok());
/// let large = Filter::new(FieldPath::field("value"), FilterOp::Ge, RawJson::parse("1000.50")?);
/// assert!(large.require(&[FilterOp::Eq]).is_err());
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Filter {
    /// The field.
    pub field: FieldPath,
    /// The comparison.
    pub op: FilterOp,
    /// The value that the field is compared with; a JSON array for [`FilterOp::In`].
    pub value: RawJson,
}

impl Filter {
    /// A condition on a field.
    pub fn new(field: FieldPath, op: FilterOp, value: RawJson) -> Self {
        Self { field, op, value }
    }

    /// The field has this value.
    pub fn equals(field: FieldPath, value: RawJson) -> Self {
        Self::new(field, FilterOp::Eq, value)
    }

    /// Checks that the comparison is one of these.
    ///
    /// # Errors
    ///
    /// `Unsupported`, with the field and what can be done instead.
    pub fn require(&self, known: &[FilterOp]) -> Result<()> {
        if known.contains(&self.op) {
            return Ok(());
        }
        let words: Vec<&str> = known.iter().map(|op| op.as_str()).collect();
        Err(Error::unsupported(format_args!("filtering with {:?}", self.op.as_str()))
            .with_advice(if words.is_empty() {
                "read without filters".to_owned()
            } else {
                format!("use {}", words.join(", "))
            })
            .with_context("field", &self.field))
    }
}

/// The comparison of a filter, written as `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in` and `like`. How texts, times and nulls
/// are compared is the provider's affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FilterOp {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Equal to an item of a list.
    In,
    /// Matches a pattern in which `%` stands for any text.
    Like,
}

impl FilterOp {
    /// Returns the word for it, as it is serialized.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::In => "in",
            Self::Like => "like",
        }
    }
}
