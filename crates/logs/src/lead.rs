//! Bytes with which others may begin.

/// Bytes that are compared as a whole, most of them as numbers.
#[derive(Debug)]
pub(crate) struct Lead {
    bytes: Box<[u8]>,
    /// The first eight bytes, zeros in place of those that are not there.
    head: u64,
    /// All bits of those that are.
    own: u64,
    /// The last eight bytes, if there are more than eight.
    tail: u64,
    /// The eight behind the first and the eight before the last, if there are more than sixteen.
    inner: [u64; 2],
}

impl Lead {
    pub(crate) fn new(bytes: &[u8]) -> Lead {
        let (mut head, mut own) = ([0; 8], [0; 8]);
        for ((head, own), byte) in head.iter_mut().zip(&mut own).zip(bytes) {
            (*head, *own) = (*byte, u8::MAX);
        }
        let from = |back: usize| bytes.len().checked_sub(back).and_then(|at| word(bytes, at)).unwrap_or_default();
        let inner = [word(bytes, 8).unwrap_or_default(), from(16)];
        Lead { bytes: bytes.into(), head: u64::from_le_bytes(head), own: u64::from_le_bytes(own), tail: from(8), inner }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// `text` begins with it.
    #[inline(always)]
    pub(crate) fn begins(&self, text: &[u8]) -> bool {
        let Some(head) = text.first_chunk() else { return text.starts_with(&self.bytes) };
        if (u64::from_le_bytes(*head) ^ self.head) & self.own != 0 {
            return false;
        }
        if self.len() <= 8 {
            return true;
        }
        word(text, self.len() - 8) == Some(self.tail) && (self.len() <= 16 || self.middle_stands_in(text))
    }

    /// What is not of the first or the last eight bytes stands there, too.
    #[inline(always)]
    fn middle_stands_in(&self, text: &[u8]) -> bool {
        let inner = [word(text, 8), word(text, self.len() - 16)];
        inner == self.inner.map(Some) && (self.len() <= 32 || self.long_middle_stands_in(text))
    }

    #[inline(never)]
    fn long_middle_stands_in(&self, text: &[u8]) -> bool {
        let middle = 16..self.len() - 16;
        text.get(middle.clone()) == self.bytes.get(middle)
    }
}

/// The eight bytes that begin there.
#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_compared_whole() {
        let text: Vec<u8> = (1..=80).collect();
        for length in 0..=text.len() {
            let lead = Lead::new(&text[..length]);
            assert!(lead.begins(&text) && lead.begins(&text[..length]), "{length}");
            for at in 0..length {
                let mut other = text.clone();
                other[at] = 0;
                assert!(!lead.begins(&other) && !lead.begins(&text[..at]), "{length} {at}");
            }
        }
    }
}
