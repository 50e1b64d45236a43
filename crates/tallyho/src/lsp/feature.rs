//! What the `kql` crate says about a text, in the protocol's words.

use kql::catalog::Workspace;
use kql::complete::{self, CompletionKind};
use kql::{Severity, Span};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionList, CompletionTextEdit, Diagnostic, DiagnosticRelatedInformation,
    DiagnosticSeverity, Hover, HoverContents, Location, MarkupContent, MarkupKind, NumberOrString, TextEdit,
};
use serde_json::{Value, json};

use super::Checks;
use super::document::Document;

/// What is wrong with the text, in its order.
pub(super) fn diagnostics(document: &Document, checks: &Checks) -> Vec<Diagnostic> {
    let text = document.text();
    let check = if checks.lint { kql::lint::check } else { kql::check };
    check(text, &checks.workspace, checks.now).diagnostics.iter().map(|diagnostic| told(document, diagnostic)).collect()
}

fn told(document: &Document, diagnostic: &kql::Diagnostic) -> Diagnostic {
    let place = |span| Location::new(document.uri.clone(), document.range(span));
    let related: Vec<DiagnosticRelatedInformation> = diagnostic
        .labels
        .iter()
        .map(|label| DiagnosticRelatedInformation { location: place(label.span), message: label.message.clone() })
        .collect();
    let help = diagnostic.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    Diagnostic {
        range: document.range(diagnostic.span),
        severity: Some(match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Info => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(diagnostic.code.to_owned())),
        source: Some("tallyho".to_owned()),
        message: format!("{}{help}", diagnostic.message),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}

/// What may be written there. The list is asked for again as the word grows: what fits decides what is offered.
pub(super) fn completion(document: &Document, at: usize, workspace: &Workspace) -> Value {
    let completions = complete::complete(document.text(), at, workspace);
    let range = document.range(completions.span);
    let item = |(order, completion): (usize, complete::Completion)| CompletionItem {
        kind: Some(kind(completion.kind)),
        detail: (!completion.detail.is_empty()).then_some(completion.detail),
        // Editors sort by name unless they are told the order.
        sort_text: Some(format!("{order:05}")),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(range, completion.insert))),
        label: completion.label,
        ..CompletionItem::default()
    };
    json!(CompletionList { is_incomplete: true, items: completions.items.into_iter().enumerate().map(item).collect() })
}

fn kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Column => CompletionItemKind::FIELD,
        CompletionKind::Variable => CompletionItemKind::VARIABLE,
        CompletionKind::Table => CompletionItemKind::CLASS,
        CompletionKind::Function | CompletionKind::Aggregate => CompletionItemKind::FUNCTION,
        CompletionKind::Plugin => CompletionItemKind::MODULE,
        CompletionKind::Operator | CompletionKind::Keyword => CompletionItemKind::KEYWORD,
        CompletionKind::Type => CompletionItemKind::TYPE_PARAMETER,
        CompletionKind::Value => CompletionItemKind::VALUE,
    }
}

/// What the word there means.
pub(super) fn hover(document: &Document, at: usize, workspace: &Workspace) -> Value {
    let Some(hover) = kql::hover::hover(document.text(), at, workspace) else { return Value::Null };
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: hover.text });
    json!(Hover { contents, range: Some(document.range(hover.span)) })
}

/// Where the name there is declared.
pub(super) fn definition(document: &Document, at: usize, workspace: &Workspace) -> Value {
    match kql::definition::definition(document.text(), at, workspace) {
        Some(span) => json!(Location::new(document.uri.clone(), document.range(span))),
        None => Value::Null,
    }
}

/// The whole text in its one layout; nothing where it has mistakes of syntax or is laid out so already.
pub(super) fn formatting(document: &Document) -> Value {
    let text = document.text();
    match kql::fmt::format(text) {
        Ok(formatted) if formatted != text => json!([TextEdit::new(document.range(Span::new(0, text.len())), formatted)]),
        Ok(_) => json!([]),
        Err(_) => Value::Null,
    }
}
