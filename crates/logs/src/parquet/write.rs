//! Rows into a Parquet file: columns laid out as [`arrow_type`](crate::arrow_type) says come in, and come out again when it is read.
//!
//! A `datetime` becomes a timestamp in nanoseconds, which has all of its digits but begins in 1677 and ends in 2262; a `timespan` a
//! duration in nanoseconds. `dynamic` and `decimal` are texts that say what they are, `guid` sixteen bytes.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use kql::time::UNIX_EPOCH;
use kql::{Column, Type};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::value::EXTENSION;

/// Rows of a row group: small enough for dictionaries to stay short, and for readers to share a file out.
const GROUP_ROWS: usize = 1 << 17;
/// Bytes of a column's dictionary beyond which its texts are written as they come.
const DICTIONARY_BYTES: usize = 4 << 20;

/// A Parquet file that is being written.
pub struct ParquetWriter<W: Write + Send> {
    writer: ArrowWriter<W>,
    columns: Vec<Column>,
    schema: SchemaRef,
    lost: BTreeMap<String, u64>,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins a file of those columns.
    ///
    /// # Errors
    /// It cannot be written to, and why.
    pub fn new(out: W, columns: &[Column]) -> Result<ParquetWriter<W>, String> {
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let writer =
            ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties(columns))).map_err(|error| error.to_string())?;
        Ok(ParquetWriter { writer, columns: columns.to_vec(), schema, lost: BTreeMap::new() })
    }

    /// Adds rows under the same columns.
    ///
    /// # Errors
    /// The file cannot be written to, and why.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), String> {
        self.append(batch).map_err(|error| error.to_string())
    }

    fn append(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (column, array) in self.columns.iter().zip(batch.columns()) {
            let stored = stored(array, column.ty);
            let lost = stored.null_count().saturating_sub(array.null_count()) as u64;
            if lost > 0 {
                *self.lost.entry(column.name.clone()).or_default() += lost;
            }
            arrays.push(stored);
        }
        self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }

    /// Ends the file: how many values of which columns it could not hold; they are null in it.
    ///
    /// # Errors
    /// The file cannot be written to, and why.
    pub fn finish(self) -> Result<BTreeMap<String, u64>, String> {
        self.writer.close().map_err(|error| error.to_string())?;
        Ok(self.lost)
    }
}

fn properties(columns: &[Column]) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("tallyho ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_max_row_group_row_count(Some(GROUP_ROWS));
    for column in columns.iter().filter(|column| column.ty == Type::String && is_looked_up(&column.name)) {
        let path = ColumnPath::from(vec![column.name.clone()]);
        properties = properties
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path.clone(), 0.01)
            .set_column_bloom_filter_max_ndv(path, GROUP_ROWS as u64);
    }
    properties.build()
}

/// Columns of names, addresses, hashes and the like, of which hunters look one up.
fn is_looked_up(column: &str) -> bool {
    const PARTS: [&str; 9] = ["ip", "url", "domain", "hostname", "sha1", "sha256", "md5", "hash", "uri"];
    let name = column.to_ascii_lowercase();
    matches!(name.as_str(), "name" | "query") || PARTS.iter().any(|part| name.contains(part))
}

fn field(column: &Column) -> Field {
    let utc = Some(Arc::from("UTC"));
    let (ty, extension) = match column.ty {
        Type::Bool => (DataType::Boolean, None),
        Type::Int => (DataType::Int32, None),
        Type::Long => (DataType::Int64, None),
        Type::Real => (DataType::Float64, None),
        Type::DateTime => (DataType::Timestamp(TimeUnit::Nanosecond, utc), None),
        Type::TimeSpan => (DataType::Duration(TimeUnit::Nanosecond), None),
        Type::Guid => (DataType::FixedSizeBinary(16), Some("arrow.uuid")),
        Type::Dynamic => (DataType::Utf8View, Some("arrow.json")),
        Type::Decimal => (DataType::Utf8View, Some("kusto.decimal")),
        Type::String | Type::Unknown => (DataType::Utf8View, None),
    };
    let field = Field::new(&column.name, ty, column.ty != Type::String);
    match extension {
        Some(name) => field.with_metadata(HashMap::from([(EXTENSION.to_owned(), name.to_owned())])),
        None => field,
    }
}

