//! Two small tables with every type, nulls, empty texts and extremes, as one partition or as several.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::datasource::MemTable;
use engine::cell::{Cell, CellBuilder};
use engine::operator::schema;
use engine::{Config, Engine};
use kql::{Column, Type, Value};

use super::chance::Chance;

/// Every type that a column can have.
pub(crate) const TYPES: [Type; 10] = [
    Type::Bool,
    Type::DateTime,
    Type::Decimal,
    Type::Dynamic,
    Type::Guid,
    Type::Int,
    Type::Long,
    Type::Real,
    Type::String,
    Type::TimeSpan,
];

/// The tables' names.
pub(crate) const TABLES: [&str; 2] = ["Left", "Right"];

/// How long a query may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// An engine with the tables in that many parts.
pub(crate) fn engine(threads: usize, memory_bytes: usize, parts: usize) -> Engine {
    let now = kql::time::parse_iso("2026-01-01T00:00:00Z").expect("a date");
    let timeout = Some(TIMEOUT);
    let config = Config { now, threads, memory_bytes, timeout, ..Config::default() };
    let mut engine = Engine::new(config).expect("an engine without tables starts");
    engine.workspace_mut().builtin = false;
    for (seed, name) in TABLES.iter().enumerate() {
        let columns = columns();
        let parts = batches(&columns, seed as u64 + 1, parts);
        let table = MemTable::try_new(schema(&columns), parts).expect("batches of one schema");
        engine.add_table(name, columns, Arc::new(table));
    }
    engine
}

/// A key with few values, and a column of each type.
fn columns() -> Vec<Column> {
    let mut columns = vec![Column::new("k", Type::Long), Column::new("name", Type::String)];
    columns.extend(TYPES.iter().map(|ty| Column::new(format!("{}_", ty.name()), *ty)));
    columns
}

/// Rows of each table.
const ROWS: usize = 60;

fn batches(columns: &[Column], seed: u64, parts: usize) -> Vec<Vec<RecordBatch>> {
    let mut chance = Chance::new(seed);
    let rows: Vec<Vec<Value>> = (0..ROWS).map(|_| columns.iter().map(|column| cell(column, &mut chance)).collect()).collect();
    let batch = |rows: &[Vec<Value>]| {
        let arrays = columns.iter().enumerate().map(|(at, column)| {
            let mut builder = CellBuilder::new(column.ty, rows.len());
            rows.iter().for_each(|row| builder.push(&Cell::of(&row[at])));
            builder.finish()
        });
        RecordBatch::try_new(schema(columns), arrays.collect()).expect("arrays of the schema's types")
    };
    rows.chunks(ROWS.div_ceil(parts)).map(|rows| rows.chunks(7).map(batch).collect()).collect()
}

fn cell(column: &Column, chance: &mut Chance) -> Value {
    match column.name.as_str() {
        "k" if !chance.once_in(8) => Value::Long(chance.below(5) as i64),
        "name" => Value::String(chance.of(&["alpha", "Beta", "gamma.example", "", "10.0.0.7"]).to_string()),
        _ if column.ty != Type::String && chance.once_in(4) => Value::Null,
        _ => chance.of(&values(column.ty)).clone(),
    }
}

/// Values of a type: plain ones, and those at its ends.
fn values(ty: Type) -> Vec<Value> {
    let dynamic = |json: &&str| Value::Dynamic((*json).to_owned());
    match ty {
        Type::Bool => vec![Value::Bool(true), Value::Bool(false)],
        Type::DateTime => {
            [0, 1, kql::time::UNIX_EPOCH, 638_396_640_000_000_000, 3_155_378_975_999_999_999].map(Value::DateTime).to_vec()
        }
        Type::Decimal => ["0", "1.5", "-1e-10", "12345678901234567890.5"].map(|text| Value::Decimal(text.to_owned())).to_vec(),
        Type::Dynamic => DYNAMICS.iter().map(dynamic).collect(),
        Type::Guid => [0, 1, u128::MAX].map(Value::Guid).to_vec(),
        Type::Int => [0, 1, -1, 7, i32::MAX, i32::MIN].map(Value::Int).to_vec(),
        Type::Long | Type::Unknown => [0, 1, -1, 42, 1000, i64::MAX, i64::MIN].map(Value::Long).to_vec(),
        Type::Real => [0.0, -0.0, 1.5, -2.25, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Value::Real).to_vec(),
        Type::String => STRINGS.map(|text| Value::String(text.to_owned())).to_vec(),
        Type::TimeSpan => [0, 1, -1, 36_000_000_000, i64::MAX, i64::MIN].map(Value::TimeSpan).to_vec(),
    }
}

const DYNAMICS: &[&str] =
    &["[1,2,3]", "[]", "{}", "{\"a\":1,\"b\":[true,null]}", "\"text\"", "1.5", "7", "true", "[\"x\",\"Y\",null]", "[[1],[2,3]]"];

/// Texts, some of which some function reads as something.
pub(crate) const STRINGS: [&str; 16] = [
    "",
    "a",
    "Hello World",
    "CAFÉ é",
    "😀 ünï",
    "null",
    "-17",
    "1.5e3",
    "2024-02-29T12:34:56.7891234Z",
    "10.1.2.3",
    "10.0.0.0/8",
    "a,b;c=d,\"e f\"",
    "{\"a\":{\"b\":[1,\"x\"]}}",
    "http://u:p@h.example:8080/p/a?x=1&y=%41#f",
    "C:\\Windows\\cmd.exe /c \"echo\"",
    "1.02:03:04.5",
];
