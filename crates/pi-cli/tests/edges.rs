//! Terminals, closed pipes, odd names, odd users and odd clocks, through the
//! real binary.
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
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Lab, copy_tree, examples, items, text};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Runs a command with a terminal for standard output and error and gives what
/// the terminal saw.
fn on_a_terminal(command: &mut Command) -> (i32, String) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = File::options().read(true).write(true).open(OsStr::from_bytes(name.as_bytes()));
    let theirs = theirs.unwrap();
    command.env("TERM", "xterm-256color");
    command.stdout(theirs.try_clone().unwrap()).stderr(theirs);
    let mut child = command.spawn().unwrap();
    // The command holds the other end; ours sees the end when it is gone.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut ours = File::from(ours);
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = ours.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..length]);
    }
    (child.wait().unwrap().code().unwrap(), String::from_utf8_lossy(&seen).into_owned())
}

#[test]
fn a_terminal_gets_colour_and_progress_and_a_pipe_neither() {
    let lab = Lab::new();
    for copy in 0..6 {
        copy_tree(&examples().join("shop"), &lab.work().join(format!("tree/{copy}")));
    }
    let args = ["scan", "tree"];
    let (code, seen) = on_a_terminal(&mut lab.command(&args));
    assert_eq!(code, 1, "{seen}");
    assert!(seen.contains("\u{1b}[1m") && seen.contains("DENY"), "colour on a terminal");
    assert!(seen.contains("artifacts"), "{seen}");
    let (_, plain) = on_a_terminal(lab.command(&args).env("NO_COLOR", "1"));
    assert!(!has_colour(&plain), "NO_COLOR: {plain:?}");
    let (_, plain) = on_a_terminal(&mut lab.command(&["scan", "tree", "--color", "never"]));
    assert!(!has_colour(&plain), "--color never: {plain:?}");
    let (_, quiet) = on_a_terminal(&mut lab.command(&["scan", "tree", "-q"]));
    assert!(!quiet.contains("\u{1b}[2K"), "no progress with -q: {quiet:?}");
    let ran = lab.pi(&args).code(1);
    assert!(!ran.stdout.contains('\u{1b}'));
    assert_eq!(ran.stderr, "");
    lab.verified();
}

/// A sequence that sets colours or weights; a progress bar moves the cursor.
fn has_colour(seen: &str) -> bool {
    seen.split("\u{1b}[").skip(1).any(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic());
        end.is_some_and(|end| rest[end..].starts_with('m') && !["", "0"].contains(&&rest[..end]))
    })
}

