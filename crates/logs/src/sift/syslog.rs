//! Lines of syslog: the header tells the parts that a test looks at, and nothing is made of the others.

use memchr::memchr;

use super::{Column, Texts};
use crate::syslog::{self, Field, Line};
use crate::table::Path;

/// Lines of syslog.
pub(super) struct Syslog {
    /// The parts that each column may come from, in turn.
    of_columns: Vec<Vec<Field>>,
    /// A time is looked at, or noted.
    timed: bool,
    /// The greatest that a time without a year can be.
    latest: Option<i64>,
    scratch: Vec<u8>,
}

impl Syslog {
    /// `None` if a column needs more than parts as they stand.
    pub(super) fn new(columns: &[Column], time: &[Path], latest: Option<i64>) -> Option<Syslog> {
        if columns.iter().any(|column| !matches!(column, Column::Const(_) | Column::First(_))) {
            return None;
        }
        let fields = |paths: &[Path]| -> Vec<Field> {
            paths.iter().filter(|path| path.inner.is_empty()).filter_map(|path| Field::of(&path.key)).collect()
        };
        let of_columns: Vec<Vec<Field>> = columns.iter().map(|column| fields(column.paths())).collect();
        let timed = of_columns.iter().flatten().chain(&fields(time)).any(|field| *field == Field::Time);
        Some(Syslog { of_columns, timed, latest, scratch: Vec::new() })
    }

    /// The texts of the columns, the time and where the newline stands, if the line has a header.
    #[inline]
    pub(super) fn texts<'b>(
        &'b mut self,
        buffer: &'b [u8],
        start: usize,
        columns: &'b [Column],
        texts: &mut Texts<'b>,
    ) -> Option<(&'b [u8], usize)> {
        let rest = buffer.get(start..)?;
        let len = memchr(b'\n', rest)?;
        let line = syslog::parse(rest[..len].strip_suffix(b"\r").unwrap_or(&rest[..len])).ok()?;
        let time = if self.timed { line.time(self.latest, &mut self.scratch) } else { b"" };
        for (at, column) in columns.iter().enumerate() {
            let text = match column {
                Column::Const(text) => text,
                _ => first(&self.of_columns[at], &line, time)?,
            };
            texts.push(text.into());
        }
        Some((time, start + len))
    }
}

/// The first of the fields that is not empty; `None` if it does not stand in the line.
fn first<'b>(fields: &[Field], line: &Line<'b>, time: &'b [u8]) -> Option<&'b [u8]> {
    for field in fields {
        let text = match field {
            Field::Time => time,
            Field::Message => line.message_as_it_stands()?,
            field => line.part(*field),
        };
        if !text.is_empty() {
            return Some(text);
        }
    }
    Some(b"")
}

#[cfg(test)]
mod tests {

    use super::super::Sift;
    use crate::decode::Glance;
    use crate::keep::Find;
    use crate::table::{Source, keys};

    /// Whether each line is passed over by a search for `fox` in the columns.
    fn sifted(sources: &[&Source], lines: &[&str]) -> Vec<bool> {
        let find = Find::of_each(|texts| texts.iter().any(|text| text.text().windows(3).any(|part| part == b"fox")));
        let sources: Vec<Option<&Source>> = sources.iter().map(|source| Some(*source)).collect();
        let mut sift = Sift::new(&sources, Some(&keys(&["time"])), Some(find), None).unwrap();
        sift.look(Glance::Syslog { latest: None });
        let passes_over = |line: &&str| sift.pass_over(format!("{line}\n").as_bytes(), 0, usize::MAX).at > 0;
        lines.iter().map(passes_over).collect()
    }

    #[test]
    fn only_the_part_that_is_looked_at_counts() {
        let lines = [
            "May 20 13:36:27 fox hen[1]: a cow",
            "May 20 13:36:27 hen fox[1]: a cow",
            "May 20 13:36:27 hen cow[1]: a fox",
            "<13>1 - hen cow - fox - a hen",
            "<13>1 - hen cow - - [a b=\"fox\"] a hen",
            // What does not stand there in one piece is decoded.
            "<13>1 - hen cow - - [a b=\"hen\"] \u{feff}a hen",
            // So is what has no header.
            "\ta hen",
            "",
        ];
        let (host, process, message) = (keys(&["host"]), keys(&["process"]), keys(&["message"]));
        assert_eq!(sifted(&[&host], &lines), [false, true, true, true, true, true, false, false]);
        assert_eq!(sifted(&[&process], &lines), [true, false, true, true, true, true, false, false]);
        assert_eq!(sifted(&[&message], &lines), [true, true, false, true, false, false, false, false]);
        assert_eq!(sifted(&[&host, &message], &lines), [false, true, false, true, false, false, false, false]);
    }
}
