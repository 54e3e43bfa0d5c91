//! The graph of a composition: nodes placed by rank, edges checked.

use std::collections::{BTreeMap, BTreeSet};

use pi_agent_api::Phase;
use pi_core::Reason;

use crate::capability::ArtifactType;
use crate::condition::{self, Condition};
use crate::request::{Draft, EdgeKind};

/// Why nodes and edges are no composition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Two nodes share an id.
    #[error("two nodes are called `{0}`")]
    DuplicateNode(String),
    /// An edge or a dependency names a node that does not exist (GRAPH-2).
    #[error("{place} names `{node}`, and there is no such node")]
    MissingNode {
        /// Where: `nodes[1].dependencies[0]`.
        place: String,
        /// The id that names nothing.
        node: String,
    },
    /// Nodes wait for each other (GRAPH-1).
    #[error("these nodes wait for each other: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// An edge leads to an earlier phase.
    #[error("`{from}` belongs to {from_phase}, after `{to}`, which belongs to {to_phase}")]
    EarlierPhase {
        /// The source.
        from: String,
        /// Its phase.
        from_phase: Phase,
        /// The target.
        to: String,
        /// Its phase.
        to_phase: Phase,
    },
    /// A node takes nothing of what it is handed.
    #[error("`{node}` takes {}, and `{from}` hands over {found}", list(.expected))]
    Type {
        /// The target.
        node: String,
        /// The source.
        from: String,
        /// What the source hands over.
        found: ArtifactType,
        /// What the target takes.
        expected: &'static [ArtifactType],
    },
    /// A node that needs an input waits for no node.
    #[error("`{node}` needs {}, and waits for no node", list(.expected))]
    NoInput {
        /// The node.
        node: String,
        /// What it takes.
        expected: &'static [ArtifactType],
    },
    /// The condition of an edge cannot be read.
    #[error("the condition of `{from}` -> `{to}`: {problem}")]
    Condition {
        /// The source.
        from: String,
        /// The target.
        to: String,
        /// What is wrong, and where.
        problem: condition::ParseError,
    },
    /// An edge does not keep what its type promises.
    #[error("edge `{from}` -> `{to}`: {problem}")]
    Edge {
        /// The source.
        from: String,
        /// The target.
        to: String,
        /// What is wrong.
        problem: String,
    },
}

fn list(types: &[ArtifactType]) -> String {
    if types.is_empty() {
        return "no input".to_owned();
    }
    types.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ")
}

impl GraphError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            GraphError::MissingNode { .. } => Reason::MissingNodeReference,
            GraphError::Cycle(_) => Reason::DagContainsCycle,
            GraphError::EarlierPhase { .. } => Reason::EdgeToEarlierPhase,
            GraphError::Type { .. } | GraphError::NoInput { .. } => Reason::ArtifactTypeMismatch,
            GraphError::Condition { problem, .. } => problem.reason(),
            GraphError::DuplicateNode(_) | GraphError::Edge { .. } => Reason::InvalidRequest,
        }
    }
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The source's index.
    pub from: usize,
    /// The kind of the edge. `Parallel` here: only the end is waited for.
    pub kind: EdgeKind,
    /// The condition of a conditional edge.
    pub condition: Option<Condition>,
}

/// A node's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its phase.
    pub phase: Phase,
    /// Nodes on the longest path to it, without itself.
    pub rank: usize,
    /// What it waits for, by source.
    pub incoming: Vec<Incoming>,
    /// Number of nodes it leads to.
    pub fanout: usize,
}

/// Nodes with their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    places: Vec<Place>,
    order: Vec<usize>,
}

