//! A load client that is light enough not to be what is measured: plain HTTP/1.1 with keep-alive, on one thread.

mod bare;
mod closed_loop;
mod connection;

pub(crate) use self::{
    bare::{Bare, serve as serve_bare},
    closed_loop::{Counted, Load},
    connection::{Connection, Endpoint, request},
};
