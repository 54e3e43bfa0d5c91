//! CloudFormation templates as resources: parameters' defaults are put in,
//! intrinsic functions evaluated as far as the template tells.

use std::collections::BTreeMap;

use crate::data::{Data, Node as Source};
use crate::terraform::{Field, Node, Resource, Value};

/// Nesting beyond which values are unknown.
const MAX_DEPTH: u32 = 64;

/// Properties whose content has names of its own, which stay as written.
const VERBATIM: &[&str] = &["policy", "policy_document", "variables", "tags", "metadata"];

struct Template<'t> {
    defaults: BTreeMap<&'t str, &'t Source>,
    types: BTreeMap<&'t str, &'t str>,
}

/// The resources of a template in the order of the text. Names of properties
/// are written as Terraform writes them: `KmsKeyId` is `kms_key_id`.
pub fn resources(root: &Source) -> Vec<Resource> {
    let entries = |key: &str| root.get(key).map(Source::entries).unwrap_or_default();
    let kind = |node: &'_ Source| node.get("Type").and_then(Source::scalar).map(str::to_owned);
    let listed = entries("Resources");
    let typed = |entry: &'_ crate::data::Entry| entry.value.get("Type").is_some();
    let template = Template {
        defaults: entries("Parameters")
            .iter()
            .filter_map(|entry| Some((entry.key.as_str(), entry.value.get("Default")?)))
            .collect(),
        types: listed
            .iter()
            .filter(|entry| typed(entry))
            .filter_map(|entry| Some((entry.key.as_str(), entry.value.get("Type")?.scalar()?)))
            .collect(),
    };
    let resource = |entry: &crate::data::Entry| {
        let kind = kind(&entry.value)?;
        let properties = entry.value.entry("Properties");
        let body = properties.map(|found| template.value(&found.value, false, 0));
        let span = properties.map_or(entry.key_span, |found| found.key_span);
        let body = body.unwrap_or(Node { value: Value::Object(Vec::new()), span });
        let address = format!("{kind}.{}", entry.key);
        let name = entry.key.clone();
        Some(Resource { mode: "resource".into(), kind, name, address, span, body })
    };
    listed.iter().filter_map(resource).collect()
}

/// The name in `!Ref name` or `{"Ref": name}`.
fn referred(node: &Source) -> Option<&str> {
    match (&node.value, node.entries()) {
        (Data::Tagged { tag, value }, _) if tag == "Ref" => value.scalar(),
        (_, [only]) if only.key == "Ref" => only.value.scalar(),
        _ => None,
    }
}

