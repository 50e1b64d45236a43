//! What the binder makes of queries: result columns and diagnostics, as text.

use super::*;
use crate::catalog::{Schema, UserFunction, Workspace};

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
fn regular_expressions_are_looked_into() {
    let bad = |query: &str, place: &str| errors(query, &[("K0135", place)]);
    bad("T | where b matches regex '(?<=x)y'", "'(?<=x)y'");
    bad("let p = '('; T | where b matches regex p", "p");
    bad("T | where * matches regex 'a['", "'a['");
    bad("T | extend x = extract('(', 0, b)", "'('");
    bad("T | extend x = replace_regex(b, @'\\', 'y')", "@'\\'");
    bad("T | extend x = countof(b, '(', 'regex')", "'('");
    bad("T | parse kind=regex b with 'x' y '(' z", "'('");
    bad("T | parse-kv b as (x: string) with (regex=@'(\\w+)=(')", "@'(\\w+)=('");
    for good in [
        "T | where b matches regex '{(.*)}' and b matches regex b",
        "T | extend x = replace_regex(b, @'\\0', '')",
        "T | extend x = countof(b, '('), y = extract_all(@'(\\d)', b)",
        "T | parse kind=regex b with '(?:' y ')' z: long | parse b with '(' q",
    ] {
        assert!(checked(good).ok, "{good}: {:?}", checked(good).diagnostics);
    }
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
    errors("print format_datetime(now(), ''), format_timespan(1h, '')", &[("K0105", "''"), ("K0105", "''")]);
}

#[test]
fn all_columns_are_those_of_the_rows_that_are_seen() {
    columns(
        "T | summarize x = make_list(pack_all()), countif(* has 'x'), take_any(*) by a, b, c, d = 1, t, i, f, e",
        "a:long b:string c:real d:long t:datetime i:int f:bool e:timespan x:dynamic countif_:long d1:dynamic",
    );
    for all in ["pack_all()", "pack_all(true)", "pack_array(*)"] {
        errors(&format!("T | summarize {all} by a"), &[("K0109", if all.contains('*') { "*" } else { all })]);
        errors(&format!("let f = () {{ {all} }}; T | extend x = f()"), &[("K0126", if all.contains('*') { "*" } else { all })]);
    }
    errors("T | summarize x = * has 'x', y = count()", &[("K0109", "*")]);
    errors("let f = () { * has 'x' }; T | where f()", &[("K0126", "*")]);
    columns("let f = () { iscolumnexists('a') }; T | project x = f()", "x:bool");
}

#[test]
fn a_search_looks_for_a_constant_by_its_name() {
    columns("let w = 'x'; T | search w | project a", "a:long");
    columns("let w = 'x'; search in (T, U) (w) or a == 1 and not(w) | project x", "x:real");
    columns("let f = (w: string) { T | search w | project a }; f('x')", "a:long");
    columns("let w = 'x'; find in (T, U) where w and x > 1 project a", "source_:string a:long");
    errors("let w = 1; T | search w", &[("K0114", "w")]);
    errors("let b = 'x'; T | search b", &[("K0114", "b")]);
    errors("T | search nosuch", &[("K0101", "nosuch")]);
}

#[test]
fn columns_get_other_names_once() {
    columns("T | project a, b | project-rename x = a, ['y z'] = b", "x:long y z:string");
    errors("T | project-rename x = a, y = a", &[("K0107", "a")]);
    errors("T | project-rename x = a, x = b", &[("K0107", "x")]);
    errors("T | project-rename a", &[("K0113", "a")]);
    errors("T | project-rename x = (a), y = strcat(b, 'x')", &[("K0113", "(a)"), ("K0113", "strcat(b, 'x')")]);
    for query in ["Open | project-rename x = a, y = a", "Open | project-rename x = a, x = b"] {
        let codes: Vec<_> = check(query, &Workspace::open(), NOW).diagnostics.iter().map(|found| found.code).collect();
        assert_eq!(codes, ["K0107"], "{query}");
    }
}

