//! Ctrl-C, and the signals by which a terminal or a system ends programs: a signal in, a [`Cancel`] pulled, and, if nothing listens in time, the end of the program.

use std::time::Duration;

use engine::Cancel;

use crate::error::Exit;
use crate::messages;

/// How long the program has to end by itself: queries listen at once, but a file may be in the middle of being read.
const GRACE: Duration = Duration::from_millis(1_500);

/// Listens for them on a thread of its own, with a runtime of its own: the engine's threads may be busy.
///
/// Without a thread to listen on, they end the program as the system does it.
#[must_use]
pub fn listen() -> Cancel {
    let cancel = Cancel::default();
    let pulled = cancel.clone();
    let thread = std::thread::Builder::new().name("interrupt".to_owned());
    let _ = thread.spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
        if runtime.block_on(signal()).is_err() {
            return;
        }
        pulled.cancel();
        std::thread::sleep(GRACE);
        messages::unremoved(false);
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    cancel
}

/// Waits for one of the signals.
#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut hangup, mut terminate) = (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?);
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = hangup.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