impl Template<'_> {
    fn value(&self, node: &Source, verbatim: bool, depth: u32) -> Node {
        let span = node.span;
        if depth > MAX_DEPTH {
            return Node { value: Value::Unknown, span };
        }
        // What is written in a parameter stands there, not where it is referred to.
        if let Some(default) = referred(node).and_then(|name| self.defaults.get(name)) {
            return self.value(default, true, depth + 1);
        }
        let inner = |node: &Source| self.value(node, verbatim, depth + 1);
        let value = match &node.value {
            Data::Tagged { tag, value } => self.function(tag, value, depth),
            _ if node.is_null() => Value::Null,
            _ if node.is_map() => match node.entries() {
                [only] if only.key == "Ref" || only.key.starts_with("Fn::") => {
                    let name = only.key.strip_prefix("Fn::").unwrap_or(&only.key);
                    self.function(name, &only.value, depth)
                }
                entries => Value::Object(
                    entries
                        .iter()
                        .map(|entry| {
                            let name = if verbatim { entry.key.clone() } else { snake(&entry.key) };
                            let verbatim =
                                verbatim || VERBATIM.iter().any(|own| name.ends_with(own));
                            let node = self.value(&entry.value, verbatim, depth + 1);
                            Field { name, name_span: entry.key_span, node }
                        })
                        .collect(),
                ),
            },
            _ => match (node.as_bool(), node.scalar()) {
                (Some(value), _) => Value::Bool(value),
                (None, Some(text)) => Value::String(text.to_owned()),
                (None, None) => Value::List(node.items().iter().map(inner).collect()),
            },
        };
        Node { value, span }
    }

    fn function(&self, name: &str, argument: &Source, depth: u32) -> Value {
        let value = |node: &Source| self.value(node, true, depth + 1);
        match name {
            "Ref" => argument.scalar().map_or(Value::Unknown, |name| self.reference(name)),
            "GetAtt" => {
                let parts: Vec<&str> = match argument.scalar() {
                    Some(text) => text.splitn(2, '.').collect(),
                    None => argument.items().iter().filter_map(Source::scalar).collect(),
                };
                match parts.as_slice() {
                    [name, rest @ ..] => match self.types.get(name) {
                        Some(kind) => Value::Reference(format!("{kind}.{name}.{}", rest.join("."))),
                        None => Value::Unknown,
                    },
                    [] => Value::Unknown,
                }
            }
            "Sub" => {
                let text = argument.scalar().or_else(|| argument.items().first()?.scalar());
                match text {
                    Some(text) if text.contains("${") => Value::Partial(self.named(text)),
                    Some(text) => Value::String(text.to_owned()),
                    None => Value::Unknown,
                }
            }
            "Join" => {
                let [separator, list] = argument.items() else { return Value::Unknown };
                let parts: Vec<Node> = list.items().iter().map(value).collect();
                let text = |node: &Node| match &node.value {
                    Value::Partial(text) => text.clone(),
                    Value::Reference(text) => format!("${{{text}}}"),
                    _ => node.text().unwrap_or("${}").to_owned(),
                };
                let all: Vec<String> = parts.iter().map(text).collect();
                let joined = all.join(separator.scalar().unwrap_or_default());
                let known = parts.iter().all(|node| node.text().is_some());
                if known { Value::String(joined) } else { Value::Partial(joined) }
            }
            _ => Value::Unknown,
        }
    }

    fn reference(&self, name: &str) -> Value {
        match self.types.get(name) {
            _ if name == "AWS::NoValue" => Value::Null,
            Some(kind) => Value::Reference(format!("{kind}.{name}")),
            None => Value::Unknown,
        }
    }

    /// Logical names within `${}` with their types before them.
    fn named(&self, text: &str) -> String {
        let mut out = String::new();
        for (index, part) in text.split("${").enumerate() {
            if index > 0 {
                out.push_str("${");
                let name = part.split(['}', '.']).next().unwrap_or_default();
                if let Some(kind) = self.types.get(name) {
                    out.push_str(&format!("{kind}."));
                }
            }
            out.push_str(part);
        }
        out
    }
}

/// `DBSubnetGroupName` as `db_subnet_group_name`.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    let mut before = None::<char>;
    for (index, letter) in letters.iter().copied().enumerate() {
        let next_is_small = letters.get(index + 1).is_some_and(|next| next.is_lowercase());
        let starts = before.is_some_and(|before| {
            letter.is_uppercase()
                && (before.is_lowercase()
                    || before.is_ascii_digit()
                    || before.is_uppercase() && next_is_small)
        });
        if starts {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
        before = Some(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Artifact;

    #[test]
    fn names_as_terraform_writes_them() {
        for (name, expected) in [
            ("KmsKeyId", "kms_key_id"),
            ("KMSKeyId", "kms_key_id"),
            ("DBSubnetGroupName", "db_subnet_group_name"),
            ("EnableIAMDatabaseAuthentication", "enable_iam_database_authentication"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }

    #[test]
    fn parameters_and_references_are_put_in() {
        let text = "Parameters:\n  P: {Default: true}\nResources:\n  K: {Type: 'AWS::KMS::Key'}\n  V:\n    Type: AWS::EC2::Volume\n    Properties:\n      Encrypted: !Ref P\n      KmsKeyId: !GetAtt K.Arn\n      Name: !Sub '${K}-x'\n";
        let artifact = Artifact::new("t.yaml", text.as_bytes().to_vec());
        let documents = artifact.data().expect("parses");
        let all = resources(&documents[0].root);
        let volume = &all[1].body;
        assert_eq!(volume.get("encrypted").and_then(Node::bool), Some(true));
        let reference = Value::Reference("AWS::KMS::Key.K.Arn".into());
        assert_eq!(volume.get("kms_key_id").map(|node| &node.value), Some(&reference));
        let partial = Value::Partial("${AWS::KMS::Key.K}-x".into());
        assert_eq!(volume.get("name").map(|node| &node.value), Some(&partial));
    }
}
