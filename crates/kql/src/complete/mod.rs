//! What may be written at a place of a query.
//!
//! In: a query's text, finished or not, a byte offset, and the catalog. Out: [`Completions`], the likeliest first: tables,
//! columns as the binder knows them at that place, functions, operators, values of parameters.

pub(crate) mod place;
pub(crate) mod words;

use std::collections::HashSet;

use crate::ast::{Expr, ExprKind, OperatorKind};
use crate::catalog::{self, Catalog, Function};
use crate::diagnostic::Span;
use crate::fmt;
use crate::lexer::{self, Token, TokenKind};
use crate::types::{Column, Type};
use place::{DeclaredForm, Place};

/// What may be written, and what it replaces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completions {
    /// The word that is being written, up to the offset.
    pub span: Span,
    /// The likeliest first.
    pub items: Vec<Completion>,
}

/// One thing that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What it is called.
    pub label: String,
    /// What kind of thing it is.
    pub kind: CompletionKind,
    /// More about it: a type, a signature, what it does.
    pub detail: String,
    /// What to write in place of the word.
    pub insert: String,
}

/// What kind of thing a completion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompletionKind {
    /// A column.
    Column,
    /// A name that the query declares.
    Variable,
    /// A table.
    Table,
    /// A scalar function.
    Function,
    /// An aggregation function.
    Aggregate,
    /// A plugin.
    Plugin,
    /// A tabular operator.
    Operator,
    /// Another word or sign of the language.
    Keyword,
    /// A type.
    Type,
    /// A value of a parameter, a watchlist's alias.
    Value,
}

/// A name that no query has: it stands where the cursor is, so that the tree shows what may be there.
const CURSOR: &str = "cursor__";

