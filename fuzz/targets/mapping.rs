//! A mapping file. Its first byte says in which format the rest is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tieline_core::ErrorKind;
use tieline_mapping::{Format, Mapping};

fuzz_target!(|text: &str| {
    let format = match text.as_bytes().first() {
        Some(b'{') => Format::Json,
        Some(b'[' | b'#') => Format::Toml,
        _ => Format::Yaml,
    };
    let problems = Mapping::check(text, format);
    match Mapping::load(text, format) {
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(!problem.message().is_empty());
            }
        }
        Ok(mapping) => {
            assert!(problems.is_empty(), "{problems:?}");
            let written = mapping.mapping().to_json().unwrap();
            let again = Mapping::parse(&written, Format::Json).unwrap();
            assert_eq!(*mapping.mapping(), again, "a plan is read as it was written");
        }
    }
});
