//! The texts of indicators. Those that stand as they are in the text of a feed are not copied; all others stand one behind the
//! other.

use std::sync::Arc;

/// Texts by their places.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    own: String,
    /// The text of a feed.
    kept: Arc<String>,
}

/// Places from here on are those of the feed's text.
const KEPT: usize = 1 << 39;

impl Texts {
    /// Texts that are added and stand in that one are not copied from now on. Only one is kept.
    pub(super) fn keep(&mut self, text: &Arc<String>) {
        if self.kept.is_empty() && text.len() < KEPT {
            self.kept = Arc::clone(text);
        }
    }

    /// Makes room for so many bytes of others.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.own.reserve(bytes);
    }

    /// How many bytes the others have.
    pub(super) fn len(&self) -> usize {
        self.own.len()
    }

    #[inline]
    pub(super) fn get(&self, place: usize, length: u32) -> &str {
        let (text, start) = if place < KEPT { (&self.own, place) } else { (&*self.kept, place - KEPT) };
        text.get(start..start + length as usize).unwrap_or_default()
    }

    /// Adds a text, and tells its place.
    pub(super) fn add(&mut self, text: &str) -> usize {
        if let Some(at) = self.place_in_kept(text) {
            return at;
        }
        self.own.push_str(text);
        self.own.len() - text.len()
    }

    /// The place of a text that is part of the feed's.
    fn place_in_kept(&self, text: &str) -> Option<usize> {
        let at = text.as_ptr().addr().checked_sub(self.kept.as_ptr().addr())?;
        (at + text.len() <= self.kept.len()).then_some(KEPT + at)
    }

    /// Where the next text is written.
    pub(super) fn own(&mut self) -> &mut String {
        &mut self.own
    }

    /// Forgets what was written there and behind.
    pub(super) fn forget_from(&mut self, place: usize) {
        self.own.truncate(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_not_copied() {
        let feed = Arc::new("a hen, a fox".to_owned());
        let mut texts = Texts::default();
        let before = texts.add(&feed[2..5]);
        texts.keep(&feed);
        let places = [before, texts.add(&feed[2..5]), texts.add("fox"), texts.add(&feed[9..]), texts.add(&feed)];
        assert_eq!(places.map(|place| texts.get(place, 3)), ["hen", "hen", "fox", "fox", "a h"]);
        assert_eq!((texts.len(), texts.own().as_str()), (6, "henfox"));
        texts.forget_from(places[3]);
        assert_eq!(texts.len(), 6);
        texts.forget_from(places[2]);
        assert_eq!((texts.len(), texts.get(places[2], 3), texts.get(KEPT + 10, 3)), (3, "", ""));
    }
}
