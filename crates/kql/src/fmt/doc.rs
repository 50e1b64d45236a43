//! Layout in the abstract: text, places where a line may break, and groups that break as a whole. Comes in: a [`Doc`]. Goes out:
//! lines of at most [`WIDTH`] columns where that can be.

/// How long a line may be, in characters.
pub(super) const WIDTH: usize = 100;

/// Blanks for each level.
const INDENT: usize = 4;

/// A piece of layout.
#[derive(Clone, Debug)]
pub(super) enum Doc<'a> {
    /// Text as it is.
    Text(&'a str),
    /// A blank, never a line end.
    Blank,
    /// A line end if the group breaks, else a blank.
    Line,
    /// A line end, whatever the group does.
    HardLine,
    /// An empty line, if a new line has just begun.
    EmptyLine,
    /// `// …` behind what is on the line, or on a line of its own.
    Comment { text: &'a str, has_own_line: bool },
    /// One after the other.
    All(Vec<Doc<'a>>),
    /// The lines within are one level further in.
    Indent(Vec<Doc<'a>>),
    /// A bracket: what opens it, what it holds, what closes it. If it breaks, what it holds is one level further in than the line
    /// that opens it. `is_spaced`: blanks stand within it.
    Bracket { open: Vec<Doc<'a>>, inner: Vec<Doc<'a>>, close: Vec<Doc<'a>>, is_spaced: bool, must_break: bool },
    /// On one line if it fits there.
    Group { parts: Vec<Doc<'a>>, must_break: bool },
    /// As many on a line as fit, a [`Doc::Line`] between any two.
    Fill(Vec<Doc<'a>>),
}

/// What a piece takes on one line.
#[derive(Clone, Copy, Default)]
struct Width {
    columns: usize,
    /// A comment ends it: nothing may follow on the line.
    ends_line: bool,
}

impl Doc<'_> {
    /// What it takes on one line; `None` if it cannot stand on one.
    fn width(&self) -> Option<Width> {
        let columns = |columns| Some(Width { columns, ends_line: false });
        match self {
            Doc::Text(text) => columns(text.lines().next().map_or(0, |line| line.chars().count())),
            Doc::Blank | Doc::Line => columns(1),
            Doc::EmptyLine => columns(0),
            Doc::Comment { has_own_line: false, .. } => Some(Width { columns: 0, ends_line: true }),
            Doc::HardLine | Doc::Comment { .. } => None,
            Doc::Group { must_break: true, .. } | Doc::Bracket { must_break: true, .. } => None,
            Doc::Bracket { open, inner, close, is_spaced, .. } => {
                let edges = if *is_spaced { 2 } else { 0 };
                let width = total(open.iter().chain(inner).chain(close))?;
                Some(Width { columns: width.columns + edges, ..width })
            }
            Doc::All(parts) | Doc::Indent(parts) | Doc::Group { parts, .. } => total(parts.iter()),
            Doc::Fill(parts) => {
                let width = total(parts.iter())?;
                Some(Width { columns: width.columns + parts.len(), ..width })
            }
        }
    }
}

/// What the pieces take one after the other.
fn total<'d, 'a: 'd>(parts: impl Iterator<Item = &'d Doc<'a>>) -> Option<Width> {
    let mut sum = Width::default();
    for part in parts {
        let width = part.width()?;
        if sum.ends_line && width.columns > 0 {
            return None;
        }
        sum = Width { columns: sum.columns + width.columns, ends_line: sum.ends_line || width.ends_line };
    }
    Some(sum)
}

/// The text of `doc`, with a line end at its end unless it is empty.
pub(super) fn print(doc: &Doc<'_>) -> String {
    let mut printer = Printer { out: String::new(), column: 0, line_indent: 0, is_fresh: true, needs_line: false };
    printer.print(doc, 0, true);
    let mut out = printer.out;
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

struct Printer {
    out: String,
    /// Where the next character goes.
    column: usize,
    /// How far in the line starts.
    line_indent: usize,
    /// Nothing is on the line yet.
    is_fresh: bool,
    /// A comment ended the line.
    needs_line: bool,
}

impl Printer {
    /// Prints `doc`; its own lines break if `breaks`.
    fn print(&mut self, doc: &Doc<'_>, indent: usize, breaks: bool) {
        match doc {
            Doc::Text(text) => self.text(text, indent),
            Doc::Blank => self.blank(),
            Doc::Line if breaks => self.line(),
            Doc::Line => self.blank(),
            Doc::HardLine => self.line(),
            Doc::EmptyLine => {
                if self.is_fresh && !self.out.is_empty() && !self.out.ends_with("\n\n") {
                    self.out.push('\n');
                }
            }
            Doc::Comment { text, has_own_line } => self.comment(text, *has_own_line, indent),
            Doc::All(parts) => parts.iter().for_each(|part| self.print(part, indent, breaks)),
            Doc::Indent(parts) => parts.iter().for_each(|part| self.print(part, indent + INDENT, breaks)),
            Doc::Group { parts, .. } => {
                let breaks = !self.fits(doc, indent);
                parts.iter().for_each(|part| self.print(part, indent, breaks));
            }
            Doc::Bracket { open, inner, close, is_spaced, .. } => {
                let breaks = !self.fits(doc, indent);
                open.iter().for_each(|part| self.print(part, indent, breaks));
                let base = self.line_indent;
                self.edge(*is_spaced, breaks);
                inner.iter().for_each(|part| self.print(part, base + INDENT, breaks));
                self.edge(*is_spaced, breaks);
                close.iter().for_each(|part| self.print(part, if breaks { base } else { indent }, breaks));
            }
            Doc::Fill(parts) => self.fill(parts, indent),
        }
    }

    /// Between a bracket and what it holds.
    fn edge(&mut self, is_spaced: bool, breaks: bool) {
        if breaks {
            self.line();
        } else if is_spaced {
            self.blank();
        }
    }

    fn fits(&self, doc: &Doc<'_>, indent: usize) -> bool {
        let column = if self.is_fresh || self.needs_line { indent } else { self.column };
        doc.width().is_some_and(|width| column + width.columns <= WIDTH)
    }

    fn fill(&mut self, parts: &[Doc<'_>], indent: usize) {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                let fits = part.width().is_some_and(|width| self.column + width.columns < WIDTH);
                if fits { self.blank() } else { self.line() }
            }
            self.print(part, indent, true);
        }
    }

    fn text(&mut self, text: &str, indent: usize) {
        if text.is_empty() {
            return;
        }
        if self.needs_line {
            self.line();
        }
        if self.is_fresh {
            self.out.push_str(&" ".repeat(indent));
            self.column = indent;
            self.line_indent = indent;
        }
        self.out.push_str(text);
        self.is_fresh = false;
        self.column = match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => self.column + text.chars().count(),
        };
    }

    fn blank(&mut self) {
        if !self.is_fresh && !self.needs_line && !self.out.ends_with(' ') {
            self.out.push(' ');
            self.column += 1;
        }
    }

    fn line(&mut self) {
        self.needs_line = false;
        if self.is_fresh {
            return;
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
        self.is_fresh = true;
        self.column = 0;
    }

    fn comment(&mut self, text: &str, has_own_line: bool, indent: usize) {
        if has_own_line || self.needs_line {
            self.line();
        } else {
            self.blank();
        }
        self.text(text, indent);
        self.needs_line = true;
    }
}
