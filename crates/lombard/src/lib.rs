//! The whole platform in one process, and commands for whoever works with it. No rule and no SQL of
//! the platform is here: the services bring theirs.

pub mod admin;
pub mod audit;
pub mod bench;
pub mod cli;
pub mod demo;
pub mod dev;
pub mod identity;
mod parts;
mod ready;
mod server;
pub mod stack;
pub mod verify;
pub mod walkthrough;
