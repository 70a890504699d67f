use serde_json::{Value, json};

use crate::{get, served, walk};

#[tokio::test]
async fn another_process_can_do_everything() {
    let server = served().await;
    let client = reqwest::Client::new();
    let tell = |method: &str, path: &str, body: Value| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = client.request(method, format!("{}/_sandbox{path}", server.base_url()));
        let request = if body.is_null() { request } else { request.json(&body) };
        async move {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<Value>().await.unwrap())
        }
    };
    let (_, about) = tell("GET", "", Value::Null).await;
    assert_eq!(
        (about["company"].as_str(), about["token"].as_str()),
        (Some("acme-demo"), Some(&*server.token()))
    );

    let (status, made) = tell("POST", "/deals", json!({"title": "Utifrån", "value": 12.5})).await;
    assert_eq!(status, 200, "{made}");
    let id = made["id"].as_i64().unwrap();
    tell("POST", "/clock/advance", json!({"seconds": 90})).await;
    assert_eq!(
        tell("PATCH", &format!("/deals/{id}"), json!({"status": "lost", "lost_reason": "Fel tid"})).await.0,
        200
    );
    let deal = get(&server, &format!("/api/v2/deals/{id}"));
    assert_eq!(deal["data"]["update_time"], "2026-11-02T08:01:30Z");
    assert_eq!(deal["data"]["lost_reason"], "Fel tid");
    assert_eq!(tell("POST", &format!("/deals/{id}/archive"), Value::Null).await.0, 200);
    let late = json!({"update_time": "2026-10-01T00:00:00Z", "title": "Sen"});
    assert_eq!(tell("PATCH", &format!("/deals/{id}/backdate"), late).await.0, 200);
    assert_eq!(get(&server, &format!("/api/v2/deals/{id}"))["data"]["update_time"], "2026-10-01T00:00:00Z");
    assert_eq!(tell("DELETE", &format!("/deals/{id}"), Value::Null).await.0, 200);
    assert_eq!(tell("DELETE", &format!("/deals/{id}"), Value::Null).await.0, 400);
    let (_, many) = tell("POST", "/deals/many", json!({"count": 300})).await;
    assert_eq!(many["last"].as_i64().unwrap() - many["first"].as_i64().unwrap(), 299);
    assert_eq!(tell("POST", "/persons/merge", json!({"from": 11, "into": 12})).await.0, 200);
    assert_eq!(tell("GET", "/summary", Value::Null).await.1["visible"], 493);

    let rule = json!({"fault": "too_many_requests", "retry_after": {"seconds": 3}, "path": "/api/v2/deals", "times": 2});
    assert_eq!(tell("POST", "/faults", rule).await.0, 200);
    assert_eq!(
        tell("POST", "/faults", json!([{"fault": "empty_page"}, {"fault": "delay", "ms": 5}])).await.0,
        200
    );
    assert_eq!(tell("GET", "/faults", Value::Null).await.1.as_array().unwrap().len(), 3);
    for bad in [json!({"fault": "nonsense"}), json!({"fault": "unauthorized", "method": "LOOK"}), json!(7)] {
        assert_eq!(tell("POST", "/faults", bad).await.0, 400);
    }
    let url = format!("{}/api/v2/deals", server.base_url());
    let answer = client.get(&url).header("x-api-token", server.token()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"3".parse().unwrap()));
    tell("DELETE", "/faults", Value::Null).await;

    let (_, log) = tell("GET", "/log", Value::Null).await;
    let last = log.as_array().unwrap().last().unwrap().clone();
    assert_eq!((last["path"].as_str(), last["status"].as_u64()), (Some("/api/v2/deals"), Some(429)));
    assert!(!log.to_string().contains("_sandbox"), "the control interface does not count");
    tell("DELETE", "/log", Value::Null).await;
    assert_eq!(tell("GET", "/counters", Value::Null).await.1["requests"], 0);

    assert_eq!(tell("PUT", "/limits", json!({"burst": 1})).await.0, 200);
    assert_eq!(tell("PUT", "/limits", json!({"bursts": 1})).await.0, 400);
    assert_eq!(tell("PUT", "/token", json!({"token": "nytt"})).await.0, 200);
    assert_eq!(server.token(), "nytt");
    assert_eq!(walk(&server, "/api/v2/deals?limit=500").len(), 493);
    assert_eq!(tell("GET", "/nothing", Value::Null).await.0, 400);
}

#[tokio::test]
async fn dropping_the_server_stops_it() {
    let server = served().await;
    let address = server.address();
    drop(server);
    for _ in 0..50 {
        if tokio::net::TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it still listens");
}
