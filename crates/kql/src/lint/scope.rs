//! Which columns an operator sees, and what is known of each, without binding the query.
//!
//! In: the syntax tree and the catalog. Out: a [`Scope`] for each place of a pipeline. What cannot be told cheaply is left out: a
//! column that is not in the scope is one of which nothing is known.

use std::collections::BTreeMap;

use super::top_lets;
use crate::ast::{ColumnDecl, Expr, ExprKind, Operator, OperatorKind, ParseElement, Query, TypeExprKind};
use crate::catalog::{self, Catalog};
use crate::types::{Type, Value};

/// What is known of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// Its type.
    pub(super) ty: Type,
    /// Which letters its texts have.
    pub(super) letters: Letters,
}

/// Which letters a column's texts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    /// Nothing is known.
    Unknown,
    /// A table's column, as its source wrote it.
    Raw,
    /// A table's column that holds small letters only, by its source's convention.
    LowerByConvention,
    /// A table's column known to hold letters of either case.
    Mixed,
    /// The query made them small: `tolower()`.
    Lowered,
    /// The query made them capital: `toupper()`.
    Uppered,
}

/// The known columns at one place of a pipeline.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    columns: BTreeMap<String, Fact>,
}

/// What the query's `let` statements stand for, and the catalog.
pub(super) struct Lets<'a> {
    catalog: &'a dyn Catalog,
    tables: BTreeMap<&'a str, Scope>,
}

impl<'a> Lets<'a> {
    /// The `let` statements of a query, in order: each sees those before it.
    pub(super) fn of(query: &'a Query, catalog: &'a dyn Catalog) -> Lets<'a> {
        let mut lets = Lets { catalog, tables: BTreeMap::new() };
        for (name, value) in top_lets(query) {
            let scope = lets.scope(value);
            lets.tables.insert(name, scope);
        }
        lets
    }

    /// The columns of a tabular expression.
    pub(super) fn scope(&self, expr: &Expr) -> Scope {
        match &expr.kind {
            ExprKind::Paren(inner) => self.scope(inner),
            ExprKind::Name(name) => match self.tables.get(name.text.as_str()) {
                Some(scope) => scope.clone(),
                None => self.table(&name.text),
            },
            ExprKind::Path { member, .. } => member.as_name().map(|name| self.table(&name.text)).unwrap_or_default(),
            ExprKind::Pipe { source, operators } => {
                let start = source.as_deref().map(|source| self.scope(source)).unwrap_or_default();
                operators.iter().fold(start, |scope, operator| scope.after(operator, self))
            }
            ExprKind::DataTable { columns, .. } | ExprKind::ExternalData { columns, .. } => Scope::declared(columns),
            ExprKind::Call { name, args } => match (name.text.as_str(), args.first()) {
                ("materialize" | "view", Some(inner)) => self.scope(inner),
                ("table", Some(Expr { kind: ExprKind::Literal(literal), .. })) => match &literal.value {
                    Value::String(name) => self.table(name),
                    _ => Scope::default(),
                },
                _ => Scope::default(),
            },
            _ => Scope::default(),
        }
    }

    fn table(&self, name: &str) -> Scope {
        let columns = self.catalog.table(name).map(|table| table.columns).unwrap_or_default();
        let fact = |column: &str, ty| Fact { ty, letters: letters_of(name, column) };
        Scope { columns: columns.into_iter().map(|column| (column.name.clone(), fact(&column.name, column.ty))).collect() }
    }
}

