//! The binder: settles names, types and result columns.
//!
//! In: a syntax tree ([`crate::ast`]), a [`Catalog`] of tables and functions, and the time that `now()` means. Out: a bound plan
//! ([`crate::plan`]) and the diagnostics of what is wrong. Binding never fails: a mistake gives one diagnostic, and the value,
//! column or table it spoils is of unknown type (or open), so that nothing else complains about it.

mod call;
mod env;
mod expr;
mod flow;
mod fold;
mod function;
mod handed;
mod limit;
mod list;
mod neighbors;
mod operator;
mod path;
mod pattern;
mod place;
mod regex;
mod resolve;
mod scope;
mod source;
mod special;
mod statement;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::ast;
use crate::catalog::Catalog;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::parser;
use crate::plan::{self, Rel};
use crate::types::Column;

use env::{Closure, Env, EnvNode};
use flow::Flow;
use handed::Handed;
use scope::Scope;

/// What binding needs to know beside the catalog.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The time that `now()` means: ticks of 100 ns since 0001-01-01.
    pub now: i64,
    /// The columns that the relations of [`plan::Query::opens`] were found to add, in that order. Who runs a query whose columns
    /// depend on its data runs those relations first, then binds again with what they gave.
    pub opened: Vec<Vec<Column>>,
}

/// A bound query.
#[derive(Clone, Debug, Default)]
pub struct Bound {
    /// What to run; of no use if `diagnostics` holds an error.
    pub query: plan::Query,
    /// What is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// The columns of the last result table.
    pub columns: Vec<Column>,
    /// That table may have more columns at run time.
    pub open: bool,
}

impl Bound {
    /// Kusto would take the query.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// What [`check`] finds.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Everything wrong with syntax, names and types, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// The columns of the last result table, as far as they are known.
    pub columns: Vec<Column>,
    /// That table may have more columns at run time.
    pub open: bool,
    /// No mistake of syntax.
    pub syntax_ok: bool,
    /// No error at all.
    pub ok: bool,
}

