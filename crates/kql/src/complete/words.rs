//! One line about each word of the language that is neither a function nor a name.

/// The words of a kind (`operator`, `infix`, `chart`, `join`, `statement`, `special`), each with what it does.
pub(crate) fn of_kind(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("words.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(move |line| line.strip_prefix(kind)?.strip_prefix(' ')?.split_once('\t'))
}

/// What a word of that kind does.
pub(crate) fn about(kind: &str, word: &str) -> Option<&'static str> {
    of_kind(kind).find(|(known, _)| *known == word).map(|(_, about)| about)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let kinds = ["operator", "infix", "chart", "join", "statement", "special"];
        let read: usize = kinds.iter().map(|kind| of_kind(kind).count()).sum();
        assert_eq!(read, include_str!("words.txt").lines().filter(|line| !line.starts_with('#')).count());
        assert_eq!(about("join", "inner"), Some("all pairs"));
    }
}
