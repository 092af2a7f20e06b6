//! Debian's rsyslog, with a configuration of its own: what it reads of messages, not what was
//! sent.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::{agent::PATIENCE, certificate::Certificate, monitoring::free, stage::Stage, tool};

/// A message as rsyslog has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// By which of its inputs it came: `imuxsock`, `imudp`, `imtcp`, `over-tls`.
    pub input: String,
    /// Facility and severity, as text: `daemon.alert`.
    pub priority: String,
    /// Host that it is of.
    pub host: String,
    /// Program that it is of.
    pub program: String,
    /// MSGID.
    pub id: String,
    /// Structured data.
    pub data: String,
    /// The text.
    pub text: String,
}

/// A running daemon. It ends when it is dropped.
#[derive(Debug)]
pub struct Syslogd {
    /// Its Unix socket.
    pub socket: PathBuf,
    /// Where it takes datagrams.
    pub udp: String,
    /// Where it takes streams.
    pub tcp: String,
    /// Where it takes streams over TLS, and by which name.
    pub tls: String,
    /// Who vouches for that name, as PEM.
    pub authority: PathBuf,
    file: PathBuf,
    child: Child,
}

impl Syslogd {
    /// Starts it beside the agent, and waits until it listens.
    ///
    /// # Errors
    /// It is missing or does not start.
    pub fn start(stage: &Stage) -> Result<Self> {
        let root = tool::rsyslog()?;
        let directory = stage.run.directory().join("syslog");
        fs::create_dir_all(&directory).context("directory of rsyslog")?;
        let at = |name: &str| directory.join(name).to_string_lossy().into_owned();
        let (udp, tcp, tls) = (free()?, free()?, free()?);
        let certificate = Certificate::new(&stage.run, &["localhost"], &[])?;
        let file = |path: &Path| path.to_string_lossy().into_owned();
        let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
        let text = format!(
            "global(workDirectory=\"{}\" defaultNetstreamDriverCAFile=\"{}\" \
             defaultNetstreamDriverCertFile=\"{}\" defaultNetstreamDriverKeyFile=\"{}\")\n\
             module(load=\"imuxsock\" sysSock.use=\"off\")\n\
             module(load=\"imudp\")\nmodule(load=\"imtcp\")\n\
             template(name=\"read\" type=\"string\" string=\"%inputname%\\t%pri-text%\\t\
             %hostname%\\t%app-name%\\t%msgid%\\t%structured-data%\\t%msg%\\n\")\n\
             input(type=\"imuxsock\" socket=\"{}\" useSpecialParser=\"off\")\n\
             input(type=\"imudp\" address=\"127.0.0.1\" port=\"{}\")\n\
             input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{}\")\n\
             input(type=\"imtcp\" name=\"over-tls\" address=\"127.0.0.1\" port=\"{}\" \
             streamDriver.name=\"gtls\" streamDriver.mode=\"1\" streamDriver.authMode=\"anon\")\n\
             action(type=\"omfile\" file=\"{}\" template=\"read\")\n",
            directory.display(),
            file(&certificate.certificate),
            file(&certificate.certificate),
            file(&certificate.key),
            at("log.sock"),
            port(&udp),
            port(&tcp),
            port(&tls),
            at("messages"),
        );
        fs::write(at("rsyslog.conf"), text)?;
        let modules = modules(&root)?;
        let line = [
            root.join("usr/sbin/rsyslogd")
                .to_string_lossy()
                .into_owned(),
            "-n".to_owned(),
            "-f".to_owned(),
            at("rsyslog.conf"),
            "-i".to_owned(),
            at("pid"),
            "-M".to_owned(),
            modules.to_string_lossy().into_owned(),
        ];
        let log = fs::File::create(at("log"))?;
        let child = stage
            .unit("syslog.service")?
            .keep()
            .command(None, &line)?
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("start rsyslogd")?;
        let mut started = Self {
            socket: at("log.sock").into(),
            udp,
            tcp,
            tls: format!("localhost:{}", port(&tls)),
            authority: certificate.certificate,
            file: at("messages").into(),
            child,
        };
        let deadline = Instant::now() + PATIENCE;
        while !started.socket.exists() || std::net::TcpStream::connect(&started.tcp).is_err() {
            let ended = started.child.try_wait()?;
            let said = || fs::read_to_string(at("log")).unwrap_or_default();
            ensure!(ended.is_none(), "rsyslogd ended: {}", said());
            ensure!(
                Instant::now() < deadline,
                "rsyslogd does not listen: {}",
                said()
            );
            thread::sleep(Duration::from_millis(20));
        }
        Ok(started)
    }

    /// What it has read so far.
    ///
    /// # Errors
    /// A line is not as the template has it.
    pub fn messages(&self) -> Result<Vec<Message>> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        // The last line may be on its way.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| {
                let fields: Vec<&str> = line.split('\t').collect();
                let [input, priority, host, program, id, data, text] = fields[..] else {
                    anyhow::bail!("{line}");
                };
                Ok(Message {
                    input: input.to_owned(),
                    priority: priority.to_owned(),
                    host: host.to_owned(),
                    program: program.to_owned(),
                    id: id.to_owned(),
                    data: data.to_owned(),
                    text: text.to_owned(),
                })
            })
            .collect()
    }

    /// Waits until it has read so many messages of the agent by each input.
    ///
    /// # Errors
    /// It has not in time.
    pub fn wait(&self, input: &str, count: usize) -> Result<Vec<Message>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut found = self.messages()?;
            found.retain(|one| one.input == input && one.program == "weir");
            if found.len() >= count {
                return Ok(found);
            }
            ensure!(Instant::now() < deadline, "{input}: {found:#?}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Syslogd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Its modules are in a directory that has the machine's name.
fn modules(root: &Path) -> Result<PathBuf> {
    let libraries = root.join("usr/lib");
    let entries = fs::read_dir(&libraries).context("libraries of rsyslog")?;
    entries
        .flatten()
        .map(|entry| entry.path().join("rsyslog"))
        .find(|path| path.join("lmnsd_gtls.so").is_file())
        .with_context(|| format!("no modules of rsyslog below {}", libraries.display()))
}
