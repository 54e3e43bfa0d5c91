//! `dependency_graph_analyzer`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::dependencies::Ecosystem;
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::graph::Graph;

const CYCLE: Rule = Rule {
    id: "dependency-cycle",
    summary: "packages that require each other in a circle",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-1047"],
    fix: "move what both need into a third package",
};

const DEEP: Rule = Rule {
    id: "deep-dependency-chain",
    summary: "a long chain of packages that require each other",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-1357"],
    fix: "replace a package of the chain that brings much and is used for little",
};

const POINT: Rule = Rule {
    id: "single-point-of-failure",
    summary: "a package through which many others come in",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &["CWE-1357"],
    fix: "watch this package's maintenance most closely, or replace it",
};

const MISSING: Rule = Rule {
    id: "missing-package",
    summary: "a required package that the lockfile does not hold",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-1357"],
    fix: "write the lockfile again",
};

declare_agent! {
    /// # What it checks
    /// The graph of a lockfile: circles (Tarjan's strongly connected components),
    /// the longest chain (on the graph of these components), packages through which
    /// alone many others are reached (dominators from the packages that nothing
    /// requires), and in `Cargo.lock` packages that are required and missing.
    ///
    /// # Why it matters
    /// Circles break builds and updates. A package that half of the tree comes
    /// through is the one whose take-over or disappearance hurts most.
    ///
    /// # Example denied
    /// ```text
    /// a requires b, b requires c, c requires a
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// a requires b and c, b requires c
    /// ```
    ///
    /// # Limits
    /// Several versions of one package are one node, so that a circle over two
    /// versions is reported too. A chain is long from 20 packages on; the one
    /// package with the most behind it is reported, when these are at least 20 and a
    /// third of all.
    /// In npm circles work, and in Cargo those of dependencies for development do;
    /// they count as information there. The
    /// graph is walked without recursion and with counted steps.
    ///
    /// # References
    /// CWE-1047 (modules with circular dependencies), CWE-1357 (reliance on
    /// insufficiently trustworthy component).
    pub struct DependencyGraphAnalyzer {
        slug: "dependency_graph_analyzer",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::NpmLock, Kind::YarnLock, Kind::PnpmLock, Kind::PythonLock, Kind::CargoLock],
        triggers: Always,
        invariant_to: ALL,
        rules: [CYCLE, DEEP, POINT, MISSING],
        fixture: include_str!("fixtures/dependency_graph_analyzer.md"),
        check: check,
    }
}

/// A chain of this many packages is long.
const LONG_CHAIN: usize = 20;

/// A package that brings this many others alone, and a third of all, is a single
/// point.
const MANY: usize = 20;

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let dependencies = artifact.dependencies()?;
    if !dependencies.locked {
        return Ok(());
    }
    let graph = Graph::new(dependencies, report)?;
    let components = graph.components(report)?;
    for members in components.iter().filter(|members| members.len() > 1) {
        cycle(&graph, members, dependencies.ecosystem, report);
    }
    let chain = graph.longest_chain(&components, report)?;
    if let (Some(first), Some(last)) = (chain.first(), chain.last())
        && chain.len() >= LONG_CHAIN
    {
        report
            .finding(&DEEP, graph.span(*first))
            .message(format!(
                "{} packages in a chain, from `{}` to `{}`",
                chain.len(),
                graph.name(*first),
                graph.name(*last)
            ))
            .subject(format!("{}/{}", graph.name(*first), graph.name(*last)));
    }
    points(&graph, report)?;
    if dependencies.ecosystem == Ecosystem::Cargo {
        for (from, name) in &graph.missing {
            report
                .finding(&MISSING, graph.span(*from))
                .message(format!("`{}` requires `{name}`, which is not locked", graph.name(*from)))
                .subject(format!("{}/{name}", graph.name(*from)));
        }
    }
    Ok(())
}

fn cycle(graph: &Graph, members: &[usize], ecosystem: Ecosystem, report: &mut Report) {
    /// Longer circles are shown by their first names.
    const SHOWN: usize = 6;
    let mut names: Vec<&str> = members.iter().map(|node| graph.name(*node)).collect();
    names.sort_unstable();
    let first = members.iter().min_by_key(|node| graph.span(**node)).copied().unwrap_or_default();
    let shown = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let finding = report
        .finding(&CYCLE, graph.span(first))
        .message(format!("{} packages require each other: {shown}", names.len()))
        .subject(names.join(" "));
    if matches!(ecosystem, Ecosystem::Npm | Ecosystem::Cargo) {
        finding.severity(Severity::Info);
    }
}

fn points(graph: &Graph, report: &mut Report) -> Result<(), Stop> {
    let roots = graph.roots();
    let sizes = graph.dominated(report)?;
    // Roots are what the project chose itself. Of the packages of one chain all
    // are single points; the first of them is the one to watch.
    let largest = sizes
        .into_iter()
        .enumerate()
        .filter(|(node, _)| !roots.contains(node))
        .max_by_key(|(node, size)| (*size, std::cmp::Reverse(graph.name(*node))));
    if let Some((node, size)) = largest
        && size >= MANY
        && size * 3 >= graph.len()
    {
        report
            .finding(&POINT, graph.span(node))
            .message(format!("{size} packages come in only through `{}`", graph.name(node)))
            .subject(graph.name(node));
    }
    Ok(())
}