impl Graph {
    /// Places the nodes of a draft.
    pub fn new(draft: &Draft) -> Result<Self, GraphError> {
        let ids = ids(draft)?;
        let mut incoming = edges(draft, &ids)?;
        check_fans(draft, &incoming)?;
        let ranks = ranks(draft, &incoming)?;
        let parallel = join_parallel(draft, &ids, &mut incoming)?;
        // Pairs that start together wait for more than their own edges say.
        let ranks = if parallel { self::ranks(draft, &incoming)? } else { ranks };
        check_hand_over(draft, &incoming)?;
        let fanout = fanout(&incoming);
        let places: Vec<Place> = draft
            .nodes
            .iter()
            .zip(incoming)
            .zip(ranks.into_iter().zip(fanout))
            .map(|((node, incoming), (rank, fanout))| Place {
                phase: node.capability.phase(),
                rank,
                incoming,
                fanout,
            })
            .collect();
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by_key(|index| {
            let place = places.get(*index).map(|place| (place.phase, place.rank));
            (place, draft.nodes.get(*index).map(|node| node.id.as_str()))
        });
        Ok(Self { places, order })
    }

    /// The place of a node.
    pub fn place(&self, node: usize) -> Option<&Place> {
        self.places.get(node)
    }

    /// All nodes by phase, rank and id: the order of their receipts.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The nodes of a phase in groups of one rank.
    pub fn groups(&self, phase: Phase) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for node in &self.order {
            if let Some(place) = self.place(*node).filter(|place| place.phase == phase) {
                groups.entry(place.rank).or_default().push(*node);
            }
        }
        groups.into_values().collect()
    }

    /// Nodes on the longest path.
    pub fn depth(&self) -> usize {
        self.places.iter().map(|place| place.rank + 1).max().unwrap_or(0)
    }

    /// The most nodes that one node leads to.
    pub fn max_fanout(&self) -> usize {
        self.places.iter().map(|place| place.fanout).max().unwrap_or(0)
    }
}

fn ids(draft: &Draft) -> Result<BTreeMap<&str, usize>, GraphError> {
    let mut ids = BTreeMap::new();
    for (index, node) in draft.nodes.iter().enumerate() {
        if ids.insert(node.id.as_str(), index).is_some() {
            return Err(GraphError::DuplicateNode(node.id.clone()));
        }
    }
    Ok(ids)
}

fn id(draft: &Draft, index: usize) -> String {
    draft.nodes.get(index).map(|node| node.id.clone()).unwrap_or_default()
}

/// Every waiting edge by target. A pair that two edges connect keeps both, but
/// an edge between a dependency's nodes replaces the dependency.
fn edges(draft: &Draft, ids: &BTreeMap<&str, usize>) -> Result<Vec<Vec<Incoming>>, GraphError> {
    let find = |name: &str, place: String| {
        ids.get(name).copied().ok_or(GraphError::MissingNode { place, node: name.to_owned() })
    };
    let mut incoming: Vec<Vec<Incoming>> = vec![Vec::new(); draft.nodes.len()];
    for (at, edge) in draft.edges.iter().enumerate() {
        let from = find(&edge.from, format!("edges[{at}].from"))?;
        let to = find(&edge.to, format!("edges[{at}].to"))?;
        let wrong = |problem: &str| GraphError::Edge {
            from: edge.from.clone(),
            to: edge.to.clone(),
            problem: problem.to_owned(),
        };
        match (edge.kind, &edge.condition) {
            (EdgeKind::Conditional, None) => return Err(wrong("it has no condition")),
            (EdgeKind::Conditional, Some(_)) => {}
            (_, Some(_)) => return Err(wrong("only conditional edges have a condition")),
            (EdgeKind::Parallel, None) => continue,
            _ => {}
        }
        if let Some(waits) = incoming.get_mut(to) {
            if waits.iter().any(|other| other.from == from && other.kind == edge.kind) {
                return Err(wrong("it is given twice"));
            }
            let condition = edge.condition.as_deref().map(Condition::parse).transpose();
            let condition = condition.map_err(|problem| GraphError::Condition {
                from: edge.from.clone(),
                to: edge.to.clone(),
                problem,
            })?;
            waits.push(Incoming { from, kind: edge.kind, condition });
        }
    }
    for (to, node) in draft.nodes.iter().enumerate() {
        for (at, name) in node.dependencies.iter().enumerate() {
            let from = find(name, format!("nodes[{to}].dependencies[{at}]"))?;
            if let Some(waits) = incoming.get_mut(to)
                && !waits.iter().any(|other| other.from == from)
            {
                waits.push(Incoming { from, kind: EdgeKind::Sequential, condition: None });
            }
        }
    }
    for waits in &mut incoming {
        waits.sort_by_key(|edge| (edge.from, edge.kind));
    }
    Ok(incoming)
}

