//! `partition`, `fork`, `facet`.
//!
//! In: rows and subqueries over them. Out: the subquery's rows for each key; or several result tables.

use super::super::Binder;
use super::super::flow::{Flow, fresh_name};
use crate::ast::{self, ForkBranch, PartitionBody};
use crate::bind::env::{Binding, Item, Thing};
use crate::diagnostic;
use crate::plan::{Aggregate, Expr, Output, PARTITION_KEY, Rel, RelKind};
use crate::types::{Column, Type};

impl Binder<'_> {
    pub(super) fn partition(&mut self, input: &Flow, by: &ast::Expr, body: &PartitionBody) -> Flow {
        let key = self.column_value(input, by);
        let rel = Rel { kind: RelKind::Context, columns: input.columns().to_vec(), open: input.rel.open, ordered: false };
        let context = Flow { origin: input.origin.clone(), serialized: input.serialized, ..Flow::of(rel) };
        match body {
            PartitionBody::Operators(subquery) => {
                let result = self.subpipe(context, subquery);
                let kind = RelKind::Partition { input: input.rel.clone(), key: key.expr, subquery: result.rel.clone() };
                Flow::fresh(kind, result.columns().to_vec(), result.rel.open)
            }
            PartitionBody::Query(query) => self.partition_query(input, key, query),
        }
    }

    /// `partition by k { query }`: the query has tables of its own, and sees of the rows the key alone, as one value.
    fn partition_query(&mut self, input: &Flow, key: Item, query: &ast::Body) -> Flow {
        let env = self.env;
        if let Some(name) = key.name.filter(|name| !name.is_empty()) {
            let expr = Expr::call(PARTITION_KEY, Vec::new(), key.expr.ty);
            self.declare(&name, Binding::Scalar { expr, scope: None }, false);
        }
        let thing = self.outside(|binder| binder.body(query));
        self.env = env;
        let result = match thing {
            Thing::Table(result) => result,
            Thing::Scalar(_) => {
                self.report(diagnostic::EXPECTED_TABLE, query.span, "rows are needed here, not a value");
                Flow::failed()
            }
        };
        let kind = RelKind::Partition { input: input.rel.clone(), key: key.expr, subquery: result.rel.clone() };
        Flow::fresh(kind, result.columns().to_vec(), result.rel.open)
    }

    pub(super) fn fork(&mut self, input: &Flow, branches: &[ForkBranch]) -> Flow {
        let shared = self.share(input);
        for branch in branches {
            let render = self.render.take();
            let rows = self.subpipe(shared.clone(), &branch.subquery);
            let own = std::mem::replace(&mut self.render, render);
            let name = branch.name.as_ref().map(|name| name.text.clone());
            self.forked.push(Output { name, rel: rows.rel, render: own });
        }
        shared
    }

    pub(super) fn facet(&mut self, input: &Flow, by: &[ast::Expr], with: Option<&ast::Expr>) -> Flow {
        let shared = self.share(input);
        for key in by {
            let item = self.column_value(&shared, key);
            if item.expr.ty == Type::Dynamic {
                self.report(diagnostic::DYNAMIC_KEY, key.span, "rows cannot be grouped by a dynamic");
            }
            let name = item.name.unwrap_or_else(|| "Column1".to_owned());
            let label = fresh_name(&format!("count_{name}"), &std::iter::once(name.clone()).collect());
            let columns = vec![Column::new(name, item.expr.ty), Column::new(label.clone(), Type::Long)];
            let count = Aggregate { function: "count".to_owned(), args: Vec::new(), part: 0, ty: Type::Long, name: label };
            let kind = RelKind::Aggregate { input: shared.rel.clone(), keys: vec![item.expr], aggregates: vec![count] };
            self.forked.push(Output { name: None, rel: Flow::fresh(kind, columns, false).rel, render: None });
        }
        if let Some(with) = with {
            let rows = self.subpipe(shared.clone(), with);
            self.forked.push(Output { name: None, rel: rows.rel, render: None });
        }
        shared
    }
}
