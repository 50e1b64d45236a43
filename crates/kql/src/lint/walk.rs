//! What stands directly within an expression or an operator.
//!
//! In: a node of the syntax tree. Out: the expressions and statements one level below, in the order of the text. Whoever walks
//! the whole tree calls this again and again; the tree is shallow, so recursion is safe.

use crate::ast::{
    Body, Expr, ExprKind, FindColumn, FindOutput, JoinCondition, Operator, OperatorKind, ParseElement, PartitionBody, Query,
    SeriesRange, Statement, StatementKind, TopNestedLevel,
};

/// One thing within another.
#[derive(Clone, Copy)]
pub(crate) enum Child<'a> {
    /// An expression.
    Expr(&'a Expr),
    /// Statements in braces.
    Body(&'a Body),
}

/// Calls `visit` with every expression of the query, outer ones first.
pub(crate) fn every_expr<'a>(query: &'a Query, visit: &mut dyn FnMut(&'a Expr)) {
    query.statements.iter().for_each(|statement| in_statement(statement, visit));
}

/// Calls `visit` with the expression and every one within, outer ones first.
pub(crate) fn every_expr_in<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expr);
    children(expr, &mut |child| in_child(child, visit));
}

/// Calls `visit` with every expression of one operator.
pub(crate) fn every_expr_of<'a>(operator: &'a Operator, visit: &mut dyn FnMut(&'a Expr)) {
    operator_children(operator, &mut |child| in_child(child, visit));
}

fn in_child<'a>(child: Child<'a>, visit: &mut dyn FnMut(&'a Expr)) {
    match child {
        Child::Expr(expr) => every_expr_in(expr, visit),
        Child::Body(body) => body.statements.iter().for_each(|statement| in_statement(statement, visit)),
    }
}

fn in_statement<'a>(statement: &'a Statement, visit: &mut dyn FnMut(&'a Expr)) {
    match &statement.kind {
        StatementKind::Let { value, .. } | StatementKind::Alias { database: value, .. } | StatementKind::Expr(value) => {
            every_expr_in(value, visit);
        }
        StatementKind::Restrict { entities, properties } => {
            entities.iter().chain(properties.iter().map(|property| &property.value)).for_each(|expr| every_expr_in(expr, visit));
        }
        StatementKind::Set { value, .. } => value.iter().for_each(|expr| every_expr_in(expr, visit)),
        StatementKind::QueryParameters(parameters) => {
            parameters.iter().filter_map(|parameter| parameter.default.as_ref()).for_each(|expr| every_expr_in(expr, visit));
        }
        StatementKind::Pattern(pattern) => {
            for case in &pattern.cases {
                case.values.iter().chain(&case.path).for_each(|expr| every_expr_in(expr, visit));
                case.body.statements.iter().for_each(|statement| in_statement(statement, visit));
            }
        }
        StatementKind::Command(_) => {}
    }
}

