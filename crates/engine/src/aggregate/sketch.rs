//! HyperLogLog counts and t-digests, and the dynamics that carry them between queries.

use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher};

/// Distinct values as 64-bit hashes: each of them while they are few, then registers.
#[derive(Clone, Debug)]
pub(crate) struct Hll {
    /// The logarithm of the number of registers.
    bits: u32,
    hashes: BTreeSet<u64>,
    registers: Vec<u8>,
}

impl Hll {
    /// An empty count with 2^`bits` registers.
    #[must_use]
    pub(crate) fn new(bits: u32) -> Hll {
        Hll { bits: bits.clamp(4, 18), hashes: BTreeSet::new(), registers: Vec::new() }
    }

    /// The count for the accuracy that `hll()` and `dcount()` take, 0 to 4.
    #[must_use]
    pub(crate) fn with_accuracy(accuracy: i64) -> Hll {
        Hll::new(match accuracy {
            0 => 12,
            2 => 16,
            3 => 17,
            4 => 18,
            _ => 14,
        })
    }

    /// Takes in a value by the bytes that tell it from others.
    pub(crate) fn insert(&mut self, bytes: &[u8]) {
        // The same value has the same hash in every process: counts are stored and merged later.
        let mut hasher = foldhash::quality::FixedState::with_seed(0x7461_6c6c_7968_6f21).build_hasher();
        hasher.write(bytes);
        self.insert_hash(hasher.finish());
    }

    fn insert_hash(&mut self, hash: u64) {
        if self.registers.is_empty() {
            self.hashes.insert(hash);
            if self.hashes.len() > 1 << (self.bits - 3) {
                self.registers = vec![0; 1 << self.bits];
                std::mem::take(&mut self.hashes).into_iter().for_each(|hash| self.register(hash));
            }
        } else {
            self.register(hash);
        }
    }

    fn register(&mut self, hash: u64) {
        let at = usize::try_from(hash >> (64 - self.bits)).unwrap_or(0);
        let rank = u8::try_from((hash << self.bits | 1 << (self.bits - 1)).leading_zeros() + 1).unwrap_or(u8::MAX);
        if let Some(register) = self.registers.get_mut(at) {
            *register = (*register).max(rank);
        }
    }

    /// Takes in another count; of two accuracies the lower is kept.
    pub(crate) fn merge(&mut self, other: &Hll) {
        if other.registers.is_empty() {
            other.hashes.iter().for_each(|hash| self.insert_hash(*hash));
            return;
        }
        if self.registers.is_empty() {
            let hashes = std::mem::take(&mut self.hashes);
            *self = other.clone();
            hashes.into_iter().for_each(|hash| self.register(hash));
            return;
        }
        self.fold(other.bits);
        let mut other = other.clone();
        other.fold(self.bits);
        self.registers.iter_mut().zip(&other.registers).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
    }

    /// Fewer registers: neighbors become one.
    fn fold(&mut self, bits: u32) {
        while self.bits > bits {
            self.bits -= 1;
            // The bit that told two neighbors apart now leads the rest of the hash.
            let folded = |pair: &[u8]| {
                let left = if pair[0] > 0 { pair[0] + 1 } else { 0 };
                left.max(u8::from(pair[1] > 0))
            };
            self.registers = self.registers.chunks_exact(2).map(folded).collect();
        }
    }

    /// How many values there were.
    #[must_use]
    pub(crate) fn estimate(&self) -> i64 {
        if self.registers.is_empty() {
            return i64::try_from(self.hashes.len()).unwrap_or(i64::MAX);
        }
        let m = self.registers.len() as f64;
        let last = usize::try_from(64 - self.bits).unwrap_or(0) + 1;
        let mut ranks = vec![0.0; last + 1];
        self.registers.iter().for_each(|rank| ranks[usize::from(*rank).min(last)] += 1.0);
        let mut sum = m * tau(1.0 - ranks[last] / m);
        for count in ranks[1..last].iter().rev() {
            sum = 0.5 * (sum + count);
        }
        sum += m * sigma(ranks[0] / m);
        (m * m / (2.0 * std::f64::consts::LN_2 * sum)).round() as i64
    }

