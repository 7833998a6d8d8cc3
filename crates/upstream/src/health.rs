//! How an endpoint is doing: its latency, and whether it gets requests.
//!
//! An endpoint that fails several times in a row is ejected: it gets no
//! requests while there are others. After a while a connection to it is tried
//! in the background; if that works, one request is its trial, and the outcome
//! of that admits it or ejects it for longer. An endpoint that cannot even be
//! connected to is an open circuit: without others, requests to it fail at
//! once, except for a trial every so often. An endpoint that fails otherwise
//! gets requests all the same if there is no better one.
//!
//! An endpoint that answers fast and badly must not be preferred for being fast,
//! so no failure lowers the latency. What is found wrong with a reply after its
//! head counts as if the head had never been good.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Config;

/// The latency that is assumed while the first request is on its way.
const FIRST_LATENCY: Duration = Duration::from_millis(30);

/// How fast a peak of the latency is forgotten.
const DECAY: Duration = Duration::from_secs(10);

/// The latency that a failure counts for, so that one that fails fast is
/// not preferred for it. It is forgotten with the first reply.
const PENALTY: Duration = Duration::from_millis(100);

/// How often the penalty of an endpoint doubles that says again and again that
/// it is busy.
const DOUBLINGS: u32 = 4;

/// How often an endpoint that refuses connections is tried by requests while
/// there is no other. Finding out costs next to nothing.
const REFUSED_GAP: Duration = Duration::from_millis(100);

/// How often one is tried that lets connections wait.
const SLOW_GAP: Duration = Duration::from_secs(1);

/// How an attempt ended, as far as it concerns the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A reply began after this time.
    Answered(Duration),
    /// After this time the endpoint said that it has failed (500 and above) or
    /// does not take the request, or sent what is no reply.
    Failed(Duration),
    /// After this time the endpoint said that it is sent too much (429). That may
    /// be about one caller alone, so it ejects nobody.
    Busy(Duration),
    /// No connection was made. `slow` if that took long.
    Unreached { slow: bool },
    /// The connection ended without a reply.
    Lost,
    /// There was no reply by the deadline.
    TimedOut,
}

/// Whether an endpoint gets a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It does.
    Free,
    /// It may get one, whose outcome decides.
    Trial,
    /// It does only if there is no better one.
    Ejected,
    /// It does not: it cannot be connected to.
    Open,
}

/// What is known of the way to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reachability {
    /// Nothing.
    Untried,
    /// There was a connection.
    Reached,
    /// There never was one, or the endpoint does not answer any more.
    Silent,
}

#[derive(Debug)]
pub(crate) struct Health {
    latency: f64,
    measured: Option<Instant>,
    /// Failures in a row, of any kind.
    streak: u32,
    /// Failures in a row without any reply.
    silent: u32,
    /// Failures in a row to connect.
    unreached: u32,
    /// How often in a row the endpoint was busy.
    busy: u32,
    last_failure: Instant,
    last_answer: Option<Instant>,
    slow: bool,
    ejection: Option<Ejection>,
    tried: bool,
    /// Whether there ever was a connection.
    known: bool,
}

#[derive(Clone, Copy, Debug)]
struct Ejection {
    until: Instant,
    length: Duration,
    /// Whether a connection was made since, so that one request may follow.
    trial: bool,
}

/// What a good reply makes forgotten, in case that it turns out to be none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    streak: u32,
    ejection: Option<Ejection>,
}

