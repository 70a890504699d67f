//! Ctrl-C, and the signals that ask a program to end.
//!
//! They end the program at once, as everywhere, until a command opens connections whose tokens are renewed: from then on
//! they end the command, and the program waits until a renewal under way is saved. A second one ends it at once.

use std::task::{Context, Poll};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What ends the program, with the exit code that a shell shows for it.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Interrupts(Vec<(Signal, u8)>);

#[cfg(unix)]
impl Interrupts {
    /// Takes the signals from the system. Where it does not give them, they end the program as before.
    pub(crate) fn listen() -> Self {
        let kinds =
            [(SignalKind::hangup(), 129), (SignalKind::interrupt(), 130), (SignalKind::terminate(), 143)];
        Self(kinds.into_iter().filter_map(|(kind, code)| Some((signal(kind).ok()?, code))).collect())
    }

    /// The exit code of a signal that came.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<u8> {
        for (signal, code) in &mut self.0 {
            if let Poll::Ready(Some(())) = signal.poll_recv(context) {
                return Poll::Ready(*code);
            }
        }
        Poll::Pending
    }
}

/// What ends the program, with its exit code.
#[cfg(not(unix))]
pub(crate) struct Interrupts(std::pin::Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>>);

#[cfg(not(unix))]
impl Interrupts {
    pub(crate) fn listen() -> Self {
        Self(Box::pin(tokio::signal::ctrl_c()))
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<u8> {
        match self.0.as_mut().poll(context) {
            Poll::Ready(came) => {
                *self = Self::listen();
                if came.is_ok() { Poll::Ready(130) } else { Poll::Pending }
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
