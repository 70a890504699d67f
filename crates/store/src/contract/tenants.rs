//! One tenant and another: the same names on both sides, and every method of every trait.

use std::time::Duration;

use tieline_core::{Change, Deletion, Error, ErrorKind, FieldPath, Operation, RecordLookup, WriteOp};

use super::host::*;
use super::isolation::fill;
use super::world::{
    self, CONNECTION, Snapshot, TARGET, changes, deals, json, persons, row, snapshot, upserts,
};
use crate::connections::{
    ConnectionChange, ConnectionFilter, Consent, ConsentState, Fence, PutSecret, RunReport,
};
use crate::outbox::{Answer, Claim, Entry, EntryRevision, Status};
use crate::{Commit, ConnectionId, Counts, Position, ReadVersion};

const STATE: ConsentState = ConsentState::new([7; 32]);

/// A connection that waits for its customer, with a secret that nobody is renewing.
const DEAD: &str = "dead";

/// A tenant with something of everything.
struct Filled {
    fence: Fence,
    mark: EntryRevision,
    question: EntryRevision,
}

fn operations() -> [Operation; 4] {
    let create = |id: &str| Operation::new(id, WriteOp::create(json("{}")));
    [create("sent"), create("asked"), create("done"), create("waits")]
}

fn consent() -> Consent {
    Consent::new(STATE, CONNECTION, "pipedrive", [1; 32], at(600))
}

async fn fill_all(store: &dyn WholeStore, n: u32) -> Filled {
    let id = ConnectionId::from(CONNECTION);
    make_with_secret(store, CONNECTION).await;
    let due = PutSecret::new(some().await).with_renew_by(Some(at(50)));
    store.put_secret(&id, "oauth2", due, &anna(), at(0)).await.unwrap();
    fill(store, CONNECTION, n).await;
    let renamed = vec![world::upsert("7", n + 4)];
    assert_eq!(world::put(store, changes(&persons(), renamed, n + 1)).await.mirror.updated, 1);
    assert_eq!(world::stale(store).await, ["0001"]);
    store.enqueue(&id, &"deals".into(), &operations()).await.unwrap();
    let sent = store.claim(&id, &Claim::new(Duration::from_secs(60), 3)).await.unwrap();
    store.advance(&id, sent[2].at_revision(), Status::Applied { key: None }, None).await.unwrap();
    store.advance(&id, sent[1].at_revision(), Status::NeedsReview, Some("?".to_owned())).await.unwrap();
    let fence = lease(store, CONNECTION, 60).await.unwrap();
    store.begin_renewal(&id, "oauth2", 2, fence, at(0)).await.unwrap();
    store.begin_consent(consent(), at(0)).await.unwrap();
    make_with_secret(store, DEAD).await;
    let dead = Error::new(ErrorKind::Unauthenticated, "the token is used up");
    store.report(&DEAD.into(), RunReport::failed(at(0), &dead), &sync()).await.unwrap();
    let asked = store.entry(&id, &"asked".into()).await.unwrap().unwrap();
    Filled { fence, mark: sent[0].at_revision(), question: asked.at_revision() }
}

/// Everything that can be read of a tenant without changing it.
async fn all(store: &dyn WholeStore) -> (Snapshot, Vec<Entry>, Everything, ReadVersion) {
    let id = ConnectionId::from(CONNECTION);
    (
        snapshot(store, CONNECTION).await,
        store.entries(&id, None, None, u32::MAX).await.unwrap(),
        everything(store).await,
        store.read_version(&id).await.unwrap(),
    )
}

/// What can only be seen by using it is there still: the lease and the consent.
async fn is_whole(store: &dyn WholeStore, filled: &Filled) {
    let id = ConnectionId::from(CONNECTION);
    assert_eq!(lease(store, CONNECTION, 60).await, None, "somebody else took the lease's end");
    assert!(store.prolong(&id, "oauth2", filled.fence, Duration::from_secs(60)).await.unwrap());
    assert_eq!(store.take_consent(&STATE).await.unwrap(), Some(consent()));
}

