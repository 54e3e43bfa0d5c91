//! The memory across runs, on real files.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use pi_core::{Digest, Name, Reason, RunId, Timestamp};
use pi_store::memory::{Drift, EntryDraft, Freshness, MAX_BODY_BYTES, Source};
use pi_store::{DataFolder, Memory, MemoryError, MemoryOptions, SqliteStore};
use tempfile::TempDir;

fn tenant(name: &str) -> Name {
    Name::new(name).unwrap()
}

fn run(number: u64) -> RunId {
    RunId::derive(&tenant("local"), number, Digest::ZERO, Digest::ZERO)
}

fn options(path: &Path) -> MemoryOptions {
    MemoryOptions { path: path.to_path_buf(), max_rows: 1_000, vacuum_every: 1_000 }
}

/// A redactor that masks one word.
fn masked(text: &str) -> String {
    text.replace("hunter2", "****")
}

struct Lab {
    folder: TempDir,
}

impl Lab {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("memory.db")
    }

    fn open(&self) -> Memory {
        Memory::open(options(&self.path()), masked).unwrap()
    }

    fn with(&self, max_rows: u64, vacuum_every: u64) -> Memory {
        let options = MemoryOptions { path: self.path(), max_rows, vacuum_every };
        Memory::open(options, masked).unwrap()
    }

    fn error(&self) -> MemoryError {
        Memory::open(options(&self.path()), masked).err().expect("a refusal")
    }
}

fn draft(key: &str, body: &str) -> EntryDraft {
    EntryDraft {
        key: key.to_owned(),
        body: body.to_owned(),
        drift: Drift::Project,
        run: None,
        source: None,
        written_at: Timestamp::from_micros(1),
    }
}

