//! Build stages of a Dockerfile: which image, which user, what is shipped.

use std::collections::BTreeMap;

use pi_artifacts::dockerfile::{Dockerfile, Instruction, Stage, Word};

/// The stages with what is known about each.
pub(crate) struct Stages<'a> {
    /// The stages in order.
    pub stages: Vec<Stage<'a>>,
    /// Defaults of arguments before the first `FROM`.
    globals: BTreeMap<&'a str, String>,
}

impl<'a> Stages<'a> {
    /// The stages of a Dockerfile.
    pub(crate) fn of(dockerfile: &'a Dockerfile) -> Self {
        let mut globals = BTreeMap::new();
        for instruction in &dockerfile.instructions {
            if instruction.stage.is_none() && instruction.keyword == "ARG" {
                define(instruction, &mut globals);
            }
        }
        Self { stages: dockerfile.stages(), globals }
    }

    /// The image of a stage with the defaults of arguments filled in.
    pub(crate) fn image(&self, stage: &Stage<'_>) -> String {
        substitute(&stage.image.text, &self.globals)
    }

    /// The earlier stage that `name` means: its name, or its number.
    pub(crate) fn earlier(&self, before: usize, name: &str) -> Option<&Stage<'a>> {
        let earlier = self.stages.get(..before.min(self.stages.len()))?;
        earlier
            .iter()
            .rev()
            .find(|stage| stage.name.is_some_and(|own| own.eq_ignore_ascii_case(name)))
    }

    /// The final stage and those that it is built upon, final first.
    pub(crate) fn shipped(&self) -> Vec<&Stage<'a>> {
        let mut chain = Vec::new();
        let mut next = self.stages.last();
        while let Some(stage) = next {
            chain.push(stage);
            next = self.earlier(stage.index, &self.image(stage));
        }
        chain
    }

    /// The user that the final image runs as, and where it is set.
    pub(crate) fn user(&self) -> Option<(String, &'a Word)> {
        self.shipped().into_iter().find_map(|stage| {
            let mut scope = self.globals.clone();
            let mut user = None;
            for instruction in stage.instructions {
                match instruction.keyword.as_str() {
                    "ARG" | "ENV" => define(instruction, &mut scope),
                    "USER" => {
                        user = instruction.words().first().map(|w| (substitute(&w.text, &scope), w))
                    }
                    _ => {}
                }
            }
            user
        })
    }

    /// The instructions with this keyword that the final image inherits.
    pub(crate) fn inherits(&self, keyword: &str) -> bool {
        self.shipped()
            .iter()
            .any(|stage| stage.instructions.iter().any(|own| own.keyword == keyword))
    }

    /// The image from outside that the final stage is built upon.
    pub(crate) fn base(&self) -> Option<String> {
        self.shipped().last().map(|stage| self.image(stage))
    }
}

fn define<'a>(instruction: &'a Instruction, scope: &mut BTreeMap<&'a str, String>) {
    for pair in instruction.pairs() {
        if let Some(value) = &pair.value {
            let value = substitute(&value.text, scope);
            scope.insert(&pair.name.text, value);
        }
    }
}

/// Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}` by what
/// is known; the rest stays as written.
pub(crate) fn substitute(text: &str, scope: &BTreeMap<&str, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        let (before, variable) = rest.split_at(start);
        out.push_str(before);
        let (written, name, default) = variable_at(variable);
        match scope.get(name).map(String::as_str).filter(|value| !value.is_empty()).or(default) {
            Some(value) if !name.is_empty() => out.push_str(value),
            _ => out.push_str(written),
        }
        rest = variable.get(written.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The variable at the start of `text`: as written, its name, its default.
fn variable_at(text: &str) -> (&str, &str, Option<&str>) {
    let word = |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    if let Some(inner) = text.strip_prefix("${") {
        let Some(end) = inner.find('}') else { return (text, "", None) };
        let inner = inner.get(..end).unwrap_or_default();
        let name = inner.get(..word(inner).unwrap_or(inner.len())).unwrap_or_default();
        let modifier = inner.get(name.len()..).unwrap_or_default();
        let default = modifier.strip_prefix(":-").or_else(|| modifier.strip_prefix('-'));
        return (text.get(..end + 3).unwrap_or(text), name, default);
    }
    let after = text.get(1..).unwrap_or_default();
    let name = after.get(..word(after).unwrap_or(after.len())).unwrap_or_default();
    (text.get(..name.len() + 1).unwrap_or(text), name, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_where_they_are_known() {
        let scope = BTreeMap::from([("TAG", "1.2".to_owned()), ("EMPTY", String::new())]);
        for (text, expected) in [
            ("app:$TAG", "app:1.2"),
            ("app:${TAG}-slim", "app:1.2-slim"),
            ("app:${NONE:-3}", "app:3"),
            ("app:${EMPTY:-3}", "app:3"),
            ("app:$NONE", "app:$NONE"),
            ("a$", "a$"),
            ("${A", "${A"),
        ] {
            assert_eq!(substitute(text, &scope), expected, "{text}");
        }
    }
}
