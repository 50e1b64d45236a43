//! What a function is: its overloads, what each parameter takes, what it returns, and how its result is named.
//!
//! In: nothing; these are the types that [`super::notation`] fills from the signature files. Out: facts the binder asks.

use crate::types::Type;

/// A built-in function, aggregation function or plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its overloads; never empty.
    pub signatures: Vec<Signature>,
    /// How a column that holds its result is named when the query does not say.
    pub naming: Naming,
    /// It is an old name: the names to use instead.
    pub instead: Option<String>,
}

/// One overload.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// What it gives.
    pub returns: Returns,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, as messages call it.
    pub name: String,
    /// Which types it takes.
    pub kind: Kind,
    /// How often it must occur at least: 0 for an optional one.
    pub least: usize,
    /// How often it may occur at most. Neighbors that may occur more than once repeat together (`case(p, v, p, v, else)`).
    pub most: usize,
    /// What the argument must be beyond its type.
    pub must_be: MustBe,
    /// The only texts it takes, if it takes few (`datetime_diff`'s part).
    pub values: Option<&'static [String]>,
}

/// Which types a parameter takes, before implicit conversion.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// One type.
    Type(Type),
    /// `int`, `long`, `real` or `decimal`.
    Number,
    /// `int` or `long`.
    Integer,
    /// What can be added up: numbers, `timespan`, `datetime`.
    Summable,
    /// Any scalar.
    Scalar,
    /// Any scalar but `dynamic`.
    NotDynamic,
    /// Any scalar that has an order.
    Orderable,
    /// A scalar; all arguments of this kind get one common type.
    Common,
    /// As `Common`; a `dynamic` stands beside any other type.
    CommonOrDynamic,
    /// As `Common`, for types that have an order.
    CommonOrderable,
    /// A `dynamic` array.
    Array,
    /// A `dynamic` property bag.
    Bag,
    /// `string` or `dynamic`.
    StringOrDynamic,
    /// `string` or an array of them.
    StringOrArray,
    /// An integer or an array of them.
    IntegerOrArray,
    /// A number or a `bool`.
    NumberOrBool,
    /// Any scalar but `real` and `bool`.
    NotRealOrBool,
    /// A table.
    Table,
    /// A type literal: `typeof(long)`.
    TypeLiteral,
    /// Anything, tables included.
    Any,
}

/// What an argument must be beyond its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MustBe {
    /// Any expression.
    Expression,
    /// Settled before the query runs.
    Constant,
    /// Written out.
    Literal,
    /// Written out, and no empty text.
    LiteralNotEmpty,
    /// A column's name.
    Column,
    /// A column of the table that is the first argument.
    ColumnOfFirst,
    /// A column of both that table and the input.
    ColumnOfBoth,
    /// An expression over the elements of the first argument (graph patterns).
    ElementOfFirst,
    /// A call of an aggregation function.
    Aggregate,
    /// Any expression, or `*`.
    MayBeStar,
    /// `*`.
    Star,
}

/// What a signature gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Returns {
    /// That type.
    Type(Type),
    /// The type of the argument for the parameter at that position.
    SameAs(usize),
    /// As `SameAs`, an `int` widened to `long`.
    WidenedFrom(usize),
    /// The type that a type literal at that position names.
    TypeOf(usize),
    /// The common type of all arguments of the common kinds.
    Common,
    /// The widest type of all arguments.
    Widest,
    /// Several columns, named by the function, the first argument and these.
    Columns(Vec<(String, Type)>),
    /// One `dynamic` column for each argument of the first parameter, named after it (`array_sort_asc`).
    SortedArrays,
    /// `percentile(x, p)` and its kin: one column for each percentile, of the first argument's type.
    Percentiles,
    /// One column for each argument, all columns for `*` (`arg_max`, `take_any`).
    Arguments,
    /// A table, a database, a cluster or a graph.
    Entity,
    /// A table of these columns (plugins): see [`super::names::table_columns`].
    Table(Vec<TableItem>),
}

/// Some columns of a plugin's result. Positions are those of parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum TableItem {
    /// The input's columns, without those that are arguments for these parameters.
    Input(Vec<usize>),
    /// The columns given for the first parameter, or the input's columns without those given for the others.
    GivenOrInput(usize, Vec<usize>),
    /// The columns of the table that is an argument, without those given for these parameters. Names that the result has already
    /// get a number.
    Lookup(Vec<usize>),
    /// The columns of the type literal that is an argument.
    Schema,
    /// The columns given for that parameter.
    Given(usize),
    /// A new column. `{p}` in its name stands for the argument for `p`, `{#p}` for its position; there is one column for each
    /// argument of a parameter that repeats.
    New(String, ItemType),
    /// More that only the data knows.
    Open,
}

/// The type of a new column of a plugin's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemType {
    /// That type.
    Type(Type),
    /// The type of the argument for the parameter at that position.
    SameAs(usize),
}

