//! The command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pi_core::{Name, Severity};

use crate::examples;

/// Checks live work deterministically, decides, and leaves receipts that anyone
/// can verify and replay.
#[derive(Parser, Debug)]
#[command(name = "pi", version, max_term_width = 100, after_help = examples::PI)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
pub struct Global {
    /// Folder of logs and keys [default: the platform's data folder]
    #[arg(long, global = true, env = "PI_DATA_DIR", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The tenant
    #[arg(long, global = true, default_value = "local", value_name = "NAME")]
    pub tenant: Name,
    /// What to write
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write to a file instead of standard output
    #[arg(short, long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only the result, no progress and no hints
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// More detail
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0 (scan)
    Sarif,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Examine files and folders, decide, and record it
    #[command(after_help = examples::SCAN)]
    Scan(ScanArgs),
    /// Plan a composition: check, bound and order it, without running it
    #[command(after_help = examples::SIMULATE)]
    Simulate(SimulateArgs),
    /// Run compositions and record them
    #[command(after_help = examples::RUN)]
    Run(RunArgs),
    /// The catalogue of agents
    #[command(after_help = examples::AGENTS)]
    #[command(subcommand)]
    Agents(AgentsCommand),
    /// Recorded runs
    #[command(after_help = examples::RUNS)]
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Execute a recorded run again and compare every proof
    #[command(after_help = examples::REPLAY)]
    Replay(ReplayArgs),
    /// The log
    #[command(after_help = examples::LOG)]
    #[command(subcommand)]
    Log(LogCommand),
    /// Check exported evidence offline
    #[command(after_help = examples::VERIFY)]
    Verify(VerifyArgs),
    /// Which agents a request in plain words would reach, and why
    #[command(after_help = examples::ROUTE)]
    Route {
        /// The words
        #[arg(required = true, value_name = "WORDS")]
        words: Vec<String>,
    },
    /// Order steps into a plan; nothing is run
    #[command(after_help = examples::PLAN)]
    Plan {
        /// A chain of steps, or several steps that each hand over to the next
        #[arg(required = true, value_name = "CHAIN")]
        steps: Vec<String>,
        /// Write the request that runs the plan over this file or folder; may be repeated
        #[arg(long, value_name = "PATH")]
        request: Vec<PathBuf>,
    },
    /// What earlier runs came to
    #[command(after_help = examples::MEMORY)]
    #[command(subcommand)]
    Memory(MemoryCommand),
    /// The policy: what it says, and why
    #[command(after_help = examples::POLICY)]
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Serve the HTTP API
    #[command(after_help = examples::SERVE)]
    Serve(ServeArgs),
    /// Tokens for the HTTP API
    #[command(after_help = examples::TOKEN)]
    #[command(subcommand)]
    Token(TokenCommand),
    /// Explain a reason code
    #[command(after_help = examples::EXPLAIN)]
    Explain {
        /// The code; without one, all are listed
        code: Option<String>,
    },
    /// Check data folder, store, key and clock
    #[command(after_help = examples::DOCTOR)]
    Doctor,
    /// A tour: scan the examples, verify the log, replay the run
    #[command(after_help = examples::DEMO)]
    Demo {
        /// The folder with the examples
        #[arg(default_value = "examples")]
        examples: PathBuf,
    },
    /// Write a completion script for a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Examine one artifact in a process that can be killed
    #[command(hide = true, name = "examine-alone")]
    ExamineAlone {
        /// The file
        file: PathBuf,
        /// Its path in the manifest
        name: String,
    },
}

impl Command {
    /// Where its metrics go.
    pub fn metrics(&self) -> Option<&Path> {
        let measured = match self {
            Command::Scan(args) => &args.measured,
            Command::Run(args) => &args.measured,
            Command::Replay(args) => &args.measured,
            _ => return None,
        };
        measured.metrics.as_deref()
    }
}