/// A tenant who has nothing sees nothing of another who has everything, by any method, and can do nothing to it.
pub async fn a_tenant_sees_nothing_of_another(world: &Tenants<'_>) {
    let (store, other) = (world.store, world.other);
    let id = ConnectionId::from(CONNECTION);
    let filled = fill_all(store, 1).await;
    let before = all(store).await;

    assert_eq!(other.position(&deals()).await.unwrap(), Position::default());
    assert_eq!(other.read_version(&id).await.unwrap(), ReadVersion::default());
    let need = RecordLookup::new("persons", "7", FieldPath::field("n"));
    assert!(other.resolve(&id, std::slice::from_ref(&need)).await.unwrap().resolved.is_empty());
    assert!(other.load(&id, &"deals".into(), &["0001".into()]).await.unwrap().is_empty());
    assert!(other.stale(&id, &TARGET.into(), None, 9).await.unwrap().is_empty());
    assert!(other.rows(&id, &TARGET.into(), None, 9).await.unwrap().is_empty());
    assert!(other.records(&id, &"deals".into(), None, 9).await.unwrap().is_empty());
    assert_eq!(other.counts(&id).await.unwrap(), Counts::default());
    other.reset(&deals()).await.unwrap();
    other.drop_target(&id, &TARGET.into()).await.unwrap();
    let remap = Commit::remap(CONNECTION, before.3).with_target(TARGET, vec![row("0001", 9, &[])]);
    assert_eq!(kind(other.commit(remap).await), ErrorKind::Config, "its target is not open");
    let revision = store.position(&deals()).await.unwrap().revision;
    let commit = changes(&deals(), upserts(0..9, 9), 9).expecting(revision);
    assert_eq!(
        kind(other.commit(commit).await),
        ErrorKind::Conflict,
        "a revision is good for its own tenant"
    );
    other.erase(&id).await.unwrap();

    assert!(other.entries(&id, None, None, 9).await.unwrap().is_empty());
    assert!(other.entry(&id, &"sent".into()).await.unwrap().is_none());
    assert!(other.unsettled(&id, None, 9).await.unwrap().is_empty());
    assert!(other.claim(&id, &Claim::new(Duration::from_secs(60), 9)).await.unwrap().is_empty());
    assert!(!other.renew(&id, &[filled.mark], Duration::from_secs(60)).await.unwrap());
    for mark in [filled.mark, filled.question] {
        assert_eq!(other.advance(&id, mark, Status::Rejected, None).await.unwrap(), None);
    }
    let answer = other.answer(&id, &"asked".into(), Answer::NotDone).await;
    assert_eq!(kind(answer), ErrorKind::NotFound);
    assert_eq!(other.prune(&id, Duration::ZERO).await.unwrap(), 0);

    assert_eq!(other.connection(&id).await.unwrap(), None);
    assert!(ids(other, &ConnectionFilter::default(), 9).await.is_empty());
    let rename = ConnectionChange { name: Some("stolen".to_owned()), ..Default::default() };
    assert_eq!(kind(other.change(&id, rename, &anna(), at(1)).await), ErrorKind::NotFound);
    other.report(&id, RunReport::went_well(at(1)), &sync()).await.unwrap();
    assert!(!other.remove(&id, &anna(), at(1)).await.unwrap());
    assert!(log(other).await.is_empty());
    assert!(other.audit(Some(&id), None, 9).await.unwrap().is_empty());

    assert_eq!(secret(other, CONNECTION).await, None);
    assert!(other.secrets(None, 9).await.unwrap().is_empty());
    assert!(other.renewals_due(at(999), None, 9).await.unwrap().is_empty());
    let given = [PutSecret::new(some().await), PutSecret::renewal(some().await, 2, filled.fence)];
    for put in given {
        let put = other.put_secret(&id, "oauth2", put, &anna(), at(1)).await;
        assert_eq!(kind(put), ErrorKind::NotFound);
    }
    let fence = filled.fence;
    assert_eq!(kind(other.begin_renewal(&id, "oauth2", 2, fence, at(1)).await), ErrorKind::Conflict);
    assert_eq!(kind(other.cancel_renewal(&id, "oauth2", 2, fence).await), ErrorKind::Conflict);
    assert!(!other.rewrap_secret(&id, "oauth2", 2, some().await, &anna(), at(1)).await.unwrap());
    assert!(!other.delete_secret(&id, "oauth2", &anna(), at(1)).await.unwrap());

    assert!(!other.prolong(&id, "oauth2", fence, Duration::MAX).await.unwrap());
    other.release(&id, "oauth2", fence).await.unwrap();
    assert_eq!(other.take_consent(&STATE).await.unwrap(), None);
    let mut ends_others = consent();
    ends_others.state = ConsentState::new([8; 32]);
    other.begin_consent(ends_others, at(900)).await.unwrap();

    assert_eq!(all(store).await, before);
    is_whole(store, &filled).await;
}

