//! Inputs, data folders and evidence as nobody wishes them: each ends with a
//! named reason or finding and its exit code, and the log verifies afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Lab, PI, Ran, examples, items, number, text};
use pi_core::canonical::Value;

const LEVELS: usize = 10_000;

/// The rules of the findings of one path.
fn rules(report: &Value, path: &str) -> Vec<String> {
    items(report, "findings")
        .iter()
        .filter(|finding| text(finding, "path") == path)
        .map(|finding| text(finding, "rule"))
        .collect()
}

#[track_caller]
fn has_rule(report: &Value, path: &str, rule: &str) {
    let rules = rules(report, path);
    assert!(rules.iter().any(|other| other == rule), "{path}: {rules:?}");
}

/// Root reads and writes what the mode forbids.
fn modes_bind(lab: &Lab) -> bool {
    let probe = lab.file("probe", "x");
    fs::set_permissions(&probe, Permissions::from_mode(0o0)).unwrap();
    let binds = fs::read(&probe).is_err();
    fs::remove_file(probe).unwrap();
    binds
}

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Every format ends: the text report reads files again for its frames.
#[track_caller]
fn in_every_format(lab: &Lab, path: &Path) -> Value {
    let path = path.to_str().unwrap();
    let json = lab.pi(&["scan", path, "--format", "json"]);
    let report = json.json();
    for format in ["text", "sarif"] {
        let ran = lab.pi(&["scan", path, "--format", format]).code(json.code);
        assert!(!ran.stdout.is_empty());
    }
    lab.pi(&["replay", &text(&report, "run_id")]).code(0);
    lab.verified();
    report
}

#[test]
fn files_that_are_no_files() {
    let lab = Lab::new();
    lab.file("tree/sane.py", "x = 1\n");
    lab.file("outside.txt", "the content behind the link\n");
    let tree = lab.work().join("tree");
    mkfifo(&tree.join("pipe"));
    let _socket = UnixListener::bind(tree.join("socket")).unwrap();
    symlink("loop", tree.join("loop")).unwrap();
    symlink("nowhere", tree.join("dangling")).unwrap();
    symlink("..", tree.join("up")).unwrap();
    symlink("../outside.txt", tree.join("link.txt")).unwrap();
    let report = in_every_format(&lab, &tree);
    assert_eq!(number(&report, "artifacts"), 7);
    for path in ["pipe", "socket", "loop", "dangling", "up", "link.txt"] {
        has_rule(&report, path, "artifact_not_regular");
    }
    assert_eq!(rules(&report, "sane.py"), Vec::<String>::new());
    let shown = lab.pi(&["scan", tree.to_str().unwrap()]).stdout;
    assert!(!shown.contains("behind the link"), "a frame follows no link: {shown}");
    // Named themselves.
    has_rule(&lab.scan(&tree.join("pipe"), &[]).code(0).json(), "pipe", "artifact_not_regular");
    has_rule(&lab.scan(Path::new("/dev/null"), &[]).code(0).json(), "null", "artifact_not_regular");
    lab.scan(&tree.join("loop"), &[]).refused(2, "artifact_unreadable");
    lab.scan(&tree.join("dangling"), &[]).refused(2, "artifact_unreadable");
    lab.verified();
}

#[test]
fn huge_and_empty_files() {
    let lab = Lab::new();
    let huge = lab.file("tree/huge.py", "");
    File::options().write(true).open(&huge).unwrap().set_len(2 << 30).unwrap();
    lab.file("tree/empty.py", "");
    let report = in_every_format(&lab, &lab.work().join("tree"));
    has_rule(&report, "huge.py", "artifact_too_large");
    assert_eq!(rules(&report, "empty.py"), Vec::<String>::new());
    assert_ne!(text(&report, "decision"), "ALLOW", "what was not read is not allowed");
}

#[test]
fn bytes_that_are_no_text() {
    let lab = Lab::new();
    lab.file("tree/latin.py", b"x = \"\xe9\xff\"\n");
    lab.file("tree/zero.sh", b"echo a\0b\n");
    lab.file("tree/wide.py", b"\xff\xfex\0=\x001\0");
    lab.file("tree/mark.json", b"\xef\xbb\xbf{\"a\":1}");
    fs::write(lab.work().join("tree").join(OsStr::from_bytes(b"\xff\xfe.py")), "x = 1\n").unwrap();
    let report = in_every_format(&lab, &lab.work().join("tree"));
    assert_eq!(number(&report, "artifacts"), 5);
    has_rule(&report, "latin.py", "binary-in-text-file");
    has_rule(&report, "zero.sh", "binary-in-text-file");
    has_rule(&report, "wide.py", "wide-encoding");
    has_rule(&report, "\\xff\\xfe.py", "artifact_unreadable");
}