#[test]
fn a_reader_that_has_seen_enough_ends_nothing() {
    let lab = Lab::new();
    for copy in 0..10 {
        copy_tree(&examples().join("shop"), &lab.work().join(format!("tree/{copy}")));
    }
    let run = lab.pi(&["scan", "tree", "--format", "json"]).code(1).run_id();
    let commands: [(&[&str], i32); 8] = [
        (&["scan", "tree"], 1),
        (&["scan", "tree", "--format", "json"], 1),
        (&["scan", "tree", "--format", "sarif"], 1),
        (&["agents", "list"], 0),
        (&["completions", "bash"], 0),
        (&["log", "tail", "-n", "5000"], 0),
        (&["log", "export", &run], 0),
        (&["--help"], 0),
    ];
    for (args, code) in commands {
        let mut child =
            lab.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Closed before anything is written.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {errors}");
        assert_eq!(errors, "", "{args:?}");
    }
    lab.verified();
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let lab = Lab::new();
    let shop = examples().join("shop-fixed");
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let output = lab.command(&["scan", shop.to_str().unwrap()]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write"));
    let output = lab.command(&["completions", "zsh"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    // Nobody is there to tell: the exit code alone speaks.
    let output = lab.command(&["runs", "show", "x"]).stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    lab.verified();
}

#[test]
fn names_that_speak_to_the_terminal_are_only_shown() {
    let lab = Lab::new();
    let names =
        ["a\nDENY forged", "b\u{1b}[31mred", "c\rover", "d\u{202e}txt", "e\u{7}bell", "f\tg"];
    for name in names {
        lab.file(&format!("tree/{name}/Dockerfile"), "FROM debian\nUSER root\n");
    }
    fs::create_dir(lab.work().join("tree").join(OsStr::from_bytes(b"g\xff\n"))).unwrap();
    let bytes = OsStr::from_bytes(b"g\xff\n/\x1b[2J.py");
    fs::write(lab.work().join("tree").join(bytes), "x = 1\n").unwrap();
    let other = OsStr::from_bytes(b"g\xff\n/\xfe.py");
    fs::write(lab.work().join("tree").join(other), "x = 1\n").unwrap();
    for args in [&["scan", "tree"][..], &["scan", "tree", "-v"]] {
        let ran = lab.pi(args);
        assert_shown(&ran.stdout);
        assert_shown(&ran.stderr);
        assert!(ran.stdout.contains("b\\u{1b}[31mred"), "{}", ran.stdout);
    }
    let (_, seen) = on_a_terminal(&mut lab.command(&["scan", "tree", "--color", "never", "-q"]));
    assert!(!seen.contains("\u{1b}[31mred") && !seen.contains("\u{1b}[2J"), "{seen:?}");
    let report = lab.pi(&["scan", "tree", "--format", "json"]).json();
    let paths: Vec<String> =
        items(&report, "findings").iter().map(|finding| text(finding, "path")).collect();
    for name in names {
        assert!(paths.iter().any(|path| path.starts_with(name)), "{name:?} in {paths:?}");
    }
    // Two names that are no text stay two.
    for name in ["g\\xff\n/\u{1b}[2J.py", "g\\xff\n/\\xfe.py"] {
        assert!(paths.iter().any(|path| path == name), "{name:?} in {paths:?}");
    }
    lab.pi(&["replay", &text(&report, "run_id")]).code(0);
    for args in [&["scan", "no\u{1b}[31m\nsuch"][..], &["explain", "\u{1b}[31m"]] {
        assert_shown(&lab.pi(args).code(2).stderr);
    }
    lab.verified();
}

/// No control character but the ends of lines.
#[track_caller]
fn assert_shown(shown: &str) {
    let bad = shown.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
    assert!(bad.is_none(), "{bad:?} in {shown:?}");
    assert!(!shown.lines().any(|line| line.starts_with("DENY forged")), "{shown}");
}

#[test]
fn very_long_paths() {
    let lab = Lab::new();
    // Longer than PATH_MAX from the root, so that only relative steps reach it.
    let script = "mkdir tree && cd tree && i=0; while [ $i -lt 25 ]; do \
        d=$(printf 'd%.0s' $(seq 200)); mkdir $d && cd $d || exit 1; i=$((i+1)); done; \
        echo 'FROM debian' > Dockerfile";
    let made = Command::new("bash").args(["-c", script]).current_dir(lab.work()).status().unwrap();
    assert!(made.success());
    let deep = vec!["d".repeat(200); 15].join("/");
    lab.file(&format!("tree/{deep}/Dockerfile"), "FROM debian\n");
    let report = lab.scan(&lab.work().join("tree"), &[]).json();
    let rule_at = |path: &str, rule: &str| {
        items(&report, "findings")
            .iter()
            .any(|finding| text(finding, "path") == path && text(finding, "rule") == rule)
    };
    assert!(rule_at(&format!("{deep}/Dockerfile"), "mutable-image-tag"), "{report:?}");
    let unreachable = items(&report, "findings")
        .iter()
        .any(|finding| text(finding, "rule") == "artifact_unreadable");
    assert!(unreachable, "what cannot be reached is named: {report:?}");
    lab.pi(&["scan", &"x/".repeat(5000)]).refused(2, "artifact_unreadable");
    lab.verified();
    let removed = Command::new("rm").args(["-rf", "tree"]).current_dir(lab.work()).status();
    assert!(removed.unwrap().success());
}

/// One line of ten megabytes is for release builds.
fn long_line() -> usize {
    let full = std::env::var("PI_TEST_SCALE").is_ok_and(|scale| scale == "full");
    if full { 10_000_000 } else { 300_000 }
}

#[test]
fn one_line_as_long_as_a_file() {
    let lab = Lab::new();
    let filled = |piece: &str| piece.repeat(long_line() / piece.len());
    lab.file("tree/one.js", filled("password = \"hunter2-Aa9hunter2-Aa9\"; "));
    lab.file("tree/one.env", format!("A={}\n", filled("é ")));
    lab.file("tree/two.yaml", format!("a: [{}]\n", filled("1, ")));
    lab.file("tree/allow.py", filled("# pi:allow hardcoded_secret_detector x\n"));
    for format in ["json", "text", "sarif"] {
        let started = Instant::now();
        let mut command = lab.command(&["scan", "tree", "--format", format]);
        let output = command.env("PI_CONSENSUS_TIMEOUT_SECONDS", "600").output().unwrap();
        let took = started.elapsed();
        // A quadratic step would take hours.
        assert!(took < Duration::from_secs(240), "{format}: {took:?}");
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        let report = String::from_utf8(output.stdout).unwrap();
        assert!(report.contains("hardcoded_secret_detector"), "{report:.2000}");
        assert!(!report.contains("hunter2-Aa9"), "no secret is shown");
        assert!(!report.contains("agent_timed_out"), "{report:.2000}");
    }
    lab.verified();
}

#[test]
fn tenants_have_names() {
    let lab = Lab::new();
    let shop = examples().join("shop-fixed");
    for bad in ["", "a b", "../x", "é", &"x".repeat(65), "a\u{1b}[31m"] {
        let ran = lab.pi(&["scan", shop.to_str().unwrap(), "--tenant", bad]).code(2);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains("tenant"), "{}", ran.stderr);
        assert_shown(&ran.stderr);
    }
    // A tenant without a log has an empty one.
    let ran = lab.pi(&["runs", "list", "--tenant", "nobody-yet"]).code(0);
    assert_eq!(ran.stdout, "");
    lab.pi(&["log", "verify", "--tenant", "nobody-yet"]).code(0);
}

/// The command as a user whom file modes bind, where the tests are root.
fn as_nobody(command: &mut Command) -> &mut Command {
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    command
}

#[test]
fn modes_bind_an_ordinary_user() {
    let lab = Lab::new();
    for folder in [lab.beside(""), lab.work(), lab.beside("open")] {
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    }
    let closed =
        |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    closed(&lab.file("tree/secret.py", "x = 1\n"), 0o000);
    lab.file("tree/closed/inner.py", "x = 1\n");
    closed(&lab.work().join("tree/closed"), 0o000);
    lab.file("tree/open.py", "x = 1\n");
    let open = lab.beside("open");
    let run = |args: &[&str], data: &Path| {
        let mut command = lab.command(args);
        let output = as_nobody(command.env("PI_DATA_DIR", data)).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), errors)
    };
    let (code, report, errors) = run(&["scan", "tree", "--format", "json"], &open.join("data"));
    assert_eq!(code, Some(0), "{errors}");
    let report = common::canonical(&report);
    for path in ["secret.py", "closed"] {
        let named = items(&report, "findings").iter().any(|finding| {
            text(finding, "path") == path && text(finding, "rule") == "artifact_unreadable"
        });
        assert!(named, "{path}: {report:?}");
    }
    assert_eq!(text(&report, "decision"), "REVIEW");
    // A data folder that may be read only, new and used.
    let locked = lab.beside("locked");
    fs::create_dir(&locked).unwrap();
    closed(&locked, 0o555);
    for data in [locked.clone(), locked.join("below")] {
        for args in [&["scan", "tree"][..], &["log", "verify"], &["runs", "list"]] {
            let (code, output, errors) = run(args, &data);
            assert_eq!((code, output.as_str()), (Some(2), ""), "{args:?}: {errors}");
            assert!(errors.contains("reason log_unavailable"), "{errors}");
        }
    }
    closed(&lab.work().join("tree/closed"), 0o700);
}

