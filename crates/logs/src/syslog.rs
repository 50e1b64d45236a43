//! A line of syslog into its parts, as they stand in its bytes: RFC 3164 (BSD) as daemons and distributions write it to files, with
//! and without `<PRI>`, with its own times or ISO 8601, and RFC 5424.

use std::borrow::Cow;

use kql::time;
use memchr::memchr;

use crate::convert::month_number;
use crate::json::Fault;

/// A part of a line that a column can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Time,
    Host,
    /// The host, where it is an address.
    Address,
    Facility,
    Severity,
    Process,
    ProcessId,
    MessageId,
    Message,
}

/// All fields and the names they go by.
pub(crate) const FIELDS: [(Field, &str); 9] = [
    (Field::Time, "time"),
    (Field::Host, "host"),
    (Field::Address, "address"),
    (Field::Facility, "facility"),
    (Field::Severity, "severity"),
    (Field::Process, "process"),
    (Field::ProcessId, "process_id"),
    (Field::MessageId, "message_id"),
    (Field::Message, "message"),
];

impl Field {
    /// The field of that name.
    pub(crate) fn of(name: &str) -> Option<Field> {
        FIELDS.iter().find(|(_, known)| *known == name).map(|(field, _)| *field)
    }
}

/// RFC 5424, table 1, under the names that the columns of Sentinel's Syslog table have.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit",
    "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
/// RFC 5424, table 2.
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// The parts of a line; what is not there is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Facility and severity in one number.
    pub(crate) priority: Option<u8>,
    time: Time<'a>,
    pub(crate) host: &'a [u8],
    pub(crate) process: &'a [u8],
    process_id: &'a [u8],
    message_id: &'a [u8],
    /// Structured data, which the message follows.
    data: &'a [u8],
    message: &'a [u8],
    /// Both, and the blank between them.
    data_and_message: &'a [u8],
}

/// When it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time<'a> {
    Unknown,
    /// ISO 8601.
    Full(&'a [u8]),
    /// `May 20 13:36:27`, with a year or without.
    Spelled {
        year: Option<i64>,
        month: i64,
        day: i64,
        clock: &'a [u8],
    },
}

/// Takes a line apart, its line end already off.
pub(crate) fn parse(line: &[u8]) -> Result<Line<'_>, Fault> {
    if line.first().is_none_or(u8::is_ascii_whitespace) {
        return Err("it goes on from the line before, and has no syslog header of its own");
    }
    let (priority, rest) = priority(line)?;
    match rest {
        [b'1'..=b'9', b' ', rest @ ..] if priority.is_some() => numbered(priority, rest),
        rest => plain(priority, rest),
    }
}

/// `-- Boot 0123 --`, as journalctl parts what it prints.
pub(crate) fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"-- ") && line.ends_with(b" --")
}

/// `<34>` and what follows.
fn priority(line: &[u8]) -> Result<(Option<u8>, &[u8]), Fault> {
    let Some(rest) = line.strip_prefix(b"<") else { return Ok((None, line)) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = rest[..digits].iter().take(4).fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    match (digits, rest.get(digits), u8::try_from(value)) {
        (1..=3, Some(b'>'), Ok(value @ 0..=191)) => Ok((Some(value), &rest[digits + 1..])),
        _ => Err("its priority is no number from 0 to 191"),
    }
}

/// RFC 5424 after its version: time, host, application, process, message's kind, structured data, message.
fn numbered(priority: Option<u8>, rest: &[u8]) -> Result<Line<'_>, Fault> {
    let mut rest = rest;
    let mut words = [&b""[..]; 5];
    for word in &mut words {
        let end = memchr(b' ', rest).ok_or("its RFC 5424 header is cut short")?;
        *word = if &rest[..end] == b"-" { b"" } else { &rest[..end] };
        rest = &rest[end + 1..];
    }
    let [time, host, process, process_id, message_id] = words;
    let time = match time {
        b"" => Time::Unknown,
        time if is_iso(time) => Time::Full(time),
        _ => return Err("its time is none that RFC 5424 has"),
    };
    let end = data_end(rest)?;
    let message = rest[end..].strip_prefix(b" ").unwrap_or(&rest[end..]);
    let (data, data_and_message) = if rest.starts_with(b"-") { (&b""[..], message) } else { (&rest[..end], rest) };
    Ok(Line { priority, time, host, process, process_id, message_id, data, message, data_and_message })
}

