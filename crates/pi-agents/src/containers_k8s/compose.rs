//! Compose files as services and mounts (compose-spec.io).

use std::borrow::Cow;

use pi_artifacts::Span;
use pi_artifacts::data::{Data, Document, Entry, Node};

/// One service.
#[derive(Clone, Debug)]
pub(crate) struct Service<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where the name stands.
    pub span: Span,
    /// The service.
    pub node: &'a Node,
    /// The top level of the file.
    root: &'a Node,
}

/// The services of a Compose file. Files of the first format, without
/// `services`, have them at the top level.
pub(crate) fn services(documents: &[Document]) -> Vec<Service<'_>> {
    let mut out = Vec::new();
    for document in documents {
        let root = &document.root;
        let (entries, first_format) = match root.get("services") {
            Some(services) => (services.entries(), false),
            None => (root.entries(), true),
        };
        for entry in entries {
            let runs = entry.value.get("image").is_some() || entry.value.get("build").is_some();
            if entry.value.is_map() && (runs || !first_format) {
                out.push(Service {
                    name: &entry.key,
                    span: entry.key_span,
                    node: &entry.value,
                    root,
                });
            }
        }
    }
    out
}

impl<'a> Service<'a> {
    /// `services/web`.
    pub(crate) fn subject(&self) -> String {
        format!("services/{}", self.name)
    }

    /// The text of a scalar setting with defaults of variables filled in.
    pub(crate) fn setting(&self, key: &str) -> Option<(Cow<'a, str>, &'a Entry)> {
        let entry = self.node.entry(key)?;
        Some((interpolate(entry.value.scalar()?), entry))
    }

    /// The scalar items of a list setting.
    pub(crate) fn list(&self, key: &str) -> Vec<(Cow<'a, str>, Span)> {
        let items = self.node.get(key).map(Node::items).unwrap_or_default();
        items.iter().filter_map(|item| Some((interpolate(item.scalar()?), item.span))).collect()
    }

    /// The environment: a map, or a list of `NAME=value`.
    pub(crate) fn environment(&self) -> Vec<Variable<'a>> {
        let Some(node) = self.node.get("environment") else { return Vec::new() };
        match &node.value {
            Data::Map(entries) => entries
                .iter()
                .map(|entry| Variable {
                    name: &entry.key,
                    value: entry.value.scalar().unwrap_or_default(),
                    name_span: entry.key_span,
                    value_span: entry.value.span,
                })
                .collect(),
            Data::Sequence(items) => items
                .iter()
                .filter_map(|item| {
                    let (name, value) = item.as_str()?.split_once('=')?;
                    Some(Variable { name, value, name_span: item.span, value_span: item.span })
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The mounts.
    pub(crate) fn mounts(&self) -> Vec<Mount<'a>> {
        let items = self.node.get("volumes").map(Node::items).unwrap_or_default();
        items.iter().filter_map(|item| self.mount(item)).collect()
    }

    fn mount(&self, item: &'a Node) -> Option<Mount<'a>> {
        let mode = item.at(&["bind", "propagation"]);
        let (source, read_only, propagation) = if item.is_map() {
            let source = item.get("source").or_else(|| item.get("src"))?.scalar()?;
            let read_only = item.get("read_only").is_some_and(super::manifest::is_true);
            (interpolate(source), read_only, mode.and_then(Node::as_str))
        } else {
            short_mount(item.scalar()?)?
        };
        let source = match self.volume_device(&source) {
            Some(device) => interpolate(device),
            None => source,
        };
        let mode_span = mode.map_or(item.span, |mode| mode.span);
        Some(Mount { source, span: item.span, read_only, propagation, mode_span })
    }

    /// The directory of the host behind a named volume with a `bind` driver.
    fn volume_device(&self, name: &str) -> Option<&'a str> {
        let options = self.root.at(&["volumes", name, "driver_opts"])?;
        let bind = options.get("o").and_then(Node::as_str)?;
        bind.split(',').any(|option| matches!(option.trim(), "bind" | "rbind")).then_some(())?;
        options.get("device")?.as_str()
    }

    /// `container_name` or image without registry and tag.
    pub(crate) fn image(&self) -> Option<Cow<'a, str>> {
        Some(interpolate(self.node.get("image")?.scalar()?))
    }
}

/// A variable of the environment. The spans are equal in the list form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value as written.
    pub value: &'a str,
    /// Where the name stands.
    pub name_span: Span,
    /// Where the value stands.
    pub value_span: Span,
}

