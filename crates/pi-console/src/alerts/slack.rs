//! The way to Slack: HTTPS to a public address of its host, and nowhere else.
//!
//! The name is resolved anew for every alert, every address is looked at, and the connection
//! goes to one of those addresses: nothing resolves the name a second time. No redirect is
//! followed, no proxy of the environment is asked, no connection is kept.

use std::fmt::Debug;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use pi_core::Reason;
use pi_identity::Refusal;
use pi_identity::address::all_public;
use pi_identity::webhook::{SendError, SlackHook, Transport};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::header::{CONTENT_TYPE, RETRY_AFTER};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

/// The longest time for one alert, its name's resolution included.
const TIME: Duration = Duration::from_secs(10);

/// Bytes of the head of an answer at most.
const HEAD_BYTES: usize = 16 << 10;

/// Sends alerts to Slack.
#[derive(Debug)]
pub struct Slack(Agent);

impl Default for Slack {
    fn default() -> Self {
        Self(agent(Checked(DefaultResolver::default()), true))
    }
}

fn agent(resolver: impl Resolver, https_only: bool) -> Agent {
    let config = Config::builder()
        .https_only(https_only)
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .max_idle_connections(0)
        .max_response_header_size(HEAD_BYTES)
        .timeout_global(Some(TIME))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), resolver)
}

impl Transport for Slack {
    fn send(&mut self, hook: &SlackHook, body: &str) -> Result<(), SendError> {
        post(&self.0, hook.expose(), body)
    }
}

fn post(agent: &Agent, url: &str, body: &str) -> Result<(), SendError> {
    let request = agent.post(url).header(CONTENT_TYPE, "application/json");
    // What an error says may hold the URL, so only its kind is looked at.
    let answer = request.send(body).map_err(|error| failure(&error))?;
    let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    verdict(answer.status().as_u16(), after.and_then(|text| text.parse().ok()))
}

fn verdict(status: u16, after_s: Option<u64>) -> Result<(), SendError> {
    match status {
        200..300 => Ok(()),
        408 | 429 | 500.. => Err(SendError::Again { after_s }),
        // A redirect, or a hook that Slack no longer knows.
        _ => Err(SendError::Never(Reason::WebhookUndelivered)),
    }
}

fn failure(error: &Error) -> SendError {
    let refusal = match error {
        Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref::<Refusal>()),
        _ => None,
    };
    match (refusal, error) {
        (Some(refusal), _) => SendError::Never(refusal.reason),
        (None, Error::BadUri(_) | Error::RequireHttpsOnly(_)) => {
            SendError::Never(Reason::WebhookUrlRefused)
        }
        _ => SendError::Again { after_s: None },
    }
}

/// Resolves names, and hands on only what lies outside.
#[derive(Debug)]
struct Checked<R>(R);

impl<R: Resolver> Resolver for Checked<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let resolved = self.0.resolve(uri, config, timeout)?;
        let addresses: Vec<IpAddr> = resolved.iter().map(|address| address.ip()).collect();
        match all_public(&addresses) {
            Ok(_) => Ok(resolved),
            Err(refusal) => Err(Error::Io(io::Error::other(refusal))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Gives the same addresses, and counts how often it is asked.
    #[derive(Clone, Debug)]
    struct Fixed(Vec<SocketAddr>, Arc<AtomicUsize>);

    impl Resolver for Fixed {
        fn resolve(
            &self,
            _: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, Error> {
            self.1.fetch_add(1, Ordering::SeqCst);
            let mut all = self.empty();
            self.0.iter().for_each(|address| all.push(*address));
            Ok(all)
        }
    }

    fn fixed(addresses: &[SocketAddr]) -> Fixed {
        Fixed(addresses.to_vec(), Arc::default())
    }

    /// A server without TLS that gives each connection the next answer; what it was asked.
    fn server(answers: &'static [&'static str]) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line == "\r\n" {
                        break;
                    }
                    head.push_str(&line);
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                head.push_str(&String::from_utf8(body).unwrap());
                seen.lock().unwrap().push(head);
                let _ = reader.into_inner().write_all(answer.as_bytes());
            }
        });
        (address, asked)
    }

    fn hook() -> SlackHook {
        let part = "x".repeat(24);
        SlackHook::new(&format!("https://hooks.slack.com/services/T0/B0/{part}")).unwrap()
    }

    #[test]
    fn nothing_inside_is_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        for inside in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2001:db8::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
        ] {
            let inside = SocketAddr::new(inside.parse().unwrap(), port);
            let public = SocketAddr::new("1.1.1.1".parse().unwrap(), port);
            for addresses in [&[inside][..], &[public, inside], &[inside, public]] {
                let mut slack = Slack(agent(Checked(fixed(addresses)), true));
                let refused = SendError::Never(Reason::WebhookAddressRefused);
                assert_eq!(slack.send(&hook(), "{}"), Err(refused), "{addresses:?}");
            }
        }
        assert!(listener.accept().is_err(), "somebody connected");
    }

    #[test]
    fn only_https_is_spoken() {
        let (address, asked) = server(&[]);
        let agent = agent(fixed(&[address]), true);
        let refused = Err(SendError::Never(Reason::WebhookUrlRefused));
        assert_eq!(post(&agent, "http://hooks.slack.com/services/T/B/x", "{}"), refused);
        // A server that speaks no TLS gets no request.
        let answer = post(&agent, hook().expose(), "{}");
        assert_eq!(answer, Err(SendError::Again { after_s: None }));
        assert!(asked.lock().unwrap().is_empty());
    }

    #[test]
    fn an_answer_says_what_comes_next_and_no_redirect_is_followed() {
        const ANSWERS: &[&str] = &[
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            "HTTP/1.1 429 Slow\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 503 Down\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 No\r\ncontent-length: 10\r\n\r\nno_service",
            "HTTP/1.1 302 Go\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 307 Go\r\nlocation: /services/T/B/y\r\ncontent-length: 0\r\n\r\n",
            "nonsense\r\n\r\n",
        ];
        let (address, asked) = server(ANSWERS);
        let resolver = fixed(&[address]);
        let agent = agent(resolver.clone(), false);
        let again = |after_s| Err(SendError::Again { after_s });
        let never = Err(SendError::Never(Reason::WebhookUndelivered));
        let expected = [Ok(()), again(Some(30)), again(None), never, never, never, again(None)];
        for (number, expected) in expected.into_iter().enumerate() {
            let url = format!("http://hooks.slack.com/services/T/B/{number}");
            assert_eq!(post(&agent, &url, "{\"text\":\"a\"}"), expected, "{}", ANSWERS[number]);
            // One alert, one resolution, one connection, one request.
            assert_eq!(resolver.1.load(Ordering::SeqCst), number + 1);
            let asked = asked.lock().unwrap();
            assert_eq!(asked.len(), number + 1);
            let last = asked.last().unwrap();
            assert!(last.starts_with(&format!("POST /services/T/B/{number} HTTP/1.1")), "{last}");
            assert!(last.to_lowercase().contains("host: hooks.slack.com\r\n"), "{last}");
            assert!(last.ends_with("{\"text\":\"a\"}"), "{last}");
        }
    }

    #[test]
    fn nothing_of_the_hook_is_shown() {
        let mut slack = Slack::default();
        assert!(!format!("{slack:?}").contains("services"));
        slack.0 = agent(fixed(&[]), true);
        let shown = format!("{:?} {:?}", slack.send(&hook(), "{}"), hook());
        assert!(!shown.contains("xxxx") && !shown.contains("services"), "{shown}");
    }
}
