//! What a backend does by itself, beside its requests: a round every now and then.
//!
//! Any number of backends on one database do it side by side. What one has done the
//! others find done.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::error::Error;
use crate::resources::pending;
use crate::store::{self, sessions};

/// How many expired sessions one statement removes.
const AT_ONCE: u16 = 1000;

/// How often it does so in one round at most.
const STATEMENTS: usize = 100;

/// Does rounds for ever.
pub(crate) async fn tend(app: &App, every: Duration) {
    let mut rounds = interval(every.max(Duration::from_millis(1)));
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        // The next round finds what this one has left.
        if let Err(error) = round(app).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a round of housekeeping was not finished; the next one goes on"
            );
        }
    }
}

/// Archives what is about to be archived, and removes sessions that have expired.
pub(crate) async fn round(app: &App) -> Result<(), Error> {
    pending::archive(app).await?;
    for _ in 0..STATEMENTS {
        let now = app.clock.now().as_millisecond();
        let mut transaction = app.store.write().await?;
        let removed = sessions::remove_expired(&mut transaction, now, i64::from(AT_ONCE)).await?;
        store::commit(transaction).await?;
        if removed < u64::from(AT_ONCE) {
            break;
        }
    }
    Ok(())
}
