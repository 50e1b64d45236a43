//! The syntax tree of Kusto: what was written, before any name is looked up. Every node has its span.
//!
//! In: [`crate::parser`] makes it of tokens, whatever the text. Out: the binder reads it, the formatter compares it.
//!
//! Scalar and tabular expressions are one type, [`Expr`]: a name may stand for either until it is bound. The tree is tolerant:
//! where something is missing, [`ExprKind::Missing`] or a [`Name`] with empty text stands, and a diagnostic was given; the binder
//! says nothing more about those. The tree is shallow: chains (`a or b or …`, `a + b - …`, `t | where … | …`) are lists, and
//! the parser limits how deeply brackets nest, so that a walk by recursion is safe.

mod graph;
mod op;
mod operator;

pub use graph::*;
pub use op::*;
pub use operator::*;

use crate::diagnostic::Span;
use crate::types::{Type, Value};

/// A whole query: statements split by semicolons. Its results are those of its expression statements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// In the order of the text.
    pub statements: Vec<Statement>,
    /// The whole text.
    pub span: Span,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// From its first to its last token, the semicolon left out.
    pub span: Span,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `let name = value`: a scalar, a table, an [`ExprKind::Function`] or an [`ExprKind::EntityGroup`].
    Let {
        /// The new name.
        name: Name,
        /// What it stands for.
        value: Expr,
    },
    /// `set option`, `set option = value`.
    Set {
        /// The option, dots included.
        option: Name,
        /// A literal or a bare word.
        value: Option<Expr>,
    },
    /// `declare query_parameters (name: type = default, …)`.
    QueryParameters(Vec<Parameter>),
    /// `declare pattern …`.
    Pattern(Box<Pattern>),
    /// `alias database name = expression`.
    Alias {
        /// The new name.
        name: Name,
        /// `cluster('…').database('…')`.
        database: Expr,
    },
    /// `restrict access to (entities) with (…)`.
    Restrict {
        /// What the rest of the query may read: names, patterns of names, paths.
        entities: Vec<Expr>,
        /// `with (…)`.
        properties: Vec<Param>,
    },
    /// An expression, tabular or scalar: a result of the query, or of the function whose body it ends.
    Expr(Expr),
    /// A management command (`.show tables | …`), as a whole.
    Command(Command),
}

/// A management command: recognised, not read any further.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The words after the dot up to the first that is no word: `show`, `tables`.
    pub words: Vec<String>,
    /// The command's whole text.
    pub span: Span,
}

/// `declare pattern name = (parameters)[path] { (values).[path] = { body }; … }`; `declare pattern name` has no parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// The pattern's name.
    pub name: Name,
    /// `(a: string, …)`.
    pub parameters: Vec<Parameter>,
    /// `[b: string]`.
    pub path: Option<Parameter>,
    /// The cases.
    pub cases: Vec<PatternCase>,
    /// There is an `=` and all that follows it.
    pub is_defined: bool,
}

/// `(values).[path] = { body }`.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternCase {
    /// Constants.
    pub values: Vec<Expr>,
    /// A constant.
    pub path: Option<Expr>,
    /// What the pattern then stands for.
    pub body: Body,
    /// The whole case.
    pub span: Span,
}

/// A name, where a name is given or used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// The name itself, without brackets and quotes; empty where it is missing.
    pub text: String,
    /// Where, with brackets and quotes.
    pub span: Span,
    /// It was written as `['name']` or `["name"]`.
    pub is_quoted: bool,
}

