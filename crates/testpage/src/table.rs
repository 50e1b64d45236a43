//! A result as a Markdown table, and whether a table of a page means a result.

use kql::{Column, Rows, Value};

use crate::cell;

/// A result table: typed columns, rows, and whether their order counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns and the values below them.
    pub rows: Rows,
    /// The query asked for this order.
    pub ordered: bool,
}

impl Table {
    /// The table in Markdown, as pages hold it.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut out = line(self.rows.columns.iter().map(|column| pipe_escaped(&heading(column))).collect());
        out.push('|');
        out.push_str(&"---|".repeat(self.rows.columns.len()));
        out.push('\n');
        for row in &self.rows.rows {
            out.push_str(&line(row.iter().map(|value| pipe_escaped(&cell::write(value))).collect()));
        }
        out
    }

    /// Why the Markdown table does not mean this one; nothing if it does.
    #[must_use]
    pub fn difference(&self, markdown: &str) -> Option<String> {
        let mut lines = markdown.lines().map(cells);
        let header = lines.next().unwrap_or_default();
        let expected: Vec<String> = self.rows.columns.iter().map(heading).collect();
        if header != expected {
            return Some(format!("the columns are {expected:?}, the page has {header:?}"));
        }
        let page: Vec<Vec<String>> = lines.skip(1).collect();
        if page.len() != self.rows.rows.len() {
            return Some(format!("there are {} rows, the page has {}", self.rows.rows.len(), page.len()));
        }
        let missing = if self.ordered { self.first_unequal(&page) } else { self.first_missing(page) };
        missing.map(|row| format!("no such row: | {} |", row.join(" | ")))
    }

    /// The first row of the page that is not the row at its place.
    fn first_unequal(&self, page: &[Vec<String>]) -> Option<Vec<String>> {
        page.iter().zip(&self.rows.rows).find(|(cells, row)| !self.row_means(cells, row)).map(|(cells, _)| cells.clone())
    }

    /// The first row of the page that is nowhere, each row counting once.
    fn first_missing(&self, page: Vec<Vec<String>>) -> Option<Vec<String>> {
        let mut left: Vec<&Vec<Value>> = self.rows.rows.iter().collect();
        for cells in page {
            match left.iter().position(|row| self.row_means(&cells, row)) {
                Some(at) => drop(left.remove(at)),
                None => return Some(cells),
            }
        }
        None
    }

    fn row_means(&self, cells: &[String], row: &[Value]) -> bool {
        cells.len() == row.len()
            && cells.iter().zip(row).zip(&self.rows.columns).all(|((cell, value), column)| cell::means(cell, value, column.ty))
    }
}

/// `name:type`.
fn heading(column: &Column) -> String {
    format!("{}:{}", column.name, column.ty)
}

fn pipe_escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The cells of one line; `\|` is a bar.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let inner = line.strip_prefix('|').unwrap_or(line);
    let inner = inner.strip_suffix('|').filter(|rest| !rest.ends_with('\\')).unwrap_or(inner);
    let mut cells = vec![String::new()];
    for part in inner.split_inclusive('|') {
        let last = cells.last_mut().expect("one cell at least");
        if let Some(text) = part.strip_suffix("\\|") {
            last.push_str(text);
            last.push('|');
        } else if let Some(text) = part.strip_suffix('|') {
            last.push_str(text);
            cells.push(String::new());
        } else {
            last.push_str(part);
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kql::Type;

    fn table(ordered: bool) -> Table {
        let columns = vec![Column::new("a", Type::Long), Column::new("b|c", Type::String)];
        let row = |a, b: &str| vec![Value::Long(a), Value::String(b.to_owned())];
        Table { rows: Rows { columns, rows: vec![row(1, "x|y"), row(2, "\\|"), row(3, "")] }, ordered }
    }

    #[test]
    fn a_written_table_reads_back() {
        let markdown = table(true).to_markdown();
        assert_eq!(markdown, "| a:long | b\\|c:string |\n|---|---|\n| 1 | x\\|y |\n| 2 | \\\\| |\n| 3 | \"\" |\n");
        assert_eq!(table(true).difference(&markdown), None);
    }

    #[test]
    fn order_counts_only_where_the_query_asks_for_it() {
        let turned = "| a:long | b\\|c:string |\n|---|---|\n| 3 | \"\" |\n| 1 | x\\|y |\n| 2 | \\\\| |\n";
        assert_eq!(table(false).difference(turned), None);
        assert!(table(true).difference(turned).is_some());
    }

    #[test]
    fn types_and_counts_of_rows_are_compared() {
        assert!(table(false).difference("| a:int | b\\|c:string |\n|---|---|\n").is_some_and(|why| why.contains("columns")));
        assert!(table(false).difference("| a:long | b\\|c:string |\n|---|---|\n").is_some_and(|why| why.contains("3 rows")));
    }
}
