//! What names stand for that the query declares itself: `let`, parameters, `as`.
//!
//! In: declarations in order. Out: the innermost one of a name. Declarations are kept in one list, each with the one before it,
//! so that a function remembers those visible where it was written for the price of a number.

use std::rc::Rc;

use super::Binder;
use super::flow::Flow;
use crate::ast;
use crate::plan::Expr;
use crate::types::Type;

/// The innermost visible declaration.
pub(super) type Env = Option<usize>;

/// One declaration.
#[derive(Clone, Debug)]
pub(super) struct EnvNode {
    pub(super) name: String,
    pub(super) binding: Binding,
    /// It is a parameter of the function being bound: it wins over columns.
    pub(super) is_parameter: bool,
    pub(super) before: Env,
    /// How many came before it.
    depth: usize,
    /// One further before it.
    jump: Env,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Binding {
    /// A value; `scope` is that of the row whose columns it reads, if any.
    Scalar {
        /// The value.
        expr: Expr,
        /// The id of the scope whose columns it reads.
        scope: Option<usize>,
    },
    /// Rows.
    Table(Flow),
    /// A function, not yet called.
    Function(Rc<Closure>),
    /// A database or cluster of this name (`alias database`).
    Database(String),
    /// Databases, clusters or tables that `macro-expand` runs for.
    EntityGroup(EntityGroup),
    /// A pattern: which rows stand for which values.
    Pattern(Rc<DeclaredPattern>),
}

/// The members of an entity group.
pub(super) type EntityGroup = Rc<Vec<Member>>;

/// One member of an entity group.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// What the name of the group's scope stands for, for this member.
    pub(super) binding: Binding,
    /// The cluster; empty where none is named.
    pub(super) cluster: String,
    /// The database; empty where none is named.
    pub(super) database: String,
}

/// `declare pattern`, and what its bodies see.
#[derive(Debug)]
pub(super) struct DeclaredPattern {
    pub(super) pattern: ast::Pattern,
    pub(super) env: Env,
}

/// A function and what it sees.
#[derive(Debug)]
pub(super) struct Closure {
    pub(super) name: String,
    pub(super) function: Rc<ast::Function>,
    pub(super) env: Env,
    /// It comes from the catalog: its spans are not of the query's text.
    pub(super) is_stored: bool,
}

/// What an expression turned out to be.
#[derive(Clone, Debug)]
pub(super) enum Thing {
    /// A value.
    Scalar(Item),
    /// Rows.
    Table(Flow),
}

/// A value and the name that a column holding just it would get.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) name: Option<String>,
    pub(super) expr: Expr,
}

impl Item {
    /// A value without a name.
    pub(super) fn unnamed(expr: Expr) -> Item {
        Item { name: None, expr }
    }

    /// The value's type.
    pub(super) fn ty(&self) -> Type {
        self.expr.ty
    }
}

impl Binder<'_> {
    /// Declares a name from here on.
    pub(super) fn declare(&mut self, name: &str, binding: Binding, is_parameter: bool) {
        let (before, here) = (self.env, self.nodes.len());
        let depth = before.map_or(0, |before| self.nodes[before].depth + 1);
        let jump = before.map(|before| self.jump_from(before));
        self.nodes.push(EnvNode { name: name.to_owned(), binding, is_parameter, before, depth, jump });
        self.by_name.entry(name.to_owned()).or_default().push(here);
        self.env = Some(here);
    }

    /// Where the declaration behind `before` jumps to: so that the way back to any declaration takes steps by the logarithm of
    /// how many there are (Myers, "An applicative random-access stack").
    fn jump_from(&self, before: usize) -> usize {
        let node = &self.nodes[before];
        let Some(first) = node.jump else { return before };
        let second = self.nodes[first].jump.unwrap_or(first);
        let (near, far) = (node.depth - self.nodes[first].depth, self.nodes[first].depth - self.nodes[second].depth);
        if near == far { second } else { before }
    }

    /// The innermost declaration of that name.
    pub(super) fn lookup(&self, name: &str) -> Option<&EnvNode> {
        let found = self.by_name.get(name)?.iter().rev().find(|at| self.is_visible(**at))?;
        self.nodes.get(*found)
    }

    /// The declaration is one of those that came before where we are, and not of a function or block that has ended.
    fn is_visible(&self, declaration: usize) -> bool {
        let depth = self.nodes[declaration].depth;
        let mut at = self.env;
        while let Some(index) = at.filter(|index| self.nodes[*index].depth > depth) {
            let node = &self.nodes[index];
            at = node.jump.filter(|jump| self.nodes[*jump].depth >= depth).or(node.before);
        }
        at == Some(declaration)
    }

    /// All names declared, for suggestions.
    pub(super) fn declared_names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut at = self.env;
        while let Some(index) = at {
            names.push(self.nodes[index].name.as_str());
            at = self.nodes[index].before;
        }
        names
    }
}
