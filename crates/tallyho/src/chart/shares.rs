//! Shares of a whole: columns that were read in, a pie or a treemap out.

use super::label;
use super::pie::{self, Pie};
use super::reading::{Kind, Names, Reading};
use super::treemap::{self, Node};

/// The column of values and those of names.
fn columns(reading: &Reading<'_>) -> Result<(usize, Vec<usize>), String> {
    let mut numbers = reading.of_kind(Kind::Number, false);
    let named = reading.columns("series")?.or(reading.columns("xcolumn")?);
    let value = match reading.columns("ycolumns")? {
        Some(columns) => columns.first().copied(),
        None => numbers.find(|at| !named.as_ref().is_some_and(|named| named.contains(at))),
    };
    let value = value.ok_or("it has no column of numbers")?;
    let names = match named {
        Some(names) => names,
        None => (0..reading.rows.columns.len()).filter(|at| *at != value && !reading.kinds[*at].1).collect(),
    };
    Ok((value, names))
}

fn number(value: &kql::Value) -> Option<f64> {
    match value {
        kql::Value::Int(n) => Some(f64::from(*n)),
        kql::Value::Long(n) => Some(*n as f64),
        kql::Value::Real(n) => Some(*n).filter(|n| n.is_finite()),
        kql::Value::Decimal(text) => text.parse().ok(),
        _ => None,
    }
}

/// Draws a pie: the first column that is no number names the slices, the first that is gives their size.
pub(super) fn pie(reading: &Reading<'_>, notes: &mut Vec<String>) -> Result<String, String> {
    if reading.property("kind") == Some("map") {
        return Err("kind=map needs a map, and none is drawn here".to_owned());
    }
    let (value, names) = columns(reading)?;
    let (mut order, mut slices, mut left_out) = (Names::default(), Vec::<(String, f64)>::new(), 0);
    // Further texts are not part of the name, unless the query says so.
    let named = if reading.property("series").is_some() { names.as_slice() } else { &names[..names.len().min(1)] };
    for row in &reading.rows.rows {
        let Some(size) = number(&row[value]).filter(|size| *size > 0.0) else {
            left_out += 1;
            continue;
        };
        let name = if named.is_empty() { reading.rows.columns[value].name.clone() } else { reading.key(row, named) };
        let at = order.place(&name);
        if at == slices.len() {
            slices.push((name, 0.0));
        }
        slices[at].1 += size;
    }
    if !reading.ordered {
        slices.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
    if slices.is_empty() {
        return Err("no value is above zero".to_owned());
    }
    if left_out > 0 {
        notes.push(format!("rows whose value is not above zero have no slice: {left_out}"));
    }
    let title = reading.property("title").map(str::to_owned);
    let pie = Pie { title, slices, legend: reading.property("legend") != Some("hidden") };
    Ok(pie::draw(&pie, &label("piechart", reading)))
}

/// Draws a treemap: texts are levels, the first outermost; the first number is the size.
pub(super) fn treemap(reading: &Reading<'_>, notes: &mut Vec<String>) -> Result<String, String> {
    let (value, mut levels) = columns(reading)?;
    levels.retain(|at| reading.kinds[*at].0 != Kind::Number || reading.property("series").is_some());
    if levels.is_empty() {
        return Err("it has no column of names".to_owned());
    }
    let mut root = Node::default();
    let mut left_out = 0;
    for row in &reading.rows.rows {
        let Some(size) = number(&row[value]).filter(|size| *size > 0.0) else {
            left_out += 1;
            continue;
        };
        root.value += size;
        let mut node = &mut root;
        for level in &levels {
            let name = reading.key(row, &[*level]);
            let at = match node.parts.iter().position(|part| part.name == name) {
                Some(at) => at,
                None => {
                    node.parts.push(Node { name, ..Node::default() });
                    node.parts.len() - 1
                }
            };
            node = &mut node.parts[at];
            node.value += size;
        }
    }
    if !reading.ordered {
        by_name(&mut root);
    }
    if root.parts.is_empty() {
        return Err("no value is above zero".to_owned());
    }
    if left_out > 0 {
        notes.push(format!("rows whose value is not above zero have no rectangle: {left_out}"));
    }
    Ok(treemap::draw(&root, reading.property("title"), &label("treemap", reading)))
}

/// Parts of equal value must not change places from run to run.
fn by_name(node: &mut Node) {
    node.parts.sort_by(|a, b| a.name.cmp(&b.name));
    node.parts.iter_mut().for_each(by_name);
}
