use serde_json::json as value;
use tieline_core::{Connector, ErrorKind, FieldPath, Key, Lookup, LookupRequest};
use tieline_sandbox::Object;
use tieline_sandbox::odoo::LOGIN;

use crate::common::{WAYS, account, json};

#[tokio::test(start_paused = true)]
async fn keys_are_answered_one_by_one_in_order() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let ids: Vec<i64> = (0..5)
            .map(|n| server.create("crm.lead", Object::default().with("name", format!("L{n}"))).unwrap())
            .collect();
        server.archive("crm.lead", ids[1]).unwrap();
        server.delete("crm.lead", ids[2]).unwrap();
        server.hide(LOGIN, "crm.lead", ids[3]).unwrap();
        let asked: Vec<Key> = [
            ids[0].to_string(),
            ids[1].to_string(),
            ids[2].to_string(),
            ids[3].to_string(),
            ids[0].to_string(),
            "5000000000".to_owned(),
            "07".to_owned(),
            "-1".to_owned(),
            "x".to_owned(),
            String::new(),
        ]
        .iter()
        .map(Key::new)
        .collect();
        let answers = odoo.lookup(LookupRequest::keys("crm.lead", asked.clone())).await.unwrap().answers;
        assert_eq!(answers.len(), asked.len());
        for (at, answer) in answers.iter().enumerate() {
            match (at, answer) {
                (0 | 1 | 4, Lookup::Record(record)) => {
                    assert_eq!(record.key, asked[at]);
                    assert_eq!(record.version, record.changed_at);
                }
                (3, Lookup::Forbidden(key)) => assert_eq!(*key, asked[3]),
                (2 | 5.., Lookup::Missing(key)) => assert_eq!(*key, asked[at]),
                other => panic!("{way:?} {other:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn records_are_found_by_a_field() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let parent =
            server.create("res.partner", Object::default().with("name", "P").with("ref", "R-1")).unwrap();
        let child = server
            .create(
                "res.partner",
                Object::default().with("name", "C").with("ref", "R-1").with("parent_id", parent),
            )
            .unwrap();
        server.archive("res.partner", child).unwrap();
        let found = |path: &str, wanted: serde_json::Value| {
            let request = LookupRequest::field("res.partner", FieldPath::parse(path).unwrap(), json(wanted));
            let odoo = odoo.clone();
            async move {
                let found = odoo.lookup(request).await?;
                Ok::<_, tieline_core::Error>(
                    found
                        .records()
                        .map(|record| record.key.as_str().parse::<i64>().unwrap())
                        .collect::<Vec<_>>(),
                )
            }
        };
        assert_eq!(found("/ref", value!("R-1")).await.unwrap(), [parent, child]);
        assert_eq!(found("/parent_id", value!(parent)).await.unwrap(), [child]);
        assert_eq!(found("/parent_id", value!({ "id": parent, "name": "P" })).await.unwrap(), [child]);
        assert_eq!(found("/parent_id/id", value!(parent)).await.unwrap(), [child]);
        assert_eq!(found("/ref", value!("nothing")).await.unwrap(), Vec::<i64>::new());
        assert_eq!(found("/nowhere", value!(1)).await.unwrap_err().kind(), ErrorKind::Config);
    }
}
