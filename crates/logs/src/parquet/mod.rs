//! Parquet files: columns, not records.
//!
//! In: a path. Out: a [`ParquetFile`] that says which table it fills, its row groups with the bounds of their columns, and, of a
//! row group, single columns (texts with their dictionary) and batches of the rows that were chosen.
//!
//! | step | module |
//! |---|---|
//! | the footer -> columns, a table | here |
//! | bytes of the wanted columns of a row group | `chunk` |
//! | bounds, dictionaries, bloom filters of a row group | `group` |
//! | its rows, batch by batch | `rows` |
//! | Arrow's types -> Kusto's | `value`, `nested` |
//! | all rows, batch by batch, with counts | `scan` |
//! | rows -> a file | `write` |

mod chunk;
mod group;
mod nested;
mod rows;
mod scan;
mod value;
mod write;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use kql::{Column, Type};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::LogicalType;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};

use crate::error::Error;
use crate::naming;
use crate::profile::Profile;
use crate::scan::ByteRange;
use crate::table::{Source, TableSchema};

pub use group::{Bound, RowGroup, Values};
pub use rows::GroupRows;
pub use scan::ParquetScan;
pub use write::ParquetWriter;

use value::Annotation;

/// A Parquet file whose footer has been read.
pub struct ParquetFile {
    path: PathBuf,
    /// How rows are read: texts as views.
    rows: ArrowReaderMetadata,
    /// How single columns are read: texts with their dictionaries. As `rows` where the file's schema does not allow it.
    coded: ArrowReaderMetadata,
    columns: Vec<FileColumn>,
    /// The first row of each row group.
    starts: Vec<u64>,
}

/// A column of a file.
struct FileColumn {
    name: String,
    ty: Type,
    annotation: Annotation,
    /// It is text: its dictionary can be had.
    text: bool,
    /// Its chunks in a row group; several for one that is nested.
    leaves: Vec<usize>,
}

