//! As much of HTTP as it takes to ask for a token.

use std::fmt;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use openssl::ssl::{SslConnector, SslMethod};

/// How long the other side may take to connect, and then with each answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most that an answer may hold. A token is some kilobytes.
const MOST: u64 = 1 << 20;

/// Where systems keep the authorities they trust.
const USUAL_AUTHORITIES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// Where to send a form.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::log::kafka) struct Endpoint {
    tls: bool,
    host: String,
    port: u16,
    path: String,
    authorities: Option<PathBuf>,
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

impl Endpoint {
    /// Takes a URL apart. `authorities` is a PEM file to trust instead of the system's.
    pub fn parse(url: &str, authorities: Option<&str>) -> Result<Self, String> {
        let (tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            _ => return Err(format!("“{url}” is neither an http, an https nor a file URL")),
        };
        let (address, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let default_port = if tls { 443 } else { 80 };
        let (host, port) = match address.rsplit_once(':') {
            // A colon within brackets belongs to an IPv6 address.
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| format!("“{port}” is no port"))?)
            }
            _ => (address, default_port),
        };
        if host.is_empty() || host.contains('@') {
            return Err(format!("“{url}” names no host, or more than a host"));
        }
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { tls, host, port, path: path.to_owned(), authorities: authorities.map(PathBuf::from) })
    }

    /// Posts a form with a basic login; the status and the body that come back.
    pub fn post(&self, login: &str, form: &str) -> Result<(u16, Vec<u8>), String> {
        let failed = |error: std::io::Error| format!("{self}: {error}");
        let mut stream = self.connect()?;
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {login}\r\nAccept: application/json\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
            self.path,
            self.host,
            form.len()
        );
        stream.write_all(request.as_bytes()).and_then(|()| stream.flush()).map_err(failed)?;
        let mut answer = Vec::new();
        match stream.take(MOST).read_to_end(&mut answer) {
            // Some servers hang up without saying goodbye; what they said before counts.
            Err(error) if answer.is_empty() => return Err(failed(error)),
            _ => {}
        }
        parse(&answer).ok_or_else(|| format!("{self}: the answer is not HTTP"))
    }

    fn connect(&self) -> Result<Box<dyn Stream>, String> {
        let addresses = (self.host.as_str(), self.port).to_socket_addrs();
        let addresses = addresses.map_err(|error| format!("{self}: {error}"))?;
        let mut last = format!("{self}: no address");
        for address in addresses {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    let patient =
                        stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
                    patient.map_err(|error| format!("{self}: {error}"))?;
                    return if self.tls { self.secure(stream) } else { Ok(Box::new(stream)) };
                }
                Err(error) => last = format!("{self}: {error}"),
            }
        }
        Err(last)
    }

    fn secure(&self, stream: TcpStream) -> Result<Box<dyn Stream>, String> {
        let mut connector = SslConnector::builder(SslMethod::tls()).map_err(|error| format!("{self}: {error}"))?;
        let usual = || USUAL_AUTHORITIES.into_iter().map(Path::new).find(|path| path.is_file());
        if let Some(file) = self.authorities.as_deref().or_else(usual) {
            connector.set_ca_file(file).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        let stream = connector.build().connect(&self.host, stream);
        Ok(Box::new(stream.map_err(|error| format!("{self}: {error}"))?))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}{}", if self.tls { "https" } else { "http" }, self.host, self.port, self.path)
    }
}

fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let head_end = memchr::memmem::find(answer, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..head_end]).ok()?;
    let body = &answer[head_end + 4..];
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let chunked = head.lines().any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("transfer-encoding:") && line.ends_with("chunked")
    });
    Some((status, if chunked { joined(body)? } else { body.to_vec() }))
}

/// The body out of its chunks.
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line_end = memchr::memmem::find(chunks, b"\r\n")?;
        let line = std::str::from_utf8(&chunks[..line_end]).ok()?;
        let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        let start = line_end + 2;
        body.extend(chunks.get(start..start.checked_add(length)?)?);
        chunks = chunks.get(start + length + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let endpoint = Endpoint::parse("https://id.example:8443/realms/x/token?a=1", None).unwrap();
        assert_eq!((endpoint.tls, endpoint.host.as_str(), endpoint.port), (true, "id.example", 8443));
        assert_eq!(endpoint.path, "/realms/x/token?a=1");
        assert_eq!(Endpoint::parse("http://[::1]", None).unwrap().to_string(), "http://::1:80/");
        for wrong in ["ftp://x", "https://", "https://user:pass@host/", "http://host:port/"] {
            assert!(Endpoint::parse(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn answers_are_read_whole_and_in_chunks() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(parse(whole), Some((200, b"hello".to_vec())));
        let chunks = b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n";
        assert_eq!(parse(chunks), Some((401, b"hello".to_vec())));
        for wrong in [&b"nonsense"[..], b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx"] {
            assert_eq!(parse(wrong), None);
        }
    }
}
