// SPDX-License-Identifier: MIT
//! What a piece of a Rust program allocates, without a crate: the functions are looked up at run time, since stable Rust has no
//! weak references. Rust's own allocator calls malloc, and so it is recorded like any other. An example of docs/scopes.md.
use std::ffi::CString;
use std::mem::{transmute, MaybeUninit};
use std::os::raw::{c_char, c_int, c_void};
use std::ptr::null_mut;

/// memtrack_delta.
#[repr(C)]
#[derive(Default, Debug)]
pub struct Delta {
    pub net_bytes: i64,
    pub net_blocks: i64,
    pub peak_bytes: i64,
    pub allocated_bytes: u64,
    pub allocated_blocks: u64,
    pub freed_bytes: u64,
    pub freed_blocks: u64,
    pub temporary_blocks: u64,
    pub duration_ns: u64,
    pub cpu_ns: u64,
}

type Storage = MaybeUninit<[u64; 32]>;
type Begin = unsafe extern "C" fn(*mut Storage, *const c_char) -> c_int;
type End = unsafe extern "C" fn(*mut Storage, *mut Delta) -> c_int;

extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

fn find(name: &[u8]) -> *mut c_void {
    unsafe { dlsym(null_mut(), name.as_ptr().cast()) }
}

/// Ends the scope however it is left, by a panic too.
struct Ending<'a>(*mut Storage, &'a mut Delta, End);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        unsafe { (self.2)(self.0, self.1) };
    }
}

/// Does the work in a scope with this name. In a process that is not recorded, the figures are zero.
pub fn measure<T>(name: &str, work: impl FnOnce() -> T) -> (T, Delta) {
    let mut delta = Delta::default();
    let (begin, end) = (find(b"memtrack_begin\0"), find(b"memtrack_end\0"));
    if begin.is_null() || end.is_null() {
        return (work(), delta);
    }
    let (begin, end) = unsafe { (transmute::<_, Begin>(begin), transmute::<_, End>(end)) };
    let name = CString::new(name).unwrap_or_default();
    let mut storage = Storage::uninit(); // stays where it is while the scope is open
    unsafe { begin(&mut storage, name.as_ptr()) };
    let ending = Ending(&mut storage, &mut delta, end);
    let result = work();
    drop(ending);
    (result, delta)
}

fn main() {
    let (squares, delta) = measure("squares", || {
        let numbers: Vec<u64> = (0..1000).collect();
        numbers.iter().map(|n| n * n).collect::<Vec<u64>>()
    });
    println!("{} squares: {} bytes in {} block, {} at most", squares.len(), delta.net_bytes, delta.net_blocks, delta.peak_bytes);
}