#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", env = "PI_LISTEN")]
    pub listen: SocketAddr,
    /// Make secrets for this process alone, and print tokens; on loopback only
    #[arg(long)]
    pub dev: bool,
    /// Refuse requests that are not signed
    #[arg(long, env = "PI_REQUIRE_REQUEST_SIGNING", value_parser = clap::builder::BoolishValueParser::new())]
    pub require_signing: bool,
    /// Requests that each caller may send in any minute
    #[arg(long, value_name = "N", default_value_t = 1000, env = "PI_REQUESTS_PER_MINUTE", value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_minute: u32,
    /// An origin that browsers may call from; may be repeated
    #[arg(long, value_name = "ORIGIN", env = "PI_CONSOLE_CORS_ORIGINS", value_delimiter = ',')]
    pub cors: Vec<String>,
    /// Runs at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    pub concurrency: u8,
    /// Worker threads
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

#[derive(Subcommand, Debug)]
pub enum TokenCommand {
    /// Issue a token of the tenant; it is printed once
    Issue {
        /// Whom it is for
        #[arg(long, value_name = "WHO")]
        subject: String,
        /// What it may do
        #[arg(long, value_parser = ["admin", "operator", "viewer", "api_key"])]
        role: String,
        /// How long it is good, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
        lifetime: u64,
    },
}

#[derive(Args, Debug)]
pub struct ScanArgs {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Exit with 1 when a finding is at least this severe, whatever the decision
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,
    /// Run only these agents or domains
    #[arg(long, value_name = "AGENT|DOMAIN", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Leave out these agents or domains
    #[arg(long, value_name = "AGENT|DOMAIN", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Hide the findings that this file knows
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Ask this policy: Cedar text, or a list of rules in JSON [env: PI_POLICY]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Write all findings of this scan as a baseline
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// How inputs are kept for replay
    #[arg(long, value_enum, default_value_t = Evidence::Hashes)]
    pub evidence: Evidence,
    /// The time that expiry rules look at: seconds since 1970, or RFC 3339
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Threads [default: the machine's cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    #[command(flatten)]
    pub measured: Measured,
}

/// What of a command is measured.
#[derive(Args, Debug, Default)]
pub struct Measured {
    /// Write metrics to this file when it ends (Prometheus text)
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing: the run cannot be replayed
    None,
    /// Digests: replay reads the files again
    Hashes,
    /// Encrypted copies
    Sealed,
}

#[derive(Args, Debug)]
pub struct SimulateArgs {
    /// The request document
    #[arg(value_name = "REQUEST")]
    pub request: PathBuf,
    /// Ask this policy: Cedar text, or a list of rules in JSON [env: PI_POLICY]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct RunArgs {
    /// The request documents
    #[arg(required = true, value_name = "REQUEST")]
    pub requests: Vec<PathBuf>,
    /// Ask this policy: Cedar text, or a list of rules in JSON [env: PI_POLICY]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Approve the very requests that these documents freeze to
    #[arg(long)]
    pub approve: bool,
    /// Runs at once
    #[arg(long, default_value_t = 4, value_name = "N")]
    pub concurrency: usize,
    /// Smaller comes first
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub priority: u8,
    /// Threads [default: the machine's cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    #[command(flatten)]
    pub measured: Measured,
}

#[derive(Subcommand, Debug)]
pub enum AgentsCommand {
    /// List the agents
    List {
        /// Only this domain
        #[arg(long)]
        domain: Option<String>,
    },
    /// Show one agent: documentation, rules, references
    Show {
        /// The agent
        slug: String,
    },
    /// Run one agent on one file, and record it
    Run {
        /// The agent
        slug: String,
        /// The file
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
    },
    /// Run the agents' own cases
    Test {
        /// Only this agent
        slug: Option<String>,
    },
}

#[derive(Subcommand, Debug)]
pub enum RunsCommand {
    /// List the runs, newest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: usize,
    },
    /// Show a run: phases, receipts, votes
    Show {
        /// The run
        run: String,
    },
    /// Continue a run that did not finish, from where its record ends
    Resume {
        /// The run
        run: String,
        /// Resume only if the run serves the goal of this request document
        #[arg(long, value_name = "REQUEST")]
        request: Option<PathBuf>,
        /// Fence out another process that may still work on it
        #[arg(long)]
        take_over: bool,
    },
}

#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The run
    pub run: String,
    /// The folder that was scanned, where it lies elsewhere now
    #[arg(long, value_name = "DIR")]
    pub base: Option<PathBuf>,
    /// Threads [default: the machine's cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    #[command(flatten)]
    pub measured: Measured,
}

