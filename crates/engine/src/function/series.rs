//! Arrays of numbers, element by element: `series_add`, `series_less`, `series_sin`, `series_sum` …
//!
//! A series is a dynamic array; null and whatever is no number is a gap. Two whole numbers give a whole number.

use serde_json::{Number, Value as Json};

use super::math::sign;
use super::{Call, Function};
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("$part", part),
    Function::row("series_abs", |_, cells| each(cells, true, f64::abs)),
    Function::row("series_acos", |_, cells| each(cells, false, f64::acos)),
    Function::row("series_asin", |_, cells| each(cells, false, f64::asin)),
    Function::row("series_atan", |_, cells| each(cells, false, f64::atan)),
    Function::row("series_ceiling", |_, cells| each(cells, false, f64::ceil)),
    Function::row("series_cos", |_, cells| each(cells, false, f64::cos)),
    Function::row("series_exp", |_, cells| each(cells, false, f64::exp)),
    Function::row("series_floor", |_, cells| each(cells, false, f64::floor)),
    Function::row("series_log", |_, cells| each(cells, false, f64::ln)),
    Function::row("series_sign", |_, cells| each(cells, true, sign)),
    Function::row("series_sin", |_, cells| each(cells, false, f64::sin)),
    Function::row("series_tan", |_, cells| each(cells, false, f64::tan)),
    Function::row("series_add", |_, cells| pairs(cells, Some(i64::wrapping_add), |a, b| a + b)),
    Function::row("series_subtract", |_, cells| pairs(cells, Some(i64::wrapping_sub), |a, b| a - b)),
    Function::row("series_multiply", |_, cells| pairs(cells, Some(i64::wrapping_mul), |a, b| a * b)),
    Function::row("series_divide", |_, cells| pairs(cells, None, |a, b| a / b)),
    Function::row("series_pow", |_, cells| pairs(cells, None, f64::powf)),
    Function::row("series_equals", |_, cells| compared(cells, |a, b| a == b)),
    Function::row("series_not_equals", |_, cells| compared(cells, |a, b| a != b)),
    Function::row("series_greater", |_, cells| compared(cells, |a, b| a > b)),
    Function::row("series_greater_equals", |_, cells| compared(cells, |a, b| a >= b)),
    Function::row("series_less", |_, cells| compared(cells, |a, b| a < b)),
    Function::row("series_less_equals", |_, cells| compared(cells, |a, b| a <= b)),
    Function::row("series_sum", |_, cells| folded(cells, |numbers| numbers.iter().fold(0.0, |sum, number| sum + number))),
    Function::row("series_product", |_, cells| folded(cells, |numbers| numbers.iter().product())),
    Function::row("series_magnitude", |_, cells| folded(cells, magnitude)),
    Function::row("series_dot_product", |_, cells| both(cells).map_or(Cell::Null, |(a, b)| Cell::Real(dot(&a, &b)))),
    Function::row("series_cosine_similarity", |_, cells| cosine(cells)),
    Function::row("series_pearson_correlation", |_, cells| {
        two(cells).and_then(|(a, b)| pearson(&a, &b)).map_or(Cell::Null, Cell::Real)
    }),
];

/// `$part(results, n)`: one of several results, which stand in an array.
fn part<'a>(call: &Call, cells: &[Cell<'a>]) -> Cell<'a> {
    let Some(Json::Array(mut results)) = serde_json::from_str(cells[0].as_str()).ok() else { return Cell::Null };
    match cells[1].as_long().and_then(|at| usize::try_from(at).ok()).filter(|at| *at < results.len()) {
        Some(at) => super::cast::convert(&Cell::json(&results.swap_remove(at)), call.returns),
        None => Cell::Null,
    }
}

/// The elements of a dynamic array; `None` if it is none.
pub(super) fn elements(cell: &Cell<'_>) -> Option<Vec<Json>> {
    match cell {
        Cell::Dynamic(json) if json.starts_with('[') => serde_json::from_str(json).ok(),
        _ => None,
    }
}

/// The numbers of a dynamic array, gaps as `None`.
pub(super) fn gapped(cell: &Cell<'_>) -> Option<Vec<Option<f64>>> {
    Some(elements(cell)?.iter().map(number).collect())
}

