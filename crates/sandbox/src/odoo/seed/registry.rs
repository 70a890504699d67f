//! What a database knows about its own models, and who may read that.

use std::sync::Arc;

use super::Soil;
use super::base::LOW_UID;
use crate::Object;
use crate::odoo::database::Operation;
use crate::odoo::schema::Nature;

pub(super) fn registry(soil: &mut Soil) {
    let schema = Arc::clone(&soil.db.schema);
    for (id, model) in (1..).zip(schema.models()) {
        let vals = Object::default()
            .with("name", model.label)
            .with("model", model.name)
            .with("state", "base")
            .with("transient", model.nature == Nature::Transient)
            .with("abstract", model.nature == Nature::Abstract);
        soil.old("ir.model", id, vals);
        if model.nature == Nature::Abstract {
            // Nobody is given a right to what has no records.
            continue;
        }
        let access = Object::default()
            .with("name", model.name)
            .with("active", true)
            .with("model_id", id)
            .with("perm_read", true);
        soil.old("ir.model.access", id, access);
    }
    // Models are listed for users with technical rights only.
    for model in ["ir.model", "ir.model.access"] {
        for operation in [Operation::Read, Operation::Create, Operation::Write, Operation::Unlink] {
            soil.db.denied.insert((LOW_UID, model.to_owned(), operation));
        }
    }
}
