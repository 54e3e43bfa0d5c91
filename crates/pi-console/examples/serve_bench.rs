//! What the HTTP API costs: a submission with one agent and a durable receipt, alone and
//! from several clients, beside a bare axum handler in the same process and run.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "it prints what it measured, and ends when it cannot measure"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use pi_console::app::Means;
use pi_console::{App, IdentityGate, Logs, Settings, serve};
use pi_control_plane::roles::Role;
use pi_core::{Clock as _, Name};
use pi_identity::{
    Actor, Grant, KeyId, KeySet, LimitOptions, RateLimiter, Secret, SigningKey, TokenId,
    TokenOptions, Tokens,
};
use pi_runtime::SystemClock;
use pi_runtime::mesh::Mesh;
use pi_store::DataFolder;
use tokio::net::TcpListener;

/// Requests of one client before anything is measured.
const WARM_UP: usize = 20;

/// Requests of the measurement of times.
const SINGLE: usize = 500;

/// Requests of a measurement of throughput, of all clients together.
const TOGETHER: usize = 1_000;

const SUBMIT: &str = "/v1/compositions/submit";
const LIST: &str = "/v1/agents?limit=1";
const BARE: &str = "/bare";

/// One agent, one small file.
const BODY: &str = r#"{"artifacts":[{"path":"Dockerfile","text":"FROM alpine:3.20\nUSER app\n"}],
    "only":["docker_image_scanner"]}"#;

/// A connection that stays open.
struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    head: String,
}

impl Client {
    fn new(address: SocketAddr, token: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        let head = format!(
            "host: pi\r\nx-tenant-id: local\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\n"
        );
        Self { stream, reader, head }
    }

    /// Sends a request and reads its answer whole.
    fn send(&mut self, method: &str, path: &str, body: &str) -> u16 {
        let head = &self.head;
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\n{head}content-length: {length}\r\n\r\n{body}");
        self.stream.write_all(request.as_bytes()).unwrap();
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(0);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap();
        status
    }
}

/// A request that is measured.
#[derive(Clone, Copy)]
struct Subject {
    name: &'static str,
    address: SocketAddr,
    method: &'static str,
    path: &'static str,
    body: &'static str,
}

/// Times of single requests, one after the other, sorted.
fn times(subject: Subject, token: &str, count: usize) -> Vec<Duration> {
    let mut client = Client::new(subject.address, token);
    let mut send = || {
        let began = Instant::now();
        let status = client.send(subject.method, subject.path, subject.body);
        assert!((200..300).contains(&status), "{} was answered {status}", subject.name);
        began.elapsed()
    };
    for _ in 0..WARM_UP {
        let _ = send();
    }
    let mut times: Vec<Duration> = (0..count).map(|_| send()).collect();
    times.sort_unstable();
    times
}

/// Requests a second, of so many clients.
fn throughput(subject: Subject, token: &str, clients: usize) -> u128 {
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(move || {
                let mut client = Client::new(subject.address, token);
                for _ in 0..TOGETHER / clients {
                    let status = client.send(subject.method, subject.path, subject.body);
                    assert!((200..300).contains(&status), "{} was {status}", subject.name);
                }
            });
        }
    });
    let requests = (TOGETHER / clients * clients) as u128;
    requests * 1_000_000 / began.elapsed().as_micros().max(1)
}

/// The time, in microseconds, that so many of a hundred do not exceed.
fn at(times: &[Duration], percent: usize) -> u128 {
    let index = (times.len() * percent / 100).min(times.len() - 1);
    times.get(index).copied().unwrap_or_default().as_micros()
}

fn tokens() -> Tokens {
    let key = SigningKey::shared(KeyId::new("bench").unwrap(), &Secret::generate().unwrap());
    Tokens::new(KeySet::new(key.unwrap()).unwrap(), TokenOptions::default())
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let patience = Duration::from_secs(60);
    let means = Means {
        stores: Logs::sqlite(DataFolder::open(folder.path()).unwrap(), 16),
        clock: Arc::new(SystemClock),
        catalogue: Arc::new(pi_agents::catalogue().unwrap()),
        mesh: Mesh::start(2, patience).unwrap(),
        guard: None,
        patience,
        tokens: tokens(),
        metrics: None,
        alerts: None,
        memory: None,
    };
    let app = Arc::new(App::new(Settings { runs: 8, ..Settings::default() }, means).unwrap());
    app.establish().unwrap();
    let grant = Grant {
        subject: Actor::new("bench").unwrap(),
        tenant: Name::new("local").unwrap(),
        role: Role::Admin,
        lifetime_s: 3_600,
    };
    let minted = app.tokens.mint(grant, SystemClock.now(), TokenId::random().unwrap());
    let token = minted.unwrap().token;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (served, bare) = runtime.block_on(async {
        let served = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bare = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = (served.local_addr().unwrap(), bare.local_addr().unwrap());
        let limiter = RateLimiter::new(LimitOptions { requests: 1 << 20, ..Default::default() });
        let gate = Arc::new(IdentityGate::new(Arc::clone(&app), None, limiter));
        tokio::spawn(serve(served, Arc::clone(&app), gate, std::future::pending()));
        let router = Router::new().route(BARE, post(|body: Bytes| async move { body }));
        tokio::spawn(async move { axum::serve(bare, router).await });
        addresses
    });
    let subject = |name, address, method, path, body| Subject { name, address, method, path, body };
    let all = [
        subject("bare axum handler", bare, "POST", BARE, BODY),
        subject("read (audited)", served, "GET", LIST, ""),
        subject("submit (durable)", served, "POST", SUBMIT, BODY),
    ];
    println!("{:<20} {:>10} {:>10}   requests a second at 1, 8, 32 clients", "", "p50", "p99");
    let mut medians = Vec::new();
    for subject in all {
        let times = times(subject, &token, SINGLE);
        let many = [1, 8, 32].map(|clients| throughput(subject, &token, clients));
        let [one, eight, more] = many;
        let (p50, p99) = (at(&times, 50), at(&times, 99));
        println!("{:<20} {p50:>7} us {p99:>7} us   {one:>7} {eight:>7} {more:>7}", subject.name);
        medians.push(p50);
    }
    if let [bare, read, submit] = medians.as_slice() {
        println!(
            "over the bare handler: {} us a read, {} us a submit",
            read.saturating_sub(*bare),
            submit.saturating_sub(*bare)
        );
    }
    // What was begun has ended: every request was answered.
    runtime.shutdown_background();
}
