//! Putting text together: `strcat`, `strcat_delim`, `strcat_array`, `strrep`. See `strcat.md`.

use std::sync::Arc;

use datafusion::arrow::array::StringViewBuilder;
use datafusion::logical_expr::ColumnarValue;
use kql::Type;

use super::argument::{Texts, array, cell_text, text, whole};
use super::text::{joined, joined_elements};
use super::udf::TEXT_BYTES_MAX;
use super::{Call, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::either(
        "strcat",
        |_, args| Cell::text(joined(args, 0, "")),
        |call, args, rows| Ok(joined_columns(call, args, rows)),
    ),
    Function::row("strcat_delim", |_, args| Cell::text(joined(args, 1, &text(args, 0)))),
    Function::row("strcat_array", strcat_array),
    Function::row("array_strcat", strcat_array),
    Function::row("strrep", strrep),
];

fn strcat_array<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    Cell::text(array(args, 0).map_or_else(String::new, |elements| joined_elements(&elements, &text(args, 1))))
}

/// The texts of columns and constants, one after the other; `None` if there are other arguments, or too much comes together.
fn joined_columns(call: &Call, args: &[ColumnarValue], rows: usize) -> Option<ColumnarValue> {
    let texts: Vec<Texts<'_>> = args.iter().map(Texts::of).collect::<Option<_>>()?;
    if call.types.iter().any(|ty| *ty != Type::String) || texts.iter().all(|texts| matches!(texts, Texts::One(_))) {
        return None;
    }
    let (mut builder, mut one, mut bytes) = (StringViewBuilder::with_capacity(rows), String::new(), 0);
    for row in 0..rows {
        one.clear();
        texts.iter().for_each(|texts| one.push_str(texts.get(row)));
        bytes += one.len();
        if bytes > TEXT_BYTES_MAX {
            return None;
        }
        builder.append_value(&one);
    }
    Some(ColumnarValue::Array(Arc::new(builder.finish())))
}

/// How long a repeated text may become.
const LONGEST: usize = 16 << 20;

/// `strrep(value, multiplier [, delimiter])`: at most 1024 times.
fn strrep<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let times = usize::try_from(whole(args, 1).unwrap_or(0)).unwrap_or(0).min(1024);
    let (value, between) = (cell_text(&args[0]), text(args, 2));
    let times = times.min(LONGEST / (value.len() + between.len()).max(1));
    Cell::text(vec![value.as_ref(); times].join(&between))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    #[test]
    fn texts_are_joined() {
        let text_of = |name, args: &[Cell<'static>]| eval(name, args, Type::String).as_str().to_owned();
        assert_eq!(text_of("strcat", &[s("a"), Cell::Bool(true), Cell::Long(1), Cell::Null, dynamic(r#""x""#)]), "aTrue1x");
        assert_eq!(text_of("strcat_delim", &[s("-"), s("a"), s(""), Cell::Real(1.0)]), "a--1.0");
        assert_eq!(text_of("strcat_array", &[dynamic("[1,null,3]"), s("-")]), "1--3");
        assert_eq!(text_of("strcat_array", &[dynamic("[]"), s("-")]), "");
        assert_eq!(text_of("strrep", &[Cell::Long(123), Cell::Long(3), s(".")]), "123.123.123");
        assert_eq!(text_of("strrep", &[s("ab"), Cell::Long(-1)]), "");
    }
}
