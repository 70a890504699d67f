use serde_json::Value;
use tieline_core::{Connector, Deletes, DiscoverRequest, ErrorKind};
use tieline_sandbox::odoo::{Kind, LOGIN, Operation as Right, Version};

use crate::common::{WAYS, account, answering, config, fault, fields, greeting, returned};

#[tokio::test(start_paused = true)]
async fn fields_come_with_types_choices_and_references() {
    for way in WAYS {
        let (server, odoo) = account(way);
        server.add_field("crm.lead", "x_erp_code", "ERP code", Kind::Char).unwrap();
        let catalog = odoo.discover(DiscoverRequest::schemas().only("crm.lead")).await.unwrap();
        let lead = catalog.entity("crm.lead").unwrap();
        assert!(lead.capabilities.changes && lead.capabilities.keys_only && lead.capabilities.create);
        assert_eq!(lead.deletes, Deletes::Sweep);
        let field = |name: &str| {
            lead.fields
                .iter()
                .find(|field| field.path.as_str() == format!("/{name}"))
                .unwrap_or_else(|| panic!("{name}"))
        };
        assert_eq!(field("partner_id").references[0].as_str(), "res.partner");
        let types: Vec<&str> = field("type").choices.iter().map(|choice| choice.value.as_str()).collect();
        assert_eq!(types, ["lead", "opportunity"]);
        assert!(field("x_erp_code").custom && field("x_erp_code").title == "ERP code");
        assert!(!field("name").custom && field("name").is_writable() && !field("id").is_writable());
        let properties = &lead.schema.as_ref().unwrap()["properties"];
        for (name, kind) in [
            ("name", r#"["string","null"]"#),
            ("active", r#""boolean""#),
            ("expected_revenue", r#"["number","null"]"#),
            ("partner_id", r#"["object","null"]"#),
            ("tag_ids", r#""array""#),
        ] {
            assert_eq!(properties[name]["type"].to_string(), kind, "{name}");
        }
        let actions: Vec<&str> = lead.actions.iter().map(|action| action.name.as_str()).collect();
        assert!(actions.contains(&"action_set_won") && actions.contains(&"action_archive"), "{actions:?}");
        assert!(
            lead.actions.iter().all(|action| action.idempotent == action.name.as_str().ends_with("archive"))
        );
    }
}

/// A server that lists three models, page by page.
fn listing(path: &str, body: &str) -> String {
    if let Some(greeting) = greeting(path, body) {
        return greeting;
    }
    let model = |id: i64, model: &str, name: &str, transient: u8| {
        format!(
            "<value><struct><member><name>id</name><value><int>{id}</int></value></member><member><name>model</name><value><string>{model}</string></value></member><member><name>name</name><value><string>{name}</string></value></member><member><name>transient</name><value><boolean>{transient}</boolean></value></member></struct></value>"
        )
    };
    if body.contains("<string>fields_get<") {
        return fields(&[("id", "integer"), ("model", "char"), ("name", "char"), ("transient", "boolean")]);
    }
    let page = if body.contains("<int>3</int>") {
        String::new()
    } else {
        model(3, "x_boat", "Boat", 0)
            + &model(1, "res.partner", "Contact", 0)
            + &model(2, "base.wizard", "Wizard", 1)
    };
    returned(&format!("<array><data>{page}</data></array>"))
}

#[tokio::test(start_paused = true)]
async fn all_models_are_listed_without_wizards() {
    let (transport, odoo) = answering(config(), |path, body| (200, listing(path, body)));
    let catalog = odoo.discover(DiscoverRequest::names()).await.unwrap();
    let names: Vec<(&str, &str)> =
        catalog.entities.iter().map(|entity| (entity.name.as_str(), entity.title.as_str())).collect();
    assert_eq!(names, [("res.partner", "Contact"), ("x_boat", "Boat")]);
    let asked = String::from_utf8_lossy(transport.requests().last().unwrap().body()).into_owned();
    assert!(!asked.contains("abstract"), "Odoo 17 does not have that field");
    let error = odoo.discover(DiscoverRequest::names().only("res.partnr")).await.unwrap_err();
    insta::assert_snapshot!(error, @r#"this Odoo has no model "res.partnr": discover lists the models; the app that brings it may not be installed (not_found)"#);
    let error = odoo.discover(DiscoverRequest::names().only("../web")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_may_not_list_models_gets_the_common_ones() {
    let (_, odoo) = answering(config(), |path, body| {
        (
            200,
            greeting(path, body)
                .unwrap_or_else(|| fault(4, "You are not allowed to access 'Models' (ir.model) records.")),
        )
    });
    let catalog = odoo.discover(DiscoverRequest::names()).await.unwrap();
    assert!(catalog.entity("res.partner").is_some() && catalog.entities.len() > 10);
    let catalog = odoo.discover(DiscoverRequest::names().only("x_boat")).await.unwrap();
    assert_eq!(catalog.entities.len(), 1, "a name is taken on trust");
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_seen_is_left_out_of_everything_and_told_by_name() {
    for way in WAYS {
        let (server, odoo) = account(way);
        server.deny(LOGIN, "hr.department", Right::Read).unwrap();
        let all = odoo.discover(DiscoverRequest::schemas()).await.unwrap();
        assert!(all.entity("res.partner").is_some());
        for entity in &all.entities {
            let schema = entity.schema.as_ref().unwrap();
            assert_eq!(schema["required"], serde_json::json!(["id"]));
            assert_eq!(schema["properties"].as_object().map(serde_json::Map::len), Some(entity.fields.len()));
            assert!(schema["properties"].as_object().unwrap().values().all(Value::is_object));
        }
    }
    let (_, odoo) = account((Version::V17, tieline_odoo_xmlrpc::Protocol::Auto));
    let error = odoo.discover(DiscoverRequest::schemas().only("no.such")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
