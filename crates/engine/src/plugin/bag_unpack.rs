//! `bag_unpack`: the members of a bag as columns, in the order of their names.
//!
//! A member's column has the type that all its values have (`long`, `real` for mixed numbers, `bool`, `string`), else `dynamic`
//! (`bag-unpack-plugin`).

use std::collections::BTreeMap;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::{Result as DfResult, exec_err};
use kql::plan::PluginArg;
use kql::{Column, Type, Value};

use super::gather::{self, Gather, Row};
use super::{Call, Plugin, discovered_columns};
use crate::cell::{Cell, CellBuilder, Cells};
use crate::element;
use crate::error::{Error, Result, code};
use crate::local::batch;
use crate::lower::operators::Parts;
use crate::lower::{Lower, fold};
use crate::operator::{Copied, Run};

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("bag_unpack", include_str!("bag_unpack.md"), parts).adding(discovery);

/// What a call asks for.
#[derive(Clone, Debug)]
struct Options {
    prefix: String,
    ignored: Vec<String>,
}

fn options(call: &Call<'_>) -> Options {
    let prefix = call.constant("OutputColumnPrefix", 1).map(|value| value.to_text()).unwrap_or_default();
    let ignored = match call.constant("ignoredProperties", 3) {
        Some(Value::Dynamic(json)) => serde_json::from_str(&json).unwrap_or_default(),
        _ => Vec::new(),
    };
    Options { prefix, ignored }
}

/// How a column that the input has already is treated.
fn keeps_source(call: &Call<'_>) -> Result<Option<bool>> {
    match call.constant("columnsConflict", 2).map(|value| value.to_text()).as_deref() {
        None | Some("" | "error") => Ok(None),
        Some("keep_source") => Ok(Some(true)),
        Some("replace_source") => Ok(Some(false)),
        Some(other) => Err(Error::new(
            code::ARGUMENT,
            format!("columnsConflict is 'error', 'replace_source' or 'keep_source', not '{other}'"),
        )),
    }
}

/// The operator that unpacks into `columns`: those that are named as a member, with the prefix, get its values.
fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let bag = call.expr(0)?.clone();
    let options = options(call);
    let replaced = replaced(call);
    let own = |column: &Column| {
        let source = call.input.columns.iter().position(|input| input == column && !is_bag(&bag, call, input));
        source.filter(|_| !replaced.contains(&column.name))
    };
    let own = columns.iter().map(own).collect();
    let width = call.input.columns.len();
    let unpack = BagUnpack { columns, own, width, bag_type: bag.ty, options };
    Ok(Parts::above(call.input, vec![bag], unpack))
}

/// The columns of the input that members take the place of, as the binder found.
fn replaced(call: &Call<'_>) -> Vec<String> {
    let name = |arg: &PluginArg| match arg {
        PluginArg::Expr(Some(name), expr) if name == "$replaced" => fold(expr, call.scalars).map(|name| name.to_text()),
        _ => None,
    };
    call.args.iter().filter_map(name).collect()
}

fn is_bag(bag: &kql::plan::Expr, call: &Call<'_>, column: &Column) -> bool {
    matches!(bag.kind, kql::plan::ExprKind::Column(at) if call.input.columns.get(at) == Some(column))
}

#[derive(Clone, Debug)]
struct BagUnpack {
    columns: Vec<Column>,
    /// For each column the input's it is, if it has no member's values to take.
    own: Vec<Option<usize>>,
    width: usize,
    bag_type: Type,
    options: Options,
}

impl Copied for BagUnpack {
    const NAME: &'static str = "bag_unpack";

    fn columns(&self) -> &[Column] {
        &self.columns
    }
}

impl Run for BagUnpack {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let bags = Cells::new(self.bag_type, rows.column(self.width));
        let mut builders: Vec<CellBuilder> =
            self.columns.iter().map(|column| CellBuilder::new(column.ty, rows.num_rows())).collect();
        for row in 0..rows.num_rows() {
            let bag = bags.get(row);
            let pairs = element::pairs(bag.as_str());
            for (column, builder) in self.columns.iter().zip(&mut builders) {
                let member = column.name.strip_prefix(self.options.prefix.as_str()).unwrap_or_default();
                let value = pairs.iter().find(|(key, _)| key == member && !self.options.ignored.contains(key));
                builder.push(&value.map_or(Cell::Null, |(_, raw)| element::from_json(raw.get(), column.ty)));
            }
        }
        let arrays: Vec<ArrayRef> = builders
            .iter_mut()
            .zip(&self.own)
            .map(|(builder, own)| match own {
                Some(at) => rows.column(*at).clone(),
                _ => builder.finish(),
            })
            .collect();
        Ok(Some(batch(&self.columns, arrays, rows.num_rows())?))
    }
}

/// The operator whose rows are the members of all bags.
fn discovery(call: &Call<'_>) -> Result<Parts> {
    let bag = call.expr(0)?.clone();
    let taken: Vec<String> = call.input.columns.iter().filter(|c| !is_bag(&bag, call, c)).map(|c| c.name.clone()).collect();
    let conflict = keeps_source(call)?;
    let options = options(call);
    let start = move || Members { options: options.clone(), taken: taken.clone(), conflict, found: BTreeMap::new(), bytes: 0 };
    Ok(gather::parts("bag_unpack members", call.input, vec![bag], discovered_columns(), start))
}

struct Members {
    options: Options,
    taken: Vec<String>,
    conflict: Option<bool>,
    found: BTreeMap<String, Type>,
    bytes: usize,
}

impl Gather for Members {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let Some(bag) = row.first() else { return Ok(()) };
        for (key, raw) in element::pairs(bag.as_str()) {
            let Some(ty) = json_type(raw.get()).filter(|_| !self.options.ignored.contains(&key)) else { continue };
            if let Some(have) = self.found.get_mut(&key) {
                *have = common(*have, ty);
                continue;
            }
            self.bytes += 64 + key.len();
            self.found.insert(key, ty);
        }
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let mut rows = Vec::with_capacity(self.found.len());
        for (key, ty) in std::mem::take(&mut self.found) {
            let name = format!("{}{key}", self.options.prefix);
            if self.taken.contains(&name) {
                match self.conflict {
                    Some(true) => continue,
                    Some(false) => {}
                    None => {
                        return exec_err!(
                            "bag_unpack: the column '{name}' is there already; give a prefix, or columnsConflict='keep_source'"
                        );
                    }
                }
            }
            rows.push(vec![Cell::text(name), Cell::text(ty.name())]);
        }
        Ok(rows)
    }

    fn size(&self) -> usize {
        self.bytes
    }
}

/// The type of a member's value; none for null.
fn json_type(text: &str) -> Option<Type> {
    Some(match text.as_bytes().first()? {
        b'n' => return None,
        b't' | b'f' => Type::Bool,
        b'"' => Type::String,
        b'[' | b'{' => Type::Dynamic,
        _ if text.parse::<i64>().is_ok() => Type::Long,
        _ => Type::Real,
    })
}

fn common(a: Type, b: Type) -> Type {
    match (a, b) {
        (a, b) if a == b => a,
        (Type::Long, Type::Real) | (Type::Real, Type::Long) => Type::Real,
        _ => Type::Dynamic,
    }
}
