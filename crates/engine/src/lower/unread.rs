//! Columns that nobody reads, left out of a bound plan before it is lowered.
//!
//! In: a relation, all of whose columns are wanted. Out: the same rows under the same columns, from relations below it that have
//! no others than somebody reads. DataFusion leaves them out too, but not through operators of ours, and not before it has walked
//! the plan some hundred times with all columns of each node; Sentinel's tables have more than a hundred.
//!
//! What is no operator over rows, or reads them in ways of its own (`scan`, `partition`, `mv-apply`, plugins), keeps all columns
//! of its input. Relations that stand in expressions, or are arguments, are left as they are: they are known by their address.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use kql::Column;
use kql::plan::{Aggregate, ExpandItem, Expr, ExprKind, Input, JoinKind, ParseItem, Rel, RelKind, SortKey, TopNested};

use super::split;
use crate::aggregate;

/// The relation without columns below it that nothing reads.
pub(crate) fn without_unread(rel: &Input) -> Input {
    kept(rel, &Wanted::all(rel)).rel
}

/// Which columns of a relation somebody reads.
struct Wanted(Vec<bool>);

impl Wanted {
    fn all(rel: &Rel) -> Wanted {
        Wanted(vec![true; rel.columns.len()])
    }

    fn none(rel: &Rel) -> Wanted {
        Wanted(vec![false; rel.columns.len()])
    }

    /// The first `width` of them: what is wanted of an input whose columns come first.
    fn of_input(&self, width: usize) -> Wanted {
        Wanted(self.0.iter().copied().chain(std::iter::repeat(false)).take(width).collect())
    }

    fn with(mut self, position: usize) -> Wanted {
        if let Some(wanted) = self.0.get_mut(position) {
            *wanted = true;
        }
        self
    }

    /// Those, and what expressions read.
    fn and<'a>(self, exprs: impl IntoIterator<Item = &'a Expr>) -> Wanted {
        let mut positions = Vec::new();
        exprs.into_iter().for_each(|expr| expr.each_column(&mut |position| positions.push(position)));
        positions.into_iter().fold(self, Wanted::with)
    }

    /// At least one: rows without columns cannot be counted.
    fn or_one(self) -> Wanted {
        if self.0.contains(&true) { self } else { self.with(0) }
    }

    fn positions(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, wanted)| **wanted).map(|(position, _)| position)
    }
}

/// A relation without some of its columns; those that were wanted are there.
struct Kept {
    rel: Input,
    places: Places,
}

/// For each of the columns that a relation had, where it is now.
struct Places(Vec<Option<usize>>);

impl Places {
    fn same(width: usize) -> Places {
        Places((0..width).map(Some).collect())
    }

    /// Those of the columns at `positions`, and no others.
    fn at(positions: &[usize], width: usize) -> Places {
        let mut places = vec![None; width];
        positions.iter().enumerate().for_each(|(place, position)| places[*position] = Some(place));
        Places(places)
    }

    /// Where a column is that was wanted.
    fn of(&self, position: usize) -> usize {
        let place = self.0.get(position).copied().flatten();
        debug_assert!(place.is_some(), "column {position} is read, and was not wanted");
        place.unwrap_or(position)
    }

    fn expr(&self, expr: &Expr) -> Expr {
        if let ExprKind::Column(position) = expr.kind {
            return Expr::column(self.of(position), expr.ty);
        }
        let Ok(moved) = expr.with_args(|arg| Ok::<Expr, Infallible>(self.expr(arg)));
        moved
    }

