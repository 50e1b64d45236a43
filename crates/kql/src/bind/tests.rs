//! What the binder makes of queries: result columns and diagnostics, as text.

use super::*;
use crate::catalog::{Schema, Workspace};

const SCHEMA: &str = r#"{
    "T": {"a": "long", "b": "string", "c": "real", "d": "dynamic", "t": "datetime", "e": "timespan", "i": "int", "f": "bool"},
    "U": {"a": "long", "b": "string", "x": "real", "t": "string"}
}"#;
const NOW: i64 = 639_000_000_000_000_000;

fn checked(query: &str) -> Checked {
    check(query, &Workspace::closed(Schema::from_json(SCHEMA).unwrap()), NOW)
}

/// The columns of a query that is right: `name:type`, the first letters of the type.
fn columns(query: &str, expected: &str) {
    let checked = checked(query);
    assert!(checked.ok, "{query}: {:?}", checked.diagnostics);
    let found: Vec<String> = checked.columns.iter().map(|column| format!("{}:{}", column.name, column.ty)).collect();
    assert_eq!(found.join(" "), expected, "{query}");
}

/// The codes and places of what is wrong.
fn errors(query: &str, expected: &[(&str, &str)]) {
    let checked = checked(query);
    let found: Vec<(&str, &str)> =
        checked.diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.span.text(query))).collect();
    assert_eq!(found, expected, "{query}: {:?}", checked.diagnostics);
}

#[test]
fn names_of_columns() {
    columns("T | project strcat(b, b), a, tolower(b), a + 1", "Column1:string a:long Column2:string Column3:long");
    columns("T | project tostring(a), a", "a:string a1:long");
    columns("T | project d.x.y, d['x y'], d[0], tostring(d.z)", "d_x_y:dynamic d_x y:dynamic d_0:dynamic d_z:string");
    columns("T | project a, b | extend a = b, tostring(b)", "a:string b:string");
    columns("print 1, x = 'a', now()", "print_0:long x:string print_2:datetime");
    columns(
        "T | summarize count(), count(), sum(a) / count() by b, bin(t, 1h)",
        "b:string t:datetime count_:long count_1:long Column1:long",
    );
    columns("T | summarize arg_max(a, b), arg_min(a, b)", "a:long b:string a1:long b1:string");
    columns("T | project a, b | join U on a", "a:long b:string a1:long b1:string x:real t:string");
    columns("T | project a, b | lookup U on a", "a:long b:string b1:string x:real t:string");
    columns("T | project a, t | union U", "a:long t_datetime:datetime t_string:string b:string x:real");
    columns(
        "let f = (x: long, y: long = 2) { x + y }; range n from 1 to 3 step 1 | extend z = f(n), f(y = 1, x = n)",
        "n:long z:long Column1:long",
    );
    columns("let f = (T: (a: long), k: long) { T | where a == k | project b }; T | invoke f(3)", "b:string");
    columns("T | project-reorder t, * asc | project-away e, i, f, d", "t:datetime a:long b:string c:real");
    columns("let k = toscalar(T | count); U | project a, n = k", "a:long n:long");
}

#[test]
fn columns_of_operators() {
    let t = "T | project a, b, d, t";
    columns(
        &format!("{t} | mv-expand with_itemindex = n x = d to typeof(long)"),
        "a:long b:string d:dynamic t:datetime x:long n:long",
    );
    columns(&format!("{t} | mv-apply d on (summarize m = max(tolong(d)) by a)"), "a:long b:string t:datetime m:long");
    columns(&format!("{t} | mv-apply x = d on (project b = tostring(x))"), "a:long b:string d:dynamic t:datetime");
    columns(&format!("{t} | parse b with * 'x' y: long ',' a"), "a:string b:string d:dynamic t:datetime y:long");
    columns(
        &format!("{t} | make-series count(), s = sum(a) default = 0 on t step 1h by b"),
        "b:string count_:dynamic s:dynamic t:dynamic",
    );
    columns(
        &format!("{t} | top-nested 2 of b by sum(a), top-nested 1 of a by m = max(t)"),
        "b:string aggregated_b:long a:long m:datetime",
    );
    columns(
        &format!("{t} | sort by a | scan declare (n: long = 0) with (step s: true => n = s.n + a;)"),
        "a:long b:string d:dynamic t:datetime n:long",
    );
    columns(&format!("{t} | partition by b (top 1 by a | project a)"), "a:long");
    columns("search in (T, U) 'x' | project $table, a, x", "$table:string a:long x:real");
    columns("find in (T, U) where a > 1 project b, x", "source_:string b:string x:real");
    columns("T | evaluate pivot(b, sum(a), t) | project t, other", "t:datetime other:unknown");
    columns("U | evaluate ipv4_lookup(T, b, b) | project a, x, a1, c", "a:long x:real a1:long c:real");
    columns("T | getschema | count", "Count:long");
    columns(
        "T | make-graph a --> i with U on a | graph-match (p)-[e]->(q) project p.x, e.b, z = q.t",
        "p_x:real e_b:string z:string",
    );
    columns("T | project-by-names dynamic(['b', 'a'])", "b:string a:long");
    columns("T | where * has 'x' | project a", "a:long");
}