#[derive(Subcommand, Debug)]
pub enum LogCommand {
    /// Read every stored byte again and check it
    Verify {
        /// Only this partition's chain
        #[arg(long)]
        partition: Option<Name>,
        /// Parse and re-encode every record as well
        #[arg(long)]
        deep: bool,
    },
    /// The newest events, and with `--follow` those that come
    Tail(TailArgs),
    /// Show one event
    Show {
        /// `PARTITION:OFFSET`
        event: String,
    },
    /// Prove that an event is in the log
    Prove {
        /// `PARTITION:OFFSET`
        event: String,
    },
    /// The newest signed checkpoint
    Checkpoint,
    /// Export the evidence of a run
    Export {
        /// The run
        run: String,
    },
    /// Approvals to read events with another version of their schema
    #[command(subcommand)]
    Fence(FenceCommand),
    /// Epochs, and where the partitions stand
    Epochs,
    /// Groups that consume the log, and how far they have come
    Consumers,
    /// Erase the content of an event; its proofs stay
    Redact {
        /// `PARTITION:OFFSET`
        event: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Args, Debug)]
pub struct TailArgs {
    /// At most this many of the newest
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
    pub lines: usize,
    /// Wait for more, until interrupted
    #[arg(long)]
    pub follow: bool,
    /// Only events whose type begins so, such as `run.` or `effect.announced`
    #[arg(long = "type", value_name = "PREFIX")]
    pub event_type: Option<String>,
    /// Only events of this run
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Only events of this partition
    #[arg(long)]
    pub partition: Option<Name>,
    /// With hash and payload, as `pi log show` writes one (JSON)
    #[arg(long)]
    pub payloads: bool,
}

#[derive(Subcommand, Debug)]
pub enum FenceCommand {
    /// Approve reading events of one version as another
    Approve(FenceArgs),
    /// End an approval
    Revoke(FenceArgs),
    /// List the approvals that hold
    List,
}

#[derive(Args, Debug)]
pub struct FenceArgs {
    /// The version that events were written with, as NAME@VERSION
    pub from: String,
    /// The version that they may be read with
    pub to: String,
    /// Why
    #[arg(long)]
    pub reason: String,
}

#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The bundle
    pub bundle: PathBuf,
    /// The log's public key, where it is known from elsewhere
    #[arg(long, value_name = "PUBLIC")]
    pub key: Option<String>,
}

#[derive(Subcommand, Debug)]
pub enum MemoryCommand {
    /// Entries that hold all of these words, best first
    Search {
        /// The words
        #[arg(required = true, value_name = "WORDS")]
        words: Vec<String>,
        #[command(flatten)]
        view: MemoryView,
    },
    /// The newest entries
    List {
        #[command(flatten)]
        view: MemoryView,
    },
    /// Erase entries
    Purge(PurgeArgs),
}

#[derive(Subcommand, Debug)]
pub enum PolicyCommand {
    /// Check policies, and show every mistake with its place
    Check {
        /// Cedar text, or lists of rules in JSON
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the Cedar text that a list of rules compiles to
    Compile {
        /// The list, in JSON
        #[arg(value_name = "RULES")]
        rules: PathBuf,
    },
    /// Print the policy in force
    Show {
        /// Another policy [env: PI_POLICY]
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Print the schema: everything that a policy may ask about
        #[arg(long)]
        schema: bool,
    },
    /// Ask a policy about facts or about a recorded run, and show why
    Explain {
        /// The policy: Cedar text, or a list of rules in JSON
        #[arg(value_name = "FILE")]
        policy: PathBuf,
        /// A file of facts, or the id of a run in the log
        #[arg(value_name = "FACTS|RUN")]
        facts: PathBuf,
    },
    /// Ask a policy about the recorded runs, and list what it would have decided otherwise
    WhatIf {
        /// The policy: Cedar text, or a list of rules in JSON
        #[arg(value_name = "FILE")]
        policy: PathBuf,
        /// Ask about this many runs, the newest first
        #[arg(long, default_value_t = 1_000, value_name = "N")]
        last: usize,
    },
}

#[derive(Args, Debug)]
pub struct MemoryView {
    /// At most this many
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub limit: usize,
    /// Read the sources of the entries again and say which have changed
    #[arg(long)]
    pub check: bool,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct PurgeArgs {
    /// The entries of this run
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// All entries of the tenant
    #[arg(long)]
    pub all: bool,
}
