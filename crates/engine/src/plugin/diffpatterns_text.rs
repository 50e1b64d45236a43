//! `diffpatterns_text`: runs of words that are frequent in the texts for which a condition is true and not in the others, or the
//! other way round.

use std::collections::HashMap;

use datafusion::common::{Result as DfResult, exec_err};
use indexmap::IndexMap;
use kql::Column;

use super::gather::{self, Gather, Row};
use super::segments;
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("diffpatterns_text", include_str!("diffpatterns_text.md"), parts);

/// Runs of words looked at, at most.
const RUNS_MAX: usize = 1 << 20;

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let exprs = vec![call.expr(0)?.clone(), call.expr(1)?.clone()];
    let least = segments::number(call, 2, 1.0, 0.0, 200.0)? as usize;
    let threshold = segments::number(call, 3, 0.05, 0.015, 1.0)?;
    let most = segments::number(call, 4, 20.0, 0.0, 20.0)? as usize;
    let start = move || Texts { least: least.max(1), most: most.max(1), threshold, texts: IndexMap::new(), bytes: 0 };
    Ok(gather::parts("diffpatterns_text", call.input, exprs, columns, start))
}

struct Texts {
    least: usize,
    most: usize,
    threshold: f64,
    /// Each text, and how often the condition is true and false with it.
    texts: IndexMap<String, [i64; 2]>,
    bytes: usize,
}

/// How many texts have a run of words, the condition true and false.
type Counts = [i64; 2];

impl Gather for Texts {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let [text, condition] = row else { return Ok(()) };
        let before = self.texts.len();
        let set = usize::from(condition.as_bool() != Some(true));
        self.texts.entry(text.as_str().to_owned()).or_default()[set] += 1;
        self.bytes += if self.texts.len() > before { text.as_str().len() + 64 } else { 0 };
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let all = self.texts.values().fold([0, 0], |sum: Counts, counts| [sum[0] + counts[0], sum[1] + counts[1]]);
        let share = |counts: Counts| [0, 1].map(|set| if all[set] > 0 { counts[set] as f64 / all[set] as f64 } else { 0.0 });
        let is_frequent = |counts: Counts| share(counts).iter().any(|share| *share >= self.threshold);
        let difference = |counts: Counts| {
            let [a, b] = share(counts);
            (a - b).abs()
        };
        let words: Vec<(Vec<&str>, Counts)> =
            self.texts.iter().map(|(text, counts)| (text.split_whitespace().collect(), *counts)).collect();
        let mut found: Vec<(Vec<&str>, Counts)> = Vec::new();
        let mut shorter: HashMap<Vec<&str>, Counts> = HashMap::new();
        for length in 1..=self.most {
            let mut runs = runs(&words, length, &shorter)?;
            runs.retain(|_, counts| is_frequent(*counts));
            if runs.is_empty() {
                break;
            }
            if length >= self.least {
                found.extend(runs.iter().map(|(run, counts)| (run.clone(), *counts)));
            }
            shorter = runs.into_iter().collect();
        }
        found.retain(|(_, counts)| difference(*counts) >= self.threshold);
        // The longest run of those that the same texts have says it all.
        found.sort_by(|(a, x), (b, y)| difference(*y).total_cmp(&difference(*x)).then(b.len().cmp(&a.len())).then(a.cmp(b)));
        let mut kept: Vec<(Vec<&str>, Counts)> = Vec::new();
        for (run, counts) in found {
            let is_part = |whole: &Vec<&str>| whole.windows(run.len()).any(|part| part == run);
            if !kept.iter().any(|(whole, with)| *with == counts && is_part(whole)) {
                kept.push((run, counts));
            }
        }
        let percent = |share: f64| Cell::Real((share * 10_000.0).round() / 100.0);
        let row = |(run, counts): &(Vec<&str>, Counts)| {
            let [a, b] = share(*counts);
            vec![Cell::Long(counts[0]), Cell::Long(counts[1]), percent(a), percent(b), Cell::text(run.join(" "))]
        };
        Ok(kept.iter().map(row).collect())
    }

    fn size(&self) -> usize {
        self.bytes
    }
}

/// The runs of that many words, and how many texts have each. Only a run whose parts, one word shorter, are frequent can be.
fn runs<'a>(
    texts: &[(Vec<&'a str>, Counts)],
    length: usize,
    shorter: &HashMap<Vec<&'a str>, Counts>,
) -> DfResult<IndexMap<Vec<&'a str>, Counts>> {
    let mut runs: IndexMap<Vec<&str>, (usize, Counts)> = IndexMap::new();
    for (number, (words, counts)) in texts.iter().enumerate() {
        for run in words.windows(length) {
            let parts = [&run[1..], &run[..length - 1]];
            if length > 1 && !parts.iter().all(|part| shorter.contains_key(*part)) {
                continue;
            }
            let (last, sum) = runs.entry(run.to_vec()).or_insert((usize::MAX, [0, 0]));
            if *last != number {
                *last = number;
                *sum = [sum[0] + counts[0], sum[1] + counts[1]];
            }
            if runs.len() > RUNS_MAX {
                return exec_err!("the texts have more than {RUNS_MAX} runs of words; look at fewer rows");
            }
        }
    }
    Ok(runs.into_iter().map(|(run, (_, counts))| (run, counts)).collect())
}
