//! Tasks that run until they are told to stop, each with a name and a signal of its own, so that
//! they can be stopped one after the other.

use anyhow::{Context, anyhow};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

/// Tasks under way. Dropped, it ends them at once.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    tasks: JoinSet<anyhow::Result<()>>,
    known: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    name: &'static str,
    id: Id,
    stop: CancellationToken,
}

impl Parts {
    /// Starts one more. It must end when its token is cancelled, and not before.
    pub(crate) fn start<F>(&mut self, name: &'static str, part: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let id = self.tasks.spawn(part(stop.clone())).id();
        self.known.push(Part { name, id, stop });
    }

    /// Waits until one ends that was not told to, and says which and why.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        match self.next().await {
            Some((name, Ok(()))) => anyhow!("{name} ended unexpectedly"),
            Some((name, Err(error))) => error.context(format!("{name} failed")),
            None => anyhow!("nothing is running"),
        }
    }

    /// Stops them one after the other, the one started last first.
    ///
    /// # Errors
    ///
    /// The first failure; all are stopped nevertheless.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        while let Some(last) = self.known.last() {
            last.stop.cancel();
            // Whichever ends now: none is left running when all known ones are gone.
            let Some((name, ended)) = self.next().await else { break };
            outcome = outcome.and(ended.with_context(|| format!("{name} failed while stopping")));
        }
        outcome
    }

    /// The next to end, which is then forgotten.
    async fn next(&mut self) -> Option<(&'static str, anyhow::Result<()>)> {
        let (id, ended) = match self.tasks.join_next_with_id().await? {
            Ok((id, ended)) => (id, ended),
            Err(error) => (error.id(), Err(anyhow!("it panicked or was aborted"))),
        };
        let at = self.known.iter().position(|part| part.id == id)?;
        Some((self.known.remove(at).name, ended))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn parts_stop_in_the_opposite_order_of_their_start() {
        let (mut parts, order) = (Parts::default(), Arc::new(Mutex::new(Vec::new())));
        for name in ["first", "second", "third"] {
            let order = order.clone();
            parts.start(name, |stop| async move {
                stop.cancelled().await;
                order.lock().unwrap().push(name);
                Ok(())
            });
        }

        parts.stop().await.unwrap();

        assert_eq!(*order.lock().unwrap(), ["third", "second", "first"]);
    }

    #[tokio::test]
    async fn a_part_that_ends_by_itself_is_named() {
        let mut parts = Parts::default();
        parts.start("steady", |stop| async move {
            stop.cancelled().await;
            Ok(())
        });
        parts.start("weak", |_| async { Err(anyhow!("no more")) });

        assert_eq!(format!("{:#}", parts.failed().await), "weak failed: no more");
        parts.stop().await.unwrap();
    }
}
