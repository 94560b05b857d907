//! Many connections, each with the next call as soon as the one before is answered.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;

use super::{Connection, Endpoint};
use crate::{process, stats::Samples};

/// What to call.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// Where.
    pub(crate) endpoint: Endpoint,
    /// The same call with every token.
    pub(crate) requests: Vec<Vec<u8>>,
    /// How many calls a token makes before the next one's turn.
    pub(crate) calls_per_token: usize,
    /// How many calls were made before: tokens that are used up are not used again.
    pub(crate) made: usize,
    /// The process that answers.
    pub(crate) pid: u32,
}

/// What came of a time of calling.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    /// Answered calls in a second.
    pub(crate) per_s: f64,
    /// Of each call, in milliseconds.
    pub(crate) latency: Samples,
    /// Calls that were answered with something else than `ok`.
    pub(crate) failures: usize,
    /// The answering process's processor time for each call, in microseconds.
    pub(crate) cpu_us: f64,
}

/// What the connections share: all of them are on one thread.
struct Shared<'a> {
    load: &'a Load,
    begun: Cell<usize>,
    done: Cell<usize>,
    failures: Cell<usize>,
    times: RefCell<Vec<Duration>>,
    is_counting: Cell<bool>,
    is_over: Cell<bool>,
}

impl Load {
    /// Calls for a while without counting, then counts.
    pub(crate) fn for_time(&self, connections: usize, warm: Duration, counted: Duration) -> Result<Counted> {
        self.run(connections, async |shared| {
            tokio::time::sleep(warm).await;
            shared.is_counting.set(true);
            let meter = Meter::start(self.pid)?;
            tokio::time::sleep(counted).await;
            shared.is_counting.set(false);
            shared.is_over.set(true);
            Ok(meter)
        })
    }

    /// Makes this many calls.
    pub(crate) fn for_calls(&self, connections: usize, calls: usize) -> Result<Counted> {
        self.run(connections, async |shared| {
            shared.is_counting.set(true);
            let meter = Meter::start(self.pid)?;
            // A call that begins is answered: at most one a connection is made too many.
            while shared.begun.get() < self.made + calls {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            shared.is_over.set(true);
            Ok(meter)
        })
    }

    /// Runs the connections on a thread of their own until `timing` says that it is over.
    fn run(&self, connections: usize, timing: impl AsyncFnOnce(&Shared<'_>) -> Result<Meter>) -> Result<Counted> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Shared {
            load: self,
            begun: Cell::new(self.made),
            done: Cell::new(0),
            failures: Cell::new(0),
            times: RefCell::new(Vec::with_capacity(1 << 20)),
            is_counting: Cell::new(false),
            is_over: Cell::new(false),
        };
        let calling = async {
            let timed = async { timing(&shared).await?.stop(&shared) };
            let (measured, _) = tokio::try_join!(timed, try_join_all((0..connections).map(|_| shared.call())))?;
            Ok::<_, anyhow::Error>(measured)
        };
        let (per_s, cpu_us) = runtime.block_on(calling)?;
        let latency = crate::samples(shared.times.take());
        ensure!(latency.len() > 0, "no call was answered");
        Ok(Counted { per_s, latency, failures: shared.failures.get(), cpu_us })
    }
}

impl Shared<'_> {
    async fn call(&self) -> Result<()> {
        let mut connection = Connection::open(self.load.endpoint.address).await.context("could not connect")?;
        while !self.is_over.get() {
            let number = self.begun.replace(self.begun.get() + 1);
            let turn = number / self.load.calls_per_token % self.load.requests.len();
            let request = self.load.requests.get(turn).context("there is no token")?;
            let began = Instant::now();
            let is_ok = connection.call(request).await?;
            if !is_ok {
                self.failures.set(self.failures.get() + 1);
            }
            if self.is_counting.get() {
                self.done.set(self.done.get() + 1);
                self.times.borrow_mut().push(began.elapsed());
            }
        }
        Ok(())
    }
}

/// Time, and the other process's processor time.
struct Meter {
    pid: u32,
    began: Instant,
    cpu: Duration,
}

impl Meter {
    fn start(pid: u32) -> Result<Self> {
        let cpu = process::processor_time(pid).context("the process that answers has ended")?;
        Ok(Self { pid, began: Instant::now(), cpu })
    }

    /// Calls a second, and processor time in microseconds a call.
    fn stop(&self, shared: &Shared<'_>) -> Result<(f64, f64)> {
        let took = self.began.elapsed();
        let cpu = process::processor_time(self.pid).context("the process that answers has ended")?;
        let calls = f64::from(u32::try_from(shared.done.get())?.max(1));
        Ok((calls / took.as_secs_f64(), cpu.saturating_sub(self.cpu).as_secs_f64() * 1e6 / calls))
    }
}