/// What is known of the letters in a table's column. Defender writes host names, hashes and account names small; Windows event
/// logs and CEF keep whatever the source wrote.
fn letters_of(table: &str, column: &str) -> Letters {
    let defender = table.starts_with("Device") || table.starts_with("Email") || table.starts_with("Alert");
    match column {
        "DeviceName"
        | "SHA1"
        | "SHA256"
        | "MD5"
        | "InitiatingProcessSHA1"
        | "InitiatingProcessSHA256"
        | "InitiatingProcessMD5"
            if defender =>
        {
            Letters::LowerByConvention
        }
        "UserPrincipalName" if table.ends_with("SigninLogs") || table.ends_with("SignInLogs") => Letters::LowerByConvention,
        "Computer"
        | "HostName"
        | "Account"
        | "TargetUserName"
        | "SubjectUserName"
        | "TargetAccount"
        | "SubjectAccount"
        | "FileHash"
        | "DestinationHostName"
        | "SourceHostName"
        | "DeviceExternalID"
        | "WorkstationName" => Letters::Mixed,
        _ => Letters::Raw,
    }
}

impl Scope {
    /// What is known of a column.
    pub(super) fn column(&self, name: &str) -> Option<Fact> {
        self.columns.get(name).copied()
    }

    fn declared(columns: &[ColumnDecl]) -> Scope {
        let fact = |column: &ColumnDecl| (column.name.text.clone(), Fact { ty: column.ty, letters: Letters::Unknown });
        Scope { columns: columns.iter().map(fact).collect() }
    }

    /// The columns after an operator.
    pub(super) fn after(mut self, operator: &Operator, lets: &Lets<'_>) -> Scope {
        use OperatorKind as K;
        match &operator.kind {
            K::As(_) | K::Consume | K::Render(_) | K::Sample(_) | K::Sort(_) | K::Take(_) | K::Top { .. } | K::Where(_) => self,
            K::ProjectReorder(_) | K::AssertSchema(_) => self,
            K::Extend(exprs) | K::Serialize(exprs) => {
                let facts = self.facts(exprs);
                self.columns.extend(facts);
                self
            }
            K::Project(exprs) | K::Print(exprs) | K::Distinct(exprs) => Scope { columns: self.facts(exprs) },
            K::ProjectAway(exprs) => self.keep(exprs, false),
            K::ProjectKeep(exprs) => self.keep(exprs, true),
            K::ProjectRename(exprs) => {
                let facts = self.facts(exprs);
                self = self.keep(exprs, false);
                self.columns.extend(facts);
                self
            }
            K::Summarize { aggregates, by, .. } => {
                let mut columns = self.facts(by);
                columns.extend(self.facts(aggregates));
                Scope { columns }
            }
            K::Join { right, .. } | K::Lookup { right, .. } => {
                for (name, fact) in lets.scope(right).columns {
                    self.columns.entry(name).or_insert(fact);
                }
                self
            }
            K::MvExpand { items, .. } => {
                for item in items {
                    let ty = match item.ty.as_ref().map(|ty| &ty.kind) {
                        Some(TypeExprKind::Scalar(ty)) => *ty,
                        _ => Type::Dynamic,
                    };
                    let name = match &item.expr.kind {
                        ExprKind::Name(name) | ExprKind::Named { name, .. } => name.text.clone(),
                        _ => continue,
                    };
                    self.columns.insert(name, Fact { ty, letters: Letters::Unknown });
                }
                self
            }
            K::Parse { pattern, .. } => {
                for element in pattern {
                    if let ParseElement::Column { name, ty } = element {
                        let ty = match ty.as_ref().map(|ty| &ty.kind) {
                            Some(TypeExprKind::Scalar(ty)) => *ty,
                            _ => Type::String,
                        };
                        self.columns.insert(name.text.clone(), Fact { ty, letters: Letters::Unknown });
                    }
                }
                self
            }
            _ => Scope::default(),
        }
    }

    /// The facts of new columns, under the names they are given.
    fn facts(&self, exprs: &[Expr]) -> BTreeMap<String, Fact> {
        let fact = |expr: &Expr| match &expr.kind {
            ExprKind::Name(name) => Some((name.text.clone(), self.fact(expr))),
            ExprKind::Named { name, value } => Some((name.text.clone(), self.fact(value))),
            ExprKind::Call { args, .. } => {
                Some((args.first()?.as_name()?.text.clone(), Fact { ty: Type::Unknown, letters: Letters::Unknown }))
            }
            _ => None,
        };
        exprs.iter().filter_map(fact).collect()
    }

