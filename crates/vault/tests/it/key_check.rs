use tieline_core::ErrorKind;
use tieline_vault::{Context, KeyRing, Sealed, Vault};

use crate::{bytes, key, vault, wait};

#[test]
fn the_right_key_passes_and_a_wrong_one_is_found() {
    let check = wait(vault(1).key_check()).unwrap();
    wait(vault(1).verify(&check)).unwrap();
    assert_eq!(wait(vault(2).verify(&check)).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn it_passes_during_a_rotation_and_asks_for_a_new_one() {
    let check = wait(vault(1).key_check()).unwrap();
    let during = Vault::new(KeyRing::new(key(2)).with_older(key(1)));
    wait(during.verify(&check)).unwrap();
    assert!(during.needs_rewrap(&check));
    let check = wait(during.key_check()).unwrap();
    assert!(!during.needs_rewrap(&check));
    wait(vault(2).verify(&check)).unwrap();
}

#[test]
fn a_secret_is_no_check_and_a_check_no_secret() {
    let vault = vault(1);
    let check = wait(vault.key_check()).unwrap();
    for name in ["", "key check"] {
        let context = Context::new("", "", name);
        let secret = wait(vault.seal(&context, &bytes("tieline-vault"))).unwrap();
        assert_eq!(wait(vault.verify(&secret)).unwrap_err().kind(), ErrorKind::Internal);
        assert_eq!(wait(vault.open(&context, &check)).unwrap_err().kind(), ErrorKind::Internal);
    }
}

#[test]
fn an_altered_check_is_no_wrong_key() {
    let vault = vault(1);
    let mut check = wait(vault.key_check()).unwrap().to_bytes();
    *check.last_mut().unwrap() ^= 1;
    let error = wait(vault.verify(&Sealed::from_bytes(&check).unwrap())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
}
