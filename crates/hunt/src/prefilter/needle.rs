//! What rows are searched for, as texts. Comes in: lists of observables. Goes out: texts by their positions; those that stand in
//! indicators' values, as nearly all do, are not copied.

use std::sync::Arc;

use crate::hunt::{List, Subject};
use crate::template::mapped;

/// Texts by their positions.
#[derive(Debug, Default)]
pub struct NeedleTexts {
    /// Lists, each with the position behind its last.
    lists: Vec<(Arc<Subject>, List, usize)>,
    /// Texts that stand nowhere else, behind those.
    others: Vec<String>,
}

impl NeedleTexts {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.standing() + self.others.len()
    }

    /// The text at a position; empty if there is none.
    #[inline]
    #[must_use]
    pub fn get(&self, position: usize) -> &str {
        let at = self.lists.partition_point(|(_, _, end)| *end <= position);
        let Some((subject, list, end)) = self.lists.get(at) else {
            return self.others.get(position - self.standing()).map_or("", String::as_str);
        };
        let values = subject.list(*list);
        let value = values.get(position + values.len() - end);
        value.and_then(|value| value.standing_needle(subject.indicator(*value))).unwrap_or_default()
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
            self.others.extend(with_mapped.then(|| mapped(&needle)).flatten());
            self.others.extend(value.spellings(indicator).into_iter().map(|(needle, _)| needle));
            if !all_stand {
                self.others.push(needle.into_owned());
            }
        }
    }
}
