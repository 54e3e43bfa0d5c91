//! Mutated cases of all agents, for every kind: the whole examination ends
//! without a panic, places findings in the text, shows no secret, and says the
//! same twice. The seed is fixed; `PI_TEST_SCALE=full` takes 25 times as many.
//! The fuzz targets hold the same properties against a real mutator.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

#[path = "../../../fuzz/src/checks.rs"]
mod checks;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pi_agent_api::{Catalogue, fixture};
use pi_artifacts::limits::PARSER_STACK_BYTES;
use pi_artifacts::{Artifact, Kind};

/// Mutated inputs of each kind.
const INPUTS: usize = 200;

/// Longest mutated input.
const MAX_BYTES: usize = 4096;

/// Pieces that parsers trip over.
const PIECES: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "é",
    "😀",
    "\u{85}",
    "\u{2028}",
    "'",
    "\"",
    "`",
    "\\",
    "\\\n",
    "/*",
    "*/",
    "//",
    "#",
    "--",
    "<!--",
    "-->",
    "${",
    "$(",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    "<<EOF\n",
    "EOF\n",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "!!",
    "<<: *a\n",
    ": ",
    "- ",
    "? ",
    "|\n",
    ">-\n",
    "\"\"\"",
    "'''",
    "=",
    "==",
    "@@ -1 +1 @@\n",
    "+++ b/x\n",
    "%",
    ";;",
    "&&",
    "||",
    "0x",
    "1e999",
    "99999999999999999999",
    "-1",
    "pi:allow ",
    "password=",
    "FROM ",
    "RUN ",
    "eyJhbGciOiJIUzI1NiJ9.e30.",
    "AKIA",
    "\u{1b}[31m",
    "://",
    "..",
    "/../",
];

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound.max(1) as u64).unwrap()
    }

    /// A range of at most 64 bytes in `length`.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..(start + self.below(64)).min(length)
    }
}

/// The cases of the agents by kind.
fn cases(catalogue: &Catalogue) -> BTreeMap<Kind, Vec<Vec<u8>>> {
    let mut cases: BTreeMap<Kind, Vec<Vec<u8>>> = BTreeMap::new();
    for agent in catalogue.agents() {
        for case in fixture::parse(agent.meta().fixture).unwrap() {
            let kind = Artifact::new(case.path, case.bytes.clone()).kind();
            cases.entry(kind).or_default().push(case.bytes);
        }
    }
    cases
}

/// One to four changes of a case.
fn mutate(random: &mut Random, cases: &[Vec<u8>], all: &[Vec<u8>]) -> Vec<u8> {
    // Now and then a text of another kind.
    let from = if cases.is_empty() || random.below(8) == 0 { all } else { cases };
    let mut bytes = from[random.below(from.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(8) {
            0 => drop(bytes.drain(random.range(bytes.len()))),
            1 => bytes.truncate(at),
            2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            3 => {
                let piece = bytes[random.range(bytes.len())].to_vec();
                let times = 1 + random.below(16);
                drop(bytes.splice(at..at, piece.repeat(times)));
            }
            4 => {
                let other = &from[random.below(from.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            5 => {
                let piece = PIECES[random.below(PIECES.len())];
                let times = 1 + random.below(40);
                drop(bytes.splice(at..at, piece.repeat(times).bytes()));
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                drop(bytes.splice(at..at, piece.bytes()));
            }
        }
    }
    bytes.truncate(MAX_BYTES);
    bytes
}

/// What does not hold for this input, if anything.
fn check(catalogue: &Catalogue, kind: Kind, number: usize, bytes: &[u8]) -> Option<String> {
    let result = catch_unwind(AssertUnwindSafe(|| {
        let examination = checks::examined(catalogue, kind, bytes);
        if number.is_multiple_of(4) {
            let again = checks::once(catalogue, &checks::artifact(kind, bytes));
            assert!(checks::said(&examination) == checks::said(&again), "not the same twice");
        }
    }));
    let panic = result.err()?;
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked");
    Some(format!("{kind} {number}: {message}\n{:?}", String::from_utf8_lossy(bytes)))
}

#[test]
fn mutated_cases_keep_every_promise() {
    std::panic::set_hook(Box::new(|_| {}));
    let full = std::env::var("PI_TEST_SCALE").is_ok_and(|scale| scale == "full");
    let inputs = if full { INPUTS * 25 } else { INPUTS };
    let catalogue = pi_agents::catalogue().unwrap();
    let cases = cases(&catalogue);
    let all: Vec<Vec<u8>> = cases.values().flatten().cloned().collect();
    let next = AtomicUsize::new(0);
    // The first broken promise of each kind.
    let work = || {
        let mut broken = Vec::new();
        while let Some(kind) = Kind::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut random = Random(*kind as u64);
            let own = cases.get(kind).map(Vec::as_slice).unwrap_or_default();
            let mut inputs = (0..inputs).map(|number| (number, mutate(&mut random, own, &all)));
            broken.extend(
                inputs.find_map(|(number, bytes)| check(&catalogue, *kind, number, &bytes)),
            );
        }
        broken
    };
    let broken: Vec<String> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let builder = thread::Builder::new().stack_size(PARSER_STACK_BYTES);
                builder.spawn_scoped(scope, work).unwrap()
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let _ = std::panic::take_hook();
    assert!(broken.is_empty(), "{} kinds\n{}", broken.len(), broken.join("\n\n"));
}
