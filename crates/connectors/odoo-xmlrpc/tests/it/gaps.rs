//! What a read could miss without a word: hidden records, records without a date, fields and files on request.

use futures_util::TryStreamExt;
use serde_json::json as value;
use tieline_auth::ApiKey;
use tieline_core::{
    CheckRequest, Connector, ContentRequest, DiscoverRequest, ErrorKind, FieldPath, Key, PassEnd, ReadRequest,
};
use tieline_odoo_xmlrpc::{OdooConfig, Protocol};
use tieline_sandbox::odoo::{API_KEY, LOGIN, Odoo as Model, Version};
use tieline_sandbox::{Object, Sandbox};

use crate::common::{
    Store, WAYS, account, answering, batches, config, connected, fields, greeting, returned,
};

#[tokio::test(start_paused = true)]
async fn thousands_of_hidden_records_in_a_row_do_not_end_a_read() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let say = |body: &str| {
            let said = Object::default()
                .with("model", "res.partner")
                .with("res_id", 20)
                .with("body", body.to_owned());
            server.create("mail.message", said).unwrap()
        };
        let first = say("före");
        server.add_hidden_messages(LOGIN, 9_000).unwrap();
        let last = say("efter");
        let mut store = Store::default();
        let sent = server.requests().len();
        let read = store.pull(&odoo, ReadRequest::full("mail.message").with_page_size(100)).await;
        assert_eq!(store.rows.keys().copied().collect::<Vec<_>>(), [first, last]);
        assert_eq!(read.last().unwrap().end, Some(PassEnd::Complete));
        assert!(server.requests().len() - sent < 20);
        // And hidden ones at the end do not keep it from ending.
        server.add_hidden_messages(LOGIN, 9_000).unwrap();
        let keys = batches(&odoo, ReadRequest::keys("mail.message").with_page_size(100)).await.unwrap();
        assert_eq!(keys.iter().map(|batch| batch.len()).sum::<usize>(), 2);
        assert_eq!(keys.last().unwrap().end, Some(PassEnd::Complete));
    }
}

#[tokio::test(start_paused = true)]
async fn a_count_that_never_ends_does_not_keep_a_read_going() {
    let (transport, odoo) = answering(config(), |path, body| {
        let reply = if body.contains("<string>fields_get<") {
            fields(&[("id", "integer"), ("name", "char")])
        } else if body.contains("<string>search_count<") {
            returned("<int>7</int>")
        } else {
            returned("<array><data></data></array>")
        };
        (200, greeting(path, body).unwrap_or(reply))
    });
    let read = batches(&odoo, ReadRequest::full("x.model")).await.unwrap();
    assert_eq!(read.last().unwrap().end, Some(PassEnd::Complete), "as many as there can be were looked at");
    assert!(transport.requests().len() < 20, "{}", transport.requests().len());
}

