//! Statements of IAM policies, wherever the policy is written: an encoded
//! object, JSON in a text, or a policy document of the same file.

use pi_artifacts::Artifact;
use pi_artifacts::data;
use pi_artifacts::terraform::{Node, Value};

use super::model::Graph;

/// A statement of a policy.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Statement {
    /// `Allow`, not `Deny`.
    pub allow: bool,
    /// Actions, in lower case.
    pub actions: Vec<String>,
    /// Everything but the listed actions.
    pub not_actions: bool,
    /// Resources.
    pub resources: Vec<String>,
    /// Who; services and accounts alike.
    pub principals: Vec<String>,
    /// It holds under conditions only.
    pub conditional: bool,
    /// The conditions: what is compared, in lower case, and with what.
    pub conditions: Vec<(String, Vec<String>)>,
}

impl Statement {
    /// Anybody is allowed, unconditionally.
    pub fn for_anybody(&self) -> bool {
        self.allow && !self.conditional && self.principals.iter().any(|who| who == "*")
    }

    /// An action is granted, by itself or by a wildcard.
    pub fn grants(&self, action: &str) -> bool {
        self.allow
            && self.actions.iter().any(|granted| match granted.split_once('*') {
                Some((start, _)) => action.starts_with(start),
                None => granted == action,
            })
    }

    /// Every resource is meant.
    pub fn everywhere(&self) -> bool {
        self.resources.iter().any(|resource| resource == "*")
    }

    /// `*`, of everything or of one service.
    pub fn all_actions(&self) -> bool {
        self.allow && self.actions.iter().any(|action| action == "*" || action.ends_with(":*"))
    }
}

/// The statements of a policy; none where it is not known.
pub(crate) fn statements(node: &Node, graph: &Graph) -> Vec<Statement> {
    match &node.value {
        Value::Object(_) => of_object(node),
        Value::String(text) | Value::Partial(text) => of_text(text),
        Value::Reference(_) => match graph.referred(node) {
            Some(document) if document.kind == "aws_iam_policy_document" => {
                let blocks = document.body.fields().iter();
                blocks
                    .filter(|field| field.name == "statement")
                    .map(|f| of_block(&f.node))
                    .collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn of_object(node: &Node) -> Vec<Statement> {
    let Some(listed) = node.get("Statement") else { return Vec::new() };
    let one = std::slice::from_ref(listed);
    let each = if matches!(listed.value, Value::List(_)) { listed.items() } else { one };
    each.iter()
        .map(|statement| Statement {
            allow: statement.get("Effect").and_then(Node::text) == Some("Allow"),
            actions: lower(&texts(statement.get("Action"))),
            not_actions: statement.get("NotAction").is_some(),
            resources: texts(statement.get("Resource")),
            principals: texts(statement.get("Principal")),
            conditional: statement.get("Condition").is_some(),
            conditions: conditions(statement.get("Condition")),
        })
        .collect()
}

/// The operators' variables, each with its values.
fn conditions(node: Option<&Node>) -> Vec<(String, Vec<String>)> {
    let operators = node.map(Node::fields).unwrap_or_default();
    let compared = operators.iter().flat_map(|operator| operator.node.fields());
    compared.map(|field| (field.name.to_lowercase(), texts(Some(&field.node)))).collect()
}

fn of_block(block: &Node) -> Statement {
    let of = |name: &'static str| block.fields().iter().filter(move |field| field.name == name);
    let who = of("principals").flat_map(|field| texts(field.node.get("identifiers")));
    Statement {
        allow: block.get("effect").and_then(Node::text).is_none_or(|effect| effect == "Allow"),
        actions: lower(&texts(block.get("actions"))),
        not_actions: block.get("not_actions").is_some(),
        resources: texts(block.get("resources")),
        principals: who.collect(),
        conditional: of("condition").next().is_some(),
        conditions: of("condition")
            .flat_map(|field| {
                let names = texts(field.node.get("variable"));
                let values = texts(field.node.get("values"));
                names.into_iter().map(move |name| (name.to_lowercase(), values.clone()))
            })
            .collect(),
    }
}

/// Every text in a value, a list, or the values of a map.
fn texts(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    match &node.value {
        Value::List(items) => items.iter().flat_map(|item| texts(Some(item))).collect(),
        Value::Object(fields) => fields.iter().flat_map(|f| texts(Some(&f.node))).collect(),
        Value::Partial(text) | Value::Reference(text) => vec![text.clone()],
        _ => node.text().map(str::to_owned).into_iter().collect(),
    }
}

fn lower(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.to_lowercase()).collect()
}

/// Text that is no JSON has no statements: it is not ours to judge.
fn of_text(text: &str) -> Vec<Statement> {
    let artifact = Artifact::new("policy.json", text.as_bytes().to_vec());
    let documents = artifact.data().unwrap_or_default();
    documents.first().map(|document| of_object(&converted(&document.root))).unwrap_or_default()
}

fn converted(node: &data::Node) -> Node {
    let value = if !node.items().is_empty() {
        Value::List(node.items().iter().map(converted).collect())
    } else if node.is_map() {
        let field = |entry: &data::Entry| pi_artifacts::terraform::Field {
            name: entry.key.clone(),
            name_span: entry.key_span,
            node: converted(&entry.value),
        };
        Value::Object(node.entries().iter().map(field).collect())
    } else {
        node.scalar().map_or(Value::Null, |text| Value::String(text.to_owned()))
    };
    Node { value, span: node.span }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_json_in_a_text() {
        let found = of_text(
            "{\"Statement\": {\"Effect\": \"Allow\", \"Action\": [\"s3:Get*\"], \
             \"Principal\": {\"AWS\": \"*\"}, \"Resource\": \"*\"}}",
        );
        assert!(found[0].for_anybody() && found[0].everywhere());
        assert!(found[0].grants("s3:getobject") && !found[0].grants("s3:putobject"));
        assert_eq!(of_text("no json"), Vec::new());
    }
}
