//! What a scan can know of a filter before it makes rows: a filter of a plan in; out, a test of the texts of a record that lets
//! through every record the filter would.
//!
//! The parts of a filter that look at one `string` column and constants are tested as they are; those that compare a whole number
//! or a time with constants can rule a record out. What is said of other columns is not known then, and a record passes unless it
//! fails whatever that part would say. The filter itself still runs over the rows.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use kql::{Column, Type};
use logs::{Find, FindTest, Keep, Records, TextAt};

use super::number_test::NumberTest;
use super::prune::Prune;
use super::text_call::TextCall;
use crate::function::{TextTest, Udf};

/// The tests of one filter.
#[derive(Debug)]
pub(crate) struct Needles {
    columns: Vec<Column>,
    node: Node,
}

#[derive(Debug)]
enum Node {
    /// Not known before there is a row.
    Unknown,
    /// A test of the column of that number.
    Test(usize, Arc<TextTest>),
    /// A condition on what calls make of the column of that number.
    Call(usize, TextCall),
    /// What rules out records by the number or time in the column of that number.
    Number(usize, NumberTest),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Needles {
    /// The tests of a filter over a table of those columns; `None` if it has none that could keep a record out.
    pub(crate) fn of(filter: &Expr, table: &[Column]) -> Option<Needles> {
        let mut columns = Vec::new();
        let node = node(filter, table, &mut columns);
        node.may_be_false().then_some(Needles { columns, node })
    }

    /// The columns whose texts are tested.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The filter only looks for something: it fails where all texts are empty, and what is found in one cannot be undone by
    /// another.
    pub(crate) fn only_finds(&self) -> bool {
        self.node.only_finds()
    }

    /// Whether a record with those texts may pass the filter.
    #[inline]
    pub(crate) fn may_match(&self, text: &TextAt<'_>) -> bool {
        self.node.eval(text) != Some(false)
    }
}

/// What keeps records out: the tests of all filters, over the columns of them all. Those `added` are in no record.
pub(super) fn keep(needles: Vec<Needles>, added: &[Column]) -> Option<Keep> {
    let columns: Vec<Column> = needles.iter().flat_map(|needles| needles.columns().to_vec()).collect();
    let is_added: Vec<bool> = columns.iter().map(|own| added.iter().any(|column| column.name == own.name)).collect();
    let needles = Arc::new(needles);
    let only_finds = !is_added.contains(&true) && needles.iter().all(Needles::only_finds);
    let find = only_finds.then(|| {
        let literals = needles.iter().flat_map(|needles| needles.node.literals()).collect();
        let needles = Arc::clone(&needles);
        let test = move |records: &Records<'_, '_>| {
            let (mut first, mut found) = (0, records.all());
            for needles in needles.iter() {
                found = needles.node.finds(records, first, found);
                first += needles.columns().len();
            }
            found
        };
        Find { test: Arc::new(test) as Arc<FindTest>, literals }
    });
    let test = move |text: &TextAt<'_>| {
        let mut first = 0;
        needles.iter().all(|needles| {
            let start = first;
            first += needles.columns().len();
            needles.may_match(&|at| if is_added[start + at] { None } else { text(start + at) })
        })
    };
    if columns.is_empty() { None } else { Some(Keep { columns, test: Arc::new(test), find }) }
}

impl Node {
    /// True or false, if it is known.
    fn eval(&self, text: &TextAt<'_>) -> Option<bool> {
        match self {
            Node::Unknown => None,
            Node::Test(column, test) => {
                // What is no UTF-8 becomes another text in the row.
                test.test_bytes(&(&*text(*column)?).into())
            }
            Node::Call(column, call) => call.is_true_of(&text(*column)?),
            Node::Number(column, test) => test.rules_out(&text(*column)?).then_some(false),
            Node::Not(node) => node.eval(text).map(|truth| !truth),
            Node::All(nodes) => junction(nodes, text, true),
            Node::Any(nodes) => junction(nodes, text, false),
        }
    }

    fn only_finds(&self) -> bool {
        match self {
            Node::Unknown | Node::Number(..) => true,
            Node::Test(_, test) => !test.test("") && test.only_finds(),
            Node::Call(_, call) => call.only_finds(),
            Node::Not(_) => false,
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().all(Node::only_finds),
        }
    }

    /// Of each list, a text that passes holds one, as [`Find::literals`] has it.
    fn literals(&self) -> Vec<Vec<String>> {
        match self {
            Node::Test(_, test) => test.literals(Find::LITERALS_MAX).into_iter().collect(),
            Node::All(nodes) => nodes.iter().flat_map(Node::literals).collect(),
            Node::Any(nodes) => {
                // The longest that is known of each.
                let shortest = |texts: &Vec<String>| texts.iter().map(String::len).min();
                let of_each = nodes.iter().map(|node| node.literals().into_iter().max_by_key(shortest));
                let all = of_each.collect::<Option<Vec<_>>>().map(|lists| lists.concat());
                all.filter(|texts| texts.len() <= Find::LITERALS_MAX).into_iter().collect()
            }
            Node::Unknown | Node::Call(..) | Node::Number(..) | Node::Not(_) => Vec::new(),
        }
    }

