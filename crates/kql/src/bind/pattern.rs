//! `declare pattern`: names of rows by constant texts.
//!
//! In: the declaration, and calls `name('value').path` of it. Out: what the case with those values gives. A pattern without cases
//! is filled in by what sends the query, so calls of it are refused by Kusto with the values that are missing.

use std::rc::Rc;

use super::Binder;
use super::env::{Binding, DeclaredPattern, Env, Thing};
use super::flow::Flow;
use super::fold;
use crate::ast::{self, ExprKind as Ast, PatternCase};
use crate::diagnostic::{self, Span};
use crate::types::Type;

impl Binder<'_> {
    pub(super) fn declare_pattern(&mut self, pattern: &ast::Pattern) {
        for case in &pattern.cases {
            if case.values.len() != pattern.parameters.len() {
                let (values, names) = (case.values.len(), pattern.parameters.len());
                self.report(
                    diagnostic::WRONG_COUNT,
                    case.span,
                    format!("{values} values for the {names} arguments of the pattern"),
                );
            }
            case.values.iter().for_each(|value| {
                self.pattern_text(value);
            });
            match (&case.path, &pattern.path) {
                (Some(path), Some(_)) => {
                    self.pattern_text(path);
                }
                (Some(path), None) => self.report(diagnostic::WRONG_COUNT, path.span, "the pattern has no path"),
                (None, Some(_)) => self.report(diagnostic::WRONG_COUNT, case.span, "the pattern's path is missing: `.['path']`"),
                (None, None) => {}
            }
        }
        let declared = DeclaredPattern { pattern: pattern.clone(), env: self.env };
        let declared = Rc::new(declared);
        for case in &declared.pattern.cases {
            self.case_body(&declared.pattern.name, case, declared.env);
        }
        self.declare(&pattern.name.text, Binding::Pattern(declared), false);
    }

    /// A text written out.
    fn pattern_text(&mut self, written: &ast::Expr) -> Option<String> {
        let value = self.outside(|binder| binder.value(written));
        if value.ty != Type::String && value.ty != Type::Unknown {
            let message = format!("patterns tell texts apart, but this is a {}", value.ty);
            self.report(diagnostic::WRONG_TYPE, written.span, message);
            return None;
        }
        let text = fold::text(&value).map(str::to_owned);
        if text.is_none() && value.ty == Type::String {
            self.report(diagnostic::EXPECTED_CONSTANT, written.span, "a text must be written out here");
        }
        text
    }

    fn case_body(&mut self, name: &ast::Name, case: &PatternCase, declared: Env) -> Thing {
        let env = std::mem::replace(&mut self.env, declared);
        let thing = self.inlined(&name.text, name.span, |binder| binder.outside(|binder| binder.body(&case.body)));
        self.env = env;
        thing.unwrap_or_else(|| Thing::Table(Flow::failed()))
    }

    /// The pattern that a call, or a bare name, is of.
    pub(super) fn pattern_of(&self, target: &ast::Expr) -> Option<Rc<DeclaredPattern>> {
        let name = match &target.without_parens().kind {
            Ast::Call { name, .. } | Ast::Name(name) => name,
            _ => return None,
        };
        match &self.lookup(&name.text)?.binding {
            Binding::Pattern(pattern) => Some(pattern.clone()),
            _ => None,
        }
    }

    /// `name('value').path`, `name('value')['path']`.
    pub(super) fn pattern_member(&mut self, target: &ast::Expr, path: &ast::Expr, span: Span) -> Thing {
        let Some(pattern) = self.pattern_of(target) else { return Thing::Table(Flow::failed()) };
        let (name, args): (Span, &[ast::Expr]) = match &target.without_parens().kind {
            Ast::Call { name, args } => (name.span, args),
            _ => (target.span, &[]),
        };
        let text = match &path.kind {
            Ast::Name(name) => Some(name.text.clone()),
            _ => self.pattern_text(path),
        };
        match text {
            Some(text) => self.pattern_call(&pattern, args, Some((&text, span)), name),
            None => Thing::Table(Flow::failed()),
        }
    }

    /// What a pattern gives for these values, and this path.
    pub(super) fn pattern_call(
        &mut self,
        pattern: &Rc<DeclaredPattern>,
        args: &[ast::Expr],
        path: Option<(&str, Span)>,
        name: Span,
    ) -> Thing {
        let declared = &pattern.pattern;
        if declared.is_defined && args.len() != declared.parameters.len() {
            let (takes, given) = (declared.parameters.len(), args.len());
            let message = format!("`{}` takes {takes} arguments, but {given} are given", declared.name.text);
            self.report(diagnostic::WRONG_COUNT, name, message);
            return Thing::Table(Flow::failed());
        }
        let Some(values) = args.iter().map(|arg| self.pattern_text(arg)).collect::<Option<Vec<String>>>() else {
            return Thing::Table(Flow::failed());
        };
        let text = |expr: &ast::Expr| {
            if let Ast::Literal(literal) = &expr.without_parens().kind { literal.value.to_text() } else { String::new() }
        };
        let fits = |case: &&PatternCase| {
            let path_fits = match (&case.path, path) {
                (Some(expected), Some((path, _))) => text(expected) == path,
                (None, None) => true,
                _ => false,
            };
            path_fits
                && case.values.len() == values.len()
                && case.values.iter().zip(&values).all(|(case, value)| text(case) == *value)
        };
        if let Some(case) = declared.cases.iter().find(fits) {
            return self.case_body(&declared.name, case, pattern.env);
        }
        let quoted: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
        let path_text = path.map(|(path, _)| format!(".['{path}']")).unwrap_or_default();
        let message = format!("`{}` has no case for ({}){path_text}", declared.name.text, quoted.join(", "));
        self.report(diagnostic::NO_CASE, path.map_or(name, |(_, span)| span), message);
        Thing::Table(Flow::failed())
    }
}