/// What may be written at that byte offset. An offset beyond the text, or within a character, means the nearest place before.
#[must_use]
pub fn complete(text: &str, offset: usize, catalog: &dyn Catalog) -> Completions {
    let offset = (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let before = &text[..offset];
    let start = word_start(before);
    let (tokens, _) = lexer::tokenize(&before[..start]);
    let tokens: Vec<Token> =
        tokens.into_iter().filter(|token| token.kind != TokenKind::Whitespace && token.kind != TokenKind::End).collect();
    let span = Span::new(start, offset);
    if let Some(items) = in_token(before, &tokens, catalog) {
        return Completions { span, items };
    }
    let marked = format!("{}{CURSOR}", &before[..start]);
    let parsed = crate::parse(&marked);
    let place = Place::at(&parsed.query, marked.len());
    let mut items = candidates(&before[..start], &tokens, &place, catalog);
    rank(&mut items, &before[start..]);
    Completions { span, items }
}

/// Where the word that ends the text starts.
fn word_start(before: &str) -> usize {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let start = before.char_indices().rev().take_while(|(_, c)| word(*c)).last().map_or(before.len(), |(at, _)| at);
    // `mv-ex` after a pipe is one word; elsewhere a hyphen is a minus.
    let head = before[..start].strip_suffix('-').map(str::len);
    let dashed = head.and_then(|head| {
        let first = before[..head].char_indices().rev().take_while(|(_, c)| c.is_ascii_lowercase() || *c == '-').last()?.0;
        before[..first].trim_end().ends_with('|').then_some(first)
    });
    dashed.unwrap_or(start)
}

/// Within a comment there is nothing to say, within a text only what the call around it takes.
fn in_token(before: &str, tokens: &[Token], catalog: &dyn Catalog) -> Option<Vec<Completion>> {
    let (all, problems) = lexer::tokenize(before);
    let last = all.iter().rev().find(|token| token.kind != TokenKind::End)?;
    if last.kind == TokenKind::Comment {
        return Some(Vec::new());
    }
    let unfinished = problems
        .iter()
        .any(|problem| problem.code == crate::diagnostic::UNTERMINATED_STRING.id && problem.span.end >= last.span.start);
    if !(last.kind == TokenKind::String && unfinished) {
        return None;
    }
    let words: Vec<&str> =
        tokens.iter().map(|token| token.span.text(before)).filter(|word| !word.starts_with(['\'', '"'])).collect();
    let value = |names: Vec<String>, kind| names.into_iter().map(|name| item(&name, kind, "", name.clone())).collect();
    match words.as_slice() {
        [.., "_GetWatchlist", "("] => Some(value(catalog.watchlist_names(), CompletionKind::Value)),
        [.., "table", "("] => Some(value(catalog.table_names(), CompletionKind::Table)),
        _ => Some(Vec::new()),
    }
}

fn item(label: &str, kind: CompletionKind, detail: impl Into<String>, insert: String) -> Completion {
    Completion { label: label.to_owned(), kind, detail: detail.into(), insert }
}

/// All that may stand at the place, the likeliest kinds first.
fn candidates(before: &str, tokens: &[Token], place: &Place<'_>, catalog: &dyn Catalog) -> Vec<Completion> {
    let word = |back: usize| tokens.len().checked_sub(back).map_or("", |at| tokens[at].span.text(before));
    let at_name = place.name().is_some_and(|name| name.text == CURSOR);
    match (word(2), word(1)) {
        (_, "|") => operators(place),
        (_, "" | ";" | "{") => [statements(), tables(place, catalog), functions(place, catalog)].concat(),
        (_, "render") => keywords("chart", CompletionKind::Value),
        (_, "evaluate") => plugins(),
        ("kind", "=") => keywords("join", CompletionKind::Value),
        ("typeof", "(") | ("to", "typeof") => types(),
        (_, ":") if !matches!(place.pipe().map(|pipe| &pipe.operator.kind), Some(OperatorKind::Search { .. })) => types(),
        ("$left" | "$right", ".") => columns(place, Some(word(2)), catalog),
        (_, ".") => Vec::new(),
        _ if reads_table(place) => [tables(place, catalog), statements()].concat(),
        _ if at_name => expression(place, catalog),
        _ => clauses(place),
    }
}

/// The place is where a table is named: right of a join, in a union, at the start of a subquery.
fn reads_table(place: &Place<'_>) -> bool {
    let Some(cursor) = place.path.last() else { return false };
    let is_cursor = |expr: &Expr| expr.without_parens().span == cursor.span;
    let here = match place.pipe().map(|pipe| &pipe.operator.kind) {
        Some(OperatorKind::Join { right, .. } | OperatorKind::Lookup { right, .. }) => is_cursor(right),
        Some(OperatorKind::Union(tables) | OperatorKind::Search { tables, .. } | OperatorKind::Find { tables, .. }) => {
            tables.iter().any(is_cursor)
        }
        None => place.path.iter().all(|expr| is_cursor(expr)),
        _ => false,
    };
    let source = place.path.iter().rev().nth(1).is_some_and(|outer| match &outer.kind {
        ExprKind::Pipe { source: Some(source), .. } => is_cursor(source),
        _ => false,
    });
    here || source
}

fn keywords(kind: &str, shown: CompletionKind) -> Vec<Completion> {
    words::of_kind(kind).map(|(word, about)| item(word, shown, about, word.to_owned())).collect()
}

/// The operators that may follow a pipe.
fn operators(place: &Place<'_>) -> Vec<Completion> {
    let starts_only = |word: &str| matches!(word, "print" | "range" | "find" | "externaldata");
    let first = place.pipes.is_empty();
    let all = words::of_kind("operator").filter(|(word, _)| first || !starts_only(word));
    all.map(|(word, about)| item(word, CompletionKind::Operator, about, word.to_owned())).collect()
}

/// What may begin a statement, beside a table.
fn statements() -> Vec<Completion> {
    let starts = ["datatable", "externaldata", "find", "print", "range", "search", "union"];
    let about = |word| words::about("operator", word).unwrap_or("a table written out");
    let starts = starts.into_iter().map(|word| item(word, CompletionKind::Operator, about(word), word.to_owned()));
    keywords("statement", CompletionKind::Keyword).into_iter().chain(starts).collect()
}

/// The names that the query declares, then the catalog's tables and functions.
fn tables(place: &Place<'_>, catalog: &dyn Catalog) -> Vec<Completion> {
    let declared = variables(place).into_iter().filter(|variable| !variable.detail.starts_with("scalar"));
    let table = |name: String| {
        let connectors = catalog::table(&name).map(|table| table.connectors.join(", ")).unwrap_or_default();
        let detail = if connectors.is_empty() { "table".to_owned() } else { format!("table, filled by {connectors}") };
        item(&name, CompletionKind::Table, detail, fmt::name(&name))
    };
    let saved = catalog.function_names().into_iter().map(|name| {
        let parameters = catalog.function(&name).map(|function| function.parameters.clone()).unwrap_or_default();
        item(&name, CompletionKind::Function, format!("{name}{parameters}"), format!("{name}("))
    });
    let watchlist = item(
        "_GetWatchlist",
        CompletionKind::Function,
        "_GetWatchlist(alias: string): the rows of a watchlist",
        "_GetWatchlist(".to_owned(),
    );
    declared.chain(catalog.table_names().into_iter().map(table)).chain(saved).chain([watchlist]).collect()
}

fn variables(place: &Place<'_>) -> Vec<Completion> {
    let variable = |name: &str, form: DeclaredForm| match form {
        DeclaredForm::Function => item(name, CompletionKind::Variable, "function of this query", format!("{name}(")),
        DeclaredForm::Table => item(name, CompletionKind::Variable, "table of this query", fmt::name(name)),
        DeclaredForm::Scalar(Type::Unknown) => item(name, CompletionKind::Variable, "declared in this query", fmt::name(name)),
        DeclaredForm::Scalar(ty) => item(name, CompletionKind::Variable, format!("scalar of this query, {ty}"), fmt::name(name)),
    };
    place
        .declared()
        .into_iter()
        .filter(|(name, _)| !name.text.is_empty())
        .map(|(name, declared)| variable(&name.text, declared.form()))
        .collect()
}

fn columns(place: &Place<'_>, side: Option<&str>, catalog: &dyn Catalog) -> Vec<Completion> {
    let column = |column: Column| item(&column.name, CompletionKind::Column, column.ty.name(), fmt::name(&column.name));
    place.columns(side, catalog).0.into_iter().map(column).collect()
}

/// Columns, names and functions.
fn expression(place: &Place<'_>, catalog: &dyn Catalog) -> Vec<Completion> {
    let mut items = columns(place, None, catalog);
    items.extend(variables(place));
    if let Some(OperatorKind::Join { .. } | OperatorKind::Lookup { .. }) = place.pipe().map(|pipe| &pipe.operator.kind) {
        items.extend(
            ["$left", "$right"].map(|side| item(side, CompletionKind::Keyword, "a side of the join", format!("{side}."))),
        );
    }
    if aggregates_here(place) {
        items.extend(
            catalog::aggregates().values().filter(|f| f.instead.is_none()).map(|f| function_item(f, CompletionKind::Aggregate)),
        );
    }
    items.extend(functions(place, catalog));
    items
}

/// The place is among a `summarize`'s aggregates, or where others take some.
fn aggregates_here(place: &Place<'_>) -> bool {
    let within = |exprs: &[Expr]| place.path.iter().any(|expr| exprs.iter().any(|aggregate| aggregate.span == expr.span));
    match place.pipe().map(|pipe| &pipe.operator.kind) {
        Some(OperatorKind::Summarize { aggregates, .. }) => within(aggregates),
        Some(OperatorKind::MakeSeries(series)) => series.aggregates.iter().any(|item| within(std::slice::from_ref(&item.expr))),
        Some(OperatorKind::TopNested(levels)) => levels.iter().any(|level| within(std::slice::from_ref(&level.by.expr))),
        _ => false,
    }
}

fn functions(place: &Place<'_>, catalog: &dyn Catalog) -> Vec<Completion> {
    let declared: Vec<String> = place.declared().iter().map(|(name, _)| name.text.clone()).collect();
    let saved = catalog.function_names().into_iter().filter_map(|name| {
        let parameters = &catalog.function(&name)?.parameters;
        Some(item(&name, CompletionKind::Function, format!("{name}{parameters}"), format!("{name}(")))
    });
    let visible = |f: &&Function| f.instead.is_none() && !f.name.starts_with("__") && !declared.contains(&f.name);
    let built_in = catalog::functions().values().filter(visible).map(|f| function_item(f, CompletionKind::Function));
    let special = words::of_kind("special").map(|(word, about)| item(word, CompletionKind::Function, about, format!("{word}(")));
    saved.chain(special).chain(built_in).collect()
}

fn function_item(function: &Function, kind: CompletionKind) -> Completion {
    let signature = function.signatures.first().map(|signature| signature.to_text(&function.name)).unwrap_or_default();
    let insert = if function.arity().1 == Some(0) { format!("{}()", function.name) } else { format!("{}(", function.name) };
    item(&function.name, kind, signature, insert)
}

fn plugins() -> Vec<Completion> {
    catalog::plugins().values().filter(|f| f.instead.is_none()).map(|f| function_item(f, CompletionKind::Plugin)).collect()
}

fn types() -> Vec<Completion> {
    let names = ["bool", "datetime", "decimal", "dynamic", "guid", "int", "long", "real", "string", "timespan"];
    names.map(|name| item(name, CompletionKind::Type, "type", name.to_owned())).to_vec()
}

/// What may follow a finished operand: operators between values, and the words of the operator's clauses.
fn clauses(place: &Place<'_>) -> Vec<Completion> {
    let words: &[&str] = match place.pipe().map(|pipe| &pipe.operator.kind) {
        Some(OperatorKind::Summarize { .. } | OperatorKind::Top { .. } | OperatorKind::Distinct(_) | OperatorKind::Reduce(_)) => {
            &["by"]
        }
        Some(OperatorKind::Sort(_)) => &["by", "asc", "desc", "nulls first", "nulls last"],
        Some(OperatorKind::Join { .. } | OperatorKind::Lookup { .. }) => &["kind=", "on"],
        Some(OperatorKind::MakeSeries(_)) => &["default=", "on", "from", "to", "step", "by"],
        Some(OperatorKind::MvExpand { .. }) => &["to typeof(", "limit"],
        Some(OperatorKind::MvApply { .. }) => &["to typeof(", "limit", "on"],
        Some(OperatorKind::Parse { .. } | OperatorKind::ParseKv { .. }) => &["with", "as"],
        Some(OperatorKind::Union(_)) => &["kind=", "isfuzzy=", "withsource="],
        Some(OperatorKind::Search { .. } | OperatorKind::Find { .. }) => &["in", "where"],
        Some(OperatorKind::Partition { .. } | OperatorKind::TopNested(_)) => &["by", "of"],
        _ => &[],
    };
    let words = words.iter().map(|word| item(word, CompletionKind::Keyword, "", (*word).to_owned()));
    words.chain(keywords("infix", CompletionKind::Keyword)).collect()
}

/// Keeps what goes with the word begun, and puts first what begins with it. The order within stays.
fn rank(items: &mut Vec<Completion>, word: &str) {
    let word = word.to_lowercase();
    let fit = |completion: &Completion| match completion.label.to_lowercase() {
        label if label.starts_with(&word) => Some(0),
        label if label.contains(&word) => Some(1),
        _ => None,
    };
    items.retain(|completion| fit(completion).is_some());
    let mut seen = HashSet::new();
    items.retain(|completion| seen.insert((completion.label.clone(), completion.kind)));
    items.sort_by_key(fit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Workspace;

    /// What is offered where `^` stands in the query.
    fn offered(marked: &str) -> Vec<Completion> {
        let offset = marked.find('^').unwrap();
        complete(&marked.replacen('^', "", 1), offset, &Workspace::open()).items
    }

    fn check(marked: &str, first: &[&str], never: &[&str]) {
        let items = offered(marked);
        let labels: Vec<&str> = items.iter().map(|item| item.label.as_str()).collect();
        for label in first {
            assert!(labels.contains(label), "{marked}: no {label} in {:?}", &labels[..labels.len().min(20)]);
        }
        for label in never {
            assert!(!labels.contains(label), "{marked}: {label} in {labels:?}");
        }
    }

    #[test]
    fn columns_are_those_of_the_place() {
        check("DnsEvents | where Cl^", &["ClientIP"], &["strlen"]);
        check("DnsEvents | project a = Name | where ^", &["a", "strlen"], &["Name", "count", "ClientIP"]);
        check("let T = DnsEvents | extend x = 1; T | where ^", &["x", "Name", "T"], &["SecurityEvent"]);
        check("DnsEvents | where Name has 'a' and ^ | take 5", &["ClientIP"], &[]);
        check("DnsEvents | summarize c = count() by Name | sort by ^", &["c", "Name"], &["ClientIP"]);
        check("let f = (limit_: long) { DnsEvents | where ^", &["limit_", "Name"], &[]);
        check("print a = dynamic([1]) | mv-apply b = a to typeof(long) on (where ^", &["a", "b"], &[]);
    }

    #[test]
    fn joins_see_both_sides() {
        check("DnsEvents | join (SecurityEvent | where ^", &["EventID"], &["ClientIP"]);
        check("DnsEvents | join (SecurityEvent) on ^", &["Computer", "$left"], &["EventID", "ClientIP"]);
        check("DnsEvents | join (SecurityEvent) on $left.Computer == $right.^", &["EventID"], &["ClientIP"]);
        check("DnsEvents | join kind=^", &["leftouter"], &["Name"]);
        check("DnsEvents | join ^", &["SecurityEvent"], &["where"]);
    }

    #[test]
    fn operators_tables_and_words() {
        check("DnsEvents | ^", &["where", "summarize"], &["print", "DnsEvents"]);
        check("DnsEvents | mv-ex^", &["mv-expand"], &["mv-apply"]);
        check("Dns^", &["DnsEvents"], &["SecurityEvent"]);
        check("^", &["DnsEvents", "let", "union"], &["where"]);
        check("union Device^", &["DeviceInfo"], &["DnsEvents"]);
        check("DnsEvents | summarize ^", &["count", "dcount", "Name"], &["where"]);
        check("DnsEvents | summarize count() by ^", &["Name", "bin"], &["dcount"]);
        check("DnsEvents | where Name ^", &["has", "contains", "and"], &["ClientIP"]);
        check("DnsEvents | render ^", &["timechart"], &["Name"]);
        check("DnsEvents | evaluate ^", &["bag_unpack"], &["strlen"]);
        check("datatable(a: ^", &["long"], &["DnsEvents"]);
        check("DnsEvents // ^", &[], &["DnsEvents"]);
        check("DnsEvents | where Name == '^", &[], &["Name"]);
    }

    #[test]
    fn any_place_of_any_text_is_fine() {
        let workspace = Workspace::closed(crate::catalog::Schema::default());
        for text in [
            "let f = (x: long) { T | where é == x and",
            "T | join kind=inner (U | mv-apply a = b on (",
            "'é\n| \"",
            "T | $left. | ['",
            "| | ; ( [",
        ] {
            for offset in 0..=text.len() + 1 {
                assert!(complete(text, offset, &workspace).span.end <= text.len());
                let _ = crate::hover::hover(text, offset, &workspace);
            }
        }
    }

    #[test]
    fn the_word_begun_is_replaced() {
        let completions = complete("DnsEvents | where Cli and x", 21, &Workspace::open());
        assert_eq!(completions.span, Span::new(18, 21));
        assert_eq!(completions.items[0].label, "ClientIP");
        assert_eq!(complete("é", 1, &Workspace::open()).span, Span::new(0, 0));
    }
}
