//! A receiver of webhooks on loopback, which knows nothing of the agent's code. It can be down,
//! answer what it is told to, or take a connection and never answer.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::agent::PATIENCE;

/// What was posted.
#[derive(Clone, Debug)]
pub struct Post {
    /// Headers by name, in small letters.
    pub headers: BTreeMap<String, String>,
    /// The body, as it came.
    pub text: String,
    /// The same, read.
    pub body: Value,
    /// What was answered.
    pub answered: u16,
}

/// A receiver. It is down when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    status: Arc<AtomicU16>,
    posts: Arc<Mutex<Vec<Post>>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Listens at an address, and answers 204.
    ///
    /// # Errors
    /// The address is taken.
    pub fn start(address: &str) -> Result<Self> {
        let listener = TcpListener::bind(address).with_context(|| format!("bind {address}"))?;
        let mut receiver = Self {
            address: listener.local_addr()?,
            status: Arc::new(AtomicU16::new(204)),
            posts: Arc::default(),
            end: Arc::default(),
            thread: None,
        };
        let (status, posts, end) = (
            Arc::clone(&receiver.status),
            Arc::clone(&receiver.posts),
            Arc::clone(&receiver.end),
        );
        receiver.thread = Some(thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let status = status.load(Ordering::SeqCst);
                if let Ok(post) = take(&stream, status) {
                    lock(&posts).push(post);
                }
            }
        }));
        Ok(receiver)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers this from now on.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Everything that was posted, in order.
    pub fn posts(&self) -> Vec<Post> {
        lock(&self.posts).clone()
    }

    /// Waits until what was posted is as `wanted` says.
    ///
    /// # Errors
    /// It is not in time.
    pub fn wait(&self, what: &str, wanted: impl Fn(&[Post]) -> bool) -> Result<Vec<Post>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let posts = self.posts();
            if wanted(&posts) {
                return Ok(posts);
            }
            ensure!(Instant::now() < deadline, "{what}; posted: {posts:#?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Receiver {
    /// Is down from now on, and gives everything that it took until then.
    pub fn end(mut self) -> Vec<Post> {
        self.stop();
        self.posts()
    }

    fn stop(&mut self) {
        self.end.store(true, Ordering::SeqCst);
        // Wakes it up.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop();
    }
}

fn lock(posts: &Mutex<Vec<Post>>) -> MutexGuard<'_, Vec<Post>> {
    posts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take(stream: &TcpStream, status: u16) -> Result<Post> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    ensure!(first.starts_with("POST "), "{first}");
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").context("no length")?;
    let mut body = vec![0; length.parse()?];
    reader.read_exact(&mut body)?;
    let text = String::from_utf8(body)?;
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")?;
    Ok(Post {
        headers,
        body: serde_json::from_str(&text)?,
        text,
        answered: status,
    })
}

impl Post {
    /// A header.
    ///
    /// # Errors
    /// There is none.
    pub fn header(&self, name: &str) -> Result<&str> {
        let value = self.headers.get(name);
        value
            .map(String::as_str)
            .with_context(|| format!("no {name}"))
    }

    /// The signature that openssl makes with a secret.
    ///
    /// # Errors
    /// openssl fails.
    pub fn signature(&self, secret: &str) -> Result<String> {
        let mut openssl = Command::new("openssl")
            .args(["dgst", "-sha256", "-hmac", secret, "-r"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start openssl")?;
        let (id, time) = (
            self.header("webhook-id")?,
            self.header("webhook-timestamp")?,
        );
        let mut input = openssl.stdin.take().context("input of openssl")?;
        write!(input, "{id}.{time}.{}", self.text)?;
        drop(input);
        let output = openssl.wait_with_output()?;
        let text = String::from_utf8(output.stdout)?;
        let digits = text.split(' ').next().context("no digest")?;
        Ok(digits.to_owned())
    }
}
