//! `countersign run` as a process: what it logs, what it answers, and signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use testenv::until;

use crate::PATIENCE;

/// The running program with what it logged. Killed when dropped.
pub struct Program {
    child: Child,
    log: Arc<Mutex<Vec<Value>>>,
    reader: Option<JoinHandle<()>>,
}

impl Program {
    /// Starts it.
    pub fn run(executable: &str, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(executable)
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .context("could not start the program")?;
        let lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = log.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(std::result::Result::ok) {
                // What is not JSON is kept too, so that the test can say what it was.
                kept.lock().unwrap().push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        Ok(Self { child, log, reader: Some(reader) })
    }

    /// Where it listens.
    pub async fn address(&self) -> Result<String> {
        until("the program said where it listens", PATIENCE, || async {
            Ok(self.log().iter().find_map(|line| line["address"].as_str().map(str::to_owned)))
        })
        .await
    }

    /// Waits until the program logged this.
    pub async fn said(&self, message: &str) -> Result<()> {
        until(format_args!("the program said {message:?}"), PATIENCE, || async {
            let said = self.log().iter().any(|line| line["message"] == message);
            Ok(said.then_some(()))
        })
        .await
    }

    /// Every line that it logged.
    pub fn log(&self) -> Vec<Value> {
        self.log.lock().unwrap().clone()
    }

    /// Sends it a signal, by the name that `kill` has for it.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let id = self.child.id().to_string();
        ensure!(Command::new("kill").args([&format!("-{signal}"), &id]).status()?.success(), "no {signal}");
        Ok(())
    }

    /// Tells it to stop, and waits until it has ended and all that it said is read.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.signal("TERM")?;
        let child = Mutex::new(&mut self.child);
        let ended =
            until("the program ended", PATIENCE, || async { Ok(child.lock().unwrap().try_wait()?) }).await?;
        if let Some(reader) = self.reader.take() {
            reader.join().map_err(|_| anyhow!("what the program said could not be read"))?;
        }
        Ok(ended)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Status and body of a plain GET.
pub fn get(address: &str, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status line")?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no body")?;
    Ok((status, body.to_owned()))
}
