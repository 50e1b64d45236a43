//! How many different texts each group has: `dcount` of strings.
//!
//! In: texts and the group of each. Out: a count for each group. A text is known by a hash of 64 bits, so that none is kept or
//! compared: of ten million different texts two have the same hash once in four hundred thousand times, and `dcount` is an
//! estimate.

use std::hash::BuildHasher;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, LargeBinaryArray, LargeBinaryBuilder};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature, Volatility,
};
use foldhash::quality::FixedState;
use hashbrown::HashTable;
use kql::Type;

use crate::cell::normalized;

/// The count of different texts that are not null.
pub(crate) fn distinct_texts(text: Expr) -> Expr {
    AggregateUDF::new_from_impl(DistinctTexts { signature: Signature::any(1, Volatility::Immutable) }).call(vec![text])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DistinctTexts {
    signature: Signature,
}

impl AggregateUDFImpl for DistinctTexts {
    fn name(&self) -> &'static str {
        "distinct_texts"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[hashes]", args.name), DataType::LargeBinary, true))])
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(0)))
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(OneGroup(Hashes::default())))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Hashes::default()))
    }
}

/// A text that a group has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    text: u64,
    group: u32,
}

impl Entry {
    /// Its own hash: most groups of a table have texts in common.
    #[inline]
    fn hash(self) -> u64 {
        self.text ^ u64::from(self.group).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// The texts of all groups, by their hashes.
#[derive(Debug, Default)]
struct Hashes {
    entries: HashTable<Entry>,
    /// How many each group has.
    counts: Vec<u32>,
}

/// Look-ups that do not wait for one another.
const SIDE_BY_SIDE: usize = 32;

/// Two that are made apart must give a text the same hash.
fn hasher() -> FixedState {
    FixedState::with_seed(0x7461_6c6c_7968_6f21)
}

impl Hashes {
    fn grow(&mut self, groups: usize) {
        self.counts.resize(self.counts.len().max(groups), 0);
    }

    /// Adds what is not there yet; the groups are.
    fn add(&mut self, entries: impl Iterator<Item = Entry>) {
        let mut entries = entries.peekable();
        let mut some = Vec::with_capacity(SIDE_BY_SIDE);
        while entries.peek().is_some() {
            some.clear();
            some.extend(entries.by_ref().take(SIDE_BY_SIDE));
            // The table is too large for a near cache. Looked up all together, the places are fetched side by side.
            for entry in &some {
                std::hint::black_box(self.entries.find(entry.hash(), |_| false));
            }
            for entry in &some {
                if let hashbrown::hash_table::Entry::Vacant(place) =
                    self.entries.entry(entry.hash(), |known| known == entry, |known| known.hash())
                {
                    place.insert(*entry);
                    self.counts[entry.group as usize] += 1;
                }
            }
        }
    }

    /// Adds the texts of rows, those that a filter lets through.
    fn add_texts(&mut self, values: &[ArrayRef], group: impl Fn(usize) -> usize, filter: Option<&BooleanArray>) -> Result<()> {
        let Some(texts) = values.first() else { return Ok(()) };
        let texts = normalized(Type::String, texts)?;
        let texts = texts.as_string_view();
        let hasher = hasher();
        let counted = |row: &usize| texts.is_valid(*row) && filter.is_none_or(|it| it.is_valid(*row) && it.value(*row));
        let entry = |row| Entry { text: hasher.hash_one(texts.value(row)), group: group_number(group(row)) };
        self.add((0..texts.len()).filter(counted).map(entry));
        Ok(())
    }

    /// Adds the hashes of others.
    fn add_states(&mut self, states: &[ArrayRef], group: impl Fn(usize) -> usize) {
        let Some(states) = states.first().and_then(|array| array.as_binary_opt::<i64>()) else { return };
        for (row, bytes) in states.iter().enumerate() {
            let (hashes, _) = bytes.unwrap_or_default().as_chunks::<8>();
            let group = group_number(group(row));
            self.add(hashes.iter().map(|bytes| Entry { text: u64::from_le_bytes(*bytes), group }));
        }
    }

    /// The counts of the first groups, or of all, which then are no more.
    fn take_counts(&mut self, emit: EmitTo) -> Int64Array {
        let taken = emit.take_needed(&mut self.counts);
        self.forget(taken.len());
        taken.into_iter().map(i64::from).collect::<Vec<_>>().into()
    }

    /// The hashes of the first groups, or of all, which then are no more.
    fn take_states(&mut self, emit: EmitTo) -> LargeBinaryArray {
        let taken = emit.take_needed(&mut self.counts);
        let mut starts = Vec::with_capacity(taken.len() + 1);
        let mut total = 0;
        for count in &taken {
            starts.push(total);
            total += *count as usize;
        }
        starts.push(total);
        let (mut next, mut hashes) = (starts.clone(), vec![[0; 8]; total]);
        for entry in &self.entries {
            if let Some(at) = next.get_mut(entry.group as usize).filter(|_| (entry.group as usize) < taken.len()) {
                hashes[*at] = entry.text.to_le_bytes();
                *at += 1;
            }
        }
        self.forget(taken.len());
        let mut states = LargeBinaryBuilder::with_capacity(taken.len(), total * 8);
        for ends in starts.windows(2) {
            states.append_value(hashes[ends[0]..ends[1]].as_flattened());
        }
        states.finish()
    }

    /// Forgets the texts of that many groups; the others move up.
    fn forget(&mut self, groups: usize) {
        let all = std::mem::take(&mut self.entries);
        if self.counts.is_empty() {
            return;
        }
        let groups = group_number(groups);
        for Entry { text, group } in all.into_iter().filter(|entry| entry.group >= groups) {
            let entry = Entry { text, group: group - groups };
            self.entries.insert_unique(entry.hash(), entry, |known| known.hash());
        }
    }

    fn bytes(&self) -> usize {
        self.entries.allocation_size() + self.counts.capacity() * size_of::<u32>()
    }
}

/// So many groups do not fit into memory.
fn group_number(group: usize) -> u32 {
    u32::try_from(group).unwrap_or(u32::MAX)
}

impl GroupsAccumulator for Hashes {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.grow(total);
        self.add_texts(values, |row| groups[row], filter)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        self.add_states(values, |row| groups[row]);
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(self.take_counts(emit)))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![Arc::new(self.take_states(emit))])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut each = Hashes::default();
        each.grow(values.first().map_or(0, |texts| texts.len()));
        each.add_texts(values, |row| row, filter)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.bytes()
    }
}

