//! Real Apache Kafka: one broker on this machine, started, killed and asked by a test.
//!
//! The broker runs under a small shell that ends it when the test's process is gone, however that came about. Its data
//! and its log lie in a temporary folder.

pub mod kcat;
pub mod produce;
pub mod reading;
pub mod secured;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::part;

/// How long a broker may take to start. Machines differ; a test's verdict never depends on it.
const START: Duration = Duration::from_secs(120);

/// The topic that says a broker is ready to lead.
const READY_TOPIC: &str = "ready";

/// A running broker.
pub struct Kafka {
    folder: tempfile::TempDir,
    listeners: Vec<Listener>,
    process: Option<Process>,
}

/// A port of a broker, and who is let in there.
#[derive(Debug, Clone)]
pub(crate) struct Listener {
    pub name: &'static str,
    pub protocol: &'static str,
    pub port: u16,
}

struct Process {
    shell: Child,
    /// The shell ends the broker when this is closed.
    leash: ChildStdin,
    java: u32,
}

impl Kafka {
    /// A broker that lets everybody in; `None` (and said so) where the parts are missing.
    ///
    /// # Panics
    /// If it cannot be started although the parts are there.
    pub fn start(test: &str) -> Option<Self> {
        Self::start_with(test, &[("PLAINTEXT", "PLAINTEXT")], |_, _| String::new(), &[])
    }

    /// A broker with further listeners and properties. The properties are asked for when folder and ports are known.
    pub(crate) fn start_with(
        test: &str,
        listeners: &[(&'static str, &'static str)],
        properties: impl Fn(&Path, &[Listener]) -> String,
        format_options: &[&str],
    ) -> Option<Self> {
        classpath(test)?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ports = free_ports(listeners.len() + 1);
        let mut all: Vec<Listener> = listeners
            .iter()
            .chain(&[("CONTROLLER", "PLAINTEXT")])
            .zip(ports)
            .map(|(&(name, protocol), port)| Listener { name, protocol, port })
            .collect();
        let more = properties(folder.path(), &all);
        let file = folder.path().join("server.properties");
        std::fs::write(&file, server_properties(folder.path(), &all) + &more).expect("the settings can be written");
        let file = file.to_str().expect("a temporary folder has a plain name");
        let cluster = "ZmFidWxhLXRlc3QtY2x1c3Q";
        let format = ["format", "--standalone", "--cluster-id", cluster, "--config", file];
        java_tool("kafka.tools.StorageTool", &[&format[..], format_options].concat());
        all.pop();
        let mut kafka = Self { folder, listeners: all, process: None };
        kafka.restart();
        Some(kafka)
    }

    /// One broker for all tests of a program, to start fewer.
    pub fn shared(test: &str) -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Kafka>> = OnceLock::new();
        let kafka = SHARED.get_or_init(|| Self::start(test)).as_ref();
        if kafka.is_none() {
            classpath(test);
        }
        kafka
    }

    /// `host:port` of the listener that lets everybody in.
    pub fn brokers(&self) -> String {
        self.at("PLAINTEXT")
    }

    /// `host:port` of a listener.
    ///
    /// # Panics
    /// If the broker has no such listener.
    pub fn at(&self, listener: &str) -> String {
        let found = self.listeners.iter().find(|known| known.name == listener);
        format!("127.0.0.1:{}", found.unwrap_or_else(|| panic!("no listener {listener}")).port)
    }

    /// The folder with the broker's data, settings and log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends the broker as a crash would (`kill -9`).
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill(&mut self) {
        let process = self.process.take().expect("the broker runs");
        let killed = part::signal("KILL", process.java);
        assert!(killed.expect("kill can be started").success());
        process.end();
    }

    /// Starts the broker (again) on its ports, with what it has in its folder, and waits until it leads a partition.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn restart(&mut self) {
        let log = self.folder.path().join("broker.log");
        let settings = self.folder.path().join("server.properties");
        let mut java = java_arguments();
        java.extend(["kafka.Kafka".to_owned(), settings.display().to_string()]);
        self.process = Some(Process::start(&java, &log));
        self.wait_until_ready(&log);
    }

    fn wait_until_ready(&mut self, log: &Path) {
        let began = Instant::now();
        let consumer: BaseConsumer = self.client().create().expect("a client");
        let leads = || {
            let metadata = consumer.fetch_metadata(Some(READY_TOPIC), Duration::from_secs(1)).ok()?;
            let led = metadata.topics().iter().flat_map(|topic| topic.partitions()).any(|part| part.leader() >= 0);
            Some(led)
        };
        while leads() != Some(true) {
            let alive = self.process.as_ref().is_some_and(Process::is_alive);
            let said = || std::fs::read_to_string(log).unwrap_or_default();
            assert!(alive && began.elapsed() < START, "the broker does not come up:\n{}", said());
            if consumer.fetch_metadata(None, Duration::from_secs(1)).is_ok_and(|found| !found.brokers().is_empty()) {
                let _ = self.try_create_topic(READY_TOPIC, 1, &[]);
            }
        }
    }

    /// Settings for a client of the tests' own.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.brokers());
        config
    }

    /// Creates a topic with a configuration.
    ///
    /// # Panics
    /// If it cannot be created.
    pub fn create_topic(&self, name: &str, partitions: i32, config: &[(&str, &str)]) {
        self.try_create_topic(name, partitions, config).unwrap_or_else(|error| panic!("topic {name}: {error}"));
    }

    fn try_create_topic(&self, name: &str, partitions: i32, config: &[(&str, &str)]) -> Result<(), String> {
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let topic = config.iter().fold(topic, |topic, (name, value)| topic.set(name, value));
        let created = block_on(self.admin().create_topics(&[topic], &AdminOptions::new()));
        let results = created.map_err(|error| error.to_string())?;
        results.into_iter().try_for_each(|result| result.map(drop).map_err(|(_, code)| code.to_string()))
    }

    /// A client that may change the cluster.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client().create().expect("an administrator's client")
    }

    /// Runs one of Kafka's own tools by its class and returns what it printed.
    ///
    /// # Panics
    /// If it fails.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> String {
        let brokers = self.brokers();
        java_tool(class, &[&["--bootstrap-server", &brokers], arguments].concat())
    }

    /// The groups that the broker knows, by Kafka's own tool.
    pub fn groups(&self) -> Vec<String> {
        let listed = self.tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", &["--list"]);
        listed.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

impl Process {
    fn start(java: &[String], log: &Path) -> Self {
        // The first word is the log; the rest is the command. The read ends when the test's process does.
        let script = r#"log=$1; shift; "$@" >>"$log" 2>&1 & echo $!; cat >/dev/null; kill -9 $! 2>/dev/null; exit 0"#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(log).arg("java").args(java);
        let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh can be started");
        let mut line = String::new();
        let stdout = shell.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the shell says the broker's process id");
        let java = line.trim().parse().expect("a process id");
        let leash = shell.stdin.take().expect("it is piped");
        Self { shell, leash, java }
    }

    fn is_alive(&self) -> bool {
        let asked = part::signal("0", self.java);
        asked.is_ok_and(|status| status.success())
    }

    fn end(mut self) {
        // Nothing is ever written: closing is what counts.
        let _ = self.leash.flush();
        drop(self.leash);
        let _ = self.shell.wait();
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end();
        }
    }
}

