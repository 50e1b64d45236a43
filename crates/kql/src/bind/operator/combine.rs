//! `join` and `lookup`.
//!
//! In: two sides and the pairs of columns that must be equal. Out: the left's columns, then the right's, whose names get a number
//! where they clash.

use super::super::Binder;
use super::super::flow::{Flow, fresh_name, names_of, unknown};
use super::super::resolve::{did_you_mean, open_column};
use super::super::scope::Side;
use super::param;
use crate::ast::{self, BinaryOp, ExprKind as Ast, JoinCondition, Operator};
use crate::catalog;
use crate::diagnostic::{self, Span};
use crate::plan::{Expr, JoinKind, RelKind};
use crate::types::{Column, Type};

/// Pairs of expressions over the left and over the right.
type Pairs = Vec<(Expr, Expr)>;

impl Binder<'_> {
    pub(super) fn join(&mut self, left: &Flow, right: &ast::Expr, condition: &JoinCondition, operator: &Operator) -> Flow {
        let right = self.table(right);
        let kind = match param(&operator.params, "kind").as_deref() {
            None => JoinKind::InnerUnique,
            Some(name) => join_kind(name).unwrap_or(JoinKind::InnerUnique),
        };
        let on = self.pairs(left, &right, condition, operator.keyword);
        let (columns, open) = match kind {
            JoinKind::LeftSemi | JoinKind::LeftAnti => (left.columns().to_vec(), left.rel.open),
            JoinKind::RightSemi | JoinKind::RightAnti => (right.columns().to_vec(), right.rel.open),
            _ => (side_by_side(left.columns(), right.columns()), left.rel.open || right.rel.open),
        };
        let kept = if matches!(kind, JoinKind::RightSemi | JoinKind::RightAnti) { &right } else { left };
        let origin = kept.origin.clone();
        let kind = RelKind::Join { kind, left: left.rel.clone(), right: right.rel.clone(), on, lookup: false };
        Flow { origin, ..Flow::fresh(kind, columns, open) }
    }

    pub(super) fn lookup_operator(
        &mut self,
        left: &Flow,
        right: &ast::Expr,
        condition: &JoinCondition,
        operator: &Operator,
    ) -> Flow {
        let right = self.table(right);
        let kind = match param(&operator.params, "kind").as_deref() {
            Some("inner") => JoinKind::Inner,
            _ => JoinKind::LeftOuter,
        };
        let on = self.pairs(left, &right, condition, operator.keyword);
        let is_key = |at: usize| on.iter().any(|(_, key)| reads(key, at));
        let width = left.columns().len();
        let others: Vec<(usize, &Column)> = right.columns().iter().enumerate().filter(|(at, _)| !is_key(*at)).collect();
        let mut columns = left.columns().to_vec();
        columns.extend(beside(left.columns(), &others.iter().map(|(_, column)| *column).collect::<Vec<_>>()));
        let mut exprs = left.identity();
        exprs.extend(others.iter().map(|(at, column)| Expr::column(width + at, column.ty)));
        let open = left.rel.open || right.rel.open;
        let both = side_by_side(left.columns(), right.columns());
        let join = RelKind::Join { kind, left: left.rel.clone(), right: right.rel.clone(), on, lookup: true };
        let joined = Flow::fresh(join, both, open);
        let flow = joined.with_columns(RelKind::Project { input: joined.rel.clone(), exprs }, columns, open);
        Flow { origin: left.origin.clone(), ..flow }
    }

    fn pairs(&mut self, left: &Flow, right: &Flow, condition: &JoinCondition, keyword: Span) -> Pairs {
        let conditions = match condition {
            JoinCondition::On(conditions) => conditions,
            JoinCondition::None => {
                self.report(diagnostic::JOIN_CONDITION, keyword, "`on` and the columns that must be equal are missing");
                return Vec::new();
            }
            JoinCondition::Where(predicate) => {
                self.report(diagnostic::JOIN_CONDITION, predicate.span, "write `on` and the columns that must be equal");
                return Vec::new();
            }
        };
        let sides = [side("$left", left), side("$right", right)];
        let mut pairs = Vec::new();
        for condition in conditions {
            self.pair(&sides, condition, &mut pairs);
        }
        pairs
    }

    fn pair(&mut self, sides: &[Side; 2], condition: &ast::Expr, pairs: &mut Pairs) {
        match &condition.without_parens().kind {
            Ast::Missing => {}
            Ast::And(operands) => {
                for operand in operands {
                    self.pair(sides, operand, pairs);
                }
            }
            Ast::Name(name) => {
                let left = self.side_column(&sides[0], name);
                let right = self.side_column(&sides[1], name);
                self.push_pair(left, right, condition.span, pairs);
            }
            Ast::Binary { op: BinaryOp::Equal, left, right, .. } => {
                let first = self.qualified_column(sides, left);
                let second = self.qualified_column(sides, right);
                match (first, second) {
                    (Some((0, left)), Some((1, right))) | (Some((1, right)), Some((0, left))) => {
                        self.push_pair(left, right, condition.span, pairs);
                    }
                    (Some(_), Some(_)) => {
                        let message = "one column must be of `$left` and one of `$right`";
                        self.report(diagnostic::JOIN_CONDITION, condition.span, message);
                    }
                    _ => {}
                }
            }
            _ => {
                let message = "a condition is the name of a column that both sides have, or `$left.a == $right.b`";
                self.report(diagnostic::JOIN_CONDITION, condition.span, message);
            }
        }
    }

    fn push_pair(&mut self, left: Expr, right: Expr, span: Span, pairs: &mut Pairs) {
        let integers = |ty: Type| matches!(ty, Type::Int | Type::Long);
        let pair = match (left.ty, right.ty) {
            (Type::Unknown, _) | (_, Type::Unknown) => (left, right),
            (Type::Dynamic, Type::Dynamic) => {
                let help = "convert both before the join: extend key = tostring(…)".to_owned();
                self.report_with_help(diagnostic::DYNAMIC_KEY, span, "rows cannot be joined by a dynamic", Some(help));
                (left, right)
            }
            (a, b) if a == b => (left, right),
            (a, b) if integers(a) && integers(b) => (self.convert(left, Type::Long), self.convert(right, Type::Long)),
            (a, b) => {
                let message = format!("the left column is a {a}, the right one a {b}: they cannot be equal");
                let help = "convert one of them before the join".to_owned();
                self.report_with_help(diagnostic::JOIN_TYPES, span, message, Some(help));
                (left, right)
            }
        };
        pairs.push(pair);
    }

    /// `$left.name` or `$right.name`: which side, and the column.
    fn qualified_column(&mut self, sides: &[Side; 2], expr: &ast::Expr) -> Option<(usize, Expr)> {
        let expr = expr.without_parens();
        if let Ast::Path { target, member } = &expr.kind
            && let (Some(qualifier), Some(name)) = (target.as_name(), member.as_name())
            && let Some(at) = sides.iter().position(|side| side.name == qualifier.text)
        {
            return Some((at, self.side_column(&sides[at], name)));
        }
        if let Ast::Index { target, index } = &expr.kind
            && let (Some(qualifier), Ast::Literal(literal)) = (target.as_name(), &index.kind)
            && let Some(at) = sides.iter().position(|side| side.name == qualifier.text)
        {
            let name = ast::Name { text: literal.value.to_text(), span: index.span, is_quoted: true };
            return Some((at, self.side_column(&sides[at], &name)));
        }
        if !expr.is_missing() {
            self.report(diagnostic::JOIN_CONDITION, expr.span, "write `$left.column` or `$right.column` here");
        }
        None
    }

    fn side_column(&mut self, side: &Side, name: &ast::Name) -> Expr {
        if let Some(expr) = side.column(&name.text) {
            return expr;
        }
        if name.text.is_empty() {
            return unknown();
        }
        if side.open {
            return open_column(&name.text);
        }
        let which = if side.name == "$left" { "left" } else { "right" };
        let near = catalog::nearest(&name.text, side.columns.iter().map(|column| column.name.as_str()));
        let message = format!("the {which} side has no column called `{}`", name.text);
        self.report_with_help(diagnostic::UNKNOWN_NAME, name.span, message, did_you_mean(&near));
        unknown()
    }
}

