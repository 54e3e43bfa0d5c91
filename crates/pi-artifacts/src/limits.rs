//! Every cap on what is examined, in one place.
//!
//! Third-party parsers recurse; some end the process on deep input. Each parser
//! therefore runs only on text that passed the byte cap and the nesting cap of
//! its language, on threads with [`PARSER_STACK_BYTES`] of stack.

/// Largest file that is read at all. Larger ones are listed in the manifest
/// with their size and reported, never loaded.
pub const MAX_ARTIFACT_BYTES: u64 = 16 * 1024 * 1024;

/// Largest text that is given to a parser. Above it, only the linear scanners
/// (secrets, Unicode) look at the text, and a finding says so.
pub const MAX_PARSE_BYTES: usize = 1024 * 1024;

/// Deepest nesting of brackets, blocks or indentation for data formats and
/// programming languages.
pub const MAX_NESTING: usize = 256;

/// Longest chain of operators, attributes or calls: a parser makes a tree of that
/// depth from it. Generated code concatenates some hundred strings.
pub const MAX_CHAIN: usize = 2_000;

/// Deepest nesting for shell, whose parser needs the most stack per level.
pub const MAX_SHELL_NESTING: usize = 200;

/// Most nodes that YAML aliases may expand to in one document.
pub const MAX_YAML_NODES: usize = 200_000;

/// Stack of a thread that parses.
pub const PARSER_STACK_BYTES: usize = 64 * 1024 * 1024;

/// Steps that one agent may take on one artifact before its budget is spent.
pub const MAX_AGENT_STEPS: u64 = 20_000_000;

/// Findings that one agent may report on one artifact; the rest is summed up in
/// one finding.
pub const MAX_FINDINGS_PER_AGENT: usize = 200;

/// Inline `pi:allow` comments of one artifact that count; each is compared with
/// each finding.
pub const MAX_ALLOWANCES: usize = 10_000;