/// The class path of Kafka's parts, fetched where they are not here yet; `None` (and said so) where they cannot be had.
fn classpath(test: &str) -> Option<&'static str> {
    static CLASSPATH: OnceLock<Result<String, String>> = OnceLock::new();
    match CLASSPATH.get_or_init(find_classpath) {
        Ok(path) => Some(path),
        Err(missing) => {
            part::skipped(test, missing);
            None
        }
    }
}

fn find_classpath() -> Result<String, String> {
    if let Some(missing) = ["java", "sh"].into_iter().find(|program| !part::is_installed(program)) {
        return Err(format!("{missing} is not installed"));
    }
    let jars = part::classpath(&here().join("fetch"), "kafka.classpath")?;
    Ok(format!("{}:{jars}", here().display()))
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka")
}

fn java_arguments() -> Vec<String> {
    let settings = here().join("log4j2.properties");
    let classpath = classpath("Apache Kafka").expect("it was found before");
    let arguments = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classpath];
    let logging = format!("-Dlog4j2.configurationFile={}", settings.display());
    arguments.into_iter().map(str::to_owned).chain([logging]).collect()
}

fn java_tool(class: &str, arguments: &[&str]) -> String {
    let output = Command::new("java").args(java_arguments()).arg(class).args(arguments).output();
    let output = output.expect("java can be started");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{class} {arguments:?}:\n{said}\n{complained}");
    said.into_owned()
}

fn free_ports(count: usize) -> Vec<u16> {
    let sockets: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    sockets.iter().map(|socket| socket.local_addr().expect("a bound port").port()).collect()
}

fn server_properties(folder: &Path, listeners: &[Listener]) -> String {
    let list = |form: &dyn Fn(&Listener) -> String| listeners.iter().map(form).collect::<Vec<_>>().join(",");
    let at = list(&|listener| format!("{}://127.0.0.1:{}", listener.name, listener.port));
    let (advertised, _) = at.rsplit_once(',').expect("the controller's comes last");
    let protocols = list(&|listener| format!("{}:{}", listener.name, listener.protocol));
    let controller = listeners.last().expect("the controller's comes last").port;
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.listener.names=CONTROLLER\n\
         controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
         listeners={at}\n\
         advertised.listeners={advertised}\n\
         listener.security.protocol.map={protocols}\n\
         inter.broker.listener.name=PLAINTEXT\n\
         log.dirs={}\n\
         num.partitions=1\n\
         auto.create.topics.enable=false\n\
         offsets.topic.num.partitions=1\n\
         offsets.topic.replication.factor=1\n\
         transaction.state.log.num.partitions=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n\
         log.retention.ms=-1\n\
         log.cleaner.backoff.ms=200\n\
         log.initial.task.delay.ms=500\n\
         log.retention.check.interval.ms=500\n",
        folder.join("data").display()
    )
}

/// Waits for a future where no runtime is at hand.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let outcome = runtime.block_on(future);
    runtime.shutdown_background();
    outcome
}