/// What stands directly within an expression.
pub(crate) fn children<'a>(expr: &'a Expr, give: &mut dyn FnMut(Child<'a>)) {
    let mut one = |expr: &'a Expr| give(Child::Expr(expr));
    match &expr.kind {
        ExprKind::Missing
        | ExprKind::Name(_)
        | ExprKind::Wildcard(_)
        | ExprKind::Star
        | ExprKind::Literal(_)
        | ExprKind::TypeOf(_) => {}
        ExprKind::Path { target: a, member: b }
        | ExprKind::Index { target: a, index: b }
        | ExprKind::Binary { left: a, right: b, .. }
        | ExprKind::Range { low: a, high: b }
        | ExprKind::SearchColumn { column: a, value: b } => {
            one(a);
            one(b);
        }
        ExprKind::Unary { operand: inner, .. } | ExprKind::Paren(inner) => one(inner),
        ExprKind::Named { value, .. } | ExprKind::NamedTuple { value, .. } | ExprKind::DataScope { target: value, .. } => {
            one(value)
        }
        ExprKind::Arithmetic { first, rest } => {
            one(first);
            rest.iter().for_each(|(_, _, operand)| one(operand));
        }
        ExprKind::Call { args: exprs, .. }
        | ExprKind::And(exprs)
        | ExprKind::Or(exprs)
        | ExprKind::EntityGroup(exprs)
        | ExprKind::List(exprs) => {
            exprs.iter().for_each(one);
        }
        ExprKind::InList { value, list, .. } => {
            one(value);
            list.iter().for_each(one);
        }
        ExprKind::Between { value, low, high, .. } => [value, low, high].into_iter().for_each(|part| one(part)),
        ExprKind::Pipe { source, operators } => {
            source.iter().for_each(|source| one(source));
            operators.iter().for_each(|operator| operator_children(operator, give));
        }
        ExprKind::DataTable { properties, values, .. } => {
            properties.iter().for_each(|property| one(&property.value));
            values.iter().for_each(one);
        }
        ExprKind::ExternalData { uris, properties, .. } => {
            uris.iter().for_each(&mut one);
            properties.iter().for_each(|property| one(&property.value));
        }
        ExprKind::ContextualDataTable { id, .. } => one(id),
        ExprKind::MaterializedViewCombine { view, base, delta, aggregations } => {
            [view, base, delta, aggregations].into_iter().for_each(|part| one(part));
        }
        ExprKind::Function(function) => give(Child::Body(&function.body)),
    }
}

/// What stands directly within an operator.
pub(crate) fn operator_children<'a>(operator: &'a Operator, give: &mut dyn FnMut(Child<'a>)) {
    use OperatorKind as K;
    operator.params.iter().for_each(|param| give(Child::Expr(&param.value)));
    let mut one = |expr: &'a Expr| give(Child::Expr(expr));
    match &operator.kind {
        K::Unknown | K::As(_) | K::AssertSchema(_) | K::Consume | K::Count(_) | K::ExecuteAndCache | K::GetSchema => {}
        K::GraphMarkComponents | K::GraphToTable(_) | K::Render(_) => {}
        K::Distinct(exprs)
        | K::Extend(exprs)
        | K::Print(exprs)
        | K::Project(exprs)
        | K::ProjectAway(exprs)
        | K::ProjectByNames(exprs)
        | K::ProjectKeep(exprs)
        | K::ProjectRename(exprs)
        | K::Serialize(exprs)
        | K::Union(exprs) => exprs.iter().for_each(one),
        K::GraphWhereEdges(expr) | K::GraphWhereNodes(expr) | K::Invoke(expr) | K::Reduce(expr) => one(expr),
        K::Sample(expr) | K::Take(expr) | K::Where(expr) => one(expr),
        K::Evaluate { call, .. } => one(call),
        K::Facet { by, with } => {
            by.iter().for_each(&mut one);
            with.iter().for_each(|with| one(with));
        }
        K::Find { tables, predicate, output } => {
            tables.iter().for_each(&mut one);
            one(predicate);
            find_columns(output).iter().for_each(|column| one(&column.expr));
        }
        K::Fork(branches) => branches.iter().for_each(|branch| one(&branch.subquery)),
        K::Join { right, condition } | K::Lookup { right, condition } => {
            one(right);
            match condition {
                JoinCondition::None => {}
                JoinCondition::On(exprs) => exprs.iter().for_each(one),
                JoinCondition::Where(predicate) => one(predicate),
            }
        }
        _ => nested_children(operator, give),
    }
}

