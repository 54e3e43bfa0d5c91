//! Fixed-point arithmetic of the scores: no floats, the same on every machine.

/// One in fixed point. Scores, weights and logarithms have six decimal places.
pub(super) const ONE: i64 = 1_000_000;

/// Binary places of the logarithm while it is computed.
const PLACES: u32 = 32;

/// The binary logarithm of `n` with 32 binary places, by repeated squaring:
/// each square that reaches 2 yields a one. Zero counts as one.
fn log2(n: u64) -> i128 {
    let n = n.max(1);
    let whole = n.ilog2();
    // The mantissa in [1, 2), with 63 binary places.
    let mut mantissa = u128::from(n) << (63 - whole);
    let mut result = i128::from(whole);
    for _ in 0..PLACES {
        mantissa = (mantissa * mantissa) >> 63;
        let reached = mantissa >> 64 != 0;
        if reached {
            mantissa >>= 1;
        }
        result = (result << 1) | i128::from(reached);
    }
    result
}

/// How rare a term is that occurs in `holders` of `all` documents:
/// `log2(1 + (all - holders + 1/2) / (holders + 1/2))`, always above zero.
pub(super) fn rarity(all: usize, holders: usize) -> i64 {
    let ratio = log2(2 * all as u64 + 2) - log2(2 * holders as u64 + 1);
    narrow((ratio * i128::from(ONE)) >> PLACES)
}

/// `rarity * weight * (K1 + 1) / (weight + K1 * (1 - B + B * length / mean))`:
/// BM25, where the weight of the fields that have a term stands for its frequency
/// and `mean` is `total / documents`.
pub(super) fn bm25(rarity: i64, weight: i64, length: i64, total: i64, documents: usize) -> i64 {
    /// How fast more weight stops to count.
    const K1: i128 = 8 * ONE as i128;
    /// How much a long document is discounted.
    const B: i128 = ONE as i128 / 5;

    let one = i128::from(ONE);
    let relative = i128::from(length) * documents as i128 * B / i128::from(total.max(1));
    let damping = K1 * (one - B + relative) / one;
    let weight = i128::from(weight) * one;
    narrow(i128::from(rarity) * weight / one * (K1 + one) / (weight + damping))
}

fn narrow(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logarithms of integers, rounded down after nine decimal places.
    #[test]
    fn the_logarithm_has_nine_right_places() {
        for (n, expected) in [
            (1, 0),
            (2, 1_000_000_000),
            (3, 1_584_962_500),
            (10, 3_321_928_094),
            (1_000, 9_965_784_284),
            (1 << 40, 40_000_000_000),
            (u64::MAX, 63_999_999_999),
        ] {
            let nano = (log2(n) * 1_000_000_000) >> PLACES;
            assert!((nano - expected).abs() <= 1, "log2({n}) = {nano}");
        }
    }

    #[test]
    fn rare_terms_count_more_and_all_count() {
        let all = 300;
        let mut previous = i64::MAX;
        for holders in 1..=all {
            let rarity = rarity(all, holders);
            assert!(rarity > 0 && rarity < previous, "{holders}");
            previous = rarity;
        }
    }

    #[test]
    fn weight_raises_and_length_lowers() {
        let score = |weight, length| bm25(5 * ONE, weight, length, 3_000, 300);
        assert!(score(2, 10) > score(1, 10));
        assert!(score(2, 10) > score(2, 20));
        assert!(score(1, 10) > 0);
        // A document of mean length, weight w: rarity * 9w / (w + 8).
        assert_eq!(score(1, 10), 5 * ONE);
        assert_eq!(score(4, 10), 15 * ONE);
    }
}
