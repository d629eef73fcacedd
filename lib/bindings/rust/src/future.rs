// SPDX-License-Identifier: MIT
//! Scopes of futures: they measure while the future is polled, in whichever thread, and not in
//! between. A future that polls others includes them, since they are polled within its poll.

use crate::recorder;
use crate::scope::{Place, Storage};
use core::future::Future;
use core::marker::PhantomPinned;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::borrow::Cow;

/// A future with a scope.
///
/// A scope of the block form, [`scope!`](crate::scope), must not contain an `.await` unless the
/// future stays in its thread and nothing else runs there meanwhile; the guard is not `Send` for
/// this reason.
pub trait Instrument: Future + Sized {
    /// Lets the future be one scope of this name, from its first poll to its end. A future that is
    /// dropped before ends its scope without an error; a panic is an error.
    ///
    /// ```
    /// use memtrack::Instrument;
    /// async fn handle(number: u32) -> u32 { number + 1 }
    /// let future = handle(1).in_scope("handle");
    /// # drop(future);
    /// ```
    #[track_caller]
    fn in_scope(self, name: impl Into<Cow<'static, str>>) -> Followed<Self> {
        Followed {
            future: ManuallyDrop::new(self),
            name: name.into(),
            place: Place::of_caller(),
            storage: Storage::new(),
            state: State::New,
            _pinned: PhantomPinned,
        }
    }
}

impl<F: Future> Instrument for F {}

#[derive(PartialEq)]
enum State {
    New,
    Suspended, // its scope is detached
    Ended,
}

/// Is what [`Instrument::in_scope`] returns.
pub struct Followed<F: Future> {
    future: ManuallyDrop<F>, // dropped within the scope
    name: Cow<'static, str>,
    place: Place,
    storage: Storage, // stays where it is while it is open, since this is pinned
    state: State,
    _pinned: PhantomPinned,
}

/* What is detached is not tied to a thread, and is open only during a poll. */
unsafe impl<F: Future + Send> Send for Followed<F> {}

impl<F: Future> Followed<F> {
    fn resume(&mut self) {
        match self.state {
            State::New => {
                self.storage.begin_recorded(&self.name, Some(self.place));
            }
            _ => unsafe {
                recorder::attach(&mut self.storage.0);
            },
        }
    }

    fn end(&mut self, failure: Option<&str>) {
        self.state = State::Ended;
        if let Some(why) = failure {
            let why = recorder::Text::new(why);
            unsafe { recorder::scope_fail(&mut self.storage.0, why.get()) };
        }
        unsafe { recorder::end(&mut self.storage.0, core::ptr::null_mut()) };
    }
}

/// Is left when a poll is over; by a panic without is_over.
struct Polling<'a, F: Future> {
    followed: &'a mut Followed<F>,
    is_over: bool,
}

impl<F: Future> Drop for Polling<'_, F> {
    fn drop(&mut self) {
        if !self.is_over {
            self.followed.end(Some("left by a panic"));
        }
    }
}

impl<F: Future> Future for Followed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        /* The future is pinned as this is: it is never moved out, and drop leaves it in place. */
        let this = unsafe { self.get_unchecked_mut() };
        if !recorder::is_there() || this.state == State::Ended {
            return unsafe { Pin::new_unchecked(&mut *this.future) }.poll(context);
        }
        this.resume();
        let mut polling = Polling { followed: this, is_over: false };
        let result = unsafe { Pin::new_unchecked(&mut *polling.followed.future) }.poll(context);
        polling.is_over = true;
        let this = &mut *polling.followed;
        if result.is_ready() {
            this.end(None);
        } else {
            unsafe { recorder::detach(&mut this.storage.0) };
            this.state = State::Suspended;
        }
        result
    }
}

impl<F: Future> Drop for Followed<F> {
    fn drop(&mut self) {
        let is_open = self.state == State::Suspended;
        if is_open {
            self.resume();
        }
        unsafe { ManuallyDrop::drop(&mut self.future) };
        if is_open {
            self.end(None);
        }
    }
}
