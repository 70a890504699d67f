//! `--table TABLE=FILE` of `tieline sync`: the rows of a mapping in a table of the user's own.

use std::collections::BTreeSet;
use std::sync::Arc;

use tieline::mapping::CompiledMapping;
use tieline::store_sql::SqlSink;
use tieline::sync::StreamPlan;
use tieline::{Connector, DiscoverRequest, EntityName, Result};

use crate::failure::{Failure, Outcome};

/// The columns that say which row it is. The mapping fills the others.
const COLUMNS: [&str; 3] = ["tenant", "connection", "provider_key"];

/// A table and what fills it.
#[derive(Debug)]
pub(crate) struct UserTable {
    table: String,
    entity: EntityName,
    mapping: Arc<CompiledMapping>,
}

impl UserTable {
    /// Reads `TABLE=FILE`. The mapping names its entity, which must be among those of the run.
    pub(crate) fn parse(
        given: &str,
        entities: &BTreeSet<&str>,
        load: impl FnOnce(&str) -> Result<Arc<CompiledMapping>>,
    ) -> Outcome<Self> {
        let Some((table, path)) = given.split_once('=') else {
            return Err(Failure::Usage(format!("--table takes TABLE=FILE, not {given:?}")));
        };
        let mapping = load(path)?;
        let Some(entity) = mapping.mapping().entity.clone() else {
            return Err(Failure::Usage(format!(
                "the mapping of --table {table:?} names no entity: write `entity: NAME` into {path:?}"
            )));
        };
        if !entities.contains(entity.as_str()) {
            return Err(Failure::Usage(format!(
                "--table {table:?} holds rows of {:?}, which is not among the entities",
                entity.as_str()
            )));
        }
        Ok(Self { table: table.to_owned(), entity, mapping })
    }

    pub(crate) fn is_of(&self, entity: &str) -> bool {
        self.entity == entity
    }

    pub(crate) fn plan(&self) -> StreamPlan {
        StreamPlan::mapped(self.entity.clone(), self.table.as_str(), self.mapping.clone())
    }

    /// Returns the sink. The columns have the types of the mapping's fields, for which the provider is asked about fields
    /// that are copied as they are.
    pub(crate) async fn sink(&self, connector: &dyn Connector) -> Outcome<SqlSink> {
        let catalog = connector.discover(DiscoverRequest::schemas().only(self.entity.clone())).await?;
        let provider = catalog.entity(self.entity.as_str()).and_then(|entity| entity.schema.as_ref());
        let schema = self.mapping.schema(provider);
        let [tenant, connection, key] = COLUMNS;
        if let Some(taken) =
            COLUMNS.iter().find(|name| schema.pointer(&format!("/properties/{name}")).is_some())
        {
            return Err(Failure::Usage(format!(
                "the mapping of --table {:?} has a field {taken:?}, which is a column of every table: give it another name",
                self.table
            )));
        }
        let sink = SqlSink::new(self.table.as_str(), self.table.as_str(), key);
        Ok(sink.tenant_column(tenant).connection_column(connection).columns_of_schema(&schema))
    }
}
