use bytes::Bytes;
use serde_json::Value;

use crate::{call, served, still};

#[tokio::test]
async fn a_wrong_token_meets_the_gateway() {
    let server = served().await;
    let url = format!("{}/api/v1/users/me", server.base_url());
    let client = reqwest::Client::new();
    for request in [
        client.get(&url),
        client.get(&url).header("x-api-token", "0000"),
        client.get(&url).header("authorization", format!("Bearer {}", server.token())),
        client.get(format!("{url}?api_token={}", server.token())),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["x-401-by-gw"], "true");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errorCode"], 401);
        assert_eq!(body["error"], "unauthorized access");
    }
    let right = client.get(&url).header("x-api-token", server.token()).send().await.unwrap();
    assert_eq!(right.status(), 200);
    assert!(server.requests().iter().all(|seen| !seen.path.contains(&server.token())), "no token in the log");
}

#[test]
fn a_token_belongs_to_one_company() {
    let sandbox = still();
    let status = |url: &str| {
        let request =
            http::Request::get(url).header("x-api-token", sandbox.token()).body(Bytes::new()).unwrap();
        sandbox.handle(request).status.as_u16()
    };
    assert_eq!(status("https://acme-demo.pipedrive.com/api/v2/deals"), 200);
    assert_eq!(status("https://api.pipedrive.com/api/v2/deals"), 200);
    assert_eq!(status("https://api.pipedrive.com/v1/users/me"), 200);
    assert_eq!(status("https://other.pipedrive.com/api/v2/deals"), 401);
    assert_eq!(status("https://acme-demo.pipedrive.com/v2/deals"), 404);
    assert_eq!(status("https://acme-demo.pipedrive.com/api/v2/unknown"), 404);
}

#[test]
fn a_replaced_token_is_worth_nothing() {
    let sandbox = still();
    let old = sandbox.token();
    sandbox.set_token("another");
    let path = format!("/api/v2/deals?api_token={old}");
    let request = http::Request::get(&path).header("x-api-token", &old).body(Bytes::new()).unwrap();
    assert_eq!(sandbox.handle(request).status, 401);
    assert_eq!(call(&sandbox, "GET", "/api/v2/deals", None).status, 200);
    assert!(!format!("{:?}", sandbox.requests()).contains(&old));
    assert!(!format!("{sandbox:?}").contains("another"));
}