    /// What is known of an expression's value.
    fn fact(&self, expr: &Expr) -> Fact {
        let of = |ty, letters| Fact { ty, letters };
        match &expr.kind {
            ExprKind::Paren(inner) => self.fact(inner),
            ExprKind::Name(name) => self.column(&name.text).unwrap_or(of(Type::Unknown, Letters::Unknown)),
            ExprKind::Literal(literal) => of(literal.ty, Letters::Unknown),
            ExprKind::Binary { .. } | ExprKind::And(_) | ExprKind::Or(_) | ExprKind::InList { .. } | ExprKind::Between { .. } => {
                of(Type::Bool, Letters::Unknown)
            }
            ExprKind::Call { name, args } => match (name.text.as_str(), args.first()) {
                ("tolower", _) => of(Type::String, Letters::Lowered),
                ("toupper", _) => of(Type::String, Letters::Uppered),
                ("tostring" | "trim", Some(inner)) => of(Type::String, self.fact(inner).letters),
                (name, _) => {
                    let function = catalog::function(name).or_else(|| catalog::aggregate(name));
                    of(function.map_or(Type::Unknown, catalog::Function::usual_type), Letters::Unknown)
                }
            },
            _ => of(Type::Unknown, Letters::Unknown),
        }
    }

    /// Keeps the columns that one of the names or wildcards means, or those that none does.
    fn keep(mut self, exprs: &[Expr], matching: bool) -> Scope {
        let means = |expr: &Expr, column: &str| match &expr.kind {
            ExprKind::Name(name) => name.text == column,
            ExprKind::Wildcard(pattern) => matches_wildcard(pattern, column),
            ExprKind::Named { value, .. } => value.as_name().is_some_and(|name| name.text == column),
            _ => false,
        };
        self.columns.retain(|column, _| exprs.iter().any(|expr| means(expr, column)) == matching);
        self
    }
}

/// `Device*Name`: `*` stands for any text.
pub(crate) fn matches_wildcard(pattern: &str, name: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Workspace;

    fn type_of(query: &str, column: &str) -> Option<Type> {
        let parsed = crate::parse(query);
        let workspace = Workspace::open();
        let lets = Lets::of(&parsed.query, &workspace);
        let last = &parsed.query.statements.last()?.kind;
        let crate::ast::StatementKind::Expr(expr) = last else { return None };
        lets.scope(expr).column(column).map(|fact| fact.ty)
    }

    #[test]
    fn types_follow_a_pipeline() {
        assert_eq!(type_of("SecurityEvent | where true", "EventID"), Some(Type::Int));
        assert_eq!(type_of("SecurityEvent | extend EventID = tostring(EventID)", "EventID"), Some(Type::String));
        assert_eq!(type_of("SecurityEvent | project Computer", "EventID"), None);
        assert_eq!(type_of("SecurityEvent | project-away Event*", "EventID"), None);
        assert_eq!(type_of("let E = SecurityEvent | project-rename Id = EventID; E | take 1", "Id"), Some(Type::Int));
        assert_eq!(type_of("SecurityEvent | summarize n = count() by EventID", "n"), Some(Type::Long));
        assert_eq!(type_of("SecurityEvent | parse EventData with * 'a' x: long", "x"), Some(Type::Long));
    }

    #[test]
    fn wildcards() {
        assert!(
            matches_wildcard("Event*", "EventID") && matches_wildcard("*ID", "EventID") && matches_wildcard("E*t*D", "EventID")
        );
        assert!(!matches_wildcard("Event*", "event") && matches_wildcard("a", "a") && !matches_wildcard("ab*ba", "aba"));
    }
}
