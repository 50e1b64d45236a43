//! The machine interface of `kql check` and `kql run`: one JSON object a line in, one a line out, in order.

use std::io::{self, BufRead as _, Write};
use std::path::Path;

use serde::Deserialize;

use crate::error::Error;
use crate::escape;

/// One line of stdin.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// Given back as it is.
    pub id: serde_json::Value,
    /// The query.
    pub query: String,
}

/// Answers each line of stdin by `answer`, which gives the members of an object without the braces and without `id`.
///
/// # Errors
/// stdin cannot be read, stdout cannot be written, or `answer` ends it. A line that is no request is answered by an error.
pub fn answer_lines(mut answer: impl FnMut(&Request) -> Result<String, Error>) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| Error::input(Path::new("stdin"), error))?;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Request>(&line) {
            Ok(request) => writeln!(out, "{{\"id\":{},{}}}", escape::json(&request.id.to_string()), answer(&request)?)?,
            Err(error) => {
                writeln!(out, "{{\"id\":null,{}}}", error_text("request", &format!("this line is no request: {error}")))?
            }
        }
    }
    out.flush()?;
    Ok(())
}

/// `"error":{"code":…,"message":…}`.
#[must_use]
pub fn error_text(code: &str, message: &str) -> String {
    let error = serde_json::json!({"code": code, "message": message});
    format!("\"error\":{}", escape::json(&error.to_string()))
}