#[test]
fn unreadable_files() {
    let lab = Lab::new();
    let file = lab.file("tree/secret.py", "x = 1\n");
    lab.file("tree/closed/inner.py", "x = 1\n");
    lab.file("tree/open.py", "x = 1\n");
    let binds = modes_bind(&lab);
    let closed = lab.work().join("tree/closed");
    fs::set_permissions(&file, Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o0)).unwrap();
    let report = in_every_format(&lab, &lab.work().join("tree"));
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    if binds {
        has_rule(&report, "secret.py", "artifact_unreadable");
        has_rule(&report, "closed", "artifact_unreadable");
    }
    // A regular file that even root cannot read from its begin.
    if cfg!(target_os = "linux") {
        let report = lab.scan(Path::new("/proc/self/mem"), &[]).code(0).json();
        has_rule(&report, "mem", "artifact_unreadable");
        assert_eq!(text(&report, "decision"), "REVIEW");
    }
    lab.verified();
}

#[test]
fn ten_thousand_levels_of_nesting() {
    let nested = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(LEVELS), close.repeat(LEVELS))
    };
    // What an agent of the catalogue parses must be named; the rest must only
    // be survived until an agent reads it.
    let files = [
        ("a.json", nested("[", "", "]"), true),
        ("object.json", nested("{\"a\":", "1", "}"), true),
        ("package.json", nested("{\"dependencies\":", "1", "}"), true),
        ("pod.yaml", format!("apiVersion: v1\nkind: Pod\nspec: {}\n", nested("[", "", "]")), true),
        ("docker-compose.yml", format!("services: {}\n", nested("[", "", "]")), true),
        ("words.sh", format!("#!/bin/sh\necho {}\n", nested("$(", "true", ")")), true),
        ("if.sh", format!("#!/bin/sh\n{}\n", nested("if true; then ", "true;", "fi;")), true),
        ("group.sh", format!("#!/bin/sh\n{}\n", nested("(", "true", ")")), false),
        ("a.py", format!("x = {}\n", nested("(", "1", ")")), true),
        ("chain.py", format!("x = {}1\n", "-".repeat(LEVELS)), true),
        ("a.js", format!("x = {};\n", nested("[", "", "]")), true),
        ("block.js", nested("{", "", "}"), true),
        ("a.ts", format!("let x: {};\n", nested("Array<", "a", ">")), true),
        ("Cargo.toml", format!("[dependencies]\nx = {}\n", nested("[", "", "]")), true),
        ("pyproject.toml", format!("[project]\ndependencies = {}\n", nested("[", "", "]")), true),
        ("key.toml", format!("[{}a]\n", "a.".repeat(LEVELS)), false),
        ("a.tf", format!("x = {}\n", nested("[", "", "]")), false),
        ("block.tf", nested("a {\n", "", "}\n"), false),
        ("a.sql", format!("SELECT {};\n", nested("(", "1", ")")), false),
        ("a.sol", format!("contract A {{ uint x = {}; }}\n", nested("(", "1", ")")), false),
        ("a.rs", format!("fn f() {{ let x = {}; }}\n", nested("(", "1", ")")), false),
        ("a.md", nested("> ", "x", ""), false),
        ("Dockerfile", format!("FROM a\nRUN {}\n", nested("$(", "true", ")")), false),
        ("a.env", format!("A={}\n", nested("${", "A", "}")), false),
    ];
    let lab = Lab::new();
    for (name, content, _) in &files {
        lab.file(&format!("tree/{name}"), content);
    }
    let report = in_every_format(&lab, &lab.work().join("tree"));
    for (name, _, named) in &files {
        let rules = rules(&report, name);
        for failure in ["agent_panicked", "agent_timed_out", "consensus_diverged"] {
            assert!(!rules.iter().any(|rule| rule == failure), "{name}: {rules:?}");
        }
        if *named {
            has_rule(&report, name, "artifact_too_deep");
        }
    }
    assert_eq!(text(&report, "decision"), "REVIEW");
}

