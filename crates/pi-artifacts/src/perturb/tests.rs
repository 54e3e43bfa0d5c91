//! Copies mean the same, map back, and fool a text search.

use super::*;
use crate::data::{Data, Node};

const COMPOSE: &str = "services:\n  web:\n    image: nginx:1.27\n    privileged: true\n    user: app\n    ports:\n      - \"80:80\"\n  db:\n    image: postgres\n";
const DOCKERFILE: &str = "# syntax=docker/dockerfile:1\nFROM debian:12 AS build\nRUN apt-get update \\\n # why\n && apt-get install -y curl\nENV A=1 B=\"x y\"\nUSER root\nCMD [\"sh\"]\n";
const JSON: &str = "{\"a\": 1, \"b\": {\"c\": \"x\", \"d\": [true, null]}, \"e\": \"é\"}\n";
const TOML: &str = "[package]\nname = \"x\"\nversion = \"1\"\n\n[dependencies]\na = \"1\"\nb = { version = \"2\" }\n";

/// A tree without places, keys in order.
fn shape(node: &Node) -> String {
    match &node.value {
        Data::Map(entries) => {
            let mut parts: Vec<String> = entries
                .iter()
                .map(|entry| format!("{:?}:{}", entry.key, shape(&entry.value)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        Data::Sequence(items) => {
            format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(","))
        }
        Data::String { text, .. } => format!("{text:?}"),
        Data::Tagged { tag, value } => format!("!{tag} {}", shape(value)),
        other => format!("{other:?}"),
    }
}

fn data_shape(artifact: &Artifact) -> Vec<String> {
    artifact.data().unwrap().iter().map(|document| shape(&document.root)).collect()
}

fn copies(path: &str, text: &str) -> (Artifact, [Perturbed; 2]) {
    let original = Artifact::new(path, text.as_bytes().to_vec());
    let copies = [1, 2].map(|copy| perturb(&original, copy, Perturbations::ALL));
    (original, copies)
}

#[test]
fn data_copies_have_the_same_tree() {
    for (path, text) in [
        ("compose.yml", COMPOSE),
        ("x.json", JSON),
        ("list.json", "[{\"a\": 1, \"b\": 2},\n {\"c\": 3}]\n"),
        ("Cargo.toml", TOML),
    ] {
        let (original, copies) = copies(path, text);
        for copy in &copies {
            let changed = copy.artifact.text().unwrap();
            assert_eq!(data_shape(&copy.artifact), data_shape(&original), "{changed}");
        }
        assert_ne!(copies[1].artifact.bytes(), original.bytes());
    }
}

#[test]
fn dockerfile_copies_have_the_same_instructions() {
    let (original, copies) = copies("Dockerfile", DOCKERFILE);
    let shape = |artifact: &Artifact| -> Vec<String> {
        let file = artifact.dockerfile().unwrap();
        file.instructions
            .iter()
            .map(|i| {
                let words: Vec<&str> = i.words().iter().map(|w| w.text.as_str()).collect();
                let pairs: Vec<_> = i
                    .pairs()
                    .iter()
                    .map(|p| (&p.name.text, p.value.as_ref().map(|v| &v.text)))
                    .collect();
                format!("{} {words:?} {pairs:?} {:?}", i.keyword, i.stage)
            })
            .collect()
    };
    for copy in &copies {
        assert_eq!(shape(&copy.artifact), shape(&original), "{}", copy.artifact.text().unwrap());
    }
}

#[test]
fn spans_map_back_to_the_same_text() {
    let (original, copies) = copies("compose.yml", COMPOSE);
    for copy in &copies {
        for word in ["privileged", "postgres", "nginx:1.27"] {
            let text = copy.artifact.text().unwrap();
            // The last occurrence outside comments.
            let at = text
                .match_indices(word)
                .map(|(at, _)| at)
                .filter(|at| {
                    let line = text[..*at].rfind('\n').map_or(0, |n| n + 1);
                    !text[line..*at].contains('#')
                })
                .last()
                .unwrap();
            let back = copy.to_original(Span::new(at, at + word.len()));
            assert_eq!(original.slice(back), word, "{text}");
        }
    }
}

#[test]
fn a_text_search_dissents() {
    let (original, copies) = copies("compose.yml", COMPOSE);
    let count = |artifact: &Artifact| artifact.text().unwrap().matches("privileged: true").count();
    let exact = |artifact: &Artifact| {
        artifact.text().unwrap().lines().any(|line| line == "    privileged: true")
    };
    let fooled = |a: &Artifact| (count(a), exact(a)) != (count(&original), exact(&original));
    assert!(copies.iter().any(|copy| fooled(&copy.artifact)));
    let (original, copies) = self::copies("Dockerfile", DOCKERFILE);
    let users = |artifact: &Artifact| {
        artifact.text().unwrap().lines().filter(|line| line.contains("USER ")).count()
    };
    assert!(copies.iter().any(|copy| users(&copy.artifact) != users(&original)));
}

#[test]
fn copies_are_always_the_same() {
    for _ in 0..2 {
        let (_, first) = copies("compose.yml", COMPOSE);
        let (_, second) = copies("compose.yml", COMPOSE);
        for (a, b) in first.iter().zip(&second) {
            assert_eq!(a.artifact.bytes(), b.artifact.bytes());
        }
    }
}

#[test]
fn nothing_is_changed_that_is_not_allowed() {
    let original = Artifact::new("compose.yml", COMPOSE.as_bytes().to_vec());
    let none = Perturbation::ALL.iter().fold(Perturbations::ALL, |set, one| set.without(*one));
    for copy in [1, 2] {
        assert_eq!(perturb(&original, copy, none).artifact.bytes(), original.bytes());
    }
}

const TERRAFORM: &str = "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"x\"\n  acl    = \"private\"\n  force  = true\n\n  versioning {\n    enabled = true\n  }\n  policy = <<EOF\n# not a comment\nEOF\n}\n";

#[test]
fn terraform_copies_have_the_same_attributes() {
    let (original, copies) = copies("main.tf", TERRAFORM);
    let shape = |artifact: &Artifact| {
        let mut all = Vec::new();
        artifact.hcl().unwrap().walk(&mut |path, attribute| {
            all.push(format!("{} {:?}", path.join("/"), attribute.value.data));
        });
        all.sort();
        all
    };
    for copy in &copies {
        assert_eq!(shape(&copy.artifact), shape(&original), "{}", copy.artifact.text().unwrap());
    }
    assert_ne!(copies[1].artifact.bytes(), original.bytes());
}

#[test]
fn settings_copies_have_the_same_values() {
    let (original, copies) = copies(".env", "# c\nA=1\nB=x/y\nexport C=z\n");
    let shape = |artifact: &Artifact| -> Vec<(String, String)> {
        artifact.settings().unwrap().iter().map(|s| (s.name.clone(), s.value.clone())).collect()
    };
    for copy in &copies {
        assert_eq!(shape(&copy.artifact), shape(&original), "{}", copy.artifact.text().unwrap());
    }
}

const NGINX: &str = "server {\n  listen 80;\n  server_name \"a.example\" b.example;\n  location ~ \\.php$ {\n    if ($http_x = \"y\") {\n      return 403;\n    }\n    proxy_pass http://app$request_uri; # why\n  }\n}\n";

#[test]
fn nginx_copies_have_the_same_directives() {
    fn shape(directives: &[crate::nginx::Directive]) -> Vec<String> {
        let one = |d: &crate::nginx::Directive| {
            let words: Vec<&str> = d.arguments.iter().map(|word| word.text.as_str()).collect();
            format!("{} {words:?} {:?}", d.name.text, shape(d.children()))
        };
        directives.iter().map(one).collect()
    }
    let (original, copies) = copies("nginx.conf", NGINX);
    let expected = shape(&original.nginx().unwrap().directives);
    for copy in &copies {
        let text = copy.artifact.text().unwrap();
        assert_eq!(shape(&copy.artifact.nginx().unwrap().directives), expected, "{text}");
        assert_ne!(copy.artifact.bytes(), original.bytes());
        let at = text.rfind("$request_uri").unwrap();
        let back = copy.to_original(Span::new(at, at + 12));
        assert_eq!(original.slice(back), "$request_uri", "{text}");
    }
}
