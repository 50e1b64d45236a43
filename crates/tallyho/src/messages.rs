//! What is told on stderr: warnings, errors and hints, escaped for a terminal.

use std::io::Write as _;

use kql::render;

use crate::error::Error;
use crate::escape;

/// Writes `LABEL: TEXT`; lines of the text are kept. A closed stderr is not worth an error.
fn say(label: &str, style: &str, color: bool, text: &str) {
    let text = escape::terminal_lines(text.trim_end());
    let (on, off) = if color { (style, "\u{1b}[0m") } else { ("", "") };
    let _ = writeln!(std::io::stderr().lock(), "{on}{label}:{off} {text}");
}

/// Something the user should know, though the command goes on.
pub fn warning(config: &crate::config::Config, text: &str) {
    if !config.quiet {
        say("warning", "\u{1b}[1;33m", config.color_messages, text);
    }
}

/// What is wrong, or probably not meant, in a query's text.
pub fn diagnostics(config: &crate::config::Config, name: &str, query: &str, found: &[kql::Diagnostic]) {
    if !config.quiet {
        let _ = writeln!(std::io::stderr().lock(), "{}", excerpts(name, query, found, config.color_messages));
    }
}

/// The same as text, fit for a terminal.
#[must_use]
pub fn excerpts(name: &str, query: &str, found: &[kql::Diagnostic], color: bool) -> String {
    let shown = if color {
        // The renderer makes its excerpts safe itself; its colors must stay.
        render::colored_text(&escape::terminal(name), query, found)
    } else {
        escape::terminal_lines(&render::text(name, query, found)).into_owned()
    };
    shown.trim_end().to_owned()
}

/// Removes what queries have spilled to disk; warns of what is left there.
pub fn unremoved(color: bool) {
    for (path, why) in engine::remove_spills() {
        let text = format!("{}: what a query spilled to disk cannot be removed: {why}", path.display());
        say("warning", "\u{1b}[1;33m", color, &text);
    }
}

/// A remark that `-v` asks for.
pub fn note(config: &crate::config::Config, text: &str) {
    if config.verbose {
        say("note", "\u{1b}[1;36m", config.color_messages, text);
    }
}

/// A plain line, such as a summary.
pub fn line(config: &crate::config::Config, text: &str) {
    if !config.quiet {
        let _ = writeln!(std::io::stderr().lock(), "{}", escape::terminal_lines(text));
    }
}

/// Why the command ends, and what to do next.
pub fn error(error: &Error, color: bool) {
    // A diagnostic has its own label with its code: `error[K0142]: …`.
    if let Some(colored) = error.colored.as_deref().filter(|_| color) {
        let _ = writeln!(std::io::stderr().lock(), "{}", colored.trim_end());
    } else if error.colored.is_some() || error.message.starts_with("error[") {
        let _ = writeln!(std::io::stderr().lock(), "{}", escape::terminal_lines(error.message.trim_end()));
    } else {
        say("error", "\u{1b}[1;31m", color, &error.message);
    }
    for hint in &error.hints {
        say("help", "\u{1b}[1;36m", color, hint);
    }
}
