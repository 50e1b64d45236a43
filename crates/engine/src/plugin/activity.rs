//! Who was active when: ids on a timeline, apart for each combination of dimensions. What the plugins about users share.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::Result as DfResult;
use kql::plan::Expr;
use kql::{Column, Type, Value};

use super::Call;
use super::by_key::ByKey;
use super::gather::{self, Gather, Row};
use super::timeline::{Point, Timeline};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::operators::Parts;

/// An appearance; of nobody if the id is null.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    /// When.
    pub(super) at: Point,
    /// Whose, as a number of the group.
    pub(super) id: Option<u32>,
}

/// The appearances under one combination of dimensions.
#[derive(Debug, Default)]
pub(super) struct Group {
    dimensions: Vec<Value>,
    ids: ByKey<()>,
    /// In the order of the rows.
    pub(super) events: Vec<Event>,
}

/// The appearances in one bin.
#[derive(Debug, Default)]
pub(super) struct Bin {
    /// How many.
    pub(super) count: i64,
    /// Of whom.
    pub(super) ids: HashSet<u32>,
}

impl Group {
    /// The bins that have rows; only those at places that are wanted count.
    pub(super) fn bins(&self, timeline: &Timeline, wanted: impl Fn(Point) -> bool) -> BTreeMap<i64, Bin> {
        let mut bins: BTreeMap<i64, Bin> = BTreeMap::new();
        for event in self.events.iter().filter(|event| wanted(event.at)) {
            let bin = bins.entry(timeline.bin(event.at)).or_default();
            bin.count += 1;
            bin.ids.extend(event.id);
        }
        bins
    }

    /// The places at which each id appears, in order.
    pub(super) fn by_id(&self) -> Vec<(u32, Vec<Point>)> {
        let mut times: Vec<(u32, Vec<Point>)> = (0..).map(|id| (id, Vec::new())).take(self.ids.len()).collect();
        for event in &self.events {
            if let Some(id) = event.id {
                times[id as usize].1.push(event.at);
            }
        }
        times.iter_mut().for_each(|(_, places)| places.sort_by(Point::order));
        times
    }

    /// The number of an id that was written as a row's key.
    pub(super) fn id(&self, key: &[u8]) -> Option<u32> {
        self.ids.number(key).and_then(|number| u32::try_from(number).ok())
    }
}

/// A row of the result: before the dimensions, and behind them.
pub(super) type Answer = (Row, Row);

/// What a plugin makes of a group.
pub(super) type Compute = Arc<dyn Fn(&Group) -> DfResult<Vec<Answer>> + Send + Sync>;

/// The operator that reads ids (argument 0), places on the timeline (argument 1) and `dimensions`, and computes for each group.
pub(super) fn parts(
    call: &Call<'_>,
    columns: Vec<Column>,
    dimensions: Vec<Expr>,
    compute: impl Fn(&Group) -> DfResult<Vec<Answer>> + Send + Sync + 'static,
) -> Result<Parts> {
    let (id, time) = (call.expr(0)?.clone(), call.expr(1)?.clone());
    let axis = time.ty;
    let exprs = [id, time].into_iter().chain(dimensions).collect();
    let compute: Compute = Arc::new(compute);
    let start = move || Activity { axis, compute: Arc::clone(&compute), groups: ByKey::default(), bytes: 0 };
    Ok(gather::parts("activity", call.input, exprs, columns, start))
}

struct Activity {
    axis: Type,
    compute: Compute,
    groups: ByKey<Group>,
    /// What the groups hold.
    bytes: usize,
}

impl Gather for Activity {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let [id, time, dimensions @ ..] = row else { return Ok(()) };
        let Some(at) = Point::of(time, self.axis) else { return Ok(()) };
        let new = || Group { dimensions: dimensions.iter().map(Cell::to_value).collect(), ..Group::default() };
        let group = self.groups.of(dimensions, new);
        let before = group.ids.bytes();
        let number = (!id.is_null()).then(|| group.ids.place(std::slice::from_ref(id), || ()));
        group.events.push(Event { at, id: number.and_then(|number| u32::try_from(number).ok()) });
        self.bytes += group.ids.bytes() - before + size_of::<Event>();
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let mut rows = Vec::new();
        for group in self.groups.values() {
            for (mut row, behind) in (self.compute)(group)? {
                row.extend(group.dimensions.iter().map(|value| Cell::of(value).into_owned()));
                row.extend(behind);
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn size(&self) -> usize {
        self.groups.bytes() + self.bytes
    }
}

/// A count as a cell.
pub(super) fn long(count: usize) -> Cell<'static> {
    Cell::Long(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A window that slides over appearances: who is in it, and how often.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Rows in it.
    pub(super) count: i64,
    ids: HashMap<u32, usize, foldhash::fast::RandomState>,
}

impl Window {
    /// An appearance comes into the window.
    pub(super) fn add(&mut self, event: Event) {
        self.count += 1;
        if let Some(id) = event.id {
            *self.ids.entry(id).or_default() += 1;
        }
    }

    /// An appearance leaves it.
    pub(super) fn remove(&mut self, event: Event) {
        self.count -= 1;
        if let Some(id) = event.id
            && let Some(times) = self.ids.get_mut(&id)
        {
            *times -= 1;
            if *times == 0 {
                self.ids.remove(&id);
            }
        }
    }

    /// How many ids are in it.
    pub(super) fn distinct(&self) -> usize {
        self.ids.len()
    }
}
