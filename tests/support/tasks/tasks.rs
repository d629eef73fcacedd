// SPDX-License-Identifier: MIT
//! Scopes of Rust: nested, panicking, in threads, and futures that a pool of threads polls. What each
//! name allocates is counted here, and printed as `NAME<tab>COUNT<tab>BYTES<tab>BLOCKS<tab>ERRORS`;
//! bytes are -1 where others allocate as well. With a number, that many scopes are nothing else.
use memtrack::{measure, scope, task, Instrument};
use std::collections::VecDeque;
use std::future::Future;
use std::os::raw::c_void;
use std::panic::{catch_unwind, set_hook};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

extern "C" {
    fn malloc(bytes: usize) -> *mut c_void;
    fn free(block: *mut c_void);
}

static MALLOC: unsafe extern "C" fn(usize) -> *mut c_void = malloc;

struct Count {
    name: &'static str,
    count: AtomicUsize,
    bytes: AtomicUsize,
    blocks: AtomicUsize,
    errors: AtomicUsize,
    is_inexact: bool,
}

const fn count(name: &'static str, is_inexact: bool) -> Count {
    const ZERO: AtomicUsize = AtomicUsize::new(0);
    Count { name, count: ZERO, bytes: ZERO, blocks: ZERO, errors: ZERO, is_inexact }
}

static BLOCK: Count = count("block", false);
static INNER: Count = count("inner", false);
static MEASURED: Count = count("measured", false);
static THREAD: Count = count("thread", true); // a thread allocates what is its own
static PANICS: Count = count("panics", true);
static SAID: Count = count("said", true);
static REQUEST: Count = count("request", false);
static PART: Count = count("part of a request", false);
static BAD: Count = count("bad request", true);
static DROPPED: Count = count("dropped", false);
static ALL: [&Count; 10] =
    [&BLOCK, &INNER, &MEASURED, &THREAD, &PANICS, &SAID, &REQUEST, &PART, &BAD, &DROPPED];

/// Allocates and frees, in a scope of each of these names.
fn allocate(bytes: usize, within: &[&Count]) {
    for count in within {
        count.bytes.fetch_add(bytes, SeqCst);
        count.blocks.fetch_add(1, SeqCst);
    }
    unsafe { free(std::ptr::read_volatile(&MALLOC)(bytes)) }; // not to be optimised away
}

fn begins(count: &Count) {
    count.count.fetch_add(1, SeqCst);
}

fn fails(count: &Count) {
    count.errors.fetch_add(1, SeqCst);
}

fn blocks() {
    let name = String::from("inner");
    for i in 0..10 {
        scope!("block");
        begins(&BLOCK);
        {
            scope!(&name);
            begins(&INNER);
            allocate(100 + i, &[&BLOCK, &INNER]);
        }
        allocate(7, &[&BLOCK]);
    }
    let (result, delta) = measure("measured", || {
        begins(&MEASURED);
        allocate(1234, &[&MEASURED]);
        42
    });
    let expected = if memtrack::is_tracing() { (1234, 1234) } else { (0, 0) };
    assert_eq!((42, expected), (result, (delta.peak_bytes, delta.allocated_bytes as i64)));
}

fn panics() {
    set_hook(Box::new(|_| ()));
    let _ = catch_unwind(|| {
        scope!("panics");
        begins(&PANICS);
        fails(&PANICS);
        panic!("in a block");
    });
    let _ = catch_unwind(|| {
        begins(&SAID);
        fails(&SAID);
        measure("said", || panic!("what is said"));
    });
}

fn threads() {
    let threads: Vec<_> = (0..8)
        .map(|i| {
            std::thread::spawn(task("thread", move || {
                begins(&THREAD);
                allocate(1000 * i, &[&THREAD]);
            }))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/* ---- futures ---- */

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
struct Pool {
    ready: Mutex<VecDeque<Task>>,
    n_left: AtomicUsize,
}

fn waker() -> Waker {
    const TABLE: RawWakerVTable = RawWakerVTable::new(|_| RAW, |_| (), |_| (), |_| ());
    const RAW: RawWaker = RawWaker::new(std::ptr::null(), &TABLE);
    unsafe { Waker::from_raw(RAW) }
}

impl Pool {
    /// Polls what is ready, and puts back what is not.
    fn work(&self) {
        while self.n_left.load(SeqCst) > 0 {
            let next = self.ready.lock().unwrap().pop_front();
            let mut future = match next {
                Some(future) => future,
                None => {
                    std::thread::yield_now();
                    continue;
                }
            };
            let polled = catch_unwind(std::panic::AssertUnwindSafe(|| {
                future.as_mut().poll(&mut Context::from_waker(&waker()))
            }));
            match polled {
                Ok(Poll::Pending) => self.ready.lock().unwrap().push_back(future),
                _ => {
                    self.n_left.fetch_sub(1, SeqCst);
                }
            }
        }
    }
}

/// Is pending once.
#[derive(Default)]
struct Elsewhere(bool);

impl Future for Elsewhere {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

async fn part(i: usize, around: &'static Count) {
    begins(&PART);
    allocate(10 + i, &[&PART, around]);
    Elsewhere::default().await;
    allocate(1, &[&PART, around]);
}

async fn request(i: usize, count: &'static Count) {
    begins(count);
    allocate(1000 + i, &[count]);
    Elsewhere::default().await;
    part(i, count).in_scope("part of a request").await;
    Elsewhere::default().await;
    allocate(2, &[count]);
    if i % 10 == 0 {
        fails(count);
        panic!("the tenth");
    }
}

fn futures() {
    let pool = Arc::new(Pool::default());
    for i in 0..200 {
        let count = if i % 10 == 0 { &BAD } else { &REQUEST };
        pool.n_left.fetch_add(1, SeqCst);
        pool.ready.lock().unwrap().push_back(Box::pin(request(i, count).in_scope(count.name)));
    }
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let pool = pool.clone();
            std::thread::spawn(move || pool.work())
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Frees in its scope when it is dropped while it is suspended.
fn dropped() {
    struct Frees;
    impl Drop for Frees {
        fn drop(&mut self) {
            allocate(77, &[&DROPPED]);
        }
    }
    let mut future = Box::pin(
        async {
            let _frees = Frees;
            begins(&DROPPED);
            allocate(5, &[&DROPPED]);
            Elsewhere::default().await;
        }
        .in_scope("dropped"),
    );
    assert!(future.as_mut().poll(&mut Context::from_waker(&waker())).is_pending());
}

fn main() {
    if let Some(n) = std::env::args().nth(1) {
        for _ in 0..n.parse::<u64>().unwrap() {
            scope!("nothing");
            unsafe { std::arch::asm!("") };
        }
        return;
    }
    blocks();
    panics();
    threads();
    futures();
    dropped();
    for c in ALL {
        let bytes = if c.is_inexact { -1 } else { c.bytes.load(SeqCst) as i64 };
        let numbers = [&c.count, &c.blocks, &c.errors].map(|n| n.load(SeqCst));
        println!("{}\t{}\t{}\t{}\t{}", c.name, numbers[0], bytes, numbers[1], numbers[2]);
    }
}
