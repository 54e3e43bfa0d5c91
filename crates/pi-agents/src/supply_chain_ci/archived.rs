//! Repositories of well-known actions and hooks that are archived.

/// `owner/repository` in lower case, sorted.
const ARCHIVED: &[&str] = &[
    "8398a7/action-slack",
    "actions-rs/audit-check",
    "actions-rs/cargo",
    "actions-rs/clippy-check",
    "actions-rs/grcov",
    "actions-rs/install",
    "actions-rs/tarpaulin",
    "actions-rs/toolchain",
    "actions/create-release",
    "actions/setup-elixir",
    "actions/setup-haskell",
    "actions/setup-ruby",
    "actions/upload-release-asset",
    "artichoke/setup-rust",
    "azure/appservice-actions",
    "azure/container-actions",
    "azure/get-keyvault-secrets",
    "azure/k8s-actions",
    "cedrickring/golang-action",
    "crazy-max/ghaction-docker-buildx",
    "gradle/gradle-build-action",
    "marvinpinto/action-automatic-releases",
    "marvinpinto/actions",
    "pre-commit/mirrors-autopep8",
    "pre-commit/mirrors-isort",
    "pre-commit/mirrors-prettier",
    "repo-sync/pull-request",
    "technote-space/get-diff-action",
    "tibdex/github-app-token",
    "whelk-io/maven-settings-xml-action",
];

/// Whether a repository is known to be archived.
pub fn is_archived(owner: &str, repository: &str) -> bool {
    let name = format!("{owner}/{repository}").to_ascii_lowercase();
    ARCHIVED.binary_search(&name.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_found_in() {
        assert!(ARCHIVED.is_sorted());
        assert!(is_archived("Actions-RS", "toolchain"));
        assert!(!is_archived("actions", "checkout"));
    }
}
