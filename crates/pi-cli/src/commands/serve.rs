//! `pi serve`

use std::io::Write as _;
use std::sync::Arc;

use pi_console::alerts::Alerts;
use pi_console::alerts::slack::Slack;
use pi_console::app::Means;
use pi_console::{App, IdentityGate, Logs, Settings, serve};
use pi_control_plane::roles::Role;
use pi_core::{Clock as _, Reason};
use pi_identity::webhook::SlackHook;
use pi_identity::{LimitOptions, NonceWindow, RateLimiter, RequestSigning, SigningRule};
use pi_runtime::SystemClock;
use pi_telemetry::Metrics;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::catalogue;
use super::compose::chain_limit;
use super::token::{issue, secrets, tokens};
use crate::args::ServeArgs;
use crate::context::{Context, Failure, Outcome, SLACK, secret_setting};
use crate::output::style::{BOLD, DIM, GOOD, paint};

/// Logs that are kept open at most.
const OPEN_LOGS: usize = 256;

/// Files of an open log: its database, two beside it, its checkpoints.
const FILES_OF_A_LOG: u64 = 4;

/// Open files that are asked of the system.
const OPEN_FILES: u64 = 65_536;

/// Connections to PostgreSQL.
const CONNECTIONS: usize = 32;

/// Nonces of signed requests that are remembered for each tenant.
const NONCES: usize = 100_000;

/// How long the tokens of `--dev` are good, in seconds.
const DEV_LIFETIME_S: u64 = 43_200;

pub fn run(context: &Context, args: &ServeArgs, metrics: Option<&Arc<Metrics>>) -> Outcome {
    if args.dev && !args.listen.ip().is_loopback() {
        let problem = "--dev makes tokens for everybody who sees them: it listens on loopback only";
        return Err(Failure::new(Reason::InvalidRequest, problem));
    }
    let tokens = tokens(context, args.dev)?;
    let signing = match signing(context, args) {
        // What is signed for a server without a secret is refused, not believed.
        Err(failure) if args.dev && failure.reason == Reason::SecretNotFound => None,
        rule => Some(rule?),
    };
    let settings = Settings {
        runs: args.concurrency.into(),
        origins: args.cors.clone(),
        chain_time: chain_limit()?,
        ..Settings::default()
    };
    let means = Means {
        stores: match context.database(CONNECTIONS)? {
            Some(database) => Logs::postgres(database, open_logs()),
            None => Logs::sqlite(context.folder()?, open_logs()),
        },
        clock: Arc::new(SystemClock),
        catalogue: Arc::new(catalogue()?),
        mesh: context.mesh(args.threads)?,
        guard: Some(context.guard()?),
        patience: context.patience()?,
        tokens,
        metrics: metrics.cloned(),
        alerts: alerts()?,
        memory: crate::memory::options(context)?,
    };
    let app = App::new(settings, means);
    let app = Arc::new(app.map_err(|error| failed(format!("no thread: {error}")))?);
    app.establish().map_err(|problem| Failure::new(problem.reason, problem.detail))?;
    let mut lines = String::new();
    if args.dev {
        for tenant in ["local", pi_console::access::SYSTEM] {
            let token = issue(&app.tokens, tenant, "dev", Role::Admin, DEV_LIFETIME_S)?.token;
            let name = paint(BOLD, format!("{tenant:<8}"));
            lines.push_str(&format!("  {name} {} {token}\n", paint(DIM, "admin token")));
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("no threads for connections: {error}")))?;
    runtime.block_on(listen(context, args, app, signing, &lines))
}

/// Raises the limit of open files as far as it may be, and says how many logs may be kept
/// open: they take half of the files at most, and connections the rest.
fn open_logs() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
    let now = limit.current.unwrap_or(OPEN_FILES);
    let raised = Rlimit { current: Some(most), maximum: limit.maximum };
    let is_raised = now < most && setrlimit(Resource::Nofile, raised).is_ok();
    let files = if is_raised { most } else { now };
    usize::try_from(files / 2 / FILES_OF_A_LOG).unwrap_or(OPEN_LOGS).clamp(1, OPEN_LOGS)
}

/// Where alerts go, if they go anywhere.
fn alerts() -> Result<Option<Alerts>, Failure> {
    let Some(url) = secret_setting(SLACK)? else { return Ok(None) };
    let hook = SlackHook::new(&url).map_err(|refusal| {
        Failure::new(refusal.reason, format!("{SLACK} is refused: {}", refusal.detail))
    })?;
    Ok(Some(Alerts::new(hook, Box::new(Slack::default()))))
}

/// How signed requests are verified.
fn signing(context: &Context, args: &ServeArgs) -> Result<SigningRule, Failure> {
    let secret = secrets(context)?.find("REQUEST_SIGNING");
    let secret = secret.map_err(|error| Failure::new(error.reason(), &error))?;
    Ok(SigningRule {
        signing: RequestSigning::new(secret),
        nonces: Box::new(NonceWindow::new(NONCES, SystemClock.now())),
        required: args.require_signing,
    })
}

fn failed(problem: String) -> Failure {
    Failure::new(Reason::PhaseFailed, problem)
}

async fn listen(
    context: &Context,
    args: &ServeArgs,
    app: Arc<App>,
    signing: Option<SigningRule>,
    lines: &str,
) -> Outcome {
    let cannot = |error: std::io::Error| {
        let problem = format!("cannot listen on {}: {error}", args.listen);
        Failure::new(Reason::InvalidRequest, problem)
    };
    let listener = TcpListener::bind(args.listen).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|error| failed(format!("signals cannot be heard: {error}")))?;
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        signals.forever().next();
        // Whoever no longer listens has ended already.
        let _ = tell.send(());
    });
    let said = format!(
        "{} on http://{address}\n  {} http://{address}/docs\n{lines}",
        paint(GOOD, "serving"),
        paint(DIM, "read and try the API at"),
    );
    context.emit(&said)?;
    std::io::stdout().flush().map_err(|error| failed(format!("cannot write: {error}")))?;
    let requests = usize::try_from(args.requests_per_minute).unwrap_or(usize::MAX);
    let limiter = RateLimiter::new(LimitOptions { requests, ..LimitOptions::default() });
    let gate = Arc::new(IdentityGate::new(Arc::clone(&app), signing, limiter));
    serve(listener, app, gate, async {
        // Nobody tells any more when the thread is gone; then it ends as well.
        let _ = told.await;
    })
    .await;
    Ok(0)
}
