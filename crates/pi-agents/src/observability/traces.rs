//! Stack traces of Python, Java, JavaScript, Go and Rust in any text.

use pi_artifacts::Span;

/// Most traces of one text.
const MAX_TRACES: usize = 200;

/// Most frames of one trace.
const MAX_FRAMES: usize = 500;

/// A trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trace {
    /// The class of the error: `ValueError`, `java.lang.NullPointerException`, `panic`.
    pub class: String,
    /// Its message.
    pub message: String,
    /// The frames, the innermost first.
    pub frames: Vec<Frame>,
    /// The line that names the error.
    pub head: Span,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The function.
    pub function: String,
    /// The file, or what stands for it.
    pub file: String,
    /// Where the file is named.
    pub span: Span,
}

impl Frame {
    /// Whether it is the program's own and no library's.
    pub(super) fn is_own(&self) -> bool {
        const FOREIGN: &[&str] = &[
            "site-packages",
            "dist-packages",
            "/usr/lib/",
            "/usr/local/lib/python",
            "node_modules",
            "node:",
            "internal/",
            "/rustc/",
            ".cargo/registry",
            "/go/pkg/mod/",
            "/usr/local/go/",
            "<frozen",
        ];
        const LIBRARIES: &[&str] = &[
            "java.",
            "javax.",
            "jdk.",
            "sun.",
            "com.sun.",
            "org.springframework.",
            "org.apache.",
            "org.hibernate.",
            "io.netty.",
            "kotlin.",
            "runtime.",
            "core::",
            "std::",
            "tokio::",
            "rust_begin_unwind",
            "reactor.",
            "com.google.common.",
        ];
        !FOREIGN.iter().any(|part| self.file.contains(part))
            && !LIBRARIES.iter().any(|start| self.function.starts_with(start))
    }
}

struct Line<'t> {
    text: &'t str,
    span: Span,
}

/// The traces of a text.
pub(super) fn traces(text: &str) -> Vec<Trace> {
    let mut at = 0;
    let lines: Vec<Line<'_>> = text
        .split_inclusive('\n')
        .map(|raw| {
            let start = at;
            at += raw.len();
            let line = raw.trim_end();
            Line { text: line, span: Span::new(start, start + line.len()) }
        })
        .collect();
    let mut out = Vec::new();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        if out.len() >= MAX_TRACES {
            break;
        }
        let rest = lines.get(index + 1..).unwrap_or_default();
        let (found, used) = if line.text.contains("Traceback (most recent call last):") {
            python(rest)
        } else if let Some(panic) = line.text.trim_start().strip_prefix("panic: ") {
            go(panic, line, rest)
        } else if line.text.contains("' panicked at ") || line.text.contains(") panicked at ") {
            rust(line, rest)
        } else {
            frames_below(line, rest)
        };
        out.extend(found);
        index += 1 + used;
    }
    out
}

fn frame(function: &str, file: &str, line: &Line<'_>) -> Frame {
    let at = line.text.find(file).unwrap_or(0);
    let start = line.span.start as usize + at;
    Frame {
        function: function.to_owned(),
        file: file.to_owned(),
        span: Span::new(start, start + file.len()),
    }
}

/// `Class: message`, where the class is one word with letters.
fn error(text: &str) -> Option<(&str, &str)> {
    let (class, message) =
        text.split_once(':').map_or((text, ""), |(class, message)| (class, message.trim()));
    let class = class.trim();
    let is_class = !class.is_empty()
        && class.len() <= 120
        && class.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'))
        && class.rsplit('.').next().is_some_and(is_class_name);
    is_class.then_some((class, message))
}

/// `ValueError`, and no code of an error such as `E0308`.
fn is_class_name(last: &str) -> bool {
    last.starts_with(|c: char| c.is_ascii_uppercase())
        && last.contains(|c: char| c.is_ascii_lowercase())
}

