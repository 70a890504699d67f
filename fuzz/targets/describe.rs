//! A description of an API: a whole file, or a request when the text begins with `/` or `<`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tieline_rest::{Description, EntityBuilder, Format, LoadOptions};

fuzz_target!(|text: &str| {
    if text.starts_with(['/', '<']) {
        return request(text);
    }
    let format = match text.as_bytes().first() {
        Some(b'{') => Format::Json,
        Some(b'[' | b'#') => Format::Toml,
        _ => Format::Yaml,
    };
    for options in [LoadOptions::new(), LoadOptions::shipped(), LoadOptions::tenant()] {
        match Description::load_with("fuzz.yaml", text, format, &options) {
            Ok(description) => written(&description),
            Err(findings) => {
                assert!(!findings.list().is_empty());
                assert!(!findings.to_string().is_empty());
            }
        }
    }
});

/// What is written out is read as the same description.
fn written(description: &Description) {
    let yaml = description.to_yaml();
    let again = Description::load("again.yaml", &yaml, Format::Yaml);
    let again = again.unwrap_or_else(|findings| panic!("{findings}\n{yaml}"));
    assert_eq!(again.to_yaml(), yaml);
    for (name, _) in &description.entities {
        let (one, other) = (description.explain(name), again.explain(name));
        assert_eq!(one.map_err(|error| error.to_string()), other.map_err(|error| error.to_string()));
    }
}

/// A request with words is refused with its place, or read as it is shown.
fn request(text: &str) {
    let entity = EntityBuilder::list(text);
    let built = Description::builder("T", "https://t.example").with_entity("a", entity).build();
    match built {
        Ok(description) => written(&description),
        Err(findings) => assert!(findings.to_string().contains("description.yaml")),
    }
}
