//! Chance that falls the same way everywhere: a counter stirred by SplitMix64's finaliser, whole numbers only.
//!
//! The sample has to be the same bytes on every platform, so nothing here rounds: no floating point, no hashing by the
//! standard library, no order of a map.

/// Stirs 64 bits so that neighbouring inputs have nothing in common.
pub(super) fn stir(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// One number out of several, each of which counts.
pub(super) fn blend(seed: u64, chapter: u64, story: u64) -> u64 {
    stir(stir(seed ^ 0x0FAB_01A0_5EED_0001).wrapping_add(chapter << 32).wrapping_add(story))
}

/// A stream of chances.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice that fall as `from` says.
    pub(super) fn new(from: u64) -> Self {
        Self(from)
    }

    /// 64 fresh bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        stir(self.0)
    }

    /// A number below `count`, each as likely.
    pub(super) fn below(&mut self, count: u32) -> u32 {
        (((self.bits() >> 32) * u64::from(count)) >> 32) as u32
    }

    /// Whether something that happens so often in a thousand happens now.
    pub(super) fn per_mille(&mut self, often: u32) -> bool {
        self.below(1000) < often
    }

    /// A number from `least` to `most`, each as likely.
    pub(super) fn between(&mut self, least: i32, most: i32) -> i32 {
        least + self.below((most - least + 1) as u32) as i32
    }

    /// A latency from `least` to `most`: near `least` mostly, with a long tail.
    pub(super) fn latency(&mut self, least: i32, most: i32) -> i32 {
        let at = self.bits() >> 43; // 21 bits, so that the cube fits
        least + ((((at * at * at) >> 21) * (most - least) as u64) >> 42) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_dice_fall_the_same_way_for_ever() {
        let mut dice = Dice::new(blend(1, 2, 3));
        let thrown: Vec<u32> = (0..4).map(|_| dice.below(1000)).collect();
        let mut again = Dice::new(blend(1, 2, 3));
        assert_eq!(thrown, (0..4).map(|_| again.below(1000)).collect::<Vec<_>>());
        assert_ne!(blend(1, 2, 3), blend(1, 3, 2));
    }

    #[test]
    fn a_latency_stays_within_its_bounds_and_near_the_least() {
        let mut dice = Dice::new(7);
        let mut thrown: Vec<i32> = (0..10_000).map(|_| dice.latency(100, 1100)).collect();
        thrown.sort_unstable();
        assert!(thrown[0] >= 100 && thrown[9_999] <= 1100);
        assert!((180..270).contains(&thrown[5_000]), "the median is {}", thrown[5_000]);
    }
}