/// Branches come in twos at least, and do not wait for each other.
fn check_fans(draft: &Draft, incoming: &[Vec<Incoming>]) -> Result<(), GraphError> {
    let mut branches: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (to, waits) in incoming.iter().enumerate() {
        let meet = waits.iter().filter(|edge| edge.kind == EdgeKind::FanIn).count();
        if let (1, Some(edge)) = (meet, waits.iter().find(|edge| edge.kind == EdgeKind::FanIn)) {
            return Err(GraphError::Edge {
                from: id(draft, edge.from),
                to: id(draft, to),
                problem: "FAN_IN joins two or more branches".to_owned(),
            });
        }
        for edge in waits.iter().filter(|edge| edge.kind == EdgeKind::FanOut) {
            branches.entry(edge.from).or_default().push(to);
        }
    }
    for (from, targets) in branches {
        let problem = match targets.as_slice() {
            [only] => Some((*only, "FAN_OUT leads to two or more branches".to_owned())),
            _ => targets.iter().find_map(|target| {
                let behind = reachable(incoming, *target);
                let other = targets.iter().find(|other| *other != target && behind.contains(other));
                other.map(|other| {
                    let (a, b) = (id(draft, *target), id(draft, *other));
                    (*target, format!("the branches `{a}` and `{b}` wait for each other"))
                })
            }),
        };
        if let Some((to, problem)) = problem {
            return Err(GraphError::Edge { from: id(draft, from), to: id(draft, to), problem });
        }
    }
    Ok(())
}

/// Nodes that `node` waits for, directly or not.
fn reachable(incoming: &[Vec<Incoming>], node: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = vec![node];
    while let Some(next) = open.pop() {
        for edge in incoming.get(next).into_iter().flatten() {
            if seen.insert(edge.from) {
                open.push(edge.from);
            }
        }
    }
    seen
}

/// Adds to each node of a parallel pair what the other waits for; whether there
/// is any pair.
fn join_parallel(
    draft: &Draft,
    ids: &BTreeMap<&str, usize>,
    incoming: &mut [Vec<Incoming>],
) -> Result<bool, GraphError> {
    let mut groups: Vec<BTreeSet<usize>> = Vec::new();
    for (at, edge) in draft.edges.iter().enumerate() {
        if edge.kind != EdgeKind::Parallel {
            continue;
        }
        let find = |name: &str, end: &str| {
            let place = format!("edges[{at}].{end}");
            ids.get(name).copied().ok_or(GraphError::MissingNode { place, node: name.to_owned() })
        };
        let (a, b) = (find(&edge.from, "from")?, find(&edge.to, "to")?);
        let phases = [a, b].map(|node| draft.nodes.get(node).map(|node| node.capability.phase()));
        let waits = |a, b| reachable(incoming, a).contains(&b);
        let problem = if a == b || waits(a, b) || waits(b, a) {
            Some("nodes that wait for each other do not start together")
        } else if phases[0] != phases[1] {
            Some("nodes of different phases do not start together")
        } else {
            None
        };
        if let Some(problem) = problem {
            let (from, to) = (edge.from.clone(), edge.to.clone());
            return Err(GraphError::Edge { from, to, problem: problem.to_owned() });
        }
        let mut group = BTreeSet::from([a, b]);
        groups.retain(|other| {
            let joins = !other.is_disjoint(&group);
            if joins {
                group.extend(other);
            }
            !joins
        });
        groups.push(group);
    }
    for group in &groups {
        let all: BTreeSet<usize> = group
            .iter()
            .filter_map(|node| incoming.get(*node))
            .flat_map(|waits| waits.iter().map(|edge| edge.from))
            .collect();
        for node in group {
            let Some(waits) = incoming.get_mut(*node) else { continue };
            let missing: Vec<usize> =
                all.iter().copied().filter(|from| waits.iter().all(|e| e.from != *from)).collect();
            waits.extend(missing.into_iter().map(|from| Incoming {
                from,
                kind: EdgeKind::Parallel,
                condition: None,
            }));
            waits.sort_by_key(|edge| (edge.from, edge.kind));
        }
    }
    Ok(!groups.is_empty())
}

