//! The part of a link that the engine reads and writes: bases, writes under way, and what people were asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tieline_core::{Error, ErrorKind, FieldPath, OperationId, RawJson, Result, Text};
use tieline_store::pairings::{Link, PairSide, PairingId};

use crate::equality::ValueType;
use crate::fields::Fields;
use crate::merge::Both;
use crate::side::{SideRecord, SideWrite, WriteKind};

/// The most times that a field changes back and forth before a person is asked.
const MOST_FLIPS: u32 = 3;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkBody {
    /// What each side showed at the last agreement.
    pub(crate) bases: Both<Fields>,
    /// Writes that are decided and whose outcome is not stored yet.
    #[serde(default)]
    pub(crate) pending: Both<Option<PendingWrite>>,
    /// The last write to each side, by which a stale read is recognised.
    #[serde(default)]
    pub(crate) written: Both<Option<WrittenBefore>>,
    /// Fields that people were asked about.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) frozen: BTreeSet<FieldPath>,
    /// Their answers, until the next decision.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) resolved: BTreeMap<FieldPath, Option<PairSide>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) flips: BTreeMap<FieldPath, Flip>,
    /// Why it is parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parked: Option<Parked>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Parked {
    Refused,
    Quarrel,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingWrite {
    pub(crate) kind: WriteKind,
    /// The revision of the link that decided it: a part of the operation's id.
    pub(crate) revision: u64,
    pub(crate) fields: Fields,
    /// What the other side showed for these fields: its base, once this is written.
    pub(crate) source: Fields,
    /// What this side showed.
    pub(crate) before: Fields,
    #[serde(default)]
    pub(crate) version: Option<Text>,
    /// Whether the side has it.
    #[serde(default)]
    pub(crate) queued: bool,
    /// Whether people were asked what became of it.
    #[serde(default)]
    pub(crate) asked: bool,
    /// Whether the link ends with it: the other record is gone.
    #[serde(default)]
    pub(crate) last: bool,
}

impl PendingWrite {
    pub(crate) fn id(&self, pairing: &PairingId, link: &Link, side: PairSide) -> OperationId {
        OperationId::new(format!("{pairing}:{}:{}:{side}", link.at.link, self.revision))
    }

    pub(crate) fn write(&self, link: &Link, side: PairSide) -> SideWrite {
        let key = link.key(side).cloned();
        SideWrite::new(self.kind, key, self.fields.clone(), self.before.clone())
    }

    /// Whether it does the same as another.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.kind == other.kind && self.fields == other.fields && self.before == other.before
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenBefore {
    pub(crate) before: Fields,
    pub(crate) version: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flip {
    side: PairSide,
    /// A hash of the value that the last write replaced.
    from: String,
    count: u32,
}

fn hash(value: Option<&RawJson>) -> String {
    let normal = value.map(|value| ValueType::Text.normal(value)).unwrap_or_default();
    Sha256::digest(normal).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl LinkBody {
    pub(crate) fn of(link: &Link) -> Result<Self> {
        serde_json::from_str(link.body.get()).map_err(|_| {
            // The parser's message could quote a record.
            Error::new(ErrorKind::Internal, "what is stored of a link cannot be read")
                .with_advice("update the crate: a newer version may have stored it")
                .with_context("link", link.at.link)
        })
    }

    pub(crate) fn json(&self) -> Result<RawJson> {
        RawJson::of(self)
    }

    pub(crate) fn has_pending(&self) -> bool {
        self.pending.left.is_some() || self.pending.right.is_some()
    }

    /// Whether a side shows an answer from before our last write to it: the version and the values of then.
    pub(crate) fn is_stale(&self, side: PairSide, shown: &SideRecord) -> bool {
        self.written.of(side).as_ref().is_some_and(|written| {
            written.version.is_some()
                && written.version == shown.version
                && !written.before.is_empty()
                && written.before.iter().all(|(path, before)| shown.fields.get(path) == Some(before))
        })
    }

    /// Notes that a field of a side gets a value. Returns whether it changed back and forth too often.
    pub(crate) fn note_flip(
        &mut self,
        side: PairSide,
        path: &FieldPath,
        before: Option<&RawJson>,
        value: &RawJson,
    ) -> bool {
        let from = hash(before);
        let last = self.flips.get(path);
        let back = last.filter(|last| last.side != side && last.from == hash(Some(value)));
        let count = back.map_or(0, |last| last.count + 1);
        self.flips.insert(path.clone(), Flip { side, from, count });
        count >= MOST_FLIPS
    }
}