#[test]
fn damaged_notes() {
    let lab = Lab::new();
    let shop = examples().join("shop-fixed");
    lab.scan(&shop, &[]).code(0);
    let notes = fs::read_dir(lab.data().join("checkpoints")).unwrap().next().unwrap().unwrap();
    let whole = fs::read(notes.path()).unwrap();
    let mut changed = whole.clone();
    let at = changed.windows(8).rposition(|part| part == b"\xe2\x80\x94 pi-l").unwrap();
    changed[at + 20] ^= 1;
    for damaged in [changed, b"garbage\n".to_vec(), b"\xff\xfe\0".to_vec()] {
        fs::write(notes.path(), damaged).unwrap();
        lab.pi(&["log", "verify"]).code(3);
    }
    // A crash may have cut the last note; what is before it still counts.
    fs::write(notes.path(), &whole[..whole.len() - 5]).unwrap();
    let ran = lab.pi(&["log", "verify"]);
    assert!([0, 3].contains(&ran.code), "{ran:?}");
    fs::write(notes.path(), &whole).unwrap();
    lab.verified();
}

#[test]
fn completions_are_scripts_that_their_shells_accept() {
    let lab = Lab::new();
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = lab.pi(&["completions", shell]).code(0).stdout;
        for command in ["scan", "replay", "explain", "--fail-on", "completions"] {
            let option = command.trim_start_matches('-');
            assert!(script.contains(option), "{shell}: {command}");
        }
        assert!(!script.contains("examine-alone\n"), "{shell}: hidden commands stay hidden");
        let file = lab.file(&format!("completion.{shell}"), &script);
        // A shell that is not installed cannot be asked; bash always is.
        match Command::new(shell).arg(check).arg(&file).output() {
            Ok(output) => assert!(output.status.success(), "{output:?}"),
            Err(error) => assert!(shell != "bash", "{error}"),
        }
    }
    let script = lab.work().join("completion.bash");
    let complete = format!(
        "source {}; COMP_WORDS=(pi sc); COMP_CWORD=1; _pi pi sc pi; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let output = Command::new("bash").args(["-c", &complete]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "scan", "{output:?}");
}

