//! `split(text, delimiter)[n]` as one call that makes no array, also where the array is a column that a projection below
//! makes.

use kql::plan::{Expr, ExprKind, Rel, RelKind};
use kql::{Type, Value};

/// The expressions over the rows of `below`, each element of a split text taken from the text.
pub(super) fn fused(exprs: &[Expr], below: &Rel) -> Vec<Expr> {
    exprs.iter().map(|expr| fuse(expr, below)).collect()
}

fn fuse(expr: &Expr, below: &Rel) -> Expr {
    let ExprKind::Call { function, args } = &expr.kind else { return expr.clone() };
    if let Some(fused) = element(function, args, below, "$split_element", expr.ty) {
        return fused;
    }
    // These read a dynamic string as the text that it is.
    let as_text = matches!(function.as_str(), "strcat" | "strcat_delim" | "tostring");
    let arg = |arg: &Expr| match &arg.kind {
        ExprKind::Call { function, args } if as_text => {
            element(function, args, below, "$split_text", Type::String).unwrap_or_else(|| fuse(arg, below))
        }
        _ => fuse(arg, below),
    };
    Expr { kind: ExprKind::Call { function: function.clone(), args: args.iter().map(arg).collect() }, ty: expr.ty }
}

/// The call that takes an element out of a split text, if that is what `function` of `args` does.
fn element(function: &str, args: &[Expr], below: &Rel, fused: &str, ty: Type) -> Option<Expr> {
    let ([array, position], "[]") = (args, function) else { return None };
    if !matches!(position.ty, Type::Int | Type::Long) || super::fold(position, &[]).is_none_or(|value| value == Value::Null) {
        return None;
    }
    let mut parts = split(array, below)?;
    parts.push(position.clone());
    Some(Expr::call(fused, parts, ty))
}

/// The text and the delimiter, if the expression is a text split whole; as expressions over the rows of `below`.
fn split(array: &Expr, below: &Rel) -> Option<Vec<Expr>> {
    match &array.kind {
        ExprKind::Column(position) => split_below(*position, below),
        _ => parts(array),
    }
}

/// The text and the delimiter of a column that is made below.
fn split_below(position: usize, rel: &Rel) -> Option<Vec<Expr>> {
    match &rel.kind {
        RelKind::Filter { input, .. } | RelKind::Sort { input, .. } => split_below(position, input),
        RelKind::Project { input, exprs } => {
            let made = exprs.get(position)?;
            let parts = match made.kind {
                ExprKind::Column(position) => split_below(position, input)?,
                _ => parts(made)?,
            };
            // The text must be a column here too, and the delimiter a constant.
            let ExprKind::Column(text) = parts[0].kind else { return None };
            super::fold(&parts[1], &[])?;
            let shown = exprs.iter().position(|expr| matches!(expr.kind, ExprKind::Column(column) if column == text))?;
            Some(vec![Expr::column(shown, parts[0].ty), parts[1].clone()])
        }
        _ => None,
    }
}

fn parts(expr: &Expr) -> Option<Vec<Expr>> {
    match &expr.kind {
        ExprKind::Call { function, args } if function == "split" && args.len() == 2 && args[0].ty == Type::String => {
            Some(args.clone())
        }
        _ => None,
    }
}
