//! Turns a fault into the answer that shows it.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use http::{Request, StatusCode};
use url::form_urlencoded;

use crate::faults::{Fault, RetryAfter};
use crate::reply::{Misbehaviour, Reply};
use crate::sandbox::Model;
use crate::{Json, Object};

/// The answer for a fault that needs none of the provider's own; `None` where the fault only spoils an answer.
pub(crate) fn replace(
    fault: &Fault,
    request: &Request<Bytes>,
    now: DateTime<Utc>,
    model: &impl Model,
) -> Option<Reply> {
    let refusal = |status| model.refusal(status, request);
    let status_of = |code: u16| StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Some(match fault {
        Fault::Status { status, body: None } => refusal(status_of(*status)),
        Fault::Status { status, body: Some(body) } => {
            let kind = if Json::parse(body.as_bytes()).is_ok() {
                "application/json"
            } else {
                "text/plain; charset=utf-8"
            };
            Reply::text(status_of(*status), kind, body.clone())
        }
        Fault::TooManyRequests { retry_after } => {
            let reply = refusal(StatusCode::TOO_MANY_REQUESTS);
            match retry_after {
                RetryAfter::None => reply,
                RetryAfter::Seconds(seconds) => reply.with_header("retry-after", &seconds.to_string()),
                RetryAfter::HttpDate(seconds) => {
                    let then = now + TimeDelta::seconds(i64::from(*seconds));
                    reply.with_header("retry-after", &httpdate::fmt_http_date(then.into()))
                }
            }
        }
        Fault::Unauthorized => refusal(StatusCode::UNAUTHORIZED),
        Fault::HtmlPage { status: 403 } => Reply::html(StatusCode::FORBIDDEN, FIREWALL_PAGE),
        Fault::HtmlPage { status } => Reply::html(status_of(*status), WAITING_PAGE),
        Fault::GzipBomb { megabytes } => match gzip_bomb(*megabytes) {
            Ok(body) => {
                Reply::text(StatusCode::OK, "application/json", body).with_header("content-encoding", "gzip")
            }
            Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR),
        },
        Fault::EchoSecrets { status } => echo(status_of(*status), request, model),
        Fault::ResetBeforeAnswer => {
            refusal(StatusCode::BAD_GATEWAY).with_misbehaviour(Misbehaviour::ResetBeforeAnswer)
        }
        _ => return None,
    })
}

/// The provider's answer, spoiled.
pub(crate) fn spoil(fault: &Fault, mut reply: Reply) -> Reply {
    match fault {
        Fault::ResetMidBody => reply.with_misbehaviour(Misbehaviour::ResetMidBody),
        Fault::TruncateBody => reply.with_misbehaviour(Misbehaviour::Truncate),
        Fault::SlowBytes { piece, pause_ms } => reply.with_misbehaviour(Misbehaviour::SlowBytes {
            piece: (*piece).max(1),
            pause: Duration::from_millis(*pause_ms),
        }),
        Fault::Delay { ms } => {
            reply.delay = Duration::from_millis(*ms);
            reply
        }
        Fault::MalformedJson => {
            reply.body = reply.first_half();
            reply
        }
        Fault::GarbledBody => {
            reply.body = garbled(&reply.body);
            reply
        }
        _ => reply,
    }
}

/// Whether a body holds a secret, as it is or in the spelling of XML, JSON or a form.
fn carries(body: &str, secret: &str) -> bool {
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let json = Json::from(secret.to_owned()).to_string();
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    !secret.is_empty()
        && [secret, &xml, json.trim_matches('"'), &form].iter().any(|spelling| body.contains(spelling))
}

/// The same length, with a stretch in the middle that belongs to no format.
fn garbled(body: &Bytes) -> Bytes {
    const NOISE: &[u8] = b"\x00<&\xff}]<";
    let mut bytes = body.to_vec();
    let start = bytes.len() / 2;
    for (byte, noise) in bytes.iter_mut().skip(start).zip(NOISE) {
        *byte = *noise;
    }
    bytes.into()
}

/// Everything secret that the request carried, said back in a header and in the body.
fn echo(status: StatusCode, request: &Request<Bytes>, model: &impl Model) -> Reply {
    let body = String::from_utf8_lossy(request.body());
    let mut said = Object::default();
    for name in ["x-api-token", "authorization", "cookie"] {
        if let Some(value) = request.headers().get(name) {
            said.set(name, String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
    }
    let in_body: Vec<String> = model.secrets().into_iter().filter(|secret| carries(&body, secret)).collect();
    let in_headers = said.iter().filter_map(|(_, value)| value.as_str());
    let all: Vec<_> = in_headers.chain(in_body.iter().map(String::as_str)).collect();
    let shown = all.join(" ");
    if let Some(reply) = model.quotation(status, request, &format!("{shown} {} {body}", request.uri())) {
        return reply.with_header("x-debug-credential", &shown);
    }
    let answer = Object::default()
        .with("success", false)
        .with("error", format!("the request of {shown} was refused"))
        .with("received", said.clone())
        .with("url", request.uri().to_string())
        .with("body", body.into_owned());
    Reply::json(status, &answer.into()).with_header("x-debug-credential", &shown)
}

/// Gzip that unpacks to a huge JSON document of white space.
///
/// One megabyte is packed once; a full flush makes its bytes independent of what stands before, so they can be repeated.
fn gzip_bomb(megabytes: u32) -> io::Result<Bytes> {
    const OPENING: &[u8] = br#"{"success":true,"data":["#;
    const CLOSING: &[u8] = b"]}";
    let megabyte = vec![b' '; 1 << 20];
    let mut megabyte_crc = Crc::new();
    megabyte_crc.update(&megabyte);

    let mut body: Vec<u8> = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut crc = Crc::new();
    crc.update(OPENING);
    body.extend(packed(OPENING, FlushCompress::Full)?);
    let block = packed(&megabyte, FlushCompress::Full)?;
    for _ in 0..megabytes {
        body.extend_from_slice(&block);
        crc.combine(&megabyte_crc);
    }
    crc.update(CLOSING);
    body.extend(packed(CLOSING, FlushCompress::Finish)?);
    body.extend_from_slice(&crc.sum().to_le_bytes());
    body.extend_from_slice(&crc.amount().to_le_bytes());
    Ok(body.into())
}

fn packed(plain: &[u8], flush: FlushCompress) -> io::Result<Vec<u8>> {
    let mut deflate = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(plain.len() / 100 + 256);
    let status = deflate.compress_vec(plain, &mut out, flush)?;
    let whole = usize::try_from(deflate.total_in()).is_ok_and(|read| read == plain.len());
    if whole && status != Status::BufError { Ok(out) } else { Err(io::Error::other("the block did not fit")) }
}

/// The page in front of a provider that has had enough of a client.
pub(crate) const FIREWALL_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>Attention Required! | Cloudflare</title>\
<meta charset=\"UTF-8\" /></head>\n<body><h1>Sorry, you have been blocked</h1>\
<p>You are unable to access this site. Ray ID: 0000sandbox0000</p></body>\n</html>\n";

const WAITING_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>We will be right back</title></head>\
<body><h1>We will be right back</h1><p>The service is being looked after.</p></body></html>\n";
