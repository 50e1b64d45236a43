//! How many bytes many accumulators hold, measured no more often than is cheap.

/// The last measure, and the rows since.
#[derive(Debug, Default)]
pub(crate) struct Measure {
    bytes: usize,
    rows: usize,
}

impl Measure {
    /// Notes that `bytes` more are held for certain: a new group's.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Notes `rows` more; once there have been as many as there are accumulators, `walk` measures all of them anew. So measuring
    /// costs each row no more than one step.
    pub(crate) fn take(&mut self, rows: usize, accumulators: usize, walk: impl FnOnce() -> usize) {
        self.rows += rows;
        if self.rows >= accumulators {
            self.bytes = walk();
            self.rows = 0;
        }
    }

    /// The bytes, as far as they are known.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_measured_once_a_row_each() {
        let mut measure = Measure::default();
        measure.add(5);
        measure.take(1, 2, || 100);
        assert_eq!(measure.bytes(), 5);
        measure.take(1, 2, || 100);
        assert_eq!(measure.bytes(), 100);
    }
}
