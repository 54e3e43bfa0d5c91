//! `binary_file_detector`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::magic::{self, Class};

const EXECUTABLE: Rule = Rule {
    id: "executable-in-tree",
    summary: "an executable or a compiled library in a source tree",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-506", "Scorecard-Binary-Artifacts"],
    fix: "build it from source in the pipeline, or fetch it by digest",
};

const DISGUISED: Rule = Rule {
    id: "disguised-binary",
    summary: "a file whose content is not what its name says",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-506", "CWE-646", "Scorecard-Binary-Artifacts"],
    fix: "remove the file, or give it the name of what it is",
};

const ARCHIVE: Rule = Rule {
    id: "archive-in-tree",
    summary: "an archive in a source tree, whose content nobody reviews",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-506", "Scorecard-Binary-Artifacts"],
    fix: "commit the content, or fetch the archive by digest",
};

const NUL: Rule = Rule {
    id: "binary-in-text-file",
    summary: "bytes that no text holds in a file that should be text",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-506"],
    fix: "remove the bytes, or give the file the name of what it is",
};

const WIDE: Rule = Rule {
    id: "wide-encoding",
    summary: "text in UTF-16 or UTF-32, which most review tools and scanners do not read",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-506"],
    fix: "save the file as UTF-8",
};

declare_agent! {
    /// # What it checks
    /// The first bytes of every file that is not text: executables and libraries
    /// (ELF, PE, Mach-O, WebAssembly, Java classes, Android DEX, Python bytecode),
    /// archives (ZIP, gzip, xz, bzip2, zstd, 7-Zip, RAR, tar, ar), UTF-16 and UTF-32
    /// text, and NUL or control bytes. A file whose name promises text or an image
    /// and whose content is an executable or an archive is reported as disguised.
    ///
    /// # Why it matters
    /// Nobody reviews a binary in a diff. The backdoor of xz-utils (CVE-2024-3094)
    /// came in two binary test files.
    ///
    /// # Example denied
    /// ```text
    /// logo.png, which starts with the bytes 7F 45 4C 46 (ELF)
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// logo.png, which starts with the bytes 89 50 4E 47 (PNG)
    /// ```
    ///
    /// # Limits
    /// Documents and packages that are ZIP archives by definition (`.docx`, `.jar`,
    /// `.whl`, ...) count as what their names say, a `.jar` as an executable.
    /// `gradle-wrapper.jar` is common and is reported as low. What an archive holds
    /// is not looked at. A file that is appended to an image is not found.
    ///
    /// # References
    /// CWE-506 (embedded malicious code), CWE-646 (reliance on file name or extension
    /// of externally-supplied file), OpenSSF Scorecard `Binary-Artifacts`.
    pub struct BinaryFileDetector {
        slug: "binary_file_detector",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Binary],
        triggers: Always,
        invariant_to: ALL,
        rules: [EXECUTABLE, DISGUISED, ARCHIVE, NUL, WIDE],
        fixture: include_str!("fixtures/binary_file_detector.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let bytes = artifact.bytes();
    let name = artifact.file_name().to_ascii_lowercase();
    let promised = magic::promise(&name);
    // Some binary files happen to be text as well.
    let characters = |span: Span| artifact.text().map_or(span, |text| span.around_characters(text));
    let whole = characters(Span::new(0, bytes.len().min(16)));
    let Some(found) = magic::identify(bytes) else {
        if promised == Some(Class::Text) && !bytes.is_empty() {
            let at = magic::first_binary_byte(bytes).unwrap_or(0);
            report
                .finding(&NUL, characters(Span::new(at, at + 1)))
                .message(format!("`{name}` should be text and holds bytes that no text holds"))
                .subject(artifact.path());
        }
        return Ok(());
    };
    let rule = match (found.class, promised) {
        (
            Class::Executable | Class::Archive,
            Some(Class::Text | Class::Image | Class::Document),
        ) => &DISGUISED,
        (Class::Executable, _) => &EXECUTABLE,
        (Class::Archive, Some(Class::Executable)) => &EXECUTABLE,
        (Class::Archive, _) => &ARCHIVE,
        (Class::WideText, _) => &WIDE,
        (Class::Image | Class::Document, Some(Class::Text)) => &DISGUISED,
        _ => return Ok(()),
    };
    let message = format!("`{name}` is {}", found.name);
    let finding = report.finding(rule, whole).message(message).subject(artifact.path());
    if name == "gradle-wrapper.jar" {
        finding.severity(Severity::Low);
    }
    Ok(())
}
