//! `pi serve`

use std::io::Write as _;
use std::sync::Arc;

use pi_console::app::Means;
use pi_console::{App, Settings, SqliteStores, TokenGate, serve};
use pi_core::Reason;
use pi_runtime::SystemClock;
use pi_telemetry::Metrics;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::catalogue;
use super::compose::chain_limit;
use super::token::{issue, tokens};
use crate::args::ServeArgs;
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{BOLD, DIM, GOOD, paint};

/// Logs that are kept open.
const OPEN_LOGS: usize = 256;

/// How long the tokens of `--dev` are good, in seconds.
const DEV_LIFETIME_S: u64 = 43_200;

pub fn run(context: &Context, args: &ServeArgs, metrics: Option<&Arc<Metrics>>) -> Outcome {
    if args.dev && !args.listen.ip().is_loopback() {
        let problem = "--dev makes tokens for everybody who sees them: it listens on loopback only";
        return Err(Failure::new(Reason::InvalidRequest, problem));
    }
    let tokens = tokens(context, args.dev)?;
    let settings = Settings {
        runs: args.concurrency.into(),
        origins: args.cors.clone(),
        chain_time: chain_limit()?,
        ..Settings::default()
    };
    let means = Means {
        stores: Box::new(SqliteStores::new(context.folder()?, OPEN_LOGS)),
        clock: Arc::new(SystemClock),
        catalogue: Arc::new(catalogue()?),
        mesh: context.mesh(args.threads)?,
        guard: Some(context.guard()?),
        patience: context.patience()?,
        tokens,
        metrics: metrics.cloned(),
    };
    let app = App::new(settings, means);
    let app = Arc::new(app.map_err(|error| failed(format!("no thread: {error}")))?);
    app.establish().map_err(|problem| Failure::new(problem.reason, problem.detail))?;
    let mut lines = String::new();
    if args.dev {
        for tenant in ["local", pi_console::access::SYSTEM] {
            let token = issue(&app.tokens, tenant, "dev", "admin", DEV_LIFETIME_S)?.token;
            let name = paint(BOLD, format!("{tenant:<8}"));
            lines.push_str(&format!("  {name} {} {token}\n", paint(DIM, "admin token")));
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("no threads for connections: {error}")))?;
    runtime.block_on(listen(context, args, app, &lines))
}

fn failed(problem: String) -> Failure {
    Failure::new(Reason::PhaseFailed, problem)
}

async fn listen(context: &Context, args: &ServeArgs, app: Arc<App>, lines: &str) -> Outcome {
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
    let gate = Arc::new(TokenGate(Arc::clone(&app)));
    serve(listener, app, gate, async {
        // Nobody tells any more when the thread is gone; then it ends as well.
        let _ = told.await;
    })
    .await;
    Ok(0)
}
