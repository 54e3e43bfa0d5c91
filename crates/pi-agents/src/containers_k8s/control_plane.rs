//! Command lines of the components of a cluster, as static pods run them.

use pi_artifacts::Span;
use pi_artifacts::data::Node;

use super::image::Reference;
use super::manifest::Container;

/// A component of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// `kube-apiserver`.
    ApiServer,
    /// `kube-controller-manager`.
    ControllerManager,
    /// `kube-scheduler`.
    Scheduler,
    /// `etcd`.
    Etcd,
    /// `kubelet`.
    Kubelet,
}

impl Program {
    fn of(word: &str) -> Option<Self> {
        let name = word.rsplit('/').next()?;
        match name.strip_suffix("-amd64").unwrap_or(name) {
            "kube-apiserver" => Some(Self::ApiServer),
            "kube-controller-manager" => Some(Self::ControllerManager),
            "kube-scheduler" => Some(Self::Scheduler),
            "etcd" => Some(Self::Etcd),
            "kubelet" => Some(Self::Kubelet),
            _ => None,
        }
    }
}

/// One flag as it is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag<'a> {
    name: &'a str,
    /// Its value; `true` where none is given.
    pub value: &'a str,
    /// Where it stands.
    pub span: Span,
}

/// The command line of a component.
#[derive(Debug)]
pub(crate) struct CommandLine<'a> {
    /// The component.
    pub program: Program,
    /// Where its name stands.
    pub span: Span,
    flags: Vec<Flag<'a>>,
}

impl<'a> CommandLine<'a> {
    /// The command line of a container that runs a component. Where there are
    /// flags alone, the name of the image says which. What an entrypoint or a shell
    /// adds is not known.
    pub(crate) fn of(container: &Container<'a>) -> Option<Self> {
        let list = |key: &str| container.node.get(key).map(Node::items).unwrap_or_default();
        let words: Vec<(&str, Span)> = list("command")
            .iter()
            .chain(list("args"))
            .filter_map(|node| Some((node.scalar()?, node.span)))
            .collect();
        let &(first, first_span) = words.first()?;
        let (program, span, rest) = if first.starts_with("--") {
            let image = Reference::parse(container.node.get("image")?.as_str()?);
            (Program::of(image.name)?, first_span, words.as_slice())
        } else {
            // `hyperkube` carries all components and takes the name first.
            let skip = usize::from(first.rsplit('/').next() == Some("hyperkube"));
            let &(word, span) = words.get(skip)?;
            (Program::of(word)?, span, words.get(skip + 1..).unwrap_or_default())
        };
        let mut flags = Vec::new();
        for (index, &(word, span)) in rest.iter().enumerate() {
            let Some(name) = word.strip_prefix("--") else { continue };
            let next = rest.get(index + 1).filter(|(word, _)| !word.starts_with('-'));
            let (name, value) =
                name.split_once('=').unwrap_or((name, next.map_or("true", |(word, _)| *word)));
            flags.push(Flag { name, value, span });
        }
        Some(Self { program, span, flags })
    }

    /// The flag that is in force: the last of its name.
    pub(crate) fn flag(&self, name: &str) -> Option<Flag<'a>> {
        self.flags.iter().rev().find(|flag| flag.name == name).copied()
    }
}

/// What a flag must say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Test {
    /// Must be given with this value.
    Must(&'static str),
    /// Must not have this value.
    Not(&'static str),
    /// Must be given.
    Given,
    /// Must not be given.
    Absent,
    /// A number, given, of at least this.
    AtLeast(i64),
    /// A list, given, with this word.
    Lists(&'static str),
    /// A list without this word.
    ListsNot(&'static str),
    /// This value, where one is given.
    Only(&'static str),
    /// Words of this list, where some are given.
    Among(&'static [&'static str]),
    /// A time of at most so many seconds, where one is given.
    AtMostSeconds(u64),
    /// A file of keys or certificates, given.
    KeyFile,
}

/// How files of keys and certificates end.
const KEY_FILES: &[&str] = &["cer", "cert", "crt", "key", "pem", "pub"];

impl Test {
    /// Whether a flag with this value, or without one, passes.
    pub(crate) fn passes(self, value: Option<&str>) -> bool {
        let lists = |word: &str| {
            value.is_some_and(|value| value.split(',').any(|item| item.trim() == word))
        };
        match self {
            Self::Must(wanted) => value == Some(wanted),
            Self::Not(unwanted) => value != Some(unwanted),
            Self::Given => value.is_some_and(|value| !value.is_empty()),
            Self::Absent => value.is_none(),
            Self::AtLeast(least) => {
                value.and_then(|value| value.parse::<i64>().ok()).is_some_and(|n| n >= least)
            }
            Self::Lists(word) => lists(word),
            Self::ListsNot(word) => !lists(word),
            Self::Only(wanted) => value.is_none_or(|value| value == wanted),
            Self::Among(words) => {
                let given = value.into_iter().flat_map(|value| value.split(','));
                given.map(str::trim).all(|word| words.contains(&word))
            }
            Self::AtMostSeconds(most) => {
                value.is_none_or(|value| seconds(value).is_none_or(|seconds| seconds <= most))
            }
            Self::KeyFile => {
                let end = value.and_then(|value| value.rsplit_once('.'));
                end.is_some_and(|(_, end)| KEY_FILES.contains(&end))
            }
        }
    }
}

/// The whole seconds of a duration such as `1h5m30s`.
fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut number = String::new();
    for c in text.chars() {
        let unit = match c {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            c if c.is_ascii_digit() => {
                number.push(c);
                continue;
            }
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    number.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_added_up() {
        assert_eq!(seconds("6m10s"), Some(370));
        assert_eq!(seconds("1h"), Some(3600));
        for wrong in ["5", "5d", "s", "1.5s"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_not_given_passes_where_it_may_be_left_out() {
        for test in [Test::Only("0"), Test::Among(&["A"]), Test::AtMostSeconds(1)] {
            assert!(test.passes(None), "{test:?}");
        }
        assert!(!Test::KeyFile.passes(None) && !Test::KeyFile.passes(Some("ca.txt")));
        assert!(Test::KeyFile.passes(Some("/pki/ca.crt")));
        assert!(Test::Among(&["A", "B"]).passes(Some("B,A")));
        assert!(!Test::Among(&["A", "B"]).passes(Some("A,C")));
        assert!(!Test::AtMostSeconds(300).passes(Some("6m")));
    }
}