    /// Which of those records may pass a filter that only looks for something, a bit for each, if the columns are those from `first`
    /// on.
    fn finds(&self, records: &Records<'_, '_>, first: usize, among: u64) -> u64 {
        match self {
            Node::Unknown | Node::Not(_) => among,
            Node::Test(column, test) => test.found_in(records, first + column, among),
            Node::Call(column, call) => {
                records.which(among, |record| call.is_true_of(records.text(record, first + column).text()) != Some(false))
            }
            // No text is null, which no comparison is true of.
            Node::Number(column, test) => records.which(among, |record| {
                let text = records.text(record, first + column);
                !text.is_empty() && !test.rules_out(text.text())
            }),
            Node::All(nodes) => {
                nodes.iter().fold(among, |left, node| if left == 0 { 0 } else { node.finds(records, first, left) })
            }
            Node::Any(nodes) => nodes.iter().fold(0, |found, node| found | node.finds(records, first, among & !found)),
        }
    }

    fn may_be_false(&self) -> bool {
        match self {
            Node::Unknown => false,
            Node::Test(..) | Node::Call(..) | Node::Number(..) => true,
            Node::Not(node) => node.may_be_true(),
            Node::All(nodes) => nodes.iter().any(Node::may_be_false),
            Node::Any(nodes) => nodes.iter().all(Node::may_be_false),
        }
    }

    /// Whether it can be known to be true.
    fn may_be_true(&self) -> bool {
        match self {
            Node::Unknown | Node::Number(..) => false,
            Node::Test(..) | Node::Call(..) => true,
            Node::Not(node) => node.may_be_false(),
            Node::All(nodes) => nodes.iter().all(Node::may_be_true),
            Node::Any(nodes) => nodes.iter().any(Node::may_be_true),
        }
    }
}

/// Three-valued `and`, or `or`.
fn junction(nodes: &[Node], text: &TextAt<'_>, and: bool) -> Option<bool> {
    let mut all = Some(and);
    for node in nodes {
        match node.eval(text) {
            Some(truth) if truth != and => return Some(!and),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

fn node(filter: &Expr, table: &[Column], columns: &mut Vec<Column>) -> Node {
    match filter {
        Expr::Not(inner) => Node::Not(Box::new(node(inner, table, columns))),
        Expr::BinaryExpr(BinaryExpr { op: op @ (Operator::Or | Operator::And), .. }) => {
            let mut nodes = Vec::new();
            chain(filter, *op, table, columns, &mut nodes);
            if *op == Operator::And { Node::All(nodes) } else { Node::Any(nodes) }
        }
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::Eq | Operator::NotEq), right }) => match (&**left, &**right) {
            (text, Expr::Literal(ScalarValue::Utf8View(Some(other)), _))
            | (Expr::Literal(ScalarValue::Utf8View(Some(other)), _), text) => {
                test_node(text, TextTest::equal(other, *op == Operator::Eq).into(), columns)
            }
            _ => Node::Unknown,
        },
        Expr::ScalarFunction(call) => match (call.args.first(), Udf::of(&call.func).and_then(Udf::text_test)) {
            (Some(text), Some(test)) => test_node(text, Arc::clone(test), columns),
            _ => number_node(filter, table, columns).unwrap_or_else(|| call_node(filter, None, columns)),
        },
        _ => Node::Unknown,
    }
}

/// A test of a column's text, or of what calls make of it.
fn test_node(text: &Expr, test: Arc<TextTest>, columns: &mut Vec<Column>) -> Node {
    match text {
        Expr::Column(column) => Node::Test(number(Column::new(&column.name, Type::String), columns), test),
        _ => call_node(text, Some(test), columns),
    }
}

fn call_node(of: &Expr, test: Option<Arc<TextTest>>, columns: &mut Vec<Column>) -> Node {
    match TextCall::new(of, test) {
        Some((column, call)) => Node::Call(number(Column::new(column, Type::String), columns), call),
        None => Node::Unknown,
    }
}

/// A comparison of a number or a time with constants.
fn number_node(condition: &Expr, table: &[Column], columns: &mut Vec<Column>) -> Option<Node> {
    let Prune { column, wanted } = Prune::of(condition)?;
    let column = table.iter().find(|own| own.name == column)?;
    let test = NumberTest::of(&wanted, column.ty)?;
    Some(Node::Number(number(column.clone(), columns), test))
}

/// The terms of a chain of the same operator.
fn chain(filter: &Expr, operator: Operator, table: &[Column], columns: &mut Vec<Column>, nodes: &mut Vec<Node>) {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if *op == operator => {
            chain(left, operator, table, columns, nodes);
            chain(right, operator, table, columns, nodes);
        }
        other => nodes.push(node(other, table, columns)),
    }
}

/// The number of a column, which is new if it was not seen before.
fn number(column: Column, columns: &mut Vec<Column>) -> usize {
    columns.iter().position(|known| known.name == column.name).unwrap_or_else(|| {
        columns.push(column);
        columns.len() - 1
    })
}