    fn exprs<'a>(&self, exprs: impl IntoIterator<Item = &'a Expr>) -> Vec<Expr> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    fn aggregates<'a>(&self, aggregates: impl IntoIterator<Item = &'a Aggregate>) -> Vec<Aggregate> {
        let moved = |aggregate: &Aggregate| Aggregate { args: self.exprs(&aggregate.args), ..aggregate.clone() };
        aggregates.into_iter().map(moved).collect()
    }

    fn levels(&self, levels: &[TopNested]) -> Vec<TopNested> {
        let moved = |level: &TopNested| TopNested {
            of: self.expr(&level.of),
            aggregates: self.aggregates(&level.aggregates),
            ..level.clone()
        };
        levels.iter().map(moved).collect()
    }

    /// The columns that are still there.
    fn columns(&self, columns: &[Column]) -> Vec<Column> {
        columns.iter().zip(&self.0).filter(|(_, place)| place.is_some()).map(|(column, _)| column.clone()).collect()
    }
}

/// The relation with other insides.
fn made(rel: &Rel, kind: RelKind, places: Places) -> Kept {
    let columns = places.columns(&rel.columns);
    Kept { rel: Arc::new(Rel { kind, columns, open: rel.open, ordered: rel.ordered }), places }
}

fn kept(rel: &Input, wanted: &Wanted) -> Kept {
    match &rel.kind {
        RelKind::Table { .. } | RelKind::Shared(_) => {
            let positions: Vec<usize> = wanted.of_input(rel.columns.len()).or_one().positions().collect();
            made(rel, rel.kind.clone(), Places::at(&positions, rel.columns.len()))
        }
        RelKind::Filter { .. } | RelKind::Sort { .. } | RelKind::Take { .. } | RelKind::Sample { distinct: None, .. } => {
            passing(rel, wanted)
        }
        RelKind::Project { input, exprs } => {
            // An element of a split text is read from the text, as long as that is there.
            let exprs = &split::fused(exprs, input);
            computed(rel, input, exprs, wanted, |input, exprs| RelKind::Project { input, exprs })
        }
        RelKind::Window { input, exprs } => computed(rel, input, exprs, wanted, |input, exprs| RelKind::Window { input, exprs }),
        RelKind::Aggregate { input, keys, aggregates } => grouped(rel, input, keys, aggregates, wanted),
        RelKind::Join { .. } => joined(rel, wanted),
        RelKind::Union(inputs) => union(rel, inputs, wanted),
        RelKind::MvExpand { .. } | RelKind::Parse { .. } | RelKind::ParseKv { .. } => extended(rel, wanted),
        RelKind::Sample { .. }
        | RelKind::MakeSeries { .. }
        | RelKind::TopNested { .. }
        | RelKind::TopHitters { .. }
        | RelKind::Reduce { .. } => of_its_own(rel),
        RelKind::MvApply { .. } | RelKind::Scan(_) | RelKind::Partition { .. } | RelKind::Evaluate { input: Some(_), .. } => {
            over_all(rel)
        }
        RelKind::One
        | RelKind::Values(_)
        | RelKind::Range { .. }
        | RelKind::External { .. }
        | RelKind::Context
        | RelKind::Evaluate { input: None, .. }
        | RelKind::GetSchema(_)
        | RelKind::GraphMatch(_)
        | RelKind::GraphNodes { .. }
        | RelKind::GraphEdges { .. }
        | RelKind::GraphPartition { .. }
        | RelKind::Unsupported { .. } => Kept { rel: Arc::clone(rel), places: Places::same(rel.columns.len()) },
    }
}

/// Relations with the columns of their input, of which they read some themselves.
fn passing(rel: &Input, wanted: &Wanted) -> Kept {
    let below = |input: &Input, reads: &[&Expr]| kept(input, &wanted.of_input(input.columns.len()).and(reads.iter().copied()));
    match &rel.kind {
        RelKind::Filter { input, predicate } => {
            let Kept { rel: input, places } = below(input, &[predicate]);
            made(rel, RelKind::Filter { input, predicate: places.expr(predicate) }, places)
        }
        RelKind::Sort { input, keys } => {
            let Kept { rel: input, places } = below(input, &keys.iter().map(|key| &key.expr).collect::<Vec<_>>());
            let keys = keys.iter().map(|key| SortKey { expr: places.expr(&key.expr), ..key.clone() }).collect();
            made(rel, RelKind::Sort { input, keys }, places)
        }
        RelKind::Take { input, count } => {
            let Kept { rel: input, places } = below(input, &[]);
            made(rel, RelKind::Take { input, count: count.clone() }, places)
        }
        RelKind::Sample { input, count, distinct } => {
            let Kept { rel: input, places } = below(input, &[]);
            made(rel, RelKind::Sample { input, count: count.clone(), distinct: distinct.clone() }, places)
        }
        _ => over_all(rel),
    }
}