/// A mount into a service.
#[derive(Clone, Debug)]
pub(crate) struct Mount<'a> {
    /// A path of the host, or the name of a volume.
    pub source: Cow<'a, str>,
    /// Where the mount is written.
    pub span: Span,
    /// Mounted read-only.
    pub read_only: bool,
    /// Propagation of mounts between host and container.
    pub propagation: Option<&'a str>,
    /// Where the propagation is written.
    pub mode_span: Span,
}

/// `SOURCE:TARGET[:MODE]`; a target alone makes a new volume.
fn short_mount(text: &str) -> Option<(Cow<'_, str>, bool, Option<&str>)> {
    let parts = split_outside_braces(text);
    let (source, modes) = match parts.as_slice() {
        [source, _] => (*source, ""),
        [source, _, modes] => (*source, *modes),
        _ => return None,
    };
    let modes: Vec<&str> = modes.split(',').collect();
    let propagation =
        modes.iter().copied().find(|mode| mode.ends_with("shared") || mode.ends_with("slave"));
    Some((interpolate(source), modes.contains(&"ro"), propagation))
}

/// Splits at colons that stand outside `${...}`; a drive letter stays with its
/// path.
pub(crate) fn split_outside_braces(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0u32);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => {
                let part = text.get(start..at).unwrap_or_default();
                let drive = part.len() == 1
                    && part.bytes().all(|b| b.is_ascii_alphabetic())
                    && text.get(at + 1..).is_some_and(|rest| rest.starts_with(['\\', '/']));
                if !drive {
                    parts.push(part);
                    start = at + 1;
                }
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// Fills in the defaults of variables: `${NAME:-default}` and `${NAME-default}`.
/// Variables without one stay as written.
pub(crate) fn interpolate(text: &str) -> Cow<'_, str> {
    if !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, variable) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = closing_brace(variable) else {
            out.push_str(variable);
            return Cow::Owned(out);
        };
        let (whole, after) = variable.split_at(end + 1);
        match default(whole) {
            Some(default) => out.push_str(&interpolate(default)),
            None => out.push_str(whole),
        }
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0u32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn default(variable: &str) -> Option<&str> {
    let inner = variable.strip_prefix("${")?.strip_suffix('}')?;
    let dash = inner.find('-')?;
    let name = inner.get(..dash)?.trim_end_matches(':');
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| inner.get(dash + 1..)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_filled_in() {
        for (text, expected) in [
            ("${BIND:-127.0.0.1}:80", "127.0.0.1:80"),
            ("${A-${B:-x}}", "x"),
            ("${A}", "${A}"),
            ("$A", "$A"),
            ("${A:?needed-now}", "${A:?needed-now}"),
            ("${A", "${A"),
        ] {
            assert_eq!(interpolate(text), expected, "{text}");
        }
    }

    #[test]
    fn colons_of_variables_and_drives_do_not_split() {
        assert_eq!(split_outside_braces("${A:-/x}:/y:ro"), ["${A:-/x}", "/y", "ro"]);
        assert_eq!(split_outside_braces(r"C:\data:/data"), [r"C:\data", "/data"]);
        let (source, read_only, propagation) = short_mount("/etc:/host/etc:ro,rshared").unwrap();
        assert_eq!((source.as_ref(), read_only, propagation), ("/etc", true, Some("rshared")));
        assert!(short_mount("/only/target").is_none());
    }
}