#[test]
fn help_shows_examples_and_codes_have_neighbours() {
    let lab = Lab::new();
    let commands = ["scan", "agents", "runs", "replay", "log", "verify", "explain", "doctor"];
    for command in commands.iter().chain(&["demo", "completions"]) {
        let help = lab.pi(&[command, "--help"]).code(0).stdout;
        assert!(help.contains("Examples:\n  pi "), "{command}: {help}");
    }
    let help = lab.pi(&["--help"]).code(0).stdout;
    assert!(help.contains("Examples:\n  pi scan .") && help.contains("Exit codes:"), "{help}");
    assert!(!help.contains("examine-alone"), "{help}");
    let near = lab.pi(&["explain", "severty_denid"]).refused(2, "invalid_request").stderr;
    assert!(near.contains("did you mean `severity_denied`?"), "{near}");
    let near = lab.pi(&["agents", "show", "docker_image_scaner"]).refused(2, "unknown_agent");
    assert!(near.stderr.contains("`docker_image_scanner`"), "{}", near.stderr);
}

#[test]
fn the_record_of_an_erasure_stays() {
    let lab = Lab::new();
    lab.scan(&examples().join("shop-fixed"), &[]).code(0);
    lab.pi(&["log", "redact", "runs:2", "--reason", "a test"]).code(0);
    lab.pi(&["log", "redact", "admin:1", "--reason", "a test"]).refused(2, "invalid_request");
    lab.verified();
}
