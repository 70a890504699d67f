use tieline_sandbox::pipedrive::Entity;

use crate::{call, get, still, walk};

#[test]
fn a_walk_returns_every_deal_once_in_every_order() {
    let sandbox = still();
    for limit in [5, 64, 193, 500] {
        for order in ["sort_by=id", "sort_by=update_time", "sort_by=add_time&sort_direction=desc"] {
            let ids = walk(&sandbox, &format!("/api/v2/deals?limit={limit}&{order}"));
            assert_eq!(ids.len(), 193, "limit {limit}, {order}");
        }
    }
    let ascending = walk(&sandbox, "/api/v2/deals?limit=50&sort_by=update_time");
    let mut descending = walk(&sandbox, "/api/v2/deals?limit=50&sort_by=update_time&sort_direction=desc");
    descending.reverse();
    assert_eq!(ascending, descending);
}

#[test]
fn every_list_can_be_walked() {
    let sandbox = still();
    for (path, count) in [
        ("persons", 142),
        ("organizations", 66),
        ("activities", 260),
        ("products", 12),
        ("pipelines", 1),
        ("stages", 5),
    ] {
        assert_eq!(walk(&sandbox, &format!("/api/v2/{path}?limit=9")).len(), count, "{path}");
    }
    assert_eq!(walk(&sandbox, "/api/v2/activities?limit=9&sort_by=due_date").len(), 260);
    assert_eq!(walk(&sandbox, "/api/v2/products?limit=5&sort_by=name").len(), 12);
    assert_eq!(walk(&sandbox, "/api/v2/persons?limit=3&sort_by=update_time").len(), 142);
}

#[test]
fn a_walk_survives_changes_in_between() {
    let sandbox = still();
    let first = get(&sandbox, "/api/v2/deals?limit=100");
    let cursor = first["additional_data"]["next_cursor"].as_str().unwrap();
    let gone = first["data"][3]["id"].as_i64().unwrap();
    sandbox.delete(Entity::Deals, gone).unwrap();
    let second = get(&sandbox, &format!("/api/v2/deals?limit=100&cursor={cursor}"));
    assert_eq!(second["data"].as_array().unwrap().len(), 93);
}

#[test]
fn the_lower_bound_is_inclusive_and_the_upper_exclusive() {
    let sandbox = still();
    let all = get(&sandbox, "/api/v2/deals?limit=500&sort_by=update_time");
    let times: Vec<String> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deal| deal["update_time"].as_str().unwrap().into())
        .collect();
    let bound = &times[90];
    let since = walk(&sandbox, &format!("/api/v2/deals?limit=500&updated_since={bound}"));
    let until = walk(&sandbox, &format!("/api/v2/deals?limit=500&updated_until={bound}"));
    assert_eq!(since.len(), times.iter().filter(|time| *time >= bound).count());
    assert_eq!(until.len(), times.iter().filter(|time| *time < bound).count());
    assert_eq!(since.len() + until.len(), 193);
    let shared = times.iter().filter(|time| times.iter().filter(|other| other == time).count() > 9).count();
    assert!(shared > 9, "many deals share a second");
}

#[test]
fn bad_parameters_are_refused() {
    let sandbox = still();
    let many = (1..=101).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    for query in [
        "updated_since=2026-01-10T08:00:00.000Z",
        "updated_since=2026-01-10",
        "updated_until=yesterday",
        "limit=501",
        "limit=0",
        "cursor=nonsense",
        "sort_by=title",
        "sort_direction=up",
        "status=maybe",
        "ids=1,two",
        "owner_id=me",
        "include_fields=everything",
        &format!("ids={many}"),
        &format!("custom_fields={many}"),
    ] {
        assert_eq!(call(&sandbox, "GET", &format!("/api/v2/deals?{query}"), None).status, 400, "{query}");
    }
    let by_time = get(&sandbox, "/api/v2/deals?limit=1&sort_by=update_time");
    let cursor = by_time["additional_data"]["next_cursor"].as_str().unwrap();
    assert_eq!(call(&sandbox, "GET", &format!("/api/v2/deals?cursor={cursor}"), None).status, 400);
}

#[test]
fn ids_fetch_what_can_be_seen() {
    let sandbox = still();
    let ids = walk(&sandbox, "/api/v2/deals?limit=500");
    sandbox.delete(Entity::Deals, ids[1]).unwrap();
    let wanted = format!("/api/v2/deals?ids={},{},{},999999", ids[0], ids[1], ids[2]);
    assert_eq!(walk(&sandbox, &wanted), [ids[0], ids[2]]);
}

#[test]
fn filters_by_status_stage_and_owner() {
    let sandbox = still();
    let count = |query: &str| walk(&sandbox, &format!("/api/v2/deals?limit=500&{query}")).len();
    assert_eq!((count("status=open"), count("status=won"), count("status=lost")), (121, 44, 28));
    assert_eq!(count("status=won,lost"), 72);
    assert_eq!(count("status=deleted"), 5);
    assert_eq!(count("stage_id=3"), 33);
    assert_eq!(walk(&sandbox, "/api/v2/deals/archived?limit=500").len(), 7);
    assert_eq!(walk(&sandbox, "/api/v2/deals/archived?limit=500&status=lost").len(), 3);
    let owners: usize = (21001..=21005).map(|id| count(&format!("owner_id={id}"))).sum();
    assert_eq!(owners, 193);
    let open = walk(&sandbox, "/api/v2/activities?limit=500&done=false").len();
    let done = walk(&sandbox, "/api/v2/activities?limit=500&done=true").len();
    assert_eq!(open + done, 260);
}

#[test]
fn large_walks() {
    let sandbox = still();
    let added = sandbox.add_deals(3000);
    assert_eq!(added.clone().count(), 3000);
    assert_eq!(walk(&sandbox, "/api/v2/deals?limit=500").len(), 3193);
    assert_eq!(walk(&sandbox, "/api/v2/deals?limit=500&sort_by=update_time").len(), 3193);
}
