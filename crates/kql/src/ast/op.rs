//! The operators of scalar expressions and how Kusto spells them.

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`.
    Minus,
    /// `+`.
    Plus,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the spelling of each is in `text`")]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    EqualTilde,
    NotEqualTilde,
    Has,
    NotHas,
    HasCs,
    NotHasCs,
    HasPrefix,
    NotHasPrefix,
    HasPrefixCs,
    NotHasPrefixCs,
    HasSuffix,
    NotHasSuffix,
    HasSuffixCs,
    NotHasSuffixCs,
    Contains,
    NotContains,
    ContainsCs,
    NotContainsCs,
    StartsWith,
    NotStartsWith,
    StartsWithCs,
    NotStartsWithCs,
    EndsWith,
    NotEndsWith,
    EndsWithCs,
    NotEndsWithCs,
    Like,
    NotLike,
    LikeCs,
    NotLikeCs,
    MatchesRegex,
    /// `:` in `search`.
    SearchHas,
}

impl BinaryOp {
    /// Kusto's spelling: `!has_cs`, `==`; of several (`notcontains`, `<>`), the current one.
    #[must_use]
    pub fn text(self) -> &'static str {
        use BinaryOp as B;
        match self {
            B::Add => "+",
            B::Subtract => "-",
            B::Multiply => "*",
            B::Divide => "/",
            B::Modulo => "%",
            B::Equal => "==",
            B::NotEqual => "!=",
            B::Less => "<",
            B::LessOrEqual => "<=",
            B::Greater => ">",
            B::GreaterOrEqual => ">=",
            B::EqualTilde => "=~",
            B::NotEqualTilde => "!~",
            B::Has => "has",
            B::NotHas => "!has",
            B::HasCs => "has_cs",
            B::NotHasCs => "!has_cs",
            B::HasPrefix => "hasprefix",
            B::NotHasPrefix => "!hasprefix",
            B::HasPrefixCs => "hasprefix_cs",
            B::NotHasPrefixCs => "!hasprefix_cs",
            B::HasSuffix => "hassuffix",
            B::NotHasSuffix => "!hassuffix",
            B::HasSuffixCs => "hassuffix_cs",
            B::NotHasSuffixCs => "!hassuffix_cs",
            B::Contains => "contains",
            B::NotContains => "!contains",
            B::ContainsCs => "contains_cs",
            B::NotContainsCs => "!contains_cs",
            B::StartsWith => "startswith",
            B::NotStartsWith => "!startswith",
            B::StartsWithCs => "startswith_cs",
            B::NotStartsWithCs => "!startswith_cs",
            B::EndsWith => "endswith",
            B::NotEndsWith => "!endswith",
            B::EndsWithCs => "endswith_cs",
            B::NotEndsWithCs => "!endswith_cs",
            B::Like => "like",
            B::NotLike => "notlike",
            B::LikeCs => "likecs",
            B::NotLikeCs => "notlikecs",
            B::MatchesRegex => "matches regex",
            B::SearchHas => ":",
        }
    }
}

/// An operator whose right side is a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the spelling of each is in `text`")]
pub enum ListOp {
    In,
    NotIn,
    InTilde,
    NotInTilde,
    HasAny,
    HasAll,
}

impl ListOp {
    /// Kusto's spelling: `!in~`.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            ListOp::In => "in",
            ListOp::NotIn => "!in",
            ListOp::InTilde => "in~",
            ListOp::NotInTilde => "!in~",
            ListOp::HasAny => "has_any",
            ListOp::HasAll => "has_all",
        }
    }
}