/// The numbers of a dynamic array that has no gaps and is not empty.
pub(super) fn numbers(cell: &Cell<'_>) -> Option<Vec<f64>> {
    let numbers: Vec<f64> = elements(cell)?.iter().map(number).collect::<Option<_>>()?;
    (!numbers.is_empty()).then_some(numbers)
}

/// A JSON number, or the name of one that JSON has no word for.
fn number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(name) => match name.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// A real as JSON.
pub(super) fn real_json(number: f64) -> Json {
    Cell::Real(number).to_json()
}

/// Reals as a JSON array.
pub(super) fn reals_json(numbers: &[f64]) -> Json {
    Json::Array(numbers.iter().map(|number| real_json(*number)).collect())
}

/// A JSON array as a cell.
pub(super) fn array(elements: Vec<Json>) -> Cell<'static> {
    Cell::json(&Json::Array(elements))
}

/// A function of each number; whole ones stay whole if `whole`.
fn each(cells: &[Cell<'_>], whole: bool, of: fn(f64) -> f64) -> Cell<'static> {
    let Some(elements) = elements(&cells[0]) else { return Cell::Null };
    let result = |element: &Json| match (element.as_i64(), number(element)) {
        (Some(i), _) if whole => Json::from(of(i as f64) as i64),
        (_, Some(x)) => real_json(of(x)),
        _ => Json::Null,
    };
    array(elements.iter().map(result).collect())
}

/// Both operands as arrays of one length: the longer one's, gaps at the end of the other; a number stands for all elements.
fn aligned(cells: &[Cell<'_>]) -> Option<Vec<(Json, Json)>> {
    let scalar = |cell: &Cell<'_>| match cell {
        Cell::Int(_) | Cell::Long(_) | Cell::Real(_) | Cell::Decimal(_) => Some(match cell {
            Cell::Decimal(_) => real_json(cell.as_real()?),
            other => other.to_json(),
        }),
        Cell::Dynamic(json) => json.parse::<Number>().ok().map(Json::Number),
        _ => None,
    };
    let (a, b) = (elements(&cells[0]), elements(&cells[1]));
    let length = a.as_ref().map_or(0, Vec::len).max(b.as_ref().map_or(0, Vec::len));
    let fill = |elements: Option<Vec<Json>>, cell: &Cell<'_>| match elements {
        Some(mut elements) => {
            elements.resize(length, Json::Null);
            Some(elements)
        }
        None => scalar(cell).map(|number| vec![number; length]),
    };
    if a.is_none() && b.is_none() {
        return None;
    }
    Some(fill(a, &cells[0])?.into_iter().zip(fill(b, &cells[1])?).collect())
}

fn pairs(cells: &[Cell<'_>], whole: Option<fn(i64, i64) -> i64>, real: fn(f64, f64) -> f64) -> Cell<'static> {
    let Some(aligned) = aligned(cells) else { return Cell::Null };
    let result = |(a, b): (Json, Json)| match (whole, a.as_i64(), b.as_i64(), number(&a), number(&b)) {
        (Some(whole), Some(a), Some(b), ..) => Json::from(whole(a, b)),
        (.., Some(a), Some(b)) => real_json(real(a, b)),
        _ => Json::Null,
    };
    array(aligned.into_iter().map(result).collect())
}

fn compared(cells: &[Cell<'_>], of: fn(f64, f64) -> bool) -> Cell<'static> {
    let Some(aligned) = aligned(cells) else { return Cell::Null };
    let result = |(a, b): (Json, Json)| match (number(&a), number(&b)) {
        (Some(a), Some(b)) => Json::Bool(of(a, b)),
        _ => Json::Null,
    };
    array(aligned.into_iter().map(result).collect())
}

/// One number of a series without gaps.
fn folded(cells: &[Cell<'_>], of: impl Fn(&[f64]) -> f64) -> Cell<'static> {
    let numbers: Option<Vec<f64>> = elements(&cells[0]).and_then(|elements| elements.iter().map(number).collect());
    numbers.map_or(Cell::Null, |numbers| Cell::Real(of(&numbers)))
}

fn magnitude(numbers: &[f64]) -> f64 {
    dot(numbers, numbers).sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // From 0: the sum of nothing is -0.
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

/// Two series of one length without gaps.
fn two(cells: &[Cell<'_>]) -> Option<(Vec<f64>, Vec<f64>)> {
    let aligned = aligned(cells)?;
    let pairs: Option<Vec<(f64, f64)>> = aligned.iter().map(|(a, b)| Some((number(a)?, number(b)?))).collect();
    Some(pairs?.into_iter().unzip())
}

/// The places at which both series have a number; `None` without one.
fn both(cells: &[Cell<'_>]) -> Option<(Vec<f64>, Vec<f64>)> {
    let pairs: Vec<(f64, f64)> = aligned(cells)?.iter().filter_map(|(a, b)| Some((number(a)?, number(b)?))).collect();
    (!pairs.is_empty()).then(|| pairs.into_iter().unzip())
}

/// `series_cosine_similarity(a, b [, |a|, |b|])`.
fn cosine(cells: &[Cell<'_>]) -> Cell<'static> {
    let Some((a, b)) = both(cells) else { return Cell::Null };
    let given = |at: usize| cells.get(at).and_then(Cell::as_real);
    let magnitudes = given(2).unwrap_or_else(|| magnitude(&a)) * given(3).unwrap_or_else(|| magnitude(&b));
    if magnitudes == 0.0 { Cell::Null } else { Cell::Real(dot(&a, &b) / magnitudes) }
}

fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() {
        return None;
    }
    let centered = |numbers: &[f64]| -> Vec<f64> {
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        numbers.iter().map(|number| number - mean).collect()
    };
    let (a, b) = (centered(a), centered(b));
    Some(dot(&a, &b) / (magnitude(&a) * magnitude(&b)))
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
    fn element_by_element() {
        assert_eq!(of("series_add", &[dynamic("[1,2.5,null]"), dynamic("[4,2]")]), "[5,4.5,null]");
        assert_eq!(of("series_divide", &[dynamic("[1,2]"), Cell::Long(4)]), "[0.25,0.5]");
        assert_eq!(of("series_subtract", &[Cell::Long(10), dynamic("[1,2]")]), "[9,8]");
        assert_eq!(of("series_less_equals", &[dynamic("[1,2,4]"), dynamic("[4,2,1]")]), "[true,true,false]");
        assert_eq!(of("series_sign", &[dynamic("[-6,0,8]")]), "[-1,0,1]");
        assert_eq!(of("series_ceiling", &[dynamic("[-1.5,1,2.5]")]), "[-1.0,1.0,3.0]");
        assert_eq!(eval("series_abs", &[dynamic("{}")], Type::Dynamic), Cell::Null);
    }

    #[test]
    fn one_number_of_two_series() {
        let real = |name: &str, args: &[Cell<'_>]| eval(name, args, Type::Real).as_real().unwrap();
        assert_eq!(real("series_dot_product", &[dynamic("[2,4,8]"), Cell::Long(2)]), 28.0);
        assert!(
            (real("series_cosine_similarity", &[dynamic("[0.1,0.2,0.1,0.2]"), dynamic("[1,2,3,4]")]) - 0.923_760_430_7).abs()
                < 1e-9
        );
        assert_eq!(real("series_dot_product", &[dynamic(r#"[1,"a",3]"#), dynamic("[1,2,3,4]")]), 10.0);
        assert_eq!(eval("series_dot_product", &[dynamic("[]"), dynamic("[1]")], Type::Real), Cell::Null);
        assert!((real("series_cosine_similarity", &[dynamic("[1,2,3]"), dynamic("[1,2]")]) - 1.0).abs() < 1e-12);
        assert!(eval("series_sum", &[dynamic("[]")], Type::Real).as_real().unwrap().is_sign_positive());
        assert!((real("series_pearson_correlation", &[dynamic("[1,2,3]"), dynamic("[2,4,6]")]) - 1.0).abs() < 1e-12);
        assert_eq!(real("series_magnitude", &[dynamic("[3,4]")]), 5.0);
    }

    #[test]
    fn a_part_has_its_own_type() {
        assert_eq!(eval("$part", &[dynamic("[1.5,[2]]"), Cell::Long(0)], Type::Real), Cell::Real(1.5));
        assert_eq!(eval("$part", &[dynamic("[1.5,[2]]"), Cell::Long(1)], Type::Dynamic), dynamic("[2]"));
        assert_eq!(eval("$part", &[dynamic("[1]"), Cell::Long(7)], Type::Dynamic), Cell::Null);
    }
}
