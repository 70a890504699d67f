use tieline_core::ErrorKind;
use tieline_vault::{Context, KeyProvider, KeyRing, Sealed, Vault};

use crate::{CONTEXT, TOKEN, bytes, key, shown, vault, wait};

#[test]
fn after_a_rotation_the_old_key_is_not_needed() {
    let before = vault(1);
    let old = wait(before.seal(&CONTEXT, &bytes(TOKEN))).unwrap();
    assert!(!before.needs_rewrap(&old));

    let during = Vault::new(KeyRing::new(key(2)).with_older(key(1)));
    assert!(during.needs_rewrap(&old));
    assert_eq!(shown(&wait(during.open(&CONTEXT, &old)).unwrap()), TOKEN.as_bytes());
    let new = wait(during.rewrap(&CONTEXT, &old)).unwrap();
    assert!(!during.needs_rewrap(&new));
    assert_eq!(new.key_id(), key(2).id());

    let after = vault(2);
    assert_eq!(shown(&wait(after.open(&CONTEXT, &new)).unwrap()), TOKEN.as_bytes());
    assert_eq!(wait(after.open(&CONTEXT, &old)).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(wait(before.open(&CONTEXT, &new)).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn rewrapping_leaves_the_data_as_it_is() {
    let old = wait(vault(1).seal(&CONTEXT, &bytes(TOKEN))).unwrap().to_bytes();
    let during = Vault::new(KeyRing::new(key(2)).with_older(key(1)));
    let new = wait(during.rewrap(&CONTEXT, &Sealed::from_bytes(&old).unwrap())).unwrap().to_bytes();
    let data = 12 + TOKEN.len() + 16;
    assert_eq!(new.len(), old.len());
    assert_eq!(new[new.len() - data..], old[old.len() - data..]);
    assert_ne!(new[..new.len() - data], old[..old.len() - data]);
}

#[test]
fn rewrapping_finds_a_moved_row_and_an_unknown_key() {
    let old = wait(vault(1).seal(&CONTEXT, &bytes(TOKEN))).unwrap();
    let during = Vault::new(KeyRing::new(key(2)).with_older(key(1)));
    let elsewhere = Context::new("other tenant", "pipedrive-1", "api_token");
    assert_eq!(wait(during.rewrap(&elsewhere, &old)).unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(wait(vault(3).rewrap(&CONTEXT, &old)).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn a_key_counts_once_and_the_first_is_current() {
    let ring = KeyRing::new(key(1)).with_older(key(2)).with_older(key(1)).with_older(key(2));
    assert_eq!(ring.key_ids().collect::<Vec<_>>(), [key(1).id(), key(2).id()]);
    assert_eq!(ring.current_key(), *key(1).id());
}

/// A key id is a label that anybody who can write the row can change.
#[test]
fn a_value_that_names_another_key_of_the_ring_is_refused() {
    let vault = Vault::new(KeyRing::new(key(2)).with_older(key(1)));
    let mut relabelled = wait(vault.seal(&CONTEXT, &bytes(TOKEN))).unwrap().to_bytes();
    relabelled[2..18].copy_from_slice(key(1).id().as_str().as_bytes());
    let relabelled = Sealed::from_bytes(&relabelled).unwrap();
    assert_eq!(wait(vault.open(&CONTEXT, &relabelled)).unwrap_err().kind(), ErrorKind::Internal);
}
