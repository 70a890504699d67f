//! Whatever is done, PostgreSQL and memory agree.

use proptest::prelude::*;
use tieline_store::contract::{agrees_with_memory, histories, other_tenant};

use crate::postgres::world::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn postgres_and_memory_agree(history in histories(20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let store = world.store().await;
            // A question costs several messages, so not all are asked after each step.
            agrees_with_memory([store.for_tenant(other_tenant()), store], &history, 4).await
        })?;
    }
}
