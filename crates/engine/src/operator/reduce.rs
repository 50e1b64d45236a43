//! `reduce by`: texts that are alike as one pattern.
//!
//! As in R. Vaarandi's "A Data Clustering Algorithm for Mining Patterns From Event Logs", which Kusto's documentation names: a
//! word that stands at the same place in a share of the rows, or more, is kept, any other becomes `*`. A pattern that is not as
//! frequent itself gives up words until it is; rows that keep none are the `others`. (Its examples of small and large thresholds,
//! which put more texts into one pattern the smaller the threshold is, cannot be had of that paper's patterns.)

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result as DfResult;
use indexmap::IndexMap;
use kql::{Column, Type, Value};

use super::held::Held;
use super::{Operator, Run};
use crate::cell::{Cell, CellBuilder, Cells};
use crate::error::{Error, Result, code};
use crate::local::batch;

/// What stands in place of the pattern of rows that have none.
const OTHERS: &str = "others";

/// The operator. The text stands in the column behind the input's own.
#[derive(Clone, Debug)]
pub(crate) struct Reduce {
    columns: Vec<Column>,
    width: usize,
    /// The least share of rows that a word or a pattern needs.
    threshold: f64,
    /// The characters that part words; any but ASCII letters and digits if there are none.
    separators: Vec<char>,
    /// The rows stay, with their pattern behind them.
    keeps_rows: bool,
}

impl Reduce {
    /// A reduction over an input of `width` columns.
    pub(crate) fn new(columns: Vec<Column>, width: usize, options: &[(String, Value)]) -> Result<Reduce> {
        let option = |name: &str| options.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let threshold = match option("threshold") {
            None => Some(0.1),
            Some(value) => Cell::of(value).as_real().filter(|share| (0.0..=1.0).contains(share)),
        };
        let Some(threshold) = threshold else {
            return Err(Error::new(code::ARGUMENT, "the threshold of reduce is a share, from 0 to 1"));
        };
        let separators = option("characters").map(|value| value.to_text().chars().collect()).unwrap_or_default();
        let keeps_rows = option("kind").is_some_and(|kind| kind.to_text() == "source");
        Ok(Reduce { columns, width, threshold, separators, keeps_rows })
    }

    fn is_separator(&self, c: char) -> bool {
        if self.separators.is_empty() { !c.is_ascii_alphanumeric() } else { self.separators.contains(&c) }
    }

    /// The words of a text, each with what parts it from the one before, and what is behind the last.
    fn words<'a>(&self, text: &'a str) -> (Vec<(&'a str, &'a str)>, &'a str) {
        let mut words = Vec::new();
        let mut rest = text;
        loop {
            let start = rest.find(|c| !self.is_separator(c)).unwrap_or(rest.len());
            let (before, word) = rest.split_at(start);
            if word.is_empty() {
                return (words, before);
            }
            let end = word.find(|c| self.is_separator(c)).unwrap_or(word.len());
            words.push((before, &word[..end]));
            rest = &word[end..];
        }
    }

    /// The pattern of a text that keeps the words at some places; none if it keeps none.
    fn pattern(&self, text: &str, kept: &[usize]) -> Option<String> {
        if kept.is_empty() {
            return None;
        }
        let (words, behind) = self.words(text);
        // A letter that was named as a separator goes into the wildcard beside it; a blank or a dash stays.
        let beside_wildcard = |separator: &str| !separator.chars().any(char::is_alphanumeric);
        let mut pattern = String::new();
        let mut after_wildcard = false;
        for (at, (before, word)) in words.iter().enumerate() {
            let is_kept = kept.contains(&at);
            let touches_wildcard = after_wildcard || !is_kept;
            if (is_kept || !after_wildcard) && (!touches_wildcard || beside_wildcard(before)) {
                pattern.push_str(before);
            }
            match is_kept {
                true => pattern.push_str(word),
                false if after_wildcard => {}
                false => pattern.push('*'),
            }
            after_wildcard = !is_kept;
        }
        if !after_wildcard || beside_wildcard(behind) {
            pattern.push_str(behind);
        }
        Some(pattern)
    }

    /// The pattern of each text, frequent ones only. `texts` have their number of rows.
    fn patterns(&self, texts: &IndexMap<String, i64>) -> Vec<Option<String>> {
        let rows: i64 = texts.values().sum();
        // A single row is like nothing.
        let is_enough = |count: i64| count > 1 && count as f64 / rows as f64 >= self.threshold;
        let mut words: IndexMap<(usize, &str), i64, foldhash::fast::RandomState> = IndexMap::default();
        for (text, count) in texts {
            for (at, (_, word)) in self.words(text).0.into_iter().enumerate() {
                *words.entry((at, word)).or_default() += count;
            }
        }
        // The frequent words of each text by their places, the most frequent first.
        let mut kept: Vec<Vec<usize>> = Vec::with_capacity(texts.len());
        for text in texts.keys() {
            let count = |(at, (_, word)): (usize, (&str, &str))| Some((words.get(&(at, word)).copied()?, at));
            let mut places: Vec<(i64, usize)> = self.words(text).0.into_iter().enumerate().filter_map(count).collect();
            places.retain(|(count, _)| is_enough(*count));
            places.sort_unstable_by_key(|(count, at)| (-count, *at));
            kept.push(places.into_iter().map(|(_, at)| at).collect());
        }
        let mut patterns: Vec<Option<String>> = texts.keys().zip(&kept).map(|(text, kept)| self.pattern(text, kept)).collect();
        // A pattern that is not frequent gives up its rarest word; the longest ones first, so that they meet shorter ones.
        loop {
            let mut counts: IndexMap<&str, i64> = IndexMap::new();
            for (pattern, count) in patterns.iter().zip(texts.values()) {
                *counts.entry(pattern.as_deref().unwrap_or_default()).or_default() += count;
            }
            let is_rare = |pattern: &Option<String>| pattern.as_deref().is_some_and(|pattern| !is_enough(counts[pattern]));
            let rare: Vec<usize> = (0..patterns.len()).filter(|at| is_rare(&patterns[*at])).collect();
            let Some(longest) = rare.iter().map(|at| kept[*at].len()).max() else { return patterns };
            for at in rare.into_iter().filter(|at| kept[*at].len() == longest).collect::<Vec<_>>() {
                kept[at].pop();
                patterns[at] = texts.get_index(at).and_then(|(text, _)| self.pattern(text, &kept[at]));
            }
        }
    }
}

