//! CSV as feeds write it: a blank after the separator, quotes or none, comment lines, CRLF. Comes in: text. Goes out: records
//! with the number of the line they start at.

use std::borrow::Cow;

/// The records of a text; blank lines are passed over.
pub(crate) struct Csv<'a> {
    rest: &'a str,
    line: usize,
    separator: char,
}

/// The fields of a record.
pub(crate) type Fields<'a> = Vec<Cow<'a, str>>;

impl<'a> Csv<'a> {
    /// The records of `text`, fields parted by `separator`.
    pub(crate) fn new(text: &'a str, separator: char) -> Csv<'a> {
        Csv { rest: text, line: 1, separator }
    }

    /// The line that starts here, if it is a comment, is taken off and returned without its mark.
    pub(crate) fn comment(&mut self) -> Option<&'a str> {
        let line = self.rest.split('\n').next()?;
        let comment = line.trim_start().strip_prefix('#')?;
        self.rest = self.rest.get(line.len() + 1..).unwrap_or_default();
        self.line += 1;
        Some(comment.trim())
    }

    fn field(&mut self) -> Cow<'a, str> {
        self.rest = self.rest.trim_start_matches(' ');
        let Some(inner) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([self.separator, '\n']).unwrap_or(self.rest.len());
            let (field, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Cow::Borrowed(field.trim_end());
        };
        self.quoted(inner)
    }

    /// A field whose opening quote stands before `inner`. An open quote ends with its line, so that it costs no other record.
    fn quoted(&mut self, inner: &'a str) -> Cow<'a, str> {
        let mut owned = String::new();
        let mut from = 0;
        loop {
            let Some(quote) = inner[from..].find('"').map(|at| at + from) else {
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
            self.line += inner[..quote].matches('\n').count();
            let rest = &inner[quote + 1..];
            let end = rest.find([self.separator, '\n']).unwrap_or(rest.len());
            self.rest = &rest[end..];
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
        while let Some(rest) = self.rest.strip_prefix(self.separator) {
            self.rest = rest;
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

    fn check(text: &str, separator: char, expected: &[(usize, &[&str])]) {
        let found: Vec<(usize, Vec<String>)> =
            Csv::new(text, separator).map(|(line, fields)| (line, fields.iter().map(|f| f.to_string()).collect())).collect();
        let expected: Vec<(usize, Vec<String>)> =
            expected.iter().map(|(line, fields)| (*line, fields.iter().map(|f| (*f).to_owned()).collect())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn habits_of_feeds() {
        check("\"a\", \"b,c\", \"\"\r\n\r\nd,e , \n", ',', &[(1, &["a", "b,c", ""]), (3, &["d", "e", ""])]);
        check("\"say \"\"hi\"\"\",x", ',', &[(1, &["say \"hi\"", "x"])]);
        check("\"two\nlines\",x\ny", ',', &[(1, &["two\nlines", "x"]), (3, &["y"])]);
        check("a\t\tb", '\t', &[(1, &["a", "", "b"])]);
        check("\"open, x", ',', &[(1, &["open, x"])]);
    }
}
