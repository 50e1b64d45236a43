//! Literals and the values they stand for.

use super::Parser;
use crate::ast::{Expr, ExprKind, Literal, Name};
use crate::diagnostic::{self, Diagnostic, Span};
use crate::lexer::{self, TokenKind};
use crate::time;
use crate::types::{self, Type, Value};

impl Parser<'_> {
    /// A constant: a literal, a signed number, `dynamic(…)`, `typeof(…)` or a client's parameter.
    pub(super) fn literal(&mut self) -> Option<Expr> {
        use TokenKind as T;
        let start = self.word(0).span.start;
        match self.kind() {
            T::String => {
                let is_hidden = self.text_at(0).starts_with(['h', 'H']);
                let value = Value::String(self.string_value()?);
                return Some(self.literal_expr(start, Type::String, value, is_hidden));
            }
            T::Bool | T::Int | T::Long | T::Real | T::Decimal | T::DateTime | T::TimeSpan | T::Guid => {
                return Some(self.scalar_literal(start));
            }
            T::RawGuid => {
                let message = "a guid without `guid(…)` around it";
                let help = format!("write `guid({})`", self.text_at(0));
                self.report(Diagnostic::new(diagnostic::EXPECTED, self.word(0).span, message).with_help(help));
                return self.guid_literal();
            }
            _ => {}
        }
        match self.text_at(0) {
            "dynamic" => self.dynamic_literal(),
            "+" | "-" => self.signed_literal(start),
            "typeof" => self.type_of(),
            "{" => self.braced_name().map(super::name::expr_of),
            _ => None,
        }
    }

    /// A guid, with or without `guid(…)` around it.
    pub(super) fn guid_literal(&mut self) -> Option<Expr> {
        let start = self.word(0).span.start;
        if self.kind() == TokenKind::RawGuid {
            let value = types::parse_guid(self.text_at(0)).map_or(Value::Null, Value::Guid);
            self.bump();
            return Some(self.literal_expr(start, Type::Guid, value, false));
        }
        Some(self.scalar_literal(start))
    }

    fn scalar_literal(&mut self, start: usize) -> Expr {
        let (kind, text) = (self.kind(), self.text_at(0));
        let span = self.bump();
        if kind == TokenKind::DateTime && is_current_time(text) {
            let name = Name { text: "now".to_owned(), span, is_quoted: false };
            return Expr { kind: ExprKind::Call { name, args: Vec::new() }, span };
        }
        let ty = type_of_token(kind);
        let value = self.value_or_report(ty, text, span);
        self.literal_expr(start, ty, value, false)
    }

    /// The value of a literal; of one that cannot be read null, after a report.
    pub(super) fn value_or_report(&mut self, ty: Type, text: &str, span: Span) -> Value {
        scalar_value(ty, text).unwrap_or_else(|| {
            let message = format!("`{}` is no {ty}", super::shown(text));
            let help = match ty {
                Type::DateTime => "write it as `datetime(2026-05-20 13:36:27)`",
                Type::TimeSpan => "write it as `1d`, `2.5h` or `time(1.02:03:04)`",
                Type::Guid => "write it as `guid(74be27de-1e4e-49d9-b579-fe0b331d3642)`",
                _ => "correct it, or write `null` between the parentheses",
            };
            self.diagnostics.push(Diagnostic::new(diagnostic::BAD_LITERAL, span, message).with_help(help));
            Value::Null
        })
    }

    /// `-1`, `+2.5`, `-1d`, the sign right before the number.
    fn signed_literal(&mut self, start: usize) -> Option<Expr> {
        let number = self.word(1);
        let is_number = matches!(number.kind, TokenKind::Long | TokenKind::Real | TokenKind::TimeSpan);
        if !is_number || !number.is_glued || !self.text_at(1).starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.at += 2;
        self.glue_from(self.at - 2);
        let ty = type_of_token(number.kind);
        let span = self.span_from(start);
        let value = self.value_or_report(ty, span.text(self.text), span);
        Some(self.literal_expr(start, ty, value, false))
    }

    pub(super) fn literal_expr(&self, start: usize, ty: Type, value: Value, is_hidden: bool) -> Expr {
        Expr { kind: ExprKind::Literal(Literal { ty, value, is_hidden }), span: self.span_from(start) }
    }

    /// The text of the adjacent string literals that stand here.
    pub(super) fn string_value(&mut self) -> Option<String> {
        if self.kind() != TokenKind::String {
            return None;
        }
        let mut value = String::new();
        while self.kind() == TokenKind::String {
            unescape(self.text_at(0), &mut value);
            self.bump();
        }
        Some(value)
    }
}

