//! Which overload a call means, what its arguments convert to, and what comes back.
//!
//! In: a [`Function`] and the types of a call's arguments. Out: [`Resolved`], or the reason why no overload takes them. The
//! rules are those that Microsoft's analyser shows when each overload is called with each type; an argument of unknown type fits
//! every parameter, so that one mistake is reported once.

use super::constant;
use super::signature::{Function, Kind, MustBe, Parameter, Returns, Signature};
use crate::types::{Type, Value};

/// An argument, as far as choosing an overload needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct ArgType<'a> {
    /// Its type; of a type literal, the type it names.
    pub ty: Type,
    /// Its value, if it is written out.
    pub literal: Option<&'a Value>,
    /// What kind of thing it is.
    pub form: Form,
    /// When its value is settled, where the caller knows.
    pub settled: Settled,
    /// The name it is given by: `return_unmatched = true`.
    pub name: Option<&'a str>,
}

/// When a value is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The caller does not say: whatever the parameter wants.
    Unsaid,
    /// It is written out.
    Literal,
    /// Before the query runs: `ago(1d)`, a scalar `let`.
    Before,
    /// For each row: a column's bare name.
    Column,
    /// For each row: an expression over columns.
    ForEachRow,
}

/// What kind of thing an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An expression with one value for each row.
    Scalar,
    /// `*`.
    Star,
    /// `typeof(long)`.
    TypeLiteral,
    /// A table.
    Table,
}

impl<'a> ArgType<'a> {
    /// An expression of that type.
    #[must_use]
    pub fn of(ty: Type) -> ArgType<'a> {
        ArgType { ty, literal: None, form: Form::Scalar, settled: Settled::Unsaid, name: None }
    }

    /// The same, settled then.
    #[must_use]
    pub fn settled(self, settled: Settled) -> ArgType<'a> {
        ArgType { settled, ..self }
    }

    /// The same, given by that name.
    #[must_use]
    pub fn named(self, name: Option<&'a str>) -> ArgType<'a> {
        ArgType { name, ..self }
    }

    /// A value written out.
    #[must_use]
    pub fn literal(ty: Type, value: &'a Value) -> ArgType<'a> {
        ArgType { literal: Some(value), settled: Settled::Literal, ..ArgType::of(ty) }
    }

    /// It is a `dynamic` that can be, as far as is known, JSON that starts so: a text, an array or a bag. What is written out is
    /// never text: Kusto does not convert a dynamic constant.
    fn may_be(&self, start: char) -> bool {
        self.ty == Type::Dynamic
            && match self.literal {
                Some(Value::Dynamic(json)) => start != '"' && json.starts_with(start),
                _ => true,
            }
    }

    /// `typeof(ty)`.
    #[must_use]
    pub fn type_literal(ty: Type) -> ArgType<'a> {
        ArgType { form: Form::TypeLiteral, ..ArgType::of(ty) }
    }

    /// `*`.
    #[must_use]
    pub fn star() -> ArgType<'a> {
        ArgType { form: Form::Star, ..ArgType::of(Type::Unknown) }
    }

    /// A table.
    #[must_use]
    pub fn table() -> ArgType<'a> {
        ArgType { form: Form::Table, ..ArgType::of(Type::Unknown) }
    }
}

/// What a call means.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The function called.
    pub function: &'static Function,
    /// The overload that takes the arguments.
    pub signature: &'static Signature,
    /// For each argument, the position of its parameter in the signature.
    pub parameters: Vec<usize>,
    /// For each argument, the type it converts to before the call.
    pub param_types: Vec<Type>,
    /// The type of the result; of the first column where there are several (see [`super::names::columns`]).
    pub returns: Type,
}

impl Resolved {
    /// The parameter that takes the argument at that position.
    #[must_use]
    pub fn parameter(&self, argument: usize) -> Option<&'static Parameter> {
        self.parameters.get(argument).map(|at| &self.signature.parameters[*at])
    }
}

