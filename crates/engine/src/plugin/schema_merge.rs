//! `schema_merge`: one schema of several, as `getschema` gives them.

use datafusion::common::Result as DfResult;
use indexmap::IndexMap;
use kql::plan::Expr;
use kql::{Column, Type, Value};

use super::gather::{self, Gather, Row};
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::{Error, Result, code};
use crate::lower::Lower;
use crate::lower::operators::Parts;
use crate::lower::rel::clr_name;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("schema_merge", include_str!("schema_merge.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let keeps_order = call.constant("PreserveOrder", 0) != Some(Value::Bool(false));
    let input = &call.input.columns;
    let column = |name: &str| {
        let at = input.iter().position(|column| column.name == name);
        at.map(|at| Expr::column(at, input[at].ty))
            .ok_or_else(|| Error::new(code::ARGUMENT, format!("schema_merge reads what getschema gives: there is no `{name}`")))
    };
    let exprs = vec![column("ColumnName")?, column("ColumnOrdinal")?, column("ColumnType")?];
    Ok(gather::parts("schema_merge", call.input, exprs, columns, move || Merge {
        keeps_order,
        columns: IndexMap::new(),
        bytes: 0,
    }))
}

/// A column of the merged schema.
struct Merged {
    /// Its place in the schema where it stands furthest back.
    ordinal: i64,
    /// Or what is wrong with it.
    ty: std::result::Result<Type, String>,
}

struct Merge {
    keeps_order: bool,
    columns: IndexMap<String, Merged>,
    bytes: usize,
}

impl Gather for Merge {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let [name, ordinal, ty] = row else { return Ok(()) };
        let ordinal = ordinal.as_long().unwrap_or(0);
        let ty = Type::from_name(ty.as_str()).ok_or_else(|| format!("unknown type {}", ty.as_str()));
        let Some(merged) = self.columns.get_mut(name.as_str()) else {
            self.bytes += size_of::<(u64, String, Merged)>() + name.as_str().len();
            self.columns.insert(name.as_str().to_owned(), Merged { ordinal, ty });
            return Ok(());
        };
        merged.ty = match (&merged.ty, &ty) {
            (Err(error), _) | (_, Err(error)) => Err(error.clone()),
            _ if self.keeps_order && merged.ordinal != ordinal => Err("columns are out of order".to_owned()),
            (Ok(a), Ok(b)) => common(*a, *b).ok_or_else(|| {
                // Whichever of them came first.
                let (a, b) = (a.name().min(b.name()), a.name().max(b.name()));
                format!("{a} and {b} have no common type")
            }),
        };
        merged.ordinal = merged.ordinal.max(ordinal);
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        self.columns.sort_by(|_, a, _, b| a.ty.is_err().cmp(&b.ty.is_err()).then(a.ordinal.cmp(&b.ordinal)));
        let row = |(at, (name, merged)): (usize, (&String, &Merged))| {
            let name = Cell::text(name.clone());
            match &merged.ty {
                Ok(ty) => vec![name, super::activity::long(at), Cell::text(clr_name(*ty)), Cell::text(ty.name())],
                Err(error) => {
                    let ty = format!("ERROR({error})");
                    vec![name, Cell::Long(-1), Cell::text(format!("ERROR(unknown CSL type:{ty})")), Cell::text(ty)]
                }
            }
        };
        Ok(self.columns.iter().enumerate().map(row).collect())
    }

    fn size(&self) -> usize {
        self.bytes
    }
}

/// The type that holds both: the same, or the wider of two numbers.
fn common(a: Type, b: Type) -> Option<Type> {
    let width = |ty| [Type::Int, Type::Long, Type::Real].iter().position(|number| *number == ty);
    match (width(a), width(b)) {
        _ if a == b => Some(a),
        (Some(x), Some(y)) => Some(if x > y { a } else { b }),
        _ => None,
    }
}
