//! The resources of a file, how they refer to each other, and paths into them.

use pi_artifacts::Span;
use pi_artifacts::terraform::{Node, Resource, Value};

/// The resources of a file.
pub(crate) struct Graph {
    /// In the order of the text.
    pub resources: Vec<Resource>,
}

/// What stands at a path.
#[derive(Default)]
pub(crate) struct Reached<'n> {
    /// Values, with the place of their field.
    pub found: Vec<(&'n Node, Span)>,
    /// The innermost blocks that exist and lack the rest of the path.
    pub missing: Vec<Span>,
    /// A part of the path is not known.
    pub unknown: bool,
}

/// Follows `a.b.c` through blocks, maps and every item of lists. Alternatives of
/// a name are written `a|b`; `*a` is every `a` at any depth.
pub(crate) fn reach<'n>(resource: &'n Resource, path: &str) -> Reached<'n> {
    let mut reached = Reached::default();
    follow(&resource.body, resource.span, path, &mut reached);
    reached
}

fn follow<'n>(node: &'n Node, place: Span, path: &str, out: &mut Reached<'n>) {
    if path.is_empty() {
        out.found.push((node, place));
        return;
    }
    match &node.value {
        Value::List(items) if !items.is_empty() => {
            for item in items {
                follow(item, item.span, path, out);
            }
        }
        Value::Object(fields) => {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(name) = name.strip_prefix('*') {
                return descend(node, name, rest, out);
            }
            let mut any = false;
            for field in fields {
                if field.node.value != Value::Null && name.split('|').any(|n| n == field.name) {
                    any = true;
                    follow(&field.node, field.name_span, rest, out);
                }
            }
            if !any {
                out.missing.push(place);
            }
        }
        Value::Unknown | Value::Reference(_) => out.unknown = true,
        _ => out.missing.push(place),
    }
}

fn descend<'n>(node: &'n Node, name: &str, rest: &str, out: &mut Reached<'n>) {
    for field in node.fields() {
        if name.split('|').any(|n| n == field.name) {
            follow(&field.node, field.name_span, rest, out);
        } else {
            descend(&field.node, name, rest, out);
        }
    }
    for item in node.items() {
        descend(item, name, rest, out);
    }
}

impl Graph {
    /// The resources of `kind` whose `attribute` names `target`: by a reference
    /// to it, or by the literal that it gives as its own `attribute`.
    pub fn siblings<'g>(
        &'g self,
        target: &'g Resource,
        kind: &'g str,
        attribute: &'g str,
    ) -> impl Iterator<Item = &'g Resource> {
        let own = target.body.get(attribute).and_then(Node::text);
        self.resources.iter().filter(move |resource| {
            resource.mode == "resource"
                && resource.kind == kind
                && reach(resource, attribute).found.iter().any(|(node, _)| {
                    refers_to(node, &target.address) || own.is_some() && node.text() == own
                })
        })
    }

    /// The policies that a user, group or role of AWS holds: its own, and those
    /// that are attached.
    pub fn policies_of(&self, holder: &Resource) -> Vec<&Node> {
        let holds = |resource: &Resource| {
            ["role|roles", "user|users", "group|groups"].iter().any(|path| {
                let reached = reach(resource, path);
                let own = holder.body.get("name").and_then(Node::text);
                reached.found.iter().any(|(node, _)| {
                    refers_to(node, &holder.address) || own.is_some() && node.text() == own
                })
            })
        };
        let mut policies = Vec::new();
        for resource in self.resources.iter().filter(|resource| holds(resource)) {
            match resource.kind.as_str() {
                "aws_iam_role_policy" | "aws_iam_user_policy" | "aws_iam_group_policy" => {
                    policies.extend(resource.body.get("policy"));
                }
                kind if kind.ends_with("policy_attachment") => {
                    let attached = resource.body.get("policy_arn");
                    let policy = attached.and_then(|arn| self.referred(arn));
                    policies.extend(policy.and_then(|policy| policy.body.get("policy")));
                }
                _ => {}
            }
        }
        policies
    }

    /// The resource that a reference names.
    pub fn referred(&self, node: &Node) -> Option<&Resource> {
        self.resources.iter().find(|resource| refers_to(node, &resource.address))
    }
}

/// The value is, or contains, a reference to this address.
pub(crate) fn refers_to(node: &Node, address: &str) -> bool {
    match &node.value {
        Value::Reference(text) => names(text, address),
        Value::Partial(text) => text.split("${").skip(1).any(|part| names(part, address)),
        Value::List(items) => items.iter().any(|item| refers_to(item, address)),
        _ => false,
    }
}

/// `aws_s3_bucket.b.id` and `aws_s3_bucket.b[0].id` name `aws_s3_bucket.b`.
fn names(text: &str, address: &str) -> bool {
    text.strip_prefix(address).is_some_and(|rest| {
        !rest.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '_' | '-'))
    })
}
