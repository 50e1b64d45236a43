//! `parse`, `parse-where` and `parse-kv`.
//!
//! In: rows, a text, and a pattern or keys. Out: the rows with a column for each part found.

use super::super::Binder;
use super::super::flow::Flow;
use super::super::fold;
use super::super::neighbors::with_windows;
use super::{param, written};
use crate::ast::{self, ColumnDecl, Param, ParseElement, TypeExprKind};
use crate::diagnostic;
use crate::plan::{ParseItem, ParseMode, RelKind};
use crate::types::{Column, Type};

impl Binder<'_> {
    pub(super) fn parse(
        &mut self,
        input: &Flow,
        only_matches: bool,
        text: &ast::Expr,
        pattern: &[ParseElement],
        params: &[Param],
    ) -> Flow {
        let mut text = self.in_order(input, |binder| binder.value_of(text, Type::String, "the text"));
        let (own, input) = (input.columns().len(), &with_windows(input, [&mut text]));
        let mode = match param(params, "kind").as_deref() {
            Some("regex") => ParseMode::Regex,
            Some("relaxed") => ParseMode::Relaxed,
            _ => ParseMode::Simple,
        };
        self.check_pattern(pattern);
        let mut columns = input.columns().to_vec();
        let mut parts = Vec::with_capacity(pattern.len());
        for element in pattern {
            parts.push(match element {
                ParseElement::Skip(_) => ParseItem::Skip,
                ParseElement::Text(text) => {
                    let value = self.value_of(text, Type::String, "a part of the pattern");
                    match fold::text(&value) {
                        Some(text) => ParseItem::Text(text.to_owned()),
                        None => {
                            if value.ty != Type::Unknown {
                                self.report(
                                    diagnostic::EXPECTED_CONSTANT,
                                    text.span,
                                    "a part of the pattern must be a constant text",
                                );
                            }
                            ParseItem::Skip
                        }
                    }
                }
                ParseElement::Column { name, ty } => {
                    let ty = match ty.as_ref().map(|ty| &ty.kind) {
                        Some(TypeExprKind::Scalar(ty)) if *ty != Type::Unknown => *ty,
                        _ => Type::String,
                    };
                    ParseItem::Column(place(&mut columns, &name.text, ty))
                }
            });
        }
        if mode == ParseMode::Regex {
            self.check_parse_regex(&parts, pattern);
        }
        let flags = param(params, "flags").unwrap_or_default();
        let kind = RelKind::Parse { input: input.rel.clone(), text, mode, flags, pattern: parts, only_matches };
        input.with_columns(kind, columns, input.rel.open).without(own, input.columns().len())
    }

    /// Where a text column ends must be said by a text after it.
    fn check_pattern(&mut self, pattern: &[ParseElement]) {
        for pair in pattern.windows(2) {
            let [ParseElement::Column { name, ty }, ParseElement::Column { .. }] = pair else { continue };
            let is_text = ty.as_ref().is_none_or(|ty| matches!(ty.kind, TypeExprKind::Scalar(Type::String)));
            if is_text {
                let message = format!("where `{}` ends is not said: a text must stand between it and the next column", name.text);
                self.report(diagnostic::MISPLACED, name.span, message);
            }
        }
    }

    pub(super) fn parse_kv(&mut self, input: &Flow, text: &ast::Expr, keys: &[ColumnDecl], params: &[Param]) -> Flow {
        let mut text = self.in_order(input, |binder| binder.value_of(text, Type::String, "the text"));
        let (own, input) = (input.columns().len(), &with_windows(input, [&mut text]));
        let mut columns = input.columns().to_vec();
        let mut places = Vec::with_capacity(keys.len());
        for key in keys {
            let ty = if key.ty == Type::Unknown { Type::String } else { key.ty };
            places.push((key.name.text.clone(), place(&mut columns, &key.name.text, ty)));
        }
        if let Some(regex) = params.iter().find(|param| param.name.text.eq_ignore_ascii_case("regex")) {
            self.check_regex_text(&written(&regex.value), regex.value.span);
        }
        let options = self.options_of(params);
        let kind = RelKind::ParseKv { input: input.rel.clone(), text, keys: places, options };
        input.with_columns(kind, columns, input.rel.open).without(own, input.columns().len())
    }
}

/// The position of the column of that name, which is replaced, or else is the last from now on.
pub(super) fn place(columns: &mut Vec<Column>, name: &str, ty: Type) -> usize {
    if let Some(at) = columns.iter().position(|column| column.name == name) {
        columns[at].ty = ty;
        return at;
    }
    columns.push(Column::new(name, ty));
    columns.len() - 1
}
