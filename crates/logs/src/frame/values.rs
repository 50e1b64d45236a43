//! JSON values in a stream, whatever stands between them.

use memchr::{memchr, memchr2, memchr3};

use super::{CHUNK, Frame, Framer, MAX_RECORD, record_line};
use crate::json::Fault;

impl Framer {
    /// The next value.
    pub(super) fn next_value(&mut self, open: u8, inside: bool) -> Option<Frame> {
        loop {
            if self.at == self.filled && !self.fill() {
                return None;
            }
            if self.buf[self.at] == b'R' && !inside {
                while memchr(b'\n', &self.buf[self.at..self.filled]).is_none() && self.filled - self.at < CHUNK && self.fill() {}
                if let Some(len) = record_line(&self.buf[self.at..self.filled]) {
                    self.pass(len);
                    continue;
                }
            }
            match self.buf[self.at] {
                byte if byte == open => return Some(self.value()),
                b']' if inside => {
                    self.at = self.filled;
                    self.eof = true;
                    return None;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']' | b'}' => self.pass(1),
                0xef if self.position() == 0 => self.pass(3.min(self.filled)),
                _ => return Some(self.junk(open)),
            }
        }
    }

    /// Text that is no value, to the end of its line or to the next value.
    fn junk(&mut self, open: u8) -> Frame {
        let rest = &self.buf[self.at..self.filled];
        let len = memchr2(b'\n', open, rest).unwrap_or(rest.len());
        let (start, offset, line) = (self.at, self.position(), self.line);
        self.pass(len);
        Frame { start, end: start + len, offset, line, fault: Some("text stands where an object should") }
    }

    /// The object or array that opens at `at`.
    fn value(&mut self) -> Frame {
        let (offset, line) = (self.position(), self.line);
        let (len, fault) = self.value_length();
        let start = self.at;
        self.pass(len);
        Frame { start, end: start + len, offset, line, fault }
    }

    fn value_length(&mut self) -> (usize, Option<Fault>) {
        let (mut searched, mut depth, mut string) = (0_usize, 0_usize, false);
        loop {
            while let Some(&byte) = self.buf[self.at..self.filled].get(searched) {
                if string {
                    let rest = &self.buf[self.at + searched..self.filled];
                    let Some(found) = memchr3(b'"', b'\\', b'\n', rest) else {
                        searched += rest.len();
                        break;
                    };
                    match rest[found] {
                        b'"' => string = false,
                        b'\n' => return (searched + found, Some("a string is not closed")),
                        _ => searched += 1,
                    }
                    searched += found + 1;
                    continue;
                }
                searched += 1;
                match byte {
                    b'"' => string = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return (searched, None);
                        }
                    }
                    _ => {}
                }
            }
            if searched > MAX_RECORD {
                return (self.filled - self.at, Some("the object is longer than 32 MiB"));
            }
            if !self.fill() {
                return (self.filled - self.at, Some("an object or array is not closed"));
            }
        }
    }
}
