//! Random queries that bind: expressions by the signatures of the catalog, operators over whatever columns there are.
//!
//! In: a source of choices. Out: text. What an operator needs to know of the rows before it (names and types of columns) the binder
//! says; an operator that does not bind is thrown away and another one tried.

use kql::catalog::{Kind, MustBe, Parameter, Returns, Signature, Workspace};
use kql::{Column, Type};

use super::chance::Chance;
use super::tables::{STRINGS, TABLES, TYPES};

/// Writes queries over the tables of a workspace.
pub(crate) struct Generator<'a> {
    pub(crate) chance: Chance,
    workspace: &'a Workspace,
    calls: Vec<(&'static str, &'static Signature)>,
    aggregates: Vec<(&'static str, &'static Signature)>,
}

/// Functions that are no function of their arguments, or that look at the machine.
const LEFT_OUT: &[&str] = &["rand", "new_guid", "assert"];

impl<'a> Generator<'a> {
    /// A generator of that seed.
    pub(crate) fn new(seed: u64, workspace: &'a Workspace) -> Generator<'a> {
        let calls = kql::catalog::functions()
            .iter()
            .filter(|(name, _)| engine::function::find(name).is_some() && !LEFT_OUT.contains(&name.as_str()))
            .flat_map(|(name, function)| function.signatures.iter().map(|signature| (name.as_str(), signature)))
            .filter(|(_, signature)| signature.parameters.iter().all(is_writable))
            .collect();
        let aggregates = kql::catalog::aggregates()
            .iter()
            .filter(|(name, _)| engine::aggregate::find(name).is_some())
            .flat_map(|(name, function)| function.signatures.iter().map(|signature| (name.as_str(), signature)))
            .filter(|(_, signature)| signature.parameters.iter().all(is_writable))
            .collect();
        Generator { chance: Chance::new(seed), workspace, calls, aggregates }
    }

    /// A query that binds, with up to `operators` operators.
    pub(crate) fn query(&mut self, operators: usize) -> String {
        let mut query = self.source();
        for _ in 0..self.chance.below(operators + 1) {
            query = self.longer(&query);
        }
        query
    }

    /// One of the tables, or rows out of nothing.
    pub(crate) fn source(&mut self) -> String {
        match self.chance.below(12) {
            0 => format!("range x from {} to {} step {}", self.chance.below(9), self.chance.below(40), 1 + self.chance.below(3)),
            1 => "print k = 1, name = 'alpha', dynamic_ = dynamic([1, 2])".to_owned(),
            _ => (*self.chance.of(&TABLES)).to_owned(),
        }
    }

    /// The query with one more operator that binds; itself if none of many does.
    pub(crate) fn longer(&mut self, query: &str) -> String {
        let Some(columns) = self.columns(query) else { return query.to_owned() };
        for _ in 0..20 {
            let operator = self.operator(&columns);
            let longer = format!("{query}\n| {operator}");
            if self.columns(&longer).is_some() {
                return longer;
            }
        }
        query.to_owned()
    }

    /// The columns of a query's first result; `None` if it does not bind.
    pub(crate) fn columns(&self, query: &str) -> Option<Vec<Column>> {
        let parsed = kql::parse(query);
        let options = kql::bind::Options { now: 0, opened: Vec::new() };
        let bound = kql::bind(&parsed.query, self.workspace, &options);
        let failed = parsed.diagnostics.iter().chain(&bound.diagnostics).any(kql::Diagnostic::is_error);
        let columns = bound.query.outputs.first().map(|output| output.rel.columns.clone())?;
        (!failed && !columns.is_empty()).then_some(columns)
    }

    /// An operator over rows of those columns.
    fn operator(&mut self, columns: &[Column]) -> String {
        let any = |this: &mut Self| quoted(&this.chance.of(columns).name);
        match self.chance.below(34) {
            0..=5 => format!("where {}", self.expr(columns, Type::Bool, 3)),
            6..=10 => format!("extend e{} = {}", self.chance.below(4), self.any_expr(columns, 3)),
            11 => format!("extend {} = {}, e9 = {}", any(self), self.any_expr(columns, 2), self.any_expr(columns, 2)),
            12 => format!("project p0 = {}, {}, p1 = {}", self.any_expr(columns, 2), any(self), self.any_expr(columns, 2)),
            13..=16 => self.summarize(columns),
            17 => format!("distinct {}, {}", any(self), any(self)),
            18 => format!("sort by {} {}, {}", any(self), self.chance.of(&["asc", "desc", "asc nulls last"]), any(self)),
            19 => format!("top {} by {}", self.chance.below(20), any(self)),
            20 => format!("take {}", self.chance.below(30)),
            21..=22 => self.join(columns),
            23 => format!("union withsource = source{} ({})", self.chance.below(3), self.side()),
            24 => format!("mv-expand {}", any(self)),
            25 => {
                format!("mv-apply z = {} on (summarize c = count(), m = max(tostring(z)))", self.expr(columns, Type::Dynamic, 2))
            }
            26 => format!("parse {} with * 'a' p:string ' ' q:long *", self.expr(columns, Type::String, 1)),
            27 => format!(
                "make-series s = {} on {} step {}",
                self.aggregate(columns),
                any(self),
                self.of_type(columns, Type::TimeSpan, 0)
            ),
            28 => self.series(columns),
            29 => self.window(columns),
            30 => self.partition(columns),
            31 => format!("top-nested {} of {} by {}", self.chance.below(4), any(self), self.aggregate(columns)),
            32 => self.rare(columns),
            _ => format!("project-away {}", any(self)),
        }
    }

    fn rare(&mut self, columns: &[Column]) -> String {
        let any = |this: &mut Self| quoted(&this.chance.of(columns).name);
        match self.chance.below(13) {
            0 => "count".to_owned(),
            1 => format!("sample {}", self.chance.below(9)),
            2 => format!("sample-distinct {} of {}", self.chance.below(9), any(self)),
            3 => format!("top-hitters {} of {}", self.chance.below(9), any(self)),
            4 => "getschema".to_owned(),
            5 => format!("project-reorder {}, *", any(self)),
            6 => format!("project-rename renamed = {}", any(self)),
            7 => "evaluate narrow()".to_owned(),
            8 => format!("parse-kv {} as (a:long, b:string) with (pair_delimiter=',', kv_delimiter='=')", any(self)),
            9 => format!("where {} in ((Right | project {}))", any(self), any(self)),
            10 => format!("lookup ({}) on k", self.side()),
            11 => format!("search '{}'", self.chance.of(&["alpha", "a", "x*"])),
            _ => format!("parse-where kind = regex {} with '[a-z]+' p:string 'a' *", any(self)),
        }
    }

    fn summarize(&mut self, columns: &[Column]) -> String {
        let aggregates: Vec<String> =
            (0..1 + self.chance.below(2)).map(|at| format!("a{at} = {}", self.aggregate(columns))).collect();
        let key = match self.chance.below(4) {
            0 => String::new(),
            1 => format!(" by {}", quoted(&self.chance.of(columns).name)),
            2 => format!(" by {}, {}", quoted(&self.chance.of(columns).name), self.any_expr(columns, 1)),
            _ => format!(" by key = {}", self.any_expr(columns, 2)),
        };
        format!("summarize {}{key}", aggregates.join(", "))
    }

    fn join(&mut self, columns: &[Column]) -> String {
        const KINDS: [&str; 9] =
            ["innerunique", "inner", "leftouter", "rightouter", "fullouter", "leftsemi", "rightsemi", "leftanti", "rightanti"];
        let kind = self.chance.of(&KINDS);
        let left = self.chance.of(columns).clone();
        let right = ["k", "name", "int_", "real_", "datetime_", "guid_", "string_", "decimal_", "bool_"];
        format!("join kind = {kind} ({}) on $left.{} == $right.{}", self.side(), quoted(&left.name), self.chance.of(&right))
    }

    /// A short query of its own.
    fn side(&mut self) -> String {
        match self.chance.below(3) {
            0 => "Right".to_owned(),
            1 => format!("Left | where {}", "k >= 0 and isnotempty(name)"),
            _ => format!("Right | top {} by k asc, name", 1 + self.chance.below(50)),
        }
    }

    fn series(&mut self, columns: &[Column]) -> String {
        let aggregate = self.aggregate(columns);
        let key = quoted(&self.chance.of(columns).name);
        let axis = match self.chance.below(2) {
            0 => format!("{} from datetime(2024-01-01) to datetime(2024-01-03) step {}h", "datetime_", 1 + self.chance.below(9)),
            _ => format!("k from 0 to {} step {}", self.chance.below(30), 1 + self.chance.below(3)),
        };
        format!("make-series s = {aggregate} default = 0 on {axis} by {key}")
    }

    fn window(&mut self, columns: &[Column]) -> String {
        let column = quoted(&self.chance.of(columns).name);
        let call = match self.chance.below(6) {
            0 => format!("prev({column}, {})", 1 + self.chance.below(3)),
            1 => format!("next({column})"),
            2 => "row_number()".to_owned(),
            3 => "row_cumsum(k)".to_owned(),
            4 => format!("row_rank_dense({column})"),
            _ => "row_window_session(datetime_, 1h, 5m)".to_owned(),
        };
        format!("sort by {column} asc\n| extend w = {call}")
    }

    fn partition(&mut self, columns: &[Column]) -> String {
        let key = quoted(&self.chance.of(columns).name);
        let inner = match self.chance.below(4) {
            0 => format!("summarize {}", self.aggregate(columns)),
            1 => format!("top 2 by {}", quoted(&self.chance.of(columns).name)),
            2 => format!("where {}", self.expr(columns, Type::Bool, 2)),
            _ => format!("extend e = {} | project e", self.any_expr(columns, 2)),
        };
        format!("partition by {key} ({inner})")
    }

    fn aggregate(&mut self, columns: &[Column]) -> String {
        let at = self.chance.below(self.aggregates.len());
        let (name, signature) = self.aggregates[at];
        self.written(columns, name, signature, None, 2)
    }

    fn any_expr(&mut self, columns: &[Column], depth: usize) -> String {
        let ty = *self.chance.of(&TYPES);
        self.expr(columns, ty, depth)
    }

    /// An expression of a type, most of the time: of what a call gives only the binder is sure.
    pub(crate) fn expr(&mut self, columns: &[Column], ty: Type, depth: usize) -> String {
        if depth == 0 || self.chance.once_in(4) {
            return self.of_type(columns, ty, 0);
        }
        if self.chance.once_in(3)
            && let Some(text) = self.operation(columns, ty, depth - 1)
        {
            return text;
        }
        let fits = |(_, signature): &&(&'static str, &'static Signature)| match &signature.returns {
            Returns::Type(returned) => *returned == ty,
            Returns::SameAs(at) | Returns::WidenedFrom(at) => signature.parameters.get(*at).is_some_and(|p| takes(&p.kind, ty)),
            Returns::Common | Returns::Widest => ty != Type::Dynamic,
            _ => false,
        };
        let fitting: Vec<_> = self.calls.iter().filter(fits).copied().collect();
        if fitting.is_empty() {
            return self.of_type(columns, ty, 0);
        }
        let (name, signature) = *self.chance.of(&fitting);
        self.written(columns, name, signature, Some(ty), depth - 1)
    }

    /// An operator between values.
    fn operation(&mut self, columns: &[Column], ty: Type, depth: usize) -> Option<String> {
        let side = |this: &mut Self, ty| this.expr(columns, ty, depth);
        Some(match ty {
            Type::Bool => match self.chance.below(7) {
                0 => format!("({} and {})", side(self, ty), side(self, ty)),
                1 => format!("({} or {})", side(self, ty), side(self, ty)),
                2 => format!("not({})", side(self, ty)),
                3 => {
                    let of = *self.chance.of(&TYPES);
                    let operator = *self.chance.of(&["==", "!=", "<", ">="]);
                    format!("({} {operator} {})", side(self, of), side(self, of))
                }
                4 => {
                    let of = *self.chance.of(&[Type::Long, Type::Real, Type::DateTime, Type::TimeSpan]);
                    format!("({} between ({} .. {}))", side(self, of), side(self, of), side(self, of))
                }
                5 => {
                    let of = *self.chance.of(&TYPES);
                    format!("({} in ({}, {}))", side(self, of), literal(&mut self.chance, of), side(self, of))
                }
                _ => {
                    let operator = *self.chance.of(&TEXT_OPERATORS);
                    let right = literal(&mut self.chance, Type::String);
                    match operator {
                        "has_any" | "has_all" | "in~" => format!("({} {operator} ({right}, 'a'))", side(self, Type::String)),
                        _ => format!("({} {operator} {right})", side(self, Type::String)),
                    }
                }
            },
            Type::Long | Type::Real | Type::Int | Type::Decimal => {
                let operator = *self.chance.of(&["+", "-", "*", "/", "%"]);
                format!("({} {operator} {})", side(self, ty), side(self, ty))
            }
            Type::DateTime => format!("({} {} {})", side(self, ty), self.chance.of(&["+", "-"]), side(self, Type::TimeSpan)),
            Type::TimeSpan => format!("({} - {})", side(self, Type::DateTime), side(self, Type::DateTime)),
            Type::Dynamic => {
                let index = *self.chance.of(&["[0]", "[-1]", ".a", "['a']", "[k]"]);
                format!("{}{index}", self.of_type(columns, Type::Dynamic, 1))
            }
            Type::String | Type::Guid | Type::Unknown => return None,
        })
    }

    /// A column or a constant of that type; with `columns_only`, a column if there is one.
    fn of_type(&mut self, columns: &[Column], ty: Type, columns_only: usize) -> String {
        let fitting: Vec<&Column> = columns.iter().filter(|column| column.ty == ty).collect();
        if fitting.is_empty() || columns_only == 0 && self.chance.once_in(3) {
            return literal(&mut self.chance, ty);
        }
        quoted(&self.chance.of(&fitting).name)
    }

    /// A call with arguments for its parameters. `wanted` is the type that parameters of a common type get.
    fn written(&mut self, columns: &[Column], name: &str, signature: &Signature, wanted: Option<Type>, depth: usize) -> String {
        let mut args = Vec::new();
        let mut at = 0;
        while let Some(parameter) = signature.parameters.get(at) {
            // Neighbors that repeat, repeat together.
            let group = signature.parameters[at..].iter().take_while(|p| p.most > 1).count().max(1);
            let most = parameter.most.min(parameter.least + 2);
            let times = parameter.least + self.chance.below(most - parameter.least + 1);
            for _ in 0..times {
                for parameter in &signature.parameters[at..at + group] {
                    args.push(self.argument(columns, parameter, wanted, depth));
                }
            }
            at += group;
        }
        format!("{name}({})", args.join(", "))
    }

    fn argument(&mut self, columns: &[Column], parameter: &Parameter, wanted: Option<Type>, depth: usize) -> String {
        if let Some(values) = parameter.values {
            return format!("'{}'", self.chance.of(values));
        }
        let fitting: Vec<Type> = TYPES.into_iter().filter(|ty| takes(&parameter.kind, *ty)).collect();
        let is_common = matches!(parameter.kind, Kind::Common | Kind::CommonOrDynamic | Kind::CommonOrderable);
        let ty = match wanted {
            Some(ty) if fitting.contains(&ty) && (is_common || self.chance.once_in(2)) => ty,
            _ if fitting.is_empty() => return format!("typeof({})", self.chance.of(&TYPES).name()),
            _ => *self.chance.of(&fitting),
        };
        match (parameter.name.as_str(), parameter.must_be) {
            ("regex" | "lookup_regex", _) => format!("@'{}'", self.chance.of(&REGEXES)),
            ("jsonPath", _) => "'$.a.b[0]'".to_owned(),
            ("timezone", _) => "'Europe/Paris'".to_owned(),
            ("parser", _) => "'windows'".to_owned(),
            // An array of a million is fine, sixty of them take their time.
            ("count" | "stop", _) => self.chance.below(9).to_string(),
            (_, MustBe::Expression) => self.expr(columns, ty, depth),
            (_, MustBe::Column) => self.of_type(columns, ty, 1),
            _ => literal(&mut self.chance, ty),
        }
    }
}

/// Whether the generator knows what to write for the parameter.
fn is_writable(parameter: &Parameter) -> bool {
    let forms =
        [MustBe::Expression, MustBe::Constant, MustBe::Literal, MustBe::LiteralNotEmpty, MustBe::Column, MustBe::MayBeStar];
    !matches!(parameter.kind, Kind::Table | Kind::Any) && forms.contains(&parameter.must_be)
}

/// Whether a parameter of that kind takes a value of that type.
fn takes(kind: &Kind, ty: Type) -> bool {
    match kind {
        Kind::Type(one) => *one == ty,
        Kind::Number => ty.is_numeric(),
        Kind::Integer => matches!(ty, Type::Int | Type::Long),
        Kind::Summable => ty.is_numeric() || matches!(ty, Type::DateTime | Type::TimeSpan),
        Kind::Scalar | Kind::Common | Kind::CommonOrDynamic | Kind::Any => true,
        Kind::NotDynamic => ty != Type::Dynamic,
        Kind::Orderable | Kind::CommonOrderable => !matches!(ty, Type::Dynamic | Type::Bool | Type::Guid),
        Kind::Array | Kind::Bag => ty == Type::Dynamic,
        Kind::StringOrDynamic | Kind::StringOrArray => matches!(ty, Type::String | Type::Dynamic),
        Kind::IntegerOrArray => matches!(ty, Type::Int | Type::Long | Type::Dynamic),
        Kind::NumberOrBool => ty.is_numeric() || ty == Type::Bool,
        Kind::NotRealOrBool => !matches!(ty, Type::Real | Type::Bool),
        Kind::Table | Kind::TypeLiteral => false,
    }
}

const TEXT_OPERATORS: [&str; 14] = [
    "has",
    "!has",
    "has_cs",
    "contains",
    "contains_cs",
    "startswith",
    "!endswith",
    "hasprefix",
    "hassuffix",
    "=~",
    "!~",
    "has_any",
    "has_all",
    "in~",
];

const REGEXES: [&str; 6] = ["[a-z]+", "(\\w+) (\\w+)", "^$", "(a|b)*", "\\d{1,3}(\\.\\d+)?", "."];

/// A name as any column can be written.
pub(crate) fn quoted(name: &str) -> String {
    format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A constant of a type.
fn literal(chance: &mut Chance, ty: Type) -> String {
    let of = |chance: &mut Chance, texts: &[&str]| (*chance.of(texts)).to_owned();
    match ty {
        Type::Bool => of(chance, &["true", "false", "bool(null)"]),
        Type::DateTime => of(
            chance,
            &["datetime(2024-02-29)", "datetime(null)", "datetime(0001-01-01)", "datetime(9999-12-31 23:59:59.9999999)"],
        ),
        Type::Decimal => of(chance, &["decimal(0)", "decimal(1.5)", "decimal(null)", "decimal(-1e30)"]),
        Type::Dynamic => of(
            chance,
            &[
                "dynamic([3,1,2])",
                "dynamic({\"a\":{\"b\":[1]}})",
                "dynamic(null)",
                "dynamic([])",
                "dynamic(\"x\")",
                "dynamic([[1,2],[\"a\",null]])",
                "dynamic([1.5,-2,1e300])",
            ],
        ),
        Type::Guid => of(chance, &["guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid(null)"]),
        Type::Int => of(chance, &["int(0)", "int(3)", "int(null)", "int(-2147483648)", "int(2147483647)"]),
        Type::Long | Type::Unknown => {
            of(chance, &["0", "1", "2", "17", "-1", "long(null)", "9223372036854775807", "long(-9223372036854775808)"])
        }
        Type::Real => of(chance, &["0.0", "1.5", "-0.1", "real(nan)", "real(+inf)", "real(-inf)", "real(null)", "1e308"]),
        Type::String => format!("@'{}'", chance.of(&STRINGS).replace('\'', "''")),
        Type::TimeSpan => {
            of(chance, &["1h", "1d", "0s", "timespan(null)", "1tick", "time(-3.01:00:00)", "timespan(10675199.02:48:05.4775807)"])
        }
    }
}