/// Longest paths by Kahn's algorithm; what is left over stands on a cycle.
fn ranks(draft: &Draft, incoming: &[Vec<Incoming>]) -> Result<Vec<usize>, GraphError> {
    let mut outgoing: Vec<Vec<usize>> = vec![Vec::new(); incoming.len()];
    let mut open: Vec<usize> = Vec::with_capacity(incoming.len());
    for (to, waits) in incoming.iter().enumerate() {
        open.push(waits.len());
        for edge in waits {
            if let Some(targets) = outgoing.get_mut(edge.from) {
                targets.push(to);
            }
        }
    }
    let mut ranks = vec![0; incoming.len()];
    let mut ready: Vec<usize> =
        (0..open.len()).filter(|node| open.get(*node) == Some(&0)).collect();
    let mut placed = 0;
    while let Some(node) = ready.pop() {
        placed += 1;
        let next = ranks.get(node).copied().unwrap_or(0) + 1;
        for target in outgoing.get(node).into_iter().flatten() {
            if let Some(rank) = ranks.get_mut(*target) {
                *rank = next.max(*rank);
            }
            if let Some(left) = open.get_mut(*target) {
                *left -= 1;
                if *left == 0 {
                    ready.push(*target);
                }
            }
        }
    }
    if placed == incoming.len() { Ok(ranks) } else { Err(cycle(draft, incoming, &open)) }
}

/// Walks back from a node that is still open until a node repeats.
fn cycle(draft: &Draft, incoming: &[Vec<Incoming>], open: &[usize]) -> GraphError {
    let is_open = |node: usize| open.get(node).is_some_and(|left| *left > 0);
    let mut path: Vec<usize> = (0..open.len()).find(|node| is_open(*node)).into_iter().collect();
    while let Some(last) = path.last() {
        let before = incoming.get(*last).into_iter().flatten().map(|edge| edge.from);
        let Some(next) = before.into_iter().find(|from| is_open(*from)) else { break };
        if let Some(start) = path.iter().position(|node| *node == next) {
            let mut names: Vec<String> =
                path.iter().skip(start).rev().map(|node| id(draft, *node)).collect();
            names.extend(names.first().cloned());
            return GraphError::Cycle(names);
        }
        path.push(next);
    }
    GraphError::Cycle(path.into_iter().map(|node| id(draft, node)).collect())
}

/// Phases do not go back, and what is handed over is what the target takes.
fn check_hand_over(draft: &Draft, incoming: &[Vec<Incoming>]) -> Result<(), GraphError> {
    for (node, waits) in draft.nodes.iter().zip(incoming) {
        let expected = node.capability.inputs();
        for edge in waits {
            let Some(source) = draft.nodes.get(edge.from) else { continue };
            let (from_phase, to_phase) = (source.capability.phase(), node.capability.phase());
            if from_phase > to_phase {
                let (from, to) = (source.id.clone(), node.id.clone());
                return Err(GraphError::EarlierPhase { from, from_phase, to, to_phase });
            }
            let found = source.capability.output();
            if edge.kind != EdgeKind::Parallel && !expected.contains(&found) {
                let (node, from) = (node.id.clone(), source.id.clone());
                return Err(GraphError::Type { node, from, found, expected });
            }
        }
        let fed = waits.iter().any(|edge| edge.kind != EdgeKind::Parallel);
        if !expected.is_empty() && !fed {
            return Err(GraphError::NoInput { node: node.id.clone(), expected });
        }
    }
    Ok(())
}

fn fanout(incoming: &[Vec<Incoming>]) -> Vec<usize> {
    let mut targets: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); incoming.len()];
    for (to, waits) in incoming.iter().enumerate() {
        for edge in waits.iter().filter(|edge| edge.kind != EdgeKind::Parallel) {
            if let Some(set) = targets.get_mut(edge.from) {
                set.insert(to);
            }
        }
    }
    targets.into_iter().map(|set| set.len()).collect()
}
