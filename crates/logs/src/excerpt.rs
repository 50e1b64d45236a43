//! A text where it stands.

/// A text within other bytes, so that it can be loaded together with what is around it: a load of fixed width needs no look at how
/// long the text is. It is best handed on by reference: it has four words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Excerpt<'b> {
    around: &'b [u8],
    start: usize,
    end: usize,
}

impl<'b> Excerpt<'b> {
    /// The bytes of `around` from `start` to `end`; `None` if they are not in it.
    #[inline(always)]
    #[must_use]
    pub fn of(around: &'b [u8], start: usize, end: usize) -> Option<Excerpt<'b>> {
        (start <= end && end <= around.len()).then_some(Excerpt { around, start, end })
    }

    /// The text.
    #[inline(always)]
    #[must_use]
    pub fn text(&self) -> &'b [u8] {
        &self.around[self.start..self.end]
    }

    /// How many bytes the text has.
    #[inline(always)]
    #[must_use]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// The text has no byte.
    #[inline(always)]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// `N` bytes, the first of which stands `before` bytes before the text; `None` if there are not so many around it.
    #[inline(always)]
    #[must_use]
    pub fn window<const N: usize>(&self, before: usize) -> Option<&'b [u8; N]> {
        self.around.get(self.start.checked_sub(before)?..)?.first_chunk()
    }
}

impl<'b> From<&'b [u8]> for Excerpt<'b> {
    #[inline(always)]
    fn from(text: &'b [u8]) -> Excerpt<'b> {
        Excerpt { around: text, start: 0, end: text.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_loaded_with_what_is_around_it() {
        let text = Excerpt::of(b"a fox, a hen", 2, 5).unwrap();
        assert_eq!((text.text(), text.len(), text.is_empty()), (&b"fox"[..], 3, false));
        assert_eq!((text.window(0), text.window(2)), (Some(b"fox, a h"), Some(b"a fox,")));
        assert_eq!((text.window::<11>(0), text.window::<6>(3)), (None, None));
        assert_eq!((Excerpt::of(b"fox", 2, 4).is_none(), Excerpt::of(b"fox", 2, 1).is_none()), (true, true));
        assert!(Excerpt::from(&b""[..]).is_empty());
    }
}
