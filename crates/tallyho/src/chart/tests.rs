//! Charts as text, kind by kind: small rows, the whole drawing.

use expect_test::{Expect, expect};
use kql::plan::Render;
use kql::{Column, Rows, Type, Value, time};

use super::{Chart, draw};

/// A cell: `2026-…` is a moment, `[` starts a dynamic, digits are a number, `-` is null.
fn cell(text: &str) -> Value {
    match text {
        "-" => Value::Null,
        text if text.starts_with('[') => Value::Dynamic(text.to_owned()),
        text if text.starts_with("2026-") => Value::DateTime(time::parse_iso(text).expect("a moment")),
        text => text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Long),
    }
}

/// Rows of lines of cells; a column's type is that of its first cell that is not null.
fn rows(names: &str, lines: &[&str]) -> Rows {
    let cells: Vec<Vec<Value>> = lines.iter().map(|line| line.split(' ').map(cell).collect()).collect();
    let ty = |at: usize| match cells.iter().map(|row| &row[at]).find(|value| **value != Value::Null) {
        Some(Value::Long(_)) => Type::Long,
        Some(Value::DateTime(_)) => Type::DateTime,
        Some(Value::Dynamic(_)) => Type::Dynamic,
        _ => Type::String,
    };
    let columns = names.split(' ').enumerate().map(|(at, name)| Column::new(name, ty(at))).collect();
    Rows { columns, rows: cells }
}

/// What `render` with those properties (`a=b; c=d`) draws.
fn drawn(kind: &str, properties: &str, rows: &Rows) -> Result<Option<Chart>, String> {
    let pairs = properties.split("; ").filter_map(|pair| pair.split_once('='));
    let properties = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    draw(rows, &Render { kind: kind.to_owned(), properties }, false)
}

fn check(kind: &str, properties: &str, rows: &Rows, expected: &Expect) {
    let chart = drawn(kind, properties, rows).expect("it can be drawn").expect("a chart");
    let notes: String = chart.notes.iter().map(|note| format!("note: {note}\n")).collect();
    expected.assert_eq(&format!("{}{notes}", chart.svg));
}

/// What is told instead of a chart.
fn check_refused(kind: &str, properties: &str, rows: &Rows, expected: &Expect) {
    expected.assert_eq(&drawn(kind, properties, rows).expect_err("it cannot be drawn"));
}

fn hours() -> Rows {
    rows("T kind n", &["2026-05-20T09:00 b 1", "2026-05-20T08:00 a<i> 4", "2026-05-20T09:00 a<i> 2", "2026-05-20T10:00 a<i> -"])
}

fn names() -> Rows {
    rows("name n", &["x&y 3", "z 1"])
}

