//! `dynamic(…)`: JSON with Kusto's own literals among its values, read into compact JSON text.

use super::literal::scalar_value;
use super::{Layout, List, Parser};
use crate::ast::Expr;
use crate::lexer::TokenKind;
use crate::types::{Type, Value};

impl Parser<'_> {
    /// `dynamic(…)`.
    pub(super) fn dynamic_literal(&mut self) -> Option<Expr> {
        if !self.is("dynamic") || !self.is_at(1, "(") {
            return None;
        }
        let start = self.word(0).span.start;
        let json = self.nested_dynamic()?;
        let value = if json == "null" { Value::Null } else { Value::Dynamic(json) };
        Some(self.literal_expr(start, Type::Dynamic, value, false))
    }

    fn nested_dynamic(&mut self) -> Option<String> {
        if !self.is_at(1, "(") {
            return None;
        }
        self.bump();
        self.lay(Layout::Glued);
        let open = self.bump();
        let json = self.json().unwrap_or_else(|| self.missing_json("a JSON value"));
        self.expect_close(")", open);
        Some(json)
    }

    fn missing_json(&mut self, what: &str) -> String {
        self.expected(what);
        "null".to_owned()
    }

    fn json(&mut self) -> Option<String> {
        self.deeper(Parser::json_value)
    }

    fn json_value(&mut self) -> Option<String> {
        use TokenKind as T;
        let text = self.text_at(0);
        match self.kind() {
            T::Long | T::Real => return Some(self.json_scalar()),
            T::Bool | T::DateTime | T::TimeSpan | T::Guid | T::Decimal => return Some(self.json_scalar()),
            T::RawGuid => {
                self.literal();
                return Some(quoted(text));
            }
            T::String => return self.string_value().map(|text| quoted(&text)),
            _ => {}
        }
        match text {
            "-" if matches!(self.word(1).kind, T::Long | T::Real) => {
                self.bump();
                self.lay(Layout::Glued);
                let number = self.json_scalar();
                Some(if number == "null" { number } else { format!("-{number}") })
            }
            "dynamic" => self.nested_dynamic(),
            "null" => {
                self.bump();
                Some("null".to_owned())
            }
            "[" => Some(self.json_array()),
            "{" if self.scan_braced_name().is_some() => self.braced_name().map(|name| quoted(&name.text)),
            "{" => Some(self.json_object()),
            _ => None,
        }
    }

    /// A literal as JSON: numbers and booleans as such, all else as a string.
    fn json_scalar(&mut self) -> String {
        use TokenKind as T;
        let (kind, text) = (self.kind(), self.text_at(0));
        let span = self.bump();
        let ty = match kind {
            T::Bool => Type::Bool,
            T::Long => Type::Long,
            T::Real => Type::Real,
            T::Decimal => Type::Decimal,
            T::DateTime => Type::DateTime,
            T::TimeSpan => Type::TimeSpan,
            _ => Type::Guid,
        };
        // A whole number beyond 64 bits is read as a real, as in any JSON.
        let value = match (kind, scalar_value(ty, text)) {
            (T::Long, None) => text.parse().map_or(Value::Null, Value::Real),
            _ => self.value_or_report(ty, text, span),
        };
        match value {
            Value::Null => "null".to_owned(),
            Value::Bool(b) => b.to_string(),
            Value::Long(i) => i.to_string(),
            Value::Real(r) => serde_json::to_string(&r).unwrap_or_else(|_| "null".to_owned()),
            Value::Decimal(d) if serde_json::from_str::<serde_json::Number>(&d).is_ok() => d,
            value => quoted(&value.to_text()),
        }
    }

    fn json_array(&mut self) -> String {
        let open = self.bump();
        let items = self.comma_list(List::of("a JSON value").optional(), Parser::json);
        self.expect_close("]", open);
        format!("[{}]", items.join(","))
    }

    fn json_object(&mut self) -> String {
        let open = self.bump();
        let pairs = self.comma_list(List::of("a JSON key and value").optional(), Parser::json_pair);
        self.expect_close("}", open);
        format!("{{{}}}", pairs.join(","))
    }

    fn json_pair(&mut self) -> Option<String> {
        if self.kind() != TokenKind::String {
            self.expected("a string as the key");
            self.eat(":");
            return self.json();
        }
        let mut key = String::new();
        super::literal::unescape(self.text_at(0), &mut key);
        self.bump();
        self.expect(":");
        let value = self.json().unwrap_or_else(|| self.missing_json("a JSON value"));
        Some(format!("{}:{value}", quoted(&key)))
    }
}

/// `text` as a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use crate::ast::{ExprKind, OperatorKind, StatementKind};
    use crate::types::Value;

    fn json(literal: &str) -> String {
        let parsed = crate::parse(&format!("print {literal}"));
        assert_eq!(parsed.diagnostics, []);
        let StatementKind::Expr(expr) = &parsed.query.statements[0].kind else { panic!("no expression") };
        let ExprKind::Pipe { operators, .. } = &expr.kind else { panic!("no pipe") };
        let OperatorKind::Print(columns) = &operators[0].kind else { panic!("no print") };
        let ExprKind::Literal(literal) = &columns[0].kind else { panic!("no literal") };
        match &literal.value {
            Value::Dynamic(json) => json.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn json_and_kusto_literals() {
        assert_eq!(json("dynamic({'a': [1, -2.5, true], \"b\": {}})"), r#"{"a":[1,-2.5,true],"b":{}}"#);
        assert_eq!(
            json("dynamic([datetime(2020-01-01), 1d, dynamic('x')])"),
            r#"["2020-01-01T00:00:00.0000000Z","1.00:00:00","x"]"#
        );
        assert_eq!(json("dynamic(null)"), "Null");
        assert_eq!(json("dynamic([99999999999999999999])"), "[1e+20]");
        assert_eq!(json("dynamic('a' 'b')"), "\"ab\"");
    }
}