/// One expression for each column: those that nobody reads go.
fn computed(rel: &Input, input: &Input, exprs: &[Expr], wanted: &Wanted, kind: impl FnOnce(Input, Vec<Expr>) -> RelKind) -> Kept {
    let positions: Vec<usize> = wanted.of_input(exprs.len()).or_one().positions().collect();
    let own = || positions.iter().map(|position| &exprs[*position]);
    let below = kept(input, &Wanted::none(input).and(own()));
    let exprs = below.places.exprs(own());
    made(rel, kind(below.rel, exprs), Places::at(&positions, rel.columns.len()))
}

/// All keys, and the calls of which any part is read.
fn grouped(rel: &Input, input: &Input, keys: &[Expr], aggregates: &[Aggregate], wanted: &Wanted) -> Kept {
    let is_wanted = |at: usize| wanted.0.get(keys.len() + at) == Some(&true);
    let read: Vec<&Aggregate> = aggregates.iter().enumerate().filter(|(at, _)| is_wanted(*at)).map(|(_, call)| call).collect();
    // What is compared by `arg_max` stays, and what else somebody reads; of other calls, all of it.
    let is_due = |call: &Aggregate| (!picks(call) || call.part == 0) && read.iter().any(|read| same_call(read, call));
    let mut calls: Vec<usize> = (0..aggregates.len()).filter(|at| is_wanted(*at) || is_due(&aggregates[*at])).collect();
    if keys.is_empty() && calls.is_empty() && !aggregates.is_empty() {
        // One row, whatever stands in it.
        calls = (0..aggregates.len()).filter(|at| same_call(&aggregates[0], &aggregates[*at])).collect();
    }
    let own: Vec<Aggregate> = calls.iter().map(|at| picked(&aggregates[*at], calls.iter().map(|at| &aggregates[*at]))).collect();
    let below = kept(input, &Wanted::none(input).and(keys).and(own.iter().flat_map(|call| &call.args)));
    let kind = RelKind::Aggregate { keys: below.places.exprs(keys), aggregates: below.places.aggregates(&own), input: below.rel };
    let positions: Vec<usize> = (0..keys.len()).chain(calls.iter().map(|at| keys.len() + at)).collect();
    made(rel, kind, Places::at(&positions, rel.columns.len()))
}

fn same_call(a: &Aggregate, b: &Aggregate) -> bool {
    a.function == b.function && a.args == b.args
}

/// Whether part n of the call is what its argument n was in the row that it picks.
fn picks(call: &Aggregate) -> bool {
    aggregate::find(&call.function).is_some_and(|function| function.picks_row) && call.part < call.args.len()
}

/// The call without arguments that no part shows of those that are `kept`.
fn picked<'a>(call: &Aggregate, kept: impl Iterator<Item = &'a Aggregate>) -> Aggregate {
    if !picks(call) {
        return call.clone();
    }
    let parts: BTreeSet<usize> = kept.filter(|other| same_call(other, call)).map(|other| other.part).collect();
    let args = parts.iter().map(|part| call.args[*part].clone()).collect();
    Aggregate { args, part: parts.iter().take_while(|part| **part < call.part).count(), ..call.clone() }
}

