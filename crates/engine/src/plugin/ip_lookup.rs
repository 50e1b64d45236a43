//! `ipv4_lookup` and `ipv6_lookup`: rows joined with the rows of a table whose network holds their address.
//!
//! One row for each network that matches; without one the row goes, or stays with nulls if `return_unmatched` is true.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::common::Result as DfResult;
use kql::{Column, Type};

use super::{Call, Plugin};
use crate::cell::{Cell, CellBuilder, Cells};
use crate::error::Result;
use crate::local::batch;
use crate::lower::Lower;
use crate::lower::operators::Parts;
use crate::operator::{Operator, Run};
use crate::row_key;

/// `ipv4_lookup`.
pub(super) const IPV4: Plugin = Plugin::new("ipv4_lookup", include_str!("ip_lookup.md"), parts);
/// `ipv6_lookup`.
pub(super) const IPV6: Plugin = Plugin::new("ipv6_lookup", include_str!("ip_lookup.md"), parts);

/// Addresses are IPv6 inside; an IPv4 one is mapped, its prefix 96 bits longer.
#[derive(Debug)]
struct Networks {
    /// The prefix lengths in use, the longest first.
    lengths: Vec<u8>,
    /// Rows of the lookup table by prefix length, network and extra keys.
    rows: HashMap<(u8, u128, Vec<u8>), Vec<u32>>,
}

fn parts(lower: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let rel = call.lookup_table()?;
    let table = call.table(lower, rel)?;
    let key = call.lookup_column(2, rel)?;
    let unmatched = call.flag("return_unmatched", 3..);
    let extra: Vec<&Column> = call.columns_from(3).iter().filter_map(|expr| call.input_column(expr)).collect();
    let names: Vec<&str> = extra.iter().map(|column| column.name.as_str()).collect();
    let networks = networks(table, &rel.columns, key, &names);
    let shown = (0..rel.columns.len()).filter(|at| !names.contains(&rel.columns[*at].name.as_str())).collect();
    let extra = extra.iter().filter_map(|column| call.input.columns.iter().position(|input| input == *column)).collect();
    let input = call.input.columns.clone();
    let shared =
        Shared { columns, input, table: table.clone(), table_columns: rel.columns.clone(), shown, extra, networks, unmatched };
    Ok(Parts::above(call.input, vec![call.expr(1)?.clone()], IpLookup { shared: Arc::new(shared) }))
}

fn networks(table: &RecordBatch, columns: &[Column], key: usize, extra: &[&str]) -> Networks {
    let keys = Cells::new(columns[key].ty, table.column(key));
    let extra: Vec<Cells<'_>> = extra
        .iter()
        .filter_map(|name| columns.iter().position(|column| column.name == *name))
        .map(|at| Cells::new(columns[at].ty, table.column(at)))
        .collect();
    let mut networks = Networks { lengths: Vec::new(), rows: HashMap::new() };
    for row in 0..table.num_rows() {
        let Some((address, length)) = parse(keys.get(row).as_str()) else { continue };
        let mut more = Vec::new();
        extra.iter().for_each(|column| row_key::push(&mut more, &column.get(row)));
        networks.rows.entry((length, masked(address, length), more)).or_default().push(u32::try_from(row).unwrap_or(u32::MAX));
        if !networks.lengths.contains(&length) {
            networks.lengths.push(length);
        }
    }
    networks.lengths.sort_unstable_by(|a, b| b.cmp(a));
    networks
}

/// An address or network: its bits and its prefix length.
fn parse(text: &str) -> Option<(u128, u8)> {
    let (address, prefix) = text.trim().split_once('/').map_or((text.trim(), None), |(address, prefix)| (address, Some(prefix)));
    let prefix: Option<u8> = prefix.map(str::parse).transpose().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(v4) => {
            let length = prefix.unwrap_or(32);
            (length <= 32).then(|| (Ipv6Addr::to_bits(v4.to_ipv6_mapped()), length + 96))
        }
        IpAddr::V6(v6) => {
            let length = prefix.unwrap_or(128);
            (length <= 128).then(|| (v6.to_bits(), length))
        }
    }
}

fn masked(address: u128, length: u8) -> u128 {
    if length == 0 { 0 } else { address & (u128::MAX << (128 - u32::from(length))) }
}

#[derive(Debug)]
struct Shared {
    columns: Vec<Column>,
    input: Vec<Column>,
    table: RecordBatch,
    table_columns: Vec<Column>,
    shown: Vec<usize>,
    extra: Vec<usize>,
    networks: Networks,
    unmatched: bool,
}

#[derive(Debug)]
struct IpLookup {
    shared: Arc<Shared>,
}

impl Operator for IpLookup {
    fn name(&self) -> &'static str {
        "ip_lookup"
    }

    fn columns(&self) -> &[Column] {
        &self.shared.columns
    }

    fn wants_all(&self) -> bool {
        false
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass { shared: Arc::clone(&self.shared) })
    }
}

struct Pass {
    shared: Arc<Shared>,
}

impl Run for Pass {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let shared = &self.shared;
        let addresses = Cells::new(Type::String, rows.column(shared.input.len()));
        let extra: Vec<Cells<'_>> = shared.extra.iter().map(|at| Cells::new(shared.input[*at].ty, rows.column(*at))).collect();
        let (mut from, mut found): (Vec<u32>, Vec<Option<u32>>) = (Vec::new(), Vec::new());
        for row in 0..rows.num_rows() {
            let before = from.len();
            let at = u32::try_from(row).unwrap_or(u32::MAX);
            if let Some((address, own)) = parse(addresses.get(row).as_str()) {
                let mut more = Vec::new();
                extra.iter().for_each(|column| row_key::push(&mut more, &column.get(row)));
                for length in shared.networks.lengths.iter().filter(|length| **length <= own) {
                    let key = (*length, masked(address, *length), more.clone());
                    for other in shared.networks.rows.get(&key).into_iter().flatten() {
                        from.push(at);
                        found.push(Some(*other));
                    }
                }
            }
            if from.len() == before && shared.unmatched {
                from.push(at);
                found.push(None);
            }
        }
        let count = from.len();
        let from = UInt32Array::from(from);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(shared.columns.len());
        for array in rows.columns().iter().take(shared.input.len()) {
            arrays.push(take(array, &from, None)?);
        }
        for at in &shared.shown {
            let column = &shared.table_columns[*at];
            let cells = Cells::new(column.ty, shared.table.column(*at));
            let mut builder = CellBuilder::new(column.ty, count);
            found.iter().for_each(|row| builder.push(&row.map_or(Cell::Null, |row| cells.get(row as usize))));
            arrays.push(builder.finish());
        }
        Ok(Some(batch(&shared.columns, arrays, count)?))
    }
}
