//! When a test is left out. Comes in: how many records it kept out, and how many became rows. Goes out: whether it is asked.

/// Whether a test keeps out enough to be worth its time: where nearly all records pass, it rests for a while.
#[derive(Default)]
pub(crate) struct Worth {
    /// Records that the test kept out.
    pub(crate) kept_out: u64,
    passed: u64,
    /// How many more records pass untested.
    resting: u64,
}

impl Worth {
    /// Records after which it is judged.
    const JUDGED_AFTER: u64 = 2048;
    /// Records that pass untested where it was not worth its time.
    const REST: u64 = 32_768;

    /// The test is asked now.
    #[inline]
    pub(crate) fn is_given(&self) -> bool {
        self.resting == 0
    }

    /// A row was made of a record.
    #[inline]
    pub(crate) fn let_pass(&mut self) {
        if self.resting > 0 {
            self.resting -= 1;
            return;
        }
        self.passed += 1;
        if self.passed + self.kept_out >= Worth::JUDGED_AFTER {
            let rests = self.kept_out < self.passed / 8;
            *self = Worth { resting: if rests { Worth::REST } else { 0 }, ..Worth::default() };
        }
    }
}
