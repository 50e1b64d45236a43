//! Values as bytes that are equal if and only if the values are the same to `summarize`, `distinct` and `join`.

use datafusion::arrow::array::RecordBatch;
use kql::{Type, Value};

use crate::cell::{Cell, Cells};

/// Columns whose values, row by row, are keys.
pub(crate) struct Keys<'a>(Vec<Cells<'a>>);

impl<'a> Keys<'a> {
    /// The first columns of the batch, which have those types.
    pub(crate) fn first(types: &[Type], batch: &'a RecordBatch) -> Keys<'a> {
        Keys::of(types.iter().copied().enumerate(), batch)
    }

    /// The columns of the batch at those places.
    pub(crate) fn of(columns: impl Iterator<Item = (usize, Type)>, batch: &'a RecordBatch) -> Keys<'a> {
        Keys(columns.map(|(at, ty)| Cells::new(ty, batch.column(at))).collect())
    }

    /// Writes a row's key over another.
    pub(crate) fn write(&self, row: usize, key: &mut Vec<u8>) {
        key.clear();
        self.0.iter().for_each(|column| push(key, &column.get(row)));
    }

    /// The values that a row's key is made of.
    pub(crate) fn values(&self, row: usize) -> Vec<Value> {
        self.0.iter().map(|column| column.get(row).to_value()).collect()
    }
}

/// The key of some cells.
pub(crate) fn of(cells: &[Cell<'_>]) -> Vec<u8> {
    let mut key = Vec::new();
    cells.iter().for_each(|cell| push(&mut key, cell));
    key
}

/// Appends the cell to a key. All NaNs are one, and so are the two zeros.
pub(crate) fn push(key: &mut Vec<u8>, cell: &Cell<'_>) {
    match cell {
        Cell::Null => key.push(0),
        Cell::Bool(b) => key.extend([1, u8::from(*b)]),
        Cell::Int(_) | Cell::Long(_) | Cell::DateTime(_) | Cell::TimeSpan(_) => {
            key.push(2);
            key.extend(cell.as_long().unwrap_or_default().to_le_bytes());
        }
        Cell::Real(r) => {
            let r = if r.is_nan() { f64::NAN } else { *r + 0.0 };
            key.push(3);
            key.extend(r.to_bits().to_le_bytes());
        }
        Cell::Str(s) | Cell::Decimal(s) | Cell::Guid(s) | Cell::Dynamic(s) => {
            key.push(4);
            key.extend((s.len() as u64).to_le_bytes());
            key.extend(s.as_bytes());
        }
    }
}
