//! The voice of the docs: types are noun phrases, functions are verbs, words are those that an engineer searches for. What
//! is left of another voice is counted, and the count only falls.

use crate::{ours, source_lines};

/// Doc lines that open with a question word. Lower it when the count falls.
const QUESTIONS: usize = 1_057;
/// Words and phrases in docs that the field has other words for.
const CHARMS: usize = 192;

const OPENERS: &[&str] = &["What ", "How ", "Where ", "Who ", "Why ", "Which "];
const PHRASES: &[&str] = &[
    " stands ",
    " told ",
    " tells ",
    "became of",
    "becomes of",
    "another one",
    "is worth",
    " house",
    "way out",
];

#[test]
fn the_docs_speak_more_plainly_than_before() {
    let (mut questions, mut charms) = (0, 0);
    for package in ours() {
        let mut before = String::new();
        for (_, line) in source_lines(package.manifest.parent().unwrap()) {
            let text = line.trim_start();
            if let Some(doc) = text.strip_prefix("/// ").or_else(|| text.strip_prefix("//! ")) {
                let opens = !before.starts_with("///") && !before.starts_with("//!");
                questions += usize::from(opens && OPENERS.iter().any(|opener| doc.starts_with(opener)));
                charms += PHRASES.iter().filter(|phrase| doc.contains(*phrase)).count();
            }
            before = text.to_owned();
        }
    }
    println!("{questions} question openers, {charms} charms");
    assert!(questions <= QUESTIONS, "{questions} docs open with a question word, {QUESTIONS} before");
    assert!(charms <= CHARMS, "{charms} phrases of the old voice, {CHARMS} before");
}
