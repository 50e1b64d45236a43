//! Reading counts and distributions that `hll()` and `tdigest()` made: `dcount_hll`, `percentile_tdigest` …

use kql::Type;
use serde_json::Value as Json;

use super::cast::convert;
use super::{Call, Function};
use crate::aggregate::sketch::{Hll, TDigest, number_json};
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("dcount_hll", |_, cells| Hll::read(cells[0].as_str()).map_or(Cell::Null, |count| Cell::Long(count.estimate()))),
    Function::row("hll_isvalid", |_, cells| Cell::Bool(Hll::read(cells[0].as_str()).is_some())),
    Function::row("hll_merge", |_, cells| hll_merge(cells)),
    Function::row("tdigest_isvalid", |_, cells| Cell::Bool(TDigest::read(cells[0].as_str()).is_some())),
    Function::row("tdigest_merge", |_, cells| tdigest_merge(cells)),
    Function::row("merge_tdigest", |_, cells| tdigest_merge(cells)),
    Function::row("percentile_tdigest", percentile),
    Function::row("percentiles_array_tdigest", |_, cells| percentiles(cells)),
    Function::row("rank_tdigest", |_, cells| read(cells).map_or(Cell::Null, |(digest, value)| Cell::Real(digest.rank(value)))),
    Function::row("percentrank_tdigest", |_, cells| {
        read(cells).and_then(|(digest, value)| digest.percent_rank(value)).map_or(Cell::Null, Cell::Real)
    }),
];

/// A digest, and the number, moment or span to place in it.
fn read(cells: &[Cell<'_>]) -> Option<(TDigest, f64)> {
    let (digest, _) = TDigest::read(cells[0].as_str())?;
    let value = match convert(&cells[1], Type::Real) {
        Cell::Real(value) => value,
        _ => return None,
    };
    Some((digest, value))
}

fn hll_merge(cells: &[Cell<'_>]) -> Cell<'static> {
    let mut counts = cells.iter().filter_map(|cell| Hll::read(cell.as_str()));
    let Some(mut merged) = counts.next() else { return Cell::Null };
    counts.for_each(|count| merged.merge(&count));
    Cell::Dynamic(merged.json().into())
}

fn tdigest_merge(cells: &[Cell<'_>]) -> Cell<'static> {
    let mut digests = cells.iter().filter_map(|cell| TDigest::read(cell.as_str()));
    let Some((mut merged, ty)) = digests.next() else { return Cell::Null };
    digests.for_each(|(digest, _)| merged.merge(&digest));
    merged.json(ty).map_or(Cell::Null, |json| Cell::Dynamic(json.into()))
}

/// `percentile_tdigest(digest, percent [, typeof(T)])`: a dynamic, or a value of the type asked for.
fn percentile<'a>(call: &Call, cells: &[Cell<'a>]) -> Cell<'a> {
    let Some((digest, ty)) = TDigest::read(cells[0].as_str()) else { return Cell::Null };
    let Some(value) = cells[1].as_real().and_then(|percent| digest.percentile(percent)) else { return Cell::Null };
    let found = Cell::json(&number_json(value, ty));
    match call.returns {
        Type::Dynamic => found,
        wanted => convert(&found, wanted),
    }
}

/// `percentiles_array_tdigest(digest, percent, …)` or `(digest, percents [, typeof(T)])`.
fn percentiles(cells: &[Cell<'_>]) -> Cell<'static> {
    let Some((digest, ty)) = TDigest::read(cells[0].as_str()) else { return Cell::Null };
    let (percents, wanted) = match &cells[1..] {
        [percents, Cell::Str(wanted)] => (std::slice::from_ref(percents), Type::from_name(wanted)),
        percents => (percents, None),
    };
    let percents = percents.iter().flat_map(|cell| match cell.to_json() {
        Json::Array(percents) => percents,
        one => vec![one],
    });
    let found = percents.map(|percent| {
        let value = percent.as_f64().and_then(|percent| digest.percentile(percent));
        let value = value.map_or(Json::Null, |value| number_json(value, ty));
        wanted.map_or(value.clone(), |wanted| convert(&Cell::json(&value), wanted).to_json())
    });
    Cell::json(&Json::Array(found.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read() {
        let mut digest = TDigest::default();
        (1..=20).for_each(|n| digest.insert(f64::from(n), 1.0));
        let cell = Cell::Dynamic(digest.json(Type::Long).unwrap().into());
        let call = |returns| Call { returns, types: vec![Type::Dynamic, Type::Real], constants: vec![None, None] };
        assert_eq!(percentile(&call(Type::Long), &[cell.clone(), Cell::Real(100.0)]), Cell::Long(20));
        assert_eq!(percentile(&call(Type::Dynamic), &[cell.clone(), Cell::Real(50.0)]), Cell::Dynamic("10".into()));
        assert_eq!(percentiles(&[cell.clone(), Cell::Dynamic("[0,50]".into())]), Cell::Dynamic("[1,10]".into()));
        assert_eq!(percentile(&call(Type::Long), &[Cell::Null, Cell::Real(1.0)]), Cell::Null);
        let merged = tdigest_merge(&[cell.clone(), cell.clone()]);
        assert_eq!(read(&[merged, Cell::Long(10)]).map(|(digest, value)| digest.rank(value)), Some(20.0));
    }
}
