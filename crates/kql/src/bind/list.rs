//! `in`, `has_any` and their kin: a value against a list, a dynamic array or the rows of a subquery.
//!
//! In: the operator and its operands. Out: a call whose first argument is the value and whose others are constants or expressions
//! of one type with it, dynamic arrays, or one [`ExprKind::Rows`].

use super::Binder;
use super::flow::{Flow, unknown};
use super::source::is_handed;
use crate::ast::{self, ListOp};
use crate::catalog::{self, common_type};
use crate::diagnostic::{self, Span};
use crate::plan::{Expr, ExprKind, RelKind};
use crate::types::{Column, Type, Value};

impl Binder<'_> {
    /// `value op (list)`.
    pub(super) fn in_list(&mut self, op: ListOp, op_span: Span, value: &ast::Expr, list: &[ast::Expr]) -> Expr {
        let value = self.value(value);
        let failed = Expr { kind: ExprKind::Literal(Value::Null), ty: Type::Bool };
        let mut items = Vec::with_capacity(list.len());
        for expr in list {
            if list.len() == 1 && self.is_tabular(expr) {
                let rows = self.subquery(expr);
                return self.in_rows(op, op_span, value, &rows);
            }
            items.push(self.value(expr));
        }
        let items: Vec<Expr> = items.into_iter().flat_map(|item| spread(item, value.ty)).collect();
        let known = items.iter().map(|item| item.ty).filter(|ty| !matches!(ty, Type::Dynamic | Type::Unknown));
        let element = known.reduce(|a, b| common_type(a, b).unwrap_or(a)).unwrap_or(Type::Unknown);
        let element = if element == Type::Unknown && value.ty == Type::Dynamic { Type::String } else { element };
        let Ok(operation) = catalog::operator(op.text(), value.ty, element) else {
            let message = format!("`{}` does not apply to a {}", op.text(), value.ty);
            self.report(diagnostic::WRONG_OPERAND, op_span, message);
            return failed;
        };
        let is_text = !matches!(op, ListOp::In | ListOp::NotIn);
        let (to_value, to_item) = if is_text { (Type::String, Type::String) } else { (operation.left, operation.right) };
        let mut args = Vec::with_capacity(items.len() + 1);
        args.push(self.convert(value, to_value));
        for item in items {
            let keeps = matches!(item.ty, Type::Dynamic | Type::Unknown);
            let fits = is_text || common_type(item.ty, to_item).is_some();
            args.push(if keeps || !fits { item } else { self.convert(item, to_item) });
        }
        Expr::call(op.text(), args, Type::Bool)
    }

    /// A subquery within an expression: it sees no row.
    fn subquery(&mut self, expr: &ast::Expr) -> Flow {
        self.outside(|binder| binder.table(expr))
    }

    fn in_rows(&mut self, op: ListOp, op_span: Span, value: Expr, rows: &Flow) -> Expr {
        let Some(first) = rows.columns().first().cloned() else {
            return if rows.rel.open {
                Expr::call(op.text(), vec![value, unknown()], Type::Bool)
            } else {
                self.report(diagnostic::EXPECTED_VALUE, op_span, "the subquery gives no column to look into");
                Expr { kind: ExprKind::Literal(Value::Null), ty: Type::Bool }
            };
        };
        if is_handed(&rows.rel) {
            let message = "the list is made before the query runs, and does not see the rows of this subquery";
            self.report(diagnostic::OUTER_ROW, op_span, message);
            return Expr { kind: ExprKind::Literal(Value::Null), ty: Type::Bool };
        }
        let is_text = !matches!(op, ListOp::In | ListOp::NotIn);
        let Ok(operation) = catalog::operator(op.text(), value.ty, first.ty) else {
            let message = format!("`{}` does not apply to a {}", op.text(), value.ty);
            self.report(diagnostic::WRONG_OPERAND, op_span, message);
            return Expr { kind: ExprKind::Literal(Value::Null), ty: Type::Bool };
        };
        let (to_value, to_item) = if is_text { (Type::String, Type::String) } else { (operation.left, operation.right) };
        let value = self.convert(value, to_value);
        let keeps = first.ty == Type::Dynamic;
        let element = if keeps { first.ty } else { to_item };
        let column = self.convert(Expr::column(0, first.ty), element);
        let rel = if rows.columns().len() == 1 && element == first.ty {
            rows.rel.clone()
        } else {
            let kind = RelKind::Project { input: rows.rel.clone(), exprs: vec![column] };
            rows.with_columns(kind, vec![Column::new(first.name, element)], false).rel
        };
        let right = Expr { kind: ExprKind::Rows(rel), ty: element };
        Expr::call(op.text(), vec![value, right], Type::Bool)
    }
}

/// The elements of a constant array, where all of them are texts, or all are integers and are compared with numbers: so the
/// list is known before the query runs. All else as it is.
fn spread(item: Expr, with: Type) -> Vec<Expr> {
    let ExprKind::Literal(Value::Dynamic(json)) = &item.kind else { return vec![item] };
    let Ok(serde_json::Value::Array(elements)) = serde_json::from_str::<serde_json::Value>(json) else { return vec![item] };
    let element = |element: &serde_json::Value| match element {
        serde_json::Value::String(text) if with == Type::String => Some(Expr::literal(Value::String(text.clone()), Type::String)),
        serde_json::Value::Number(number) if matches!(with, Type::Int | Type::Long) => {
            Some(Expr::literal(Value::Long(number.as_i64()?), Type::Long))
        }
        _ => None,
    };
    match elements.iter().map(element).collect::<Option<Vec<Expr>>>() {
        Some(list) if !list.is_empty() => list,
        _ => vec![item],
    }
}