impl Health {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            latency: FIRST_LATENCY.as_secs_f64(),
            measured: None,
            streak: 0,
            silent: 0,
            unreached: 0,
            busy: 0,
            last_failure: now,
            last_answer: None,
            slow: false,
            ejection: None,
            tried: false,
            known: false,
        }
    }

    /// What a request is expected to cost while others are in flight: latency
    /// in seconds times requests.
    ///
    /// A peak of the latency counts at once and is forgotten slowly (peak EWMA,
    /// as in Finagle). Without requests it is forgotten too, so that an endpoint
    /// that was slow once is measured again.
    pub(crate) fn load(&self, in_flight: usize, now: Instant) -> f64 {
        if self.measured.is_none() && in_flight == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "there are no 2^52 requests")]
        let requests = (in_flight + 1) as f64;
        self.latency * self.remembered(now) * requests
    }

    /// How much of the latency still counts, between 0 and 1.
    fn remembered(&self, now: Instant) -> f64 {
        let elapsed = self
            .measured
            .map(|measured| now.saturating_duration_since(measured));
        elapsed.map_or(1.0, |elapsed| {
            (-elapsed.as_secs_f64() / DECAY.as_secs_f64()).exp()
        })
    }

    fn measure(&mut self, sample: Duration, now: Instant) {
        let sample = sample.as_secs_f64();
        let weight = self.remembered(now);
        let is_first = self.measured.replace(now).is_none();
        self.latency = if is_first || sample > self.latency {
            sample
        } else {
            self.latency * weight + sample * (1.0 - weight)
        };
    }

    /// Counts a failure as a latency. It makes an endpoint look slower, never
    /// faster.
    fn penalize(&mut self, latency: Duration, now: Instant) {
        let latency = latency.as_secs_f64();
        self.latency = match self.measured.replace(now) {
            Some(_) => self.latency.max(latency),
            None => latency,
        };
    }

    /// What a good reply makes forgotten.
    pub(crate) fn memory(&self) -> Memory {
        Memory {
            streak: self.streak,
            ejection: self.ejection,
        }
    }

    /// Notes that a reply was none after all, whose head had made this
    /// forgotten.
    pub(crate) fn reject(&mut self, memory: Memory, others: bool, config: &Config, now: Instant) {
        self.streak = self.streak.max(memory.streak);
        self.ejection = self.ejection.or(memory.ejection);
        self.record(Outcome::Failed(Duration::ZERO), others, config, now);
    }

    /// Notes how an attempt ended. `others` says whether there is an endpoint
    /// that is not ejected.
    pub(crate) fn record(&mut self, outcome: Outcome, others: bool, config: &Config, now: Instant) {
        self.tried = true;
        self.known |= !matches!(outcome, Outcome::Unreached { .. } | Outcome::TimedOut);
        if let Outcome::Answered(latency) = outcome {
            if self.streak > 0 || self.busy > 0 {
                self.measured = None;
            }
            self.measure(latency, now);
            self.last_answer = Some(now);
            self.streak = 0;
            self.busy = 0;
            self.silent = 0;
            self.unreached = 0;
            self.ejection = None;
            return;
        }
        if let Outcome::Busy(latency) = outcome {
            let penalty = PENALTY * 2_u32.pow(self.busy.min(DOUBLINGS));
            self.penalize(latency + penalty, now);
            self.busy = self.busy.saturating_add(1);
            self.silent = 0;
            self.unreached = 0;
            if let Some(ejection) = &mut self.ejection
                && now >= ejection.until
            {
                *ejection = Ejection::new(ejection.length, now);
            }
            return;
        }
        self.streak = self.streak.saturating_add(1);
        self.last_failure = now;
        match outcome {
            Outcome::Answered(_) | Outcome::Busy(_) => {}
            Outcome::Failed(latency) => {
                self.penalize(latency + PENALTY, now);
                self.silent = 0;
                self.unreached = 0;
            }
            Outcome::Unreached { slow } => {
                self.penalize(PENALTY, now);
                self.silent = self.silent.saturating_add(1);
                self.unreached = self.unreached.saturating_add(1);
                self.slow = slow;
            }
            Outcome::Lost => {
                self.penalize(PENALTY, now);
                self.silent = self.silent.saturating_add(1);
                self.unreached = 0;
            }
            Outcome::TimedOut => {
                self.penalize(PENALTY, now);
                self.unreached = 0;
            }
        }
        let at_once = others && self.unreached > 0;
        if let Some(ejection) = &mut self.ejection {
            // A call that began before the ejection says nothing new.
            if now >= ejection.until {
                let length = (ejection.length * 2).min(config.max_ejection);
                *ejection = Ejection::new(length, now);
            }
        } else if at_once || self.streak >= config.eject_after {
            self.ejection = Some(Ejection::new(config.ejection, now));
        }
    }

    /// Returns whether the endpoint gets requests without conditions.
    pub(crate) fn is_free(&self) -> bool {
        self.ejection.is_none()
    }

    /// Returns whether the last connections to it could not be made.
    pub(crate) fn is_unreached(&self) -> bool {
        self.unreached > 0
    }

    pub(crate) fn admission(&self, now: Instant) -> Admission {
        match &self.ejection {
            None => Admission::Free,
            Some(ejection) if ejection.trial => Admission::Trial,
            Some(_) if self.unreached == 0 => Admission::Ejected,
            Some(_) => {
                let gap = if self.slow { SLOW_GAP } else { REFUSED_GAP };
                if now >= self.last_failure + gap {
                    Admission::Ejected
                } else {
                    Admission::Open
                }
            }
        }
    }

    /// Notes that a request is on its way to an endpoint that is ejected.
    /// Returns whether it is its trial.
    pub(crate) fn begin(&mut self, now: Instant) -> bool {
        self.tried = true;
        if self.unreached > 0 {
            // The next one waits for as long again.
            self.last_failure = now;
        }
        self.ejection
            .as_mut()
            .is_some_and(|ejection| std::mem::take(&mut ejection.trial))
    }

    /// Notes that a trial ended without an outcome.
    pub(crate) fn give_back_trial(&mut self) {
        if let Some(ejection) = &mut self.ejection {
            ejection.trial = true;
        }
    }

    /// Returns whether a connection is to be tried in the background.
    pub(crate) fn wants_probe(&self, now: Instant) -> bool {
        match &self.ejection {
            Some(ejection) => !ejection.trial && (now >= ejection.until || self.unreached > 0),
            None => !self.tried || self.unreached > 0,
        }
    }

    /// Notes that a connection was made in the background.
    pub(crate) fn reached(&mut self, now: Instant) {
        self.tried = true;
        self.known = true;
        self.silent = 0;
        let was_open = std::mem::take(&mut self.unreached) > 0;
        if let Some(ejection) = &mut self.ejection
            && (was_open || now >= ejection.until)
        {
            ejection.until = now;
            ejection.trial = true;
        }
    }

    /// Returns whether a good reply has come within this time.
    pub(crate) fn has_answered_within(&self, time: Duration, now: Instant) -> bool {
        self.last_answer.is_some_and(|at| now < at + time)
    }

    /// Tells whether the endpoint can be reached, as far as that is known.
    pub(crate) fn reachability(&self, config: &Config) -> Reachability {
        if self.is_silent(config) {
            Reachability::Silent
        } else if self.known {
            Reachability::Reached
        } else if self.tried {
            Reachability::Silent
        } else {
            Reachability::Untried
        }
    }

    /// Returns whether the endpoint does not answer at all.
    fn is_silent(&self, config: &Config) -> bool {
        self.unreached >= 2 || self.silent >= config.eject_after
    }
}

impl Ejection {
    fn new(length: Duration, now: Instant) -> Self {
        Self {
            until: now + length,
            length,
            trial: false,
        }
    }
}

#[cfg(test)]
mod tests;