/// The array as its column is stored; null for what it cannot hold.
fn stored(array: &ArrayRef, ty: Type) -> ArrayRef {
    match (ty, array.as_primitive_opt::<Int64Type>(), array.as_string_view_opt()) {
        (Type::DateTime, Some(ticks), _) => {
            let nanos: Int64Array = ticks.unary_opt(|ticks| ticks.checked_sub(UNIX_EPOCH)?.checked_mul(100));
            Arc::new(nanos.reinterpret_cast::<arrow::datatypes::TimestampNanosecondType>().with_timezone("UTC"))
        }
        (Type::TimeSpan, Some(ticks), _) => {
            let nanos: Int64Array = ticks.unary_opt(|ticks| ticks.checked_mul(100));
            Arc::new(nanos.reinterpret_cast::<arrow::datatypes::DurationNanosecondType>())
        }
        (Type::Guid, _, Some(texts)) => {
            let mut builder = FixedSizeBinaryBuilder::with_capacity(texts.len(), 16);
            for text in texts {
                match text.and_then(kql::types::parse_guid).map(u128::to_be_bytes) {
                    // Sixteen bytes are what the builder takes.
                    Some(bytes) if builder.append_value(bytes).is_ok() => {}
                    _ => builder.append_null(),
                }
            }
            Arc::new(builder.finish())
        }
        _ => Arc::clone(array),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{ScanRequest, arrow_schema};
    use arrow::array::{BooleanArray, Float64Array, Int32Array, StringViewArray};

    #[test]
    fn what_is_written_is_read_again() {
        let columns: Vec<Column> = [
            ("TimeGenerated", Type::DateTime),
            ("Name", Type::String),
            ("Bag", Type::Dynamic),
            ("Id", Type::Guid),
            ("Span", Type::TimeSpan),
            ("Price", Type::Decimal),
            ("Ok", Type::Bool),
            ("Small", Type::Int),
            ("Ratio", Type::Real),
        ]
        .map(|(name, ty)| Column::new(name, ty))
        .to_vec();
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![Some(UNIX_EPOCH + 7), None, Some(0)])),
            Arc::new(StringViewArray::from(vec!["www.example.com", "", "x"])),
            Arc::new(StringViewArray::from(vec![Some(r#"{"a":[1,"b"]}"#), None, Some("3")])),
            Arc::new(StringViewArray::from(vec![Some("74be27de-1e4e-49d9-b579-fe0b331d3642"), None, None])),
            Arc::new(Int64Array::from(vec![Some(-5), None, Some(10)])),
            Arc::new(StringViewArray::from(vec![Some("1.50"), None, Some("-2")])),
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
            Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])),
            Arc::new(Float64Array::from(vec![Some(0.5), None, Some(f64::NAN)])),
        ];
        let batch = RecordBatch::try_new(Arc::new(arrow_schema(&columns)), arrays).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Made_CL.parquet");
        let mut writer = ParquetWriter::new(std::fs::File::create(&path).unwrap(), &columns).unwrap();
        writer.write(&batch).unwrap();
        let lost = writer.finish().unwrap();
        assert_eq!(lost, BTreeMap::from([("TimeGenerated".to_owned(), 1)]), "the year 1 is not in the range");
        let file = crate::open(&path).unwrap();
        assert_eq!((file.format, file.tables[0].name.as_str()), ("parquet", "Made_CL"));
        let names = columns.iter().map(|column| column.name.clone()).collect();
        let mut scan = file.scan(ScanRequest { projection: Some(names), ..ScanRequest::new("Made_CL") }).unwrap();
        let read = scan.next().unwrap().unwrap();
        for (at, column) in columns.iter().enumerate().skip(1) {
            assert_eq!(read.column(at), batch.column(at), "{}", column.name);
        }
        assert_eq!(read.column(0).as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(UNIX_EPOCH + 7), None, None]);
        assert!(scan.next().is_none());
        assert_eq!((scan.stats().rows, scan.stats().time_max), (3, Some(UNIX_EPOCH + 7)));
    }
}
