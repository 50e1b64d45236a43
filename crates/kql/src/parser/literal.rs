//! Literals and the values they stand for.

use std::borrow::Cow;

use super::Parser;
use super::moment::{self, Moment};
use crate::ast::{Expr, ExprKind, Literal, Name, TODAY};
use crate::diagnostic::{self, Diagnostic, Span};
use crate::lexer::{self, Token, TokenKind};
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
        if let Some(relative) = relative_moment(kind, text, span) {
            return relative;
        }
        let ty = type_of_token(kind);
        let value = self.value_or_report(ty, text, span);
        self.literal_expr(start, ty, value, false)
    }

    /// The value of a literal; of one that cannot be read null, after a report.
    pub(super) fn value_or_report(&mut self, ty: Type, text: &str, span: Span) -> Value {
        scalar_value(ty, text).unwrap_or_else(|| {
            let is_number = !content(text).is_empty() && content(text).bytes().all(|b| b.is_ascii_digit());
            let message = match ty {
                Type::DateTime if is_number => format!("no source tells which moment Kusto takes `{}` for", super::shown(text)),
                _ => format!("`{}` is no {ty}", super::shown(text)),
            };
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

/// `datetime()`, `datetime(now)` and `datetime(8:00 AM)` depend on when the query starts: calls.
fn relative_moment(kind: TokenKind, text: &str, span: Span) -> Option<Expr> {
    if kind != TokenKind::DateTime {
        return None;
    }
    let call = |name: &str, args| {
        let name = Name { text: name.to_owned(), span, is_quoted: false };
        Expr { kind: ExprKind::Call { name, args }, span }
    };
    match moment::read(&content(text))? {
        Moment::At(_) => None,
        Moment::Now => Some(call("now", Vec::new())),
        Moment::Today(ticks) => {
            let clock = Literal { ty: Type::TimeSpan, value: Value::TimeSpan(ticks), is_hidden: false };
            Some(call(TODAY, vec![Expr { kind: ExprKind::Literal(clock), span }]))
        }
    }
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
    let content = &*content(text);
    if content.eq_ignore_ascii_case("null") {
        return Some(Value::Null);
    }
    if let Some(limit) = limit(ty, content) {
        return Some(limit);
    }
    Some(match ty {
        Type::Bool => Value::Bool(boolean(content)?),
        Type::Int => Value::Int(i32::try_from(integer(content)?).ok()?),
        Type::Long => Value::Long(integer(content)?),
        Type::Real => Value::Real(real(content)?),
        Type::Decimal => Value::Decimal(decimal(content)?),
        Type::DateTime => match moment::read(content)? {
            Moment::At(ticks) => Value::DateTime(ticks),
            Moment::Now | Moment::Today(_) => return None,
        },
        Type::TimeSpan => Value::TimeSpan(timespan(content)?),
        Type::Guid => Value::Guid(types::parse_guid(content)?),
        _ => return None,
    })
}

/// `long(min)`, `real(max)`: the ends of a type by name, as Microsoft's parser knows them.
fn limit(ty: Type, name: &str) -> Option<Value> {
    let is_min = match name {
        "min" => true,
        "max" => false,
        _ => return None,
    };
    Some(match ty {
        Type::Int => Value::Int(if is_min { i32::MIN } else { i32::MAX }),
        Type::Long => Value::Long(if is_min { i64::MIN } else { i64::MAX }),
        Type::Real => Value::Real(if is_min { f64::MIN } else { f64::MAX }),
        Type::Decimal => Value::Decimal(format!("{}79228162514264337593543950335", if is_min { "-" } else { "" })),
        Type::TimeSpan => Value::TimeSpan(if is_min { i64::MIN } else { i64::MAX }),
        _ => return None,
    })
}

/// What stands within `type(…)`, a text there without its quotes unless it is empty, or the bare literal.
fn content(text: &str) -> Cow<'_, str> {
    let Some(open) = text.find('(') else { return Cow::Borrowed(text) };
    let content = &text[open + 1..];
    let content = content.strip_suffix(')').unwrap_or(content).trim();
    if content.ends_with(['"', '\'']) && matches!(lexer::tokenize(content).0[..], [Token { kind: TokenKind::String, .. }, _]) {
        let mut plain = String::new();
        unescape(content, &mut plain);
        if !plain.is_empty() {
            return Cow::Owned(plain);
        }
    }
    Cow::Borrowed(content)
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

/// The canonical text of a decimal: `100000` for `1e5`, `1.5` for `+01.50`.
fn decimal(text: &str) -> Option<String> {
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | 'e' | 'E'));
    (is_plain && text.parse::<f64>().is_ok()).then(|| without_exponent(text).unwrap_or_else(|| text.to_owned()))
}

/// Exponents beyond this are no decimals, and would make text of any length.
const EXPONENT_MAX: i32 = 6144;

/// The number in digits alone, without zeros that say nothing.
fn without_exponent(text: &str) -> Option<String> {
    let (sign, number) = text.strip_prefix('-').map_or(("", text.strip_prefix('+').unwrap_or(text)), |rest| ("-", rest));
    let (number, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let exponent: i32 = exponent.parse().ok().filter(|exponent: &i32| exponent.abs() <= EXPONENT_MAX)?;
    // The point goes right among the digits, or left; zeros stand where it leaves them.
    let zeros = "0".repeat(exponent.unsigned_abs() as usize);
    let digits = if exponent < 0 { format!("{zeros}{whole}{fraction}") } else { format!("{whole}{fraction}{zeros}") };
    let point = if exponent < 0 { whole.len() } else { whole.len() + zeros.len() };
    let (whole, fraction) = digits.split_at(point);
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    Some(match (whole, fraction) {
        ("", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        ("", fraction) => format!("{sign}0.{fraction}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
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
        if number == 0 {
            return None;
        }
        let unit = if unit.is_empty() { 86_400_000_000_000 } else { unit_nanoseconds(unit)? };
        let ticks = scaled(&text[..number], unit)?;
        i64::try_from(if is_negative { -ticks } else { ticks }).ok()
    })
}

/// The ticks of `timespan(24:00:00)`, which is no time of a day: days, hours and minutes then, as .NET's `TimeSpan.Parse` reads
/// it, by which Microsoft's parser tells such values.
pub(crate) fn days_for_hours(text: &str) -> Option<i64> {
    let content = content(text);
    let content = &*content;
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
    fn numbers() {
        assert_eq!(scalar_value(Type::Long, "long(0x1F)"), Some(Value::Long(31)));
        assert_eq!(scalar_value(Type::Int, "int(null)"), Some(Value::Null));
        assert_eq!(scalar_value(Type::Int, "int(3000000000)"), None);
        assert_eq!(scalar_value(Type::Real, "1."), Some(Value::Real(1.0)));
        assert_eq!(scalar_value(Type::Real, "real(-inf)"), Some(Value::Real(f64::NEG_INFINITY)));
        assert_eq!(scalar_value(Type::Real, "real(max)"), Some(Value::Real(f64::MAX)));
        assert_eq!(scalar_value(Type::TimeSpan, "time(min)"), Some(Value::TimeSpan(i64::MIN)));
        assert_eq!((scalar_value(Type::Guid, "guid(min)"), scalar_value(Type::TimeSpan, "time(d)")), (None, None));
        assert_eq!(scalar_value(Type::Long, "long(@'5')"), Some(Value::Long(5)));
        for (text, canonical) in [
            ("1e5", "100000"),
            ("+01.50", "1.5"),
            ("-12.5e-3", "-0.0125"),
            ("1.25E1", "12.5"),
            (".5", "0.5"),
            ("-0.00", "0"),
            ("100", "100"),
            ("1.5e+2", "150"),
        ] {
            let value = scalar_value(Type::Decimal, &format!("decimal({text})"));
            assert_eq!(value, Some(Value::Decimal(canonical.to_owned())), "{text}");
        }
    }
}