/// The columns of both sides, or of the one that is kept; each side's keys are read.
fn joined(rel: &Input, wanted: &Wanted) -> Kept {
    let RelKind::Join { kind, left, right, on, lookup } = &rel.kind else { return over_all(rel) };
    let (shows_left, shows_right) = match kind {
        JoinKind::LeftSemi | JoinKind::LeftAnti => (true, false),
        JoinKind::RightSemi | JoinKind::RightAnti => (false, true),
        _ => (true, true),
    };
    let width = if shows_left { left.columns.len() } else { 0 };
    let of_left = if shows_left { wanted.of_input(width) } else { Wanted::none(left) };
    let of_right = if shows_right {
        Wanted(wanted.0.get(width..).unwrap_or_default().to_vec()).of_input(right.columns.len())
    } else {
        Wanted::none(right)
    };
    let left = kept(left, &of_left.and(on.iter().map(|(key, _)| key)));
    let right = kept(right, &of_right.and(on.iter().map(|(_, key)| key)));
    let on = on.iter().map(|(l, r)| (left.places.expr(l), right.places.expr(r))).collect();
    let mut places = if shows_left { left.places.0 } else { Vec::new() };
    if shows_right {
        let first = if shows_left { left.rel.columns.len() } else { 0 };
        places.extend(right.places.0.iter().map(|place| place.map(|place| first + place)));
    }
    made(rel, RelKind::Join { kind: *kind, left: left.rel, right: right.rel, on, lookup: *lookup }, Places(places))
}

/// The same columns of all inputs, whatever else each of them keeps.
fn union(rel: &Input, inputs: &[Input], wanted: &Wanted) -> Kept {
    let wanted = wanted.of_input(rel.columns.len()).or_one();
    let positions: Vec<usize> = wanted.positions().collect();
    let exactly = |input: &Input| {
        let below = kept(input, &wanted);
        let exprs: Vec<Expr> =
            positions.iter().map(|position| Expr::column(below.places.of(*position), input.columns[*position].ty)).collect();
        let columns: Vec<Column> = positions.iter().map(|position| input.columns[*position].clone()).collect();
        if below.rel.columns.len() == columns.len() {
            return below.rel;
        }
        let (open, ordered) = (input.open, input.ordered);
        Arc::new(Rel { kind: RelKind::Project { input: below.rel, exprs }, columns, open, ordered })
    };
    let inputs = inputs.iter().map(exactly).collect();
    made(rel, RelKind::Union(inputs), Places::at(&positions, rel.columns.len()))
}

/// Relations with the columns of their input, some of them replaced, and new ones behind those, all of which are made.
fn extended(rel: &Input, wanted: &Wanted) -> Kept {
    let below = |input: &Input, made: &mut dyn Iterator<Item = usize>, reads: &mut dyn Iterator<Item = &Expr>| {
        let width = input.columns.len();
        // What is replaced keeps its place, and may be what stays where nothing replaces it.
        let below = kept(input, &made.fold(wanted.of_input(width), Wanted::with).and(reads));
        let first = below.rel.columns.len();
        let mut places = below.places;
        places.0.extend((width..rel.columns.len()).map(|position| Some(first + position - width)));
        (below.rel, places)
    };
    match &rel.kind {
        RelKind::MvExpand { input, items, item_index, limit, bag_as_array } => {
            let mut made_at = items.iter().map(|item| item.position).chain(*item_index);
            let (input, places) = below(input, &mut made_at, &mut items.iter().map(|item| &item.expr));
            let moved =
                |item: &ExpandItem| ExpandItem { expr: places.expr(&item.expr), position: places.of(item.position), ty: item.ty };
            let (items, item_index) = (items.iter().map(moved).collect(), item_index.map(|position| places.of(position)));
            made(rel, RelKind::MvExpand { input, items, item_index, limit: *limit, bag_as_array: *bag_as_array }, places)
        }
        RelKind::Parse { input, text, mode, flags, pattern, only_matches } => {
            let column = |item: &ParseItem| if let ParseItem::Column(position) = item { Some(*position) } else { None };
            let (input, places) = below(input, &mut pattern.iter().filter_map(column), &mut std::iter::once(text));
            let moved = |item: &ParseItem| match item {
                ParseItem::Column(position) => ParseItem::Column(places.of(*position)),
                other => other.clone(),
            };
            let (text, pattern) = (places.expr(text), pattern.iter().map(moved).collect());
            let (mode, flags, only_matches) = (*mode, flags.clone(), *only_matches);
            made(rel, RelKind::Parse { input, text, mode, flags, pattern, only_matches }, places)
        }
        RelKind::ParseKv { input, text, keys, options } => {
            let (input, places) = below(input, &mut keys.iter().map(|(_, position)| *position), &mut std::iter::once(text));
            let keys = keys.iter().map(|(key, position)| (key.clone(), places.of(*position))).collect();
            made(rel, RelKind::ParseKv { input, text: places.expr(text), keys, options: options.clone() }, places)
        }
        _ => over_all(rel),
    }
}

