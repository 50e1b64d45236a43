//! Our functions as DataFusion's: [`Function`] in, [`ScalarUDF`] out.

use std::any::Any;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{AsArray, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue, resources_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use foldhash::fast::FixedState;
use kql::{Type, Value};
use logs::arrow_type;

use super::{Batch, Call, Closure, Constant, Eval, Function, TextTest};
use crate::cell::{Cell, CellBuilder, Cells, normalized};
use crate::lower::scalar_value;

/// The function as one call of it, types and constants known. DataFusion neither converts its arguments nor guesses its result.
#[must_use]
pub fn scalar_udf(function: &'static Function, call: Call) -> ScalarUDF {
    ScalarUDF::new_from_impl(Udf::new(function, call))
}

/// Arguments at most of a call that is asked of a text alone.
const ARGUMENTS_MAX: usize = 8;

/// A function and one call of it.
pub(crate) struct Udf {
    function: &'static Function,
    call: Call,
    closure: OnceLock<std::result::Result<Closure, String>>,
    test: OnceLock<Option<Arc<TextTest>>>,
    /// A hash of its sets.
    sets: OnceLock<u64>,
    signature: Signature,
}

impl Udf {
    /// What DataFusion's function is, if it is one of ours.
    pub(crate) fn of(function: &ScalarUDF) -> Option<&Udf> {
        (function.inner().as_ref() as &dyn Any).downcast_ref()
    }

    /// The function's name.
    pub(crate) fn name(&self) -> &'static str {
        self.function.name
    }

    /// The types of the arguments.
    pub(crate) fn types(&self) -> &[Type] {
        &self.call.types
    }

    /// The arguments that are known before there are rows.
    pub(crate) fn constants(&self) -> &[Option<Constant>] {
        &self.call.constants
    }

    /// The call as a test of its first argument's text, if it is one.
    pub(crate) fn text_test(&self) -> Option<&Arc<TextTest>> {
        self.test.get_or_init(|| TextTest::of(self.function.name, &self.call).map(Arc::new)).as_ref()
    }

    /// The type of the call's values.
    pub(crate) fn returns(&self) -> Type {
        self.call.returns
    }

    /// The argument that is a text, if all others are constant and the call may be asked of a text alone.
    pub(crate) fn text_argument(&self) -> Option<usize> {
        let Call { types, constants, .. } = &self.call;
        if types.len() > ARGUMENTS_MAX || self.function.is_volatile || matches!(self.function.eval, Eval::Batch(_)) {
            return None;
        }
        let mut open = (0..types.len()).filter(|at| !matches!(constants.get(*at), Some(Some(Constant::Value(_)))));
        let at = open.next().filter(|at| types[*at] == Type::String)?;
        open.next().is_none().then_some(at)
    }

    /// The call's value of that text as the argument `at`, which is [`Udf::text_argument`]; `None` if it cannot be told.
    pub(crate) fn of_text<'c>(&'c self, at: usize, text: Cell<'c>) -> Option<Cell<'c>> {
        let mut room = [const { Cell::Null }; ARGUMENTS_MAX];
        let cells = room.get_mut(..self.call.types.len())?;
        for (cell, constant) in cells.iter_mut().zip(&self.call.constants) {
            if let Some(Constant::Value(value)) = constant {
                *cell = Cell::of(value);
            }
        }
        *cells.get_mut(at)? = text;
        let value = match self.function.eval {
            Eval::Row(eval) | Eval::Either(eval, _) => eval(&self.call, cells),
            Eval::Prepared(prepare) => self.closure.get_or_init(|| prepare(&self.call)).as_ref().ok()?(&self.call, cells),
            Eval::Batch(_) => return None,
        };
        // No string is null.
        Some(if self.call.returns == Type::String && matches!(value, Cell::Null) { Cell::text("") } else { value })
    }

    /// The call's values over a batch.
    pub(crate) fn eval(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        if let (Some(ColumnarValue::Array(array)), Some(test)) = (args.first(), self.text_test())
            && let Some(texts) = array.as_string_view_opt()
        {
            return Ok(ColumnarValue::Array(Arc::new(BooleanArray::from_unary(texts, |text| test.test(text)))));
        }
        let volatile = self.signature.volatility == Volatility::Volatile;
        match self.function.eval {
            Eval::Row(eval) => by_row(&self.call, volatile, args, rows, |cells| eval(&self.call, cells)),
            Eval::Batch(eval) => eval(&self.call, args, rows),
            Eval::Either(eval, kernel) => match kernel(&self.call, args, rows)? {
                Some(values) => Ok(values),
                None => by_row(&self.call, volatile, args, rows, |cells| eval(&self.call, cells)),
            },
            Eval::Prepared(prepare) => match self.closure.get_or_init(|| prepare(&self.call)) {
                Ok(closure) => by_row(&self.call, volatile, args, rows, |cells| closure(&self.call, cells)),
                Err(message) => Err(DataFusionError::External(Box::new(self.function.refused(message)))),
            },
        }
    }

    /// The function as one call of it.
    pub(crate) fn new(function: &'static Function, call: Call) -> Udf {
        let volatility = if function.is_volatile { Volatility::Volatile } else { Volatility::Immutable };
        let signature = Signature::new(TypeSignature::VariadicAny, volatility);
        let signature = if call.types.is_empty() { Signature::nullary(volatility) } else { signature };
        Udf { function, call, closure: OnceLock::new(), test: OnceLock::new(), sets: OnceLock::new(), signature }
    }
}

