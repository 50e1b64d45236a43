//! Golden texts of the formatter.

use expect_test::{Expect, expect};

/// Formats `text`, twice, and compares.
fn check(text: &str, expected: &Expect) {
    let once = super::format(text).expect("the text reads without error");
    assert_eq!(super::format(&once).expect("so does its layout"), once, "formatting is not idempotent");
    expected.assert_eq(&once);
}

#[test]
fn operators_have_lines_of_their_own() {
    check(
        "SecurityEvent|where EventID==4688 and Process has'x' // both\n|summarize n=count()by Computer|top 5 by n desc",
        &expect![[r#"
            SecurityEvent
            | where EventID == 4688 and Process has 'x' // both
            | summarize n = count() by Computer
            | top 5 by n desc
        "#]],
    );
}

#[test]
fn long_lists_are_broken() {
    check(
        "T | project TimeGenerated, Computer, AccountName, ProcessCommandLine, InitiatingProcessFileName, Sha256 = SHA256, Extra | count",
        &expect![[r#"
            T
            | project
                TimeGenerated,
                Computer,
                AccountName,
                ProcessCommandLine,
                InitiatingProcessFileName,
                Sha256 = SHA256,
                Extra
            | count
        "#]],
    );
    check(
        "T | summarize FirstSeen = min(TimeGenerated), LastSeen = max(TimeGenerated), Hosts = make_set(Computer, 100) by Account, IP | take 1",
        &expect![[r#"
            T
            | summarize
                FirstSeen = min(TimeGenerated),
                LastSeen = max(TimeGenerated),
                Hosts = make_set(Computer, 100)
                by Account, IP
            | take 1
        "#]],
    );
    check(
        "let a = dynamic(['aaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbb','cccccccccccccccccccc','dddddddddddddddddd','eeeeeeeeee','ffff']);a",
        &expect![[r#"
            let a = dynamic([
                'aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbb', 'cccccccccccccccccccc', 'dddddddddddddddddd',
                'eeeeeeeeee', 'ffff'
            ]);
            a
        "#]],
    );
}

#[test]
fn subqueries_are_broken_where_they_do_not_fit() {
    check(
        "T|join kind=inner(U|where a==1|project b)on b,$left.c==$right.d|take 1",
        &expect![[r#"
        T
        | join kind=inner (U | where a == 1 | project b) on b, $left.c == $right.d
        | take 1
    "#]],
    );
    check(
        "T|join kind=leftanti hint.remote=left(SigninLogs|where TimeGenerated>ago(14d) and ResultType!=0|summarize by UserPrincipalName)on UserPrincipalName|take 1",
        &expect![[r#"
            T
            | join kind=leftanti hint.remote=left (
                SigninLogs
                | where TimeGenerated > ago(14d) and ResultType != 0
                | summarize by UserPrincipalName
            ) on UserPrincipalName
            | take 1
        "#]],
    );
}

#[test]
fn statements_and_functions() {
    check(
        "let n=5;let f=(t:(*),m:long=3){t|where x>m|take n};\n\n\nlet g=view(){T};f(g)",
        &expect![[r#"
        let n = 5;
        let f = (t: (*), m: long = 3) {
            t
            | where x > m
            | take n
        };

        let g = view () { T };
        f(g)
    "#]],
    );
    check(
        "set notruncation;declare query_parameters(a:long=1);print -a,- 1,2-1,[1][0],{p}",
        &expect![[r#"
        set notruncation;
        declare query_parameters (a: long = 1);
        print -a, -1, 2 - 1, [1][0], {p}
    "#]],
    );
}

#[test]
fn tables_have_a_line_for_each_row() {
    check(
        "datatable(name:string,age:long,email:string)['Ada',36,'ada@example.com','Grace',85,'grace@example.com','Edsger',72,'edsger@example.com']",
        &expect![[r#"
            datatable(name: string, age: long, email: string) [
                'Ada', 36, 'ada@example.com',
                'Grace', 85, 'grace@example.com',
                'Edsger', 72, 'edsger@example.com'
            ]
        "#]],
    );
}

#[test]
fn comments_stay_where_they_are() {
    check(
        "// head\n\n// why\nT // source\n// next\n| where a == 1 // one\n    and b == 2\n\n// last\n| project a, // first\n b\n// end\n",
        &expect![[r#"
            // head

            // why
            T // source
            // next
            | where a == 1 // one
                and b == 2

            // last
            | project
                a, // first
                b
            // end
        "#]],
    );
    check(
        "T | where a in ( // values\n 'x',\n // more\n 'y')",
        &expect![[r#"
        T
        | where a in ( // values
            'x',
            // more
            'y'
        )
    "#]],
    );
}

#[test]
fn what_is_glued_stays_so() {
    check(
        "union D*,*_CL|parse a with*'x'b:long|project-away c*",
        &expect![[r#"
        union D*, *_CL
        | parse a with * 'x' b: long
        | project-away c*
    "#]],
    );
    check(
        "E|make-graph a-->b with N on id|graph-match(x)-[e*1..3]->(y)where x.c==1 project x.c",
        &expect![[r#"
        E
        | make-graph a --> b with N on id
        | graph-match (x)-[e*1..3]->(y) where x.c == 1 project x.c
    "#]],
    );
    check(
        "T|where t between(ago(1d)..now())and d.e['f'].g[0]!in~('h')|render timechart with(title='a b')",
        &expect![[r#"
        T
        | where t between (ago(1d) .. now()) and d.e['f'].g[0] !in~ ('h')
        | render timechart with (title='a b')
    "#]],
    );
    check(
        "T|scan declare(s:long=0)with(step a output=all:x>1=>s=2,t=3;step b:true;)",
        &expect![[r#"
        T
        | scan declare (s: long = 0) with (
            step a output=all: x > 1 => s = 2, t = 3;
            step b: true;
        )
    "#]],
    );
}

#[test]
fn commands_and_errors_are_left_alone() {
    check(".show   tables", &expect![".show   tables"]);
    assert!(super::format("T | where").is_err());
}
