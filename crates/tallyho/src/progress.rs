//! How far reading is, for someone who waits at a terminal: bytes read come in, a bar on stderr goes out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use engine::source::OnRead;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::config::Config;

/// Whoever waits less needs no bar, which would only flicker.
const PATIENCE: Duration = Duration::from_millis(400);

/// A bar, until it is dropped.
#[derive(Debug)]
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// None at all.
    #[must_use]
    pub fn none() -> Progress {
        Progress(None)
    }

    /// A bar of so many bytes, or one that only counts them; none if stderr is no terminal.
    #[must_use]
    pub fn new(config: &Config, verb: &str, total: Option<u64>) -> Progress {
        if !config.progress {
            return Progress::none();
        }
        let figures = match total {
            Some(_) => "{bar:32} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left",
            None => "{spinner} {decimal_bytes}, {decimal_bytes_per_sec}, {elapsed}",
        };
        let Ok(style) = ProgressStyle::with_template(&format!("{verb} {figures}")) else { return Progress::none() };
        Progress(Some(ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden()).with_style(style)))
    }

    /// Whom to tell what was read.
    #[must_use]
    pub fn on_read(&self) -> Option<OnRead> {
        let bar = self.0.clone()?;
        let (start, is_shown) = (Instant::now(), AtomicBool::new(false));
        Some(Arc::new(move |bytes| {
            bar.inc(bytes);
            if start.elapsed() > PATIENCE && !is_shown.swap(true, Ordering::Relaxed) {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(Duration::from_millis(100));
            }
        }))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
