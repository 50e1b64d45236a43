//! A set of texts as a table of one column. What only asks whether a text is in it does not read it:
//! [`crate::prepare`] hands the set itself to `in`, `has_any` and their like.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, StringViewArray};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::stream;
use kql::{Column, Type};

use crate::error::Result;
use crate::operator::schema;
use crate::text_set::TextSet;

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// The rows of a set.
#[derive(Debug)]
pub(crate) struct Texts {
    set: Arc<TextSet>,
    schema: SchemaRef,
}

impl Texts {
    /// The columns of such a table.
    pub(crate) fn columns() -> Vec<Column> {
        vec![Column::new("Text", Type::String)]
    }

    /// The table of a set.
    pub(crate) fn table(set: Arc<TextSet>) -> Result<Arc<dyn TableProvider>> {
        let schema = schema(&Texts::columns());
        Ok(Arc::new(StreamingTable::try_new(Arc::clone(&schema), vec![Arc::new(Texts { set, schema })])?))
    }
}

impl PartitionStream for Texts {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let texts: ArrayRef = Arc::new(StringViewArray::from_iter_values(self.set.iter()));
        let schema = Arc::clone(&self.schema);
        let batches = (0..texts.len()).step_by(BATCH_ROWS).map(move |start| {
            let texts = texts.slice(start, BATCH_ROWS.min(texts.len() - start));
            Ok(RecordBatch::try_new(Arc::clone(&schema), vec![texts])?)
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream::iter(batches)))
    }
}

#[cfg(test)]
mod tests {
    use kql::{Rows, Value};

    use super::*;
    use crate::engine::{Config, Engine};

    fn engine(set: &[&str]) -> Engine {
        let mut engine = Engine::new(Config { threads: 2, ..Config::default() }).unwrap();
        engine.add_texts("Wanted", set.iter().collect()).unwrap();
        let names = ["www.evil.example", "EVIL.example", "notevil.example", "evil", "", "café.example", "x-bad-y"];
        let rows = names.iter().map(|name| vec![Value::String((*name).to_owned())]).collect();
        engine.add_rows("Names", &Rows { columns: vec![Column::new("Name", Type::String)], rows }).unwrap();
        engine
    }

    fn rows(engine: &Engine, query: &str) -> Rows {
        engine.run(query).unwrap().tables.remove(0).rows
    }

    #[test]
    fn a_set_is_what_a_list_of_its_texts_is() {
        for set in [&["evil.example", "bad", "Café.example", "evil.example"][..], &["evil"], &[""]] {
            let engine = engine(set);
            let list: Vec<String> = set.iter().map(|text| format!("\"{text}\"")).collect();
            let list = format!("dynamic([{}])", list.join(","));
            for operator in ["in", "!in", "in~", "!in~", "has_any", "has_all"] {
                let asked = |right: &str| format!("Names | where Name {operator} ({right}) | sort by Name asc");
                assert_eq!(rows(&engine, &asked("Wanted")), rows(&engine, &asked(&list)), "{operator} {list}");
                let asked = |right: &str| {
                    format!(
                        "Names | mv-apply N = pack_array(Name) to typeof(string) on (where N {operator} ({right})) | sort by Name asc"
                    )
                };
                assert_eq!(rows(&engine, &asked("Wanted")), rows(&engine, &asked(&list)), "{operator} {list}");
            }
        }
    }

    #[test]
    fn a_set_is_a_table_too() {
        let many: Vec<String> = (0..20_000).map(|n| format!("name-of-a-host-{n}.example")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let engine = engine(&many);
        let count =
            rows(&engine, "Wanted | summarize count(), dcount(Text, 4), take_anyif(Text, Text endswith '-19999.example')");
        assert_eq!(count.rows[0][0], Value::Long(20_000));
        assert_eq!(count.rows[0][2], Value::String("name-of-a-host-19999.example".to_owned()));
        assert_eq!(rows(&engine, "Names | where Name in (Wanted | where Text has 'none')").rows.len(), 0);
        assert!(engine.run("Wanted | where Missing == 1").is_err());
    }

    #[test]
    fn the_last_table_of_a_name_counts() {
        let mut engine = engine(&["evil"]);
        let other = Rows { columns: Texts::columns(), rows: vec![vec![Value::String("bad".to_owned())]] };
        engine.add_rows("Wanted", &other).unwrap();
        assert_eq!(rows(&engine, "Names | where Name has_any (Wanted)").rows, [[Value::String("x-bad-y".to_owned())]]);
    }
}
