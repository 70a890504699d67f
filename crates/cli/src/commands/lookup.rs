//! `tieline lookup`: records by key or by a field's value.

use tieline::{FieldPath, Key, Lookup, LookupRequest, RawJson};

use crate::arguments::LookupArgs;
use crate::failure::{Failure, Outcome};
use crate::lines::stdout;
use crate::session::connect;

pub(crate) async fn lookup(options: LookupArgs) -> Outcome {
    let LookupArgs { connection, entity, keys, key, field, value } = options;
    let request = match (field, value) {
        (Some(field), Some(value)) => {
            let field = FieldPath::parse(&field)?;
            let value = RawJson::parse(value).map_err(|_| {
                let message = "--value is not JSON: write a text in quotes, such as '\"a@example.com\"'";
                Failure::Usage(message.to_owned())
            })?;
            LookupRequest::field(entity.as_str(), field, value)
        }
        _ => {
            let keys = keys.iter().map(|key| key.trim()).filter(|key| !key.is_empty());
            let keys = keys.chain(key.iter().map(String::as_str)).map(Key::new);
            LookupRequest::keys(entity.as_str(), keys)
        }
    };
    let connected = connect(&connection).await?;
    let found = connected.connector.lookup(request).await?;
    let mut out = stdout();
    for answer in &found.answers {
        out.put(|line| {
            match answer {
                Lookup::Record(record) => line
                    .text("type", "record")
                    .text("entity", &entity)
                    .text("key", &record.key)
                    .maybe("changed_at", record.changed_at.as_ref())
                    .maybe("version", record.version.as_ref())
                    .raw("record", record.payload.get()),
                Lookup::Missing(key) => line.text("type", "missing").text("entity", &entity).text("key", key),
                Lookup::Deleted(deletion) => line
                    .text("type", "deleted")
                    .text("entity", &entity)
                    .text("key", &deletion.key)
                    .maybe("at", deletion.at.as_ref()),
                Lookup::Forbidden(key) => {
                    line.text("type", "forbidden").text("entity", &entity).text("key", key)
                }
                _ => line.text("type", "unknown").text("entity", &entity),
            };
        })?;
    }
    out.flush()
}