/// Where structured data ends: `-`, or elements in brackets, whose values stand in quotes.
fn data_end(text: &[u8]) -> Result<usize, Fault> {
    let mut at = 0;
    while text.get(at) == Some(&b'[') {
        let (mut quoted, mut escaped) = (false, false);
        let closed = text[at..].iter().position(|byte| {
            let is_escaped = std::mem::take(&mut escaped);
            match byte {
                b'\\' if quoted => escaped = !is_escaped,
                b'"' if !is_escaped => quoted = !quoted,
                b']' => return !quoted,
                _ => {}
            }
            false
        });
        at += closed.ok_or("its structured data is not closed")? + 1;
    }
    match (at, text.get(at)) {
        (0, Some(b'-')) => Ok(1),
        (0, _) => Err("it has no structured data where RFC 5424 has it"),
        _ => Ok(at),
    }
}

/// RFC 3164: time, host, tag, message.
fn plain(priority: Option<u8>, rest: &[u8]) -> Result<Line<'_>, Fault> {
    let (time, rest) = spelled(rest).or_else(|| iso(rest)).ok_or("it begins with no time that syslog writes")?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest).trim_ascii_start();
    let (first, after) = word(rest);
    // Some daemons write their own files, and leave out the host.
    let (host, rest) = if tag(rest).is_some() { (&b""[..], rest) } else { (first, after.trim_ascii_start()) };
    if host.is_empty() && rest.is_empty() {
        return Err("nothing follows its time");
    }
    let rest = rest.strip_prefix(b": ").unwrap_or(rest);
    let (process, process_id, message) = tag(rest).unwrap_or((b"", b"", rest));
    Ok(Line { priority, time, host, process, process_id, message_id: b"", data: b"", message, data_and_message: message })
}

/// Up to the first blank, and from it on.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(memchr(b' ', text).unwrap_or(text.len()))
}

/// `May  5 13:36:27` or `May 5 2026 13:36:27`, with or without a fraction, and what follows.
fn spelled(text: &[u8]) -> Option<(Time<'_>, &[u8])> {
    let (name, rest) = text.split_at_checked(3)?;
    let month = month_number(std::str::from_utf8(name).ok()?)?;
    let (day, rest) = word(rest.strip_prefix(b" ")?.trim_ascii_start());
    let day = number(day).filter(|day| (1..=31).contains(day))?;
    let (next, after) = word(rest.strip_prefix(b" ")?);
    let (year, (clock, rest)) = match next.len() {
        4 => (Some(number(next)?), word(after.strip_prefix(b" ")?)),
        _ => (None, (next, after)),
    };
    let (clock, rest) = match clock.strip_suffix(b":") {
        Some(clock) => (clock, rest),
        None => (clock, rest),
    };
    is_clock(clock).then_some((Time::Spelled { year, month, day, clock }, rest))
}

/// An ISO time, and what follows.
fn iso(text: &[u8]) -> Option<(Time<'_>, &[u8])> {
    let (time, rest) = word(text);
    is_iso(time).then_some((Time::Full(time), rest))
}

/// `2026-05-20T13:36:27`, with or without fraction and offset.
fn is_iso(text: &[u8]) -> bool {
    let Some((date, rest)) = text.split_first_chunk::<11>() else { return false };
    let dated = date.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        10 => *byte == b'T',
        _ => byte.is_ascii_digit(),
    });
    let zone = rest.iter().position(|byte| matches!(byte, b'Z' | b'+' | b'-')).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone);
    dated
        && is_clock(clock)
        && (matches!(zone, b"" | b"Z") || zone.len() > 2 && zone[1..].iter().all(|b| b.is_ascii_digit() || *b == b':'))
}

/// `13:36:27`, with or without a fraction.
fn is_clock(text: &[u8]) -> bool {
    let Some((clock, fraction)) = text.split_first_chunk::<8>() else { return false };
    let two = |at: usize, below: i64| number(&clock[at..at + 2]).is_some_and(|value| value < below);
    clock[2] == b':'
        && clock[5] == b':'
        && two(0, 24)
        && two(3, 60)
        && two(6, 60)
        && matches!(fraction, [] | [b'.', _, ..])
        && fraction.iter().skip(1).all(u8::is_ascii_digit)
}

