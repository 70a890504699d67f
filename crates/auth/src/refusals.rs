//! Whether a token that was refused is renewed.

use std::time::Duration;

use tokio::time::Instant;

/// A token that is refused young is not refused for its age: a permission is missing, or somebody revokes what we get.
/// Renewing helps once, perhaps; after that it is tried ever more rarely, so that no request renews for each time.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    generation: u64,
    renewing: bool,
    young_in_a_row: u32,
    last_renewal: Option<Instant>,
}

impl Refusals {
    /// Notes that this generation was refused, by however many, and says whether to renew.
    pub(crate) fn may_renew(&mut self, generation: u64, is_young: bool) -> bool {
        if generation != self.generation {
            self.young_in_a_row = if is_young { self.young_in_a_row.saturating_add(1) } else { 0 };
            self.generation = generation;
            self.renewing = false;
        }
        if !self.renewing {
            let wait = Duration::from_secs(match self.young_in_a_row {
                0 | 1 => 0,
                2 => 60,
                3 => 10 * 60,
                _ => 3600,
            });
            self.renewing = self.last_renewal.is_none_or(|at| at.elapsed() >= wait);
            if self.renewing {
                self.last_renewal = Some(Instant::now());
            }
        }
        self.renewing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_young_is_renewed_ever_more_rarely() {
        let mut refusals = Refusals::default();
        let mut generation = 1;
        let mut renewals = Vec::new();
        // A request every second whose token is always refused.
        for second in 0..8000_u32 {
            if refusals.may_renew(generation, generation > 1) {
                renewals.push(second);
                generation += 1;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(renewals, [0, 1, 61, 661, 4261, 7861]);
    }

    #[test]
    fn what_is_refused_old_is_always_renewed() {
        let mut refusals = Refusals::default();
        for generation in 1..100 {
            assert!(refusals.may_renew(generation, false));
            assert!(refusals.may_renew(generation, false), "the others who saw it");
        }
    }
}
