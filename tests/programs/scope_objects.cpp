// SPDX-License-Identifier: MIT
// Scopes as C++ objects: ended by hand, by leaving a block, by an exception; moved; named by all
// kinds of texts. What they measure is compared with what the program knows, and a line is printed
// for everything that is wrong. Untracked, all is zero. Without exceptions, RTTI and the library's
// headers but these it is the same program, in C++11 and later.
#include <memtrack.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#if __cplusplus >= 201703L
#include <string_view>
#endif

namespace {

void *(*volatile allocate)(size_t) = malloc; // not to be optimised away
int wrong;
bool tracked;

void expect(const char *what, int64_t is, int64_t should_be) {
    if (is == should_be)
        return;
    std::printf("%s: %lld, not %lld\n", what, static_cast<long long>(is),
                static_cast<long long>(should_be));
    wrong = 1;
}

/* allocated and freed: bytes inside of the scope. */
void expect_delta(const char *what, const memtrack_delta &delta, uint64_t allocated, uint64_t freed,
                  int64_t peak) {
    uint64_t seen = tracked ? 1 : 0;
    expect(what, static_cast<int64_t>(delta.allocated_bytes),
           static_cast<int64_t>(allocated * seen));
    expect(what, static_cast<int64_t>(delta.freed_bytes), static_cast<int64_t>(freed * seen));
    expect(what, delta.net_bytes, static_cast<int64_t>((allocated - freed) * seen));
    expect(what, delta.peak_bytes, peak * static_cast<int64_t>(seen));
}

struct block {
    explicit block(size_t bytes) : memory(allocate(bytes)) {}
    ~block() {
        free(memory);
    }
    block(const block &) = delete;
    block &operator=(const block &) = delete;
    void *memory;
};

void plain() {
    memtrack::scope scope("plain");
    expect("open", static_cast<bool>(scope), 1);
    { block gone(300); }
    block kept(100);
    expect_delta("plain", scope.end(), 400, 300, 300);
    expect("ended", static_cast<bool>(scope), 0);
    expect_delta("ended twice", scope.end(), 0, 0, 0);
    expect("set of an ended one", scope.set("key", "value"), -MEMTRACK_EENDED);
}

void left_by_block(memtrack::scope &around) {
    {
        memtrack::scope inner("left by block");
        block one(50);
    }
    expect_delta("around a block", around.end(), 50, 50, 50);
}

#ifdef __cpp_exceptions
void throw_through() {
    memtrack::scope inner("left by exception");
    block one(70);
    throw 7;
}

void left_by_exception() {
    memtrack::scope around("around an exception");
    try {
        throw_through();
    } catch (int) {
    }
    memtrack_delta delta = around.end(); // the exception itself was a block, too
    expect("around an exception, net", delta.net_bytes, 0);
    expect("around an exception, peak", delta.peak_bytes >= 70, tracked);
}
#else
void left_by_exception() {}
#endif

memtrack::scope make_scope(bool first) {
    memtrack::scope one("moved out"), other("not moved out");
    block early(1000);
    if (first) { // two candidates: none is built in place
        other.end();
        return one;
    }
    return other;
}

void moved_out() {
    memtrack::scope scope = make_scope(true);
    block late(200);
    {
        memtrack::scope inner("after a move");
        block more(30);
        expect_delta("inside a moved one", inner.end(), 30, 0, 30);
    }
    expect_delta("moved out", scope.end(), 1230, 1030, 1000);
}

void assigned() {
    memtrack::scope scope;
    expect("none", static_cast<bool>(scope), 0);
    expect_delta("none", scope.end(), 0, 0, 0);
    scope = memtrack::scope("assigned first");
    block first(10);
    memtrack::scope next("assigned second");
    block second(20);
    scope = static_cast<memtrack::scope &&>(next); // ends the first, which is around the second
    expect("moved away", static_cast<bool>(next), 0);
    block third(40);
    expect_delta("assigned", scope.end(), 60, 0, 60);
    expect_delta("moved away", next.end(), 0, 0, 0);
}

/* A request that waits: what is measured in between is not its own. */
void detached() {
    memtrack::scope scope("detached");
    block mine(11);
    expect("detach", scope.detach(), 0);
    block other(500);
    memtrack::scope elsewhere = static_cast<memtrack::scope &&>(scope);
    expect("attach", elsewhere.attach(), 0);
    block also_mine(22);
    expect_delta("detached", elsewhere.end(), 33, 0, 33);
}

void process() {
    memtrack::process_scope scope("process");
    memtrack::process_scope moved(static_cast<memtrack::process_scope &&>(scope));
    block one(123);
    expect_delta("process", moved.end(), 123, 0, 123);
}

constexpr char constant_name[] = "a constant";

void names() {
    std::string text("a text\0not read", 6), longer(1000, 'x');
    text.reserve(100);
    memtrack::scope a(constant_name), b(text), c(longer);
    expect("set", c.set("key", text), 0);
#if __cplusplus >= 201703L
    constexpr std::string_view part = std::string_view("a part of it").substr(0, 6);
    memtrack::scope d(part);
    block one(9);
    expect_delta("string_view", d.end(), 9, 0, 9);
#endif
}

} // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    tracked = memtrack_is_tracing() == 1;
    plain();
    memtrack::scope around("around a block");
    left_by_block(around);
    left_by_exception();
    moved_out();
    assigned();
    detached();
    process();
    names();
    return wrong;
}