fn side(name: &str, flow: &Flow) -> Side {
    Side { name: name.to_owned(), columns: flow.columns().to_vec(), offset: 0, open: flow.rel.open, origin: flow.origin.clone() }
}

fn reads(expr: &Expr, position: usize) -> bool {
    use crate::plan::ExprKind;
    match &expr.kind {
        ExprKind::Column(at) => *at == position,
        ExprKind::Call { args, .. } => args.iter().any(|arg| reads(arg, position)),
        _ => false,
    }
}

/// The left's columns, then the right's under names that are free.
pub(super) fn side_by_side(left: &[Column], right: &[Column]) -> Vec<Column> {
    let right: Vec<&Column> = right.iter().collect();
    let mut columns = left.to_vec();
    columns.extend(beside(left, &right));
    columns
}

/// The right's columns under names that neither the left nor another column of the right has.
fn beside(left: &[Column], right: &[&Column]) -> Vec<Column> {
    let left = names_of(left);
    let mut taken = left.clone();
    taken.extend(right.iter().map(|column| column.name.clone()));
    let name = |column: &&Column| {
        if !left.contains(&column.name) {
            return Column::clone(column);
        }
        let name = fresh_name(&column.name, &taken);
        taken.insert(name.clone());
        Column::new(name, column.ty)
    };
    right.iter().map(name).collect()
}

fn join_kind(name: &str) -> Option<JoinKind> {
    Some(match name {
        "innerunique" => JoinKind::InnerUnique,
        "inner" => JoinKind::Inner,
        "leftouter" => JoinKind::LeftOuter,
        "rightouter" => JoinKind::RightOuter,
        "fullouter" => JoinKind::FullOuter,
        "leftsemi" => JoinKind::LeftSemi,
        "rightsemi" => JoinKind::RightSemi,
        "leftanti" | "anti" | "leftantisemi" => JoinKind::LeftAnti,
        "rightanti" | "rightantisemi" => JoinKind::RightAnti,
        _ => return None,
    })
}
