//! A server of the program, its scrapes and its access log.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::command::program;
use serde_json::Value;
use tonic::transport::Channel;

/// Time for what has to happen soon.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that is killed with the test.
pub(crate) struct Server {
    child: Child,
    addresses: BTreeMap<String, SocketAddr>,
    log: tempfile::NamedTempFile,
}

impl Server {
    /// Runs the command until it says where its admin pages are.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = program();
        let mut child = command
            .args(arguments)
            .args(["--admin", "0", "--access-log", "json"])
            .stdout(Stdio::piped())
            .stderr(File::create(log.path()).unwrap())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let mut addresses = BTreeMap::new();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some((name, address)) = line.split_once(' ')
                && let Ok(address) = address.parse()
            {
                addresses.insert(name.to_owned(), address);
                if name == "admin" {
                    break;
                }
            }
        }
        Self {
            child,
            addresses,
            log,
        }
    }

    #[track_caller]
    pub(crate) fn address(&self, name: &str) -> SocketAddr {
        let log = || std::fs::read_to_string(self.log.path());
        let address = self.addresses.get(name).copied();
        address.unwrap_or_else(|| panic!("it does not serve {name}: {:?}", log()))
    }

    pub(crate) async fn channel(&self) -> Channel {
        let address = format!("http://{}", self.address("grpc"));
        let endpoint = Channel::from_shared(address).unwrap();
        endpoint.connect().await.expect("it serves")
    }

    /// The lines of the access log, after the process has ended.
    pub(crate) fn stop(&mut self) -> Vec<Value> {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
        let log = std::fs::read_to_string(self.log.path()).unwrap();
        let lines = log.lines().filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .collect()
    }

    pub(crate) fn scrape(&self) -> Scrape {
        let mut stream = TcpStream::connect(self.address("admin")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").expect("an answer");
        let series = body.lines().filter(|line| !line.starts_with('#'));
        let series = series.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Scrape(series.collect())
    }

    /// Scrapes until everything is as expected.
    #[track_caller]
    pub(crate) fn scrape_until(&self, is_expected: impl Fn(&Scrape) -> bool) -> Scrape {
        let begun = Instant::now();
        loop {
            let scrape = self.scrape();
            if is_expected(&scrape) {
                return scrape;
            }
            let is_late = begun.elapsed() > PATIENCE;
            assert!(!is_late, "it never comes to that: {:#?}", scrape.0);
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The values of the series that are whole numbers.
pub(crate) struct Scrape(BTreeMap<String, u64>);

impl Scrape {
    /// The value of a series; 0 where there is none.
    pub(crate) fn value(&self, series: &str) -> u64 {
        self.0.get(series).copied().unwrap_or_default()
    }

    /// The series of a metric that are not zero, by their labels.
    pub(crate) fn of(&self, metric: &str) -> BTreeMap<String, u64> {
        let series = self.0.iter().filter(|(_, value)| **value > 0);
        series
            .filter_map(|(name, value)| {
                let labels = name.strip_prefix(metric)?.strip_prefix('{')?;
                Some((labels.trim_end_matches('}').to_owned(), *value))
            })
            .collect()
    }

    /// The sum of a metric.
    pub(crate) fn sum(&self, metric: &str) -> u64 {
        self.of(metric).values().sum()
    }
}
