//! HTTP/1.1 at its plainest, on both sides.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A request as it has arrived.
pub(crate) struct Arrived {
    /// The method and the target.
    pub(crate) line: String,
    /// The fields and the body.
    pub(crate) rest: String,
}

/// A server that answers each request, on a connection of its own, with a whole response.
pub(crate) fn server(answer: impl Fn(&Arrived) -> String + Send + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            std::thread::spawn(move || {
                if let Some(arrived) = read(&stream) {
                    let _ = (&stream).write_all(answer(&arrived).as_bytes());
                }
            });
        }
    });
    address
}

/// A response with this head, such as `200 OK` and further fields, and this body.
pub(crate) fn response(head: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn read(stream: &TcpStream) -> Option<Arrived> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (mut rest, mut length) = (String::new(), 0);
    loop {
        let mut field = String::new();
        if reader.read_line(&mut field).ok()? <= 2 {
            break;
        }
        if let Some(value) = field.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        rest.push_str(&field);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    rest.push_str(&String::from_utf8_lossy(&body));
    let line = line.trim().to_owned();
    (!line.is_empty()).then_some(Arrived { line, rest })
}

/// Sends a request with a JSON body to a server, and returns the whole response.
pub(crate) fn ask(address: &str, line: &str, fields: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it accepts");
    let patience = Some(Duration::from_mins(1));
    stream.set_read_timeout(patience).expect("a socket");
    let request = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{fields}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    String::from_utf8_lossy(&response).into_owned()
}