#[test]
fn aliases_that_explode() {
    let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (name, before) in ('b'..='u').zip('a'..) {
        let list = vec![format!("*{before}"); 9].join(",");
        bomb.push_str(&format!("{name}: &{name} [{list}]\n"));
    }
    let lab = Lab::new();
    lab.file("tree/pod.yaml", format!("apiVersion: v1\nkind: Pod\n{bomb}"));
    lab.file("tree/docker-compose.yml", format!("{bomb}services:\n  a:\n    privileged: true\n"));
    lab.file("tree/.github/workflows/ci.yml", format!("on: push\npermissions: write-all\n{bomb}"));
    let report = in_every_format(&lab, &lab.work().join("tree"));
    for path in ["pod.yaml", "docker-compose.yml", ".github/workflows/ci.yml"] {
        has_rule(&report, path, "artifact_too_large");
    }
}

#[test]
fn a_file_that_changes_during_the_scan() {
    let lab = Lab::new();
    for number in 0..100 {
        lab.file(&format!("tree/f{number}.py"), "x = 1\n");
    }
    let file = lab.work().join("tree/zz.py");
    let stop = AtomicBool::new(false);
    let rewrite = |round: u32| {
        let fresh = lab.beside("fresh");
        fs::write(&fresh, format!("x = {round}\n")).unwrap();
        fs::rename(&fresh, &file).unwrap();
    };
    rewrite(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0;
            while !stop.load(Ordering::Relaxed) {
                round += 1;
                rewrite(round);
            }
        });
        let results: Vec<Ran> = (0..5).map(|_| lab.scan(&lab.work().join("tree"), &[])).collect();
        stop.store(true, Ordering::Relaxed);
        for ran in results {
            let report = ran.json();
            if rules(&report, "zz.py").is_empty() {
                assert_eq!((ran.code, text(&report, "decision").as_str()), (0, "ALLOW"));
            } else {
                has_rule(&report, "zz.py", "artifact_changed");
                assert_eq!((ran.code, text(&report, "decision").as_str()), (1, "DENY"));
            }
        }
    });
    lab.verified();
}

#[test]
fn nothing_to_examine() {
    let lab = Lab::new();
    let empty = lab.work().join("empty");
    fs::create_dir(&empty).unwrap();
    lab.scan(&empty, &[]).refused(2, "nothing_to_examine");
    lab.scan(&lab.work().join("missing"), &[]).refused(2, "artifact_unreadable");
    lab.pi(&["scan", ".", "missing"]).refused(2, "artifact_unreadable");
    lab.verified();
}

