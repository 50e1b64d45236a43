//! Reads a page: Markdown text in, sections with their inputs and answers out, each with its place in the text.

use std::ops::Range;

/// A fenced block: its language, the word after it, and its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// `kql`, `csv`, `log` …
    pub language: String,
    /// What follows the language: a table's name, a format.
    pub argument: String,
    /// The lines between the fences.
    pub text: String,
}

/// An input and the fixtures of its section: what a runner answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The block that is answered.
    pub input: Block,
    /// The section's other input blocks, in order.
    pub fixtures: Vec<Block>,
    /// The answers that the page holds.
    pub(crate) outputs: Vec<Output>,
    /// Where an answer goes if the page holds none: just past the input.
    pub(crate) end: usize,
}

/// An answer that the page holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) kind: OutputKind,
    /// Its bytes in the page, line feed included.
    pub(crate) place: Range<usize>,
}

/// What kind of answer it is, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OutputKind {
    Table(String),
    Error(String),
    Pin(Block),
}

/// One `##` section: a test, if it has steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Its heading as a name: `too_few_arguments`.
    pub name: String,
    /// Its inputs, in order.
    pub steps: Vec<Step>,
    /// What stands after `fixme:`, if it has such a line.
    pub fixme: Option<String>,
    /// What stands after `differs:`, if it has such a line.
    pub differs: Option<String>,
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its title, without the `#`.
    pub title: String,
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

impl Page {
    /// Reads a page. `pins` are the languages of blocks that are answers.
    ///
    /// # Errors
    /// What is wrong with the page as a page: no title, no prose, an open fence, two sections of one name, an answer to nothing.
    pub fn parse(text: &str, pins: &[&str]) -> Result<Page, String> {
        let mut page = Page::default();
        let mut drafts: Vec<Draft> = Vec::new();
        let mut prose = false;
        for piece in pieces(text)? {
            match piece.kind {
                PieceKind::Heading(1, title) if page.title.is_empty() => page.title = title,
                PieceKind::Heading(2, title) => drafts.push(Draft::new(&title)),
                PieceKind::Heading(..) => {}
                PieceKind::Prose(line) => {
                    prose |= drafts.is_empty();
                    if let Some(draft) = drafts.last_mut() {
                        draft.note(&line);
                    }
                }
                PieceKind::Block(_) | PieceKind::Table(_) => {
                    let Some(draft) = drafts.last_mut() else {
                        return Err("a block or table stands before the first section".to_owned());
                    };
                    draft.pieces.push(piece);
                }
            }
        }
        if page.title.is_empty() {
            return Err("the page has no title (`# …`)".to_owned());
        }
        if !prose {
            return Err("the page has no prose under its title".to_owned());
        }
        for draft in drafts {
            let section = draft.finish(pins)?;
            if page.sections.iter().any(|other| other.name == section.name) {
                return Err(format!("two sections are called `{}`", section.name));
            }
            page.sections.push(section);
        }
        Ok(page)
    }
}

/// A section while it is read.
struct Draft {
    section: Section,
    pieces: Vec<Piece>,
}

impl Draft {
    fn new(title: &str) -> Draft {
        Draft { section: Section { name: slug(title), ..Section::default() }, pieces: Vec::new() }
    }

    fn note(&mut self, line: &str) {
        if let Some(why) = line.strip_prefix("fixme:") {
            self.section.fixme = Some(why.trim().to_owned());
        }
        if let Some(why) = line.strip_prefix("differs:") {
            self.section.differs = Some(why.trim().to_owned());
        }
    }

    /// Sorts the blocks into inputs, fixtures and answers.
    fn finish(self, pins: &[&str]) -> Result<Section, String> {
        let Draft { mut section, pieces } = self;
        let is_output = |block: &Block| block.language == "error" || pins.contains(&block.language.as_str());
        let has_query = pieces.iter().any(|piece| matches!(&piece.kind, PieceKind::Block(block) if block.language == "kql"));
        let mut fixtures = Vec::new();
        for piece in pieces {
            let kind = match piece.kind {
                PieceKind::Block(block) if !is_output(&block) => {
                    if has_query && block.language != "kql" {
                        fixtures.push(block);
                    } else {
                        section.steps.push(Step { input: block, end: piece.place.end, ..Step::default() });
                    }
                    continue;
                }
                PieceKind::Block(block) if block.language == "error" => OutputKind::Error(block.text),
                PieceKind::Block(block) => OutputKind::Pin(block),
                PieceKind::Table(text) => OutputKind::Table(text),
                PieceKind::Heading(..) | PieceKind::Prose(_) => continue,
            };
            match section.steps.last_mut() {
                Some(step) => step.outputs.push(Output { kind, place: piece.place }),
                // A table in a section without any input is prose.
                None if matches!(kind, OutputKind::Table(_)) => {}
                None => return Err(format!("section `{}` holds an answer before any input", section.name)),
            }
        }
        for step in &mut section.steps {
            step.fixtures.clone_from(&fixtures);
        }
        Ok(section)
    }
}