/// All rows are one group.
#[derive(Debug)]
struct OneGroup(Hashes);

impl Accumulator for OneGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.grow(1);
        self.0.add_texts(values, |_| 0, None)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.grow(1);
        self.0.add_states(states, |_| 0);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(self.0.counts.first().map_or(0, |count| i64::from(*count)))))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.grow(1);
        Ok(vec![ScalarValue::try_from_array(&self.0.take_states(EmitTo::All), 0)?])
    }

    fn size(&self) -> usize {
        size_of::<OneGroup>() + self.0.bytes()
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::StringViewArray;

    use super::*;

    fn texts(texts: &[Option<&str>]) -> Vec<ArrayRef> {
        vec![Arc::new(texts.iter().copied().collect::<StringViewArray>())]
    }

    fn counted(hashes: &mut Hashes) -> Vec<i64> {
        hashes.take_counts(EmitTo::All).values().to_vec()
    }

    #[test]
    fn groups_have_texts_in_common() {
        let mut hashes = Hashes::default();
        let filter: BooleanArray = vec![Some(true), Some(true), Some(true), Some(true), None, Some(true)].into();
        let values = texts(&[Some("a"), Some("a"), Some("b"), None, Some("c"), Some("a")]);
        hashes.update_batch(&values, &[0, 0, 0, 0, 0, 2], Some(&filter), 3).unwrap();
        assert_eq!(counted(&mut hashes), [2, 0, 1]);
    }

    #[test]
    fn states_of_parts_are_joined() {
        let all: Vec<String> = (0..1000).map(|n| format!("text {}", n % 300)).collect();
        let groups: Vec<usize> = (0..1000).map(|n| n % 7).collect();
        let values = |part: &[String]| texts(&part.iter().map(|text| Some(text.as_str())).collect::<Vec<_>>());
        let mut whole = Hashes::default();
        whole.update_batch(&values(&all), &groups, None, 7).unwrap();
        let mut joined = Hashes::default();
        for at in [0..400, 400..1000] {
            let mut part = Hashes::default();
            part.update_batch(&values(&all[at.clone()]), &groups[at], None, 7).unwrap();
            for first in [0, 3] {
                let emit = if first == 0 { EmitTo::First(3) } else { EmitTo::All };
                let state = part.state(emit).unwrap();
                let groups: Vec<usize> = (first..first + state[0].len()).collect();
                joined.merge_batch(&state, &groups, 7).unwrap();
            }
        }
        let by_row = Hashes::default().convert_to_state(&values(&all), None).unwrap();
        joined.merge_batch(&by_row, &groups, 7).unwrap();
        assert_eq!(counted(&mut joined), counted(&mut whole));
    }

    #[test]
    fn all_rows_may_be_one_group() {
        let mut one = OneGroup(Hashes::default());
        assert_eq!(one.evaluate().unwrap(), ScalarValue::Int64(Some(0)));
        one.update_batch(&texts(&[Some(""), None, Some("x")])).unwrap();
        let ScalarValue::LargeBinary(state) = &one.state().unwrap()[0] else { panic!() };
        assert_eq!(state.as_ref().map(Vec::len), Some(16));
    }
}
