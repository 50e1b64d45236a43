//! What the word at a place of a query means.
//!
//! In: a query's text, a byte offset, and the catalog. Out: a [`Hover`]: the word's span and what to say about it, as Markdown.

use crate::ast::{Expr, ExprKind, OperatorKind};
use crate::catalog::{self, Catalog, Function};
use crate::complete::place::{Declared, DeclaredForm, Place};
use crate::complete::words;
use crate::diagnostic::Span;
use crate::types::Column;

/// What the word at a place means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The word.
    pub span: Span,
    /// What it means, as Markdown.
    pub text: String,
}

/// What the word at that byte offset means; `None` where there is nothing to say.
#[must_use]
pub fn hover(text: &str, offset: usize, catalog: &dyn Catalog) -> Option<Hover> {
    let parsed = crate::parse(text);
    let place = Place::at(&parsed.query, offset);
    let here = place.path.last();
    if let Some(ExprKind::Call { name, .. }) = here.map(|expr| &expr.kind)
        && within(name.span, offset)
    {
        let text = called(&name.text, &place, catalog)?;
        return Some(Hover { span: name.span, text });
    }
    if let Some(name) = place.name().filter(|name| within(name.span, offset)) {
        let text = named(text, &name.text, &place, catalog)?;
        return Some(Hover { span: name.span, text });
    }
    if let Some(hover) = here.and_then(|expr| infix(text, expr, offset)) {
        return Some(hover);
    }
    let operator = place.pipe()?.operator;
    let keyword = operator.keyword;
    let about = words::about("operator", keyword.text(text)).filter(|_| within(keyword, offset))?;
    Some(Hover { span: keyword, text: format!("**{}**: {about}", keyword.text(text)) })
}

fn within(span: Span, offset: usize) -> bool {
    span.start <= offset && offset <= span.end
}

/// An operator between two values.
fn infix(text: &str, expr: &Expr, offset: usize) -> Option<Hover> {
    let (ExprKind::Binary { op_span, .. } | ExprKind::InList { op_span, .. }) = &expr.kind else { return None };
    let word = op_span.text(text);
    let about = words::about("infix", word).filter(|_| within(*op_span, offset))?;
    Some(Hover { span: *op_span, text: format!("**{word}**: {about}") })
}

/// A name that is called.
fn called(name: &str, place: &Place<'_>, catalog: &dyn Catalog) -> Option<String> {
    if let Some((_, Declared::Value(value))) = place.declared().into_iter().find(|(declared, _)| declared.text == name) {
        let ExprKind::Function(function) = &value.without_parens().kind else { return None };
        let parameters: Vec<&str> = function.parameters.iter().map(|parameter| parameter.name.text.as_str()).collect();
        return Some(format!("```kql\n{name}({})\n```\nfunction of this query", parameters.join(", ")));
    }
    if let Some(function) = catalog.function(name) {
        return Some(format!("```kql\n{name}{}\n```\nsaved function", function.parameters));
    }
    if let Some(about) = words::about("special", name) {
        return Some(format!("**{name}**: {about}"));
    }
    let is_plugin = matches!(place.pipe().map(|pipe| &pipe.operator.kind), Some(OperatorKind::Evaluate { .. }));
    let plugin = || catalog::plugin(name).filter(|_| is_plugin).map(|function| signatures(function, "plugin"));
    let aggregate = || catalog::aggregate(name).map(|function| signatures(function, "aggregation function"));
    plugin().or_else(aggregate).or_else(|| catalog::function(name).map(|function| signatures(function, "function")))
}

fn signatures(function: &Function, what: &str) -> String {
    let lines: Vec<String> = function.signatures.iter().map(|signature| signature.to_text(&function.name)).collect();
    let old = function.instead.as_ref().map(|instead| format!(", an old name of {instead}")).unwrap_or_default();
    format!("```kql\n{}\n```\n{what}{old}", lines.join("\n"))
}

