//! Where a position of the text is within the tree, and what can be seen from there.
//!
//! In: a syntax tree and a byte offset. Out: a [`Place`]: the declarations before it, the pipelines it stands in, and the
//! expressions around it.

use crate::ast::{
    ExpandItem, Expr, ExprKind, JoinCondition, Literal, Name, Operator, OperatorKind, Parameter, Query, Statement, StatementKind,
    TypeExprKind,
};
use crate::catalog::Catalog;
use crate::diagnostic::Span;
use crate::lint::walk::{self, Child};
use crate::types::{Column, Type, Value};

/// A place in a query.
#[derive(Default)]
pub(crate) struct Place<'a> {
    /// The statements that come before it, from the outermost block inwards.
    pub(crate) before: Vec<&'a Statement>,
    /// The parameters of the functions around it.
    pub(crate) parameters: Vec<&'a Parameter>,
    /// The pipelines around it, the innermost last.
    pub(crate) pipes: Vec<Pipe<'a>>,
    /// The expressions around it, the innermost last.
    pub(crate) path: Vec<&'a Expr>,
}

/// A pipeline around a place.
#[derive(Clone, Copy)]
pub(crate) struct Pipe<'a> {
    /// Where its rows come from.
    source: Option<&'a Expr>,
    /// The operators that come before the place.
    before: &'a [Operator],
    /// The operator that the place is in.
    pub(crate) operator: &'a Operator,
}

impl<'a> Place<'a> {
    /// The place at a byte offset.
    pub(crate) fn at(query: &'a Query, offset: usize) -> Place<'a> {
        let mut place = Place::default();
        place.in_statements(&query.statements, offset);
        place
    }

    fn in_statements(&mut self, statements: &'a [Statement], at: usize) {
        let Some(here) = statements.iter().rposition(|statement| holds(statement.span, at)) else {
            self.before.extend(statements.iter().filter(|statement| statement.span.end <= at));
            return;
        };
        self.before.extend(&statements[..here]);
        if let StatementKind::Let { value, .. } | StatementKind::Expr(value) = &statements[here].kind {
            self.in_expr(value, at);
        }
    }

    fn in_expr(&mut self, expr: &'a Expr, at: usize) {
        self.path.push(expr);
        match &expr.kind {
            ExprKind::Function(function) => {
                self.parameters.extend(&function.parameters);
                self.in_statements(&function.body.statements, at);
            }
            ExprKind::Pipe { source, operators } => match operators.iter().rposition(|operator| holds(operator.span, at)) {
                Some(here) => {
                    let pipe = Pipe { source: source.as_deref(), before: &operators[..here], operator: &operators[here] };
                    self.pipes.push(pipe);
                    let mut children = Vec::new();
                    walk::operator_children(&operators[here], &mut |child| children.push(child));
                    self.in_last(&children, at);
                }
                None => {
                    if let Some(source) = source.as_deref().filter(|source| holds(source.span, at)) {
                        self.in_expr(source, at);
                    }
                }
            },
            _ => {
                let mut children = Vec::new();
                walk::children(expr, &mut |child| children.push(child));
                self.in_last(&children, at);
            }
        }
    }

    /// Goes on in the last child that holds the place.
    fn in_last(&mut self, children: &[Child<'a>], at: usize) {
        let span = |child: &Child<'_>| match child {
            Child::Expr(expr) => expr.span,
            Child::Body(body) => body.span,
        };
        match children.iter().rfind(|child| holds(span(child), at)) {
            Some(Child::Expr(expr)) => self.in_expr(expr, at),
            Some(Child::Body(body)) => self.in_statements(&body.statements, at),
            None => {}
        }
    }

    /// The name at the place, if there is one.
    pub(crate) fn name(&self) -> Option<&'a Name> {
        self.path.last()?.as_name()
    }