impl std::fmt::Debug for ParquetFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl ParquetFile {
    /// Reads the footer.
    pub(crate) fn open(path: &Path) -> Result<ParquetFile, Error> {
        let file = File::open(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        guarded(path, || {
            // Where pages begin: rows that were not chosen are then skipped without being unpacked.
            let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
            let read = ArrowReaderMetadata::load(&file, options)?;
            for (index, group) in read.metadata().row_groups().iter().enumerate() {
                check_rows(index, group)?;
            }
            let rows = with_texts_as(&read, &DataType::Utf8View).unwrap_or_else(|| read.clone());
            let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            let coded = with_texts_as(&read, &dictionary).unwrap_or_else(|| rows.clone());
            let columns = columns(&read);
            let starts = read.metadata().row_groups().iter().scan(0, |next, group| {
                let start = *next;
                *next += u64::try_from(group.num_rows()).unwrap_or_default();
                Some(start)
            });
            let starts = starts.collect();
            Ok(ParquetFile { path: path.to_owned(), rows, coded, columns, starts })
        })
    }

    /// The table that it fills: `wanted`, else the one that a `Type` column names throughout, else the one that the columns fit.
    pub(crate) fn table(self: &Arc<Self>, wanted: Option<&str>, stem: &str) -> TableSchema {
        let mut profile = Profile::default();
        for column in &self.columns {
            profile.declare(&column.name, column.ty);
        }
        let name = match (wanted, self.type_column()) {
            (Some(wanted), _) => wanted.to_owned(),
            (None, Some(named)) => named,
            (None, None) => naming::table_for(profile.names(), stem),
        };
        let mut table = naming::same_names(&name, &profile);
        let built_in = kql::catalog::table(&name);
        for Column { name, ty } in &mut table.columns {
            let own = self.columns.iter().find(|own| own.name == *name);
            if let (Some(own), false) = (own, built_in.is_some_and(|known| known.column(name).is_some()) || name == "Type") {
                // The time of a row is a moment, however it was written.
                *ty = if name == "TimeGenerated" { Type::DateTime } else { own.ty };
            }
        }
        table
    }

    /// The one table that all rows name in a column called `Type`, by its bounds.
    fn type_column(self: &Arc<Self>) -> Option<String> {
        let table = TableSchema::empty("").with("Type", crate::table::keys(&["Type"]));
        let mut name = None;
        for index in 0..self.row_groups() {
            match RowGroup::new(self, &table, index).ok()?.bounds("Type")? {
                Bound { least: kql::Value::String(least), greatest: kql::Value::String(greatest) }
                    if least == greatest && name.as_ref().is_none_or(|name| *name == least) =>
                {
                    name = Some(least);
                }
                _ => return None,
            }
        }
        name.filter(|name| naming::names_table(name))
    }

    /// How many row groups it has.
    #[must_use]
    pub fn row_groups(&self) -> usize {
        self.metadata().num_row_groups()
    }

    /// How many rows a row group has.
    #[must_use]
    pub fn rows_of(&self, index: usize) -> usize {
        self.metadata().row_groups().get(index).and_then(|group| usize::try_from(group.num_rows()).ok()).unwrap_or_default()
    }

    /// A row group, to be read as rows of `table`.
    ///
    /// # Errors
    /// The file cannot be opened any more.
    pub fn group<'f>(self: &'f Arc<Self>, table: &'f TableSchema, index: usize) -> Result<RowGroup<'f>, Error> {
        RowGroup::new(self, table, index)
    }

    /// The row groups whose first byte is in the range.
    #[must_use]
    pub fn groups_in(&self, range: &ByteRange) -> Vec<usize> {
        let first_byte = |index: &usize| self.first_byte(*index);
        (0..self.row_groups()).filter(|index| range.contains(&first_byte(index))).collect()
    }

    /// One range for each row group: its first byte up to that of the next.
    pub(crate) fn ranges(&self) -> Vec<ByteRange> {
        let mut starts: Vec<u64> = (0..self.row_groups()).map(|index| self.first_byte(index)).collect();
        starts.sort_unstable();
        starts.dedup();
        if let Some(first) = starts.first_mut() {
            *first = 0;
        }
        // A file without rows is one range.
        starts.extend(starts.is_empty().then_some(0));
        let ends = starts.iter().skip(1).copied().chain([u64::MAX]);
        starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
    }

    fn first_byte(&self, index: usize) -> u64 {
        let chunks = self.metadata().row_group(index).columns();
        chunks.iter().filter_map(chunk::byte_range).map(|range| range.start).min().unwrap_or_default()
    }

    fn metadata(&self) -> &Arc<ParquetMetaData> {
        self.rows.metadata()
    }

    /// Where a column of the table comes from in the file: the positions of columns, of which the first that holds something
    /// counts.
    fn source(&self, source: &Source) -> Vec<usize> {
        let Source::First(paths) = source else { return Vec::new() };
        let at = |name: &str| self.columns.iter().position(|column| column.name == name);
        paths.iter().filter(|path| path.inner.is_empty()).filter_map(|path| at(&path.key)).collect()
    }
}

/// Runs what the Parquet reader may answer with an error or, on damaged bytes, with a panic.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, Error> {
    let why = match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error)) => format!("damaged, or not written to its end: {error}"),
        Err(_) => "damaged: its pages contradict its footer".to_owned(),
    };
    Err(Error::Unreadable { path: path.to_owned(), why })
}

/// Rows at most of a row group that is read. Those that are written have some millions at most.
const GROUP_ROWS_MAX: i64 = 1 << 28;

/// Room is made for the rows of a row group before they are read: their number must be one that its columns agree with.
fn check_rows(index: usize, group: &RowGroupMetaData) -> Result<(), ParquetError> {
    let rows = group.num_rows();
    if !(0..=GROUP_ROWS_MAX).contains(&rows) {
        return Err(ParquetError::General(format!("row group {index} is said to have {rows} rows")));
    }
    for column in group.columns() {
        let values = column.num_values();
        // A list has a value for each of its elements, and one where it is empty.
        let fits = if column.column_descr().max_rep_level() == 0 { values == rows } else { values >= rows };
        if !fits {
            let path = column.column_path();
            return Err(ParquetError::General(format!(
                "row group {index} is said to have {rows} rows, and its column {path} {values} values"
            )));
        }
    }
    Ok(())
}

