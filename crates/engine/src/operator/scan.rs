//! `scan`: rows in order against steps, each step remembering the rows that led to it (`scan-operator`, "Matching logic").

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result as DfResult;
use kql::plan::{self, ScanOutput};
use kql::{Column, Value};

use super::{Operator, Run};
use crate::cell::{Cell, CellBuilder};
use crate::error::Result;
use crate::local::{RowExpr, batch, each_row};
use crate::lower::Lower;
use crate::row_key;

/// The operator. The partition keys stand behind the input's columns.
pub(crate) struct Scan {
    columns: Vec<Column>,
    shared: Arc<Compiled>,
}

struct Compiled {
    input: Vec<Column>,
    partition: Vec<Column>,
    declare: Vec<Value>,
    match_id: Option<usize>,
    steps: Vec<Step>,
}

struct Step {
    output: ScanOutput,
    optional: bool,
    condition: RowExpr,
    assignments: Vec<(usize, RowExpr)>,
}

impl Scan {
    /// The scan over rows of `input`'s columns.
    pub(crate) fn compile(lower: &Lower<'_>, columns: Vec<Column>, scan: &plan::Scan) -> Result<Scan> {
        let step = |step: &plan::ScanStep| {
            Ok(Step {
                output: step.output,
                optional: step.optional,
                condition: RowExpr::compile(lower, &step.condition)?,
                assignments: step
                    .assignments
                    .iter()
                    .map(|(at, expr)| Ok((*at, RowExpr::compile(lower, expr)?)))
                    .collect::<Result<_>>()?,
            })
        };
        let partition = scan.partition.iter().map(|key| Column::new("", key.ty)).collect();
        let steps = scan.steps.iter().map(step).collect::<Result<_>>()?;
        let input = scan.input.columns.clone();
        let shared = Compiled { input, partition, declare: scan.declare.clone(), match_id: scan.match_id, steps };
        Ok(Scan { columns, shared: Arc::new(shared) })
    }
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl Operator for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        let output = self.columns.iter().map(|column| CellBuilder::new(column.ty, 0)).collect();
        let states = vec![None; self.shared.steps.len()];
        Box::new(Pass {
            columns: self.columns.clone(),
            shared: Arc::clone(&self.shared),
            states,
            output,
            rows: 0,
            key: Vec::new(),
            next_id: 0,
        })
    }
}

/// A row with its declared columns, owned.
type Record = Vec<Value>;

/// What a step remembers: a record for each step up to it, and the sequence's id.
#[derive(Clone)]
struct State {
    records: Vec<Option<Record>>,
    match_id: i64,
    /// The last record, not given yet, of a step with `output=last`.
    pending: Option<Record>,
}

struct Pass {
    columns: Vec<Column>,
    shared: Arc<Compiled>,
    states: Vec<Option<State>>,
    output: Vec<CellBuilder>,
    rows: usize,
    key: Vec<u8>,
    next_id: i64,
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let shared = Arc::clone(&self.shared);
        let columns: Vec<Column> = shared.input.iter().chain(&shared.partition).cloned().collect();
        each_row(&columns, batch, |row| {
            let (row, keys) = row.split_at(shared.input.len());
            let key = row_key::of(keys);
            if key != self.key {
                self.end();
                self.key = key;
            }
            self.row(row);
        });
        self.take()
    }

    fn finish(&mut self) -> DfResult<Vec<RecordBatch>> {
        self.end();
        Ok(self.take()?.into_iter().collect())
    }
}

