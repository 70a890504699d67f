use proptest::prelude::*;
use secrecy::ExposeSecret;
use tieline_core::ErrorKind;
use tieline_vault::{Context, MAX_SECRET, Sealed, Vault};

use crate::{CONTEXT, TOKEN, bytes, shown, text, vault, wait};

fn sealed(vault: &Vault, secret: &[u8]) -> Sealed {
    wait(vault.seal(&CONTEXT, &bytes(secret))).unwrap()
}

proptest! {
    #[test]
    fn what_was_sealed_opens(
        secret: Vec<u8>,
        [tenant, connection, name]: [String; 3],
    ) {
        let (vault, context) = (vault(1), Context::new(&tenant, &connection, &name));
        let sealed = wait(vault.seal(&context, &bytes(secret.clone()))).unwrap();
        let stored = [Sealed::parse(&sealed.to_string()), Sealed::from_bytes(&sealed.to_bytes())];
        for stored in stored {
            let stored = stored.unwrap();
            prop_assert_eq!(&stored, &sealed);
            let opened = wait(vault.open(&context, &stored)).unwrap();
            prop_assert_eq!(shown(&opened), &secret);
        }
    }

    #[test]
    fn another_context_opens_nothing(one: [String; 3], other: [String; 3]) {
        prop_assume!(one != other);
        let vault = vault(1);
        let sealed = wait(vault.seal(&Context::new(&one[0], &one[1], &one[2]), &bytes(TOKEN))).unwrap();
        let other = Context::new(&other[0], &other[1], &other[2]);
        prop_assert_eq!(wait(vault.open(&other, &sealed)).unwrap_err().kind(), ErrorKind::Internal);
        prop_assert_eq!(wait(vault.rewrap(&other, &sealed)).unwrap_err().kind(), ErrorKind::Internal);
    }

    #[test]
    fn no_input_makes_reading_panic(bytes: Vec<u8>, word in "(tlv1_)?[A-Za-z0-9_=+/-]{0,300}", any: String) {
        // What can be read is written the same way again.
        if let Ok(sealed) = Sealed::from_bytes(&bytes) {
            prop_assert_eq!(sealed.to_bytes(), bytes);
        }
        for text in [word, any] {
            if let Ok(sealed) = Sealed::parse(&text) {
                prop_assert_eq!(sealed.to_string(), text);
            }
        }
    }

    #[test]
    fn lengths_that_promise_too_much_are_refused(id: u8, wrapped: u16, rest in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut bytes = vec![1, id];
        bytes.extend(std::iter::repeat_n(b'k', id.into()));
        bytes.extend(wrapped.to_be_bytes());
        bytes.extend(&rest);
        let enough = id > 0 && wrapped <= 8192 && rest.len() >= usize::from(wrapped) + 12 + 16;
        prop_assert_eq!(Sealed::from_bytes(&bytes).is_ok(), enough);
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let vault = vault(1);
    let good = sealed(&vault, TOKEN.as_bytes()).to_bytes();
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let opened = Sealed::from_bytes(&bad).map(|bad| wait(vault.open(&CONTEXT, &bad)));
        assert!(!matches!(opened, Ok(Ok(_))), "bit {bit}");
    }
    for length in 0..good.len() {
        let opened = Sealed::from_bytes(&good[..length]).map(|bad| wait(vault.open(&CONTEXT, &bad)));
        assert!(!matches!(opened, Ok(Ok(_))), "length {length}");
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert!(wait(vault.open(&CONTEXT, &Sealed::from_bytes(&longer).unwrap())).is_err());
}

#[test]
fn every_changed_character_is_refused() {
    let vault = vault(1);
    let good = sealed(&vault, TOKEN.as_bytes()).to_string();
    for at in 0..good.len() {
        for other in ['A', 'B', 'a', '-', '_', '0', '=', ' '] {
            if good.as_bytes()[at] != other as u8 {
                let bad = format!("{}{other}{}", &good[..at], &good[at + 1..]);
                let opened = Sealed::parse(&bad).map(|bad| wait(vault.open(&CONTEXT, &bad)));
                assert!(!matches!(opened, Ok(Ok(_))), "{other} at {at}");
            }
        }
    }
}

#[test]
fn swapped_parts_of_two_values_are_refused() {
    let vault = vault(1);
    let [one, other] =
        [b"the first secret".as_slice(), b"and another one!"].map(|secret| sealed(&vault, secret).to_bytes());
    assert_eq!(one.len(), other.len());
    // Version, key id, wrapped key (nonce, data key, tag), nonce, ciphertext and tag.
    let ends = [1, 18, 18 + 2 + 60, 18 + 2 + 60 + 12, one.len()];
    for part in 1..ends.len() {
        let (start, end) = (ends[part - 1], ends[part]);
        let mut mixed = one.clone();
        mixed[start..end].copy_from_slice(&other[start..end]);
        let same_key_id = part == 1;
        let opened = wait(vault.open(&CONTEXT, &Sealed::from_bytes(&mixed).unwrap()));
        assert_eq!(opened.is_ok(), same_key_id, "part {part}");
    }
}

#[test]
fn the_same_secret_is_never_sealed_the_same_way_twice() {
    let vault = vault(1);
    let [one, other] = [(); 2].map(|()| sealed(&vault, TOKEN.as_bytes()).to_bytes());
    // Past the key id: data key, nonces and ciphertext are all new.
    for (start, end) in [(20, 32), (32, 80), (80, 92), (92, one.len())] {
        assert_ne!(one[start..end], other[start..end]);
    }
}

#[test]
fn secrets_are_bounded() {
    let vault = vault(1);
    let longest = sealed(&vault, &vec![7; MAX_SECRET]);
    let stored = Sealed::parse(&longest.to_string()).unwrap();
    assert_eq!(shown(&wait(vault.open(&CONTEXT, &stored)).unwrap()).len(), MAX_SECRET);

    let error = wait(vault.seal(&CONTEXT, &bytes(vec![7; MAX_SECRET + 1]))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(Sealed::from_bytes(&[longest.to_bytes(), vec![0]].concat()).is_err());
    assert!(Sealed::parse(&format!("tlv1_{}", "A".repeat(10_000_000))).is_err());
}

#[test]
fn text_stays_text() {
    let vault = vault(1);
    let stored = wait(vault.seal_text(&CONTEXT, &text("lösenord ✓"))).unwrap();
    assert_eq!(wait(vault.open_text(&CONTEXT, &stored)).unwrap().expose_secret(), "lösenord ✓");
    assert_eq!(shown(&wait(vault.open(&CONTEXT, &stored)).unwrap()), "lösenord ✓".as_bytes());

    let stored = sealed(&vault, &[0xff, 0xfe]);
    assert_eq!(wait(vault.open_text(&CONTEXT, &stored)).unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn serde_writes_one_word() {
    let vault = vault(1);
    let stored = sealed(&vault, TOKEN.as_bytes());
    let json = serde_json::to_string(&stored).unwrap();
    assert_eq!(json, format!("\"{stored}\""));
    assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), stored);
    assert_eq!(serde_json::from_reader::<_, Sealed>(json.as_bytes()).unwrap(), stored);
    assert!(serde_json::from_str::<Sealed>("\"in clear\"").is_err());
}