/// Two tenants have the same names for everything, and each changes its own.
pub async fn tenants_may_use_the_same_names(world: &Tenants<'_>) {
    let (store, other) = (world.store, world.other);
    let id = ConnectionId::from(CONNECTION);
    let filled = fill_all(store, 1).await;
    let before = all(store).await;
    let theirs = fill_all(other, 2).await;
    assert_eq!(all(store).await, before);
    assert_ne!(theirs.fence, filled.fence, "numbers follow the clock");

    // Marks, tokens and fences of one are nothing to the other.
    assert_eq!(other.advance(&id, filled.mark, Status::Rejected, None).await.unwrap(), None);
    assert!(!other.renew(&id, &[filled.mark], Duration::from_secs(60)).await.unwrap());
    assert!(!other.prolong(&id, "oauth2", filled.fence, Duration::MAX).await.unwrap());
    let stolen = PutSecret::renewal(some().await, 2, filled.fence);
    assert_eq!(kind(other.put_secret(&id, "oauth2", stolen, &anna(), at(1)).await), ErrorKind::Conflict);
    let revision = store.position(&deals()).await.unwrap().revision;
    let commit = changes(&deals(), Vec::new(), 9).expecting(revision);
    assert_eq!(kind(other.commit(commit).await), ErrorKind::Conflict);

    // Whatever the other does with its own.
    world::put(other, changes(&persons(), vec![world::upsert("7", 9)], 9)).await;
    let gone = vec![Change::Delete(Deletion::new("0001"))];
    world::put(other, changes(&deals(), gone, 9)).await;
    world::put(other, world::full(&persons(), Vec::new(), 10)).await;
    other.open_target(&id, &TARGET.into(), &"deals".into(), "second").await.unwrap();
    other.reset(&deals()).await.unwrap();
    other.answer(&id, &"asked".into(), Answer::Done { key: None }).await.unwrap();
    other.advance(&id, theirs.mark, Status::Rejected, None).await.unwrap();
    assert_eq!(other.prune(&id, Duration::ZERO).await.unwrap(), 3);
    let fence = lease(other, DEAD, 60).await.unwrap();
    other.begin_renewal(&DEAD.into(), "oauth2", 1, fence, at(1)).await.unwrap();
    assert_eq!(put(other, DEAD, PutSecret::new(some().await)).await, Ok(2));
    let off = ConnectionChange { active: Some(false), ..Default::default() };
    other.change(&id, off, &anna(), at(1)).await.unwrap();
    other.report(&id, RunReport::went_well(at(1)), &sync()).await.unwrap();
    assert!(other.renewals_due(at(999), None, 9).await.unwrap().is_empty());
    assert_eq!(store.renewals_due(at(999), None, 9).await.unwrap().len(), 1);
    assert!(other.rewrap_secret(&id, "oauth2", 2, some().await, &anna(), at(1)).await.unwrap());
    other.cancel_renewal(&id, "oauth2", 2, theirs.fence).await.unwrap();
    let renewed = PutSecret::renewal(some().await, 2, theirs.fence);
    assert_eq!(other.put_secret(&id, "oauth2", renewed, &sync(), at(1)).await.unwrap(), 3);
    assert!(other.delete_secret(&id, "oauth2", &anna(), at(1)).await.unwrap());
    other.release(&id, "oauth2", theirs.fence).await.unwrap();
    assert!(lease(other, CONNECTION, 60).await.is_some());
    assert_eq!(other.take_consent(&STATE).await.unwrap(), Some(consent()));
    assert_eq!(all(store).await, before);
    other.drop_target(&id, &TARGET.into()).await.unwrap();
    assert!(other.remove(&id, &anna(), at(2)).await.unwrap());
    fill(other, CONNECTION, 3).await;
    other.erase(&id).await.unwrap();
    assert_eq!(all(store).await, before);
    is_whole(store, &filled).await;
}

