//! CSV as feeds write it: a blank after the separator, quotes or none, comment lines, CRLF. Comes in: text. Goes out: records
//! with the number of the line they start at.

use std::borrow::Cow;

/// The records of a text; blank lines are passed over.
pub(crate) struct Csv<'a> {
    rest: &'a str,
    line: usize,
    separator: u8,
}

/// The fields of a record.
pub(crate) type Fields<'a> = Vec<Cow<'a, str>>;

impl<'a> Csv<'a> {
    /// The records of `text`, fields parted by `separator`, an ASCII character.
    pub(crate) fn new(text: &'a str, separator: u8) -> Csv<'a> {
        Csv { rest: text, line: 1, separator }
    }

    /// The fields of one line that is separated as this text is.
    pub(crate) fn fields_of<'l>(&self, line: &'l str) -> Option<Fields<'l>> {
        Csv::new(line, self.separator).next().map(|(_, fields)| fields)
    }

    /// The line that starts here, if it is a comment, is taken off and returned without its mark.
    pub(crate) fn comment(&mut self) -> Option<&'a str> {
        let line = self.rest.split('\n').next()?;
        let comment = line.trim_start().strip_prefix('#')?;
        self.rest = self.rest.get(line.len() + 1..).unwrap_or_default();
        self.line += 1;
        Some(comment.trim())
    }

    /// Takes the line that starts here off, if `read` finds something in it and tells what follows it.
    pub(crate) fn line<T>(&mut self, read: impl FnOnce(&'a str) -> Option<(T, &'a str)>) -> Option<T> {
        let (found, rest) = read(self.rest)?;
        self.rest = rest;
        self.line += 1;
        Some(found)
    }

    fn field(&mut self) -> Cow<'a, str> {
        self.rest = self.rest.trim_start_matches(' ');
        let Some(inner) = self.rest.strip_prefix('"') else {
            let (field, rest) = self.rest.split_at(self.end(self.rest));
            self.rest = rest;
            return Cow::Borrowed(field.trim_end());
        };
        self.quoted(inner)
    }

    /// Where the field that `text` starts with ends.
    fn end(&self, text: &str) -> usize {
        memchr::memchr2(self.separator, b'\n', text.as_bytes()).unwrap_or(text.len())
    }

    /// A field whose opening quote stands before `inner`. An open quote ends with its line, so that it costs no other record.
    fn quoted(&mut self, inner: &'a str) -> Cow<'a, str> {
        let mut owned = String::new();
        let mut from = 0;
        loop {
            let Some(quote) = memchr::memchr(b'"', &inner.as_bytes()[from..]).map(|at| at + from) else {
                let end = inner.find('\n').unwrap_or(inner.len());
                self.rest = &inner[end..];
                return Cow::Borrowed(inner[..end].trim_end());
            };
            if inner[quote + 1..].starts_with('"') {
                owned.push_str(&inner[from..=quote]);
                from = quote + 2;
                continue;
            }
            let last = &inner[from..quote];
            let field = if owned.is_empty() { Cow::Borrowed(last) } else { Cow::Owned(owned + last) };
            self.line += memchr::memchr_iter(b'\n', &inner.as_bytes()[..quote]).count();
            let rest = &inner[quote + 1..];
            self.rest = &rest[self.end(rest)..];
            return field;
        }
    }
}

impl<'a> Iterator for Csv<'a> {
    type Item = (usize, Fields<'a>);

    fn next(&mut self) -> Option<(usize, Fields<'a>)> {
        while let Some(rest) = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n')) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return None;
        }
        let at = self.line;
        let mut fields = vec![self.field()];
        while self.rest.as_bytes().first() == Some(&self.separator) {
            self.rest = &self.rest[1..];
            fields.push(self.field());
        }
        if let Some(rest) = self.rest.strip_prefix('\n') {
            self.rest = rest;
            self.line += 1;
        }
        Some((at, fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, separator: u8, expected: &[(usize, &[&str])]) {
        let found: Vec<(usize, Vec<String>)> =
            Csv::new(text, separator).map(|(line, fields)| (line, fields.iter().map(|f| f.to_string()).collect())).collect();
        let expected: Vec<(usize, Vec<String>)> =
            expected.iter().map(|(line, fields)| (*line, fields.iter().map(|f| (*f).to_owned()).collect())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn habits_of_feeds() {
        check("\"a\", \"b,c\", \"\"\r\n\r\nd,e , \n", b',', &[(1, &["a", "b,c", ""]), (3, &["d", "e", ""])]);
        check("\"say \"\"hi\"\"\",x", b',', &[(1, &["say \"hi\"", "x"])]);
        check("\"two\nlines\",x\ny", b',', &[(1, &["two\nlines", "x"]), (3, &["y"])]);
        check("a\t\tb", b'\t', &[(1, &["a", "", "b"])]);
        check("\"open, x", b',', &[(1, &["open, x"])]);
    }
}
