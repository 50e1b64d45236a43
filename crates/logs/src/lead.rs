//! Bytes with which others may begin.

/// Bytes that are compared as a whole, most of them as two numbers.
#[derive(Debug)]
pub(crate) struct Lead {
    bytes: Box<[u8]>,
    /// The first eight bytes, zeros in place of those that are not there.
    head: u64,
    /// All bits of those that are.
    own: u64,
    /// The last eight bytes, if there are more than eight.
    tail: u64,
}

impl Lead {
    pub(crate) fn new(bytes: &[u8]) -> Lead {
        let (mut head, mut own) = ([0; 8], [0; 8]);
        for ((head, own), byte) in head.iter_mut().zip(&mut own).zip(bytes) {
            (*head, *own) = (*byte, u8::MAX);
        }
        let tail = bytes.last_chunk().copied().unwrap_or_default();
        Lead { bytes: bytes.into(), head: u64::from_le_bytes(head), own: u64::from_le_bytes(own), tail: u64::from_le_bytes(tail) }
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
        let Some(tail) = text.get(self.len() - 8..).and_then(|rest| rest.first_chunk()) else { return false };
        u64::from_le_bytes(*tail) == self.tail && (self.len() <= 16 || self.middle_stands_in(text))
    }

    /// What is not of the first or the last eight bytes stands there, too.
    #[inline]
    fn middle_stands_in(&self, text: &[u8]) -> bool {
        let middle = 8..self.len() - 8;
        text.get(middle.clone()) == self.bytes.get(middle)
    }
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