/// Relations with columns of their own, which read what their expressions say.
fn of_its_own(rel: &Input) -> Kept {
    let below = |input: &Input, reads: Vec<&Expr>| kept(input, &Wanted::none(input).and(reads));
    let of_calls = |aggregates: &'_ [Aggregate]| -> Vec<Expr> { aggregates.iter().flat_map(|call| call.args.clone()).collect() };
    let mut kind = rel.kind.clone();
    match &mut kind {
        RelKind::Sample { input, distinct: Some(of), .. } => {
            let Kept { rel, places } = below(input, vec![of]);
            (*input, *of) = (rel, places.expr(of));
        }
        RelKind::MakeSeries { input, keys, aggregates, axis, .. } => {
            let args = of_calls(aggregates);
            let Kept { rel, places } = below(input, keys.iter().chain(&args).chain([&*axis]).collect());
            (*input, *keys, *aggregates, *axis) = (rel, places.exprs(&*keys), places.aggregates(&*aggregates), places.expr(axis));
        }
        RelKind::TopNested { input, levels } => {
            let args: Vec<Expr> = levels.iter().flat_map(|level| of_calls(&level.aggregates)).collect();
            let reads = levels.iter().map(|level| &level.of).chain(&args).collect();
            let Kept { rel, places } = below(input, reads);
            (*input, *levels) = (rel, places.levels(levels));
        }
        RelKind::TopHitters { input, of, by, .. } => {
            let Kept { rel, places } = below(input, by.iter().chain([&*of]).collect());
            (*input, *of, *by) = (rel, places.expr(of), by.as_ref().map(|by| places.expr(by)));
        }
        RelKind::Reduce { input, text, .. } => {
            let Kept { rel, places } = below(input, vec![text]);
            (*input, *text) = (rel, places.expr(text));
        }
        _ => {}
    }
    made(rel, kind, Places::same(rel.columns.len()))
}

/// Relations that read all columns of their input.
fn over_all(rel: &Input) -> Kept {
    let mut kind = rel.kind.clone();
    match &mut kind {
        RelKind::MvApply { input, .. } | RelKind::Partition { input, .. } | RelKind::Evaluate { input: Some(input), .. } => {
            *input = without_unread(input);
        }
        RelKind::Scan(scan) => scan.input = without_unread(&scan.input),
        _ => {}
    }
    made(rel, kind, Places::same(rel.columns.len()))
}

#[cfg(test)]
mod tests {
    use kql::bind::{Bound, Options, bind};
    use kql::catalog::Workspace;

    use super::*;
    use crate::walk::{Reference, references};

    fn bound(workspace: &Workspace, query: &str) -> Bound {
        bind(&kql::parse(query).query, workspace, &Options { now: 0, opened: Vec::new() })
    }

