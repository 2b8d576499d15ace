//! Real PostgreSQL: one server on this machine, started, filled and asked by tests.
//!
//! The server refuses to run as root; where the tests do, it runs as `nobody`. It runs under a small shell that ends it and
//! removes its folder when the test's process is gone, however that came about.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::part;
use crate::program::{self, Ran};

/// How long the server may take to start. Machines differ; a test's verdict never depends on it.
const START: Duration = Duration::from_secs(120);

/// Who the tests are to the server, and what they say to be let in.
pub const USER: &str = "tester";
/// The password, which must be seen nowhere.
pub const PASSWORD: &str = "correct horse battery";

/// A running server.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    /// The shell ends the server when this is closed.
    _leash: ChildStdin,
}

impl Postgres {
    /// One server for all tests of a program; `None` (and said so) where it cannot be had.
    ///
    /// # Panics
    /// If it cannot be started although it is installed.
    pub fn shared(test: &str) -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        let server = SHARED.get_or_init(|| programs().map(|programs| Self::start(&programs))).as_ref();
        if server.is_none() {
            part::skipped(test, "PostgreSQL is not installed (Debian: postgresql)");
        }
        server
    }

    fn start(programs: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder").keep();
        let (data, secret) = (folder.join("data"), folder.join("secret"));
        std::fs::create_dir(&data).expect("a folder for the data");
        std::fs::write(&secret, PASSWORD).expect("the password can be written");
        certificate(&data);
        give_away(&folder);
        let mut init = as_nobody(&programs.join("initdb"));
        init.arg("-D").arg(data.join("cluster")).args(["-U", USER, "--auth=scram-sha-256", "--no-sync", "-E", "UTF8"]);
        init.args(["--locale=C", "--pwfile"]).arg(&secret).current_dir(&folder);
        let made = init.output().expect("initdb can be started");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = socket.local_addr().expect("a bound port").port();
        drop(socket);
        let script = r#"folder=$1; shift; "$@" >>"$folder/data/log" 2>&1 & echo $!; cat >/dev/null
            kill -s QUIT $! 2>/dev/null; wait $!; rm -rf "$folder"; exit 0"#;
        let server = as_nobody(&programs.join("postgres"));
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(&folder).arg(server.get_program()).args(server.get_args());
        shell.arg("-D").arg(data.join("cluster")).args(["-p", &port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "ssl=on"] {
            shell.args(["-c", setting]);
        }
        for (name, file) in [("ssl_cert_file", "server.crt"), ("ssl_key_file", "server.key")] {
            shell.arg("-c").arg(format!("{name}={}", data.join(file).display()));
        }
        let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh can be started");
        let mut line = String::new();
        BufReader::new(shell.stdout.take().expect("it is piped")).read_line(&mut line).expect("a process id");
        let leash = shell.stdin.take().expect("it is piped");
        let process: u32 = line.trim().parse().expect("a process id");
        let server = Self { folder, programs: programs.to_owned(), port, _leash: leash };
        let began = Instant::now();
        while !server.try_ask("SELECT 1").status.success() {
            let alive = part::signal("0", process).is_ok_and(|status| status.success());
            let said = || std::fs::read_to_string(server.folder.join("data/log")).unwrap_or_default();
            assert!(alive && began.elapsed() < START, "the server does not come up:\n{}", said());
        }
        server
    }

    /// Where the database is, for a user.
    pub fn address(&self, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/postgres", self.port)
    }

    /// A file with the certificate that the server shows.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("data/server.crt")
    }

    /// Runs SQL by psql and gives what it printed: rows as lines, columns with bars between them.
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn ask(&self, sql: &str) -> String {
        let output = self.try_ask(sql);
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("psql writes UTF-8").trim_end().to_owned()
    }

    fn try_ask(&self, sql: &str) -> std::process::Output {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", USER, "-d", "postgres"]);
        psql.args(["-p", &self.port.to_string(), "-c", sql]).env("PGPASSWORD", PASSWORD).env("PGTZ", "UTC");
        psql.output().expect("psql can be started")
    }

    /// The program with the password in its environment.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = program::command(arguments);
        command.env("PGPASSWORD", PASSWORD);
        command
    }

    /// Runs the program with the password in its environment. Nothing that it says holds it.
    ///
    /// # Panics
    /// If it cannot be started, or says the password.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        let ran: Ran = self.command(arguments).output().expect("the program can be started").into();
        assert!(!ran.stderr.contains(PASSWORD) && !ran.stdout.contains(PASSWORD), "the password was said");
        ran
    }
}

/// The folder of PostgreSQL's programs: of the newest that is installed.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = debian
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, programs)| programs.join("initdb").is_file() && programs.join("psql").is_file())
        .collect();
    found.sort();
    let everywhere = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file() && folder.join("psql").is_file())
    };
    found.pop().map(|(_, programs)| programs).or_else(everywhere)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A program that runs as nobody where we are root.
fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
    command
}

/// Lets nobody have a folder, where we are root.
fn give_away(folder: &Path) {
    if is_root() {
        let given = Command::new("chown").arg("-R").arg("65534:65534").arg(folder).status();
        assert!(given.expect("chown can be started").success(), "the server's folder can be given away");
    }
}

/// A certificate of 127.0.0.1 that is its own authority.
fn certificate(folder: &Path) {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]);
    openssl.args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "server.key", "-out", "server.crt"]);
    let made = openssl.current_dir(folder).output().expect("openssl can be started");
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    let private = Command::new("chmod").arg("600").arg(folder.join("server.key")).status();
    assert!(private.expect("chmod can be started").success());
}