/// Text that a call may give for one batch: a few rows that each become megabytes are no reason to run out of memory.
pub(super) const TEXT_BYTES_MAX: usize = 256 << 20;

/// What a function over batches gives for one row.
pub(crate) fn one_row(eval: Batch, call: &Call, cells: &[Cell<'_>]) -> Result<Cell<'static>> {
    let scalar = |(cell, ty): (&Cell<'_>, &Type)| ColumnarValue::Scalar(scalar_value(&cell.to_value(), *ty));
    let args: Vec<ColumnarValue> = cells.iter().zip(&call.types).map(scalar).collect();
    let result = eval(call, &args, 1)?.into_array(1)?;
    Ok(Cells::new(call.returns, &result).get(0).into_owned())
}

/// Calls `eval` for each row, or once if every argument is one value (unless the call is volatile).
pub(super) fn by_row<F>(call: &Call, volatile: bool, args: &[ColumnarValue], rows: usize, eval: F) -> Result<ColumnarValue>
where
    F: for<'a> Fn(&[Cell<'a>]) -> Cell<'a>,
{
    let scalar = !volatile && args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let rows = if scalar { 1 } else { rows };
    // A scalar is an array of one row that every row reads.
    let mut arrays = Vec::with_capacity(args.len());
    for (arg, ty) in args.iter().zip(&call.types) {
        let (array, step) = match arg {
            ColumnarValue::Array(array) => (Arc::clone(array), 1),
            ColumnarValue::Scalar(value) => (value.to_array()?, 0),
        };
        arrays.push((normalized(*ty, &array)?, step));
    }
    let columns: Vec<(Cells<'_>, usize)> =
        arrays.iter().zip(&call.types).map(|((array, step), ty)| (Cells::new(*ty, array), *step)).collect();
    let mut builder = CellBuilder::new(call.returns, rows);
    let mut cells = Vec::with_capacity(columns.len());
    let mut bytes = 0;
    for row in 0..rows {
        cells.clear();
        cells.extend(columns.iter().map(|(column, step)| column.get(row * step)));
        let cell = eval(&cells);
        bytes += cell.as_str().len();
        if bytes > TEXT_BYTES_MAX {
            return resources_err!("an expression gives more than {TEXT_BYTES_MAX} bytes of text for a batch of rows");
        }
        builder.push(&cell);
    }
    let array = builder.finish();
    if scalar {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
    }
    Ok(ColumnarValue::Array(array))
}

impl ScalarUDFImpl for Udf {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(arrow_type(self.call.returns))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.eval(&args.args, args.number_rows)
    }
}

impl std::fmt::Debug for Udf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Udf").field("name", &self.function.name).field("call", &self.call).finish_non_exhaustive()
    }
}

impl PartialEq for Udf {
    fn eq(&self, other: &Udf) -> bool {
        self.function.name == other.function.name && self.call == other.call
    }
}

impl Eq for Udf {}

impl Hash for Udf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
        self.call.returns.hash(state);
        self.call.types.hash(state);
        // DataFusion takes calls of one name and equal arguments for the same if their hashes are, and sets are no arguments there.
        self.sets.get_or_init(|| hash_of_sets(&self.call.constants)).hash(state);
    }
}

/// A hash of what stands in sets, the same for equal calls.
fn hash_of_sets(constants: &[Option<Constant>]) -> u64 {
    let mut state = FixedState::default().build_hasher();
    for constant in constants {
        match constant {
            None | Some(Constant::Value(_)) => {}
            Some(Constant::Set(values)) => {
                values.len().hash(&mut state);
                values.iter().for_each(|value| hash_value(value, &mut state));
            }
            Some(Constant::Texts(texts)) => std::ptr::hash(Arc::as_ptr(texts), &mut state),
            Some(Constant::Places(places)) => std::ptr::hash(Arc::as_ptr(places), &mut state),
        }
    }
    state.finish()
}

fn hash_value(value: &Value, state: &mut impl Hasher) {
    std::mem::discriminant(value).hash(state);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(state),
        Value::Int(value) => value.hash(state),
        Value::Long(value) | Value::DateTime(value) | Value::TimeSpan(value) => value.hash(state),
        Value::Real(value) => value.to_bits().hash(state),
        Value::Decimal(text) | Value::String(text) | Value::Dynamic(text) => text.hash(state),
        Value::Guid(value) => value.hash(state),
    }
}