fn keys(entries: Vec<pi_store::memory::Entry>) -> Vec<String> {
    entries.into_iter().map(|entry| entry.draft.key).collect()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

#[test]
fn what_is_written_is_found_again() {
    let (lab, local) = (Lab::new(), tenant("local"));
    let mut memory = lab.open();
    let full = EntryDraft {
        run: Some(run(1)),
        source: Some(Source { name: "app/Dockerfile".to_owned(), digest: Digest::of(b"x") }),
        drift: Drift::Feedback,
        ..draft("one", "runs as root in the Dockerfile")
    };
    memory.remember(&local, full.clone()).unwrap();
    memory.remember(&local, draft("two", "a leaked token, café")).unwrap();
    drop(memory);
    let memory = lab.open();
    let found = memory.search(&local, "ROOT dockerfile", 10).unwrap();
    assert_eq!(found[0].draft, full);
    assert_eq!(keys(memory.search(&local, "cafe", 10).unwrap()), ["two"]);
    assert_eq!(keys(memory.newest(&local, 10).unwrap()), ["two", "one"]);
    assert_eq!(keys(memory.newest(&local, 1).unwrap()), ["two"]);
    assert!(memory.search(&local, "root token", 10).unwrap().is_empty(), "all words must occur");
    assert_eq!(fs::metadata(lab.path()).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_key_is_replaced_not_doubled() {
    let (lab, local) = (Lab::new(), tenant("local"));
    let mut memory = lab.open();
    memory.remember(&local, draft("k", "the old words")).unwrap();
    memory.remember(&local, draft("other", "the rest")).unwrap();
    assert!(memory.remember(&local, draft("k", "the new words")).unwrap().replaced);
    assert_eq!(memory.count(&local).unwrap(), 2);
    assert!(memory.search(&local, "old", 10).unwrap().is_empty());
    assert_eq!(keys(memory.search(&local, "new words", 10).unwrap()), ["k"]);
    assert_eq!(keys(memory.newest(&local, 10).unwrap()), ["k", "other"]);
}

#[test]
fn the_best_comes_first_then_the_newest() {
    let (lab, local) = (Lab::new(), tenant("local"));
    let mut memory = lab.open();
    for (key, body) in [
        ("long", "root and many other words that say nothing of it at all, however long"),
        ("older", "root here"),
        ("newer", "root here"),
        ("most", "root root"),
    ] {
        memory.remember(&local, draft(key, body)).unwrap();
    }
    let expected = ["most", "newer", "older", "long"];
    for _ in 0..3 {
        assert_eq!(keys(memory.search(&local, "root", 10).unwrap()), expected);
    }
    assert_eq!(keys(memory.search(&local, "root", 2).unwrap()), expected[..2]);
}

#[test]
fn the_oldest_make_room_tenant_by_tenant() {
    let (lab, a, b) = (Lab::new(), tenant("a"), tenant("b"));
    let mut memory = lab.with(3, 1_000);
    memory.remember(&b, draft("kept", "untouched")).unwrap();
    for number in 0..5 {
        // The time says nothing about the order of writes.
        let written_at = Timestamp::from_micros(100 - number);
        let body = format!("number {number}");
        memory
            .remember(&a, EntryDraft { written_at, ..draft(&format!("k{number}"), &body) })
            .unwrap();
    }
    assert_eq!(keys(memory.newest(&a, 10).unwrap()), ["k4", "k3", "k2"]);
    assert!(memory.search(&a, "0", 10).unwrap().is_empty(), "the index forgets, too");
    assert_eq!(keys(memory.newest(&b, 10).unwrap()), ["kept"]);
    // A smaller cap takes effect with the next write.
    let mut smaller = lab.with(1, 1_000);
    assert_eq!(smaller.remember(&a, draft("k5", "last")).unwrap().evicted, 3);
    assert_eq!(keys(smaller.newest(&a, 10).unwrap()), ["k5"]);
}

#[test]
fn the_file_shrinks_after_so_many_writes() {
    let (lab, local) = (Lab::new(), tenant("local"));
    let body = |number: u64| format!("{number} {}", "many words ".repeat(1_000));
    let mut memory = lab.with(1_000, 1_000);
    for number in 0..99 {
        memory.remember(&local, draft(&format!("k{number}"), &body(number))).unwrap();
    }
    drop(memory);
    let full = size(&lab.path());
    assert!(full > 1_000_000, "{full}");
    // Writes are counted in the file: this is the hundredth.
    let mut memory = lab.with(2, 100);
    let written = memory.remember(&local, draft("last", "short")).unwrap();
    assert!(written.compacted && written.evicted == 98, "{written:?}");
    assert!(size(&lab.path()) * 10 < full, "{} of {full}", size(&lab.path()));
    // The count begins anew.
    assert!(!memory.remember(&local, draft("next", "short")).unwrap().compacted);
}

#[test]
fn tenants_see_nothing_of_each_other() {
    let (lab, a, b) = (Lab::new(), tenant("a"), tenant("b"));
    let mut memory = lab.open();
    for (key, body) in [("x", "rare common"), ("y", "common common"), ("z", "common rare rare")] {
        memory.remember(&a, EntryDraft { run: Some(run(1)), ..draft(key, body) }).unwrap();
    }
    let before = keys(memory.search(&a, "rare common", 10).unwrap());
    for number in 0..200 {
        let body = format!("rare {}", "rare ".repeat(number));
        let key = if number == 0 { "x".to_owned() } else { format!("b{number}") };
        memory.remember(&b, EntryDraft { run: Some(run(1)), ..draft(&key, &body) }).unwrap();
    }
    assert_eq!(keys(memory.search(&a, "rare common", 10).unwrap()), before, "ranking leaks");
    assert!(memory.search(&b, "common", 10).unwrap().is_empty());
    assert!(memory.search(&tenant("c"), "rare", 10).unwrap().is_empty());
    assert_eq!((memory.count(&a).unwrap(), memory.count(&b).unwrap()), (3, 200));
    // The same run and key of another tenant stay.
    assert_eq!(memory.purge_run(&b, &run(1)).unwrap().entries, 200);
    assert_eq!(memory.count(&a).unwrap(), 3);
    assert_eq!(memory.purge_all(&b).unwrap().entries, 0);
    assert_eq!(memory.newest(&a, 10).unwrap().len(), 3);
}

#[test]
fn what_is_purged_leaves_no_bytes() {
    let (lab, local) = (Lab::new(), tenant("local"));
    let mut memory = lab.open();
    for number in 0..20 {
        let entry = EntryDraft { run: Some(run(number)), ..draft(&format!("k{number}"), "zebra") };
        memory.remember(&local, entry).unwrap();
    }
    let holds = |word: &str| {
        fs::read_dir(lab.folder.path()).unwrap().any(|file| {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            bytes.windows(word.len()).any(|window| window == word.as_bytes())
        })
    };
    assert!(holds("zebra"));
    let purged = memory.purge_run(&local, &run(3)).unwrap();
    assert_eq!((purged.entries, purged.compacted), (1, true));
    assert_eq!(memory.count(&local).unwrap(), 19);
    assert_eq!(memory.purge_all(&local).unwrap().entries, 19);
    assert!(memory.search(&local, "zebra", 10).unwrap().is_empty());
    assert!(!holds("zebra"));
}

#[test]
fn everything_that_is_written_is_redacted() {
    let (lab, local) = (Lab::new(), tenant("local"));
    let mut memory = lab.open();
    let source = Source { name: "hunter2/file".to_owned(), digest: Digest::ZERO };
    let entry = EntryDraft { source: Some(source), ..draft("of hunter2", "it is hunter2") };
    memory.remember(&local, entry).unwrap();
    drop(memory);
    let bytes = fs::read(lab.path()).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
    assert_eq!(lab.open().newest(&local, 1).unwrap()[0].draft.body, "it is ****");
}

#[test]
fn hostile_words_are_words() {
    let (lab, local) = (Lab::new(), tenant("local"));
    let mut memory = lab.open();
    memory.remember(&local, draft("one", "alpha beta key body OR NEAR")).unwrap();
    memory.remember(&local, draft("two", "gamma's \"quoted\" text; DROP TABLE entries")).unwrap();
    for text in [
        "alpha OR gamma",
        "alpha NOT beta",
        "NEAR(alpha beta)",
        "body:alpha",
        "{key body}: alpha",
        "-key: alpha",
        "alp*",
        "^alpha zeta",
        "alpha\" OR \"gamma",
        "\"",
        "\"\" a",
        "alpha\0\" OR key:one",
        "'; DROP TABLE entries; --",
        "alpha AND",
        "(((",
        "a:b:c:d",
        "\u{202e}ahpla x",
        &"\"x".repeat(300),
    ] {
        // An answer or a named refusal, never what another syntax would find.
        match memory.search(&local, text, 10) {
            Ok(found) => assert!(found.len() < 2, "{text:?} finds {found:?}"),
            Err(error) => assert_eq!(error, MemoryError::NoWords, "{text:?}"),
        }
    }
    assert_eq!(keys(memory.search(&local, "alpha OR", 10).unwrap()), ["one"]);
    assert_eq!(keys(memory.search(&local, "\"quoted\" gamma's", 10).unwrap()), ["two"]);
    assert!(memory.search(&local, "alpha NOT beta", 10).unwrap().is_empty());
    assert!(memory.search(&local, "alp*", 10).unwrap().is_empty());
    assert_eq!(memory.count(&local).unwrap(), 2);
}

#[test]
fn a_source_is_current_stale_or_missing() {
    let (lab, local) = (Lab::new(), tenant("local"));
    let mut memory = lab.open();
    let source = Source { name: "a".to_owned(), digest: Digest::of(b"1") };
    memory.remember(&local, EntryDraft { source: Some(source), ..draft("k", "b") }).unwrap();
    memory.remember(&local, draft("plain", "b")).unwrap();
    let entries = memory.newest(&local, 2).unwrap();
    let freshness = |digest| {
        entries[1].freshness(|name| {
            assert_eq!(name, "a");
            digest
        })
    };
    assert_eq!(freshness(Some(Digest::of(b"1"))), Freshness::Current);
    assert_eq!(freshness(Some(Digest::of(b"2"))), Freshness::Stale);
    assert_eq!(freshness(None), Freshness::SourceMissing);
    assert_eq!(entries[0].freshness(|_| panic!("it has none")), Freshness::NoSource);
}

#[test]
fn a_changed_entry_is_noticed() {
    for change in [
        "UPDATE entries SET body = 'another'",
        "UPDATE entries SET tenant = 'b'",
        "UPDATE entries SET drift = 'user'",
        "UPDATE entries SET written_at = 2",
        "UPDATE entries SET run = 'run_x'",
        "UPDATE entries SET source = 's', source_digest = x'00'",
        "UPDATE entries SET hash = x''",
    ] {
        let lab = Lab::new();
        lab.open().remember(&tenant("a"), draft("k", "body")).unwrap();
        rusqlite::Connection::open(lab.path()).unwrap().execute_batch(change).unwrap();
        let memory = lab.open();
        let error = ["a", "b"]
            .iter()
            .find_map(|name| memory.newest(&tenant(name), 10).err())
            .unwrap_or_else(|| panic!("not noticed: {change}"));
        assert_eq!(error, MemoryError::EntryDamaged { sequence: 1 }, "{change}");
        assert_eq!(error.reason(), Reason::MemoryCorrupt);
    }
}

#[test]
fn what_is_no_memory_is_refused_by_name() {
    let lab = Lab::new();
    fs::write(lab.path(), "no database, but long enough to look like one ".repeat(100)).unwrap();
    assert!(matches!(lab.error(), MemoryError::Damaged(_)), "{:?}", lab.error());
    assert!(fs::read(lab.path()).unwrap().starts_with(b"no database"), "it was touched");

    let lab = Lab::new();
    lab.open();
    let sql = "PRAGMA user_version = 9";
    rusqlite::Connection::open(lab.path()).unwrap().execute_batch(sql).unwrap();
    assert_eq!(lab.error(), MemoryError::Version { found: 9, known: 1 });
    assert_eq!(lab.error().reason(), Reason::UnknownVersion);

    // A log is a database, and no memory.
    let folder = DataFolder::open(Lab::new().folder.keep()).unwrap();
    drop(SqliteStore::open(&folder, &tenant("local")).unwrap());
    let error = Memory::open(options(&folder.database(&tenant("local"))), masked).err().unwrap();
    assert!(matches!(error, MemoryError::Foreign { .. }), "{error:?}");
    fs::remove_dir_all(folder.root()).unwrap();

    let lab = Lab::new();
    for path in [lab.folder.path().to_path_buf(), lab.folder.path().join("none/memory.db")] {
        let error = Memory::open(options(&path), masked).err().unwrap();
        assert!(matches!(error, MemoryError::Path { .. }), "{error:?}");
        assert_eq!(error.reason(), Reason::MemoryUnavailable);
    }
}

#[test]
fn a_damaged_page_is_named() {
    let (lab, local) = (Lab::new(), tenant("local"));
    let mut memory = lab.open();
    for number in 0..200 {
        memory.remember(&local, draft(&format!("k{number}"), &"word ".repeat(100))).unwrap();
    }
    drop(memory);
    let mut bytes = fs::read(lab.path()).unwrap();
    let half = bytes.len() / 8;
    bytes[half..].fill(0xa5);
    fs::write(lab.path(), bytes).unwrap();
    let mut memory = match Memory::open(options(&lab.path()), masked) {
        Ok(memory) => memory,
        Err(error) => {
            assert_eq!(error.reason(), Reason::MemoryCorrupt);
            return;
        }
    };
    for error in [
        memory.newest(&local, 1_000).unwrap_err(),
        memory.search(&local, "word", 1_000).unwrap_err(),
        memory.remember(&local, draft("new", "word")).unwrap_err(),
    ] {
        assert_eq!(error.reason(), Reason::MemoryCorrupt, "{error:?}");
    }
}

#[test]
fn long_texts_are_refused() {
    let (lab, local) = (Lab::new(), tenant("local"));
    let mut memory = lab.open();
    let body = "x".repeat(MAX_BODY_BYTES + 1);
    for entry in [draft("k", &body), draft(&"k".repeat(257), "b")] {
        let error = memory.remember(&local, entry).unwrap_err();
        assert_eq!(error.reason(), Reason::BoundsExceeded);
    }
    assert_eq!(memory.count(&local).unwrap(), 0);
}

#[test]
fn several_write_at_once_and_lose_nothing() {
    const WRITERS: u64 = 6;
    const EACH: u64 = 40;
    let lab = Lab::new();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let lab = &lab;
            scope.spawn(move || {
                // Compacting often, so that it meets the writes of others.
                let mut memory = lab.with(10_000, 7);
                let name = tenant(if writer % 2 == 0 { "even" } else { "odd" });
                for number in 0..EACH {
                    let entry = draft(&format!("{writer}-{number}"), &format!("word{number}"));
                    memory.remember(&name, entry).unwrap();
                }
            });
        }
    });
    let memory = lab.open();
    for name in ["even", "odd"] {
        let entries = memory.newest(&tenant(name), 10_000).unwrap();
        assert_eq!(entries.len() as u64, WRITERS / 2 * EACH);
        for number in 0..EACH {
            let found = memory.search(&tenant(name), &format!("word{number}"), 100).unwrap();
            assert_eq!(found.len() as u64, WRITERS / 2, "word{number} of {name}");
        }
    }
    let connection = rusqlite::Connection::open(lab.path()).unwrap();
    let check: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}
