//! What is wrong with a query, and where: a [`Diagnostic`] is data with a code; the `render` module makes text, JSON and SARIF of
//! it.
//!
//! Comes in: a [`Code`] of the table [`CODES`], a [`Span`] and a message from the lexer, the parser or the binder. Goes out: the
//! diagnostics in the order of the text.

/// A stretch of the query's text, in bytes: `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From `start` up to, not including, `end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// The empty place at `at`.
    #[must_use]
    pub fn at(at: usize) -> Span {
        Span { start: at, end: at }
    }

    /// The shortest span that holds both.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// How many bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Nothing is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The text it stands for; empty where it does not fit the text.
    #[must_use]
    pub fn text(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Kusto would refuse the query.
    Error,
    /// The query runs, but probably not as meant, or slowly.
    Warning,
    /// A remark.
    Info,
}

impl Severity {
    /// `error`, `warning`, `info`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// One kind of mistake. Its id is never given to another kind, even when this one is retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `K` and four digits: K00 syntax, K01 and K02 names and types, K09 warnings.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of mistake it is, in a few words.
    pub title: &'static str,
    /// What to do about it, where nothing more exact can be said.
    pub help: Option<&'static str>,
}

/// One mistake at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The id of its [`Code`]: `K0001` …
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line, lower case, without full stop.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Other places that explain it.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

/// A place that explains a mistake elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be seen there.
    pub message: String,
}

impl Diagnostic {
    /// A mistake of that kind at that place.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        let help = code.help.map(str::to_owned);
        Diagnostic { code: code.id, severity: code.severity, message: message.into(), span, labels: Vec::new(), help }
    }

    /// The same with a further place.
    #[must_use]
    pub fn with_label(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Kusto would refuse the query for it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// It is a mistake of syntax: codes K0001 to K0099.
    #[must_use]
    pub fn is_syntax(&self) -> bool {
        self.code.starts_with("K00")
    }
}