/// Why no overload takes the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// There are too few or too many.
    WrongCount {
        /// How many there must be at least.
        least: usize,
        /// How many there may be at most, if there is a bound.
        most: Option<usize>,
        /// How many there are.
        given: usize,
    },
    /// One has a type that no overload takes there.
    WrongType {
        /// Its position.
        argument: usize,
        /// The parameter's name.
        parameter: &'static str,
        /// What it takes, in words: `string`, `a number`, `an array`.
        expected: String,
        /// What it got.
        got: Type,
    },
    /// One is no column, no constant, no table … as it must be.
    WrongForm {
        /// Its position.
        argument: usize,
        /// The parameter's name.
        parameter: &'static str,
        /// What it must be.
        must_be: MustBe,
    },
    /// It is none of the few texts that are allowed there.
    WrongValue {
        /// Its position.
        argument: usize,
        /// The parameter's name.
        parameter: &'static str,
        /// What it may be.
        values: &'static [String],
    },
    /// It is a constant that Kusto refuses.
    WrongConstant {
        /// Its position.
        argument: usize,
        /// The parameter's name.
        parameter: &'static str,
        /// What it must do or be: `be 1 or more`.
        must: String,
    },
    /// Arguments that must have one type have none in common.
    NoCommonType {
        /// The position of the first that differs.
        argument: usize,
        /// The type of those before it.
        expected: Type,
        /// What it got.
        got: Type,
    },
}

impl Function {
    /// The overload that takes arguments of those types.
    pub fn resolve(&'static self, args: &[ArgType<'_>]) -> Result<Resolved, ResolveError> {
        let mut best: Option<(u32, Resolved)> = None;
        let mut error: Option<(usize, ResolveError)> = None;
        let any_unknown = args.iter().any(|arg| arg.ty == Type::Unknown && arg.form == Form::Scalar);
        for signature in &self.signatures {
            let Some(parameters) = arrange(signature, args) else { continue };
            match fit(self, signature, &parameters, args) {
                Ok(score) => match &mut best {
                    Some((top, _)) if score < *top => {}
                    // Where an unknown argument leaves the choice open, so does it leave the result's type.
                    Some((top, resolved)) if score == *top => {
                        if any_unknown && result_type(signature, &parameters, args) != resolved.returns {
                            resolved.returns = Type::Unknown;
                        }
                    }
                    _ => best = Some((score, convert(self, signature, parameters, args))),
                },
                Err((at, e)) if error.as_ref().is_none_or(|(best, _)| at > *best) => error = Some((at, e)),
                Err(_) => {}
            }
        }
        let (least, most) = self.arity();
        match (best, error) {
            (Some((_, resolved)), _) => Ok(resolved),
            (None, Some((_, error))) => Err(error),
            (None, None) => Err(ResolveError::WrongCount { least, most, given: args.len() }),
        }
    }
}

/// The parameter of each argument, or `None` if there are too few or too many. A plugin's arguments may name their parameters;
/// the others take the parameters that are left, in order.
fn arrange(signature: &Signature, args: &[ArgType<'_>]) -> Option<Vec<usize>> {
    if args.len() < signature.least() || args.len() > signature.most() {
        return None;
    }
    let parameters = &signature.parameters;
    let by_name = |arg: &ArgType<'_>| {
        let name = arg.name.filter(|_| matches!(signature.returns, Returns::Table(_)))?;
        parameters.iter().position(|p| p.name == name && p.most == 1)
    };
    let named: Vec<Option<usize>> = args.iter().map(by_name).collect();
    let left: Vec<usize> = (0..parameters.len()).filter(|at| !named.contains(&Some(*at))).collect();
    let unnamed: Vec<&ArgType<'_>> = args.iter().zip(&named).filter(|(_, named)| named.is_none()).map(|(arg, _)| arg).collect();
    let mut placed = in_order(&left.iter().map(|at| &parameters[*at]).collect::<Vec<_>>(), &unnamed)?.into_iter();
    named.into_iter().map(|named| named.or_else(|| placed.next().map(|at| left[at]))).collect()
}

