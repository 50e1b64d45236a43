//! `scan`.
//!
//! In: rows in a settled order and steps. Out: the rows that steps give, with the declared columns.

use super::super::Binder;
use super::super::flow::{Flow, fresh_name, names_of};
use super::super::scope::Side;
use super::param;
use crate::ast::{self, ExprKind as Ast, Param, TypeExprKind};
use crate::diagnostic;
use crate::plan::{self, Expr, RelKind, ScanOutput};
use crate::types::{Column, Type, Value};

impl Binder<'_> {
    pub(super) fn scan(&mut self, input: &Flow, scan: &ast::Scan, params: &[Param]) -> Flow {
        let sorted = if scan.order_by.is_empty() { input.clone() } else { self.sort(input, &scan.order_by) };
        let partition = scan.partition_by.iter().map(|key| self.over(&sorted, |binder| binder.value(key))).collect();
        let mut columns = sorted.columns().to_vec();
        let mut declare = Vec::with_capacity(scan.declare.len());
        for declared in &scan.declare {
            let ty = match declared.ty.as_ref().map(|ty| &ty.kind) {
                Some(TypeExprKind::Scalar(ty)) => *ty,
                _ => Type::Dynamic,
            };
            if columns.iter().any(|column| column.name == declared.name.text) {
                self.duplicate(&declared.name.text, declared.name.span);
            }
            let default = match &declared.default {
                Some(default) => self.constant_of(default, ty),
                None if ty == Type::String => Value::String(String::new()),
                None => Value::Null,
            };
            columns.push(Column::new(fresh_name(&declared.name.text, &names_of(&columns)), ty));
            declare.push(default);
        }
        let steps = self.scan_steps(&sorted, scan, &columns);
        let match_id = param(params, "with_match_id").map(|name| {
            columns.push(Column::new(fresh_name(&name, &names_of(&columns)), Type::Long));
            columns.len() - 1
        });
        let rel = plan::Scan { input: sorted.rel.clone(), partition, declare, match_id, steps };
        let flow = sorted.with_columns(RelKind::Scan(Box::new(rel)), columns, sorted.rel.open);
        Flow { origin: None, ..flow }
    }

    fn scan_steps(&mut self, input: &Flow, scan: &ast::Scan, columns: &[Column]) -> Vec<plan::ScanStep> {
        let row = Flow::fresh(RelKind::Context, columns.to_vec(), input.rel.open);
        let side = |(at, step): (usize, &ast::ScanStep)| Side {
            name: step.name.text.clone(),
            columns: columns.to_vec(),
            offset: (at + 1) * columns.len(),
            open: input.rel.open,
            origin: None,
        };
        let sides: Vec<Side> = scan.steps.iter().enumerate().map(side).collect();
        let mut steps = Vec::with_capacity(scan.steps.len());
        for step in &scan.steps {
            let mut scope = self.scope_over(&row);
            scope.sides.clone_from(&sides);
            let ((condition, assignments), _) = self.within(scope, |binder| {
                let condition = binder.predicate(&step.condition);
                let assign = |assignment: &ast::Expr| binder.assignment(assignment, columns);
                (condition, step.assignments.iter().filter_map(assign).collect::<Vec<(usize, Expr)>>())
            });
            let output = match step.output.as_ref().map(|name| name.text.as_str()) {
                Some("last") => ScanOutput::Last,
                Some("none") => ScanOutput::None,
                _ => ScanOutput::All,
            };
            steps.push(plan::ScanStep {
                name: step.name.text.clone(),
                optional: step.is_optional,
                output,
                condition,
                assignments,
            });
        }
        steps
    }

    /// A column of the input or one declared, and the value that it gets.
    fn assignment(&mut self, written: &ast::Expr, columns: &[Column]) -> Option<(usize, Expr)> {
        let Ast::Named { name, value } = &written.kind else { return None };
        let value = self.value(value);
        let Some(at) = columns.iter().position(|column| column.name == name.text) else {
            self.report(diagnostic::UNKNOWN_NAME, name.span, format!("no column is called or declared as `{}`", name.text));
            return None;
        };
        Some((at, self.convert(value, columns[at].ty)))
    }
}