/// A few digits.
fn number(text: &[u8]) -> Option<i64> {
    let good = (1..=4).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    good.then(|| text.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// `name:` or `name[12]:`, into name, number and the message behind them; `None` if the text does not begin so.
fn tag(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (first, after) = word(text);
    if let Some(open) = memchr(b'[', first).filter(|open| *open > 0) {
        let digits = first[open + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let close = open + 1 + digits;
        if digits > 0 && first.get(close) == Some(&b']') && matches!(first.get(close + 1), None | Some(b':')) {
            let message = text[close + 1..].strip_prefix(b":").unwrap_or(&text[close + 1..]);
            return Some((&first[..open], &first[open + 1..close], message.strip_prefix(b" ").unwrap_or(message)));
        }
    }
    let name = first.strip_suffix(b":").filter(|name| !name.is_empty())?;
    Some((name, b"", after.strip_prefix(b" ").unwrap_or(after)))
}

impl<'a> Line<'a> {
    /// The text of a field; a time that names no year, or that spells its month, is written as ISO 8601 into `scratch`, `latest`
    /// being the greatest that it can be: see [`year`].
    pub(crate) fn text<'t>(&self, field: Field, latest: Option<i64>, scratch: &'t mut Vec<u8>) -> Cow<'t, [u8]>
    where
        'a: 't,
    {
        match field {
            Field::Time => Cow::Borrowed(self.time(latest, scratch)),
            Field::Message => self.message(),
            field => Cow::Borrowed(self.part(field)),
        }
    }

    /// A field other than time and message.
    pub(crate) fn part(&self, field: Field) -> &'a [u8] {
        let coded = |names: &[&'static str], code: fn(u8) -> u8| {
            self.priority.and_then(|priority| names.get(usize::from(code(priority)))).map_or(&b""[..], |name| name.as_bytes())
        };
        match field {
            Field::Host => self.host,
            Field::Address if is_address(self.host) => self.host,
            Field::Facility => coded(&FACILITIES, |priority| priority / 8),
            Field::Severity => coded(&SEVERITIES, |priority| priority % 8),
            Field::Process => self.process,
            Field::ProcessId => self.process_id,
            Field::MessageId => self.message_id,
            Field::Address | Field::Time | Field::Message => b"",
        }
    }

    /// The message behind its structured data, without the mark of its encoding.
    pub(crate) fn message(&self) -> Cow<'a, [u8]> {
        match self.message.strip_prefix(b"\xef\xbb\xbf") {
            None => Cow::Borrowed(self.data_and_message),
            Some(text) if self.data.is_empty() => Cow::Borrowed(text),
            Some(b"") => Cow::Borrowed(self.data),
            Some(text) => Cow::Owned([self.data, b" ", text].concat()),
        }
    }

    /// The message, if all of it stands in the line in one piece.
    pub(crate) fn message_as_it_stands(&self) -> Option<&'a [u8]> {
        match self.message() {
            Cow::Borrowed(text) => Some(text),
            Cow::Owned(_) => None,
        }
    }

    /// The time as ISO 8601.
    pub(crate) fn time<'t>(&self, latest: Option<i64>, scratch: &'t mut Vec<u8>) -> &'t [u8]
    where
        'a: 't,
    {
        scratch.clear();
        let (month, day, clock) = match self.time {
            Time::Unknown => return b"",
            Time::Full(text) => return text,
            Time::Spelled { month, day, clock, .. } => (month, day, clock),
        };
        let known = if let Time::Spelled { year, .. } = self.time { year } else { None };
        let Some(year) = known.or_else(|| year(month, day, clock, latest?)) else { return b"" };
        scratch.extend_from_slice(format!("{year:04}-{month:02}-{day:02}T").as_bytes());
        scratch.extend_from_slice(clock);
        scratch.push(b'Z');
        scratch
    }
}

/// The year of a time without one: the last in which it is not after `latest`, if there is such a day in one of the last eight.
fn year(month: i64, day: i64, clock: &[u8], latest: i64) -> Option<i64> {
    let two = |at: usize| number(&clock[at..at + 2]).unwrap_or_default();
    let of_day = two(0) * time::HOUR + two(3) * time::MINUTE + two(6) * time::SECOND;
    let last = time::civil(latest).year;
    (last - 8..=last).rev().find(|year| time::from_civil(*year, month, day, of_day).is_some_and(|ticks| ticks <= latest))
}