    /// How many values all the counts have in common: exactly while each holds its values, else by inclusion and exclusion.
    #[must_use]
    pub(crate) fn intersection(counts: &[Hll]) -> i64 {
        let Some((first, others)) = counts.split_first() else { return 0 };
        if counts.iter().all(|count| count.registers.is_empty()) {
            let in_all = |hash: &&u64| others.iter().all(|other| other.hashes.contains(hash));
            return i64::try_from(first.hashes.iter().filter(in_all).count()).unwrap_or(i64::MAX);
        }
        let mut sum = 0;
        for members in 1u32..1 << counts.len().min(16) {
            let mut chosen = counts.iter().enumerate().filter(|(at, _)| members >> at & 1 == 1).map(|(_, count)| count);
            let Some(mut union) = chosen.next().cloned() else { continue };
            chosen.for_each(|count| union.merge(count));
            sum += if members.count_ones() % 2 == 1 { union.estimate() } else { -union.estimate() };
        }
        sum.clamp(0, first.estimate())
    }

    /// `[bits, [hashes], [registers]]`.
    #[must_use]
    pub(crate) fn json(&self) -> String {
        let hashes: Vec<i64> = self.hashes.iter().map(|hash| hash.cast_signed()).collect();
        json!([self.bits, hashes, self.registers]).to_string()
    }

    /// What [`json`](Hll::json) wrote.
    #[must_use]
    pub(crate) fn read(json: &str) -> Option<Hll> {
        let (bits, hashes, registers): (u32, Vec<i64>, Vec<u8>) = serde_json::from_str(json).ok()?;
        let fits = (4..=18).contains(&bits) && (registers.is_empty() || registers.len() == 1 << bits);
        let ranks = registers.iter().all(|rank| u32::from(*rank) <= 65 - bits);
        (fits && ranks).then(|| Hll { bits, hashes: hashes.into_iter().map(i64::cast_unsigned).collect(), registers })
    }

    /// The bytes it holds.
    #[must_use]
    pub(crate) fn size(&self) -> usize {
        self.hashes.len() * 16 + self.registers.capacity()
    }
}

/// What registers without a value add (Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"): with it, and with
/// [`tau`] for those that are full, the estimate has no bias anywhere.
fn sigma(share: f64) -> f64 {
    if share >= 1.0 {
        return f64::INFINITY;
    }
    let (mut x, mut y, mut sum) = (share, 1.0, share);
    loop {
        x *= x;
        let before = sum;
        sum += x * y;
        y += y;
        if sum <= before {
            return sum;
        }
    }
}

/// What registers that are full add.
fn tau(share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let (mut x, mut y, mut sum) = (share, 1.0, 1.0 - share);
    loop {
        x = x.sqrt();
        let before = sum;
        y *= 0.5;
        sum -= (1.0 - x).powi(2) * y;
        if sum >= before {
            return sum / 3.0;
        }
    }
}

/// Centroids up to which a digest keeps every value.
const CENTROIDS_MAX: usize = 2000;

/// A distribution of numbers as centroids: every value while they are few, then their neighborhoods.
#[derive(Clone, Debug, Default)]
pub(crate) struct TDigest {
    /// Mean and weight; sorted by mean once [`settle`](TDigest::settle)d.
    centroids: Vec<(f64, f64)>,
    settled: bool,
}

impl TDigest {
    /// Takes in a number; one that is not finite, or of no weight, is left out.
    pub(crate) fn insert(&mut self, value: f64, weight: f64) {
        if value.is_finite() && weight > 0.0 {
            self.centroids.push((value, weight));
            self.settled = false;
            if self.centroids.len() > 4 * CENTROIDS_MAX {
                self.settle();
            }
        }
    }

    /// Takes in another digest.
    pub(crate) fn merge(&mut self, other: &TDigest) {
        other.centroids.iter().for_each(|(value, weight)| self.insert(*value, *weight));
    }

    /// Sorts the centroids, and joins neighbors where there are too many: narrow at the ends, wider in the middle.
    fn settle(&mut self) {
        if self.settled {
            return;
        }
        self.settled = true;
        self.centroids.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        if self.centroids.len() <= CENTROIDS_MAX {
            return;
        }
        let total = self.weight();
        let mut joined: Vec<(f64, f64)> = Vec::with_capacity(CENTROIDS_MAX);
        let mut before = 0.0;
        for (value, weight) in std::mem::take(&mut self.centroids) {
            let at = (before + weight / 2.0) / total;
            // By this scale there are at most twice as many centroids as wanted.
            let most = total * std::f64::consts::PI * (at * (1.0 - at)).sqrt() / CENTROIDS_MAX as f64;
            match joined.last_mut() {
                Some((mean, sum)) if *sum + weight <= most => {
                    *mean += (value - *mean) * weight / (*sum + weight);
                    *sum += weight;
                }
                _ => joined.push((value, weight)),
            }
            before += weight;
        }
        self.centroids = joined;
    }

    fn weight(&self) -> f64 {
        self.centroids.iter().map(|(_, weight)| weight).sum()
    }

