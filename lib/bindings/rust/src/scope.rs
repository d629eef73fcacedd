// SPDX-License-Identifier: MIT
//! Scopes of the calling thread. What is kept of one while it is open stays where it is: a guard
//! borrows its storage.

use crate::recorder::{self, Delta, Opaque, Text};
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use std::any::Any;
use std::borrow::Cow;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

/// A place in the sources: see [`place!`](crate::place).
#[derive(Clone, Copy)]
pub struct Place {
    file: &'static str,
    line: u32,
}

impl Place {
    /// The file ends with a zero.
    #[inline(always)]
    pub const fn new(file: &'static str, line: u32) -> Place {
        Place { file, line }
    }

    /// Where the function that asks was called, if it is marked so. This one's file has no zero.
    #[track_caller]
    pub(crate) fn of_caller() -> Place {
        let location = core::panic::Location::caller();
        Place { file: location.file(), line: location.line() }
    }
}

/// Where a scope is kept while it is open.
pub struct Storage(pub(crate) Opaque);

impl Storage {
    /// Nothing is open in it.
    #[inline(always)]
    pub const fn new() -> Storage {
        Storage(MaybeUninit::uninit())
    }

    /// Begins a scope. It ends with the guard.
    #[inline(always)]
    pub fn begin(&mut self, name: &str) -> Scope<'_> {
        let was_panicking = recorder::is_there() && self.begin_recorded(name, None);
        Scope::of(self, was_panicking)
    }

    /// Begins a scope, of a place in the sources.
    #[inline(always)]
    pub fn begin_at(&mut self, name: &str, place: Place) -> Scope<'_> {
        let was_panicking = recorder::is_there() && self.begin_recorded(name, Some(place));
        Scope::of(self, was_panicking)
    }

    /// Returns whether a panic is on its way already.
    #[inline(never)]
    pub(crate) fn begin_recorded(&mut self, name: &str, place: Option<Place>) -> bool {
        let name = Text::new(name);
        match place {
            Some(place) if recorder::knows_places() => unsafe {
                let copy;
                let file = if place.file.ends_with('\0') {
                    place.file.as_ptr().cast()
                } else {
                    copy = Text::new(place.file);
                    copy.get()
                };
                recorder::begin_at(&mut self.0, name.get(), file, place.line)
            },
            _ => unsafe { recorder::begin(&mut self.0, name.get()) },
        };
        std::thread::panicking()
    }
}

impl Default for Storage {
    fn default() -> Storage {
        Storage::new()
    }
}

/// A scope that is open. It belongs to the thread that has begun it.
pub struct Scope<'a> {
    storage: &'a mut Storage,
    was_panicking: bool,
    has_failed: bool,
    of_thread: PhantomData<*mut ()>,
}

impl<'a> Scope<'a> {
    #[inline(always)]
    fn of(storage: &'a mut Storage, was_panicking: bool) -> Scope<'a> {
        Scope {
            storage,
            was_panicking,
            has_failed: false,
            of_thread: PhantomData,
        }
    }

    /// Sets metadata, which are kept with the latest scopes.
    pub fn set(&mut self, key: &str, value: &str) {
        if recorder::is_there() {
            let (key, value) = (Text::new(key), Text::new(value));
            unsafe { recorder::scope_set(&mut self.storage.0, key.get(), value.get()) };
        }
    }

    /// Lets it count as an error when it ends.
    pub fn fail(&mut self, why: &str) {
        self.has_failed = true;
        if recorder::is_there() {
            unsafe { recorder::scope_fail(&mut self.storage.0, Text::new(why).get()) };
        }
    }

    /// Ends it now, and returns what it has measured. All is zero where nothing is recorded.
    pub fn end(self) -> Delta {
        let mut delta = Delta::default();
        let mut this = core::mem::ManuallyDrop::new(self);
        unsafe { recorder::end(&mut this.storage.0, &mut delta) };
        delta
    }

    #[inline(never)]
    fn leave(&mut self) {
        if !self.has_failed && !self.was_panicking && std::thread::panicking() {
            self.fail("left by a panic");
        }
        unsafe { recorder::end(&mut self.storage.0, core::ptr::null_mut()) };
    }
}

impl Drop for Scope<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if recorder::is_there() {
            self.leave();
        }
    }
}

/// What a panic says, if it is a text.
fn text_of(panic: &(dyn Any + Send)) -> &str {
    match panic.downcast_ref::<&str>() {
        Some(text) => text,
        None => match panic.downcast_ref::<String>() {
            Some(text) => text,
            None => "left by a panic",
        },
    }
}

/// Does the work in a scope of this name, and returns its result and what the scope has measured. A
/// panic is an error with the panic's text, and goes on.
#[track_caller]
pub fn measure<T>(name: &str, work: impl FnOnce() -> T) -> (T, Delta) {
    measure_at(name, Place::of_caller(), work)
}

fn measure_at<T>(name: &str, place: Place, work: impl FnOnce() -> T) -> (T, Delta) {
    if !recorder::is_there() {
        return (work(), Delta::default());
    }
    let mut storage = Storage::new();
    let mut scope = storage.begin_at(name, place);
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => (result, scope.end()),
        Err(panic) => {
            scope.fail(text_of(&*panic));
            drop(scope);
            resume_unwind(panic)
        }
    }
}

/// Makes a closure for another thread, which does the work in a scope of this name there:
///
/// ```
/// std::thread::spawn(memtrack::task("load", || vec![0; 1000])).join().unwrap();
/// ```
#[track_caller]
pub fn task<T>(
    name: impl Into<Cow<'static, str>>,
    work: impl FnOnce() -> T,
) -> impl FnOnce() -> T {
    let (name, place) = (name.into(), Place::of_caller());
    move || measure_at(&name, place, work).0
}
