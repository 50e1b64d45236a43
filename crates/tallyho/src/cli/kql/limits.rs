//! Limits of a query as they are typed: sizes and times with units in, numbers out.

use std::time::Duration;

use crate::local;

/// How much a query may give, and how long it may take. The defaults are Kusto's.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Cut each result table after so many rows; 0: no limit
    #[arg(long, value_name = "ROWS", default_value_t = 500_000)]
    pub max_rows: usize,
    /// Cut each result table after so many bytes of values: 64M, 2G; 0: no limit
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = size)]
    pub max_bytes: usize,
    /// Stop a query after this time: 90s, 4m, 2h; 0: no limit
    #[arg(long, value_name = "TIME", default_value = "4m", value_parser = time)]
    pub timeout: Duration,
}

impl Limits {
    /// As the engine is told them.
    #[must_use]
    pub fn settled(&self) -> local::Limits {
        local::Limits { max_rows: self.max_rows, max_bytes: self.max_bytes, timeout: self.timeout }
    }
}

/// Splits `64M` into its number and its unit.
fn parts(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    Some((number.parse().ok()?, unit.trim()))
}

fn size(text: &str) -> Result<usize, String> {
    let bytes = parts(text).and_then(|(number, unit)| {
        let unit = match unit.to_ascii_uppercase().trim_end_matches('B') {
            "" => 0,
            "K" => 10,
            "M" => 20,
            "G" => 30,
            _ => return None,
        };
        usize::try_from(number.checked_mul(1 << unit)?).ok()
    });
    bytes.ok_or_else(|| "write a size as 500K, 64M or 2G".to_owned())
}

fn time(text: &str) -> Result<Duration, String> {
    let time = parts(text).and_then(|(number, unit)| {
        let millis: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "" if number == 0 => 0,
            _ => return None,
        };
        number.checked_mul(millis).map(Duration::from_millis)
    });
    time.ok_or_else(|| "write a time as 90s, 4m or 2h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read() {
        assert_eq!(
            ["0", "7", "1K", "64MB", "2g"].map(|text| size(text).ok()),
            [Some(0), Some(7), Some(1024), Some(64 << 20), Some(2 << 30)]
        );
        assert_eq!(
            ["0", "250ms", "90s", "4m"].map(|text| time(text).ok().map(|it| it.as_millis())),
            [Some(0), Some(250), Some(90_000), Some(240_000)]
        );
        for wrong in ["", "M", "1X", "-1", "99999999999999999999", "20000000000G"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert!(time("4").is_err() && time("4d").is_err());
    }
}