/// How a column that holds a call's result is named when the query does not say.
#[derive(Clone, Debug, PartialEq)]
pub enum Naming {
    /// It is not: the operator makes up a name (`Column1`, `print_0`).
    None,
    /// As the first argument is.
    First,
    /// As the only argument is, if there is one only.
    Only,
    /// This, `_`, and the first argument's name if it has one.
    PrefixAndFirst(String),
    /// This.
    Prefix(String),
    /// As the text of the first argument says, if that is a column (`column_ifexists`).
    FirstValue,
    /// `arg_max` and its kin: see [`super::names`].
    Arguments(Option<String>),
}

impl Function {
    /// The least and the greatest number of arguments that any overload takes; `None`: no upper bound.
    #[must_use]
    pub fn arity(&self) -> (usize, Option<usize>) {
        let least = self.signatures.iter().map(Signature::least).min().unwrap_or(0);
        let most = self.signatures.iter().map(Signature::most).max().unwrap_or(0);
        (least, (most < UNBOUNDED).then_some(most))
    }

    /// The type that every overload gives, if it is the same for all: what a call with wrong arguments most likely was to give.
    #[must_use]
    pub fn usual_type(&self) -> Type {
        let mut types = self.signatures.iter().map(|signature| match signature.returns {
            Returns::Type(ty) => ty,
            _ => Type::Unknown,
        });
        let first = types.next().unwrap_or(Type::Unknown);
        if types.all(|ty| ty == first) { first } else { Type::Unknown }
    }
}

/// As good as no bound.
pub(super) const UNBOUNDED: usize = 32_767;

impl Signature {
    /// How many arguments it takes at least.
    #[must_use]
    pub fn least(&self) -> usize {
        self.parameters.iter().map(|p| p.least).sum()
    }

    /// How many arguments it takes at most.
    #[must_use]
    pub fn most(&self) -> usize {
        self.parameters.iter().map(|p| p.most).sum()
    }

    /// The signature as a reader writes it: `substring(string: scalar, start: int or long [, length: int or long]): string`.
    #[must_use]
    pub fn to_text(&self, function: &str) -> String {
        let mut text = format!("{function}(");
        for (at, parameter) in self.parameters.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let one = format!("{comma}{}: {}", parameter.name, parameter.kind.short());
            match (parameter.least, parameter.most) {
                (0, 1) if at > 0 => text.push_str(&format!(" [{one}]")),
                (0, _) => text.push_str(&format!("{comma}[{}: {}]", parameter.name, parameter.kind.short())),
                _ => text.push_str(&one),
            }
            if parameter.most > 1 {
                text.push_str(", …");
            }
        }
        text.push(')');
        if let Some(result) = self.result_text() {
            text.push_str(&format!(": {result}"));
        }
        text
    }

    /// What it gives, in words; `None` for what has no type.
    fn result_text(&self) -> Option<String> {
        let of = |at: usize| self.parameters.get(at).map(|p| p.name.as_str()).unwrap_or_default();
        Some(match &self.returns {
            Returns::Type(ty) => ty.name().to_owned(),
            Returns::SameAs(at) | Returns::WidenedFrom(at) => format!("the type of {}", of(*at)),
            Returns::TypeOf(at) => format!("the type that {} says", of(*at)),
            Returns::Common => "the common type".to_owned(),
            Returns::Widest => "the widest type".to_owned(),
            Returns::Columns(columns) => {
                let columns: Vec<String> = columns.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
                format!("({})", columns.join(", "))
            }
            Returns::SortedArrays => "sorted arrays".to_owned(),
            Returns::Percentiles => "one column for each percentile".to_owned(),
            Returns::Arguments => "one column for each argument".to_owned(),
            Returns::Table(_) => "table".to_owned(),
            Returns::Entity => return None,
        })
    }
}

impl Kind {
    /// The kind as signatures name it.
    fn short(&self) -> &'static str {
        match self {
            Kind::Type(ty) => ty.name(),
            Kind::Number => "number",
            Kind::Integer => "int or long",
            Kind::Summable => "number, timespan or datetime",
            Kind::Scalar | Kind::Common | Kind::CommonOrDynamic => "scalar",
            Kind::NotDynamic => "scalar, not dynamic",
            Kind::Orderable | Kind::CommonOrderable => "scalar with an order",
            Kind::Array => "array",
            Kind::Bag => "bag",
            Kind::StringOrDynamic => "string or dynamic",
            Kind::StringOrArray => "string or array",
            Kind::IntegerOrArray => "int, long or array",
            Kind::NumberOrBool => "number or bool",
            Kind::NotRealOrBool => "scalar, not real nor bool",
            Kind::Table => "table",
            Kind::TypeLiteral => "type",
            Kind::Any => "anything",
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::{aggregate, function};

    #[test]
    fn signatures_read_well() {
        let text = |name: &str| {
            let function = function(name).or_else(|| aggregate(name)).unwrap();
            function.signatures[0].to_text(name)
        };
        assert_eq!(text("substring"), "substring(string: scalar, start: int or long [, length: int or long]): string");
        assert_eq!(text("strcat"), "strcat(arg: scalar, …): string");
        assert_eq!(text("now"), "now([offset: timespan]): datetime");
        assert_eq!(text("case"), "case(predicate: bool, …, then: scalar, …, else: scalar): the common type");
        assert_eq!(
            text("arg_max"),
            "arg_max(maximized: scalar with an order, [returned: scalar], …): one column for each argument"
        );
    }
}
