//! The Merkle tree of RFC 6962, section 2.1.

use pi_core::{Digest, Hasher};

/// The hash of a leaf.
pub fn leaf_hash(event_hash: &Digest) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&[0]).update(event_hash.as_bytes());
    hasher.finish()
}

fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&[1]).update(left.as_bytes()).update(right.as_bytes());
    hasher.finish()
}

/// Roots are kept of the complete subtrees of `2^4`, `2^8`, `2^12`, ... leaves: with
/// them a proof reads a few dozen hashes, however large the tree is.
pub const KEPT_EVERY: u32 = 4;

/// A tree that only grows, kept as the roots of its complete subtrees, largest
/// first: one for each bit of the size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    peaks: Vec<Digest>,
}

impl Tree {
    /// From a size and its peaks; `None` when the number of peaks does not fit.
    pub fn from_peaks(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        (size.count_ones() as usize == peaks.len()).then_some(Self { size, peaks })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, largest first.
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// Appends a leaf. Gives the roots to keep of the subtrees that it completes,
    /// smallest first (see [`KEPT_EVERY`]).
    pub fn push(&mut self, event_hash: &Digest) -> Vec<Digest> {
        let mut hash = leaf_hash(event_hash);
        let mut kept = Vec::new();
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            if height.is_multiple_of(KEPT_EVERY) {
                kept.push(hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
        kept
    }

    /// The root.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
            None => Digest::of(b""),
        }
    }
}

/// All nodes of a tree, for many proofs.
pub struct Nodes {
    /// `levels[k]` holds the roots of the complete subtrees of `2^k` leaves.
    levels: Vec<Vec<Digest>>,
    size: usize,
}

impl Nodes {
    /// The nodes above `leaves` (leaf hashes).
    pub fn new(leaves: Vec<Digest>) -> Self {
        let size = leaves.len();
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = above(below);
            levels.push(above);
        }
        Self { levels, size }
    }

    /// The root.
    pub fn root(&self) -> Digest {
        self.subtree(0, self.size)
    }

    /// The root of the leaves `start..end`, a part that splitting reaches.
    fn subtree(&self, start: usize, end: usize) -> Digest {
        let count = end - start;
        if count == 0 {
            return Digest::of(b"");
        }
        let level = count.trailing_zeros() as usize;
        if count.is_power_of_two()
            && let Some(node) = self.levels.get(level).and_then(|nodes| nodes.get(start >> level))
        {
            return *node;
        }
        let middle = start + usize::try_from(split(count as u64)).unwrap_or(count);
        node_hash(&self.subtree(start, middle), &self.subtree(middle, end))
    }

    /// The audit path of leaf `index`.
    pub fn inclusion(&self, index: usize) -> Option<Vec<Digest>> {
        Some(self.hashes(&inclusion_path(index as u64, self.size as u64)?))
    }

    /// The consistency proof between the first `old` leaves and all.
    pub fn consistency(&self, old: usize) -> Option<Vec<Digest>> {
        Some(self.hashes(&consistency_path(old as u64, self.size as u64)?))
    }

    fn hashes(&self, path: &[Part]) -> Vec<Digest> {
        let index = |leaf| usize::try_from(leaf).unwrap_or(usize::MAX).min(self.size);
        path.iter().map(|part| self.subtree(index(part.start), index(part.end))).collect()
    }
}

/// Leaves `start..end`, a part that splitting a tree reaches; proofs consist of the
/// roots of such parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first leaf.
    pub start: u64,
    /// Behind the last leaf.
    pub end: u64,
}

impl Part {
    /// The root, from the roots of complete subtrees: `node` is asked for that of the
    /// leaves `number * 2^height..(number + 1) * 2^height`.
    pub fn root<E>(
        self,
        node: &mut impl FnMut(u32, u64) -> Result<Digest, E>,
    ) -> Result<Digest, E> {
        let count = self.end.saturating_sub(self.start);
        if count.is_power_of_two() {
            let height = count.trailing_zeros();
            return node(height, self.start >> height);
        }
        if count == 0 {
            return Ok(Digest::of(b""));
        }
        let (left, right) = self.halves();
        Ok(node_hash(&left.root(node)?, &right.root(node)?))
    }

    /// The two parts of a part of at least two leaves.
    fn halves(self) -> (Self, Self) {
        let middle = self.start + split(self.end - self.start);
        (Self { end: middle, ..self }, Self { start: middle, ..self })
    }
}

/// The root above `level`, the roots of neighbouring complete subtrees; their number
/// is a power of two.
pub fn root_of_level(mut level: Vec<Digest>) -> Option<Digest> {
    while level.len() > 1 {
        level = above(&level);
    }
    level.pop()
}

/// The roots above neighbouring pairs.
fn above(level: &[Digest]) -> Vec<Digest> {
    let parent = |pair: &[Digest]| match pair {
        [left, right] => Some(node_hash(left, right)),
        _ => None,
    };
    level.chunks_exact(2).filter_map(parent).collect()
}

/// The parts whose roots are the audit path of leaf `index` in a tree of `size`
/// (RFC 6962, section 2.1.1); `None` when there is no such leaf.
pub fn inclusion_path(index: u64, size: u64) -> Option<Vec<Part>> {
    if index >= size {
        return None;
    }
    let mut path = Vec::new();
    let mut part = Part { start: 0, end: size };
    while part.end - part.start > 1 {
        let (left, right) = part.halves();
        if index < left.end {
            path.push(right);
            part = left;
        } else {
            path.push(left);
            part = right;
        }
    }
    path.reverse();
    Some(path)
}