/// The parameter of each argument by order alone. Neighboring parameters that must occur and may repeat repeat together; one that
/// may occur follows them. Parameters after those take the last arguments, an optional one only an argument of its own type.
fn in_order(parameters: &[&Parameter], args: &[&ArgType<'_>]) -> Option<Vec<usize>> {
    let given = args.len();
    let Some(start) = parameters.iter().position(|p| p.most > 1) else {
        return (given <= parameters.len()).then(|| (0..given).collect());
    };
    let least = parameters[start].least;
    let block = parameters[start..].iter().take_while(|p| p.most > 1 && p.least == least).count();
    let end = start + parameters[start..].iter().take_while(|p| p.most > 1).count();
    let exact = |parameter: &Parameter, arg: &ArgType<'_>| arg.ty != Type::Unknown && accept(parameter, arg) == Some(EXACT);
    let before = start.min(given);
    let mut after = parameters[end..].iter().filter(|p| p.least > 0).count();
    if let (Some(last), Some(arg)) = (parameters[end..].last(), args.last())
        && last.least == 0
        && given > before + after + least * block
        && (arg.form == Form::Table || exact(last, arg))
    {
        after += 1;
    }
    let repeated = given.checked_sub(before + after)?;
    let tail = parameters.len() - after..parameters.len();
    if end > start + block {
        let first = args[before..before + repeated].iter().take_while(|arg| accept(parameters[start], arg).is_some()).count();
        let middle = std::iter::repeat_n(start, first).chain(std::iter::repeat_n(start + block, repeated - first));
        return (first >= least).then(|| (0..before).chain(middle).chain(tail).collect());
    }
    let fits = repeated.is_multiple_of(block) && repeated >= least * block;
    fits.then(|| (0..before).chain((0..repeated).map(|i| start + i % block)).chain(tail).collect())
}

/// How well an argument fits: its own type,
const EXACT: u32 = 8;
/// a type its parameter's kind includes,
const KIND: u32 = 6;
/// a type that widens to it,
const WIDENED: u32 = 4;
/// or one that converts when the query runs.
const CONVERTED: u32 = 1;

/// How well the arguments fit as a whole, or the first that does not.
fn fit(
    function: &Function,
    signature: &'static Signature,
    parameters: &[usize],
    args: &[ArgType<'_>],
) -> Result<u32, (usize, ResolveError)> {
    let mut total = 0;
    for (argument, (at, arg)) in parameters.iter().zip(args).enumerate() {
        let parameter = &signature.parameters[*at];
        if let Some(error) = wrong_form(argument, parameter, arg) {
            return Err((argument, error));
        }
        if matches!((&signature.returns, arg.literal), (Returns::Table(_), Some(Value::String(text))) if text == "~") {
            // A plugin's argument that keeps its default.
            continue;
        }
        let Some(score) = accept(parameter, arg) else {
            let expected = parameter.kind.in_words();
            return Err((argument, ResolveError::WrongType { argument, parameter: &parameter.name, expected, got: arg.ty }));
        };
        if let Some(error) = wrong_value(&function.name, argument, parameter, arg) {
            return Err((argument, error));
        }
        total += score;
    }
    common(signature, parameters, args).map_err(|error| (args.len(), error))?;
    Ok(total)
}

fn wrong_form(argument: usize, parameter: &'static Parameter, arg: &ArgType<'_>) -> Option<ResolveError> {
    let wrong = match arg.form {
        Form::Star => !matches!(parameter.must_be, MustBe::MayBeStar | MustBe::Star | MustBe::Column),
        Form::Scalar if matches!(parameter.kind, Kind::TypeLiteral | Kind::Table) => arg.ty != Type::Unknown,
        Form::Scalar => match parameter.must_be {
            MustBe::Star => true,
            MustBe::Constant => matches!(arg.settled, Settled::Column | Settled::ForEachRow),
            MustBe::Literal | MustBe::LiteralNotEmpty => !constant::is_literal(parameter, arg),
            MustBe::Column => matches!(arg.settled, Settled::Before | Settled::ForEachRow),
            _ => false,
        },
        Form::TypeLiteral => !matches!(parameter.kind, Kind::TypeLiteral | Kind::Any),
        Form::Table => !matches!(parameter.kind, Kind::Table | Kind::Any),
    };
    wrong.then_some(ResolveError::WrongForm { argument, parameter: &parameter.name, must_be: parameter.must_be })
}

fn wrong_value(function: &str, argument: usize, parameter: &'static Parameter, arg: &ArgType<'_>) -> Option<ResolveError> {
    let value = arg.literal?;
    if let (Some(values), Value::String(text), MustBe::Literal) = (parameter.values, value, parameter.must_be)
        && !values.iter().any(|value| value.eq_ignore_ascii_case(text))
    {
        return Some(ResolveError::WrongValue { argument, parameter: &parameter.name, values });
    }
    let must = constant::must(function, &parameter.name, value)?;
    Some(ResolveError::WrongConstant { argument, parameter: &parameter.name, must })
}

/// How well an argument fits a parameter; `None` if not at all.
fn accept(parameter: &Parameter, arg: &ArgType<'_>) -> Option<u32> {
    if arg.ty == Type::Unknown || arg.form != Form::Scalar {
        return Some(EXACT);
    }
    match &parameter.kind {
        Kind::Type(ty) if *ty == arg.ty => Some(EXACT),
        Kind::Type(Type::String) if arg.ty == Type::Dynamic => arg.may_be('"').then_some(CONVERTED),
        Kind::Type(ty) => widens(arg.ty, *ty).then_some(WIDENED),
        Kind::Array => arg.may_be('[').then_some(KIND),
        Kind::Bag => arg.may_be('{').then_some(KIND),
        kind => kind.includes(arg.ty).then_some(KIND),
    }
}

/// A value of the one type becomes one of the other by itself.
fn widens(from: Type, to: Type) -> bool {
    match to {
        Type::Long => from == Type::Int,
        Type::Real => matches!(from, Type::Int | Type::Long),
        Type::Decimal => matches!(from, Type::Int | Type::Long | Type::Real),
        _ => false,
    }
}

impl Kind {
    /// A value of that type is of this kind without any conversion.
    #[must_use]
    pub fn includes(&self, ty: Type) -> bool {
        let integer = matches!(ty, Type::Int | Type::Long);
        match self {
            Kind::Type(of) => *of == ty,
            Kind::Number => ty.is_numeric(),
            Kind::Integer => integer,
            Kind::Summable => ty.is_numeric() || matches!(ty, Type::TimeSpan | Type::DateTime),
            Kind::NotDynamic => ty != Type::Dynamic,
            Kind::Orderable | Kind::CommonOrderable => !matches!(ty, Type::Dynamic | Type::Guid),
            Kind::Array | Kind::Bag => ty == Type::Dynamic,
            Kind::StringOrDynamic | Kind::StringOrArray => matches!(ty, Type::String | Type::Dynamic),
            Kind::IntegerOrArray => integer || ty == Type::Dynamic,
            Kind::NumberOrBool => ty.is_numeric() || ty == Type::Bool,
            Kind::NotRealOrBool => !matches!(ty, Type::Real | Type::Bool),
            Kind::Scalar | Kind::Common | Kind::CommonOrDynamic | Kind::Any => true,
            Kind::Table | Kind::TypeLiteral => false,
        }
    }

    /// What the kind takes, for a message: `string`, `a number`, `an array`.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Kind::Type(ty) => ty.name(),
            Kind::Number => "a number",
            Kind::Integer => "an int or long",
            Kind::Summable => "a number, timespan or datetime",
            Kind::Scalar | Kind::Common | Kind::CommonOrDynamic => "a scalar",
            Kind::NotDynamic => "a scalar that is not dynamic",
            Kind::Orderable | Kind::CommonOrderable => "a scalar with an order",
            Kind::Array => "an array",
            Kind::Bag => "a property bag",
            Kind::StringOrDynamic => "a string or dynamic",
            Kind::StringOrArray => "a string or an array of strings",
            Kind::IntegerOrArray => "an int or long, or an array of them",
            Kind::NumberOrBool => "a number or bool",
            Kind::NotRealOrBool => "a scalar that is neither real nor bool",
            Kind::Table => "a table",
            Kind::TypeLiteral => "a type, such as typeof(long)",
            Kind::Any => "anything",
        }
        .to_owned()
    }
}

