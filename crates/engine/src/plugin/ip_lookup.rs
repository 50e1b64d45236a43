//! `ipv4_lookup` and `ipv6_lookup`: rows joined with the rows of a table whose network holds their address.
//!
//! A row that several networks hold comes once for each, the longest prefix first.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use kql::{Column, Type};

use super::lookup::{Looking, Lookup, Matches};
use super::{Call, Plugin};
use crate::cell::Cells;
use crate::error::Result;
use crate::function::ip::{V4, V6};
use crate::lower::Lower;
use crate::lower::operators::Parts;
use crate::row_key::Keys;

/// `ipv4_lookup`.
pub(super) const IPV4: Plugin = Plugin::new("ipv4_lookup", include_str!("ip_lookup.md"), |lower, call, columns| {
    parts(lower, call, columns, "ipv4_lookup", |text| V4::parse(text).map(V6::from))
});
/// `ipv6_lookup`.
pub(super) const IPV6: Plugin = Plugin::new("ipv6_lookup", include_str!("ip_lookup.md"), |lower, call, columns| {
    parts(lower, call, columns, "ipv6_lookup", V6::parse)
});

/// Reads an address or a network.
type Parse = fn(&str) -> Option<V6>;

fn parts(lower: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>, name: &'static str, parse: Parse) -> Result<Parts> {
    let rel = call.lookup_table()?;
    let table = call.table(lower, rel)?;
    let key = call.lookup_column(2, rel)?;
    let extra: Vec<&Column> = call.columns_from(3).iter().filter_map(|expr| call.input_column(expr)).collect();
    let is_extra = |column: &Column| extra.iter().any(|extra| extra.name == column.name);
    let places = |columns: &[Column]| -> Vec<(usize, Type)> {
        let place = |extra: &&Column| columns.iter().position(|column| column.name == extra.name);
        extra.iter().filter_map(place).map(|at| (at, columns[at].ty)).collect()
    };
    let addresses = Cells::new(rel.columns[key].ty, table.column(key));
    let mut networks = Networks::new(parse, call.input.columns.len(), places(&call.input.columns));
    networks.hold(table, &addresses, &places(&rel.columns));
    let lookup = Lookup {
        name,
        columns,
        width: call.input.columns.len(),
        table: table.clone(),
        table_columns: rel.columns.clone(),
        shown: (0..rel.columns.len()).filter(|at| !is_extra(&rel.columns[*at])).collect(),
        matches: networks,
        unmatched: call.flag("return_unmatched", 3..),
    };
    Ok(Parts::above(call.input, vec![call.expr(1)?.clone()], Looking(Arc::new(lookup))))
}

/// The networks of the table. Addresses are IPv6 inside; an IPv4 one is mapped, its prefix 96 bits longer.
struct Networks {
    parse: Parse,
    /// The column of a row's address.
    address: usize,
    /// The columns of its extra keys.
    extra: Vec<(usize, Type)>,
    /// The prefix lengths in use, the longest first.
    lengths: Vec<u32>,
    /// Rows of the table by prefix length, network and extra keys.
    rows: HashMap<(u32, u128, Vec<u8>), Vec<u32>>,
}

impl Networks {
    fn new(parse: Parse, address: usize, extra: Vec<(usize, Type)>) -> Networks {
        Networks { parse, address, extra, lengths: Vec::new(), rows: HashMap::new() }
    }

    /// Takes in the table, with its networks and the columns of its extra keys.
    fn hold(&mut self, table: &RecordBatch, networks: &Cells<'_>, extra: &[(usize, Type)]) {
        let extra = Keys::of(extra.iter().copied(), table);
        for (row, at) in (0..table.num_rows()).zip(0u32..) {
            let Some(network) = (self.parse)(networks.get(row).as_str()) else { continue };
            let mut more = Vec::new();
            extra.write(row, &mut more);
            self.rows.entry((network.prefix, network.masked(network.prefix), more)).or_default().push(at);
            if !self.lengths.contains(&network.prefix) {
                self.lengths.push(network.prefix);
            }
        }
        self.lengths.sort_unstable_by(|a, b| b.cmp(a));
    }
}

impl Matches for Networks {
    fn pairs(&self, rows: &RecordBatch) -> Vec<(u32, u32)> {
        let addresses = Cells::new(Type::String, rows.column(self.address));
        let extra = Keys::of(self.extra.iter().copied(), rows);
        let mut pairs = Vec::new();
        let mut more = Vec::new();
        for (row, at) in (0..rows.num_rows()).zip(0u32..) {
            let Some(address) = (self.parse)(addresses.get(row).as_str()) else { continue };
            extra.write(row, &mut more);
            for length in self.lengths.iter().filter(|length| **length <= address.prefix) {
                let found = self.rows.get(&(*length, address.masked(*length), more.clone()));
                pairs.extend(found.into_iter().flatten().map(|other| (at, *other)));
            }
        }
        pairs
    }
}