/// Whatever is asked, no answer and no error shows what was sealed.
pub async fn no_answer_shows_a_secret(world: &Tenants<'_>) {
    let store = world.store;
    let id = ConnectionId::from(CONNECTION);
    let vault = vault();
    let sealed = sealed(&vault, CONNECTION, "oauth2", "token").await;
    let mut texts = Vec::new();
    let secrets = vec![("oauth2".to_owned(), PutSecret::new(sealed.clone()).with_renew_by(Some(at(1))))];
    texts.push(format!("{secrets:?}"));
    texts.push(format!("{:?}", store.create(new(CONNECTION), secrets, &anna(), at(0)).await));
    texts.push(format!("{:?}", store.create(new(CONNECTION), Vec::new(), &anna(), at(0)).await));
    let fence = lease(store, CONNECTION, 60).await.unwrap();
    texts.push(format!("{:?}", store.begin_renewal(&id, "oauth2", 1, fence, at(0)).await));
    for put in [
        PutSecret::renewal(sealed.clone(), 1, fence),
        PutSecret::renewal(sealed.clone(), 1, fence),
        PutSecret::renewal(sealed.clone(), 2, Fence::new(0)),
    ] {
        texts.push(format!("{:?}", store.put_secret(&id, "oauth2", put, &sync(), at(1)).await));
    }
    let nowhere =
        store.put_secret(&"erp".into(), "oauth2", PutSecret::new(sealed.clone()), &sync(), at(1)).await;
    texts.push(format!("{nowhere:?}"));
    texts.push(format!("{:?}", store.rewrap_secret(&id, "oauth2", 2, sealed.clone(), &sync(), at(1)).await));
    let mut consent = consent();
    consent.verifier = Some(sealed.clone());
    texts.push(format!("{:?}", store.begin_consent(consent.clone(), at(0)).await));
    texts.push(format!("{:?}", store.begin_consent(consent, at(0)).await));
    texts.push(format!("{:?}", store.take_consent(&STATE).await));
    texts.push(format!("{:?}", store.renewals_due(at(9), None, 9).await));
    texts.push(format!("{store:?} {:?}", everything(store).await));
    texts.push(format!("{:?}", store.delete_secret(&id, "oauth2", &sync(), at(1)).await));
    texts.push(format!("{:?}", store.remove(&id, &sync(), at(1)).await));
    texts.push(format!("{:?}", log(store).await));
    let all = texts.join("\n");
    let bytes = format!("{:?}", &sealed.to_bytes()[60..70]);
    assert!(
        all.contains("secret_renewed") || all.contains("SecretRenewed"),
        "the search would find something"
    );
    assert!(!all.contains(CANARY) && !all.contains(bytes.trim_matches(['[', ']'])), "{all}");
    let text = sealed.to_string();
    assert!(!all.contains(text.trim_start_matches("tlv1_")), "not even sealed, where nobody asked for it");
}
