//! Values as bytes that are equal if and only if the values are the same to `summarize`, `distinct` and `join`.

use crate::cell::Cell;

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
