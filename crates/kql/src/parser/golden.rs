//! Every syntax error as people see it.

use expect_test::{Expect, expect};

use crate::render::text;

fn check(query: &str, expected: &Expect) {
    let parsed = crate::parse(query);
    expected.assert_eq(&text("query", query, &parsed.diagnostics));
}

#[test]
fn k0001_unterminated_string() {
    check(
        "T\n| where a == 'x\n| take 5",
        &expect![[r#"
            error[K0001]: this string lacks its closing '
             --> query:2:16
              |
            2 | | where a == 'x
              |                ^
              |              - it starts here
        "#]],
    );
    check(
        "print ```a\nb",
        &expect![[r#"
            error[K0001]: this string lacks its closing ```
             --> query:2:2
              |
            1 | print ```a
              |       --- it starts here
            2 | b
              |  ^
        "#]],
    );
}

#[test]
fn k0002_unknown_character() {
    check(
        "T | where a == “x”",
        &expect![[r#"
            error[K0002]: unexpected character `“`
             --> query:1:16
              |
            1 | T | where a == “x”
              |                ^^^
              = help: put straight quotes in place of typographic ones
        "#]],
    );
    check(
        "T | where a && b",
        &expect![[r#"
            error[K0002]: unexpected character `&`
             --> query:1:13
              |
            1 | T | where a && b
              |             ^^
              = help: use `and`
        "#]],
    );
    check(
        "T | where größe > 1",
        &expect![[r#"
            error[K0002]: unexpected character `ö`
             --> query:1:13
              |
            1 | T | where größe > 1
              |             ^^
              = help: names with other letters than a-z are written `['name']`
        "#]],
    );
}

#[test]
fn k0003_bad_escape() {
    check(
        r"T | where path has 'C:\Users\x' | take 5",
        &expect![[r#"
            error[K0003]: `\U` is no escape
             --> query:1:23
              |
            1 | T | where path has 'C:\Users\x' | take 5
              |                       ^^
              |                    - in this string
              = help: double the backslash, or put `@` before the string, where backslashes are ordinary characters
        "#]],
    );
}

#[test]
fn k0004_expected() {
    check(
        "T | where a ==\n| take 5",
        &expect![[r#"
            error[K0004]: expected an expression, found `|`
             --> query:1:15
              |
            1 | T | where a ==
              |               ^
        "#]],
    );
    check(
        "T | where (a or b | take 5",
        &expect![[r#"
            error[K0007]: expected `)`, but the query ends here
             --> query:1:27
              |
            1 | T | where (a or b | take 5
              |                           ^
              |           - to close this `(`
        "#]],
    );
    check(
        "T | join kind=inner U on\n",
        &expect![[r#"
            error[K0004]: expected a column or a condition, but the query ends here
             --> query:1:25
              |
            1 | T | join kind=inner U on
              |                         ^
        "#]],
    );
}

#[test]
fn k0004_list_or_function() {
    check(
        "T | where a in 'x'",
        &expect![[r#"
            error[K0004]: expected a value list, found `'x'`
             --> query:1:16
              |
            1 | T | where a in 'x'
              |                ^^^
              = help: values stand in parentheses: `in ('a', 'b')`, `has_any (list)`
        "#]],
    );
    check(
        "let f = (a) { a }; f(1)",
        &expect![[r#"
            error[K0005]: unexpected `{`
             --> query:1:13
              |
            1 | let f = (a) { a }; f(1)
              |             ^
              = help: the parameters of a function have types: `(a: long) { … }`
        "#]],
    );
    check(
        "print dynamic({a: 1})",
        &expect![[r#"
            error[K0004]: expected a string as the key, found `a`
             --> query:1:16
              |
            1 | print dynamic({a: 1})
              |                ^
        "#]],
    );
}

#[test]
fn k0004_name() {
    check(
        "print 74be27de-1e4e-49d9-b579-fe0b331d3642",
        &expect![[r#"
            error[K0004]: a guid without `guid(…)` around it
             --> query:1:7
              |
            1 | print 74be27de-1e4e-49d9-b579-fe0b331d3642
              |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: write `guid(74be27de-1e4e-49d9-b579-fe0b331d3642)`
        "#]],
    );
    check(
        "T | extend project-x = 1",
        &expect![[r#"
            error[K0004]: `project-x` is no name by itself
             --> query:1:12
              |
            1 | T | extend project-x = 1
              |            ^^^^^^^^^
              = help: write `['project-x']`
        "#]],
    );
    check(
        "T | where has == 1",
        &expect![[r#"
            error[K0004]: `has` is a keyword, not a name
             --> query:1:11
              |
            1 | T | where has == 1
              |           ^^^
              = help: as a name it is written `['has']`
        "#]],
    );
    check(
        "T | extend (flags, b) = f(x)",
        &expect![[r#"
            error[K0004]: `flags` is a keyword, not a name
             --> query:1:13
              |
            1 | T | extend (flags, b) = f(x)
              |             ^^^^^
              = help: as a name it is written `['flags']`
        "#]],
    );
}

#[test]
fn k0004_operand() {
    check(
        "T | mv-expand a to long",
        &expect![[r#"
            error[K0004]: expected `typeof(…)`, found `long`
             --> query:1:20
              |
            1 | T | mv-expand a to long
              |                    ^^^^
              = help: write the type as in `to typeof(long)`
        "#]],
    );
    check(
        "T | make-series count() on t step 1h by",
        &expect![[r#"
            error[K0004]: expected an expression, but the query ends here
             --> query:1:40
              |
            1 | T | make-series count() on t step 1h by
              |                                        ^
        "#]],
    );
    check(
        "range x from 1 to 10",
        &expect![[r#"
            error[K0004]: expected `step`, but the query ends here
             --> query:1:21
              |
            1 | range x from 1 to 10
              |                     ^
        "#]],
    );
    check(
        "T | evaluate",
        &expect![[r#"
            error[K0004]: expected a function call, but the query ends here
             --> query:1:13
              |
            1 | T | evaluate
              |             ^
        "#]],
    );
}

#[test]
fn k0005_trailing() {
    check(
        "T where a == 1",
        &expect![[r#"
            error[K0005]: unexpected `where`
             --> query:1:3
              |
            1 | T where a == 1
              |   ^^^^^
              = help: write `|` before `where`
        "#]],
    );
    check(
        "T | where a AND b",
        &expect![[r#"
            error[K0005]: unexpected `AND`
             --> query:1:13
              |
            1 | T | where a AND b
              |             ^^^
              = help: write `and`: keywords are lower case
        "#]],
    );
    check(
        "| where a",
        &expect![[r#"
            error[K0005]: `|` begins no statement
             --> query:1:1
              |
            1 | | where a
              | ^
              = help: a pipe needs a table or an expression before it
        "#]],
    );
    check(
        "T;; U",
        &expect![[r#"
            error[K0005]: `;` begins no statement
             --> query:1:3
              |
            1 | T;; U
              |   ^
              = help: remove the semicolon: there is no statement before it
        "#]],
    );
}

#[test]
fn k0006_unknown_operator() {
    check(
        "T | whre a == 1 | proyect b",
        &expect![[r#"
            error[K0006]: `whre` is no tabular operator
             --> query:1:5
              |
            1 | T | whre a == 1 | proyect b
              |     ^^^^
              = help: did you mean `where`?

            error[K0006]: `proyect` is no tabular operator
             --> query:1:19
              |
            1 | T | whre a == 1 | proyect b
              |                   ^^^^^^^
              = help: did you mean `project`?
        "#]],
    );
    check(
        "T | SELECT a",
        &expect![[r#"
            error[K0006]: `SELECT` is no tabular operator
             --> query:1:5
              |
            1 | T | SELECT a
              |     ^^^^^^
              = help: did you mean `project`?
        "#]],
    );
    check(
        "T |",
        &expect![[r#"
            error[K0006]: expected a tabular operator, but the query ends here
             --> query:1:4
              |
            1 | T |
              |    ^
              = help: after a pipe comes an operator such as `where`, `project` or `summarize`
        "#]],
    );
    check(
        "T | | take 5",
        &expect![[r#"
            error[K0006]: expected a tabular operator, found `|`
             --> query:1:5
              |
            1 | T | | take 5
              |     ^
              = help: after a pipe comes an operator such as `where`, `project` or `summarize`
        "#]],
    );
}

#[test]
fn k0007_unclosed() {
    check(
        "T | where a in ('x', 'y'",
        &expect![[r#"
            error[K0007]: expected `)`, but the query ends here
             --> query:1:25
              |
            1 | T | where a in ('x', 'y'
              |                         ^
              |                - to close this `(`
        "#]],
    );
    check(
        "let f = () { T",
        &expect![[r#"
            error[K0007]: expected `}`, but the query ends here
             --> query:1:15
              |
            1 | let f = () { T
              |               ^
              |            - to close this `{`
        "#]],
    );
}

#[test]
fn k0008_too_deep() {
    check(
        &format!("print {}", "f(".repeat(300)),
        &expect![[r#"
            error[K0008]: this is nested more than 256 levels deep
             --> query:1:515
              |
            1 | …f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(…
              |                                      ^
              = help: split the query into `let` statements; a long list of values goes into `in (…)` or `has_any (…)`
        "#]],
    );
}

#[test]
fn k0010_unknown_type() {
    check(
        "datatable (a: integer, b: String) [1, 'x']",
        &expect![[r#"
            error[K0010]: `integer` is no type of a column
             --> query:1:15
              |
            1 | datatable (a: integer, b: String) [1, 'x']
              |               ^^^^^^^
              = help: types are bool, datetime, decimal, dynamic, guid, int, long, real, string and timespan
        "#]],
    );
}

#[test]
fn k0012_bad_parameter() {
    check(
        "T | render timechart with (titel = 'x')",
        &expect![[r#"
            error[K0012]: `titel` is no property of this operator
             --> query:1:28
              |
            1 | T | render timechart with (titel = 'x')
              |                            ^^^^^
              = help: it takes kind, title, accumulate, xcolumn, ycolumns, anomalycolumns, series, xtitle, ytitle, xaxis, yaxis, legend, ysplit, ymin, ymax, xmin, xmax
        "#]],
    );
}

#[test]
fn k0013_missing_semicolon() {
    check(
        "let a = 1\nlet b = 2;\nT | where x == a",
        &expect![[r#"
            error[K0013]: expected `;` before `let`
             --> query:1:10
              |
            1 | let a = 1
              |          ^
              = help: statements are split by semicolons
        "#]],
    );
}

#[test]
fn k0014_unterminated_literal() {
    check(
        "T | where t > datetime(2020-01-01\n| take 5",
        &expect![[r#"
            error[K0014]: this literal lacks its closing `)`
             --> query:1:34
              |
            1 | T | where t > datetime(2020-01-01
              |                                  ^
              = help: add `)` on the same line
        "#]],
    );
}

#[test]
fn k0016_too_many() {
    let parsed = crate::parse(&";".repeat(1000));
    assert_eq!(parsed.diagnostics.len(), 101);
    assert_eq!(parsed.diagnostics[100].message, "900 more mistakes are not shown");
}

#[test]
fn k0190_bad_literal() {
    check(
        "print datetime(yesterday), long(1.5), guid(x)",
        &expect![[r#"
            error[K0190]: `datetime(yesterday)` is no datetime
             --> query:1:7
              |
            1 | print datetime(yesterday), long(1.5), guid(x)
              |       ^^^^^^^^^^^^^^^^^^^
              = help: write it as `datetime(2026-05-20 13:36:27)`

            error[K0190]: `long(1.5)` is no long
             --> query:1:28
              |
            1 | print datetime(yesterday), long(1.5), guid(x)
              |                            ^^^^^^^^^
              = help: correct it, or write `null` between the parentheses

            error[K0190]: `guid(x)` is no guid
             --> query:1:39
              |
            1 | print datetime(yesterday), long(1.5), guid(x)
              |                                       ^^^^^^^
              = help: write it as `guid(74be27de-1e4e-49d9-b579-fe0b331d3642)`
        "#]],
    );
}