/// `datetime()` and `datetime(now)` are the time at which the query starts, and so calls of `now()`.
fn is_current_time(text: &str) -> bool {
    let content = text.split_once('(').map_or("", |(_, content)| content.trim_end_matches(')').trim());
    content.is_empty() || content.eq_ignore_ascii_case("now")
}

/// The type of a literal token.
fn type_of_token(kind: TokenKind) -> Type {
    match kind {
        TokenKind::Bool => Type::Bool,
        TokenKind::Int => Type::Int,
        TokenKind::Long => Type::Long,
        TokenKind::Real => Type::Real,
        TokenKind::Decimal => Type::Decimal,
        TokenKind::DateTime => Type::DateTime,
        TokenKind::TimeSpan => Type::TimeSpan,
        TokenKind::Guid | TokenKind::RawGuid => Type::Guid,
        _ => Type::String,
    }
}

/// The value of a literal that is no string, `datetime(…)` or bare: `None` if its content cannot be read as that type.
pub(super) fn scalar_value(ty: Type, text: &str) -> Option<Value> {
    let content = content(text);
    if content.eq_ignore_ascii_case("null") {
        return Some(Value::Null);
    }
    Some(match ty {
        Type::Bool => Value::Bool(boolean(content)?),
        Type::Int => Value::Int(i32::try_from(integer(content)?).ok()?),
        Type::Long => Value::Long(integer(content)?),
        Type::Real => Value::Real(real(content)?),
        Type::Decimal => Value::Decimal(decimal(content)?),
        Type::DateTime => Value::DateTime(datetime(content)?),
        Type::TimeSpan => Value::TimeSpan(timespan(content)?),
        Type::Guid => Value::Guid(types::parse_guid(content)?),
        _ => return None,
    })
}

/// What stands within `type(…)`, without quotes, or the bare literal.
fn content(text: &str) -> &str {
    match text.find('(') {
        Some(open) => unquote(text[open + 1..].trim_end_matches(')').trim()),
        None => text,
    }
}

fn unquote(text: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(text)
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        number => integer(number).map(|number| number != 0),
    }
}

fn integer(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        // As in other languages with 64 bits, 0xFFFFFFFFFFFFFFFF is -1.
        let value = u64::from_str_radix(hex, 16).ok()?.cast_signed();
        return Some(if is_negative { value.wrapping_neg() } else { value });
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if is_negative { format!("-{digits}").parse().ok() } else { digits.parse().ok() }
}

fn real(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => return Some(f64::NAN),
        "inf" | "+inf" | "infinity" | "+infinity" => return Some(f64::INFINITY),
        "-inf" | "-infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let is_number = text.contains(|c: char| c.is_ascii_digit());
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | 'e' | 'E'));
    if is_number && is_plain { text.parse().ok() } else { integer(text).map(|i| i as f64) }
}

/// The text of a decimal, checked but otherwise as written.
fn decimal(text: &str) -> Option<String> {
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | 'e' | 'E'));
    (is_plain && text.parse::<f64>().is_ok()).then(|| text.strip_prefix('+').unwrap_or(text).to_owned())
}

fn datetime(text: &str) -> Option<i64> {
    let plain = text.replace('\u{202f}', " ");
    time::parse_datetime(&plain).or_else(|| date_of_numbers(&plain))
}

/// `2020`, `2020 - 12 - 31`, `2020, 12, 31`, `12-31-2020`: a date alone, in ways that real queries write it.
fn date_of_numbers(text: &str) -> Option<i64> {
    let numbers: Vec<&str> = text.split(['-', ',', '/']).map(str::trim).collect();
    let is_number = |number: &&str| (1..=4).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    if !numbers.iter().all(is_number) {
        return None;
    }
    match numbers.as_slice() {
        [year] if year.len() == 4 => time::parse_iso(&format!("{year}-01-01")),
        [year, month, day] if year.len() == 4 => time::parse_iso(&format!("{year}-{month:0>2}-{day:0>2}")),
        [month, day, year] if year.len() == 4 => time::parse_iso(&format!("{year}-{month:0>2}-{day:0>2}")),
        _ => None,
    }
}

