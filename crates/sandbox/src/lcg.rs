//! Numbers that look like chance and are the same every time.

/// A linear congruential generator.
pub(crate) struct Lcg(u64);

impl Lcg {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a limit.
    pub(crate) fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = i64::try_from(self.0 >> 33).unwrap_or_default();
        high % limit.max(1)
    }

    /// Whether something that happens this often in a hundred happens now.
    pub(crate) fn percent(&mut self, often: i64) -> bool {
        self.below(100) < often
    }

    /// One of several.
    pub(crate) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let index = self.below(i64::try_from(from.len()).unwrap_or_default());
        from.get(usize::try_from(index).unwrap_or_default()).copied().unwrap_or_default()
    }

    /// Puts a list in another order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            let limit = i64::try_from(end).unwrap_or_default() + 1;
            list.swap(end, usize::try_from(self.below(limit)).unwrap_or_default());
        }
    }
}