/// An IPv4 or IPv6 address.
fn is_address(host: &[u8]) -> bool {
    let may_be = host.first().is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b':');
    may_be && std::str::from_utf8(host).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields that are there, each after its name; times without a year as of 20 May 2026.
    fn check(line: &str, expected: &str) {
        let latest = time::parse_iso("2026-05-21T00:00:00Z");
        let seen = match parse(line.as_bytes()) {
            Err(why) => why.to_owned(),
            Ok(line) => {
                let text = |field| String::from_utf8_lossy(&line.text(field, latest, &mut Vec::new())).into_owned();
                let fields = FIELDS.iter().map(|(field, name)| (name, text(*field))).filter(|(_, text)| !text.is_empty());
                fields.map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join("|")
            }
        };
        assert_eq!(seen, expected, "{line}");
    }

    #[test]
    fn lines_as_distributions_write_them() {
        check(
            "May 20 13:36:27 web1 sshd[811]: Failed password for root from 192.0.2.7 port 22 ssh2",
            "time=2026-05-20T13:36:27Z|host=web1|process=sshd|process_id=811|message=Failed password for root from 192.0.2.7 port 22 ssh2",
        );
        check("Dec  5 03:00:01 web1 kernel: [1.5] up", "time=2025-12-05T03:00:01Z|host=web1|process=kernel|message=[1.5] up");
        check("Feb 29 00:00:00 h a: b", "time=2024-02-29T00:00:00Z|host=h|process=a|message=b");
        check(
            "<38>May 20 13:36:27 192.0.2.1 postfix/smtpd[9]: connect",
            "time=2026-05-20T13:36:27Z|host=192.0.2.1|address=192.0.2.1|facility=auth|severity=info|process=postfix/smtpd|process_id=9|message=connect",
        );
        check(
            "2026-05-20T13:36:27.123456+02:00 web1 CRON[12]: (root) CMD (x)",
            "time=2026-05-20T13:36:27.123456+02:00|host=web1|process=CRON|process_id=12|message=(root) CMD (x)",
        );
        check(
            "May 20 13:36:27 h last message repeated 2 times",
            "time=2026-05-20T13:36:27Z|host=h|message=last message repeated 2 times",
        );
        check(
            "May 20 13:36:27 dnsmasq[1]: query[A] www.example.com from 192.0.2.9",
            "time=2026-05-20T13:36:27Z|process=dnsmasq|process_id=1|message=query[A] www.example.com from 192.0.2.9",
        );
        check(
            "May 20 13:36:27 mac com.example.launchd[1] (com.example.job[7]): exited",
            "time=2026-05-20T13:36:27Z|host=mac|process=com.example.launchd|process_id=1|message=(com.example.job[7]): exited",
        );
        check(
            "<166>May 20 2025 13:36:27: %ASA-6-1: Built",
            "time=2025-05-20T13:36:27Z|facility=local4|severity=info|process=%ASA-6-1|message=Built",
        );
        check("May 20 2025 13:36:27 fw1 : %ASA-6-1: Built", "time=2025-05-20T13:36:27Z|host=fw1|process=%ASA-6-1|message=Built");
        check("May 20 13:36:27.250 h a[x]: b", "time=2026-05-20T13:36:27.250Z|host=h|process=a[x]|message=b");
    }

    #[test]
    fn lines_of_rfc_5424() {
        check(
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed",
            "time=2003-10-11T22:14:15.003Z|host=mymachine.example.com|facility=auth|severity=crit|process=su|message_id=ID47|message='su root' failed",
        );
        check(
            "<165>1 2026-05-20T13:36:27Z h app 7 - [a@1 x=\"]\\\"\" y=\"\"][b@1] \u{feff}text",
            "time=2026-05-20T13:36:27Z|host=h|facility=local4|severity=notice|process=app|process_id=7|message=[a@1 x=\"]\\\"\" y=\"\"][b@1] text",
        );
        check("<0>1 - - - - - [a]", "facility=kern|severity=emerg|message=[a]");
        check("<0>1 - - - - - -", "facility=kern|severity=emerg");
    }

    #[test]
    fn damage_has_a_reason() {
        check("", "it goes on from the line before, and has no syslog header of its own");
        check("\tat x", "it goes on from the line before, and has no syslog header of its own");
        check("<192>May 20 13:36:27 h a: b", "its priority is no number from 0 to 191");
        check("<99999999999999>1", "its priority is no number from 0 to 191");
        check("<1>1 2026-05-20T13:36:27Z h", "its RFC 5424 header is cut short");
        check("<1>1 yesterday h a p m - x", "its time is none that RFC 5424 has");
        check("<1>1 - h a p m [x y=\"]", "its structured data is not closed");
        check("<1>1 - h a p m x", "it has no structured data where RFC 5424 has it");
        for line in [
            "May 32 13:36:27 h a: b",
            "May 20 24:36:27 h a: b",
            "Mai 20 13:36:27 h",
            "20 May",
            "May",
            "Ma\u{e9}",
            "2026-05-20 13:36:27 h a: b",
        ] {
            check(line, "it begins with no time that syslog writes");
        }
        check("May 20 13:36:27", "nothing follows its time");
    }

    #[test]
    fn a_year_is_the_last_that_is_not_after_the_file() {
        let check = |date: (i64, i64), latest: &str| year(date.0, date.1, b"12:00:00", time::parse_iso(latest).unwrap());
        assert_eq!(check((12, 31), "2026-01-02T00:00:00Z"), Some(2025));
        assert_eq!(check((1, 1), "2026-01-02T00:00:00Z"), Some(2026));
        assert_eq!(check((1, 2), "2026-01-02T00:00:00Z"), Some(2025));
        assert_eq!(check((2, 29), "2026-01-02T00:00:00Z"), Some(2024));
        assert_eq!(check((2, 30), "2026-01-02T00:00:00Z"), None);
    }
}
