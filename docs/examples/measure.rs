// SPDX-License-Identifier: MIT
//! What a piece of a Rust program allocates. An example of docs/scopes.md, for the crate in
//! lib/bindings/rust.
use memtrack::measure;

fn main() {
    let (squares, delta) = measure("squares", || {
        let numbers: Vec<u64> = (0..1000).collect();
        numbers.iter().map(|n| n * n).collect::<Vec<u64>>()
    });
    println!(
        "{} squares: {} bytes in {} block, {} at most",
        squares.len(),
        delta.net_bytes,
        delta.net_blocks,
        delta.peak_bytes
    );
}
