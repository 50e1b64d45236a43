//! Scalar expressions: every node gets its type, and every conversion that Kusto makes by itself becomes a call.
//!
//! In: an [`ast::Expr`] that must be a value. Out: a [`plan::Expr`](crate::plan::Expr) over the rows that are seen, and the name
//! that a column holding just it would get.

use super::Binder;
use super::env::{Item, Thing};
use super::flow::unknown;
use super::fold;
use crate::ast::{self, BinaryOp, UnaryOp};
use crate::catalog::{self, Operation};
use crate::diagnostic::{self, Span};
use crate::plan::{Expr, ExprKind};
use crate::types::{Type, Value};

/// Arithmetic chains of more links than this nest too deeply to be run.
const CHAIN_MAX: usize = 2_000;

impl Binder<'_> {
    /// A value, and the name a column holding just it would get.
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Item {
        if !self.calls.is_empty() {
            self.inline(1);
        }
        match &expr.kind {
            ast::ExprKind::Missing => Item::unnamed(unknown()),
            ast::ExprKind::Name(name) => self.name(name),
            ast::ExprKind::Literal(literal) => Item::unnamed(Expr::literal(literal.value.clone(), literal.ty)),
            ast::ExprKind::Path { target, member } => self.path(target, member),
            ast::ExprKind::Index { target, index } => self.index(target, index),
            ast::ExprKind::Call { name, args } => self.call(name, args, expr.span),
            ast::ExprKind::Paren(inner) => self.expr(inner),
            ast::ExprKind::Unary { op, operand } => self.unary(*op, operand, expr.span),
            ast::ExprKind::Binary { op, op_span, left, right } if matches!(left.without_parens().kind, ast::ExprKind::Star) => {
                let value = self.value(right);
                if *op == BinaryOp::MatchesRegex {
                    self.check_regex(&value, right.span);
                }
                Item::unnamed(self.any_column(left.span, *op, *op_span, &value))
            }
            ast::ExprKind::Binary { op, op_span, left, right } => {
                let (left, span) = (self.value(left), right.span);
                let right = self.value(right);
                if *op == BinaryOp::MatchesRegex {
                    self.check_regex(&right, span);
                }
                Item::unnamed(self.binary(*op, *op_span, left, right))
            }
            ast::ExprKind::Arithmetic { first, rest } => self.arithmetic(first, rest, expr.span),
            ast::ExprKind::And(operands) => Item::unnamed(self.logical(operands, true)),
            ast::ExprKind::Or(operands) => Item::unnamed(self.logical(operands, false)),
            ast::ExprKind::InList { op, op_span, value, list } => Item::unnamed(self.in_list(*op, *op_span, value, list)),
            ast::ExprKind::Between { negated, value, low, high } => {
                Item::unnamed(self.between(*negated, value, low, high, expr.span))
            }
            ast::ExprKind::Named { name, value } => {
                self.report(diagnostic::MISPLACED, name.span, format!("`{} =` cannot stand within an expression", name.text));
                self.expr(value)
            }
            ast::ExprKind::SearchColumn { column, value } => Item::unnamed(self.search_column(column, value)),
            ast::ExprKind::TypeOf(_) | ast::ExprKind::Star | ast::ExprKind::Wildcard(_) | ast::ExprKind::Range { .. } => {
                self.report(diagnostic::EXPECTED_VALUE, expr.span, "a value is needed here");
                Item::unnamed(unknown())
            }
            _ => {
                self.report(
                    diagnostic::EXPECTED_VALUE,
                    expr.span,
                    "a value is needed here, not rows; toscalar(…) makes one of them",
                );
                Item::unnamed(unknown())
            }
        }
    }

    /// A value, whatever its name.
    pub(super) fn value(&mut self, expr: &ast::Expr) -> Expr {
        self.expr(expr).expr
    }

    /// A value of type `ty`, or one that is refused.
    pub(super) fn value_of(&mut self, expr: &ast::Expr, ty: Type, what: &str) -> Expr {
        let value = self.value(expr);
        if value.ty == ty || value.ty == Type::Unknown {
            return value;
        }
        let converts = match ty {
            Type::Long => value.ty == Type::Int,
            Type::Real => matches!(value.ty, Type::Int | Type::Long),
            Type::String => value.ty == Type::Dynamic,
            _ => false,
        };
        if converts {
            return self.convert(value, ty);
        }
        self.report(diagnostic::WRONG_TYPE, expr.span, format!("{what} must be a {ty}, but this is a {}", value.ty));
        unknown()
    }

    /// A predicate: a `bool`.
    pub(super) fn predicate(&mut self, expr: &ast::Expr) -> Expr {
        if let ast::ExprKind::Named { name, value } = &expr.kind {
            let message = format!("`=` gives the condition the name `{}`, and compares nothing", name.text);
            let help = Some(format!("compare with `==`: `{} == …`", name.text));
            self.report_with_help(diagnostic::NAMED_CONDITION, name.span, message, help);
            return self.predicate(value);
        }
        self.value_of(expr, Type::Bool, "a condition")
    }

    fn unary(&mut self, op: UnaryOp, operand: &ast::Expr, span: Span) -> Item {
        let value = self.value(operand);
        let Ok(ty) = catalog::unary(value.ty) else {
            let text = if op == UnaryOp::Minus { "-" } else { "+" };
            self.report(diagnostic::WRONG_OPERAND, span, format!("`{text}` does not apply to a {}", value.ty));
            return Item::unnamed(unknown());
        };
        let value = self.convert(value, ty);
        if op == UnaryOp::Plus {
            return Item::unnamed(value);
        }
        let expr = fold::negated(&value).unwrap_or_else(|| Expr::call("neg", vec![value], ty));
        Item::unnamed(expr)
    }

    /// One operator between two values.
    pub(super) fn binary(&mut self, op: BinaryOp, op_span: Span, left: Expr, right: Expr) -> Expr {
        let text = if op == BinaryOp::SearchHas { "has" } else { op.text() };
        match catalog::operator(text, left.ty, right.ty) {
            Ok(Operation { result, left: to_left, right: to_right }) => {
                let (left, right) = (self.convert(left, to_left), self.convert(right, to_right));
                Expr::call(text, vec![left, right], result)
            }
            Err(_) => {
                let message = format!("`{text}` does not apply to a {} and a {}", left.ty, right.ty);
                let help = operand_help(text, left.ty, right.ty);
                self.report_with_help(diagnostic::WRONG_OPERAND, op_span, message, help);
                Expr { kind: ExprKind::Literal(Value::Null), ty: result_of(text) }
            }
        }
    }

    fn arithmetic(&mut self, first: &ast::Expr, rest: &[(BinaryOp, Span, ast::Expr)], span: Span) -> Item {
        if rest.len() > CHAIN_MAX {
            self.report(diagnostic::TOO_LARGE, span, format!("more than {CHAIN_MAX} operators in a row"));
            return Item::unnamed(unknown());
        }
        let mut value = self.value(first);
        for (op, op_span, operand) in rest {
            let operand = self.value(operand);
            value = self.binary(*op, *op_span, value, operand);
        }
        Item::unnamed(value)
    }

    /// `and` (true) or `or` (false) over any number of operands.
    fn logical(&mut self, operands: &[ast::Expr], is_and: bool) -> Expr {
        let mut values: Vec<Expr> = Vec::with_capacity(operands.len());
        let word = if is_and { "and" } else { "or" };
        for operand in operands {
            let value = self.value(operand);
            let value = match value.ty {
                Type::Bool | Type::Unknown => value,
                Type::Dynamic => self.convert(value, Type::Bool),
                other => {
                    self.report(diagnostic::WRONG_OPERAND, operand.span, format!("`{word}` takes bools, but this is a {other}"));
                    unknown()
                }
            };
            match (value.kind, is_and) {
                (ExprKind::And(inner), true) | (ExprKind::Or(inner), false) => values.extend(inner),
                (kind, _) => values.push(Expr { kind, ty: value.ty }),
            }
        }
        let kind = if is_and { ExprKind::And(values) } else { ExprKind::Or(values) };
        Expr { kind, ty: Type::Bool }
    }

    fn between(&mut self, negated: bool, value: &ast::Expr, low: &ast::Expr, high: &ast::Expr, span: Span) -> Expr {
        let (value, low, high) = (self.value(value), self.value(low), self.value(high));
        let Ok([to_value, to_low, to_high]) = catalog::between(value.ty, low.ty, high.ty) else {
            let message = format!("`between` does not apply to a {}, a {} and a {}", value.ty, low.ty, high.ty);
            self.report(diagnostic::WRONG_OPERAND, span, message);
            return Expr { kind: ExprKind::Literal(Value::Null), ty: Type::Bool };
        };
        let (value, low, high) = (self.convert(value, to_value), self.convert(low, to_low), self.convert(high, to_high));
        let high = if value.ty == Type::DateTime && high.ty == Type::TimeSpan {
            fold::plus(&low, &high).unwrap_or_else(|| Expr::call("+", vec![low.clone(), high], Type::DateTime))
        } else {
            high
        };
        Expr::call(if negated { "!between" } else { "between" }, vec![value, low, high], Type::Bool)
    }

    /// The value as one of another type, by the call that Kusto makes by itself.
    pub(super) fn convert(&mut self, expr: Expr, to: Type) -> Expr {
        if expr.ty == to || to == Type::Unknown {
            return expr;
        }
        if expr.ty == Type::Unknown {
            let is_error = matches!(expr.kind, ExprKind::Literal(_));
            return if is_error { expr } else { conversion(expr, to) };
        }
        if let ExprKind::Literal(value) = &expr.kind
            && let Some(value) = fold::converted(value, to)
        {
            return Expr::literal(value, to);
        }
        conversion(expr, to)
    }

    /// Whatever an expression is: rows or a value.
    pub(super) fn thing(&mut self, expr: &ast::Expr) -> Thing {
        if self.is_tabular(expr) {
            return self.tabular_thing(expr);
        }
        Thing::Scalar(self.expr(expr))
    }
}