/// A name that stands for a column, a declaration or a table.
fn named(text: &str, name: &str, place: &Place<'_>, catalog: &dyn Catalog) -> Option<String> {
    let side = place.path.iter().rev().nth(1).and_then(|outer| match &outer.kind {
        ExprKind::Path { target, .. } => target.as_name().map(|target| target.text.as_str()),
        _ => None,
    });
    if let Some(column) = place.columns(side, catalog).0.iter().find(|column| column.name == name) {
        return Some(format!("```kql\n{name}: {}\n```\ncolumn", column.ty));
    }
    if let Some((_, declared)) = place.declared().into_iter().find(|(declared, _)| declared.text == name) {
        return Some(declaration(text, name, declared, place, catalog));
    }
    let table = catalog.table(name).filter(|table| !table.columns.is_empty())?;
    let connectors = catalog::table(name).map(|table| table.connectors.join(", ")).filter(|names| !names.is_empty());
    let filled = connectors.map(|names| format!(", filled by {names}")).unwrap_or_default();
    Some(format!("```kql\n{}\n```\ntable of {} columns{filled}", shape(name, &table.columns), table.columns.len()))
}

/// A name that the query declares.
fn declaration(text: &str, name: &str, declared: Declared<'_>, place: &Place<'_>, catalog: &dyn Catalog) -> String {
    match (declared, declared.form()) {
        (Declared::Parameter(parameter), _) => format!("```kql\n{}\n```\nparameter", parameter.span.text(text)),
        (Declared::Value(value), DeclaredForm::Table) => {
            let (columns, open) = place.bind(Some(value.clone()), catalog);
            let more = if open { ", perhaps more" } else { "" };
            format!("```kql\n{}\n```\ntable of this query, {} columns{more}", shape(name, &columns), columns.len())
        }
        (Declared::Value(value), _) => {
            format!("```kql\nlet {name} = {}\n```\ndeclared in this query", first_line(value.span.text(text)))
        }
    }
}

/// A table's name and its first columns.
fn shape(name: &str, columns: &[Column]) -> String {
    const SHOWN: usize = 12;
    let mut shown: Vec<String> = columns.iter().take(SHOWN).map(|column| format!("{}: {}", column.name, column.ty)).collect();
    if columns.len() > SHOWN {
        shown.push("…".to_owned());
    }
    format!("{name}({})", shown.join(", "))
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.len() < text.len() { format!("{line} …") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Workspace;

    /// What is said about the word where `^` stands.
    fn check(marked: &str, expected: &str) {
        let offset = marked.find('^').unwrap();
        let hover = hover(&marked.replacen('^', "", 1), offset, &Workspace::open());
        assert_eq!(
            hover.map(|hover| hover.text.replace("```kql\n", "").replace("\n```\n", " | ")).unwrap_or_default(),
            expected,
            "{marked}"
        );
    }

    #[test]
    fn every_kind_of_word() {
        check("DnsEvents | where ^Name has 'a'", "Name: string | column");
        check("DnsEvents | where Name h^as 'a'", "**has**: holds the term, whatever the case");
        check("DnsEvents | wh^ere Name has 'a'", "**where**: keeps the rows for which the predicate is true");
        check("print str^len('a')", "strlen(string: string or dynamic): long | function");
        check("T | summarize dc^ount(a)", "dcount(expr: scalar [, accuracy: scalar, not dynamic]): long | aggregation function");
        check("let t = mat^erialize(T); t", "**materialize**: computes a table once for all its uses");
        check("let x = 5; print ^x", "let x = 5 | declared in this query");
        check("let f = (d: timespan) { DnsEvents | where TimeGenerated > ago(^d) }; f(1d)", "d: timespan | parameter");
        check("let f = (d: timespan) { print d }; ^f(1d)", "f(d) | function of this query");
        check("DnsEvents | join (SecurityEvent) on $left.Computer == $right.Comp^uter", "Computer: string | column");
        check("print 1 + ^ 2", "");
    }

    #[test]
    fn tables_say_what_fills_them() {
        let workspace = Workspace::open();
        let text = hover("DnsEvents | take 1", 3, &workspace).unwrap().text;
        assert!(
            text.contains("DnsEvents(_BilledSize: real, ClientIP: string,")
                && text.ends_with("table of 26 columns, filled by DNS"),
            "{text}"
        );
    }
}