impl Operator for Reduce {
    fn name(&self) -> &'static str {
        "reduce"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass { reduce: self.clone(), texts: IndexMap::new(), held: Held::default(), bytes: 0 })
    }
}

struct Pass {
    reduce: Reduce,
    texts: IndexMap<String, i64>,
    /// The rows, if they stay.
    held: Held,
    /// What the texts take.
    bytes: usize,
}

/// What a text takes beside its characters.
const TEXT_BYTES: usize = 64;

impl Run for Pass {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let texts = Cells::new(Type::String, rows.column(self.reduce.width));
        for row in 0..rows.num_rows() {
            let text = texts.get(row);
            match self.texts.get_mut(text.as_str()) {
                Some(count) => *count += 1,
                None => {
                    self.bytes += text.as_str().len() + TEXT_BYTES;
                    self.texts.insert(text.as_str().to_owned(), 1);
                }
            }
        }
        if self.reduce.keeps_rows {
            self.held.push(rows)?;
        }
        Ok(None)
    }

    fn finish(&mut self) -> DfResult<Vec<RecordBatch>> {
        let patterns = self.reduce.patterns(&self.texts);
        if self.reduce.keeps_rows { self.with_patterns(&patterns) } else { self.reduced(&patterns) }
    }

    fn size(&self) -> usize {
        self.held.bytes() + self.bytes
    }

    /// The texts' words and their patterns, and a pattern beside each row that stays.
    fn finish_size(&self) -> usize {
        3 * self.bytes + self.held.bytes()
    }
}

impl Pass {
    /// The rows with their patterns, and what goes with those.
    fn with_patterns(&self, patterns: &[Option<String>]) -> DfResult<Vec<RecordBatch>> {
        let groups = self.groups(patterns);
        let mut out = Vec::with_capacity(self.held.batches().len());
        for rows in self.held.batches() {
            let texts = Cells::new(Type::String, rows.column(self.reduce.width));
            let mut builders = COLUMNS.map(|ty| CellBuilder::new(ty, rows.num_rows()));
            for row in 0..rows.num_rows() {
                let at = self.texts.get_index_of(texts.get(row).as_str());
                let pattern = at.and_then(|at| patterns.get(at)?.as_deref());
                let (count, text) = groups.get(&pattern).copied().unwrap_or_default();
                builders.iter_mut().zip(&cells(pattern, count, text)).for_each(|(builder, cell)| builder.push(cell));
            }
            let mut arrays: Vec<ArrayRef> = rows.columns()[..self.reduce.width].to_vec();
            arrays.extend(builders.iter_mut().map(CellBuilder::finish));
            out.push(batch(&self.reduce.columns, arrays, rows.num_rows())?);
        }
        Ok(out)
    }

    /// For each pattern its number of rows, and the first of its texts.
    fn groups<'a>(&'a self, patterns: &'a [Option<String>]) -> IndexMap<Option<&'a str>, (i64, &'a str)> {
        let mut groups: IndexMap<Option<&str>, (i64, &str)> = IndexMap::new();
        for ((text, count), pattern) in self.texts.iter().zip(patterns) {
            groups.entry(pattern.as_deref()).or_insert((0, text)).0 += count;
        }
        groups
    }

    /// A row for each pattern, the most frequent first, the others last.
    fn reduced(&self, patterns: &[Option<String>]) -> DfResult<Vec<RecordBatch>> {
        let mut groups = self.groups(patterns);
        groups.sort_by(|a, (x, _), b, (y, _)| a.is_none().cmp(&b.is_none()).then(y.cmp(x)));
        let mut builders = COLUMNS.map(|ty| CellBuilder::new(ty, groups.len()));
        for (pattern, (count, text)) in &groups {
            builders.iter_mut().zip(&cells(*pattern, *count, text)).for_each(|(builder, cell)| builder.push(cell));
        }
        let arrays = builders.iter_mut().map(CellBuilder::finish).collect();
        Ok(vec![batch(&self.reduce.columns, arrays, groups.len())?])
    }
}

/// The types of `Pattern`, `Count` and `Representative`.
const COLUMNS: [Type; 3] = [Type::String, Type::Long, Type::String];

/// What is told of a pattern, or of the rows that have none.
fn cells<'a>(pattern: Option<&'a str>, count: i64, text: &'a str) -> [Cell<'a>; 3] {
    [Cell::text(pattern.unwrap_or(OTHERS)), Cell::Long(count), Cell::text(if pattern.is_some() { text } else { "" })]
}
