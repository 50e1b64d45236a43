//! Two ways to say the same: whatever rows they stand over, they must give the same.

use kql::{Column, Type};
use libtest_mimic::Failed;

use super::generate::{Generator, quoted};
use super::{MEMORY, compare, run, seeds, tables, verdict};

/// Writes two queries over `base`, whose columns are given.
type Pair = fn(&mut Generator<'_>, &str, &[Column]) -> (String, String);

const PAIRS: &[(&str, Pair)] = &[
    ("a conjunction is two filters", |make, base, columns| {
        let (p, q) = (predicate(make, columns), predicate(make, columns));
        (format!("{base} | where {p} and {q}"), format!("{base} | where {q} | where {p}"))
    }),
    ("what is true, what is false, what is neither", |make, base, columns| {
        let p = predicate(make, columns);
        let parts = format!("({base} | where {p}), ({base} | where not({p})), ({base} | where isnull({p}))");
        (format!("union {parts}"), base.to_owned())
    }),
    ("an expression too large for a planner", |make, base, columns| {
        let p = predicate(make, columns);
        let deep = (0..20).fold(p.clone(), |p, _| format!("not(not({p}))"));
        (format!("{base} | where {p} | extend b = {p}"), format!("{base} | where {deep} | extend b = {deep}"))
    }),
    ("a chain is a set", |make, base, columns| {
        let text = text(make, columns);
        let words = ["", "a", "Hello World", "10.1.2.3", "é", "cmd.exe", "-"];
        let (one, all) = *make.chance.of(&[("==", "in"), ("=~", "in~"), ("has", "has_any")]);
        let chain: Vec<String> = words.iter().map(|word| format!("{text} {one} '{word}'")).collect();
        let list: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let single = |list: &[String]| list.iter().map(|word| format!("iff({text} {one} {word}, 1, 0)")).collect::<Vec<_>>();
        let sum = single(&list).join(" + ");
        let query = format!("{base} | extend b = {}, c = {text} {all} ({})", chain.join(" or "), list.join(", "));
        (query, format!("{base} | extend n = {sum} | extend b = n > 0, c = n > 0 | project-away n"))
    }),
    ("several lists are asked each by itself", |make, base, columns| {
        let text = text(make, columns);
        let words = ["''", "'a'", "'Hello World'", "'10.1.2.3'", "'cmd.exe'", "'null'"];
        let (one, all) = *make.chance.of(&[("==", "in"), ("=~", "in~"), ("has", "has_any")]);
        let split = 2 + make.chance.below(3);
        let lists = [&words[..split], &words[split..]];
        let [a, b] = lists.map(|list| format!("{text} {all} ({})", list.join(", ")));
        let [c, d] = lists.map(|list| list.iter().map(|word| format!("{text} {one} {word}")).collect::<Vec<_>>().join(" or "));
        let shown = |a: &str, b: &str| format!("{base} | extend a = {a}, b = {b}, c = iff({a}, 'a', iff({b}, 'b', 'c'))");
        (shown(&a, &b), shown(&c, &d))
    }),
    ("a chain of unequal is a set", |make, base, columns| {
        let text = text(make, columns);
        let words = ["", "a", "Hello World", "10.1.2.3", "null"];
        let chain: Vec<String> = words.iter().map(|word| format!("{text} != '{word}'")).collect();
        let list: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        (format!("{base} | where {}", chain.join(" and ")), format!("{base} | where not({text} in ({}))", list.join(", ")))
    }),
    ("groups of groups", |_, base, columns| {
        let [key, finer] = keys(columns);
        let number = column(columns, Type::Long);
        let direct = format!("{base} | summarize n = count(), s = sum({number}), m = max({number}) by {key}");
        let twice = format!("{base} | summarize n = count(), s = sum({number}), m = max({number}) by {key}, {finer}");
        (direct, format!("{twice} | summarize n = sum(n), s = sum(s), m = max(m) by {key}"))
    }),
    ("partitions are groups", |_, base, columns| {
        let [key, _] = keys(columns);
        let number = column(columns, Type::Long);
        let aggregates = format!("n = count(), s = sum({number}), d = dcount({number})");
        let inner = format!("summarize {aggregates}, key = take_any({key}) | project key, n, s, d");
        (format!("{base} | partition by {key} ({inner})"), format!("{base} | summarize {aggregates} by key = {key}"))
    }),
    ("a join and its mirror", |make, base, columns| {
        let [key, _] = keys(columns);
        let kind = *make.chance.of(&[("inner", "inner"), ("leftouter", "rightouter"), ("fullouter", "fullouter")]);
        let left = format!("({base} | project a = {key}, x = 1)");
        let right = "(Right | project b = k, y = name)";
        let shown = "project a, b, x, y";
        let there = format!("{left} | join kind = {} {right} on $left.a == $right.b | {shown}", kind.0);
        (there, format!("{right} | join kind = {} {left} on $left.b == $right.a | {shown}", kind.1))
    }),
    ("rows with and without a partner", |_, base, columns| {
        let [key, _] = keys(columns);
        let side = format!("{base} | join kind = leftsemi (Right) on $left.{key} == $right.k");
        (format!("union ({side}), ({})", side.replace("leftsemi", "leftanti")), base.to_owned())
    }),
    ("sort and take are top", |make, base, columns| {
        let keys = columns.iter().map(|column| quoted(&column.name)).filter(|_| !columns.is_empty());
        let keys: Vec<String> = keys.zip(columns).filter(|(_, column)| column.ty != Type::Dynamic).map(|(key, _)| key).collect();
        let (keys, count) = (keys.join(", "), make.chance.below(40));
        let shown = format!("project {keys}");
        (format!("{base} | {shown} | sort by {keys} | take {count}"), format!("{base} | {shown} | top {count} by {keys}"))
    }),
    ("distinct rows are groups", |_, base, columns| {
        let [key, other] = keys(columns);
        (format!("{base} | distinct {key}, {other}"), format!("{base} | summarize by {key}, {other}"))
    }),
    ("counting what is true", |make, base, columns| {
        let p = predicate(make, columns);
        (format!("{base} | where {p} | count"), format!("{base} | summarize Count = countif({p})"))
    }),
    ("a choice is a case", |make, base, columns| {
        let (p, a, b) = (predicate(make, columns), text(make, columns), text(make, columns));
        (format!("{base} | extend c = iff({p}, {a}, {b})"), format!("{base} | extend c = case({p}, {a}, {b})"))
    }),
    ("two columns at once, or one after the other", |make, base, columns| {
        let (p, a) = (predicate(make, columns), text(make, columns));
        let shown = "project one, two";
        let at_once = format!("{base} | extend one = {p}, two = {a} | {shown}");
        (at_once, format!("{base} | extend two = {a} | extend one = {p} | {shown}"))
    }),
    ("rows kept for later", |make, base, columns| {
        let p = predicate(make, columns);
        (format!("let kept = materialize({base}); kept | where {p}"), format!("{base} | where {p}"))
    }),
    ("a value asked for first", |_, base, columns| {
        let number = column(columns, Type::Long);
        let query = format!("{base} | summarize m = max({number}), n = count()");
        (query, format!("print m = toscalar({base} | summarize max({number})), n = toscalar({base} | count)"))
    }),
    ("an array of one", |make, base, columns| {
        let text = format!("tostring({})", text(make, columns));
        let expanded = format!("{base} | mv-expand one = pack_array({text}) to typeof(string)");
        (expanded, format!("{base} | extend one = {text}"))
    }),
    ("a search for a subquery's values", |_, base, columns| {
        let [key, _] = keys(columns);
        let member = format!("{base} | where {key} in ((Right | where isnotnull(k) | project k))");
        (member, format!("{base} | join kind = leftsemi (Right | where isnotnull(k)) on $left.{key} == $right.k"))
    }),
];

fn predicate(make: &mut Generator<'_>, columns: &[Column]) -> String {
    make.expr(columns, Type::Bool, 3)
}

fn text(make: &mut Generator<'_>, columns: &[Column]) -> String {
    make.expr(columns, Type::String, 2)
}

/// A column of the type, or a constant if there is none.
fn column(columns: &[Column], ty: Type) -> String {
    let found = columns.iter().find(|column| column.ty == ty);
    found.map_or_else(|| format!("{}(null)", ty.name()), |column| quoted(&column.name))
}

/// Two columns to group by.
fn keys(columns: &[Column]) -> [String; 2] {
    let mut fitting = columns.iter().filter(|column| matches!(column.ty, Type::Long | Type::String));
    let first = fitting.next().map_or("k".to_owned(), |column| quoted(&column.name));
    let second = fitting.next().map_or_else(|| first.clone(), |column| quoted(&column.name));
    [first, second]
}

/// Each pair over random rows.
pub(super) fn two_ways() -> Result<(), Failed> {
    let engine = tables::engine(2, MEMORY, 3);
    let mut faults = Vec::new();
    let mut compared = 0;
    for (seed, (name, pair)) in seeds(4 * PAIRS.len() as u64).zip(PAIRS.iter().cycle()) {
        let mut make = Generator::new(seed, engine.workspace());
        let base = make.source();
        let longer = make.longer(&base);
        let base = if compare::is_settled(&longer) { longer } else { base };
        let Some(columns) = make.columns(&base) else { continue };
        let (one, other) = pair(&mut make, &base, &columns);
        if make.columns(&one).is_none() || make.columns(&other).is_none() {
            continue;
        }
        match (run(&engine, &one), run(&engine, &other)) {
            (Ok(Ok(a)), Ok(Ok(b))) => {
                compared += 1;
                faults.extend(compare::difference(&a, &b).map(|why| format!("{name}: {why}\n{one}\n---\n{other}")));
            }
            (a, b) => faults.extend([a.err(), b.err()].into_iter().flatten()),
        }
    }
    if compared < PAIRS.len() {
        faults.push(format!("only {compared} pairs were compared"));
    }
    verdict(faults)
}