    /// The value at that percentile by nearest rank; `None` if the digest is empty.
    #[must_use]
    pub(crate) fn percentile(&self, percent: f64) -> Option<f64> {
        let mut digest = self.clone();
        digest.settle();
        let rank = percent.clamp(0.0, 100.0) / 100.0 * digest.weight();
        let mut before = 0.0;
        for (value, weight) in &digest.centroids {
            before += weight;
            if before >= rank {
                return Some(*value);
            }
        }
        digest.centroids.last().map(|(value, _)| *value)
    }

    /// How many values are not above `value`.
    #[must_use]
    pub(crate) fn rank(&self, value: f64) -> f64 {
        self.centroids.iter().filter(|(mean, _)| *mean <= value).map(|(_, weight)| weight).sum()
    }

    /// The share, from 0 to 100, of values that are not above `value`.
    #[must_use]
    pub(crate) fn percent_rank(&self, value: f64) -> Option<f64> {
        (!self.centroids.is_empty()).then(|| 100.0 * self.rank(value) / self.weight())
    }

    /// `["type", [means], [weights]]`; `None` if it is empty.
    #[must_use]
    pub(crate) fn json(&self, ty: kql::Type) -> Option<String> {
        let mut digest = self.clone();
        digest.settle();
        let (means, weights): (Vec<f64>, Vec<f64>) = digest.centroids.into_iter().unzip();
        (!means.is_empty()).then(|| json!([ty.name(), means, weights]).to_string())
    }

    /// What [`json`](TDigest::json) wrote, and the type of the values.
    #[must_use]
    pub(crate) fn read(json: &str) -> Option<(TDigest, kql::Type)> {
        let (name, means, weights): (String, Vec<f64>, Vec<f64>) = serde_json::from_str(json).ok()?;
        let ty = kql::Type::from_name(&name)?;
        let fits = means.len() == weights.len() && weights.iter().all(|weight| *weight > 0.0);
        fits.then(|| (TDigest { centroids: means.into_iter().zip(weights).collect(), settled: false }, ty))
    }

    /// The bytes it holds.
    #[must_use]
    pub(crate) fn size(&self) -> usize {
        self.centroids.capacity() * 16
    }
}

/// A number as a dynamic of that type: a datetime and a timespan as their text.
#[must_use]
pub(crate) fn number_json(number: f64, ty: kql::Type) -> Json {
    match ty {
        kql::Type::Int | kql::Type::Long => Json::from(number as i64),
        kql::Type::DateTime => Json::from(kql::time::format_datetime(number as i64)),
        kql::Type::TimeSpan => Json::from(kql::time::format_timespan(number as i64)),
        _ => Json::from(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_counted_exactly_and_many_nearly() {
        let mut count = Hll::with_accuracy(1);
        (0..100u32).for_each(|n| count.insert(&n.to_le_bytes()));
        assert_eq!(Hll::read(&count.json()).map(|count| count.estimate()), Some(100));
        (0..200_000u32).for_each(|n| count.insert(&n.to_le_bytes()));
        assert!((count.estimate() - 200_000).abs() < 5_000, "{}", count.estimate());
        assert_eq!(Hll::read(&count.json()).map(|count| count.estimate()), Some(count.estimate()));
        assert!(Hll::read("[14,[],[1]]").is_none());
    }

    #[test]
    fn counts_of_two_accuracies_merge() {
        let (mut fine, mut coarse) = (Hll::with_accuracy(2), Hll::with_accuracy(0));
        (0..60_000u32).for_each(|n| fine.insert(&n.to_le_bytes()));
        (30_000..90_000u32).for_each(|n| coarse.insert(&n.to_le_bytes()));
        fine.merge(&coarse);
        assert!((fine.estimate() - 90_000).abs() < 6_000, "{}", fine.estimate());
    }

    #[test]
    fn digests_keep_the_distribution() {
        let mut digest = TDigest::default();
        (0..100_000).for_each(|n| digest.insert(f64::from(n), 1.0));
        for percent in [1.0, 50.0, 99.0] {
            let value = digest.percentile(percent).unwrap();
            assert!((value - percent * 1000.0).abs() < 200.0, "{percent}: {value}");
        }
        let (read, ty) = TDigest::read(&digest.json(kql::Type::Long).unwrap()).unwrap();
        assert_eq!(ty, kql::Type::Long);
        assert!((read.percent_rank(50_000.0).unwrap() - 50.0).abs() < 0.5);
        assert_eq!(TDigest::default().json(kql::Type::Long), None);
    }
}
