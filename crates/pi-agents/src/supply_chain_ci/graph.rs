//! The graph of packages in a lockfile. Every walk is iterative and counts its
//! steps, because lockfiles are input from outside.

use std::collections::{BTreeMap, VecDeque};

use pi_agent_api::{Report, Stop};
use pi_artifacts::Span;
use pi_artifacts::dependencies::Dependencies;

/// Packages (by name; several versions of one package are one node) and what
/// they require.
pub struct Graph<'a> {
    names: Vec<&'a str>,
    spans: Vec<Span>,
    index: BTreeMap<&'a str, usize>,
    edges: Vec<Vec<usize>>,
    /// Packages that are required and not in the lockfile, with who requires them.
    pub missing: Vec<(usize, &'a str)>,
}

impl<'a> Graph<'a> {
    /// The graph of a lockfile.
    ///
    /// # Errors
    /// The steps are spent.
    pub fn new(dependencies: &'a Dependencies, report: &mut Report) -> Result<Self, Stop> {
        let mut graph = Graph {
            names: Vec::new(),
            spans: Vec::new(),
            index: BTreeMap::new(),
            edges: Vec::new(),
            missing: Vec::new(),
        };
        for item in &dependencies.items {
            graph.index.entry(&item.name).or_insert_with(|| {
                graph.names.push(&item.name);
                graph.spans.push(item.span);
                graph.names.len() - 1
            });
        }
        graph.edges = vec![Vec::new(); graph.names.len()];
        for item in &dependencies.items {
            report.tick(1 + item.requires.len() as u64)?;
            let Some(from) = graph.index(&item.name) else { continue };
            for required in &item.requires {
                match graph.index(required) {
                    Some(to) => graph.edges.get_mut(from).into_iter().for_each(|e| e.push(to)),
                    None => graph.missing.push((from, required)),
                }
            }
        }
        for edges in &mut graph.edges {
            edges.sort_unstable();
            edges.dedup();
        }
        Ok(graph)
    }

    /// Number of packages.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The node of a package.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// The name of a node.
    pub fn name(&self, node: usize) -> &'a str {
        self.names.get(node).copied().unwrap_or_default()
    }

    /// Where a package stands in the lockfile.
    pub fn span(&self, node: usize) -> Span {
        self.spans.get(node).copied().unwrap_or_default()
    }

    /// What a package requires.
    pub fn edges(&self, node: usize) -> &[usize] {
        self.edges.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    /// Packages that nothing else requires.
    pub fn roots(&self) -> Vec<usize> {
        let mut required = vec![false; self.len()];
        for (from, edges) in self.edges.iter().enumerate() {
            for to in edges.iter().filter(|to| **to != from) {
                required.get_mut(*to).into_iter().for_each(|slot| *slot = true);
            }
        }
        (0..self.len()).filter(|node| required.get(*node) == Some(&false)).collect()
    }

    /// For every package the one before it on a shortest way from a root.
    ///
    /// # Errors
    /// The steps are spent.
    pub fn breadth_first(&self, report: &mut Report) -> Result<Vec<Option<usize>>, Stop> {
        let mut before = vec![None; self.len()];
        let mut seen = vec![false; self.len()];
        let mut queue: VecDeque<usize> = self.roots().into();
        for root in &queue {
            seen.get_mut(*root).into_iter().for_each(|slot| *slot = true);
        }
        while let Some(node) = queue.pop_front() {
            for to in self.edges(node) {
                report.tick(1)?;
                if let Some(slot) = seen.get_mut(*to)
                    && !*slot
                {
                    *slot = true;
                    before.get_mut(*to).into_iter().for_each(|slot| *slot = Some(node));
                    queue.push_back(*to);
                }
            }
        }
        Ok(before)
    }

    /// The strongly connected components (Tarjan), each after all that it
    /// requires.
    ///
    /// # Errors
    /// The steps are spent.
    pub fn components(&self, report: &mut Report) -> Result<Vec<Vec<usize>>, Stop> {
        let mut tarjan = Tarjan {
            number: vec![None; self.len()],
            low: vec![0; self.len()],
            on_stack: vec![false; self.len()],
            stack: Vec::new(),
            next: 0,
            components: Vec::new(),
        };
        for root in 0..self.len() {
            if tarjan.number.get(root) == Some(&None) {
                tarjan.walk(self, root, report)?;
            }
        }
        Ok(tarjan.components)
    }

    /// The longest chain of packages, cycles counted as one link.
    ///
    /// # Errors
    /// The steps are spent.
    pub fn longest_chain(
        &self,
        components: &[Vec<usize>],
        report: &mut Report,
    ) -> Result<Vec<usize>, Stop> {
        let mut component_of = vec![0usize; self.len()];
        for (at, members) in components.iter().enumerate() {
            for member in members {
                component_of.get_mut(*member).into_iter().for_each(|slot| *slot = at);
            }
        }
        // Components come after what they require: one pass is enough.
        let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(components.len());
        for (at, members) in components.iter().enumerate() {
            let mut longest = (1, None);
            for to in members.iter().flat_map(|member| self.edges(*member)) {
                report.tick(1)?;
                let next = component_of.get(*to).copied().unwrap_or_default();
                let length = best.get(next).map_or(0, |(length, _)| *length);
                if next != at && length + 1 > longest.0 {
                    longest = (length + 1, Some(next));
                }
            }
            best.push(longest);
        }
        let mut at = (0..best.len()).max_by_key(|at| {
            (
                best.get(*at).map(|(length, _)| *length),
                std::cmp::Reverse(self.first_name(components, *at)),
            )
        });
        let mut chain = Vec::new();
        while let Some(component) = at {
            chain.extend(
                components.get(component).and_then(|members| members.iter().min().copied()),
            );
            at = best.get(component).and_then(|(_, next)| *next);
        }
        Ok(chain)
    }

    fn first_name(&self, components: &[Vec<usize>], at: usize) -> &str {
        components
            .get(at)
            .and_then(|members| members.iter().map(|m| self.name(*m)).min())
            .unwrap_or_default()
    }

    /// How many packages can be reached from the roots only through each
    /// package (itself excluded): the size of its dominator subtree.
    ///
    /// # Errors
    /// The steps are spent.
    pub fn dominated(&self, report: &mut Report) -> Result<Vec<usize>, Stop> {
        super::dominators::subtree_sizes(self, report)
    }
}

