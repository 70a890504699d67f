//! A sandbox on a real socket of the loopback interface.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::reply::{Misbehaviour, Reply};
use crate::sandbox::{Model, Sandbox};
use crate::wire::{ResetSwitch, SentBody, Wire};

/// The largest request body that is read.
pub(crate) const LARGEST_REQUEST: usize = 8 << 20;

/// A sandbox that listens. Dropping it closes its connections and its port.
#[derive(Debug)]
pub struct Server<M> {
    address: SocketAddr,
    sandbox: Arc<Sandbox<M>>,
    listening: JoinHandle<()>,
}

impl<M: Model> Sandbox<M> {
    /// Serves on a free port of `127.0.0.1`.
    pub async fn serve(self: &Arc<Self>) -> io::Result<Server<M>> {
        self.serve_on(0).await
    }

    /// Serves on a port of `127.0.0.1`.
    pub async fn serve_on(self: &Arc<Self>, port: u16) -> io::Result<Server<M>> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let sandbox = Arc::clone(self);
        let listening = tokio::spawn(accept(listener, Arc::clone(self)));
        Ok(Server { address, sandbox, listening })
    }
}

impl<M> Server<M> {
    /// Where it listens, such as `http://127.0.0.1:49152`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The socket's address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sandbox that it serves.
    #[must_use]
    pub const fn sandbox(&self) -> &Arc<Sandbox<M>> {
        &self.sandbox
    }
}

impl<M> std::ops::Deref for Server<M> {
    type Target = Sandbox<M>;

    fn deref(&self) -> &Self::Target {
        &self.sandbox
    }
}

impl<M> Drop for Server<M> {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The connections live in a set inside this task, so they end when it does.
async fn accept<M: Model>(listener: TcpListener, sandbox: Arc<Sandbox<M>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&sandbox)));
                }
                // Out of file descriptors, most likely: give others time to close some.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse<M: Model>(stream: TcpStream, sandbox: Arc<Sandbox<M>>) {
    // Small answers must not wait for a full segment. Where that cannot be set, they do.
    let _quick = stream.set_nodelay(true);
    let switch = ResetSwitch::default();
    let wire = Wire::new(stream, switch.clone());
    let service = service_fn(move |request| respond(request, Arc::clone(&sandbox), switch.clone()));
    // A client that leaves, or a connection broken on purpose, ends here as an error. Both are ordinary.
    let _ended = http1::Builder::new().serve_connection(wire, service).await;
}

async fn respond<M: Model>(
    request: Request<Incoming>,
    sandbox: Arc<Sandbox<M>>,
    switch: ResetSwitch,
) -> io::Result<Response<SentBody>> {
    let reply = match collect(request).await {
        Ok(request) => sandbox.handle(request),
        Err(TooLarge) => Reply::text(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "the body is too large"),
    };
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    if reply.misbehaviour == Some(Misbehaviour::ResetBeforeAnswer) {
        switch.turn_on();
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let length = reply.body.len();
    let mut response = Response::new(SentBody::of(&reply, switch));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    Ok(response)
}

struct TooLarge;

async fn collect(request: Request<Incoming>) -> Result<Request<Bytes>, TooLarge> {
    let (parts, mut body) = request.into_parts();
    let mut whole = BytesMut::new();
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > LARGEST_REQUEST {
                return Err(TooLarge);
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(Request::from_parts(parts, whole.freeze()))
}