#[test]
fn columns_that_depend_on_data_come_from_a_first_run() {
    let workspace = Workspace::closed(Schema::from_json(SCHEMA).unwrap());
    let parsed = parser::parse("T | project a, d | evaluate bag_unpack(d) | extend z = x + 1 | evaluate bag_unpack(q)");
    let mut options = Options { now: NOW, opened: Vec::new() };
    let mut found = vec![Column::new("x", crate::types::Type::Long), Column::new("q", crate::types::Type::Dynamic)];
    for expected in ["a", "a x z", "a x z y"] {
        let bound = bind(&parsed.query, &workspace, &options);
        assert!(bound.is_ok(), "{:?}", bound.diagnostics);
        let names: Vec<&str> = bound.columns.iter().map(|column| column.name.as_str()).collect();
        assert!(names.join(" ").starts_with(expected), "{names:?}");
        assert_eq!(bound.query.opens.is_empty(), options.opened.len() == 2);
        options.opened.push(std::mem::replace(&mut found, vec![Column::new("y", crate::types::Type::Long)]));
    }
}

#[test]
fn one_mistake_is_one_diagnostic() {
    errors(
        "T | where nosuch > 1 and nosuch2 == 'x' | extend y = nosuch + 1",
        &[("K0101", "nosuch"), ("K0101", "nosuch2"), ("K0101", "nosuch")],
    );
    errors("Nosuch | where x > 1 | summarize count() by y", &[("K0102", "Nosuch")]);
    errors("T | where b > 'x'", &[("K0106", ">")]);
    errors("T | where a", &[("K0114", "a")]);
    errors("T | extend x = sum(a)", &[("K0108", "sum")]);
    errors("T | summarize a by b", &[("K0109", "a")]);
    errors("T | extend n = row_number()", &[("K0115", "row_number")]);
    errors("T | sort by a | extend n = row_number()", &[]);
    errors("T | project a, a", &[("K0107", "a")]);
    errors("T | join kind=inner U on $left.a == $right.b", &[("K0118", "$left.a == $right.b")]);
    errors("let f = (x: long) { x + nosuch }; print f(1), f(2)", &[("K0101", "nosuch")]);
    errors("let f = (x: long) { x + nosuch }; print 1", &[("K0101", "nosuch")]);
    errors("datatable(a: long, b: long) [1, 2, 3]", &[("K0125", "datatable(a: long, b: long) [1, 2, 3]")]);
}

#[test]
fn an_open_table_has_any_column() {
    let checked = check("Nosuch | where x > 1 | project x, y = tostring(z)", &Workspace::open(), NOW);
    assert!(checked.ok, "{:?}", checked.diagnostics);
    assert_eq!(checked.columns, [Column::new("x", crate::types::Type::Unknown), Column::new("y", crate::types::Type::String)]);
}

#[test]
fn long_chains_do_not_overflow() {
    let chain = |word: &str| format!("T | where {}", vec!["a == 1"; 10_000].join(word));
    assert!(checked(&chain(" or ")).ok);
    assert!(checked(&chain(" and ")).ok);
    let too_large = |query: &str| {
        let codes: Vec<&str> = checked(query).diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, ["K0127"], "{}", &query[..60]);
    };
    too_large(&format!("T {}", "| where a == 1 ".repeat(10_000)));
    let doubled = |first: &str, next: &dyn Fn(usize) -> String, last: &str| {
        let lets: Vec<String> = (1..40).map(|n| format!("let x{n} = {}; ", next(n - 1))).collect();
        format!("let x0 = {first}; {}{last}", lets.concat())
    };
    too_large(&doubled("T", &|n| format!("union x{n}, x{n}"), "x39"));
    too_large(&doubled("rand()", &|n| format!("x{n} + x{n}"), "print x39"));
    too_large(&doubled("(y: long) { y + 1 }", &|n| format!("(y: long) {{ x{n}(x{n}(y)) }}"), "print x39(1)"));
}
