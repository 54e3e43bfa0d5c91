//! Dominators of a package graph (Cooper, Harvey and Kennedy): a package
//! dominates another when every way from the roots to it leads through the
//! first.

use pi_agent_api::{Report, Stop};

use super::graph::Graph;

/// The number of packages each package dominates, itself excluded.
pub fn subtree_sizes(graph: &Graph, report: &mut Report) -> Result<Vec<usize>, Stop> {
    let count = graph.len();
    // One virtual node above all roots.
    let top = count;
    let order = reverse_postorder(graph, top, report)?;
    let mut rank = vec![usize::MAX; count + 1];
    for (at, node) in order.iter().enumerate() {
        rank.get_mut(*node).into_iter().for_each(|slot| *slot = at);
    }
    let predecessors = predecessors(graph, top);
    let mut dominator: Vec<Option<usize>> = vec![None; order.len()];
    dominator.first_mut().into_iter().for_each(|slot| *slot = Some(0));
    let mut changed = true;
    while changed {
        changed = false;
        for (at, node) in order.iter().enumerate().skip(1) {
            let mut new = None;
            for before in predecessors.get(*node).into_iter().flatten() {
                report.tick(1)?;
                let before = rank.get(*before).copied().unwrap_or(usize::MAX);
                if dominator.get(before).copied().flatten().is_some() {
                    new = Some(match new {
                        None => before,
                        Some(other) => meet(&dominator, before, other, report)?,
                    });
                }
            }
            if let Some(slot) = dominator.get_mut(at)
                && *slot != new
            {
                *slot = new;
                changed = true;
            }
        }
    }
    // Children come after their dominator in the order: sum from the back.
    let mut below = vec![0usize; order.len()];
    for at in (1..order.len()).rev() {
        let size = below.get(at).copied().unwrap_or_default() + 1;
        if let Some(slot) = dominator.get(at).copied().flatten().and_then(|up| below.get_mut(up)) {
            *slot += size;
        }
    }
    let mut sizes = vec![0usize; count];
    for (at, node) in order.iter().enumerate() {
        if let (Some(slot), Some(size)) = (sizes.get_mut(*node), below.get(at)) {
            *slot = *size;
        }
    }
    Ok(sizes)
}

/// The nearest common dominator of two nodes, by their ranks.
fn meet(
    dominator: &[Option<usize>],
    mut a: usize,
    mut b: usize,
    report: &mut Report,
) -> Result<usize, Stop> {
    while a != b {
        report.tick(1)?;
        if a > b {
            a = dominator.get(a).copied().flatten().unwrap_or(0);
        } else {
            b = dominator.get(b).copied().flatten().unwrap_or(0);
        }
    }
    Ok(a)
}

fn reverse_postorder(graph: &Graph, top: usize, report: &mut Report) -> Result<Vec<usize>, Stop> {
    let roots = graph.roots();
    let edges = |node: usize| if node == top { roots.as_slice() } else { graph.edges(node) };
    let mut seen = vec![false; top + 1];
    let mut order = Vec::new();
    let mut calls = vec![(top, 0usize)];
    seen.get_mut(top).into_iter().for_each(|slot| *slot = true);
    while let Some((node, at)) = calls.last_mut() {
        report.tick(1)?;
        match edges(*node).get(*at).copied() {
            Some(to) => {
                *at += 1;
                if let Some(slot) = seen.get_mut(to)
                    && !*slot
                {
                    *slot = true;
                    calls.push((to, 0));
                }
            }
            None => {
                order.push(*node);
                calls.pop();
            }
        }
    }
    order.reverse();
    Ok(order)
}

fn predecessors(graph: &Graph, top: usize) -> Vec<Vec<usize>> {
    let mut predecessors = vec![Vec::new(); top + 1];
    for from in 0..graph.len() {
        for to in graph.edges(from) {
            predecessors.get_mut(*to).into_iter().for_each(|list: &mut Vec<usize>| list.push(from));
        }
    }
    for root in graph.roots() {
        predecessors.get_mut(root).into_iter().for_each(|list| list.push(top));
    }
    predecessors
}
