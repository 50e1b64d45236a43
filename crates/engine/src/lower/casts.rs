//! A test: the types of a plan are settled by the binder, so that DataFusion finds nothing to convert.

use std::collections::BTreeSet;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::engine::{Config, Engine};

/// Rows with a column of each type.
const ROWS: &str = "datatable(b:bool, t:datetime, m:decimal, d:dynamic, g:guid, i:int, n:long, r:real, s:string, p:timespan)[]";

/// What stands over them: operators between two types, aggregates, joins, unions, and all that hunts are made of.
const SHAPES: &[&str] = &[
    "where t > ago(1d) and i == 4625 and n != 7 and r >= 1 and m < 2.5 and s == 'x' and b and p > 1h and g == guid(null)",
    "where i < n and i >= r and n == r and m == n and d == 'x' and d.a == 1 and t between (ago(2d) .. 1d) and n between (1 .. 9)",
    "where i in (1, 2, 3) and n in (1, 2) and s in ('a', 'b', 'c') and s !in~ ('x', 'y') and s has_any ('a', 'b') and d.x in ('a')",
    "where s has 'x' or s contains 'y' or s startswith 'z' or s matches regex '[a-z]+' or s =~ 'Y' or tostring(d) has 'q'",
    "extend a = i + n, c = i / 2, e = n * r, f = t - 1h, h = t - datetime(2024-01-01), j = p / 2, k = -i, l = m + 1, q = n % 7",
    "extend a = iff(b, i, 7), c = iff(b, n, r), e = case(i > 1, 'x', b, s, ''), f = coalesce(n, 0), h = max_of(i, n)",
    "extend a = bin(t, 1h), c = bin(n, 10), e = bin(r, 0.5), f = startofday(t), h = datetime_diff('hour', t, now()), j = hourofday(t)",
    "extend a = toint(s), c = tolong(d), e = tostring(n), f = todatetime(s), h = toreal(i), j = tobool(i), k = todynamic(s)",
    "extend a = split(s, '.')[0], c = strcat(s, i, t, d), e = extract('(x)', 1, s), f = parse_json(s).a.b[1], h = strlen(s)",
    "summarize count(), sum(i), sum(n), sum(r), sum(m), avg(i), avg(n), avg(r), avg(p), min(i), max(t), min(s), max(r), min(m) by s",
    "summarize countif(i > 1), sumif(i, b), sumif(n, b), dcount(i), dcount(s), dcountif(n, b), dcount(d), stdev(i), variance(r) by i, b",
    "summarize arg_max(t, *), make_set(i), make_list(s), percentile(i, 90), take_any(s, i), count_distinct(n) by bin(t, 1h), g",
    "summarize c = count() by i, n, r, s, t, p, b, g, m | where c > 10 | top 5 by c",
    "summarize sum(i)",
    "sort by i asc, r desc, s asc, m desc, t asc nulls first | take 10",
    "top 10 by r | project r, i",
    "distinct i, r, s, b",
    "join kind = inner (datatable(i:long, n:int, s:string)[]) on s, $left.i == $right.i, $left.n == $right.n",
    "join (datatable(t:datetime, r:real)[]) on t, r",
    "join kind = leftouter (datatable(s:string, x:int)[]) on s | where x > 3 | summarize max(x) by s",
    "join kind = leftanti (datatable(n:long)[]) on n | lookup (datatable(i:int, y:string)[]) on i",
    "union (datatable(i:long, s:string, x:real)[]) | where x > 1 | summarize count() by s",
    "where n in ((datatable(x:int)[])) or i in ((datatable(x:long)[]))",
    "mv-expand d to typeof(long) | where d > 3 | summarize sum(d)",
    "mv-apply d on (where d == 'x' | summarize c = count()) | where c > 1",
    "make-series count(), sum(i), avg(r) default = 0 on t from ago(7d) to now() step 1h by s",
    "parse s with * 'a' x:int 'b' y:real * | where x > 1 and y < 2",
    "sort by t asc | extend a = prev(i), c = next(r), e = row_number() | where a > e",
    "partition by s (top 2 by n) | count",
    "evaluate narrow() | getschema",
    "extend x = not(b) and (i > 1 or n > 2 or r > 3) | where x == true | project x, y = b == x",
];

/// The casts of a plan, as text.
fn casts(plan: &LogicalPlan) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let walked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if matches!(expr, Expr::Cast(_) | Expr::TryCast(_)) {
                    found.insert(expr.to_string());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    walked.expect("looking at a plan cannot fail");
    found
}

#[test]
fn an_optimized_plan_holds_no_cast_but_ours() {
    let engine = Engine::new(Config { threads: 2, ..Config::default() }).unwrap();
    for shape in SHAPES {
        let query = format!("{ROWS}\n| {shape}");
        let (lowered, optimized) = engine.plans(&query).unwrap_or_else(|error| panic!("{error}\n{query}"));
        let (ours, all) = (casts(&lowered), casts(&optimized));
        let types = |casts: &BTreeSet<String>| -> BTreeSet<String> {
            casts.iter().filter_map(|cast| cast.rsplit_once(" AS ").map(|(_, ty)| ty.to_owned())).collect()
        };
        assert!(all.len() <= ours.len() && types(&all).is_subset(&types(&ours)), "{all:?} beside {ours:?}\n{query}");
    }
}

#[test]
fn large_expressions_hold_none_either() {
    let engine = Engine::new(Config { threads: 2, ..Config::default() }).unwrap();
    let terms: Vec<String> = (0..2000).map(|n| format!("i == {n} or r > {n}")).collect();
    let (_, optimized) = engine.plans(&format!("{ROWS} | where {}", terms.join(" or "))).unwrap();
    assert_eq!(casts(&optimized), BTreeSet::new());
}