/// The name of the call that `datetime(8:00)` is: a time of the day on which the query starts.
pub const TODAY: &str = "$today";

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// From its first to its last token.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// Nothing, where something must be; a diagnostic was given.
    Missing,
    /// `name`, `['odd name']`, `$left`: a column, variable, table or function without arguments.
    Name(Name),
    /// `Event*`, `*_CL`: names by pattern.
    Wildcard(String),
    /// `*`.
    Star,
    /// A constant.
    Literal(Literal),
    /// `typeof(long)`, `typeof(a: long, *)`.
    TypeOf(TypeExpr),
    /// `target.member`, `cluster('c').database('d')`, `database('d').Event*`: the member is a name, a wildcard or a call.
    Path {
        /// Left of the dot.
        target: Box<Expr>,
        /// Right of the dot.
        member: Box<Expr>,
    },
    /// `target[index]`, also `target.['key']`.
    Index {
        /// What is indexed.
        target: Box<Expr>,
        /// A position or a key.
        index: Box<Expr>,
    },
    /// `Table datascope=hotcache`.
    DataScope {
        /// The table.
        target: Box<Expr>,
        /// `all` or `hotcache`.
        scope: Name,
    },
    /// `name(args)`. Arguments may be [`ExprKind::Named`], [`ExprKind::Pipe`] or [`ExprKind::Star`].
    Call {
        /// The function's name.
        name: Name,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// `-x`, `+x`.
    Unary {
        /// Which.
        op: UnaryOp,
        /// Of what.
        operand: Box<Expr>,
    },
    /// Two operands and one operator that does not chain: comparisons and the string operators.
    Binary {
        /// Which.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// `a + b - c` or `a * b / c % d`: from left to right, all of one precedence. At least one in `rest`.
    Arithmetic {
        /// The leftmost operand.
        first: Box<Expr>,
        /// The others, each with the operator before it.
        rest: Vec<(BinaryOp, Span, Expr)>,
    },
    /// `a and b and …`: two or more.
    And(Vec<Expr>),
    /// `a or b or …`: two or more.
    Or(Vec<Expr>),
    /// `x in (…)`, `x has_any (…)` and their like.
    InList {
        /// Which.
        op: ListOp,
        /// Where the operator stands.
        op_span: Span,
        /// What is looked for, or in.
        value: Box<Expr>,
        /// Values, or one tabular expression.
        list: Vec<Expr>,
    },
    /// `x between (low .. high)`, `x !between (low .. high)`.
    Between {
        /// `!between`.
        negated: bool,
        /// What is compared.
        value: Box<Expr>,
        /// The least.
        low: Box<Expr>,
        /// The greatest.
        high: Box<Expr>,
    },
    /// `name = value`, in lists that give names: columns, arguments, parts.
    Named {
        /// The name.
        name: Name,
        /// Its value.
        value: Box<Expr>,
    },
    /// `(a, b) = value`.
    NamedTuple {
        /// The names.
        names: Vec<Name>,
        /// A call with several results.
        value: Box<Expr>,
    },
    /// `a, b` as the value of a parameter: `ycolumns = a, b`.
    List(Vec<Expr>),
    /// `(inner)`.
    Paren(Box<Expr>),
    /// `source | operator | …`. Without a source it starts with an operator: `print`, `range`, `union`, `search`, `find` … make
    /// rows by themselves; in a subquery (`mv-apply … on (…)`, `fork (…)`) the first operator reads the rows handed to it.
    Pipe {
        /// Where the rows come from.
        source: Option<Box<Expr>>,
        /// One or more.
        operators: Vec<Operator>,
    },
    /// `datatable (a: long, …) [1, …]`.
    DataTable {
        /// The columns.
        columns: Vec<ColumnDecl>,
        /// `with (…)`.
        properties: Vec<Param>,
        /// The values, row by row.
        values: Vec<Expr>,
    },
    /// `externaldata (a: long, …) [@'uri', …] with (format = 'csv', …)`.
    ExternalData {
        /// The columns.
        columns: Vec<ColumnDecl>,
        /// The addresses.
        uris: Vec<Expr>,
        /// `with (…)`.
        properties: Vec<Param>,
    },
    /// `__contextual_datatable(id, (a: long, …))`.
    ContextualDataTable {
        /// What names it.
        id: Box<Expr>,
        /// The columns.
        columns: Vec<ColumnDecl>,
    },
    /// `materialized-view-combine ('name') base (…) delta (…) aggregations (summarize …)`.
    MaterializedViewCombine {
        /// The view's name.
        view: Box<Expr>,
        /// The `base` expression.
        base: Box<Expr>,
        /// The `delta` expression.
        delta: Box<Expr>,
        /// The `summarize` operator.
        aggregations: Box<Expr>,
    },
    /// `(parameters) { body }`, `view () { body }`: only as the value of a `let`.
    Function(Box<Function>),
    /// `entity_group [a, b]`.
    EntityGroup(Vec<Expr>),
    /// `1d .. 2d` outside `between`, as some operators take it.
    Range {
        /// The least.
        low: Box<Expr>,
        /// The greatest.
        high: Box<Expr>,
    },
    /// `title:"text"` in a `search` predicate, `:` being `has`; the operator forms (`Col == 'x'`) are ordinary expressions.
    SearchColumn {
        /// The column, or a pattern of names.
        column: Box<Expr>,
        /// What it must hold.
        value: Box<Expr>,
    },
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    /// Its type.
    pub ty: Type,
    /// Its value; of literals whose content cannot be read, null, and a diagnostic was given.
    pub value: Value,
    /// `h'…'`: not to be shown in logs.
    pub is_hidden: bool,
}

/// A function's parameters and body.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// `view (…) {…}`: found by `union *` and `search *`.
    pub is_view: bool,
    /// In order.
    pub parameters: Vec<Parameter>,
    /// What it computes.
    pub body: Body,
}

