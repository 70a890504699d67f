//! Known answers: NIST's Cryptographic Algorithm Validation Program, `gcmEncryptExtIV256.rsp` and
//! `gcmDecrypt256.rsp` of <https://csrc.nist.gov/projects/cryptographic-algorithm-validation-program/cavp-testing-block-cipher-modes>.

use super::{Cipher, NONCE};

struct KnownAnswer {
    key: &'static str,
    nonce: &'static str,
    plaintext: &'static str,
    associated_data: &'static str,
    ciphertext: &'static str,
    tag: &'static str,
}

const KNOWN: [KnownAnswer; 7] = [
    KnownAnswer {
        key: "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
        nonce: "516c33929df5a3284ff463d7",
        plaintext: "",
        associated_data: "",
        ciphertext: "",
        tag: "bdc1ac884d332457a1d2664f168c76f0",
    },
    KnownAnswer {
        key: "886cff5f3e6b8d0e1ad0a38fcdb26de97e8acbe79f6bed66959a598fa5047d65",
        nonce: "3a8efa1cd74bbab5448f9945",
        plaintext: "",
        associated_data: "519fee519d25c7a304d6c6aa1897ee1eb8c59655",
        ciphertext: "",
        tag: "f6d47505ec96c98a42dc3ae719877b87",
    },
    KnownAnswer {
        key: "82c4f12eeec3b2d3d157b0f992d292b237478d2cecc1d5f161389b97f999057a",
        nonce: "7b40b20f5f397177990ef2d1",
        plaintext: "982a296ee1cd7086afad976945",
        associated_data: "",
        ciphertext: "ec8e05a0471d6b43a59ca5335f",
        tag: "113ddeafc62373cac2f5951bb9165249",
    },
    KnownAnswer {
        key: "92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b",
        nonce: "ac93a1a6145299bde902f21a",
        plaintext: "2d71bcfa914e4ac045b2aa60955fad24",
        associated_data: "1e0889016f67601c8ebea4943bc23ad6",
        ciphertext: "8995ae2e6df3dbf96fac7b7137bae67f",
        tag: "eca5aa77d51d4a0a14d9c51e1da474ab",
    },
    KnownAnswer {
        key: "83688deb4af8007f9b713b47cfa6c73e35ea7a3aa4ecdb414dded03bf7a0fd3a",
        nonce: "0b459724904e010a46901cf3",
        plaintext: "33d893a2114ce06fc15d55e454cf90c3",
        associated_data: "794a14ccd178c8ebfd1379dc704c5e208f9d8424",
        ciphertext: "cc66bee423e3fcd4c0865715e9586696",
        tag: "0fb291bd3dba94a1dfd8b286cfb97ac5",
    },
    KnownAnswer {
        key: "37ccdba1d929d6436c16bba5b5ff34deec88ed7df3d15d0f4ddf80c0c731ee1f",
        nonce: "5c1b21c8998ed6299006d3f9",
        plaintext: "ad4260e3cdc76bcc10c7b2c06b80b3be948258e5ef20c508a81f51e96a518388",
        associated_data: "22ed235946235a85a45bc5fad7140bfa",
        ciphertext: "3b335f8b08d33ccdcad228a74700f1007542a4d1e7fc1ebe3f447fe71af29816",
        tag: "1fbf49cc46f458bf6e88f6370975e6d4",
    },
    KnownAnswer {
        key: "268ed1b5d7c9c7304f9cae5fc437b4cd3aebe2ec65f0d85c3918d3d3b5bba89b",
        nonce: "9ed9d8180564e0e945f5e5d4",
        plaintext: "fe29a40d8ebf57262bdb87191d01843f4ca4b2de97d88273154a0b7d9e2fdb80",
        associated_data: "",
        ciphertext: "791a4a026f16f3a5ea06274bf02baab469860abde5e645f3dd473a5acddeecfc",
        tag: "05b2b74db0662550435ef1900e136b15",
    },
];

#[allow(clippy::string_slice, reason = "hex is ASCII")]
fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn nonce(hex: &str) -> [u8; NONCE] {
    bytes(hex).try_into().unwrap()
}

#[test]
fn known_answers_of_nist() {
    for known in KNOWN {
        let cipher = Cipher::new(&bytes(known.key)).unwrap();
        let (nonce, associated_data) = (nonce(known.nonce), bytes(known.associated_data));
        let expected = bytes(&format!("{}{}", known.ciphertext, known.tag));
        let encrypted = cipher.encrypt(&nonce, &associated_data, &bytes(known.plaintext)).unwrap();
        assert_eq!(encrypted, expected, "key {}", known.key);
        let decrypted = cipher.decrypt(&nonce, &associated_data, &expected).unwrap();
        assert_eq!(decrypted, bytes(known.plaintext), "key {}", known.key);
    }
}

#[test]
fn every_flipped_bit_of_a_known_answer_is_refused() {
    for known in KNOWN {
        let cipher = Cipher::new(&bytes(known.key)).unwrap();
        let (nonce, associated_data) = (nonce(known.nonce), bytes(known.associated_data));
        let good = bytes(&format!("{}{}", known.ciphertext, known.tag));
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(cipher.decrypt(&nonce, &associated_data, &bad).is_none(), "bit {bit}");
        }
        for short in 0..good.len() {
            assert!(cipher.decrypt(&nonce, &associated_data, &good[..short]).is_none());
        }
        assert!(cipher.decrypt(&nonce, b"other", &good).is_none());
    }
}

#[test]
fn a_key_has_32_bytes() {
    for length in [0, 16, 24, 31, 33, 64] {
        assert!(Cipher::new(&vec![1; length]).is_none(), "{length}");
    }
}
