//! One row group: bounds of its columns, single columns with their dictionaries, and batches of chosen rows.
//!
//! A reader that filters asks for the columns that its filter is about first, and for the others only of the rows that passed.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use kql::{Column, Type, Value};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::basic::{Encoding, PageType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;

use super::chunk::{Chunks, byte_range};
use super::rows::{Evidence, GroupRows, RowColumn};
use super::{ParquetFile, guarded, value};
use crate::error::Error;
use crate::table::{Source, TableSchema};

/// The least and greatest value of a column in a row group; nulls count for nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// No value is less.
    pub least: Value,
    /// No value is greater.
    pub greatest: Value,
}

/// A column of a row group: values laid out as [`crate::arrow_type`] says, and where each row's value is among them.
#[derive(Clone, Debug)]
pub struct Values {
    /// The values; with `keys` each only once, or nearly.
    pub values: ArrayRef,
    /// For each row the position of its value; without, the values are the rows'.
    pub keys: Option<Vec<u32>>,
}

/// A row group of a file, read as rows of a table.
pub struct RowGroup<'f> {
    file: &'f Arc<ParquetFile>,
    table: &'f TableSchema,
    index: usize,
    handle: File,
    chunks: Chunks,
}

impl<'f> RowGroup<'f> {
    pub(super) fn new(file: &'f Arc<ParquetFile>, table: &'f TableSchema, index: usize) -> Result<RowGroup<'f>, Error> {
        let io = |source| Error::Io { path: file.path.clone(), source };
        let handle = File::open(&file.path).map_err(io)?;
        let chunks = Chunks::new(handle.metadata().map_err(io)?.len());
        Ok(RowGroup { file, table, index, handle, chunks })
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        usize::try_from(self.metadata().num_rows()).unwrap_or_default()
    }

    /// How many bytes of the file it is.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.metadata().columns().iter().filter_map(byte_range).map(|range| range.end - range.start).sum()
    }

    /// The least and greatest time of its rows, in ticks; none if no row has one.
    pub fn times(&mut self) -> Option<(i64, i64)> {
        let is_time =
            |column: &&Column| matches!(column.name.as_str(), "TimeGenerated" | "Timestamp") && column.ty == Type::DateTime;
        let column = &self.table.columns.iter().find(is_time)?.name;
        if let Some(Bound { least: Value::DateTime(least), greatest: Value::DateTime(greatest) }) = self.bounds(column) {
            return Some((least, greatest));
        }
        let Values { values, .. } = self.values(column).ok()?;
        let ticks = values.as_primitive_opt::<Int64Type>()?;
        Some((arrow::compute::min(ticks)?, arrow::compute::max(ticks)?))
    }

    fn metadata(&self) -> &'f RowGroupMetaData {
        self.file.metadata().row_group(self.index)
    }

    fn path(&self) -> &'f Path {
        &self.file.path
    }

    /// What a column of the table is made of, and the table's type for it.
    fn origin(&self, column: &str) -> (Origin<'f>, Type) {
        let Some(at) = self.table.position(column) else { return (Origin::Columns(Vec::new()), Type::Unknown) };
        let origin = match &self.table.sources[at] {
            Source::Const(text) => Origin::Text(text),
            source => Origin::Columns(self.file.source(source)),
        };
        (origin, self.table.columns[at].ty)
    }

    /// The one column of the file that a column of the table is made of, if it is one.
    fn single(&self, column: &str) -> Option<(usize, Type)> {
        match self.origin(column) {
            (Origin::Columns(columns), ty) if columns.len() == 1 => Some((columns[0], ty)),
            _ => None,
        }
    }

    /// The chunk of a column that is not nested.
    fn chunk(&self, at: usize) -> Option<(usize, &'f ColumnChunkMetaData)> {
        let [leaf] = self.file.columns.get(at)?.leaves[..] else { return None };
        Some((leaf, self.metadata().columns().get(leaf)?))
    }

    /// The bounds of a column, if the file says them.
    #[must_use]
    pub fn bounds(&self, column: &str) -> Option<Bound> {
        let (at, ty) = self.single(column)?;
        let own = &self.file.columns[at];
        let whole = |ty: Type| matches!(ty, Type::Int | Type::Long);
        if own.ty != ty && !(whole(own.ty) && whole(ty)) {
            return None;
        }
        let (leaf, chunk) = self.chunk(at)?;
        let statistics = chunk.statistics()?;
        let by_bytes = matches!(statistics, Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_));
        // Old writers ordered texts by signed bytes.
        if (by_bytes && (own.ty != Type::String || statistics.is_min_max_deprecated())) || matches!(own.ty, Type::Real) {
            return None;
        }
        let field = self.file.rows.schema().field(at);
        let bound = || -> Result<Option<Bound>, ParquetError> {
            let converter = StatisticsConverter::from_column_index(leaf, field, self.file.rows.parquet_schema())?;
            let one = |array: ArrayRef| -> Result<Option<Value>, ParquetError> {
                let (array, _) = value::laid_out(&array, own.annotation)?;
                Ok(plain_value(&array, own.ty))
            };
            let groups = || std::iter::once(self.metadata());
            let (least, greatest) = (one(converter.row_group_mins(groups())?)?, one(converter.row_group_maxes(groups())?)?);
            Ok(least.zip(greatest).map(|(least, greatest)| Bound { least, greatest }))
        };
        // The empty text that stands for null is in no statistics.
        let bound = guarded(self.path(), bound).ok().flatten()?;
        let without_nulls = own.ty != Type::String || statistics.null_count_opt() == Some(0);
        without_nulls.then_some(bound)
    }

    /// Whether a row may hold that text in the column: false only if the column's bloom filter rules it out.
    pub fn may_hold(&mut self, column: &str, text: &str) -> bool {
        let Some((at, Type::String)) = self.single(column) else { return true };
        if !self.file.columns[at].text || text.is_empty() {
            return true;
        }
        let Some((leaf, chunk)) = self.chunk(at) else { return true };
        let (Some(start), Some(len)) = (chunk.bloom_filter_offset(), chunk.bloom_filter_length()) else { return true };
        let (Ok(start), Ok(len)) = (u64::try_from(start), u64::try_from(len)) else { return true };
        let (path, index) = (self.path(), self.index);
        let filter = guarded(path, || {
            self.chunks.load(&mut self.handle, start..start.saturating_add(len))?;
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.chunks.clone(), self.file.rows.clone());
            reader.get_row_group_column_bloom_filter(index, leaf)
        });
        // A filter that cannot be read rules nothing out.
        !matches!(filter, Ok(Some(filter)) if !filter.check(text))
    }

    /// All values of a column.
    ///
    /// # Errors
    /// The column is damaged.
    pub fn values(&mut self, column: &str) -> Result<Values, Error> {
        let (origin, ty) = self.origin(column);
        let rows = self.rows();
        let everywhere = |value: ArrayRef| Values { values: value, keys: Some(vec![0; rows]) };
        match &origin {
            Origin::Text(text) => Ok(everywhere(value::constant(text, 1))),
            Origin::Columns(columns) if columns.is_empty() => Ok(everywhere(value::absent(ty, 1))),
            Origin::Columns(columns) if ty == Type::String && columns.len() == 1 && self.is_coded(columns[0]) => {
                self.coded(columns[0])
            }
            Origin::Columns(_) => {
                let column = Column::new(column, ty);
                let mut arrays = Vec::new();
                let mut batches = self.batches(&[column], false, None, rows.clamp(1, BATCH_ROWS))?;
                for batch in batches.by_ref() {
                    arrays.push(Arc::clone(batch?.column(0)));
                }
                let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
                let values = if arrays.is_empty() { value::absent(ty, 0) } else { concat(&arrays)? };
                Ok(Values { values, keys: None })
            }
        }
    }

    /// Every page of that text column refers to its dictionary.
    fn is_coded(&self, at: usize) -> bool {
        let Some((_, chunk)) = self.chunk(at) else { return false };
        let field = self.file.coded.schema().field(at);
        self.file.columns[at].text && matches!(field.data_type(), DataType::Dictionary(..)) && all_pages_coded(chunk)
    }

    /// A text column with its dictionary, to which the empty text is added where there are nulls.
    fn coded(&mut self, at: usize) -> Result<Values, Error> {
        let rows = self.rows();
        let reader = self.reader(&[at], true, None, rows.max(1))?;
        let (mut values, mut keys): (Vec<ArrayRef>, Vec<u32>) = (Vec::new(), Vec::with_capacity(rows));
        let (mut base, mut last): (u32, Option<ArrayRef>) = (0, None);
        let too_many = || Error::Unreadable { path: self.path().to_owned(), why: "its dictionaries are too large".to_owned() };
        for batch in reader {
            let batch = batch?;
            let Some(array) = batch.column(0).as_dictionary_opt::<Int32Type>() else { continue };
            if !last.as_ref().is_some_and(|last| last.to_data().ptr_eq(&array.values().to_data())) {
                base = values.iter().map(|array| u32::try_from(array.len()).unwrap_or(u32::MAX)).sum();
                let empty = value::constant("", 1);
                let texts = value::text_never_null(&cast(array.values(), &DataType::Utf8View)?);
                values.push(concat(&[texts.as_ref(), empty.as_ref()])?);
                last = Some(Arc::clone(array.values()));
            }
            let null = base + u32::try_from(array.values().len()).map_err(|_| too_many())?;
            let key = |key: &i32| u32::try_from(*key).map_or(null, |key| base + key);
            match array.keys().nulls().filter(|nulls| nulls.null_count() > 0) {
                None => keys.extend(array.keys().values().iter().map(key)),
                Some(nulls) => {
                    let each = array.keys().values().iter().zip(nulls.iter());
                    keys.extend(each.map(|(value, valid)| if valid { key(value) } else { null }));
                }
            }
        }
        let values: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        let values = if values.is_empty() { value::constant("", 1) } else { concat(&values)? };
        Ok(Values { values, keys: Some(keys) })
    }

    /// The rows that `keep` has (all, without), under those columns of the table, and behind them [`LINE`], [`OFFSET`] and [`RAW`]
    /// if `provenance` is asked for: the row's number from 1 and from 0, and the row as JSON.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn batches(
        &mut self,
        columns: &[Column],
        provenance: bool,
        keep: Option<&BooleanBuffer>,
        batch_rows: usize,
    ) -> Result<GroupRows, Error> {
        let origins: Vec<Origin<'f>> = columns.iter().map(|column| self.origin(&column.name).0).collect();
        let mut wanted: Vec<usize> = origins.iter().flat_map(|origin| origin.columns().iter().copied()).collect();
        if provenance {
            wanted.extend(0..self.file.columns.len());
        }
        wanted.sort_unstable();
        wanted.dedup();
        let place = |at: &usize| {
            let own = &self.file.columns[*at];
            (wanted.binary_search(at).unwrap_or_default(), own.ty, own.annotation)
        };
        let outputs = columns.iter().zip(&origins).map(|(column, origin)| RowColumn {
            column: column.clone(),
            text: origin.text().map(str::to_owned),
            sources: origin.columns().iter().map(place).collect(),
        });
        let outputs = outputs.collect();
        let rows = keep.map_or(self.rows(), BooleanBuffer::count_set_bits);
        let selection = keep.filter(|_| rows < self.rows()).map(|keep| RowSelection::from_boolean_buffer(keep.clone()));
        let reader =
            if wanted.is_empty() || rows == 0 { None } else { Some(self.reader(&wanted, false, selection, batch_rows)?) };
        let first = self.file.starts.get(self.index).copied().unwrap_or_default();
        let numbers: Box<dyn Iterator<Item = u64> + Send> = match keep {
            Some(keep) if provenance => {
                let chosen: Vec<usize> = keep.set_indices().collect();
                Box::new(chosen.into_iter().map(move |at| first + at as u64))
            }
            _ => Box::new(first..),
        };
        let evidence = provenance.then(|| Evidence { file: Arc::clone(self.file), numbers });
        Ok(GroupRows::new(self.path().to_owned(), reader, outputs, evidence, rows, batch_rows))
    }

    fn reader(
        &mut self,
        roots: &[usize],
        coded: bool,
        selection: Option<RowSelection>,
        batch_rows: usize,
    ) -> Result<ParquetRecordBatchReader, Error> {
        let (file, index, path) = (self.file, self.index, self.path());
        guarded(path, || {
            for leaf in roots.iter().flat_map(|root| &file.columns[*root].leaves) {
                let chunk = file.metadata().row_group(index).columns().get(*leaf).and_then(byte_range);
                let range = chunk.ok_or_else(|| ParquetError::EOF("a column is not where the footer says".to_owned()))?;
                self.chunks.load(&mut self.handle, range)?;
            }
            let metadata = if coded { &file.coded } else { &file.rows };
            let mask = ProjectionMask::roots(metadata.parquet_schema(), roots.iter().copied());
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.chunks.clone(), metadata.clone());
            let builder = builder.with_row_groups(vec![index]).with_projection(mask).with_batch_size(batch_rows);
            match selection {
                Some(selection) => builder.with_row_selection(selection).build(),
                None => builder.build(),
            }
        })
    }
}