/// Parses and binds `text`. `now` is in ticks.
#[must_use]
pub fn check(text: &str, catalog: &dyn Catalog, now: i64) -> Checked {
    let parsed = parser::parse(text);
    let bound = bind(&parsed.query, catalog, &Options { now, opened: Vec::new() });
    let syntax_ok = !parsed.diagnostics.iter().any(|diagnostic| diagnostic.is_error() && diagnostic.is_syntax());
    let mut diagnostics = parsed.diagnostics;
    diagnostics.extend(bound.diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    let ok = !diagnostics.iter().any(Diagnostic::is_error);
    Checked { diagnostics, columns: bound.columns, open: bound.open, syntax_ok, ok }
}

/// Settles every name, type and result column of a query.
#[must_use]
pub fn bind(query: &ast::Query, catalog: &dyn Catalog, options: &Options) -> Bound {
    let mut binder = Binder::new(catalog, options);
    binder.query(query);
    binder.report_unfilled();
    let mut diagnostics = binder.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    let last = binder.outputs.last().map(|output| output.rel.clone());
    Bound {
        query: plan::Query { outputs: binder.outputs, shared: binder.shared, scalars: binder.scalars, opens: binder.opens },
        diagnostics,
        columns: last.as_ref().map(|rel| rel.columns.clone()).unwrap_or_default(),
        open: last.is_some_and(|rel| rel.open),
    }
}

/// The state of binding one query.
pub(crate) struct Binder<'a> {
    catalog: &'a dyn Catalog,
    options: &'a Options,
    diagnostics: Vec<Diagnostic>,
    /// Tables that no file fills, by where the text first names them.
    unfilled: BTreeMap<Span, Vec<String>>,
    /// Diagnostics given, so that a function called twice is blamed once.
    blamed: HashSet<(&'static str, Span)>,
    /// All declarations; an [`Env`] is the innermost of those that are visible.
    nodes: Vec<EnvNode>,
    /// Where in `nodes` each name was declared, in turn.
    by_name: HashMap<String, Vec<usize>>,
    env: Env,
    /// The rows that expressions see, innermost last.
    scopes: Vec<Scope>,
    scope_count: usize,
    /// The rows that a subquery without a source reads.
    contexts: Vec<Flow>,
    /// The rows that the subqueries being bound are handed, and what is asked of the innermost's as a value.
    handing: Vec<Arc<Rel>>,
    handed: Handed,
    outputs: Vec<plan::Output>,
    shared: Vec<Arc<Rel>>,
    scalars: Vec<Arc<Rel>>,
    /// Values that are drawn once for each place where `toscalar` is written.
    drawn: Vec<Drawn>,
    opens: Vec<Arc<Rel>>,
    /// Relations whose columns depend on their data, those known from a first run included.
    open_count: usize,
    /// The render operator of the statement that is bound.
    render: Option<plan::Render>,
    /// The branches of the statement's `fork` or `facet`.
    forked: Vec<plan::Output>,
    /// Tables that `graph-to-table` named: the results of a query that names no other.
    named: Vec<plan::Output>,
    /// A relation of a plugin that gives several tables, and those behind the first: they are seen where it ends the statement.
    beside: Option<(plan::Input, Vec<plan::Input>)>,
    /// The bodies being bound that stand elsewhere; for that of a stored function, its name.
    calls: Vec<Option<String>>,
    /// The values of `set option = value`.
    settings: HashMap<String, ast::Expr>,
    /// Functions declared, each with what `foreign` was there, and those called.
    closures: Vec<(Rc<Closure>, Option<Foreign>)>,
    called: HashSet<*const ast::Function>,
    /// The catalog's functions that are parsed.
    stored: HashMap<String, Rc<Closure>>,
    /// Whether functions give rows, as far as it was asked.
    tabular: HashMap<*const ast::Function, bool>,
    /// Columns that some of the tables that are searched have: null in the others.
    tolerated: HashMap<String, crate::types::Type>,
    /// Within a search: whether it looks at case.
    is_search_cased: Option<bool>,
    /// The last number of a made-up name, `Column1`.
    unnamed: usize,
    /// How many nodes are inlined so far.
    inlined: usize,
    /// Columns of all relations so far: what a chain of operators over wide rows takes.
    slots: usize,
    /// While spans belong to another text, a stored function's: its call, which they stand for, and its name.
    foreign: Option<Foreign>,
}

/// A call of a stored function, and the function's name.
type Foreign = (Span, String);

/// A value that is drawn once.
struct Drawn {
    /// The stored function in whose text it is written, and where there.
    place: (Option<String>, Span),
    value: plan::Expr,
    /// Its position in `scalars`.
    position: usize,
}

impl<'a> Binder<'a> {
    fn new(catalog: &'a dyn Catalog, options: &'a Options) -> Binder<'a> {
        Binder {
            catalog,
            options,
            diagnostics: Vec::new(),
            unfilled: BTreeMap::new(),
            blamed: HashSet::new(),
            nodes: Vec::new(),
            by_name: HashMap::new(),
            env: None,
            scopes: Vec::new(),
            scope_count: 0,
            contexts: Vec::new(),
            handing: Vec::new(),
            handed: Handed::default(),
            outputs: Vec::new(),
            shared: Vec::new(),
            scalars: Vec::new(),
            drawn: Vec::new(),
            opens: Vec::new(),
            open_count: 0,
            render: None,
            forked: Vec::new(),
            named: Vec::new(),
            beside: None,
            calls: Vec::new(),
            settings: HashMap::new(),
            closures: Vec::new(),
            called: HashSet::new(),
            stored: HashMap::new(),
            tabular: HashMap::new(),
            tolerated: HashMap::new(),
            is_search_cased: None,
            unnamed: 0,
            inlined: 0,
            slots: 0,
            foreign: None,
        }
    }

    /// Reports a mistake, once for each place.
    fn report(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.push(self.diagnostic(code, span, &message.into()));
    }

    /// Reports a mistake with advice.
    fn report_with_help(&mut self, code: Code, span: Span, message: impl Into<String>, help: Option<String>) {
        self.push(Diagnostic { help, ..self.diagnostic(code, span, &message.into()) });
    }

    fn diagnostic(&self, code: Code, span: Span, message: &str) -> Diagnostic {
        match &self.foreign {
            Some((call, function)) => Diagnostic::new(code, *call, format!("in `{function}`: {message}")),
            None => Diagnostic::new(code, span, message),
        }
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        let is_size = |code: &'static str| code == crate::diagnostic::TOO_LARGE.id;
        if is_size(diagnostic.code) && self.diagnostics.iter().any(|known| is_size(known.code)) {
            return;
        }
        if self.blamed.insert((diagnostic.code, diagnostic.span)) {
            self.diagnostics.push(diagnostic);
        }
    }
}

#[cfg(test)]
mod tests;
