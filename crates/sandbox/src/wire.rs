//! The socket below the server: bodies that break off or trickle, and connections that end in a reset.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::reply::{Misbehaviour, Reply};

/// How long a body that will break waits first, so that what was sent has arrived.
const BEFORE_THE_BREAK: Duration = Duration::from_millis(60);

/// Says that a connection shall end with a reset instead of a polite close.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResetSwitch(Arc<AtomicBool>);

impl ResetSwitch {
    pub(crate) fn turn_on(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A socket that can end in a reset.
pub(crate) struct Wire {
    stream: TcpStream,
    reset: ResetSwitch,
}

impl Wire {
    pub(crate) const fn new(stream: TcpStream, reset: ResetSwitch) -> Self {
        Self { stream, reset }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.reset.0.load(Ordering::SeqCst) {
            // Closing a socket that lingers for no time sends RST. Without it the client sees an early end instead.
            let _lingers = self.stream.set_zero_linger();
        }
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut space = [0_u8; 16 * 1024];
        let room = into.remaining().min(space.len());
        let mut buffer = ReadBuf::new(space.get_mut(..room).unwrap_or_default());
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        into.put_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.0.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A body as the wire shall carry it.
pub(crate) struct SentBody {
    pieces: VecDeque<Bytes>,
    pause: Duration,
    sleeping: Option<Pin<Box<Sleep>>>,
    end: End,
}

#[derive(Clone)]
enum End {
    Whole,
    Broken { reset: Option<ResetSwitch> },
}

impl SentBody {
    pub(crate) fn of(reply: &Reply, switch: ResetSwitch) -> Self {
        let one = |bytes: Bytes| VecDeque::from([bytes]);
        let (pieces, pause, end) = match reply.misbehaviour {
            None | Some(Misbehaviour::ResetBeforeAnswer) => {
                (one(reply.body.clone()), Duration::ZERO, End::Whole)
            }
            Some(Misbehaviour::ResetMidBody) => {
                (one(reply.first_half()), Duration::ZERO, End::Broken { reset: Some(switch) })
            }
            Some(Misbehaviour::Truncate) => {
                (one(reply.first_half()), Duration::ZERO, End::Broken { reset: None })
            }
            Some(Misbehaviour::SlowBytes { piece, pause }) => {
                (in_pieces(&reply.body, piece), pause, End::Whole)
            }
        };
        Self { pieces, pause, sleeping: None, end }
    }

    /// Waits once for the given time; ready when there is nothing to wait for.
    fn poll_wait(&mut self, context: &mut Context<'_>, wait: Duration) -> Poll<()> {
        if wait.is_zero() {
            return Poll::Ready(());
        }
        let sleep = self.sleeping.get_or_insert_with(|| Box::pin(tokio::time::sleep(wait)));
        ready!(sleep.as_mut().poll(context));
        self.sleeping = None;
        Poll::Ready(())
    }
}

fn in_pieces(body: &Bytes, piece: usize) -> VecDeque<Bytes> {
    let mut rest = body.clone();
    let mut pieces = VecDeque::new();
    while !rest.is_empty() {
        pieces.push_back(rest.split_to(piece.clamp(1, rest.len())));
    }
    pieces
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.pieces.is_empty() {
            let End::Broken { reset } = self.end.clone() else { return Poll::Ready(None) };
            ready!(self.poll_wait(context, BEFORE_THE_BREAK));
            if let Some(switch) = reset {
                switch.turn_on();
            }
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        let pause = self.pause;
        ready!(self.poll_wait(context, pause));
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && matches!(self.end, End::Whole)
    }

    fn size_hint(&self) -> SizeHint {
        match self.end {
            End::Whole => {
                let left =
                    self.pieces.iter().map(|piece| u64::try_from(piece.len()).unwrap_or(u64::MAX)).sum();
                SizeHint::with_exact(left)
            }
            // The header promises the whole body; nothing here may contradict it.
            End::Broken { .. } => SizeHint::default(),
        }
    }
}
