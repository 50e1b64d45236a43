//! What the parser as a whole must hold to: trees, several mistakes at once, and texts made to break it.

use crate::ast::{ExprKind, OperatorKind, StatementKind};
use crate::parse;

/// The codes and places of the mistakes in `text`.
fn mistakes(text: &str) -> Vec<(&'static str, usize)> {
    parse(text).diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.span.start)).collect()
}

/// The operators of the one pipeline that `text` is.
fn operators(text: &str) -> Vec<OperatorKind> {
    let parsed = parse(text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    let Some(StatementKind::Expr(expr)) = parsed.query.statements.into_iter().last().map(|statement| statement.kind) else {
        panic!("no expression: {text}")
    };
    match expr.kind {
        ExprKind::Pipe { operators, .. } => operators.into_iter().map(|operator| operator.kind).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn chains_are_flat() {
    let kinds = operators(&format!("T | where {}", vec!["a == 1"; 10_000].join(" or ")));
    let [OperatorKind::Where(predicate)] = kinds.as_slice() else { panic!("no where") };
    assert!(matches!(&predicate.kind, ExprKind::Or(terms) if terms.len() == 10_000));
    let kinds = operators("print 1 + 2 - 3 * 4 / 5");
    let [OperatorKind::Print(columns)] = kinds.as_slice() else { panic!("no print") };
    assert!(matches!(&columns[0].kind, ExprKind::Arithmetic { rest, .. } if rest.len() == 2));
}

#[test]
fn every_operator_is_read() {
    for text in [
        "T | where a has 'x' and b !contains_cs 'y' or not(c)",
        "T | filter a between (1 .. 2) and b !in~ ('x', 'y')",
        "T | summarize hint.strategy=shuffle n = count(), dcount(a) by bin(TimeGenerated, 1h), b",
        "T | summarize count() by a bin = 1d",
        "T | extend (a, b) = f(c), d = e['x'].y[0]",
        "T | project-away a*, *_b | project-keep c | project-rename d = c | project-reorder e* asc, f granny-desc",
        "T | join kind=leftanti hint.remote=left (U | take 1) on a, $left.b == $right.c",
        "T | lookup kind=leftouter (U) on a",
        "union withsource=N isfuzzy=true T, U*, (V | take 1), cluster('c').database('d').W*",
        "T | parse kind=regex flags=Ui a with * 'x' b: long 'y' *",
        "T | parse-where a with 'x' b | parse-kv c as (d: long, e: string) with (pair_delimiter=' ', greedy=true)",
        "T | mv-expand bagexpansion=array with_itemindex=i a to typeof(long), b = c limit 5 | mvexpand d",
        "T | mv-apply x = a to typeof(string) limit 3 on (where x has 'y' | top 1 by x)",
        "T | make-series n = count() default = 0 on t from ago(1d) to now() step 1h by a",
        "T | make-series avg(a) on t in range(ago(1d), now(), 1h)",
        "T | partition hint.strategy=native by a (top 1 by b) | partition by c { U | where d == 1 }",
        "T | fork x = (where a) (count) | facet by a, b with (take 1)",
        "T | scan with_match_id=m declare (s: long = 0) with (step s1 output=all: a > 1 => s = 2; step s2: true;)",
        "T | top-nested 2 of a with others = 'o' by count(), top-nested of b by max(c) desc",
        "T | top-hitters 3 of a by b | reduce by c with threshold = 0.2 | sample 5 | sample-distinct 5 of d",
        "search kind=case_sensitive in (T, U*) 'x' and a: 'y' and * has 'z'",
        "find withsource=N in (T, U) where a == 1 project a, b: string, pack(*)",
        "T | evaluate bag_unpack(a) : (*, b: long) | evaluate hint.distribution=per_node pivot(c)",
        "T | invoke f(1).g(2) | as x | consume | getschema | serialize n = row_number()",
        "T | render timechart with (title = 'a', ycolumns = b, c, series = d)",
        "range x from 1 to 10 step 1 | extend y = x * 2 | order by y desc nulls last",
        "externaldata (a: string) [h@'https://example.com/x.csv'] with (format = 'csv', ignoreFirstRecord = true)",
        "E | make-graph a --> b with N on id | graph-match cycles=none (x)-[e*1..3]->(y)<--(z) where x.a == 1 project e",
        "E | make-graph a -- b with_node_id = id | graph-to-table nodes as N with_node_id=i, edges as M",
        "E | make-graph a --> b with N on id | graph-mark-components kind=weak with_component_id=c",
        "macro-expand isfuzzy=true entity_group [cluster('a').database('b')] as s (s.T | take 1)",
        "T | assert-schema (a: long) | __executeAndCache | project-by-names a, b",
        "print x = toscalar(T | count), y = -1d, z = a..b",
    ] {
        if text.ends_with("a..b") {
            assert_eq!(mistakes(text).len(), 1);
            continue;
        }
        assert!(!operators(text).is_empty() || text.starts_with("externaldata"), "{text}");
    }
}

#[test]
fn every_statement_is_read() {
    for text in [
        "let a = 1; let b = () { a }; let c = (t: (*), n: long = 5) { t | take n }; let d = view () { T }; T",
        "let f = (t: (x: long, y: string)) { let z = 1; t | extend z }; f(T)",
        "let m = materialize(T | take 1); m",
        "set querytrace; set maxmemory = 1; T",
        "declare query_parameters (a: long, b: string = 'x'); T",
        "declare pattern p; T",
        "declare pattern p = (a: string)[b: string] { ('x').['y'] = { T }; ('z').['w'] = { let c = 1; U; }; }; T",
        "alias database d = cluster('c').database('e'); database('d').T",
        "restrict access to (T, database('d').*); T",
        "#connect x\nT",
        ".show tables | where TableName has 'x'",
        "",
    ] {
        assert_eq!(parse(text).diagnostics, [], "{text}");
    }
}

#[test]
fn one_mistake_gives_one_report() {
    assert_eq!(mistakes("T | where a === 1 and (b | c) + | take 5"), [("K0004", 14)]);
    assert_eq!(mistakes("T | projct a, b, c | take 5"), [("K0006", 4)]);
    assert_eq!(mistakes("T | where path has 'C:\\Users\\x' | take 5"), [("K0003", 22)]);
    assert_eq!(mistakes("T | where a == ‘x’"), [("K0002", 15)]);
}

#[test]
fn two_mistakes_give_two_reports() {
    assert_eq!(mistakes("T | where | take 5 | foo x"), [("K0004", 10), ("K0006", 21)]);
    assert_eq!(mistakes("let a = ; let = 2; T"), [("K0004", 8), ("K0005", 14)]);
}

#[test]
fn spans_lie_within_the_text() {
    for text in ["T | where é", "T | where a == 'é", "T |\n\n", "datatable(a: lng)[é]", "print dynamic({'a' 1})"] {
        for diagnostic in parse(text).diagnostics {
            assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some(), "{text}");
        }
    }
}

#[test]
fn no_text_is_too_deep() {
    const N: usize = 10_000;
    for (open, middle, close) in [
        ("print (", "1", ")"),
        ("print f(", "1", ")"),
        ("print dynamic([", "1", "])"),
        ("print a[", "1", "]"),
        ("T | where a in (", "1", ")"),
        ("T | join (T ", "", ")"),
        ("let f = () { ", "", "}"),
        ("T | mv-apply a on (", "", ")"),
        ("T | fork (", "", ")"),
        ("print a.b", "", ""),
        ("T | partition by a { T ", "", "}"),
        ("declare pattern p = (a: string) { ('x') = { let x = ", "", ""),
    ] {
        let (head, tail) = match open.rfind(['(', '[', '{', '.']) {
            Some(at) if !open.starts_with("T |") && !open.starts_with("let") && !open.starts_with("declare") => {
                let from = open[..at].rfind([' ', '(']).map_or(0, |blank| blank + 1);
                open.split_at(from)
            }
            _ => ("", open),
        };
        let text = format!("{head}{}{middle}{}", tail.repeat(N), close.repeat(N));
        let parsed = parse(&text);
        assert!(!parsed.is_ok(), "{open}");
    }
}

#[test]
fn long_texts_take_their_time_but_no_more() {
    let values = vec!["'abcdefgh'"; 90_000].join(", ");
    assert!(parse(&format!("T | where a in ({values})")).is_ok());
    assert!(parse(&format!("print {}", vec!["1"; 100_000].join(" + "))).is_ok());
    assert!(parse(&format!("T {}", "| where a ".repeat(20_000))).is_ok());
    assert!(!parse(&"|".repeat(300_000)).is_ok());
    assert!(!parse(&"{".repeat(300_000)).is_ok());
}