/// The call that converts to a type.
fn conversion(expr: Expr, to: Type) -> Expr {
    let function = match to {
        Type::Bool => "tobool",
        Type::DateTime => "todatetime",
        Type::Decimal => "todecimal",
        Type::Dynamic => "todynamic",
        Type::Guid => "toguid",
        Type::Int => "toint",
        Type::Long => "tolong",
        Type::Real => "toreal",
        Type::String => "tostring",
        Type::TimeSpan => "totimespan",
        Type::Unknown => return expr,
    };
    Expr::call(function, vec![expr], to)
}

/// The type of an operation whose operands are wrong, where it does not depend on them.
fn result_of(op: &str) -> Type {
    if matches!(op, "+" | "-" | "*" | "/" | "%") { Type::Unknown } else { Type::Bool }
}

/// What to write where two types do not go together.
fn operand_help(op: &str, left: Type, right: Type) -> Option<String> {
    match (op, left, right) {
        ("+", Type::String, _) | ("+", _, Type::String) => Some("join texts with strcat(…)".to_owned()),
        ("<" | "<=" | ">" | ">=", Type::String, Type::String) => Some("compare texts with strcmp(…)".to_owned()),
        ("<" | "<=" | ">" | ">=" | "-", Type::DateTime, Type::String) => {
            Some("write a time as datetime(2026-01-31) or convert the text with todatetime(…)".to_owned())
        }
        (_, Type::String, other) if other.is_numeric() => Some(format!("convert the text first: to{other}(…)")),
        (_, other, Type::String) => Some(format!("convert the {other} first: tostring(…)")),
        _ => None,
    }
}
