// SPDX-License-Identifier: MIT
//! The functions of the recorder, if there is one in the process.
//!
//! Stable Rust has no weak references. On x86-64 they are written in assembly, as memtrack.h does
//! it in C: one load, through the global offset table, of an address that is zero where there is no
//! recorder. Elsewhere dlsym is asked, once for each function.

use core::ffi::c_void;
use std::os::raw::{c_char, c_int};

/// What memtrack.h calls memtrack_scope.
pub type Opaque = core::mem::MaybeUninit<[u64; 32]>;

/// What a scope has measured.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Bytes allocated less bytes freed inside the scope.
    pub net_bytes: i64,
    /// Blocks allocated less blocks freed inside the scope.
    pub net_blocks: i64,
    /// The highest net_bytes that was reached inside.
    pub peak_bytes: i64,
    /// All bytes that were allocated.
    pub allocated_bytes: u64,
    /// All blocks that were allocated.
    pub allocated_blocks: u64,
    /// All bytes that were freed.
    pub freed_bytes: u64,
    /// All blocks that were freed.
    pub freed_blocks: u64,
    /// Blocks that the very next call of the allocator freed.
    pub temporary_blocks: u64,
    /// Nanoseconds by the wall clock.
    pub duration_ns: u64,
    /// Processor time of the thread; 0 unless MEMTRACK_SCOPE_CPU=1 is in the environment.
    pub cpu_ns: u64,
}

#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
macro_rules! find {
    ($name:literal) => {{
        let found: *const c_void;
        unsafe {
            core::arch::asm!(
                concat!(".weak ", $name),
                concat!("mov {found}, qword ptr [rip + ", $name, "@GOTPCREL]"),
                found = lateout(reg) found,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        found
    }};
}

#[cfg(not(all(target_arch = "x86_64", target_pointer_width = "64")))]
macro_rules! find {
    ($name:literal) => {{
        static FOUND: core::sync::atomic::AtomicUsize =
            core::sync::atomic::AtomicUsize::new(usize::MAX);
        // Relaxed: whoever looks it up finds the same address.
        let mut found = FOUND.load(core::sync::atomic::Ordering::Relaxed);
        if found == usize::MAX {
            extern "C" {
                fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
            }
            let name = concat!($name, "\0").as_ptr();
            found = unsafe { dlsym(core::ptr::null_mut(), name.cast()) } as usize;
            FOUND.store(found, core::sync::atomic::Ordering::Relaxed);
        }
        found as *const c_void
    }};
}

/// Defines a function that calls the recorder's, or returns 0.
macro_rules! api {
    ($(fn $name:ident = $symbol:literal ($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        #[inline(always)]
        #[allow(unused_unsafe)] // find! is used in safe functions, too
        pub(crate) unsafe fn $name($($argument: $type),*) -> $result {
            let found = find!($symbol);
            if found.is_null() {
                return 0;
            }
            let function: unsafe extern "C" fn($($type),*) -> $result =
                core::mem::transmute(found);
            function($($argument),*)
        }
    )*};
}

api! {
    fn begin = "memtrack_begin"(scope: *mut Opaque, name: *const c_char) -> c_int;
    fn begin_at = "memtrack_begin_at"(scope: *mut Opaque, name: *const c_char,
                                      file: *const c_char, line: u32) -> c_int;
    fn end = "memtrack_end"(scope: *mut Opaque, out: *mut Delta) -> c_int;
    fn detach = "memtrack_scope_detach"(scope: *mut Opaque) -> c_int;
    fn attach = "memtrack_scope_attach"(scope: *mut Opaque) -> c_int;
    fn scope_set = "memtrack_scope_set"(scope: *mut Opaque, key: *const c_char,
                                        value: *const c_char) -> c_int;
    fn scope_fail = "memtrack_scope_fail"(scope: *mut Opaque, why: *const c_char) -> c_int;
    fn tracing = "memtrack_is_tracing"() -> c_int;
    fn traced = "memtrack_get_traced_memory"(current: *mut u64, peak: *mut u64) -> c_int;
    fn peak_reset = "memtrack_reset_peak"() -> c_int;
    fn mark_at = "memtrack_mark"(name: *const c_char) -> c_int;
    fn count = "memtrack_counter"(name: *const c_char, value: i64) -> c_int;
    fn count_add = "memtrack_counter_add"(name: *const c_char, by: i64) -> c_int;
    fn record_ns = "memtrack_record"(name: *const c_char, duration_ns: u64) -> c_int;
    fn set_key = "memtrack_set"(key: *const c_char, value: *const c_char) -> c_int;
}

/// Tells whether there is a recorder: the test that each function above begins with.
#[inline(always)]
pub(crate) fn is_there() -> bool {
    !find!("memtrack_begin").is_null()
}

/// Tells whether the recorder knows places in the sources.
pub(crate) fn knows_places() -> bool {
    !find!("memtrack_begin_at").is_null()
}

/// A text as C wants it: as much of it as is kept in a recording, up to a zero. It does not allocate.
pub(crate) struct Text([u8; 256]);

impl Text {
    pub(crate) fn new(text: &str) -> Text {
        let mut copy = Text([0; 256]);
        let bytes = text.as_bytes();
        let n = bytes.len().min(255);
        copy.0[..n].copy_from_slice(&bytes[..n]);
        copy
    }
    pub(crate) fn get(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

/// Is this process recorded, and the recording on?
pub fn is_tracing() -> bool {
    unsafe { tracing() == 1 }
}

/// Returns the live bytes of the process and their peak.
pub fn traced_memory() -> (u64, u64) {
    let (mut current, mut peak) = (0, 0);
    unsafe { traced(&mut current, &mut peak) };
    (current, peak)
}

/// Makes what is live now the peak.
pub fn reset_peak() {
    unsafe { peak_reset() };
}

/// Sets a mark on the timeline.
pub fn mark(name: &str) {
    if is_there() {
        unsafe { mark_at(Text::new(name).get()) };
    }
}

/// Sets a figure of the program's own on the timeline, such as the bytes of a cache.
pub fn counter(name: &str, value: i64) {
    if is_there() {
        unsafe { count(Text::new(name).get(), value) };
    }
}

/// Adds to such a figure.
pub fn counter_add(name: &str, by: i64) {
    if is_there() {
        unsafe { count_add(Text::new(name).get(), by) };
    }
}

/// Adds a time that was measured elsewhere, as a scope of that name.
pub fn record(name: &str, duration: core::time::Duration) {
    if is_there() {
        unsafe { record_ns(Text::new(name).get(), duration.as_nanos() as u64) };
    }
}

/// Keeps something that is to be known of this process, such as its version.
pub fn set(key: &str, value: &str) {
    if is_there() {
        unsafe { set_key(Text::new(key).get(), Text::new(value).get()) };
    }
}