/// The parts whose roots are the consistency proof between the first `old` leaves and
/// all of `size` (RFC 6962, section 2.1.2); `None` when `old` is zero or too large.
pub fn consistency_path(old: u64, size: u64) -> Option<Vec<Part>> {
    if old == 0 || old > size {
        return None;
    }
    let mut path = Vec::new();
    let mut part = Part { start: 0, end: size };
    while old < part.end {
        let (left, right) = part.halves();
        if old <= left.end {
            path.push(right);
            part = left;
        } else {
            path.push(left);
            part = right;
        }
    }
    if part.start > 0 {
        path.push(part);
    }
    path.reverse();
    Some(path)
}

/// The largest power of two below `count` (which is at least 2).
fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// The root that `path` leads to from a leaf (RFC 9162, section 2.1.3.2);
/// `None` when the path has the wrong length.
pub fn root_from_inclusion(leaf: Digest, index: u64, size: u64, path: &[Digest]) -> Option<Digest> {
    if index >= size {
        return None;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// Whether `path` proves that the tree of `old` leaves with `old_root` is a
/// prefix of the tree of `new` leaves with `new_root` (RFC 9162, 2.1.4.2).
pub fn verify_consistency(
    old: u64,
    old_root: Digest,
    new: u64,
    new_root: Digest,
    path: &[Digest],
) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    let mut path = path.iter();
    let first = if old.is_power_of_two() { Some(&old_root) } else { path.next() };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == old_root && new_hash == new_root
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(count: usize) -> Vec<Digest> {
        (0..count).map(|n| Digest::of(&n.to_be_bytes())).collect()
    }

    fn leaves(events: &[Digest]) -> Vec<Digest> {
        events.iter().map(leaf_hash).collect()
    }

    #[test]
    fn the_growing_tree_has_the_recursive_root() {
        let mut tree = Tree::default();
        for count in 0..130 {
            let events = events(count);
            assert_eq!(tree.root(), Nodes::new(leaves(&events)).root(), "{count}");
            assert_eq!(Tree::from_peaks(tree.size(), tree.peaks().to_vec()), Some(tree.clone()));
            tree.push(&Digest::of(&count.to_be_bytes()));
        }
    }

    /// What a store keeps: the roots that `push` gives, by height and number.
    fn kept(events: &[Digest]) -> std::collections::BTreeMap<(u32, u64), Digest> {
        let mut tree = Tree::default();
        let mut kept = std::collections::BTreeMap::new();
        for event in events {
            for (index, root) in (1..).zip(tree.push(event)) {
                let height = index * KEPT_EVERY;
                kept.insert((height, (tree.size() - 1) >> height), root);
            }
        }
        kept
    }

    #[test]
    fn the_kept_roots_are_those_of_the_complete_subtrees() {
        let events = events(5000);
        let nodes = Nodes::new(leaves(&events));
        let kept = kept(&events);
        assert_eq!(kept.len(), 5000 / 16 + 5000 / 256 + 5000 / 4096);
        for ((height, number), root) in kept {
            assert_eq!(root, nodes.levels[height as usize][usize::try_from(number).unwrap()]);
        }
    }

    #[test]
    fn every_proof_of_small_trees_verifies_and_no_other() {
        for count in 1..40 {
            let leaves = leaves(&events(count));
            let nodes = Nodes::new(leaves.clone());
            let top = nodes.root();
            for (index, leaf) in leaves.iter().copied().enumerate() {
                let path = nodes.inclusion(index).unwrap();
                let from = |leaf, index| root_from_inclusion(leaf, index, count as u64, &path);
                assert_eq!(from(leaf, index as u64), Some(top));
                assert_ne!(from(Digest::ZERO, index as u64), Some(top));
                if count > 1 {
                    assert_ne!(from(leaf, (index as u64 + 1) % count as u64), Some(top));
                }
            }
            for old in 1..=count {
                let path = nodes.consistency(old).unwrap();
                let old_root = Nodes::new(leaves[..old].to_vec()).root();
                let check = |old_root, path: &[Digest]| {
                    verify_consistency(old as u64, old_root, count as u64, top, path)
                };
                assert!(check(old_root, &path), "{old} of {count}");
                assert!(!check(Digest::ZERO, &path));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!check(old_root, shorter));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn parts_have_the_same_roots_from_complete_subtrees(
            count in 1usize..600,
            at in any::<prop::sample::Index>(),
        ) {
            let leaves = leaves(&events(count));
            let nodes = Nodes::new(leaves.clone());
            let index = at.index(count);
            let mut node = |height: u32, number: u64| {
                let first = usize::try_from(number << height).unwrap();
                let level = leaves[first..first + (1 << height)].to_vec();
                root_of_level(level).ok_or(())
            };
            let mut roots = |path: Vec<Part>| {
                path.into_iter().map(|part| part.root(&mut node).unwrap()).collect::<Vec<_>>()
            };
            let path = inclusion_path(index as u64, count as u64).unwrap();
            prop_assert_eq!(roots(path), nodes.inclusion(index).unwrap());
            let path = consistency_path(index as u64 + 1, count as u64).unwrap();
            prop_assert_eq!(roots(path), nodes.consistency(index + 1).unwrap());
        }

        #[test]
        fn proofs_of_larger_trees_verify(count in 1usize..2000, at in any::<prop::sample::Index>()) {
            let leaves = leaves(&events(count));
            let nodes = Nodes::new(leaves.clone());
            let index = at.index(count);
            let path = nodes.inclusion(index).unwrap();
            prop_assert_eq!(
                root_from_inclusion(leaves[index], index as u64, count as u64, &path),
                Some(nodes.root())
            );
        }
    }
}
