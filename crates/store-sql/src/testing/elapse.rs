//! Time that passes when a test says so: what is due or ends moves, the clock does not.

use std::time::Duration;

use async_trait::async_trait;
use tieline_store::contract::Elapse;

use crate::sql::{Arg, Sql};
use crate::tables::TABLES;
use crate::tx::Tx;
use crate::{Access, Database, SqlStore};

#[async_trait]
impl<D: Database> Elapse for SqlStore<D> {
    async fn elapse(&self, by: Duration) {
        let begun = self.database.begin(&self.tenant, Access::Write, "passing time").await;
        let mut transaction = begun.unwrap();
        let by = i64::try_from(by.as_micros()).unwrap();
        for table in TABLES {
            for column in table.due {
                let name = table.name;
                let text = format!("UPDATE tieline.{name} SET {column} = {column} - $2 WHERE tenant = $1");
                transaction.run(&Sql::built(text), &[Arg::from(by)]).await.unwrap();
            }
        }
        transaction.commit().await.unwrap();
    }
}