/// The same file with its texts read as that type, if its schema allows it.
fn with_texts_as(read: &ArrowReaderMetadata, ty: &DataType) -> Option<ArrowReaderMetadata> {
    let field = |field: &Arc<Field>| {
        if value::is_text(field.data_type()) {
            Arc::new(field.as_ref().clone().with_data_type(ty.clone()))
        } else {
            Arc::clone(field)
        }
    };
    let fields: Vec<Arc<Field>> = read.schema().fields().iter().map(field).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, read.schema().metadata().clone()));
    ArrowReaderMetadata::try_new(Arc::clone(read.metadata()), ArrowReaderOptions::new().with_schema(schema)).ok()
}

fn columns(read: &ArrowReaderMetadata) -> Vec<FileColumn> {
    let parquet = read.parquet_schema();
    let roots = parquet.root_schema().get_fields();
    let column = |(at, field): (usize, &Arc<Field>)| {
        let logical = roots.get(at).and_then(|root| root.get_basic_info().logical_type_ref());
        let annotation = match (logical, field.metadata().get(value::EXTENSION).map(String::as_str)) {
            (Some(LogicalType::Json), _) | (_, Some("arrow.json")) => Annotation::Json,
            (Some(LogicalType::Uuid), _) | (_, Some("arrow.uuid")) => Annotation::Uuid,
            (_, Some("kusto.decimal")) => Annotation::Decimal,
            _ => Annotation::None,
        };
        FileColumn {
            name: field.name().clone(),
            ty: value::kusto_type(field.data_type(), annotation),
            annotation,
            text: value::is_text(field.data_type()),
            leaves: (0..parquet.num_columns()).filter(|leaf| parquet.get_column_root_idx(*leaf) == at).collect(),
        }
    };
    read.schema().fields().iter().enumerate().map(column).collect()
}

#[cfg(test)]
mod tests {
    use parquet::basic::Type as PhysicalType;
    use parquet::file::metadata::ColumnChunkMetaData;
    use parquet::schema::types::{SchemaDescriptor, Type as SchemaType};

    use super::*;

    /// A row group of `rows` rows, with a plain column of `values` and a repeated one of `elements` values.
    fn group(rows: i64, values: i64, elements: i64) -> RowGroupMetaData {
        let column = |name: &str, repetition| {
            let built = SchemaType::primitive_type_builder(name, PhysicalType::INT64).with_repetition(repetition).build();
            Arc::new(built.unwrap())
        };
        let fields =
            vec![column("one", parquet::basic::Repetition::OPTIONAL), column("many", parquet::basic::Repetition::REPEATED)];
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(
            SchemaType::group_type_builder("schema").with_fields(fields).build().unwrap(),
        )));
        let chunk = |at, count| ColumnChunkMetaData::builder(schema.column(at)).set_num_values(count).build().unwrap();
        let chunks = vec![chunk(0, values), chunk(1, elements)];
        RowGroupMetaData::builder(Arc::clone(&schema)).set_num_rows(rows).set_column_metadata(chunks).build().unwrap()
    }

    #[test]
    fn a_footer_that_contradicts_itself_is_refused() {
        let check = |rows, values, elements| check_rows(0, &group(rows, values, elements)).map_err(|error| error.to_string());
        assert_eq!(check(3, 3, 7), Ok(()));
        assert_eq!(check(0, 0, 0), Ok(()));
        let why = "Parquet error: row group 0 is said to have 3 rows, and its column \"one\" 4 values";
        assert_eq!(check(3, 4, 7), Err(why.to_owned()));
        assert!(check(3, 3, 2).is_err());
        assert!(check(-1, -1, -1).is_err());
        assert!(check(1 << 50, 3, 3).is_err());
        assert!(check(1 << 50, 1 << 50, 1 << 50).is_err());
    }
}