#[test]
fn what_is_wrong_in_a_stored_function_is_told_of_its_call() {
    let told = |body: &str, query: &str, expected: &[(&str, &str)]| {
        let mut schema = Schema::from_json(SCHEMA).unwrap();
        schema.functions.extend(UserFunction::from_kql("F", body));
        let diagnostics = check(query, &Workspace::closed(schema), NOW).diagnostics;
        let found: Vec<_> = diagnostics.iter().map(|found| (found.code, found.span.text(query))).collect();
        assert_eq!(found, expected, "{body}: {diagnostics:?}");
        assert!(diagnostics.iter().all(|found| found.message.starts_with("in `F`: ")), "{diagnostics:?}");
    };
    told("let g = (x: long) { x + nosuch }; T | count", "T | union F()", &[("K0101", "F()")]);
    told("(x: long = nosuch) { T | take x }", "T | union (F() | count)", &[("K0101", "F()")]);
    told("T | count", "let F = () { F() | take 1 }; F()", &[]);
    told("F() | count", "let F = () { F() | take 1 }; F()", &[("K0120", "F()")]);
}

#[test]
fn an_open_table_has_any_column() {
    let checked = check("Nosuch | where x > 1 | project x, y = tostring(z)", &Workspace::open(), NOW);
    assert!(checked.ok, "{:?}", checked.diagnostics);
    assert_eq!(checked.columns, [Column::new("x", crate::types::Type::Unknown), Column::new("y", crate::types::Type::String)]);
    for query in
        ["Nosuch | summarize x by y", "DnsEvents | summarize n = count(), TenantId", "Nosuch | summarize column_ifexists('x', 1)"]
    {
        let found = check(query, &Workspace::open(), NOW).diagnostics;
        assert!(matches!(found.as_slice(), [one] if one.code == "K0109"), "{query}: {found:?}");
    }
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
    too_large(&doubled("range a from 1 to 2 step 1", &|n| format!("union x{n}, x{n}"), "x39"));
    too_large(&doubled("rand()", &|n| format!("x{n} + x{n}"), "print x39"));
    too_large(&doubled("(y: long) { y + 1 }", &|n| format!("(y: long) {{ x{n}(x{n}(y)) }}"), "print x39(1)"));
}

/// `T` as a graph whose nodes are the rows of `U`.
const GRAPH: &str = "T | make-graph a --> i with U on a";

#[test]
fn columns_of_graphs() {
    columns(&format!("{GRAPH} | graph-to-table nodes with_node_id = id"), "id:long a:long b:string x:real t:string");
    columns(
        "T | project a, i | make-graph a --> i with_node_id = n | graph-mark-components with_component_id = c | graph-to-table nodes",
        "n:long c:long",
    );
    columns("T | project a, i | make-graph a -- i | graph-to-table edges with_source_id = s", "s:long a:long i:int");
    columns(
        &format!("{GRAPH} | graph-match (p)-[e*1..3]->(q) project e.b, p.x, m = map(e, a + 1)"),
        "e_b:dynamic p_x:real m:dynamic",
    );
    columns(
        &format!(
            "{GRAPH} | graph-match (p)-[e*1..3]->(q), (q)--(r) where p.x > 1 and e.a == 1 and all(inner_nodes(e), x > 1 \
             and node_degree_in() > 1 and t == q.t) project node_id(p), n = node_degree_out(r), p['b'], d = any(e, f)"
        ),
        "Column1:string n:long p_b:string d:bool",
    );
    columns(
        &format!("{GRAPH} | graph-shortest-paths output = all (p)-[e*1..3]->(q) project l = array_length(map(e, a))"),
        "l:long",
    );
    columns(
        "T | make-graph a --> i with U on a partitioned-by b (graph-match (p)-[e]->(q) where p.x > q.x project p.b, e.c)",
        "p_b:string e_c:real",
    );
    columns(&format!("let G = {GRAPH}; G | graph-match (p)-->(q) project p.a, q.a"), "p_a:long q_a:long");
    columns(
        &format!("{GRAPH} | graph-to-table nodes as N, edges as E with_target_id = target; N | project x; E | project target, c"),
        "target:long c:real",
    );
}

#[test]
fn mistakes_in_graphs() {
    errors("T | graph-match (p)-->(q) project p.a", &[("K0131", "graph-match")]);
    errors("T | where a > 1 | graph-to-table nodes", &[("K0131", "graph-to-table")]);
    errors("T | make-graph d --> a", &[("K0116", "d")]);
    errors(&format!("{GRAPH} | graph-match (p)(q) project p.a"), &[("K0132", "(q)")]);
    errors(&format!("{GRAPH} | graph-match (p)-[p]->(q) project q.a"), &[("K0132", "-[p]->")]);
    errors(
        &format!("{GRAPH} | graph-match (p)-[e]->(q) where r.a > 1 and p.nosuch == 1 project q"),
        &[("K0101", "r"), ("K0101", "nosuch")],
    );
    errors(
        &format!("{GRAPH} | graph-match cycles = some (p)-[e*1..2]->(q) where all(p, a > 1) project q.a"),
        &[("K0122", "some"), ("K0105", "p")],
    );
    errors(&format!("{GRAPH} | graph-match (p)-[e]->(q) where p.x project q.a"), &[("K0114", "p.x")]);
    errors("T | where all(d, a > 1)", &[("K0128", "all")]);
    errors(&format!("{GRAPH} | graph-match (p)-[e]->(q) project z = pack_all()"), &[("K0128", "pack_all()")]);
    errors(&format!("{GRAPH} | graph-to-table nodes, edges as E; E"), &[("K0128", "nodes")]);
}

