//! The pages beside the code as text: what each function, aggregate, operator and plugin does, with examples and their answers.
//!
//! The build collects them, so that a page needs no registration; the crate's integration tests run every example.

/// A page.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The code it stands beside, without an extension: `function/text`.
    pub name: &'static str,
    /// Its Markdown.
    pub text: &'static str,
}

/// A part of a page under one heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// The page's name.
    pub page: &'static str,
    /// Its heading.
    pub heading: &'static str,
    /// What stands below the heading.
    pub body: &'static str,
}

/// All pages, sorted by name.
pub const PAGES: &[Page] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

impl Page {
    /// The title, without the sign before it.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches('#').trim()
    }

    /// What stands between the title and the first section.
    #[must_use]
    pub fn introduction(&self) -> &'static str {
        let rest = self.text.split_once('\n').map_or("", |(_, rest)| rest);
        rest.split("\n## ").next().unwrap_or_default().trim()
    }

    /// Its sections, in order.
    pub fn sections(&self) -> impl Iterator<Item = Section> + use<> {
        let page = self.name;
        self.text.split("\n## ").skip(1).map(move |section| {
            let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
            Section { page, heading: heading.trim(), body: body.trim() }
        })
    }
}

impl Section {
    /// The queries of the section that have an answer: those that end in an error only show what does not work.
    pub fn answered(&self) -> impl Iterator<Item = &'static str> + use<> {
        let blocks = self.body.split("```kql\n").skip(1).filter_map(|rest| rest.split_once("\n```"));
        blocks.filter(|(_, after)| !after.trim_start().starts_with("```error")).map(|(query, _)| query)
    }

    /// Whether one of those queries calls the function.
    #[must_use]
    pub fn calls(&self, function: &str) -> bool {
        self.answered().any(|query| words(query).any(|(word, after)| word == function && after.starts_with('(')))
    }

    /// Whether one of those queries has the word.
    #[must_use]
    pub fn uses(&self, word: &str) -> bool {
        self.answered().any(|query| words(query).any(|(found, _)| found == word))
    }

    /// Whether the heading names the word.
    #[must_use]
    pub fn names(&self, word: &str) -> bool {
        words(self.heading).any(|(found, _)| found == word)
    }
}

/// The words of a text, hyphens and a leading `!` included, each with what follows it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '!');
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(is_word)?;
        let word = &rest[start..];
        let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
        rest = &word[end..];
        Some((&word[..end], rest))
    })
}

/// All sections of all pages.
pub fn sections() -> impl Iterator<Item = Section> {
    PAGES.iter().flat_map(Page::sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_falls_into_sections() {
        let text = "# a(), b()\nBoth.\n\n## a with b\nProse.\n```kql\nprint a(b (1))\n```\n| x |\n\n## c\n```kql\nprint c(1)\n```\n```error\nno\n```\n";
        let page = Page { name: "n", text };
        assert_eq!((page.title(), page.introduction()), ("a(), b()", "Both."));
        let sections: Vec<Section> = page.sections().collect();
        assert!(sections[0].calls("a") && !sections[0].calls("b") && sections[0].uses("b") && sections[0].names("with"));
        assert!(!sections[1].calls("c") && sections[1].names("c"));
        assert_eq!(words("mv-expand x!in").map(|(word, _)| word).collect::<Vec<_>>(), ["mv-expand", "x!in"]);
    }
}