/// `1d`, `15 seconds`, `1.02:03:04`, `2` (days).
fn timespan(text: &str) -> Option<i64> {
    time::parse_timespan(text).or_else(|| days_for_hours(text)).or_else(|| {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text.trim_start()),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let number = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let unit = text[number..].trim();
        let unit = if unit.is_empty() { 86_400_000_000_000 } else { unit_nanoseconds(unit)? };
        let ticks = scaled(&text[..number], unit)?;
        i64::try_from(if is_negative { -ticks } else { ticks }).ok()
    })
}

/// The ticks of `timespan(24:00:00)`, which is no time of a day: days, hours and minutes then, as .NET's `TimeSpan.Parse` reads it,
/// by which Microsoft's parser tells such values.
pub(crate) fn days_for_hours(text: &str) -> Option<i64> {
    let content = content(text);
    let (sign, content) = content.strip_prefix('-').map_or((1, content), |rest| (-1, rest));
    let mut numbers = content.split(':').map(|number| {
        let is_number = !number.is_empty() && number.len() <= 8 && number.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| number.parse::<i64>().ok()).flatten()
    });
    let (days, hours, minutes) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let is_plain = numbers.next().is_none() && days > 23 && hours < 24 && minutes < 60;
    let ticks = days.checked_mul(time::DAY)?.checked_add(hours * time::HOUR + minutes * time::MINUTE)?;
    is_plain.then_some(sign * ticks)
}

/// `number` units of that many nanoseconds, in ticks of 100 ns, cut.
fn scaled(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = &fraction[..fraction.len().min(18)];
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let parts: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let nanoseconds = whole.checked_mul(unit)?.checked_add(parts.checked_mul(unit)? / scale)?;
    Some(nanoseconds / 100)
}

/// How long a unit of time is, by any of its names.
pub(crate) fn unit_nanoseconds(name: &str) -> Option<i128> {
    Some(match name {
        "d" | "day" | "days" => 86_400_000_000_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000_000_000,
        "m" | "min" | "minute" | "minutes" => 60_000_000_000,
        "s" | "sec" | "second" | "seconds" => 1_000_000_000,
        "ms" | "milli" | "millis" | "millisec" | "millisecond" | "milliseconds" => 1_000_000,
        "micro" | "micros" | "microsec" | "microsecond" | "microseconds" => 1_000,
        "nano" | "nanos" | "nanosec" | "nanosecond" | "nanoseconds" => 1,
        "tick" | "ticks" => 100,
        _ => return None,
    })
}

/// Adds the text that the string literal `token` stands for to `out`.
pub(super) fn unescape(token: &str, out: &mut String) {
    let text = token.trim_start_matches(['h', 'H']);
    let (is_verbatim, text) = match text.strip_prefix('@') {
        Some(text) => (true, text),
        None => (false, text),
    };
    if let Some(fence) = ["```", "~~~"].into_iter().find(|fence| text.starts_with(fence)) {
        let content = &text[3..];
        out.push_str(content.strip_suffix(fence).unwrap_or(content));
        return;
    }
    let Some(quote) = text.chars().next() else { return };
    let content = &text[1..];
    let content = if text.len() > 1 { content.strip_suffix(quote).unwrap_or(content) } else { content };
    if is_verbatim {
        out.push_str(&content.replace(&format!("{quote}{quote}"), &quote.to_string()));
        return;
    }
    unescape_content(content, out);
}

fn unescape_content(content: &str, out: &mut String) {
    let mut rest = content;
    let mut units: Vec<u16> = Vec::new();
    while let Some(at) = rest.find('\\') {
        if at > 0 {
            flush(&mut units, out);
        }
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(length) = lexer::escape_length(rest.as_bytes()) else {
            flush(&mut units, out);
            out.push('\\');
            rest = &rest[1..];
            continue;
        };
        units.extend(escaped(&rest[1..length]));
        rest = &rest[length..];
    }
    flush(&mut units, out);
    out.push_str(rest);
}

