//! The reference of the language as a page.

use super::words::{FORMATS, WORDS};
use super::{Form, levels};

/// The reference of all settings, words and formats, in Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Reference: descriptions of APIs\n\nWritten by `tieline rest schema --markdown`, and checked by a test. \
         [Describe an API](../describe-an-api.md) explains them.\n\n## Words\n\n| word | where | what |\n|---|---|---|\n",
    );
    for (word, place, what) in WORDS {
        page.push_str(&format!("| `{word}` | {place} | {what} |\n"));
    }
    page.push_str(
        "\n`<a|b>` takes `b` where `a` has no value: another word, a number, or a text in single quotes. `<a:format>` \
         writes it so, `<a[]>` repeats what it stands in, `<<` is the character itself.\n\n| format | what |\n|---|---|\n",
    );
    for (format, what) in FORMATS {
        page.push_str(&format!("| `{format}` | {what} |\n"));
    }
    for level in levels() {
        page.push_str(&format!("\n## {}\n\n", level.title));
        for name in level.includes {
            if let Some(included) = super::level(name) {
                page.push_str(&format!("All settings of *{}*, and:\n\n", included.title));
            }
        }
        page.push_str("| setting | value | what |\n|---|---|---|\n");
        for setting in level.settings {
            let what = setting.doc.replace('|', "\\|");
            page.push_str(&format!("| `{}` | {} | {what} |\n", setting.name, form(setting.form)));
        }
    }
    page
}

fn title(name: &str) -> String {
    super::level(name).map_or_else(|| name.to_owned(), |level| format!("*{}*", level.title))
}

fn form(form: Form) -> String {
    match form {
        Form::Text => "text".to_owned(),
        Form::Flag => "true or false".to_owned(),
        Form::Count => "whole number".to_owned(),
        Form::Duration => "duration".to_owned(),
        Form::Path => "path".to_owned(),
        Form::Place => "path, or `header NAME`".to_owned(),
        Form::Texts => "text or list".to_owned(),
        Form::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" "),
        Form::Request => "request".to_owned(),
        Form::Requests => "request or list".to_owned(),
        Form::RequestWith(name) | Form::Object(name) => title(name),
        Form::TextOr(name) => format!("path, or {}", title(name)),
        Form::Named(name) => format!("names, each {}", title(name)),
        Form::NamedTexts => "names, each a text".to_owned(),
        Form::NamedRequests => "names, each a request".to_owned(),
        Form::ListOf(name) => format!("list of {}", title(name)),
        Form::Any => "see there".to_owned(),
    }
}