#[test]
fn lines_over_time() {
    check(
        "timechart",
        "title=\"Lines\" & more",
        &hours(),
        &expect![[r#"
            <svg class="kc" viewBox="0 0 800 400" width="800" height="400" role="img" aria-label="&quot;Lines&quot; &amp; more (timechart of T, kind, n)" xmlns="http://www.w3.org/2000/svg">
            <text x="14" y="28" class="t">&quot;Lines&quot; &amp; more</text>
            <rect x="14" y="45" width="11" height="11" class="c0 br"/>
            <text x="31" y="55">a&lt;i&gt;</text>
            <rect x="76.7" y="45" width="11" height="11" class="c1 br"/>
            <text x="93.7" y="55">b</text>
            <line x1="31.3" y1="344" x2="772" y2="344" class="g"/>
            <text x="23.3" y="348.5" text-anchor="end">0</text>
            <line x1="31.3" y1="277" x2="772" y2="277" class="g"/>
            <text x="23.3" y="281.5" text-anchor="end">1</text>
            <line x1="31.3" y1="210" x2="772" y2="210" class="g"/>
            <text x="23.3" y="214.5" text-anchor="end">2</text>
            <line x1="31.3" y1="143" x2="772" y2="143" class="g"/>
            <text x="23.3" y="147.5" text-anchor="end">3</text>
            <line x1="31.3" y1="76" x2="772" y2="76" class="g"/>
            <text x="23.3" y="80.5" text-anchor="end">4</text>
            <line x1="31.3" y1="344" x2="772" y2="344" class="x"/>
            <line x1="31.3" y1="344" x2="31.3" y2="349" class="x"/>
            <text x="31.3" y="363" text-anchor="middle">08:00</text>
            <text x="53.8" y="379" text-anchor="middle" class="s">May 20, 2026 UTC</text>
            <line x1="123.9" y1="344" x2="123.9" y2="349" class="x"/>
            <text x="123.9" y="363" text-anchor="middle">08:15</text>
            <line x1="216.5" y1="344" x2="216.5" y2="349" class="x"/>
            <text x="216.5" y="363" text-anchor="middle">08:30</text>
            <line x1="309.1" y1="344" x2="309.1" y2="349" class="x"/>
            <text x="309.1" y="363" text-anchor="middle">08:45</text>
            <line x1="401.7" y1="344" x2="401.7" y2="349" class="x"/>
            <text x="401.7" y="363" text-anchor="middle">09:00</text>
            <line x1="494.2" y1="344" x2="494.2" y2="349" class="x"/>
            <text x="494.2" y="363" text-anchor="middle">09:15</text>
            <line x1="586.8" y1="344" x2="586.8" y2="349" class="x"/>
            <text x="586.8" y="363" text-anchor="middle">09:30</text>
            <line x1="679.4" y1="344" x2="679.4" y2="349" class="x"/>
            <text x="679.4" y="363" text-anchor="middle">09:45</text>
            <line x1="772" y1="344" x2="772" y2="349" class="x"/>
            <text x="772" y="363" text-anchor="middle">10:00</text>
            <svg x="27.3" y="72" width="748.7" height="276" viewBox="27.3 72 748.7 276" preserveAspectRatio="none">
            <path d="M31.3 76L401.7 210" class="c0 ln"><title>a&lt;i&gt;</title></path>
            <circle cx="31.3" cy="76" r="3" class="c0 br"><title>2026-05-20 08:00 UTC: a&lt;i&gt; 4</title></circle>
            <circle cx="401.7" cy="210" r="3" class="c0 br"><title>2026-05-20 09:00 UTC: a&lt;i&gt; 2</title></circle>
            <path d="M401.7 277" class="c1 ln"><title>b</title></path>
            <circle cx="401.7" cy="277" r="3" class="c1 br"><title>2026-05-20 09:00 UTC: b 1</title></circle>
            </svg>
            </svg>
        "#]],
    );
}

#[test]
fn columns_on_each_other() {
    check(
        "columnchart",
        "kind=stacked; ytitle=rows",
        &hours(),
        &expect![[r#"
            <svg class="kc" viewBox="0 0 800 400" width="800" height="400" role="img" aria-label="columnchart of T, kind, n" xmlns="http://www.w3.org/2000/svg">
            <rect x="14" y="15" width="11" height="11" class="c0 br"/>
            <text x="31" y="25">a&lt;i&gt;</text>
            <rect x="76.7" y="15" width="11" height="11" class="c1 br"/>
            <text x="93.7" y="25">b</text>
            <text x="14" y="50">rows</text>
            <line x1="31.3" y1="344" x2="772" y2="344" class="g"/>
            <text x="23.3" y="348.5" text-anchor="end">0</text>
            <line x1="31.3" y1="273.5" x2="772" y2="273.5" class="g"/>
            <text x="23.3" y="278" text-anchor="end">1</text>
            <line x1="31.3" y1="203" x2="772" y2="203" class="g"/>
            <text x="23.3" y="207.5" text-anchor="end">2</text>
            <line x1="31.3" y1="132.5" x2="772" y2="132.5" class="g"/>
            <text x="23.3" y="137" text-anchor="end">3</text>
            <line x1="31.3" y1="62" x2="772" y2="62" class="g"/>
            <text x="23.3" y="66.5" text-anchor="end">4</text>
            <line x1="31.3" y1="344" x2="772" y2="344" class="x"/>
            <line x1="31.3" y1="344" x2="31.3" y2="349" class="x"/>
            <text x="31.3" y="363" text-anchor="middle">08:00</text>
            <text x="53.8" y="379" text-anchor="middle" class="s">May 20, 2026 UTC</text>
            <line x1="154.8" y1="344" x2="154.8" y2="349" class="x"/>
            <text x="154.8" y="363" text-anchor="middle">08:30</text>
            <line x1="278.2" y1="344" x2="278.2" y2="349" class="x"/>
            <text x="278.2" y="363" text-anchor="middle">09:00</text>
            <line x1="401.7" y1="344" x2="401.7" y2="349" class="x"/>
            <text x="401.7" y="363" text-anchor="middle">09:30</text>
            <line x1="525.1" y1="344" x2="525.1" y2="349" class="x"/>
            <text x="525.1" y="363" text-anchor="middle">10:00</text>
            <line x1="648.6" y1="344" x2="648.6" y2="349" class="x"/>
            <text x="648.6" y="363" text-anchor="middle">10:30</text>
            <line x1="772" y1="344" x2="772" y2="349" class="x"/>
            <text x="772" y="363" text-anchor="middle">11:00</text>
            <svg x="27.3" y="58" width="748.7" height="290" viewBox="27.3 58 748.7 290" preserveAspectRatio="none">
            <rect x="109.8" y="62" width="90" height="282" class="c0 br"><title>2026-05-20 08:00 UTC: a&lt;i&gt; 4</title></rect>
            <rect x="356.7" y="203" width="90" height="141" class="c0 br"><title>2026-05-20 09:00 UTC: a&lt;i&gt; 2</title></rect>
            <rect x="356.7" y="132.5" width="90" height="70.5" class="c1 br"><title>2026-05-20 09:00 UTC: b 1</title></rect>
            </svg>
            </svg>
        "#]],
    );
}

#[test]
fn bars_with_their_values() {
    check(
        "barchart",
        "",
        &names(),
        &expect![[r#"
            <svg class="kc" viewBox="0 0 800 122" width="800" height="122" role="img" aria-label="barchart of name, n" xmlns="http://www.w3.org/2000/svg">
            <line x1="49" y1="14" x2="49" y2="62" class="g"/>
            <text x="49" y="80" text-anchor="middle">0</text>
            <line x1="161.8" y1="14" x2="161.8" y2="62" class="g"/>
            <text x="161.8" y="80" text-anchor="middle">0.5</text>
            <line x1="274.6" y1="14" x2="274.6" y2="62" class="g"/>
            <text x="274.6" y="80" text-anchor="middle">1.0</text>
            <line x1="387.5" y1="14" x2="387.5" y2="62" class="g"/>
            <text x="387.5" y="80" text-anchor="middle">1.5</text>
            <line x1="500.3" y1="14" x2="500.3" y2="62" class="g"/>
            <text x="500.3" y="80" text-anchor="middle">2.0</text>
            <line x1="613.2" y1="14" x2="613.2" y2="62" class="g"/>
            <text x="613.2" y="80" text-anchor="middle">2.5</text>
            <line x1="726" y1="14" x2="726" y2="62" class="g"/>
            <text x="726" y="80" text-anchor="middle">3.0</text>
            <text x="387.5" y="102" text-anchor="middle">n</text>
            <text x="41" y="30.5" text-anchor="end" class="k">x&amp;y</text>
            <rect x="49" y="18" width="677" height="16" class="c0 br"><title>x&amp;y: n 3</title></rect>
            <text x="732" y="30.5">3</text>
            <text x="41" y="54.5" text-anchor="end" class="k">z</text>
            <rect x="49" y="42" width="225.7" height="16" class="c0 br"><title>z: n 1</title></rect>
            <text x="280.6" y="54.5">1</text>
            <line x1="49" y1="14" x2="49" y2="62" class="x"/>
            </svg>
        "#]],
    );
}

#[test]
fn a_pie_says_how_much() {
    check(
        "piechart",
        "",
        &names(),
        &expect![[r#"
            <svg class="kc" viewBox="0 0 800 310" width="800" height="310" role="img" aria-label="piechart of name, n" xmlns="http://www.w3.org/2000/svg">
            <path d="M189 155L189 20A135 135 0 1 1 54 155Z" class="c0 gap"><title>x&amp;y: 3 (75.0 %)</title></path>
            <text x="255.8" y="226.3" text-anchor="middle" class="w">75.0 %</text>
            <path d="M189 155L54 155A135 135 0 0 1 189 20Z" class="c1 gap"><title>z: 1 (25.0 %)</title></path>
            <text x="122.2" y="92.7" text-anchor="middle" class="w">25.0 %</text>
            <rect x="384" y="138" width="11" height="11" class="c0 br"/>
            <text x="402" y="148" class="k">x&amp;y</text>
            <text x="451.3" y="148" text-anchor="end" class="k">3</text>
            <text x="511.3" y="148" text-anchor="end">75.0 %</text>
            <rect x="384" y="160" width="11" height="11" class="c1 br"/>
            <text x="402" y="170" class="k">z</text>
            <text x="451.3" y="170" text-anchor="end" class="k">1</text>
            <text x="511.3" y="170" text-anchor="end">25.0 %</text>
            </svg>
        "#]],
    );
}

#[test]
fn a_card_is_the_first_row() {
    check(
        "card",
        "title=Card",
        &names(),
        &expect![[r#"
        <svg class="kc" viewBox="0 0 800 162" width="800" height="162" role="img" aria-label="Card (card of name, n)" xmlns="http://www.w3.org/2000/svg">
        <text x="14" y="28" class="t">Card</text>
        <rect x="14" y="48" width="381" height="100" class="box"/>
        <text x="204.5" y="106" text-anchor="middle" class="big">x&amp;y</text>
        <text x="204.5" y="132" text-anchor="middle">name</text>
        <rect x="405" y="48" width="381" height="100" class="box"/>
        <text x="595.5" y="106" text-anchor="middle" class="big">3</text>
        <text x="595.5" y="132" text-anchor="middle">n</text>
        </svg>
    "#]],
    );
}

#[test]
fn a_ladder_of_spans() {
    let spans = rows("host from until", &["a 2026-05-20 2026-05-22", "b 2026-05-21 2026-05-21", "c - 2026-05-21"]);
    check(
        "ladderchart",
        "",
        &spans,
        &expect![[r#"
            <svg class="kc" viewBox="0 0 800 114" width="800" height="114" role="img" aria-label="ladderchart of host, from, until" xmlns="http://www.w3.org/2000/svg">
            <line x1="31.9" y1="14" x2="31.9" y2="58" class="g"/>
            <line x1="123.7" y1="14" x2="123.7" y2="58" class="g"/>
            <line x1="215.4" y1="14" x2="215.4" y2="58" class="g"/>
            <line x1="307.2" y1="14" x2="307.2" y2="58" class="g"/>
            <line x1="399" y1="14" x2="399" y2="58" class="g"/>
            <line x1="490.7" y1="14" x2="490.7" y2="58" class="g"/>
            <line x1="582.5" y1="14" x2="582.5" y2="58" class="g"/>
            <line x1="674.2" y1="14" x2="674.2" y2="58" class="g"/>
            <line x1="766" y1="14" x2="766" y2="58" class="g"/>
            <line x1="31.9" y1="58" x2="31.9" y2="63" class="x"/>
            <text x="31.9" y="77" text-anchor="middle">00:00</text>
            <text x="53.8" y="93" text-anchor="middle" class="s">May 20, 2026 UTC</text>
            <line x1="123.7" y1="58" x2="123.7" y2="63" class="x"/>
            <text x="123.7" y="77" text-anchor="middle">06:00</text>
            <line x1="215.4" y1="58" x2="215.4" y2="63" class="x"/>
            <text x="215.4" y="77" text-anchor="middle">12:00</text>
            <line x1="307.2" y1="58" x2="307.2" y2="63" class="x"/>
            <text x="307.2" y="77" text-anchor="middle">18:00</text>
            <line x1="399" y1="58" x2="399" y2="63" class="x"/>
            <text x="399" y="77" text-anchor="middle">00:00</text>
            <text x="399" y="93" text-anchor="middle" class="s">May 21, 2026</text>
            <line x1="490.7" y1="58" x2="490.7" y2="63" class="x"/>
            <text x="490.7" y="77" text-anchor="middle">06:00</text>
            <line x1="582.5" y1="58" x2="582.5" y2="63" class="x"/>
            <text x="582.5" y="77" text-anchor="middle">12:00</text>
            <line x1="674.2" y1="58" x2="674.2" y2="63" class="x"/>
            <text x="674.2" y="77" text-anchor="middle">18:00</text>
            <line x1="766" y1="58" x2="766" y2="63" class="x"/>
            <text x="766" y="77" text-anchor="middle">00:00</text>
            <text x="766" y="93" text-anchor="middle" class="s">May 22, 2026</text>
            <text x="23.9" y="29.5" text-anchor="end" class="k">a</text>
            <rect x="31.9" y="19.5" width="734.1" height="11" class="c0 br"><title>a: 2026-05-20 – 2026-05-22</title></rect>
            <text x="23.9" y="51.5" text-anchor="end" class="k">b</text>
            <rect x="399" y="41.5" width="2" height="11" class="c0 br"><title>b: 2026-05-21 – 2026-05-21</title></rect>
            <line x1="31.9" y1="58" x2="766" y2="58" class="x"/>
            </svg>
            note: render ladderchart: rows without both ends are left out: 1
        "#]],
    );
}

#[test]
fn a_treemap_of_two_levels() {
    let levels = rows("kind name n", &["a x 6", "a y 2", "b z 4", "b none 0"]);
    check(
        "treemap",
        "",
        &levels,
        &expect![[r#"
            <svg class="kc" viewBox="0 0 800 460" width="800" height="460" role="img" aria-label="treemap of kind, name, n" xmlns="http://www.w3.org/2000/svg">
            <rect x="14" y="14" width="514.7" height="432" class="c0 gap"><title>a: 8 (66.7 %)</title></rect>
            <text x="20" y="29" class="w">a</text>
            <rect x="14" y="34" width="386" height="412" class="c0 gap"><title>a / x: 6 (50.0 %)</title></rect>
            <text x="20" y="50" class="w">x</text>
            <text x="20" y="66" class="w s">6</text>
            <rect x="400" y="34" width="128.7" height="412" class="c0 gap"><title>a / y: 2 (16.7 %)</title></rect>
            <text x="406" y="50" class="w">y</text>
            <text x="406" y="66" class="w s">2</text>
            <rect x="528.7" y="14" width="257.3" height="432" class="c1 gap"><title>b: 4 (33.3 %)</title></rect>
            <text x="534.7" y="29" class="w">b</text>
            <rect x="528.7" y="34" width="257.3" height="412" class="c1 gap"><title>b / z: 4 (33.3 %)</title></rect>
            <text x="534.7" y="50" class="w">z</text>
            <text x="534.7" y="66" class="w s">4</text>
            </svg>
            note: render treemap: rows whose value is not above zero have no rectangle: 1
        "#]],
    );
}

#[test]
fn arrays_are_unfolded_and_anomalies_marked() {
    let series = rows("T n flag", &[r#"["2026-05-20T00:00:00Z","2026-05-21T00:00:00Z","2026-05-22T00:00:00Z"] [1,9,2] [0,1,0]"#]);
    check(
        "anomalychart",
        "anomalycolumns=flag",
        &series,
        &expect![[r#"
            <svg class="kc" viewBox="0 0 800 400" width="800" height="400" role="img" aria-label="anomalychart of T, n, flag" xmlns="http://www.w3.org/2000/svg">
            <text x="14" y="24">n</text>
            <line x1="39.6" y1="344" x2="772" y2="344" class="g"/>
            <text x="31.6" y="348.5" text-anchor="end">0</text>
            <line x1="39.6" y1="282.4" x2="772" y2="282.4" class="g"/>
            <text x="31.6" y="286.9" text-anchor="end">2</text>
            <line x1="39.6" y1="220.8" x2="772" y2="220.8" class="g"/>
            <text x="31.6" y="225.3" text-anchor="end">4</text>
            <line x1="39.6" y1="159.2" x2="772" y2="159.2" class="g"/>
            <text x="31.6" y="163.7" text-anchor="end">6</text>
            <line x1="39.6" y1="97.6" x2="772" y2="97.6" class="g"/>
            <text x="31.6" y="102.1" text-anchor="end">8</text>
            <line x1="39.6" y1="36" x2="772" y2="36" class="g"/>
            <text x="31.6" y="40.5" text-anchor="end">10</text>
            <line x1="39.6" y1="344" x2="772" y2="344" class="x"/>
            <line x1="39.6" y1="344" x2="39.6" y2="349" class="x"/>
            <text x="39.6" y="363" text-anchor="middle">00:00</text>
            <text x="53.8" y="379" text-anchor="middle" class="s">May 20, 2026 UTC</text>
            <line x1="131.2" y1="344" x2="131.2" y2="349" class="x"/>
            <text x="131.2" y="363" text-anchor="middle">06:00</text>
            <line x1="222.7" y1="344" x2="222.7" y2="349" class="x"/>
            <text x="222.7" y="363" text-anchor="middle">12:00</text>
            <line x1="314.3" y1="344" x2="314.3" y2="349" class="x"/>
            <text x="314.3" y="363" text-anchor="middle">18:00</text>
            <line x1="405.8" y1="344" x2="405.8" y2="349" class="x"/>
            <text x="405.8" y="363" text-anchor="middle">00:00</text>
            <text x="405.8" y="379" text-anchor="middle" class="s">May 21, 2026</text>
            <line x1="497.4" y1="344" x2="497.4" y2="349" class="x"/>
            <text x="497.4" y="363" text-anchor="middle">06:00</text>
            <line x1="588.9" y1="344" x2="588.9" y2="349" class="x"/>
            <text x="588.9" y="363" text-anchor="middle">12:00</text>
            <line x1="680.5" y1="344" x2="680.5" y2="349" class="x"/>
            <text x="680.5" y="363" text-anchor="middle">18:00</text>
            <line x1="772" y1="344" x2="772" y2="349" class="x"/>
            <text x="772" y="363" text-anchor="middle">00:00</text>
            <text x="772" y="379" text-anchor="middle" class="s">May 22, 2026</text>
            <svg x="35.6" y="32" width="740.4" height="316" viewBox="35.6 32 740.4 316" preserveAspectRatio="none">
            <path d="M39.6 313.2L405.8 66.8L772 282.4" class="c0 ln"><title>n</title></path>
            <circle cx="39.6" cy="313.2" r="3" class="c0 br"><title>2026-05-20 UTC: n 1</title></circle>
            <circle cx="405.8" cy="66.8" r="3" class="c0 br"><title>2026-05-21 UTC: n 9</title></circle>
            <circle cx="772" cy="282.4" r="3" class="c0 br"><title>2026-05-22 UTC: n 2</title></circle>
            </svg>
            <circle cx="405.8" cy="66.8" r="5" class="hot"><title>2026-05-21 UTC: n 9</title></circle>
            </svg>
        "#]],
    );
}

#[test]
fn logarithms_leave_out_what_has_none() {
    check(
        "scatterchart",
        "xaxis=log; yaxis=log",
        &rows("x y", &["1 10", "1000 100000", "0 5", "10 0"]),
        &expect![[r#"
            <svg class="kc" viewBox="0 0 800 400" width="800" height="400" role="img" aria-label="scatterchart of x, y" xmlns="http://www.w3.org/2000/svg">
            <text x="14" y="24">y</text>
            <line x1="55.9" y1="340" x2="772" y2="340" class="g"/>
            <text x="47.9" y="344.5" text-anchor="end">10</text>
            <line x1="55.9" y1="264" x2="772" y2="264" class="g"/>
            <text x="47.9" y="268.5" text-anchor="end">100</text>
            <line x1="55.9" y1="188" x2="772" y2="188" class="g"/>
            <text x="47.9" y="192.5" text-anchor="end">1k</text>
            <line x1="55.9" y1="112" x2="772" y2="112" class="g"/>
            <text x="47.9" y="116.5" text-anchor="end">10k</text>
            <line x1="55.9" y1="36" x2="772" y2="36" class="g"/>
            <text x="47.9" y="40.5" text-anchor="end">100k</text>
            <line x1="55.9" y1="340" x2="772" y2="340" class="x"/>
            <line x1="55.9" y1="340" x2="55.9" y2="345" class="x"/>
            <text x="55.9" y="359" text-anchor="middle">1</text>
            <line x1="294.6" y1="340" x2="294.6" y2="345" class="x"/>
            <text x="294.6" y="359" text-anchor="middle">10</text>
            <line x1="533.3" y1="340" x2="533.3" y2="345" class="x"/>
            <text x="533.3" y="359" text-anchor="middle">100</text>
            <line x1="772" y1="340" x2="772" y2="345" class="x"/>
            <text x="772" y="359" text-anchor="middle">1k</text>
            <text x="413.9" y="383" text-anchor="middle">x</text>
            <svg x="51.9" y="32" width="724.1" height="312" viewBox="51.9 32 724.1 312" preserveAspectRatio="none">
            <circle cx="55.9" cy="340" r="4" class="c0 dot"><title>1: y 10</title></circle>
            <circle cx="772" cy="36" r="4" class="c0 dot"><title>1,000: y 100,000</title></circle>
            </svg>
            </svg>
            note: render scatterchart: points at or below zero have no place on a logarithmic axis: 1
            note: render scatterchart: values at or below zero have no place on a logarithmic axis: 1
        "#]],
    );
}

#[test]
fn what_does_not_fit_is_told() {
    check_refused(
        "timechart",
        "",
        &names(),
        &expect!["render timechart: it has no column of datetimes; the rows are shown as a table"],
    );
    check_refused(
        "linechart",
        "",
        &rows("a b", &["x y"]),
        &expect!["render linechart: it has no column of numbers beside its axis; the rows are shown as a table"],
    );
    check_refused(
        "timechart",
        "ycolumns=m",
        &hours(),
        &expect!["render timechart: ycolumns names `m`, which is no column of the result; the rows are shown as a table"],
    );
    check_refused(
        "areachart",
        "kind=heaped",
        &hours(),
        &expect!["render areachart: kind=heaped is not known; the rows are shown as a table"],
    );
    check_refused(
        "columnchart",
        "ymin=low",
        &hours(),
        &expect!["render columnchart: ymin=low is no number; the rows are shown as a table"],
    );
    check_refused(
        "pivotchart",
        "",
        &hours(),
        &expect!["render pivotchart: it is made to be turned with a mouse, and is not drawn here; the rows are shown as a table"],
    );
    check_refused("timechart", "", &rows("T n", &[]), &expect!["render timechart: there are no rows to draw"]);
    assert_eq!(drawn("table", "", &names()), Ok(None));
}

/// Whatever the rows hold, no drawing holds a number that is none, or markup of theirs.
#[test]
fn no_value_breaks_a_drawing() {
    let mut odd = rows("T x n", &["2026-05-20 </svg><script> 1", "2026-05-20 \u{202e} 9223372036854775807"]);
    odd.rows.push(vec![Value::DateTime(time::MAX_DATETIME), Value::String(String::new()), Value::Long(i64::MIN)]);
    odd.columns.push(Column::new("r", Type::Real));
    for (row, r) in odd.rows.iter_mut().zip([f64::NAN, f64::INFINITY, 1e308]) {
        row.push(Value::Real(r));
    }
    let kinds =
        ["timechart", "linechart", "areachart", "stackedareachart", "columnchart", "barchart", "scatterchart", "piechart"];
    for kind in kinds.into_iter().chain(["treemap", "card", "ladderchart"]) {
        for properties in [
            "",
            "kind=stacked",
            "kind=stacked100",
            "yaxis=log",
            "ysplit=panels",
            "accumulate=true",
            "ymin=5; ymax=1",
            "xcolumn=n",
        ] {
            let Ok(Some(chart)) = drawn(kind, properties, &odd) else { continue };
            let clean = ["\"NaN", "MNaN", "LNaN", " NaN", "inf"].into_iter().all(|odd| !chart.svg.contains(odd));
            assert!(
                clean && !chart.svg.contains("<script") && !chart.svg.contains('\u{202e}'),
                "{kind} {properties}: {}",
                chart.svg
            );
        }
    }
}
