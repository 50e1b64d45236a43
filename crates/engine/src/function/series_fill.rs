//! Filling the gaps of a series: `series_fill_const`, `series_fill_forward`, `series_fill_backward`, `series_fill_linear`.
//!
//! A gap is a null, or an element equal to the placeholder that the call names. Elements keep their own type.

use serde_json::Value as Json;

use super::Function;
use super::series::{array, elements};
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("series_fill_const", |_, cells| {
        let constant = cells.get(1).map_or(Json::from(0), Cell::to_json);
        filled(cells, 2, |series, gap| series.into_iter().map(|e| if gap(&e) { constant.clone() } else { e }).collect())
    }),
    Function::row("series_fill_forward", |_, cells| filled(cells, 1, carried)),
    Function::row("series_fill_backward", |_, cells| {
        filled(cells, 1, |mut series, gap| {
            series.reverse();
            let mut filled = carried(series, gap);
            filled.reverse();
            filled
        })
    }),
    Function::row("series_fill_linear", |_, cells| {
        let edges = cells.get(2).and_then(Cell::as_bool).unwrap_or(true);
        let constant = cells.get(3).map_or_else(|| Json::from(0.0), Cell::to_json);
        filled(cells, 1, |series, gap| linear(series, gap, edges, &constant))
    }),
];

/// Tells a gap from an element.
type IsGap<'a> = &'a dyn Fn(&Json) -> bool;

/// The series as `fill` leaves it, the placeholder being argument `placeholder`.
fn filled(cells: &[Cell<'_>], placeholder: usize, fill: impl Fn(Vec<Json>, IsGap<'_>) -> Vec<Json>) -> Cell<'static> {
    let Some(series) = elements(&cells[0]) else { return Cell::Null };
    let missing = cells.get(placeholder).map_or(Json::Null, Cell::to_json);
    let is_gap = |element: &Json| match (element.as_f64(), missing.as_f64()) {
        (Some(element), Some(missing)) => element == missing,
        _ => *element == missing || element.is_null() && missing.is_null(),
    };
    array(fill(series, &is_gap))
}

/// Every gap as the element before it.
fn carried(series: Vec<Json>, is_gap: IsGap<'_>) -> Vec<Json> {
    let mut last = None;
    let mut carry = |element: Json| {
        if is_gap(&element) {
            return last.clone().unwrap_or(element);
        }
        last = Some(element.clone());
        element
    };
    series.into_iter().map(&mut carry).collect()
}

/// Every gap on the line between its neighbors, cut to whole numbers if the series has only such; gaps at the ends as their
/// neighbor if `edges`; a series of gaps alone as the constant.
fn linear(mut series: Vec<Json>, is_gap: IsGap<'_>, edges: bool, constant: &Json) -> Vec<Json> {
    let known: Vec<(usize, f64)> = series
        .iter()
        .enumerate()
        .filter(|(_, element)| !is_gap(element))
        .filter_map(|(at, element)| Some((at, element.as_f64()?)))
        .collect();
    let (Some((first, _)), Some((last, _))) = (known.first().copied(), known.last().copied()) else {
        return series.into_iter().map(|element| if is_gap(&element) { constant.clone() } else { element }).collect();
    };
    let whole = known.iter().all(|(at, _)| series[*at].is_i64());
    for neighbors in known.windows(2) {
        let [(from, low), (to, high)] = neighbors else { continue };
        for (at, element) in series.iter_mut().enumerate().take(*to).skip(from + 1) {
            let value = low + (high - low) * (at - from) as f64 / (to - from) as f64;
            *element = if whole { Json::from(value as i64) } else { Json::from(value) };
        }
    }
    if edges {
        let (left, right) = (series[first].clone(), series[last].clone());
        series[..first].fill(left);
        series[last + 1..].fill(right);
    }
    series
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::testing::{dynamic, eval};
    use super::*;

    fn of(name: &str, args: &[Cell<'_>]) -> String {
        eval(name, args, Type::Dynamic).as_str().to_owned()
    }

    #[test]
    fn gaps_are_carried_over() {
        let series = dynamic("[null,36,null,16,null]");
        assert_eq!(of("series_fill_forward", std::slice::from_ref(&series)), "[null,36,36,16,16]");
        assert_eq!(of("series_fill_backward", std::slice::from_ref(&series)), "[36,36,16,16,null]");
        assert_eq!(of("series_fill_const", &[series.clone(), Cell::Long(-1)]), "[-1,36,-1,16,-1]");
        assert_eq!(of("series_fill_const", &[dynamic("[1,0]"), Cell::Long(9), Cell::Long(0)]), "[1,9]");
    }

    #[test]
    fn gaps_are_interpolated() {
        assert_eq!(of("series_fill_linear", &[dynamic("[null,111,null,36,null]")]), "[111,111,73,36,36]");
        assert_eq!(of("series_fill_linear", &[dynamic("[1.0,null,2.0]")]), "[1.0,1.5,2.0]");
        let unfilled = [dynamic("[null,1,null,3]"), Cell::Null, Cell::Bool(false)];
        assert_eq!(of("series_fill_linear", &unfilled), "[null,1,2,3]");
        assert_eq!(of("series_fill_linear", &[dynamic("[null,null]")]), "[0.0,0.0]");
    }
}