#[tokio::test(start_paused = true)]
async fn rows_without_a_date_come_with_every_increment() {
    let (transport, odoo) = answering(config(), |path, body| {
        let reply = if body.contains("<string>fields_get<") {
            fields(&[("id", "integer"), ("name", "char"), ("write_date", "datetime")])
        } else if body.contains("<string>search_count<") {
            returned("<int>0</int>")
        } else {
            let member =
                |name: &str, of: &str| format!("<member><name>{name}</name><value>{of}</value></member>");
            let row = |id: &str, date: &str| {
                format!("<value><struct>{}</struct></value>", member("id", id) + &member("write_date", date))
            };
            let rows = row("<int>1</int>", "<string>2026-11-01 10:00:00</string>")
                + &row("<int>2</int>", "<boolean>0</boolean>");
            returned(&format!("<array><data>{rows}</data></array>"))
        };
        (200, greeting(path, body).unwrap_or(reply))
    });
    let mut store = Store::default();
    store.pull(&odoo, ReadRequest::changes("x.model")).await;
    store.pull(&odoo, ReadRequest::changes("x.model")).await;
    let asked = crate::common::bodies(&transport)
        .into_iter()
        .rfind(|body| body.contains("<string>search_read<"))
        .unwrap();
    let order: Vec<usize> = ["<string>|<", "<string>&gt;=<", "<string>=<"]
        .iter()
        .map(|part| asked.find(part).unwrap_or_else(|| panic!("{part} in {asked}")))
        .collect();
    assert!(order.is_sorted(), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn several_rows_with_one_id_are_told_and_the_pass_is_partial() {
    for (other, partial) in [("b", true), ("a", false)] {
        let (_, odoo) = answering(config(), move |path, body| {
            let reply = if body.contains("<string>fields_get<") {
                fields(&[("id", "integer"), ("name", "char")])
            } else if body.contains("<string>search_count<") {
                returned("<int>0</int>")
            } else {
                let member = |name: &str, of: String| {
                    format!("<member><name>{name}</name><value>{of}</value></member>")
                };
                let row = |name: &str| {
                    let members = member("id", "<int>1</int>".into())
                        + &member("name", format!("<string>{name}</string>"));
                    format!("<value><struct>{members}</struct></value>")
                };
                returned(&format!("<array><data>{}{}</data></array>", row("a"), row(other)))
            };
            (200, greeting(path, body).unwrap_or(reply))
        });
        let read = batches(&odoo, ReadRequest::full("x.report")).await.unwrap();
        assert_eq!(read.last().unwrap().end == Some(PassEnd::Partial), partial);
        let issues: Vec<String> =
            read.iter().flat_map(|batch| &batch.issues).map(ToString::to_string).collect();
        assert_eq!(issues.len(), usize::from(partial), "{issues:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_sees_nothing_is_told() {
    for way in WAYS {
        let (server, odoo) = account(way);
        server.hide_all(LOGIN, "crm.lead").unwrap();
        for request in
            [ReadRequest::full("crm.lead"), ReadRequest::changes("crm.lead"), ReadRequest::keys("crm.lead")]
        {
            let read = batches(&odoo, request).await.unwrap();
            let issues: Vec<String> =
                read.iter().flat_map(|batch| &batch.issues).map(ToString::to_string).collect();
            assert_eq!(
                issues,
                [
                    "crm.lead: Odoo shows this user no record: there is none, or rules and companies hide all of them"
                ]
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fields_on_request_are_marked_and_come_when_they_are_named() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let catalog = odoo
            .discover(DiscoverRequest::schemas().only("hr.employee").only("product.product"))
            .await
            .unwrap();
        let on_request = |entity: &str, name: &str| {
            let fields = &catalog.entity(entity).unwrap().fields;
            fields.iter().find(|field| field.path == FieldPath::field(name)).unwrap().on_request
        };
        assert!(on_request("hr.employee", "image_1920") && on_request("product.product", "qty_available"));
        assert!(!on_request("hr.employee", "name"));
        assert_eq!(on_request("hr.employee", "tz"), way.0 == Version::V17);
        let mut store = Store::default();
        let named = ["tz", "name"].map(FieldPath::field);
        store.pull(&odoo, ReadRequest::full("hr.employee").with_fields(named)).await;
        assert!(store.rows.values().all(|row| row["tz"].is_string()));

        // What depends on the company has a column in newer versions only, and is read in all of them.
        server.update("product.product", 1, Object::default().with("standard_price", 12)).unwrap();
        assert!(!on_request("product.product", "standard_price"));
        let mut store = Store::default();
        store.pull(&odoo, ReadRequest::full("product.product")).await;
        assert_eq!(store.rows[&1]["standard_price"].to_string(), "12.0");
        assert!(store.rows[&1].get("qty_available").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn attachments_have_content() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let read = async |id: u64, offset: u64| {
            let request = ContentRequest::new("ir.attachment", Key::from(id)).with_range(offset, None);
            let content = odoo.content(request).await?;
            let (kind, length) = (content.media_type.clone(), content.length);
            let pieces: Vec<bytes::Bytes> = content.bytes.try_collect().await?;
            Ok::<_, tieline_core::Error>((kind.map(|kind| kind.to_string()), length, pieces.concat()))
        };
        let (kind, length, bytes) = read(1, 0).await.unwrap();
        assert_eq!((kind.as_deref(), length), (Some("text/plain"), Some(16)));
        assert_eq!(String::from_utf8(bytes).unwrap(), "Avtal för året");
        assert_eq!(read(1, 6).await.unwrap().2, "för året".as_bytes());
        assert_eq!(read(3, 0).await.unwrap().2, b"");
        assert_eq!(read(4, 0).await.unwrap_err().kind(), ErrorKind::Unsupported, "a link");
        assert_eq!(read(999, 0).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(read(1, 99).await.unwrap_err().kind(), ErrorKind::Rejected);
        let other = || ContentRequest::new("res.partner", Key::from(20_u64));
        assert_eq!(odoo.content(other()).await.unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(
            odoo.content(other().with_variant("name")).await.unwrap_err().kind(),
            ErrorKind::Unsupported
        );
        let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        server.update("res.partner", 20, Object::default().with("image_1920", pixel)).unwrap();
        let content = odoo.content(other().with_variant("image_1920").with_range(1, Some(3))).await.unwrap();
        let pieces: Vec<bytes::Bytes> = content.bytes.try_collect().await.unwrap();
        assert_eq!(pieces.concat(), b"PNG");
    }
}

#[tokio::test(start_paused = true)]
async fn models_without_records_are_not_offered_and_say_why() {
    for way in WAYS {
        let (_, odoo) = account(way);
        for request in [DiscoverRequest::names(), DiscoverRequest::schemas()] {
            let catalog = odoo.discover(request).await.unwrap();
            assert!(catalog.entity("res.partner").is_some() && catalog.entity("stock.picking").is_some());
            for none in ["mail.thread", "mail.activity.mixin", "stock.backorder.confirmation"] {
                assert!(catalog.entity(none).is_none(), "{none}");
            }
        }
        let error = crate::common::broken(&odoo, ReadRequest::full("mail.thread")).await;
        assert_eq!(error.message(), "this Odoo model has no records of its own: only other models use it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_company_that_the_user_does_not_work_in_is_no_connection() {
    for way in WAYS {
        let server = Sandbox::<Model>::odoo(way.0);
        let with = |companies: &[u32]| {
            let config = config().with_protocol(way.1).with_companies(companies.iter().copied());
            connected(&server, config, ApiKey::new(API_KEY))
        };
        with(&[2, 1]).check(CheckRequest::default()).await.unwrap();
        let error = with(&[1, 77]).check(CheckRequest::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.message(), "the user does not work in the companies of the settings: 77");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_of_id_nothing_is_no_user() {
    let (_, odoo) = answering(config(), |path, body| {
        let reply = match greeting(path, body) {
            Some(told) if !told.contains("99") => told,
            _ => returned("<int>0</int>"),
        };
        (200, reply)
    });
    let error = odoo.check(CheckRequest::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test(start_paused = true)]
async fn odoo_online_is_not_told_its_database() {
    for (named, remark) in [(None, false), (Some("acme"), true)] {
        for protocol in [Protocol::Json2, Protocol::Auto] {
            let mut config =
                OdooConfig::new("https://acme.odoo.com", "ada@example.test").with_protocol(protocol);
            if let Some(name) = named {
                config = config.with_database(name);
            }
            let (transport, odoo) = online(config);
            let account = odoo.check(CheckRequest::default()).await.unwrap();
            assert_eq!(account.id.as_ref().map(|id| id.as_str()), Some("acme"));
            assert_eq!(!account.warnings.is_empty(), remark, "{:?}", account.warnings);
            let last = transport.requests().pop().unwrap();
            assert!(
                last.headers().get("x-odoo-database").is_none() && last.uri().path().starts_with("/json/2/")
            );
        }
    }
}

/// Odoo Online: a request that names a database finds no route.
fn online(
    config: OdooConfig,
) -> (tieline_http::memory::MemoryTransport, std::sync::Arc<tieline_odoo_xmlrpc::Odoo>) {
    crate::common::answering_requests(config, |request| {
        let page = (404, "<!doctype html><title>404</title>".to_owned());
        let path = request.uri().path();
        let body = String::from_utf8_lossy(request.body());
        if path == "/xmlrpc/2/common" && body.contains("<methodName>version<") {
            let told = "<struct><member><name>server_serie</name><value><string>19.0</string></value></member></struct>";
            return (200, returned(told));
        }
        if path.starts_with("/json/2/") && request.headers().contains_key("x-odoo-database") {
            return page;
        }
        let reply = match path {
            "/web/version" => value!({ "version": "19.0", "version_info": [19, 0, 0, "final", 0, ""] }),
            "/json/2/res.users/context_get" => value!({ "lang": "en_US", "tz": false, "uid": 5 }),
            "/json/2/res.users/fields_get" => {
                value!({ "id": { "type": "integer" }, "name": { "type": "char", "store": true } })
            }
            "/json/2/res.users/read" => value!([{ "id": 5, "name": "Ada" }]),
            "/json/2/ir.model/search" => value!([1]),
            _ => return page,
        };
        (200, reply.to_string())
    })
}

#[test]
fn a_language_in_the_address_is_no_part_of_it() {
    for (pasted, base) in [
        ("https://erp.example.com/sv_SE/web", "https://erp.example.com/"),
        ("https://erp.example.com/sv_SE", "https://erp.example.com/"),
        ("https://erp.example.com/fr/my/orders", "https://erp.example.com/"),
        ("https://erp.example.com/sr@latin/web", "https://erp.example.com/"),
        ("https://example.com/erp/nb_NO/odoo/contacts", "https://example.com/erp/"),
        ("https://example.com/se", "https://example.com/se/"),
        ("https://example.com/erp/web", "https://example.com/erp/"),
    ] {
        assert_eq!(OdooConfig::new(pasted, "ada").base_url().unwrap().as_str(), base, "{pasted}");
    }
}
