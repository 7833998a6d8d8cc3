//! Sets up the process that a server runs in: its open files and its memory.
//!
//! Whatever the system refuses here costs memory or connections, and nothing else.

use std::hint::black_box;
use std::time::Duration;

use tokio::time::sleep;

/// How long freed memory may stay with the process.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// So much memory is not taken from what is free within the process: the allocator
/// looks at its arenas for it, in bytes.
const FROM_ARENAS: usize = 1 << 20;

/// Sets up the process for a server.
pub(super) fn prepare() {
    allow_open_files();
    tokio::spawn(give_memory_back());
}

/// Says whether memory may come in huge pages, from now on.
///
/// A huge page stays in memory as long as any of its 2 MiB is in use. After twenty
/// pictures that was three times as much as is in use, and calls were no slower
/// without. What the program takes before it knows that it is a server would come in
/// them as well, so nothing does until it knows that it is none. Where this is refused,
/// the server just takes more memory.
pub(crate) fn allow_huge_pages(allowed: bool) {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(!allowed);
    #[cfg(not(target_os = "linux"))]
    let _ = allowed;
}

/// Takes as many open files as the system allows: each connection needs one, and
/// the soft limit is meant for programs that cannot deal with more than 1024.
fn allow_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        const UNLIMITED: u64 = 1 << 20;
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: Some(limit.maximum.unwrap_or(UNLIMITED)),
            ..limit
        };
        // Where it is refused, the bounds follow the limit that stays.
        let _ = setrlimit(Resource::Nofile, raised);
    }
}

/// Lets the allocator give freed memory back to the system.
///
/// mimalloc does so when something large is allocated or freed some time after, which in
/// an idle server may be never: after eight lists of 60,000 users it kept 190 MiB. The
/// memory that is asked for here is never touched, so it costs none.
async fn give_memory_back() {
    loop {
        sleep(KEPT_FOR).await;
        drop(black_box(Vec::<u8>::with_capacity(FROM_ARENAS)));
    }
}
