//! PostgreSQL servers for tests: each with its own folder and socket, as real as any, with
//! `fsync`. When `PI_TEST_POSTGRES` names the socket folder of a running one, tests share it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use tempfile::TempDir;

/// Names the socket folder of a server that tests share.
pub const SHARED: &str = "PI_TEST_POSTGRES";

/// A server.
pub struct Server {
    folder: Folder,
    child: Option<Child>,
}

enum Folder {
    Own(TempDir),
    Shared(PathBuf),
}

/// A database of its own for a test.
pub struct Database {
    /// Of the role that owns the tables.
    pub owner: String,
    /// Of the role of the application.
    pub application: String,
}

impl Server {
    /// The shared server, or one of its own.
    pub fn any() -> Self {
        match std::env::var_os(SHARED) {
            Some(folder) => Self { folder: Folder::Shared(folder.into()), child: None },
            None => Self::own(),
        }
    }

    /// A new server, which ends with this value.
    pub fn own() -> Self {
        let folder = tempfile::Builder::new().prefix("pi-pg-").tempdir_in("/tmp").unwrap();
        if let Some((user, group)) = other_user() {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let data = folder.path().join("data");
        let made = command("initdb")
            .args(["--auth=trust", "--username=admin", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--pgdata"])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .expect("PostgreSQL is installed (`scripts/setup`)");
        assert!(made.success(), "initdb failed");
        let mut server = Self { folder: Folder::Own(folder), child: None };
        server.start();
        server.admin("postgres", "CREATE ROLE owner LOGIN; CREATE ROLE pi LOGIN;");
        server
    }

    /// The folder of the socket.
    pub fn folder(&self) -> &Path {
        match &self.folder {
            Folder::Own(folder) => folder.path(),
            Folder::Shared(folder) => folder,
        }
    }

    /// The URL of a database for a role.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("host={} user={role} dbname={database}", self.folder().display())
    }

    /// Starts it, again after [`Server::kill`], and waits until it answers.
    pub fn start(&mut self) {
        let folder = self.folder().to_owned();
        let log = fs::File::create(folder.join("log")).unwrap();
        let child = command("postgres")
            .arg("-D")
            .arg(folder.join("data"))
            .args(["-c", "listen_addresses=", "-c", "max_connections=200"])
            .arg("-k")
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let began = Instant::now();
        while let Err(error) = Client::connect(&self.url("admin", "postgres"), NoTls) {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "no server: {error}\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it (`SIGQUIT`): it neither finishes what is under way nor writes a checkpoint.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal(&child, "-QUIT");
            child.wait().unwrap();
        }
    }

    /// Runs statements as a superuser.
    pub fn admin(&self, database: &str, sql: &str) {
        let mut client = Client::connect(&self.url("admin", database), NoTls).unwrap();
        client.batch_execute(sql).unwrap();
    }

    /// A new database with the tables that `migrate` makes from the URLs of owner and
    /// application. They are made once and copied.
    pub fn database(&self, migrate: impl FnOnce(&str, &str)) -> Database {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{next}", std::process::id());
        let mut client = Client::connect(&self.url("admin", "postgres"), NoTls).unwrap();
        client.batch_execute("SELECT pg_advisory_lock(1)").unwrap();
        let template = "SELECT 1 FROM pg_database WHERE datname = 'template_pi'";
        if client.query(template, &[]).unwrap().is_empty() {
            client.batch_execute("CREATE DATABASE unfinished OWNER owner").unwrap();
            migrate(&self.url("owner", "unfinished"), &self.url("pi", "unfinished"));
            client.batch_execute("ALTER DATABASE unfinished RENAME TO template_pi").unwrap();
        }
        let create = format!("CREATE DATABASE {name} OWNER owner TEMPLATE template_pi");
        // The owner's last connection may take a moment to end.
        let began = Instant::now();
        while let Err(error) = client.batch_execute(&create) {
            assert!(began.elapsed() < Duration::from_secs(30), "{error}");
            std::thread::sleep(Duration::from_millis(20));
        }
        client.batch_execute("SELECT pg_advisory_unlock(1)").unwrap();
        Database { owner: self.url("owner", &name), application: self.url("pi", &name) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal(&child, "-INT");
            // It ends whatever this test made of it.
            let _ = child.wait();
        }
    }
}

fn signal(child: &Child, signal: &str) {
    // The server's own process: what runs it as another user has become it.
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// A program of PostgreSQL, as a user that it lets start servers.
fn command(program: &str) -> Command {
    let path = installed(program);
    match other_user() {
        None => Command::new(path),
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={user}"), format!("--regid={group}")]);
            command.arg("--clear-groups").arg(path).current_dir("/tmp");
            command
        }
    }
}

/// The newest version in Debian's place, or what is in the path.
fn installed(program: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let path = entry.path().join("bin").join(program);
            path.exists().then_some((version, path))
        })
        .collect();
    found.sort();
    found.pop().map_or_else(|| program.into(), |(_, path)| path)
}

/// Whom servers run as when this is root, which they refuse: the user of the package.
fn other_user() -> Option<(u32, u32)> {
    let me = fs::metadata("/proc/self").ok()?.uid();
    let text = fs::read_to_string("/etc/passwd").ok()?;
    let line = text.lines().find(|line| line.starts_with("postgres:"))?;
    let mut fields = line.split(':').skip(2).map(|field| field.parse().ok());
    let user = (fields.next()??, fields.next()??);
    (me == 0).then_some(user)
}