struct Tarjan {
    number: Vec<Option<usize>>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
    components: Vec<Vec<usize>>,
}

impl Tarjan {
    fn enter(&mut self, node: usize) {
        let number = self.next;
        self.next += 1;
        self.number.get_mut(node).into_iter().for_each(|slot| *slot = Some(number));
        self.low.get_mut(node).into_iter().for_each(|slot| *slot = number);
        self.on_stack.get_mut(node).into_iter().for_each(|slot| *slot = true);
        self.stack.push(node);
    }

    fn lower(&mut self, node: usize, to: usize) {
        self.low.get_mut(node).into_iter().for_each(|slot| *slot = (*slot).min(to));
    }

    fn walk(&mut self, graph: &Graph, root: usize, report: &mut Report) -> Result<(), Stop> {
        let mut calls = vec![(root, 0usize)];
        self.enter(root);
        while let Some((node, at)) = calls.last_mut() {
            report.tick(1)?;
            let node = *node;
            if let Some(to) = graph.edges(node).get(*at).copied() {
                *at += 1;
                match self.number.get(to).copied().flatten() {
                    None => {
                        self.enter(to);
                        calls.push((to, 0));
                    }
                    Some(number) if self.on_stack.get(to) == Some(&true) => {
                        self.lower(node, number)
                    }
                    Some(_) => {}
                }
                continue;
            }
            calls.pop();
            let low = self.low.get(node).copied().unwrap_or_default();
            if let Some((parent, _)) = calls.last() {
                self.lower(*parent, low);
            }
            if self.number.get(node).copied().flatten() == Some(low) {
                self.close(node);
            }
        }
        Ok(())
    }

    fn close(&mut self, node: usize) {
        let mut members = Vec::new();
        while let Some(member) = self.stack.pop() {
            self.on_stack.get_mut(member).into_iter().for_each(|slot| *slot = false);
            members.push(member);
            if member == node {
                break;
            }
        }
        members.sort_unstable();
        self.components.push(members);
    }
}