/// The one type of all arguments of the common kinds; `Unknown` where one of them is not known. Kinds that let a `dynamic` stand
/// beside other types let any types stand beside each other: values without a common type become `dynamic`.
fn common(signature: &Signature, parameters: &[usize], args: &[ArgType<'_>]) -> Result<Type, ResolveError> {
    let mut result = Type::Unknown;
    let (mut any_dynamic, mut any_unknown) = (false, false);
    for (argument, (at, arg)) in parameters.iter().zip(args).enumerate() {
        let lenient = match &signature.parameters[*at].kind {
            Kind::Common | Kind::CommonOrderable => false,
            Kind::CommonOrDynamic => true,
            _ => continue,
        };
        if lenient && arg.ty == Type::Dynamic {
            any_dynamic = true;
            continue;
        }
        any_unknown |= arg.ty == Type::Unknown;
        match common_type(result, arg.ty) {
            Some(both) => result = both,
            None if lenient => return Ok(Type::Dynamic),
            None => return Err(ResolveError::NoCommonType { argument, expected: result, got: arg.ty }),
        }
    }
    Ok(match result {
        _ if any_unknown => Type::Unknown,
        Type::Unknown if any_dynamic => Type::Dynamic,
        ty => ty,
    })
}

/// The type that values of either type become where there must be one (`coalesce`, `max_of`): the same, or the wider of two
/// numbers. An unknown type yields to the other.
#[must_use]
pub fn common_type(left: Type, right: Type) -> Option<Type> {
    match (left, right) {
        (a, b) if a == b => Some(a),
        (Type::Unknown, other) | (other, Type::Unknown) => Some(other),
        (a, b) if widens(a, b) => Some(b),
        (a, b) if widens(b, a) => Some(a),
        _ => None,
    }
}

/// What each argument converts to, and the result's type.
fn convert(function: &'static Function, signature: &'static Signature, parameters: Vec<usize>, args: &[ArgType<'_>]) -> Resolved {
    let shared = common(signature, &parameters, args).unwrap_or(Type::Unknown);
    let target = |(at, arg): (&usize, &ArgType<'_>)| match &signature.parameters[*at].kind {
        Kind::Type(ty) => *ty,
        Kind::Common | Kind::CommonOrDynamic | Kind::CommonOrderable if shared != Type::Unknown => shared,
        Kind::Number if signature.returns == Returns::Widest => widest(args),
        Kind::Array | Kind::Bag => Type::Dynamic,
        _ => arg.ty,
    };
    let param_types: Vec<Type> = parameters.iter().zip(args).map(target).collect();
    let returns = result_type(signature, &parameters, args);
    Resolved { function, signature, parameters, param_types, returns }
}

/// The widest type of all arguments; an unknown one may be wider still.
fn widest(args: &[ArgType<'_>]) -> Type {
    if args.iter().any(|arg| arg.ty == Type::Unknown) {
        return Type::Unknown;
    }
    args.iter().fold(Type::Unknown, |ty, arg| common_type(ty, arg.ty).unwrap_or(ty)).widened()
}

/// The type of the result; of the first column where there are several.
fn result_type(signature: &Signature, parameters: &[usize], args: &[ArgType<'_>]) -> Type {
    let of = |at: usize| parameters.iter().position(|p| *p == at).map_or(Type::Unknown, |argument| args[argument].ty);
    let first = args.first().map_or(Type::Unknown, |arg| arg.ty);
    match &signature.returns {
        Returns::Type(ty) => *ty,
        Returns::SameAs(at) | Returns::TypeOf(at) => of(*at),
        Returns::WidenedFrom(at) => of(*at).widened(),
        Returns::Common => common(signature, parameters, args).unwrap_or(Type::Unknown),
        Returns::Widest => widest(args),
        Returns::Columns(columns) => columns.first().map_or(Type::Unknown, |(_, ty)| *ty),
        Returns::SortedArrays => Type::Dynamic,
        Returns::Percentiles if first == Type::Decimal => Type::Real,
        Returns::Percentiles => first.widened(),
        Returns::Arguments => first,
        Returns::Entity | Returns::Table(_) => Type::Unknown,
    }
}