/// Rows of a column that is not read by its dictionary, at a time.
const BATCH_ROWS: usize = 1 << 16;

/// What a column of a table is made of.
enum Origin<'f> {
    /// The same text in every row.
    Text(&'f str),
    /// Columns of the file, of which the first that holds something counts; if there are none, nothing.
    Columns(Vec<usize>),
}

impl<'f> Origin<'f> {
    fn columns(&self) -> &[usize] {
        if let Origin::Columns(columns) = self { columns } else { &[] }
    }

    fn text(&self) -> Option<&'f str> {
        if let Origin::Text(text) = self { Some(text) } else { None }
    }
}

fn all_pages_coded(chunk: &ColumnChunkMetaData) -> bool {
    const CODED: [Encoding; 2] = [Encoding::RLE_DICTIONARY, Encoding::PLAIN_DICTIONARY];
    if let Some(mask) = chunk.page_encoding_stats_mask() {
        return CODED.into_iter().any(|encoding| mask.is_only(encoding));
    }
    if let Some(statistics) = chunk.page_encoding_stats() {
        let mut data = statistics.iter().filter(|it| matches!(it.page_type, PageType::DATA_PAGE | PageType::DATA_PAGE_V2));
        return data.all(|it| CODED.contains(&it.encoding));
    }
    // Writers from before that statistic name the encoding of data pages alone `PLAIN_DICTIONARY`.
    let mask = chunk.encodings_mask();
    chunk.dictionary_page_offset().is_some() && mask.is_set(Encoding::PLAIN_DICTIONARY) && !mask.is_set(Encoding::PLAIN)
}

/// The first value of an array in the layout of a type whose values have an order that bounds keep.
fn plain_value(array: &ArrayRef, ty: Type) -> Option<Value> {
    if array.is_empty() || array.is_null(0) {
        return None;
    }
    let long = || array.as_primitive_opt::<Int64Type>().map(|array| array.value(0));
    match ty {
        Type::Int => array.as_primitive_opt::<Int32Type>().map(|array| Value::Long(i64::from(array.value(0)))),
        Type::Long => long().map(Value::Long),
        Type::DateTime => long().map(Value::DateTime),
        Type::TimeSpan => long().map(Value::TimeSpan),
        Type::String => array.as_string_view_opt().map(|array| Value::String(array.value(0).to_owned())),
        _ => None,
    }
}
