// SPDX-License-Identifier: MIT
//! Scopes of memtrack for Rust: how much memory does this function, this request, this phase take?
//!
//! ```
//! fn load() -> Vec<u8> {
//!     memtrack::scope!("load"); // to the end of the block
//!     vec![0; 1000]
//! }
//!
//! let (bytes, delta) = memtrack::measure("parse", || load().len());
//! println!("{bytes} bytes read, {} at most", delta.peak_bytes);
//! ```
//!
//! Nothing is linked: in a process that memtrack records (`memtrack ./app`) the functions of the
//! recorder are found, and in any other a scope is the test of one address. Rust's own allocator
//! calls malloc, and so it is recorded like any other. A scope measures its thread, nests, never
//! allocates, and is an error when a panic leaves it.
//!
//! Tasks that change threads: [`task`] for a closure that another thread runs, and
//! [`Instrument::in_scope`] for a future, in whichever threads it is polled. memtrack.h has the
//! rules of each function.
#![warn(missing_docs)]

mod future;
mod recorder;
mod scope;

pub use future::{Followed, Instrument};
pub use recorder::{
    counter, counter_add, is_tracing, mark, record, reset_peak, set, traced_memory, Delta,
};
pub use scope::{measure, task, Place, Scope, Storage};

/// Begins a scope that ends with the enclosing block.
///
/// ```
/// memtrack::scope!("whole");
/// for number in 0..3 {
///     memtrack::scope!("part");
///     memtrack::scope!(&format!("part {number}"));
/// }
/// ```
#[macro_export]
macro_rules! scope {
    ($name:expr) => {
        let mut storage = $crate::Storage::new();
        let _scope = storage.begin_at($name, $crate::place!());
    };
}

/// The place in the sources where this stands.
#[macro_export]
macro_rules! place {
    () => {
        $crate::Place::new(concat!(file!(), "\0"), line!())
    };
}