    /// The columns with which each table of a query is read, sorted.
    fn read(query: &str) -> Vec<String> {
        let mut workspace = Workspace { builtin: true, ..Workspace::default() };
        let columns = bound(&workspace, "DnsEvents").query.outputs[0].rel.columns.clone();
        // A union leaves out what no file fills.
        workspace.files.insert("DnsEvents".to_owned(), columns);
        let bound = bound(&workspace, query);
        assert!(!bound.diagnostics.iter().any(kql::Diagnostic::is_error), "{query}: {:?}", bound.diagnostics);
        let all = &bound.query.outputs[0].rel;
        let rel = without_unread(all);
        assert_eq!(rel.columns, all.columns, "{query}");
        let tables = references(&rel).into_iter().filter_map(|it| if let Reference::Table(rel) = it { Some(rel) } else { None });
        tables
            .map(|table| {
                let mut names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
                names.sort_unstable();
                names.join(" ")
            })
            .collect()
    }

    #[test]
    fn a_table_is_read_with_the_columns_that_somebody_reads() {
        let cases: &[(&str, &[&str])] = &[
            ("where Name has 'x' | project ClientIP", &["ClientIP Name"]),
            ("extend a = strcat(Name, 'x'), b = strlen(Computer) | where a == 'y' | project a", &["Name"]),
            ("summarize n = count(), max(TimeGenerated) by Name | project Name, n", &["Name"]),
            ("summarize arg_max(TimeGenerated, *) by Name | project ClientIP", &["ClientIP Name TimeGenerated"]),
            ("sort by TimeGenerated | project Name | take 3", &["Name TimeGenerated"]),
            ("top 3 by Name | extend x = 1 | project x", &["Name"]),
            ("parse Name with Host '.' Rest | summarize count() by Rest", &["Name"]),
            ("parse Name with Computer '.' Rest | project Rest", &["Computer Name"]),
            ("parse-kv Name as (a: long) | project a, ClientIP", &["ClientIP Name"]),
            ("mv-expand a = split(Name, '.') | project tostring(a)", &["Name"]),
            ("extend p = split(Name, '.') | where ClientIP != '' | project strcat(p[-2], p[-1])", &["ClientIP Name"]),
            ("serialize n = row_number(), p = prev(Name) | project n, ClientIP", &["ClientIP"]),
            (
                "join kind = inner (SigninLogs | extend Name = Identity) on Name | project IPAddress",
                &["Name", "IPAddress Identity"],
            ),
            (
                "join kind = leftanti (SigninLogs | extend Name = Identity) on Name | project ClientIP",
                &["ClientIP Name", "Identity"],
            ),
            ("union (DnsEvents | where ClientIP == 'x') | project Name", &["Name", "ClientIP Name"]),
            ("make-series count() on TimeGenerated from ago(1d) to now() step 1h by Name", &["Name TimeGenerated"]),
            ("top-nested 3 of Name by dcount(ClientIP)", &["ClientIP Name"]),
            ("reduce by Name", &["Name"]),
            ("sample-distinct 3 of Name", &["Name"]),
            ("sample 3 | project Name", &["Name"]),
        ];
        for (query, columns) in cases {
            assert_eq!(read(&format!("DnsEvents | {query}")), *columns, "{query}");
        }
    }

    #[test]
    fn elements_of_split_texts_are_read_from_the_text() {
        let workspace = Workspace { builtin: true, ..Workspace::default() };
        for step in ["", "| where ClientIP != '' | sort by ClientIP", "| extend q = strlen(Name)"] {
            let query = format!(
                "DnsEvents | extend p = split(Name, '.') {step} | extend Site = strcat(p[-2], '.', p[-1]) | summarize by Site"
            );
            let bound = bound(&workspace, &query);
            let rel = format!("{:?}", without_unread(&bound.query.outputs[0].rel));
            assert!(rel.contains("$split_text") && !rel.contains("\"split\""), "{query}");
        }
    }

    #[test]
    fn rows_that_are_only_counted_keep_one_column() {
        for query in ["count", "where Name == 'x' | count", "extend x = 1 | project x | count", "take 3 | count"] {
            let columns = read(&format!("DnsEvents | {query}"));
            assert_eq!(columns[0].split(' ').count(), 1, "{query}: {columns:?}");
        }
    }
}