#[test]
fn members_of_entity_groups() {
    let group = "let G = entity_group [database('one'), cluster('c').database('two')];";
    columns(&format!("{group} macro-expand G as X (X.T | project a, b) | summarize n = sum(a) by b"), "b:string n:long");
    columns(&format!("{group} macro-expand G as X (X.T | project a, d = X.$current_database)"), "a:long d:string");
    columns(
        "macro-expand entity_group [T, U] as X (X | where a > 1 | project a, t)",
        "a:long t_datetime:datetime t_string:string",
    );
    columns("macro-expand kind=inner entity_group [T, U] as X (X | project a, b, t)", "a:long b:string");
    errors("macro-expand G as X (X.T)", &[("K0101", "G")]);
    errors("macro-expand entity_group [T, database('one')] as X (X | count)", &[("K0134", "database('one')")]);
    errors(&format!("{group} macro-expand G as X (X.T | where nosuch > 1)"), &[("K0101", "nosuch")]);
}

#[test]
fn cases_of_patterns() {
    let pattern =
        "declare pattern p = (k: string)[path: string] { ('a').['x'] = { T | project a }; ('a').['y'] = { U | project x }; };";
    columns(&format!("{pattern} p('a').x"), "a:long");
    columns(&format!("{pattern} union p('a').['x'], p('a').y"), "a:long x:real");
    columns("declare pattern q = (k: string) { ('a') = { T | project b }; }; q('a') | where b has 'x'", "b:string");
    errors(&format!("{pattern} p('b').x"), &[("K0133", "p('b').x")]);
    errors(&format!("{pattern} p('a', 'b').x"), &[("K0104", "p")]);
    errors("declare pattern q; q('1.2.3.4')", &[("K0133", "q")]);
    errors("declare pattern q = (k: string) { (1) = { nosuch }; }; T | count", &[("K0114", "1"), ("K0102", "nosuch")]);
}

#[test]
fn a_partition_with_tables_of_its_own_sees_the_key_alone() {
    columns("T | partition hint.strategy = legacy by a { U | where a == toscalar(a) | project x }", "x:real");
    columns("T | partition by i { U | where x > i | project x, i }", "x:real i:int");
    errors("T | partition by i { U | where c > 1 }", &[("K0101", "c")]);
}

#[test]
fn a_value_of_handed_rows_is_a_column_that_nothing_else_sees() {
    let part = "T | project a, b | partition by b (as P";
    columns(
        &format!("{part} | extend x = toscalar(P | count), y = toscalar(P | project b) | where x > toscalar(P | count))"),
        "a:long b:string x:long y:string",
    );
    columns(&format!("{part} | extend x = toscalar(P | count) | distinct *)"), "a:long b:string x:long");
    columns(
        &format!("{part} | summarize take_any(*), countif(a > toscalar(P | count)) by x = toscalar(P | count))"),
        "x:long a:long b:string countif_:long",
    );
    errors(&format!("{part} | summarize toscalar(P | count))"), &[("K0126", "P | count")]);
    errors(&format!("{part} | take toscalar(P | count))"), &[("K0126", "P | count")]);
    errors(&format!("{part} | where nosuch > toscalar(P | count))"), &[("K0101", "nosuch")]);
    errors("T | partition by b (as P | mv-apply d on (extend x = toscalar(P | count)))", &[("K0126", "P | count")]);
}

#[test]
fn each_of_many_names_is_found_where_it_is_visible() {
    let mut query: String = (0..100).map(|n| format!("let a{n} = {n};")).collect();
    query += "let f = (x: long) { let y = a3; x + y + a98 };";
    query.extend((0..100).map(|n| format!("let b{n} = f(a{n});")));
    columns(&(query.clone() + "print r = b0 + b99 + a50"), "r:long");
    errors(&(query.clone() + "print r = y"), &[("K0101", "y")]);
    errors(&(query + "print r = x"), &[("K0101", "x")]);
}
