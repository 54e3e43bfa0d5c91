//! `pi memory`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use pi_core::canonical::Encoder;
use pi_core::{Clock as _, Digest, Reason, Timestamp};
use pi_runtime::SystemClock;
use pi_runtime::freeze::freeze;
use pi_store::Memory;
use pi_store::memory::{Entry, Freshness, Purged, Recalled, Shown};

use super::run_id;
use crate::args::{MemoryCommand, MemoryView, PurgeArgs};
use crate::context::{Context, Failure, Outcome};
use crate::memory;
use crate::output::style::{BOLD, DIM, WARN, paint, visible};

pub fn run(context: &Context, command: &MemoryCommand) -> Outcome {
    let mut memory = memory::open(context)?.ok_or_else(|| {
        Failure::new(Reason::MemoryUnavailable, "the memory is off: PI_MEMORY_MAX_ROWS is 0")
    })?;
    let tenant = &context.global.tenant;
    match command {
        MemoryCommand::Search { words, view } => {
            let entries = memory.search(tenant, &words.join(" "), view.limit)?;
            show(context, entries, view)
        }
        MemoryCommand::List { view } => {
            let entries = memory.newest(tenant, view.limit)?;
            show(context, entries, view)
        }
        MemoryCommand::Purge(args) => purge(context, &mut memory, args),
    }
}

fn purge(context: &Context, memory: &mut Memory, args: &PurgeArgs) -> Outcome {
    let tenant = &context.global.tenant;
    let Purged { entries, compacted } = match &args.run {
        Some(run) => memory.purge_run(tenant, &run_id(run)?)?,
        None => memory.purge_all(tenant)?,
    };
    if !compacted {
        context.warn("the file is in use; a later write compacts it");
    }
    let word = if entries == 1 { "entry" } else { "entries" };
    context.emit(&if context.is_json() {
        format!("{{\"erased\":{entries},\"schema\":\"pi.memory.purge/1\"}}\n")
    } else {
        format!("erased {entries} {word}\n")
    })?;
    Ok(0)
}

fn show(context: &Context, entries: Vec<Entry>, view: &MemoryView) -> Outcome {
    let (now, tenant) = (SystemClock.now(), context.global.tenant.as_str());
    let mut sources = Sources { threads: context.threads(None), known: BTreeMap::new() };
    let shown: Vec<Shown> = entries
        .into_iter()
        .map(|entry| Shown {
            age: entry.age(now),
            freshness: view.check.then(|| entry.freshness(|name| sources.digest(name))),
            entry,
        })
        .collect();
    if context.is_json() {
        let mut bytes = Encoder::encode(&Recalled { tenant, entries: &shown });
        bytes.push(b'\n');
        context.emit(&String::from_utf8_lossy(&bytes))?;
        return Ok(0);
    }
    if shown.is_empty() {
        context.remark("nothing is remembered here");
    }
    let mut out = String::new();
    for shown in &shown {
        text(&mut out, shown);
    }
    context.emit(&out)?;
    Ok(0)
}

/// What sources hold now; each is read once.
struct Sources {
    threads: usize,
    known: BTreeMap<String, Option<Digest>>,
}

impl Sources {
    fn digest(&mut self, name: &str) -> Option<Digest> {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        // What cannot be frozen any more counts as missing.
        let frozen = freeze(&[PathBuf::from(name)], self.threads);
        let digest = frozen.ok().map(|frozen| frozen.manifest.digest());
        self.known.insert(name.to_owned(), digest);
        digest
    }
}

fn text(out: &mut String, shown: &Shown) {
    let draft = &shown.entry.draft;
    let mut about =
        format!("{} {} {}", draft.drift.as_str(), shown.age.as_str(), time(draft.written_at));
    if let Some(source) = &draft.source {
        let _ = write!(about, " {}", visible(&source.name));
    }
    let freshness = match shown.freshness {
        Some(freshness @ (Freshness::Stale | Freshness::SourceMissing)) => {
            paint(WARN, format!(" {}", freshness.as_str()))
        }
        Some(freshness) => paint(DIM, format!(" {}", freshness.as_str())),
        None => String::new(),
    };
    let key = paint(BOLD, visible(&draft.key));
    let _ = writeln!(out, "{key}  {}{freshness}", paint(DIM, about));
    for line in draft.body.lines() {
        let _ = writeln!(out, "  {}", visible(line));
    }
}

fn time(at: Timestamp) -> String {
    let seconds = i64::try_from(at.as_micros() / 1_000_000).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |time| time.to_string())
}
