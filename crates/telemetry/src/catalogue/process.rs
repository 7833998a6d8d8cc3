//! The process, its log and its build.

metrics! {
    Gauge BUILD_INFO "web1on1_build_info" ["version", "command"]
        "Always 1; the labels say which version runs, and as which command";
    Gauge START_TIME "process_start_time_seconds" []
        "When the process started, in seconds since 1970";
    Counter CPU_TIME "process_cpu_seconds_total" []
        "Processor time that the process has taken, in its own code and in the system";
    Gauge RESIDENT_MEMORY "process_resident_memory_bytes" []
        "Memory of the process that is in RAM";
    Gauge OPEN_FDS "process_open_fds" []
        "File descriptors that are open";
    Gauge MAX_FDS "process_max_fds" []
        "How many file descriptors may be open";
    Counter LOG_LINES_DROPPED "web1on1_log_lines_dropped_total" []
        "Lines of the log that were dropped because nobody read them in time";
}