/// Names each code once and lists them all in [`CODES`].
macro_rules! codes {
    (@help) => { None };
    (@help $help:literal) => { Some($help) };
    ($($(#[$doc:meta])* $name:ident = $id:literal $severity:ident $title:literal $(, $help:literal)?;)*) => {
        $($(#[$doc])* pub const $name: Code =
            Code { id: $id, severity: Severity::$severity, title: $title, help: codes!(@help $($help)?) };)*

        /// Every code there is, in order of id.
        pub const CODES: &[Code] = &[$($name),*];
    };
}

codes! {
    /// A string literal that the end of the line or of the query cuts short.
    UNTERMINATED_STRING = "K0001" Error "string without its closing quote";
    /// A character that begins no token.
    UNKNOWN_CHARACTER = "K0002" Error "character that is no part of KQL";
    /// A backslash before a character that it does not escape.
    BAD_ESCAPE = "K0003" Error "unknown escape in a string";
    /// A token where another thing must stand.
    EXPECTED = "K0004" Error "something else is expected here";
    /// Text after the end of a statement.
    TRAILING = "K0005" Error "text after the end of the statement";
    /// A word after a pipe that is no tabular operator.
    UNKNOWN_OPERATOR = "K0006" Error "no such tabular operator";
    /// A bracket, brace or parenthesis that is not closed.
    UNCLOSED = "K0007" Error "opening bracket without its closing one";
    /// Brackets within brackets, deeper than any sensible query.
    TOO_DEEP = "K0008" Error "nested too deeply";
    /// A type that Kusto does not have.
    UNKNOWN_TYPE = "K0010" Error "no such type";
    /// A parameter that the operator does not take, or in a place where it takes none.
    BAD_PARAMETER = "K0012" Error "parameter that this operator does not take";
    /// Two statements without a semicolon between them.
    MISSING_SEMICOLON = "K0013" Error "statements without a semicolon between";
    /// A literal that is cut short: `datetime(` without its parenthesis.
    UNTERMINATED_LITERAL = "K0014" Error "literal without its closing parenthesis";
    /// More mistakes than anyone reads: the rest is counted only.
    TOO_MANY = "K0016" Error "too many mistakes";
    /// A name that is no column, variable or function here.
    UNKNOWN_NAME = "K0101" Error "no such name";
    /// A table that the catalog does not know.
    UNKNOWN_TABLE = "K0102" Error "no such table";
    /// A function that does not exist.
    UNKNOWN_FUNCTION = "K0103" Error "no such function";
    /// Too few or too many arguments, or names for results.
    WRONG_COUNT = "K0104" Error "wrong number of arguments";
    /// An argument that its parameter does not take.
    WRONG_ARGUMENT = "K0105" Error "wrong kind of argument";
    /// An operator between types that do not go together.
    WRONG_OPERAND = "K0106" Error "operator does not apply to these types";
    /// Two columns of one name from one operator.
    DUPLICATE_COLUMN = "K0107" Error "column twice", "give one of them another name: `Other = …`";
    /// An aggregation function outside `summarize` and its kin, or within another.
    AGGREGATE_HERE = "K0108" Error "aggregation function in the wrong place", "aggregate the rows first: `| summarize … by …`";
    /// A column that `summarize` neither aggregates nor groups by.
    NOT_AGGREGATED = "K0109" Error "neither aggregated nor grouped by";
    /// Rows where a value must be.
    EXPECTED_VALUE = "K0110" Error "a value is needed";
    /// A value where rows must be.
    EXPECTED_TABLE = "K0111" Error "rows are needed", "name a table, or write a query here";
    /// A value that is settled only when the query runs, where it must be known before.
    EXPECTED_CONSTANT = "K0112" Error "a constant is needed", "write the value out, or declare it with `let` of constants alone";
    /// An expression where a column's name must be.
    EXPECTED_COLUMN = "K0113" Error "a column is needed", "make it a column first: `| extend Name = …`";
    /// A value of another type than must be.
    WRONG_TYPE = "K0114" Error "wrong type";
    /// A window function over rows in no order.
    NOT_SERIALIZED = "K0115" Error "rows are in no order";
    /// A dynamic to group, sort or tell apart by.
    DYNAMIC_KEY = "K0116" Error "a dynamic cannot be a key";
    /// A join condition that is none.
    JOIN_CONDITION = "K0117" Error "no condition that joins", "say which columns must be equal: `on Key`, or `on $left.A == $right.B`";
    /// Join keys of types that are never equal.
    JOIN_TYPES = "K0118" Error "join keys of different types";
    /// A plugin that does not exist.
    UNKNOWN_PLUGIN = "K0119" Error "no such plugin";
    /// A stored function that calls itself.
    RECURSION = "K0120" Error "function calls itself", "take the call of itself out of the function";
    /// An argument by a name that no parameter has.
    UNKNOWN_PARAMETER = "K0121" Error "no such parameter";
    /// A value that a parameter of an operator does not take.
    BAD_OPTION = "K0122" Error "no such option";
    /// A name that is declared twice.
    DUPLICATE_NAME = "K0123" Error "name declared twice", "keep one of them, or give this one another name";
    /// Rows without a column that is needed.
    MISSING_COLUMN = "K0124" Error "column is missing", "make the column first, with that name and type: `| extend Name = …`";
    /// Values of a `datatable` that do not fill its rows.
    VALUE_COUNT = "K0125" Error "values do not fill the rows", "add the values that are missing, or take out those too many";
    /// A value that depends on a row which a subquery does not see.
    OUTER_ROW = "K0126" Error "value of another row", "use a join: the subquery is the same for all rows";
    /// A query that grows beyond what can be run.
    TOO_LARGE = "K0127" Error "query too large", "make the rows once with `materialize(…)`, or split the query";
    /// Something that cannot stand where it does.
    MISPLACED = "K0128" Error "not allowed here";
    /// A member of a value that has none.
    NO_MEMBERS = "K0129" Error "value has no members";
    /// An operator without rows to read.
    NO_INPUT = "K0130" Error "no rows to read", "begin with a table: `Table | …`";
    /// Rows where a graph must be.
    EXPECTED_GRAPH = "K0131" Error "a graph is needed";
    /// A graph pattern whose nodes and edges do not take turns.
    GRAPH_PATTERN = "K0132" Error "no such graph pattern", "nodes and edges take turns: `(a)-[e]->(b)`";
    /// The call of a pattern that has no case for these values.
    NO_CASE = "K0133" Error "no case of the pattern fits", "add the case to the `declare pattern`, or call one of those that are there";
    /// A member of an entity group that is no cluster, database or table, or not of the kind of the others.
    WRONG_ENTITY = "K0134" Error "wrong member of an entity group", "name members of one kind: databases, or clusters, or tables";
    /// A constant that must be a regular expression and is none.
    BAD_REGEX = "K0135" Error "no regular expression", "write a sign that stands for itself with a backslash, in `@'…'`: `@'\\('`";
    /// A literal whose content its type cannot read.
    BAD_LITERAL = "K0190" Error "literal that cannot be read";
    /// A table of events read from its first day to its last.
    NO_TIME_FILTER = "K0901" Warning "no time filter";
    /// `contains` with a whole term.
    CONTAINS_TERM = "K0902" Warning "contains where has would do";
    /// `search`, `find` or `union` over every table.
    EVERY_TABLE = "K0903" Warning "reads every table";
    /// A regular expression that matches nothing.
    DEAD_REGEX = "K0904" Warning "regular expression that cannot match", "try the expression alone: `print 'a text' matches regex …`";
    /// A column compared with a constant of a type that its values never have.
    CONSTANT_TYPE = "K0905" Warning "column compared with a constant of another type";
    /// A join on columns whose texts are written in different letters.
    JOIN_CASE = "K0906" Warning "join on columns of different case";
    /// A predicate that no row fulfils.
    NEVER_TRUE = "K0907" Warning "predicate that is never true", "did you mean `or`?";
    /// More values than an operator takes.
    LONG_LIST = "K0908" Warning "list over Kusto's limit";
    /// More characters than an analytics rule takes.
    LONG_QUERY = "K0909" Warning "query over 10,000 characters";
    /// A function under its old name.
    OLD_NAME = "K0910" Info "old name of a function";
    /// A column that the reference of its table does not list.
    UNLISTED_COLUMN = "K0918" Warning "column that the reference does not list", "see the columns that rows have with `| getschema`";
    /// `count(x)`, which counts all rows.
    COUNT_ARGUMENT = "K0919" Warning "argument of count";
    /// A table of a fuzzy union that does not exist.
    FUZZY_TABLE = "K0920" Warning "table of a fuzzy union is missing", "correct its name, or take it out of the union";
    /// `ingestion_time()` over rows that do not have it.
    NO_INGESTION_TIME = "K0921" Warning "rows without a time of ingestion", "use `TimeGenerated`, the time of the event";
    /// `where x = 1`, which compares nothing.
    NAMED_CONDITION = "K0922" Warning "condition with a name";
    /// A table of Sentinel or Defender that none of the logs at hand fill.
    UNFILLED_TABLE = "K0923" Warning "no file fills the table";
    /// A length of time whose hours are so many that they are days.
    HOURS_AS_DAYS = "K0924" Warning "hours that are days";
    /// A table that the reference does not list, though it lists one of that name but for a slip.
    UNLISTED_TABLE = "K0925" Warning "table that the reference does not list";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(CODES.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(CODES.iter().all(|code| code.id.len() == 5 && code.id.starts_with('K')));
    }
}
