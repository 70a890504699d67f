//! A mapping, a record, and what a host wants it to be: three lines of JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tieline_core::{Direction, ErrorKind, FieldMapping, MappingContext, RawJson, Record};
use tieline_mapping::{Format, Mapping, apply};

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let (Some(plan), Some(record), Some(wanted)) = (lines.next(), lines.next(), lines.next()) else { return };
    let Ok(mapping) = Mapping::load(plan, Format::Json) else { return };
    let (Ok(record), Ok(wanted)) = (RawJson::parse(record), RawJson::parse(wanted)) else { return };
    let (record, wanted) = (Record::new("1", record), Record::new("1", wanted));
    let mut given = MappingContext::default();
    let mut needs = mapping.needs(Direction::Forward, &record);
    assert_eq!(mapping.begin(&record).needs(), needs);
    needs.extend(mapping.needs(Direction::Backward, &wanted));
    for need in needs {
        given.resolved.insert(need, RawJson::from_checked("\"resolved\""));
    }
    let Ok(mapped) = mapping.forward(&record, &given) else { return };
    assert_eq!(mapping.begin(&record).forward(&given).unwrap(), mapped, "a mapping is pure");
    if let Some(fields) = mapped.fields {
        assert!(RawJson::parse(fields.get()).is_ok(), "{fields}");
        let back = mapping.backward(&Record::new("1", fields), Some(&record), &given).unwrap();
        assert!(back.is_empty(), "what came forward changes nothing on the way back: {back:?}");
    }
    for current in [None, Some(&record)] {
        match mapping.backward(&wanted, current, &given) {
            Ok(patch) => {
                let after = apply(&patch, &record).unwrap();
                assert!(RawJson::parse(after.payload.get()).is_ok(), "{}", after.payload);
            }
            Err(error) => assert!(
                matches!(error.kind(), ErrorKind::Rejected | ErrorKind::Decode),
                "{error}"
            ),
        }
    }
});
