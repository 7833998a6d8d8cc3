//! What the system says of this process.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::catalogue::process::{
    BUILD_INFO, CPU_TIME, MAX_FDS, OPEN_FDS, RESIDENT_MEMORY, START_TIME,
};
use crate::registry::{Registry, Scrape};

/// Adds the metrics of this process, which has just started. `command` says what it
/// runs as.
pub fn register(registry: &Registry, version: &'static str, command: &'static str) {
    let started = SystemTime::now().duration_since(UNIX_EPOCH);
    let started = started.unwrap_or_default().as_secs_f64();
    registry.add(move |scrape| {
        scrape.level(&BUILD_INFO, [version, command], 1);
        scrape.gauge(&START_TIME, [], started);
        of_system(scrape);
    });
}

#[cfg(target_os = "linux")]
fn of_system(scrape: &mut Scrape) {
    use std::fs;

    use rustix::param::{clock_ticks_per_second, page_size};

    let read = |file: &str| fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    let numbers = |text: &str| -> Vec<u64> {
        let fields = text.split_ascii_whitespace();
        fields
            .map(|field| field.parse().unwrap_or_default())
            .collect()
    };
    // The name of the program, in parentheses, may hold anything.
    let stat = read("stat");
    let stat = numbers(stat.rsplit_once(')').map_or("", |(_, rest)| rest));
    // utime and stime are the fields 14 and 15; the first behind the name is 3.
    if let (Some(user), Some(system)) = (stat.get(11), stat.get(12)) {
        #[expect(clippy::cast_precision_loss, reason = "a processor has no 2^52 ticks")]
        let seconds = (user + system) as f64 / clock_ticks_per_second() as f64;
        scrape.counter(&CPU_TIME, [], seconds);
    }
    if let Some(pages) = numbers(&read("statm")).get(1) {
        let pages = usize::try_from(*pages).unwrap_or_default();
        scrape.level(&RESIDENT_MEMORY, [], pages * page_size());
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is that of the directory.
        scrape.level(&OPEN_FDS, [], open.count().saturating_sub(1));
    }
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    if let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) {
        scrape.level(&MAX_FDS, [], limit);
    }
}

#[cfg(not(target_os = "linux"))]
fn of_system(_: &mut Scrape) {
    // Other systems tell in other ways, which are not read.
    let _ = (&CPU_TIME, &MAX_FDS, &OPEN_FDS, &RESIDENT_MEMORY);
}
