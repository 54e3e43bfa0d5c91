//! `pi serve` as a process, and callers of it through a socket.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::Lab;

pub const SUBMIT: &str = "/v1/compositions/submit";

/// Two secrets that nobody uses anywhere else.
pub const JWT: &str = "q8Zr2mVx7LpTn4Kc9Wd1Yb6Hs3Gf5Je0";
pub const SIGNING: &str = "Xa7Pq2Lm9Vr4Tz8Kn3Wc6Yd1Hb5Gs0Fj";

pub struct Server {
    child: Child,
    pub address: String,
    tokens: Vec<(String, String)>,
}

impl Server {
    /// A server on a free port, once it says that it serves.
    pub fn start(command: Command) -> Self {
        Self::heard(command, Stdio::null())
    }

    /// The same, with what it says on standard error.
    pub fn heard(mut command: Command, stderr: impl Into<Stdio>) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.rsplit("http://").next().unwrap().to_owned();
        lines.next().unwrap().unwrap();
        let mut tokens = Vec::new();
        if command.get_args().any(|arg| arg == "--dev") {
            for line in lines.by_ref().take(2).map(Result::unwrap) {
                let words: Vec<&str> = line.split_whitespace().collect();
                tokens.push((words[0].to_owned(), words.last().unwrap().to_string()));
            }
        }
        Self { child, address, tokens }
    }

    pub fn dev(lab: &Lab) -> Self {
        Self::start(lab.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]))
    }

    pub fn admin(&self, tenant: &str) -> Caller {
        let (_, token) = self.tokens.iter().find(|(name, _)| name == tenant).unwrap();
        Caller { tenant: tenant.to_owned(), token: token.clone() }
    }

    /// Sends bytes as they are; the status and the body of the answer.
    pub fn raw(&self, request: &[u8]) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        // A server that answers early may close before everything is written.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap_or(0));
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    pub fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, Value) {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: pi\r\nconnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str("content-type: application/json\r\n");
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        self.raw(request.as_bytes())
    }

    pub fn ask(&self, caller: &Caller, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let bearer = format!("Bearer {}", caller.token);
        let headers = [("x-tenant-id", caller.tenant.as_str()), ("authorization", &bearer)];
        self.call(method, path, &headers, &body)
    }

    pub fn signal(&mut self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone)]
pub struct Caller {
    pub tenant: String,
    pub token: String,
}

pub fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

pub fn dockerfile(text: &str) -> Value {
    json!({"artifacts": [{"path": "Dockerfile", "text": text}]})
}

/// A command with secrets and without `--dev`.
pub fn with_secrets(lab: &Lab, args: &[&str]) -> Command {
    let mut command = lab.command(args);
    command.env("PI_SECRET_JWT", JWT).env("PI_SECRET_REQUEST_SIGNING", SIGNING);
    command
}