/// Escapes are UTF-16 code units: two of them may make one character.
fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.extend(char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

/// What an escape, without its backslash, stands for.
fn escaped(escape: &str) -> Vec<u16> {
    let code = |digits: &str, radix: u32| u32::from_str_radix(digits, radix).unwrap_or(0xfffd);
    let code = match escape.as_bytes()[0] {
        b'a' => 7,
        b'b' => 8,
        b'f' => 0xc,
        b'n' => 0xa,
        b'r' => 0xd,
        b't' => 9,
        b'v' => 0xb,
        b'u' | b'x' => code(&escape[1..], 16),
        b'U' => {
            let c = char::from_u32(code(&escape[1..], 16)).unwrap_or(char::REPLACEMENT_CHARACTER);
            return c.encode_utf16(&mut [0; 2]).to_vec();
        }
        b'0'..=b'7' => code(escape, 8),
        other => u32::from(other),
    };
    vec![u16::try_from(code).unwrap_or(0xfffd)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(token: &str) -> String {
        let mut out = String::new();
        unescape(token, &mut out);
        out
    }

    #[test]
    fn strings() {
        assert_eq!(text_of(r#""a\"b\\c\n""#), "a\"b\\c\n");
        assert_eq!(text_of(r"@'c:\it''s'"), r"c:\it's");
        assert_eq!(text_of("h'x'"), "x");
        assert_eq!(text_of("```a\\n\nb```"), "a\\n\nb");
        assert_eq!(text_of(r"'\u00e9\x41\101\ud83d\ude00\U0001F600'"), "éAA😀😀");
    }

    #[test]
    fn timespans() {
        for (text, ticks) in [("1d", time::DAY), ("2.5h", 5 * time::HOUR / 2), ("1tick", 1), ("100ns", 0), ("-1m", -time::MINUTE)]
        {
            assert_eq!(timespan(text), (text != "100ns").then_some(ticks), "{text}");
        }
        assert_eq!(timespan("15 seconds"), Some(15 * time::SECOND));
        assert_eq!(timespan("1.02:03:04"), Some(time::DAY + 2 * time::HOUR + 3 * time::MINUTE + 4 * time::SECOND));
        assert_eq!(timespan("250 nanoseconds"), Some(2));
        assert_eq!(timespan("24:00:00"), Some(24 * time::DAY));
        assert_eq!(timespan("-72:01:30"), Some(-(72 * time::DAY + time::HOUR + 30 * time::MINUTE)));
        assert_eq!((timespan("24:60:00"), timespan("24:00"), timespan("99999999:00:00")), (None, None, None));
    }

    #[test]
    fn datetimes() {
        let eighth = time::parse_iso("2014-11-08 15:05:02");
        for text in
            ["2014-11-08T15:05:02Z", "Sat, 8 Nov 2014 15:05:02 GMT", "Saturday, 08-Nov-14 15:05:02 GMT", "11/8/2014 15:05:02"]
        {
            assert_eq!(datetime(text), eighth, "{text}");
        }
        assert_eq!(datetime("2014"), time::parse_iso("2014-01-01"));
        for text in ["2014 - 11 - 08", "2014, 11, 8", "11-08-2014"] {
            assert_eq!(datetime(text), time::parse_iso("2014-11-08"), "{text}");
        }
        assert_eq!(datetime("yesterday"), None);
    }

    #[test]
    fn numbers() {
        assert_eq!(scalar_value(Type::Long, "long(0x1F)"), Some(Value::Long(31)));
        assert_eq!(scalar_value(Type::Int, "int(null)"), Some(Value::Null));
        assert_eq!(scalar_value(Type::Int, "int(3000000000)"), None);
        assert_eq!(scalar_value(Type::Real, "1."), Some(Value::Real(1.0)));
        assert_eq!(scalar_value(Type::Real, "real(-inf)"), Some(Value::Real(f64::NEG_INFINITY)));
        assert_eq!(scalar_value(Type::Decimal, "decimal(1e5)"), Some(Value::Decimal("1e5".to_owned())));
    }
}