/// `{ statements }`: the last statement is an expression, the value, unless it is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// The statements within, the value last.
    pub statements: Vec<Statement>,
    /// With its braces.
    pub span: Span,
}

/// `name: type = default`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its type: a scalar type, or the columns of a table (`(*)`, `(a: long, *)`).
    pub ty: Option<TypeExpr>,
    /// `= literal`.
    pub default: Option<Expr>,
    /// The whole of it.
    pub span: Span,
}

/// A type, where one is written.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// What it says.
    pub kind: TypeExprKind,
    /// Where.
    pub span: Span,
}

/// What a written type says.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeExprKind {
    /// `long`, `date`; [`Type::Unknown`] where a diagnostic was given.
    Scalar(Type),
    /// `(a: long, b: string)`; `is_open`: with a `*` among them.
    Table {
        /// The columns named.
        columns: Vec<ColumnDecl>,
        /// Other columns may be there too.
        is_open: bool,
    },
}

/// `name: type`.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDecl {
    /// The column's name.
    pub name: Name,
    /// Its type; [`Type::Unknown`] where a diagnostic was given, or where no type was written and none is needed.
    pub ty: Type,
    /// The whole of it.
    pub span: Span,
}

/// `name = value` before or after an operator's operands: `kind=inner`, `hint.strategy=shuffle`, `isfuzzy=true`.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name, dots included.
    pub name: Name,
    /// A literal, a name (bare words are names), or an [`ExprKind::List`].
    pub value: Expr,
    /// The whole of it.
    pub span: Span,
}

impl Expr {
    /// Nothing, at `at`.
    #[must_use]
    pub fn missing(at: usize) -> Expr {
        Expr { kind: ExprKind::Missing, span: Span::at(at) }
    }

    /// Nothing stands here; a diagnostic was given.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.kind, ExprKind::Missing)
    }

    /// The expression without the parentheses around it.
    #[must_use]
    pub fn without_parens(&self) -> &Expr {
        let mut expr = self;
        while let ExprKind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }

    /// The expression without the name that `name =` gives it.
    #[must_use]
    pub fn without_name(&self) -> &Expr {
        if let ExprKind::Named { value, .. } = &self.kind { value } else { self }
    }

    /// The name, if the expression is one bare name.
    #[must_use]
    pub fn as_name(&self) -> Option<&Name> {
        match &self.kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        }
    }
}
