//! Shannon entropy in thousandths of a bit, in integers.

/// Fractional bits of a logarithm.
const FRACTION: u32 = 16;

/// log2 of `value` (at least 1) with 16 fractional bits, by repeated squaring.
const fn log2(value: u32) -> u64 {
    let whole = value.ilog2();
    let mut mantissa: u64 = ((value as u64) << 31) >> whole;
    let mut fraction = 0u64;
    let mut step = 0;
    while step < FRACTION {
        mantissa = (mantissa * mantissa) >> 31;
        fraction <<= 1;
        if mantissa >= 1 << 32 {
            mantissa >>= 1;
            fraction |= 1;
        }
        step += 1;
    }
    ((whole as u64) << FRACTION) | fraction
}

/// The logarithms of the counts that occur.
static TABLE: [u64; 257] = {
    let mut table = [0u64; 257];
    let mut n = 1;
    while n < 257 {
        #[expect(clippy::indexing_slicing, reason = "below the length, at compile time")]
        {
            table[n] = log2(n as u32);
        }
        n += 1;
    }
    table
};

fn log2_of(count: u32) -> u64 {
    match TABLE.get(count as usize) {
        Some(value) => *value,
        None => log2(count),
    }
}

/// The entropy of the bytes of a text, in thousandths of a bit per byte.
pub fn millibits(text: &str) -> u32 {
    let mut counts = [0u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
    }
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    if length < 2 {
        return 0;
    }
    let n = u64::from(length);
    let spent: u64 = counts.iter().filter(|c| **c > 0).map(|c| u64::from(*c) * log2_of(*c)).sum();
    let bits = (n * log2_of(length)).saturating_sub(spent);
    u32::try_from((bits * 1000 / n) >> FRACTION).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_entropies() {
        assert_eq!(millibits("aaaa"), 0);
        assert_eq!(millibits("abab"), 1000);
        assert_eq!(millibits("0123456789abcdef"), 4000);
        let third = millibits("abc");
        assert!((1584..=1585).contains(&third), "{third}");
        assert!(millibits(&"xyz".repeat(1000)) >= 1584);
    }
}
