//! Our aggregates as DataFusion's: [`AggregateFunction`] in, [`AggregateUDF`] out.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator as DfAccumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, TypeSignature, Volatility,
};
use kql::Value;
use logs::arrow_type;

use super::groups::Groups;
use super::{Accumulator, AggregateCall, AggregateFunction, state};
use crate::cell::{Cell, CellBuilder, Cells, normalized};

/// The aggregate as one call of it. A call with several results gives a struct whose fields are `0`, `1` … in order.
#[must_use]
pub fn aggregate_udf(function: &'static AggregateFunction, call: AggregateCall) -> AggregateUDF {
    let signature = Signature::new(TypeSignature::VariadicAny, Volatility::Immutable);
    let signature = if call.types.is_empty() { Signature::nullary(Volatility::Immutable) } else { signature };
    AggregateUDF::new_from_impl(Udaf { function, call, signature })
}

/// An aggregate and one call of it.
struct Udaf {
    function: &'static AggregateFunction,
    call: AggregateCall,
    signature: Signature,
}

impl AggregateUDFImpl for Udaf {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.call.returns.as_slice() {
            [one] => arrow_type(*one),
            several => DataType::Struct(part_fields(several)),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[state]", args.name), DataType::Binary, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn DfAccumulator>> {
        match (self.function.start)(&self.call) {
            Ok(inner) => Ok(Box::new(Adapter { call: self.call.clone(), inner })),
            Err(message) => exec_err!("{message}"),
        }
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        // A constant out of range is found now, not with the first group.
        match (self.function.start)(&self.call) {
            Ok(_) => Ok(Box::new(Groups::new(self.function, self.call.clone()))),
            Err(message) => exec_err!("{message}"),
        }
    }
}

/// The fields of a struct of several results.
pub(super) fn part_fields(types: &[kql::Type]) -> Fields {
    types.iter().enumerate().map(|(part, ty)| Field::new(part.to_string(), arrow_type(*ty), true)).collect()
}

/// One of our accumulators behind DataFusion's trait.
#[derive(Debug)]
struct Adapter {
    call: AggregateCall,
    inner: Box<dyn Accumulator>,
}

impl DfAccumulator for Adapter {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let arrays: Vec<ArrayRef> =
            values.iter().zip(&self.call.types).map(|(array, ty)| normalized(*ty, array)).collect::<Result<_>>()?;
        let columns: Vec<Cells<'_>> = arrays.iter().zip(&self.call.types).map(|(array, ty)| Cells::new(*ty, array)).collect();
        let mut cells = Vec::with_capacity(columns.len());
        for row in 0..arrays.first().map_or(0, |array| array.len()) {
            cells.clear();
            cells.extend(columns.iter().map(|column| column.get(row)));
            self.inner.update(&cells);
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for bytes in states[0].as_binary::<i32>().iter().flatten() {
            let values = state::decode(bytes)
                .ok_or_else(|| DataFusionError::Internal("the state of an aggregate does not read back".to_owned()))?;
            self.inner.merge(&values);
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(state::encode(&self.inner.state())))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        // Without rows there may be fewer results than parts.
        let values = self.inner.finish();
        let part = |(at, ty): (usize, &kql::Type)| {
            let mut builder = CellBuilder::new(*ty, 1);
            builder.push(&values.get(at).map_or(Cell::Null, Cell::of));
            builder.finish()
        };
        let arrays: Vec<ArrayRef> = self.call.returns.iter().enumerate().map(part).collect();
        if let [one] = arrays.as_slice() {
            return ScalarValue::try_from_array(one, 0);
        }
        let fields = part_fields(&self.call.returns);
        let row = datafusion::arrow::array::StructArray::try_new(fields, arrays, None)?;
        Ok(ScalarValue::Struct(Arc::new(row)))
    }

    fn size(&self) -> usize {
        size_of::<Adapter>() + self.inner.size()
    }
}

impl std::fmt::Debug for Udaf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Udaf").field("name", &self.function.name).field("call", &self.call).finish_non_exhaustive()
    }
}

impl PartialEq for Udaf {
    fn eq(&self, other: &Udaf) -> bool {
        self.function.name == other.function.name && self.call == other.call
    }
}

impl Eq for Udaf {}

impl Hash for Udaf {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.function.name.hash(hasher);
        self.call.returns.hash(hasher);
        self.call.types.hash(hasher);
    }
}

/// The cells of a list of values, for accumulators that feed themselves from a state.
#[must_use]
pub fn cells(values: &[Value]) -> Vec<Cell<'_>> {
    values.iter().map(Cell::of).collect()
}
