/// The name that was probably meant: at most two letters in five away, cases aside.
///
/// ```
/// use tieline_kit::nearest;
///
/// assert_eq!(nearest("Deal", ["deals", "leads"]), Some("deals"));
/// assert_eq!(nearest("titel", ["title", "value"]), Some("title"));
/// assert_eq!(nearest("invoices", ["deals", "leads"]), None);
/// ```
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Bounded, because names come from outside and the comparison is quadratic.
    let name: Vec<char> = name.chars().take(64).flat_map(char::to_lowercase).collect();
    known
        .into_iter()
        .map(|candidate| {
            (distance(&name, &candidate.chars().flat_map(char::to_lowercase).collect::<Vec<_>>()), candidate)
        })
        .filter(|(distance, candidate)| distance * 5 <= 2 * candidate.chars().count().max(name.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(b) {
            let above = *cell;
            let cost = (diagonal + usize::from(from != to)).min(left + 1).min(above + 1);
            diagonal = above;
            *cell = cost;
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(a.len())
}
