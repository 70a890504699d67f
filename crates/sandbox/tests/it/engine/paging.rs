use std::collections::BTreeSet;

use tieline_sandbox::{Fault, FaultRule};

use super::{account, ask, at, keys};

const LIST: &str = "GET /api/v1/accounts/1/contacts?sort=created_at";

#[test]
fn a_list_that_moves_while_it_is_paged_skips_and_repeats_as_the_provider_does() {
    let sandbox = account();
    let first = keys(at(&ask(&sandbox, &format!("{LIST}&page=1")).1, "/payload"));
    sandbox.delete("contacts", "3").unwrap();
    let second = keys(at(&ask(&sandbox, &format!("{LIST}&page=2")).1, "/payload"));
    let seen: BTreeSet<_> = first.iter().chain(&second).collect();
    assert!(!seen.contains(&"16".to_owned()), "the record that moved up to page 1 is not on page 2");
}

#[test]
fn faults_within_a_page_hit_pages_of_a_definition_too() {
    let sandbox = account();
    sandbox.inject(FaultRule::new(Fault::DuplicateRecords));
    let page = keys(at(&ask(&sandbox, &format!("{LIST}&page=1")).1, "/payload"));
    assert_eq!((page.len(), &page[14]), (16, &page[15]));
    sandbox.inject(FaultRule::new(Fault::EmptyPage));
    assert!(keys(at(&ask(&sandbox, &format!("{LIST}&page=1")).1, "/payload")).is_empty());
}

#[test]
fn the_same_requests_get_the_same_answers() {
    let [one, two] = [account(), account()].map(|sandbox| {
        let (_, answer) = ask(&sandbox, &format!("{LIST}&page=2"));
        answer.to_string()
    });
    assert_eq!(one, two);
}
