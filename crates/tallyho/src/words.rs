//! Numbers as messages say them.

/// `1 sighting`, `2,345 sightings`.
#[must_use]
pub fn counted(n: impl TryInto<u64>, one: &str, many: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// The first `shown` of some, and how many more there are: `a, b and 3 more`.
#[must_use]
pub fn listed<T: AsRef<str>>(values: &[T], shown: usize) -> String {
    let first: Vec<&str> = values.iter().take(shown).map(AsRef::as_ref).collect();
    match values.len().saturating_sub(shown) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// `1,234,567`.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