impl Pass {
    /// Walks the steps from the last to the first.
    fn row(&mut self, row: &[Cell<'_>]) {
        let own: Record = row.iter().map(Cell::to_value).collect();
        for at in (0..self.shared.steps.len()).rev() {
            let promoted = self.previous(at).and_then(|state| self.matched(at, &own, Some(&state)).map(|record| (state, record)));
            if let Some((state, record)) = promoted {
                let mut records = state.records;
                records.resize(at, None);
                records.push(Some(record.clone()));
                self.flush(at);
                for before in self.reachable(at) {
                    self.flush(before);
                    self.states[before] = None;
                }
                self.states[at] = Some(State { records, match_id: state.match_id, pending: None });
                self.emit(at, record, state.match_id);
                continue;
            }
            let active = self.states[at].clone();
            if active.is_none() && at > 0 {
                continue;
            }
            let Some(record) = self.matched(at, &own, active.as_ref()) else { continue };
            let mut state = active.unwrap_or_else(|| {
                self.next_id += 1;
                State { records: vec![None; at + 1], match_id: self.next_id - 1, pending: None }
            });
            let match_id = state.match_id;
            state.records[at] = Some(record.clone());
            self.states[at] = Some(state);
            self.emit(at, record, match_id);
        }
    }

    /// The steps whose state may move to step `at`: the one before, and through optional ones those before them.
    fn reachable(&self, at: usize) -> Vec<usize> {
        let mut steps = Vec::new();
        for before in (0..at).rev() {
            steps.push(before);
            if self.states[before].is_some() || !self.shared.steps[before].optional {
                break;
            }
        }
        steps
    }

    fn previous(&self, at: usize) -> Option<State> {
        self.reachable(at).into_iter().find_map(|before| self.states[before].clone())
    }

    /// The row extended by the step's assignments, if it meets the step's condition in that state.
    fn matched(&self, at: usize, own: &Record, state: Option<&State>) -> Option<Record> {
        let shared = &self.shared;
        let width = shared.input.len();
        let mut values: Vec<&Value> = own.iter().collect();
        values.extend(&shared.declare);
        for step in 0..shared.steps.len() {
            match state.and_then(|state| state.records.get(step)).and_then(Option::as_ref) {
                Some(record) => values.extend(record),
                None => {
                    values.extend(std::iter::repeat_n(&Value::Null, width));
                    values.extend(&shared.declare);
                }
            }
        }
        let cells: Vec<Cell<'_>> = values.into_iter().map(Cell::of).collect();
        let step = &shared.steps[at];
        if step.condition.eval(&cells).as_bool() != Some(true) {
            return None;
        }
        let mut record: Record = own.clone();
        record.extend(shared.declare.iter().cloned());
        for (column, expr) in &step.assignments {
            record[*column] = expr.eval(&cells).to_value();
        }
        Some(record)
    }

    fn emit(&mut self, at: usize, record: Record, match_id: i64) {
        match self.shared.steps[at].output {
            ScanOutput::None => {}
            ScanOutput::All => self.write(&record, match_id),
            ScanOutput::Last => {
                if let Some(state) = &mut self.states[at] {
                    state.pending = Some(record);
                }
            }
        }
    }

    /// Gives the record that a step with `output=last` holds back.
    fn flush(&mut self, at: usize) {
        let held = self.states[at].as_mut().and_then(|state| state.pending.take().map(|record| (record, state.match_id)));
        if let Some((record, match_id)) = held {
            self.write(&record, match_id);
        }
    }

    /// Ends all sequences: the rows that follow are another partition's.
    fn end(&mut self) {
        (0..self.states.len()).for_each(|at| self.flush(at));
        self.states.fill(None);
    }

    fn write(&mut self, record: &Record, match_id: i64) {
        let mut values = record.iter();
        for (at, builder) in self.output.iter_mut().enumerate() {
            if self.shared.match_id == Some(at) {
                builder.push(&Cell::Long(match_id));
            } else {
                builder.push(&values.next().map_or(Cell::Null, Cell::of));
            }
        }
        self.rows += 1;
    }

    fn take(&mut self) -> DfResult<Option<RecordBatch>> {
        let arrays: Vec<ArrayRef> = self.output.iter_mut().map(CellBuilder::finish).collect();
        let rows = std::mem::take(&mut self.rows);
        Ok(Some(batch(&self.columns, arrays, rows)?))
    }
}
