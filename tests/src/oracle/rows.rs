//! Rows made by a formula, the same here and in the oracles, so that nobody has to hand ten million of them over.

use serde::Serialize;

/// What is generated: for each topic so many rows of `k` (text, also the record's key), `x` (an integer) and a time.
#[derive(Debug, Clone, Serialize)]
pub struct Rows {
    /// How many, of each topic.
    pub rows: u64,
    /// How many different keys.
    pub keys: u64,
    /// From one row to the next, in microseconds of event time.
    pub step_us: u64,
    /// How far a row may lie after its turn, in milliseconds: what makes rows out of order.
    pub jitter_ms: u64,
}

/// One of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The key is `k` with this number.
    pub key: u64,
    /// From 0 to 1023.
    pub x: i64,
    /// Event time, in milliseconds since the epoch.
    pub time_ms: i64,
}

impl Rows {
    /// Row `row` of topic `topic`, both from 0.
    pub fn row(&self, topic: u64, row: u64) -> Made {
        let bits = mix(row + 1 + (topic << 40));
        let jitter = ((bits >> 10) & 0x7f_ffff) % (self.jitter_ms + 1);
        Made {
            key: (bits >> 33) % self.keys,
            x: (bits & 1023) as i64,
            time_ms: (row * self.step_us / 1000 + jitter) as i64,
        }
    }
}

/// The 64 bits that SplitMix64 (Steele, Lea, Flood 2014) gives as its `n`th.
fn mix(n: u64) -> u64 {
    let z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_those_of_splitmix64() {
        // The generator's published first values from seed 0.
        assert_eq!([mix(1), mix(2), mix(3)], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
    }

    #[test]
    fn a_row_is_late_by_no_more_than_the_jitter() {
        let rows = Rows { rows: 1000, keys: 10, step_us: 500, jitter_ms: 7 };
        for row in 0..rows.rows {
            let made = rows.row(1, row);
            assert!((0..=7).contains(&(made.time_ms - (row / 2) as i64)), "{row}: {made:?}");
            assert!(made.key < 10 && (0..1024).contains(&made.x), "{row}: {made:?}");
        }
    }
}
