//! Names that look like a mistyped one.
//!
//! In: a name and candidates. Out: the few nearest, the best first: those that differ in case only, then by edit distance.

/// At most five of the candidates that are near `name`; equal ones in the order given.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    within((name.chars().count() / 3).clamp(1, 3), name, candidates)
}

/// The candidates that `name` is meant to be but for its case or one slip of the keyboard.
#[must_use]
pub fn one_slip_off<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    within(1, name, candidates)
}

fn within<'a>(bound: usize, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    let mut found: Vec<(usize, &str)> = Vec::new();
    for candidate in candidates {
        let folded: Vec<char> = candidate.to_lowercase().chars().collect();
        let near = if folded == wanted {
            Some(0)
        } else if folded.len().abs_diff(wanted.len()) > bound {
            None
        } else {
            Some(distance(&wanted, &folded)).filter(|d| *d <= bound)
        };
        if let Some(near) = near
            && candidate != name
            && !found.iter().any(|(_, known)| *known == candidate)
        {
            found.push((near, candidate));
        }
    }
    found.sort_by_key(|(near, _)| *near);
    found.truncate(5);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// How many characters must be put in, left out, replaced or swapped with their neighbor.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_first_then_distance() {
        assert_eq!(nearest("dnsevents", ["DnsEvent", "DnsEvents", "SecurityEvent"]), ["DnsEvents", "DnsEvent"]);
        assert_eq!(nearest("TimeGenreated", ["TimeGenerated", "TimeZone"]), ["TimeGenerated"]);
        assert_eq!(nearest("x", ["y", "abc"]), ["y"]);
        assert!(nearest("count", ["count"]).is_empty());
        assert!(nearest("", ["abc"]).is_empty());
        assert_eq!(one_slip_off("SecurtyEvent", ["SecurityEvent", "SecurityEvents"]), ["SecurityEvent"]);
    }
}
