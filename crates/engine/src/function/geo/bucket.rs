//! The order of Kusto's sets of texts: that of the buckets of a hash table, as they were first used.
//!
//! Documented answers show it: a text whose bucket holds others already goes before them. The hash is FNV-1a; there are eight
//! buckets, eight times as many whenever they are full, and twice as many from 512 on.

/// The texts in that order.
pub(super) fn bucket_order(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut buckets = 8;
    let mut order: Vec<(u64, String)> = Vec::new();
    for text in texts {
        if order.len() == buckets {
            buckets *= if buckets < 512 { 8 } else { 2 };
            order = order.into_iter().fold(Vec::new(), |order, entry| placed(order, entry, buckets));
        }
        order = placed(order, (hash(&text), text), buckets);
    }
    order.into_iter().map(|(_, text)| text).collect()
}

fn placed(mut order: Vec<(u64, String)>, entry: (u64, String), buckets: usize) -> Vec<(u64, String)> {
    let bucket = |hash: u64| hash & (buckets as u64 - 1);
    let place = order.iter().position(|other| bucket(other.0) == bucket(entry.0)).unwrap_or(order.len());
    order.insert(place, entry);
    order
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