fn python(rest: &[Line<'_>]) -> (Option<Trace>, usize) {
    let mut frames = Vec::new();
    for (index, line) in rest.iter().enumerate().take(4 * MAX_FRAMES) {
        let body = line.text.trim_start();
        let place = body.strip_prefix("File \"").and_then(|rest| rest.split_once("\", line "));
        if let Some((file, rest)) = place {
            let function = rest.split_once(", in ").map_or("", |(_, function)| function.trim());
            frames.push(frame(function, file, line));
        } else if !line.text.starts_with([' ', '\t'])
            && let Some((class, message)) = error(body)
        {
            frames.reverse();
            let trace = Trace {
                class: class.to_owned(),
                message: message.to_owned(),
                frames,
                head: line.span,
            };
            return (Some(trace), index + 1);
        } else if body.is_empty() || body.starts_with("Traceback (") {
            return (None, index);
        }
    }
    (None, 0)
}

/// Java and JavaScript: `Class: message`, then lines that begin with `at`.
fn frames_below(line: &Line<'_>, rest: &[Line<'_>]) -> (Option<Trace>, usize) {
    let is_at = |line: &Line<'_>| line.text.trim_start().starts_with("at ");
    if !rest.first().is_some_and(is_at) {
        return (None, 0);
    }
    let text = line.text.trim_start();
    let text = text.get(..text.floor_char_boundary(1_000)).unwrap_or_default();
    let text = text.strip_prefix("Caused by: ").unwrap_or(text);
    let text = text
        .strip_prefix("Exception in thread ")
        .and_then(|rest| rest.split_once("\" "))
        .map_or(text, |(_, rest)| rest);
    let text = text.strip_prefix("Uncaught ").unwrap_or(text);
    // A logger writes its own words first.
    let candidate = error(text)
        .or_else(|| text.match_indices(' ').find_map(|(at, _)| error(text.get(at + 1..)?)));
    let used = rest
        .iter()
        .take_while(|line| is_at(line) || line.text.trim_start().starts_with("... "))
        .count();
    let Some((class, message)) = candidate else { return (None, used) };
    let frames = rest.iter().take(used.min(MAX_FRAMES)).filter_map(|line| {
        let body = line.text.trim_start().strip_prefix("at ")?;
        match body.split_once(" (").or_else(|| body.split_once('(')) {
            Some((function, place)) => {
                let file = without_position(place.trim_end_matches(')'));
                Some(frame(function.trim_start_matches("async "), file, line))
            }
            None => Some(frame("", without_position(body), line)),
        }
    });
    let trace = Trace {
        class: class.to_owned(),
        message: message.to_owned(),
        frames: frames.collect(),
        head: line.span,
    };
    (Some(trace), used)
}

/// A file without the line and column behind it.
fn without_position(place: &str) -> &str {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let once = |text| match str::rsplit_once(text, ':') {
        Some((file, number)) if digits(number) => file,
        _ => text,
    };
    once(once(place))
}

fn go(message: &str, head: &Line<'_>, rest: &[Line<'_>]) -> (Option<Trace>, usize) {
    if !rest.iter().take(6).any(|line| line.text.starts_with("goroutine ")) {
        return (None, 0);
    }
    let mut frames = Vec::new();
    let mut used = 0;
    for pair in rest.windows(2).take(2 * MAX_FRAMES) {
        let [function, place] = pair else { break };
        used += 1;
        if let Some(file) = place.text.strip_prefix('\t').and_then(|text| text.split(':').next())
            && !function.text.starts_with('\t')
        {
            let name = function.text.rsplit_once('(').map_or(function.text, |(name, _)| name);
            frames.push(frame(name, file, place));
        }
        if function.text.is_empty() && !frames.is_empty() {
            break;
        }
    }
    let trace =
        Trace { class: "panic".to_owned(), message: message.to_owned(), frames, head: head.span };
    (Some(trace), used)
}

fn rust(head: &Line<'_>, rest: &[Line<'_>]) -> (Option<Trace>, usize) {
    let Some((_, place)) = head.text.split_once(" panicked at ") else { return (None, 0) };
    let place = place.trim_end_matches(':');
    let message = rest.first().map_or("", |line| line.text).to_owned();
    let mut frames = Vec::new();
    let mut used = 0;
    for pair in rest.windows(2).take(2 * MAX_FRAMES) {
        let [function, at] = pair else { break };
        let name = function
            .text
            .trim_start()
            .split_once(": ")
            .filter(|(n, _)| n.bytes().all(|b| b.is_ascii_digit()));
        let file = at.text.trim_start().strip_prefix("at ").and_then(|text| text.split(':').next());
        match (name, file) {
            (Some((_, name)), Some(file)) => frames.push(frame(name, file, at)),
            _ if function.text.is_empty() => break,
            _ => {}
        }
        used += 1;
    }
    if frames.is_empty() {
        let file = place.split(':').next().unwrap_or(place);
        frames.push(frame("", file, head));
    }
    (Some(Trace { class: "panic".to_owned(), message, frames, head: head.span }), used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misc_traces_of_five_languages() {
        let text = "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in run\n    x()\nValueError: bad\n\
                    Exception in thread \"main\" java.lang.IllegalStateException: no\n\tat shop.Pay.run(Pay.java:12)\n\tat java.base/java.lang.Thread.run(Thread.java:1)\n\
                    2026 ERROR TypeError: undefined\n    at pay (/srv/pay.js:1:2)\n    at node:internal/x:1\n\n\
                    panic: oh no\n\ngoroutine 1 [running]:\nmain.run(0x1)\n\t/srv/main.go:12 +0x1\n\n\
                    thread 'main' panicked at src/main.rs:1:2:\nboom\nstack backtrace:\n   0: shop::run\n             at ./src/main.rs:1:2\n";
        let found = traces(text);
        let classes: Vec<&str> = found.iter().map(|trace| trace.class.as_str()).collect();
        assert_eq!(
            classes,
            ["ValueError", "java.lang.IllegalStateException", "TypeError", "panic", "panic"]
        );
        let functions: Vec<&str> =
            found.iter().map(|trace| trace.frames[0].function.as_str()).collect();
        assert_eq!(functions, ["run", "shop.Pay.run", "pay", "main.run", "shop::run"]);
        assert!(found[0].frames[0].is_own());
        assert_eq!(found[0].frames[0].span.of(text), "/srv/app.py");
        assert_eq!(found[3].frames[0].file, "/srv/main.go");
    }
}
