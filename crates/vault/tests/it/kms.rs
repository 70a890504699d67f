//! A host's own KMS: keys wrap elsewhere, with errors of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretSlice};
use tieline_core::{Error, ErrorKind, Resend, Result};
use tieline_vault::{Context, KeyId, KeyProvider, Vault, WrappedKey};

use crate::{CONTEXT, TOKEN, bytes, shown, wait};

const ARN: &str = "arn:aws:kms:eu-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Keeps the keys itself and gives out tickets, as some KMS do; cannot bind a context.
#[derive(Debug, Default)]
struct Kms {
    keys: std::sync::Mutex<Vec<SecretSlice<u8>>>,
    unwrapped: Arc<AtomicU64>,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Down,
    ShortKey,
}

#[async_trait]
impl KeyProvider for Kms {
    fn current_key(&self) -> KeyId {
        KeyId::new(ARN).unwrap()
    }

    async fn wrap_key(&self, data_key: &SecretSlice<u8>, context: &Context<'_>) -> Result<WrappedKey> {
        tokio::task::yield_now().await;
        assert_eq!(
            (context.tenant(), context.connection(), context.name()),
            ("acme", "pipedrive-1", "api_token")
        );
        assert_eq!(data_key.expose_secret().len(), 32);
        let mut keys = self.keys.lock().unwrap();
        keys.push(bytes(data_key.expose_secret()));
        WrappedKey::new(self.current_key(), vec![u8::try_from(keys.len() - 1).unwrap()])
    }

    async fn unwrap_key(&self, wrapped: &WrappedKey, _: &Context<'_>) -> Result<SecretSlice<u8>> {
        tokio::task::yield_now().await;
        match self.fault {
            Some(Fault::Down) => Err(Error::new(ErrorKind::Unavailable, "the KMS is down")),
            Some(Fault::ShortKey) => Ok(bytes([1; 16])),
            None => {
                self.unwrapped.fetch_add(1, Ordering::Relaxed);
                let keys = self.keys.lock().unwrap();
                Ok(bytes(keys[usize::from(wrapped.as_bytes()[0])].expose_secret()))
            }
        }
    }
}

#[test]
fn a_hosts_own_kms_wraps() {
    let kms = Kms::default();
    let unwrapped = kms.unwrapped.clone();
    let vault = Vault::new(kms);
    let sealed = wait(vault.seal(&CONTEXT, &bytes(TOKEN))).unwrap();
    assert_eq!(sealed.key_id().as_str(), ARN);
    assert_eq!(unwrapped.load(Ordering::Relaxed), 0);
    assert_eq!(shown(&wait(vault.open(&CONTEXT, &sealed)).unwrap()), TOKEN.as_bytes());
    assert_eq!(unwrapped.load(Ordering::Relaxed), 1);
}

#[test]
fn the_data_is_bound_even_where_the_kms_binds_nothing() {
    let vault = Vault::new(Kms::default());
    let sealed = wait(vault.seal(&CONTEXT, &bytes(TOKEN))).unwrap();
    let elsewhere = Context::new("acme", "pipedrive-2", "api_token");
    assert_eq!(wait(vault.open(&elsewhere, &sealed)).unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn its_errors_keep_their_meaning() {
    for (fault, kind, resend) in [
        (Fault::Down, ErrorKind::Unavailable, Resend::IfIdempotent),
        (Fault::ShortKey, ErrorKind::Internal, Resend::Never),
    ] {
        let vault = Vault::new(Kms { fault: Some(fault), ..Kms::default() });
        let sealed = wait(vault.seal(&CONTEXT, &bytes(TOKEN))).unwrap();
        let error = wait(vault.open(&CONTEXT, &sealed)).unwrap_err();
        assert_eq!((error.kind(), error.resend()), (kind, resend));
        assert!(error.context().any(|fact| fact == ("connection", "pipedrive-1")), "{error}");
    }
}

#[test]
fn what_it_gives_is_bounded() {
    let id = || KeyId::new("k").unwrap();
    assert!(WrappedKey::new(id(), vec![0; WrappedKey::MAX_LENGTH]).is_ok());
    assert!(WrappedKey::new(id(), vec![0; WrappedKey::MAX_LENGTH + 1]).is_err());
    for bad in ["", "with space", "line\nbreak", "å", &"k".repeat(256)] {
        assert_eq!(KeyId::new(bad).unwrap_err().kind(), ErrorKind::Config);
    }
    assert!(KeyId::new("k".repeat(255)).is_ok());
}
