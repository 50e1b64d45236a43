//! Ids going from state to state: what the funnel plugins share.

use datafusion::common::Result as DfResult;
use kql::plan::Expr;
use kql::{Column, Type, Value};

use super::Call;
use super::by_key::ByKey;
use super::gather::{self, Gather, Row};
use super::timeline::{Point, Timeline};
use crate::cell::Cell;
use crate::error::{Error, Result, code};
use crate::lower::operators::Parts;

/// An id's way through states, in order of time; what is at one time is in the order of the rows.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// The id.
    pub(super) id: Value,
    /// When, and which state: a position in [`Ways::states`].
    pub(super) steps: Vec<(Point, usize)>,
}

/// All ways, and the states on them.
#[derive(Debug)]
pub(super) struct Ways {
    /// One for each id.
    pub(super) ways: Vec<Way>,
    /// Each state that occurs, and behind them those of the sequence that do not.
    pub(super) states: Vec<Value>,
    /// The sequence asked for, as positions in `states`.
    pub(super) sequence: Vec<usize>,
}

/// The operator that reads ids (argument 0), times (argument 1) and the states of argument `state` between the timeline's ends,
/// and computes rows from the ways through them. The sequence stands in the argument behind the state.
pub(super) fn parts(
    name: &'static str,
    call: &Call<'_>,
    columns: Vec<Column>,
    timeline: Timeline,
    state: usize,
    compute: impl Fn(Ways) -> Vec<Row> + Clone + Send + Sync + 'static,
) -> Result<Parts> {
    let exprs: Vec<Expr> = [0, 1, state].into_iter().map(|at| call.expr(at).cloned()).collect::<Result<_>>()?;
    let sequence = sequence(call, state + 1, exprs[2].ty)?;
    let start = move || Funnel {
        timeline,
        compute: Box::new(compute.clone()),
        sequence: sequence.clone(),
        ways: ByKey::default(),
        states: ByKey::default(),
        bytes: 0,
    };
    Ok(gather::parts(name, call.input, exprs, columns, start))
}

/// The elements of an array, each as a value of the states' type.
fn sequence(call: &Call<'_>, position: usize, ty: Type) -> Result<Vec<Value>> {
    let elements = elements(call, position, "sequence")?;
    let value = |element: &serde_json::Value| crate::element::from_json(&element.to_string(), ty).to_value();
    Ok(elements.iter().map(value).collect())
}

/// The elements of a constant array, at least one.
pub(super) fn elements(call: &Call<'_>, position: usize, what: &str) -> Result<Vec<serde_json::Value>> {
    let elements = match call.value(position, what)? {
        Value::Dynamic(json) => serde_json::from_str::<Vec<serde_json::Value>>(&json).unwrap_or_default(),
        _ => Vec::new(),
    };
    if elements.is_empty() {
        return Err(Error::new(code::ARGUMENT, format!("the {what} of {} is an array with something in it", call.plugin)));
    }
    Ok(elements)
}

struct Funnel {
    timeline: Timeline,
    compute: Box<dyn Fn(Ways) -> Vec<Row> + Send>,
    sequence: Vec<Value>,
    ways: ByKey<Way>,
    states: ByKey<Value>,
    /// What the ways' steps take.
    bytes: usize,
}

impl Funnel {
    fn state(&mut self, cell: &Cell<'_>) -> usize {
        self.states.place(std::slice::from_ref(cell), || cell.to_value())
    }
}

impl Gather for Funnel {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let [id, time, state] = row else { return Ok(()) };
        let Some(at) = Point::of(time, self.timeline.axis).filter(|at| self.timeline.holds(*at)) else { return Ok(()) };
        if id.is_null() {
            return Ok(());
        }
        let state = self.state(state);
        let way = self.ways.of(std::slice::from_ref(id), || Way { id: id.to_value(), steps: Vec::new() });
        way.steps.push((at, state));
        self.bytes += size_of::<(Point, usize)>();
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let wanted = std::mem::take(&mut self.sequence);
        let sequence = wanted.iter().map(|value| self.state(&Cell::of(value))).collect();
        let mut ways: Vec<Way> = self.ways.take().collect();
        ways.iter_mut().for_each(|way| way.steps.sort_by(|(a, _), (b, _)| a.order(b)));
        let states = self.states.take().collect();
        Ok((self.compute)(Ways { ways, states, sequence }))
    }

    fn size(&self) -> usize {
        self.ways.bytes() + self.states.bytes() + self.bytes
    }
}