/// A stretch of a page's text.
struct Piece {
    kind: PieceKind,
    place: Range<usize>,
}

/// What a stretch is.
enum PieceKind {
    Heading(usize, String),
    Prose(String),
    Block(Block),
    Table(String),
}

/// Cuts a page into headings, lines of prose, fenced blocks and tables.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut open: Option<(usize, usize, Block)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let place = at..at + line.len();
        at = place.end;
        let bare = line.trim_end();
        if let Some((start, ticks, mut block)) = open.take() {
            if bare.len() >= ticks && bare.bytes().all(|b| b == b'`') {
                pieces.push(Piece { kind: PieceKind::Block(block), place: start..place.end });
            } else {
                block.text.push_str(line);
                open = Some((start, ticks, block));
            }
            continue;
        }
        let ticks = bare.bytes().take_while(|b| *b == b'`').count();
        if ticks >= 3 {
            let (language, argument) = bare[ticks..].trim().split_once(char::is_whitespace).unwrap_or((bare[ticks..].trim(), ""));
            let block = Block { language: language.to_owned(), argument: argument.trim().to_owned(), text: String::new() };
            open = Some((place.start, ticks, block));
        } else if bare.starts_with('|') {
            match pieces.last_mut() {
                Some(Piece { kind: PieceKind::Table(rows), place: whole }) if whole.end == place.start => {
                    rows.push_str(line);
                    whole.end = place.end;
                }
                _ => pieces.push(Piece { kind: PieceKind::Table(line.to_owned()), place }),
            }
        } else if let Some(title) = heading(bare) {
            pieces.push(Piece { kind: title, place });
        } else if !bare.is_empty() {
            pieces.push(Piece { kind: PieceKind::Prose(bare.to_owned()), place });
        }
    }
    match open {
        Some((start, ..)) => Err(format!("the block that opens in line {} is not closed", text[..start].lines().count() + 1)),
        None => Ok(pieces),
    }
}

/// `## Title`.
fn heading(line: &str) -> Option<PieceKind> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let title = line[level..].strip_prefix(' ')?;
    (level > 0).then(|| PieceKind::Heading(level, title.trim().to_owned()))
}

/// `Too few arguments` as `too_few_arguments`.
fn slug(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# f()\nDoes f.\n\n## One, two\n```csv T\na\n1\n```\n```kql\nT\n```\n| a:long |\n|---|\n| 1 |\n\n## Bad\nfixme: later\n```kql\nf(\n```\n```error\nno\n```\n";

    #[test]
    fn sections_hold_inputs_fixtures_and_answers() {
        let page = Page::parse(PAGE, &[]).expect("a page");
        assert_eq!(page.title, "f()");
        let names: Vec<&str> = page.sections.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["one_two", "bad"]);
        let step = &page.sections[0].steps[0];
        assert_eq!((step.input.text.as_str(), step.fixtures[0].argument.as_str()), ("T\n", "T"));
        assert_eq!(&PAGE[step.outputs[0].place.clone()], "| a:long |\n|---|\n| 1 |\n");
        assert_eq!(page.sections[1].fixme.as_deref(), Some("later"));
        assert_eq!(page.sections[1].steps[0].outputs[0].kind, OutputKind::Error("no\n".to_owned()));
    }

    #[test]
    fn a_page_that_is_none_is_refused() {
        for (text, why) in [
            ("Prose only.", "no title"),
            ("# T\n## S\n", "no prose"),
            ("# T\nP\n## S\n```kql\n", "line 4"),
            ("# T\nP\n## S\n## s\n", "two sections"),
            ("# T\nP\n## S\n```error\n```\n", "before any input"),
        ] {
            let error = Page::parse(text, &[]).expect_err(text);
            assert!(error.contains(why), "{error}");
        }
    }
}