/// The operators that hold a subquery, and those with several operands.
fn nested_children<'a>(operator: &'a Operator, give: &mut dyn FnMut(Child<'a>)) {
    use OperatorKind as K;
    let mut one = |expr: &'a Expr| give(Child::Expr(expr));
    match &operator.kind {
        K::MacroExpand { group, body, .. } => {
            one(group);
            give(Child::Body(body));
        }
        K::MvApply { items, limit, context_id, subquery } => {
            items.iter().for_each(|item| one(&item.expr));
            limit.iter().chain(context_id).for_each(|expr| one(expr));
            one(subquery);
        }
        K::MvExpand { items, limit } => {
            items.iter().for_each(|item| one(&item.expr));
            limit.iter().for_each(|expr| one(expr));
        }
        K::Partition { by, scope, body } => {
            one(by);
            scope.iter().for_each(|expr| one(expr));
            match body {
                PartitionBody::Operators(subquery) => one(subquery),
                PartitionBody::Query(body) => give(Child::Body(body)),
            }
        }
        K::PartitionBy { by, context_id, subquery } => {
            one(by);
            context_id.iter().for_each(|expr| one(expr));
            one(subquery);
        }
        K::ProjectReorder(keys) | K::Sort(keys) => keys.iter().for_each(|key| one(&key.expr)),
        K::Range { from, to, step, .. } => [from, to, step].into_iter().for_each(|expr| one(expr)),
        K::SampleDistinct { count, of } => [count, of].into_iter().for_each(|expr| one(expr)),
        K::Search { tables, predicate } => {
            tables.iter().for_each(&mut one);
            one(predicate);
        }
        K::Summarize { aggregates, by, bin } => {
            aggregates.iter().chain(by).for_each(&mut one);
            bin.iter().for_each(|expr| one(expr));
        }
        K::Top { count, by } => {
            one(count);
            one(&by.expr);
        }
        _ => rare_children(operator, give),
    }
}

/// The operators whose parts are themselves structures.
fn rare_children<'a>(operator: &'a Operator, give: &mut dyn FnMut(Child<'a>)) {
    use OperatorKind as K;
    let mut one = |expr: &'a Expr| give(Child::Expr(expr));
    match &operator.kind {
        K::GraphMatch(pattern) | K::GraphShortestPaths(pattern) => {
            for (from, to) in pattern.patterns.iter().flatten().filter_map(|element| element.repeat.as_ref()) {
                one(from);
                one(to);
            }
            pattern.predicate.iter().chain(&pattern.project).for_each(one);
        }
        K::GraphMerge { right, on } => {
            one(right);
            on.iter().for_each(one);
        }
        K::MakeGraph(graph) => {
            one(&graph.source);
            one(&graph.target);
            for nodes in &graph.nodes {
                one(&nodes.table);
                nodes.on.iter().for_each(&mut one);
            }
            if let Some((column, subquery)) = &graph.partitioned_by {
                one(column);
                one(subquery);
            }
        }
        K::MakeSeries(series) => {
            series.aggregates.iter().flat_map(|item| std::iter::once(&item.expr).chain(&item.default)).for_each(&mut one);
            one(&series.axis);
            match &series.range {
                SeriesRange::FromTo { from, to, step } => from.iter().chain(to).chain([step]).for_each(|expr| one(expr)),
                SeriesRange::InRange(exprs) => exprs.iter().for_each(&mut one),
            }
            series.by.iter().for_each(one);
        }
        K::Parse { text, pattern, .. } => {
            one(text);
            for element in pattern {
                if let ParseElement::Text(text) = element {
                    one(text);
                }
            }
        }
        K::ParseKv { text, .. } => one(text),
        K::Scan(scan) => {
            scan.order_by.iter().for_each(|key| one(&key.expr));
            scan.partition_by.iter().for_each(&mut one);
            scan.declare.iter().filter_map(|parameter| parameter.default.as_ref()).for_each(&mut one);
            scan.steps.iter().flat_map(|step| std::iter::once(&step.condition).chain(&step.assignments)).for_each(one);
        }
        K::TopHitters { count, of, by } => [Some(count), Some(of), by.as_ref()].into_iter().flatten().for_each(|expr| one(expr)),
        K::TopNested(levels) => {
            let parts =
                |level: &'a TopNestedLevel| [level.count.as_ref(), Some(&level.of), level.others.as_ref(), Some(&level.by.expr)];
            levels.iter().flat_map(parts).flatten().for_each(one);
        }
        _ => {}
    }
}

fn find_columns(output: &FindOutput) -> &[FindColumn] {
    match output {
        FindOutput::Project(columns) | FindOutput::Away(columns) => columns,
        FindOutput::Default | FindOutput::Smart => &[],
    }
}