    /// The innermost pipeline.
    pub(crate) fn pipe(&self) -> Option<Pipe<'a>> {
        self.pipes.last().copied()
    }

    /// The columns that an expression at the place sees, and whether there may be more. Beside a join's condition, `side` says
    /// whose: `$left`, `$right`, or the left's and then the right's.
    pub(crate) fn columns(&self, side: Option<&str>, catalog: &dyn Catalog) -> (Vec<Column>, bool) {
        let Some(pipe) = self.pipe() else { return (Vec::new(), false) };
        let left = || self.bind(self.rows(self.pipes.len() - 1), catalog);
        let (OperatorKind::Join { right, condition } | OperatorKind::Lookup { right, condition }) = &pipe.operator.kind else {
            return left();
        };
        let in_condition = match condition {
            JoinCondition::None => self.path.iter().any(|expr| matches!(expr.kind, ExprKind::Missing)),
            JoinCondition::On(exprs) => self.path.iter().any(|expr| exprs.iter().any(|on| on.span == expr.span)),
            JoinCondition::Where(_) => false,
        };
        let right = || self.bind(Some((**right).clone()), catalog);
        match side {
            Some("$left") => left(),
            Some("$right") => right(),
            _ if !in_condition => left(),
            _ => {
                let ((mut columns, open), (others, other_open)) = (left(), right());
                // `on` takes the names that both sides have; the others need their side.
                if !others.is_empty() {
                    columns.retain(|column| others.iter().any(|other| other.name == column.name));
                }
                (columns, open || other_open)
            }
        }
    }

    /// The rows that come into the operator of that pipeline, as an expression.
    fn rows(&self, at: usize) -> Option<Expr> {
        let pipe = self.pipes[at];
        let source = match pipe.source {
            Some(source) => Some(Box::new(source.clone())),
            None if at > 0 => self.rows_within(at - 1).map(Box::new),
            None => None,
        };
        if pipe.before.is_empty() {
            return source.map(|source| *source);
        }
        Some(Expr { kind: ExprKind::Pipe { source, operators: pipe.before.to_vec() }, span: pipe.operator.span })
    }

    /// The rows that the subquery of that pipeline's operator starts from.
    fn rows_within(&self, at: usize) -> Option<Expr> {
        let rows = self.rows(at)?;
        let operator = self.pipes[at].operator;
        let OperatorKind::MvApply { items, .. } = &operator.kind else { return Some(rows) };
        // The elements' columns, as typed nulls: only names and types matter here.
        let element = |item: &ExpandItem| {
            let (ExprKind::Name(name) | ExprKind::Named { name, .. }) = &item.expr.kind else { return None };
            let ty = match item.ty.as_ref().map(|ty| &ty.kind) {
                Some(TypeExprKind::Scalar(ty)) => *ty,
                _ => Type::Dynamic,
            };
            let value = Expr { kind: ExprKind::Literal(Literal { ty, value: Value::Null, is_hidden: false }), span: name.span };
            Some(Expr { kind: ExprKind::Named { name: name.clone(), value: Box::new(value) }, span: name.span })
        };
        let elements = items.iter().filter_map(element).collect();
        let extend = Operator { kind: OperatorKind::Extend(elements), params: Vec::new(), ..operator.clone() };
        Some(Expr { kind: ExprKind::Pipe { source: Some(Box::new(rows)), operators: vec![extend] }, span: operator.span })
    }

    /// The columns of a tabular expression that stands here.
    pub(crate) fn bind(&self, rows: Option<Expr>, catalog: &dyn Catalog) -> (Vec<Column>, bool) {
        let Some(rows) = rows else { return (Vec::new(), false) };
        let span = rows.span;
        let mut statements: Vec<Statement> = self.before.iter().map(|statement| (*statement).clone()).collect();
        statements.retain(|statement| !matches!(statement.kind, StatementKind::Expr(_)));
        statements.push(Statement { kind: StatementKind::Expr(rows), span });
        let query = Query { statements, span };
        let bound = crate::bind::bind(&query, catalog, &crate::bind::Options::default());
        (bound.columns, bound.open)
    }

    /// The names declared before the place: each with what it stands for. Of two alike the later one counts.
    pub(crate) fn declared(&self) -> Vec<(&'a Name, Declared<'a>)> {
        let mut declared: Vec<(&Name, Declared<'_>)> = Vec::new();
        for statement in &self.before {
            match &statement.kind {
                StatementKind::Let { name, value } => declared.push((name, Declared::Value(value))),
                StatementKind::QueryParameters(parameters) => {
                    declared.extend(parameters.iter().map(|parameter| (&parameter.name, Declared::Parameter(parameter))));
                }
                _ => {}
            }
        }
        declared.extend(self.parameters.iter().map(|parameter| (&parameter.name, Declared::Parameter(parameter))));
        declared.reverse();
        let mut seen: Vec<&str> = Vec::new();
        declared.retain(|(name, _)| {
            !seen.contains(&name.text.as_str()) && {
                seen.push(&name.text);
                true
            }
        });
        declared
    }
}

/// What a declared name stands for.
#[derive(Clone, Copy)]
pub(crate) enum Declared<'a> {
    /// The value of a `let`.
    Value(&'a Expr),
    /// A function's or a query's parameter.
    Parameter(&'a Parameter),
}

impl Declared<'_> {
    /// It is a function, a table or a scalar, as far as its form tells.
    pub(crate) fn form(&self) -> DeclaredForm {
        match self {
            Declared::Value(value) => match &value.without_parens().kind {
                ExprKind::Function(_) => DeclaredForm::Function,
                ExprKind::Pipe { .. } | ExprKind::DataTable { .. } | ExprKind::ExternalData { .. } => DeclaredForm::Table,
                ExprKind::Call { name, .. } if name.text == "materialize" => DeclaredForm::Table,
                ExprKind::Literal(literal) => DeclaredForm::Scalar(literal.ty),
                _ => DeclaredForm::Scalar(Type::Unknown),
            },
            Declared::Parameter(parameter) => match parameter.ty.as_ref().map(|ty| &ty.kind) {
                Some(TypeExprKind::Table { .. }) => DeclaredForm::Table,
                Some(TypeExprKind::Scalar(ty)) => DeclaredForm::Scalar(*ty),
                None => DeclaredForm::Scalar(Type::Unknown),
            },
        }
    }
}

/// What kind of thing a declared name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeclaredForm {
    /// A function.
    Function,
    /// A table.
    Table,
    /// A value of that type.
    Scalar(Type),
}

fn holds(span: Span, at: usize) -> bool {
    span.start <= at && at <= span.end
}
