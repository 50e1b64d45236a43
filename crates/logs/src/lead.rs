//! Bytes with which others may begin.

/// Bytes that are compared as a whole, most of them without a call.
#[derive(Debug)]
pub(crate) struct Lead {
    bytes: Box<[u8]>,
    /// The first eight bytes, zeros in place of those that are not there.
    head: u64,
    /// All bits of those that are.
    own: u64,
}

impl Lead {
    pub(crate) fn new(bytes: &[u8]) -> Lead {
        let (mut head, mut own) = ([0; 8], [0; 8]);
        for ((head, own), byte) in head.iter_mut().zip(&mut own).zip(bytes) {
            (*head, *own) = (*byte, u8::MAX);
        }
        Lead { bytes: bytes.into(), head: u64::from_le_bytes(head), own: u64::from_le_bytes(own) }
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
        match text.first_chunk::<8>() {
            Some(chunk) if (u64::from_le_bytes(*chunk) ^ self.head) & self.own != 0 => false,
            Some(_) if self.len() <= 8 => true,
            _ => self.begins_long(text),
        }
    }

    /// The same where more than eight bytes are compared, or there are fewer. Two overlapping loads compare most.
    #[inline]
    fn begins_long(&self, text: &[u8]) -> bool {
        let Some(head) = text.get(..self.len()) else { return false };
        if let (Some(a), Some(b)) = (head.first_chunk::<16>(), self.bytes.first_chunk::<16>()) {
            return a == b
                && if head.len() <= 32 {
                    head.last_chunk::<16>() == self.bytes.last_chunk::<16>()
                } else {
                    head[16..] == self.bytes[16..]
                };
        }
        match (head.first_chunk::<8>(), self.bytes.first_chunk::<8>()) {
            (Some(a), Some(b)) => a == b && head.last_chunk::<8>() == self.bytes.last_chunk::<8>(),
            _ => *head == *self.bytes,
        }
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
