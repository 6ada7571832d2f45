//! Clusters are started, stopped, killed and found again. Holds as root and as any other user.

mod durable;
mod owners;
mod support;
mod throw_away;