#[test]
fn a_bad_limit_is_refused() {
    let lab = Lab::new();
    lab.file("a.py", "x = 1\n");
    for bad in ["0", "soon", "-1"] {
        let output =
            lab.command(&["scan", "."]).env("PI_CONSENSUS_TIMEOUT_SECONDS", bad).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn data_folders_that_cannot_be_used() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    let shop = shop.to_str().unwrap();
    let file = lab.file("file", "not a folder");
    for data in [&file, &file.join("below"), &PathBuf::from("/proc/no-data-here")] {
        let data = data.to_str().unwrap();
        for args in [&["scan", shop][..], &["log", "verify"], &["runs", "list"]] {
            let ran = lab.pi(&[args, &["--data", data]].concat()).refused(2, "log_unavailable");
            assert_eq!(ran.stdout, "");
        }
        lab.pi(&["doctor", "--data", data]).code(2);
    }
    if modes_bind(&lab) {
        let locked = lab.beside("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, Permissions::from_mode(0o500)).unwrap();
        let data = locked.to_str().unwrap();
        lab.pi(&["scan", shop, "--data", data]).refused(2, "log_unavailable");
    }
}

/// The one database below a data folder.
fn database(lab: &Lab) -> PathBuf {
    fs::read_dir(lab.data().join("tenants"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension() == Some(OsStr::new("db")))
        .unwrap()
}

#[test]
fn damaged_databases() {
    let lab = Lab::new();
    lab.scan(&examples().join("shop"), &[]).code(1);
    let database = database(&lab);
    let whole = fs::read(&database).unwrap();
    let page = 4096;
    let mut header = whole.clone();
    header[..100].fill(0xff);
    let mut middle = whole.clone();
    for page in middle.chunks_mut(page).skip(1) {
        page[..16].fill(0xff);
    }
    let half = whole[..whole.len() / 2 / page * page].to_vec();
    for damaged in [header, middle, half, b"not a database".to_vec()] {
        fs::write(&database, damaged).unwrap();
        for args in [&["log", "verify"][..], &["log", "verify", "--deep"]] {
            let ran = lab.pi(args).code(3);
            assert!(ran.stderr.contains("reason log_"), "{ran:?}");
        }
        assert_ne!(lab.scan(&examples().join("shop"), &[]).code, 0);
    }
    fs::remove_file(&database).unwrap();
    lab.pi(&["log", "verify"]).code(3);
    fs::write(&database, whole).unwrap();
    lab.verified();
}

#[test]
fn keys_that_cannot_be_used() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    lab.scan(&shop, &[]).code(1);
    let key = lab.data().join("key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    lab.scan(&shop, &[]).refused(2, "key_unavailable");
    lab.pi(&["log", "verify"]).refused(2, "key_unavailable");
    lab.pi(&["doctor"]).code(2);
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let whole = fs::read(&key).unwrap();
    fs::write(&key, "garbage").unwrap();
    lab.scan(&shop, &[]).refused(2, "key_unavailable");
    fs::remove_file(&key).unwrap();
    lab.scan(&shop, &[]).refused(2, "key_unavailable");
    assert!(!key.exists(), "no new key for an old log");
    fs::write(&key, whole).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    lab.verified();
}

#[test]
fn runs_that_do_not_exist() {
    let lab = Lab::new();
    lab.scan(&examples().join("shop"), &[]).code(1);
    let absent = "run_00000000000000000000000000000000";
    for run in [absent, "run_1", "", "../key"] {
        for command in [&["replay"][..], &["runs", "show"], &["log", "export"]] {
            lab.pi(&[command, &[run]].concat()).refused(2, "unknown_run");
        }
    }
}

#[test]
fn bundles_that_are_none_and_bundles_that_lie() {
    let lab = Lab::new();
    let run = lab.scan(&examples().join("shop-fixed"), &[]).code(0).run_id();
    let bundle = lab.pi(&["log", "export", &run]).code(0).stdout;
    let path = lab.file("bundle.json", &bundle);
    let path = path.to_str().unwrap();
    lab.pi(&["verify", path]).code(0);
    for content in ["", "{}", "[1]", "\u{0}", &"[".repeat(LEVELS), &bundle[..bundle.len() / 2]] {
        lab.file("bundle.json", content);
        lab.pi(&["verify", path]).refused(2, "invalid_request");
    }
    lab.pi(&["verify", "missing.json"]).refused(2, "invalid_request");
    // Content changes, form stays: every such lie is an integrity failure.
    for (before, after) in [
        ("\\\"decision\\\":\\\"ALLOW\\\"", "\\\"decision\\\":\\\"DENY\\\""),
        ("\\\"status\\\":\\\"SUCCESS\\\"", "\\\"status\\\":\\\"PANIC\\\""),
        ("\\\"artifacts\\\":10", "\\\"artifacts\\\":11"),
        ("\\\"actor\\\":\\\"cli\\\"", "\\\"actor\\\":\\\"clj\\\""),
    ] {
        assert!(bundle.contains(before), "{before}");
        lab.file("bundle.json", bundle.replacen(before, after, 1));
        lab.pi(&["verify", path]).code(3);
    }
    // Any byte: never accepted.
    let bytes = bundle.as_bytes();
    for at in (0..bytes.len() - 1).step_by(bytes.len() / 40) {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        lab.file("bundle.json", &changed);
        let ran = lab.pi(&["verify", path]);
        assert!([2, 3].contains(&ran.code), "byte {at}: {ran:?}");
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_full_disk() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    lab.scan(&shop, &[]).code(1);
    let before = number(&lab.verified(), "events");
    // The size limit of files stands for the disk; SIGXFSZ is ignored, so that
    // writes fail as on a full disk. Blocks are of 512 bytes.
    let mut failures = 0;
    for blocks in [1, 64, 128, 256, 512] {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let output = lab
            .command(&[])
            .get_envs()
            .fold(&mut Command::new("sh"), |command, (name, value)| {
                command.env(name, value.unwrap_or_default())
            })
            .args(["-c", &script, PI, "scan", shop.to_str().unwrap(), "--format", "json"])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(1) => {}
            code => {
                failures += 1;
                assert_eq!(code, Some(2), "{blocks} blocks: {errors}");
                assert!(errors.contains("reason log_unavailable"), "{errors}");
                assert!(output.stdout.is_empty());
            }
        }
        assert!(number(&lab.verified(), "events") >= before);
    }
    assert!(failures > 0, "no limit was small enough");
    let after = lab.scan(&shop, &[]).code(1);
    lab.pi(&["replay", &after.run_id()]).code(0);
}
