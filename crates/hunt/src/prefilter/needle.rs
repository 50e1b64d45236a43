//! What rows are searched for, as texts. Comes in: lists of observables. Goes out: texts by their positions; those that stand in
//! indicators' values, as nearly all do, are not copied.

use std::ops::Range;
use std::sync::Arc;

use crate::hunt::{List, Observable, Subject};
use crate::template::mapped;

/// Texts by their positions.
#[derive(Debug, Default)]
pub struct NeedleTexts {
    /// Lists, each with the position behind its last.
    lists: Vec<(Arc<Subject>, List, usize)>,
    /// Texts that stand nowhere else, one behind the other, and where each ends. Their positions are behind those.
    others: String,
    ends: Vec<usize>,
}

impl NeedleTexts {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.standing() + self.ends.len()
    }

    /// The text at a position; empty if there is none.
    #[inline]
    #[must_use]
    pub fn get(&self, position: usize) -> &str {
        let at = self.lists.partition_point(|(_, _, end)| *end <= position);
        let Some((subject, list, end)) = self.lists.get(at) else {
            return self.other(position - self.standing());
        };
        let values = subject.list(*list);
        let value = values.get(position + values.len() - end);
        value.and_then(|value| value.standing_needle(subject.indicator(*value))).unwrap_or_default()
    }

    /// Calls `on` with the texts at those positions, in their order, until it returns false.
    pub fn each(&self, positions: Range<usize>, mut on: impl FnMut(&str) -> bool) {
        for (subject, list, end) in &self.lists {
            let values = subject.list(*list);
            let first = end - values.len();
            let [from, to] = [positions.start, positions.end].map(|position| position.saturating_sub(first).min(values.len()));
            let text = |value: &Observable| value.standing_needle(subject.indicator(*value)).unwrap_or_default();
            if !values.get(from..to).unwrap_or_default().iter().all(|value| on(text(value))) {
                return;
            }
        }
        let standing = self.standing();
        (positions.start.max(standing)..positions.end).all(|position| on(self.other(position - standing)));
    }

    fn other(&self, at: usize) -> &str {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(at).and_then(|end| self.others.get(start..*end)).unwrap_or_default()
    }

    fn add_other(&mut self, text: &str) {
        self.others.push_str(text);
        self.ends.push(self.others.len());
    }

    /// How many stand in indicators' values.
    fn standing(&self) -> usize {
        self.lists.last().map_or(0, |(_, _, end)| *end)
    }

    /// Adds the values of a list, in all spellings; `with_mapped`: and the addresses of IPv6 to which those of IPv4 are mapped.
    pub(super) fn add(&mut self, subject: &Arc<Subject>, list: List, with_mapped: bool) {
        let values = subject.list(list);
        let Some(first) = values.first() else { return };
        // Of a list, all or none stand in values.
        let all_stand = first.standing_needle(subject.indicator(*first)).is_some();
        if all_stand {
            self.lists.push((Arc::clone(subject), list, self.standing() + values.len()));
        }
        for value in values.iter().filter(|value| !all_stand || with_mapped || value.is_varied()) {
            let indicator = subject.indicator(*value);
            let needle = value.needle(indicator);
            if let Some(mapped) = with_mapped.then(|| mapped(&needle)).flatten() {
                self.add_other(&mapped);
            }
            value.spellings(indicator).iter().for_each(|(needle, _)| self.add_other(needle));
            if !all_stand {
                self.add_other(&needle);
            }
        }
    }
}
