# SPDX-License-Identifier: MIT
"""Scopes for Python programs: what does this function, this request, this phase allocate, in the
interpreter and in native code?

    import memtrack

    with memtrack.scope("load") as load:
        ...
    print(load.peak_bytes)

    @memtrack.scope("handle")
    async def handle(request): ...

In a process that memtrack records (`memtrack python3 app.py`) this reaches the recorder by ctypes,
and reports show the scopes. In any other, durations are measured and all else is zero. An exception
that leaves a scope makes it an error, with its type and text.

A scope measures its thread. A coroutine or a generator that is followed takes its scopes along:
they are detached while it is suspended, and go on in whichever thread resumes it. The decorator
follows what it decorates, follow() any awaitable, and follow_tasks() every task of an asyncio loop.
Elsewhere, a `with` block should not contain an await: others would be measured, too.
"""
import ctypes
import functools
import inspect
import sys
import threading
import time

__all__ = ["Delta", "scope", "follow", "follow_tasks", "is_tracing", "start", "stop",
           "get_traced_memory", "reset_peak", "clear_traces", "get_overhead", "mark", "counter",
           "counter_add", "cache_hit", "cache_miss", "cache_size", "record", "set", "scopes_print",
           "scopes_reset", "snapshot"]


class Delta(ctypes.Structure):
    """What a scope has measured: memtrack_delta."""
    _fields_ = [("net_bytes", ctypes.c_int64), ("net_blocks", ctypes.c_int64),
                ("peak_bytes", ctypes.c_int64),
                *((name, ctypes.c_uint64)
                  for name in ("allocated_bytes", "allocated_blocks", "freed_bytes", "freed_blocks",
                               "temporary_blocks", "duration_ns", "cpu_ns"))]

    def __repr__(self):
        return "Delta(%s)" % ", ".join("%s=%d" % (name, getattr(self, name))
                                       for name, _ in self._fields_ if getattr(self, name))


_Storage = ctypes.c_uint64 * 32  # memtrack_scope

# What is quick keeps the interpreter's lock, what may take long gives it back.
_quick, _long = ctypes.PyDLL(None), ctypes.CDLL(None)


def _nothing(*_):
    return 0


def _find(name, *argtypes, library=_quick, restype=ctypes.c_int):
    """The recorder's function, or one that does nothing."""
    function = getattr(library, "memtrack_" + name, None)
    if function is None:
        return _nothing
    function.argtypes, function.restype = argtypes, restype
    return function


_text, _pointer = ctypes.c_char_p, ctypes.c_void_p
_begin = _find("begin", _pointer, _text)
_begin_at = _find("begin_at", _pointer, _text, _text, ctypes.c_uint32)
_end = _find("end", _pointer, _pointer)
_detach = _find("scope_detach", _pointer)
_attach = _find("scope_attach", _pointer)
_set = _find("scope_set", _pointer, _text, _text)
_fail = _find("scope_fail", _pointer, _text)
_is_recorded = _begin is not _nothing
if _begin_at is _nothing and _is_recorded:  # of an earlier version
    def _begin_at(storage, name, _file, _line):
        return _begin(storage, name)


def _bytes(text):
    return text if isinstance(text, bytes) else str(text).encode(errors="replace")


def _routine_of(function):
    """What runs when it is called: of a partial its function, of an object its __call__."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function):
        return function
    return getattr(type(function), "__call__", function)


def _place_of(function):
    """Its file and line; (None, 0) of what is not written in Python."""
    code = getattr(inspect.unwrap(_routine_of(function)), "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code else (None, 0)


# ---- scopes --------------------------------------------------------------------------------------

class _Current(threading.local):
    """The scopes that this thread has open for what runs at the moment: a list, outermost first."""

    def __init__(self):
        self.open = []


_current = _Current()


class scope:
    """A scope: a context manager, with or without `async`, and a decorator of functions, coroutines
    and generators. Keywords are metadata. The figures of Delta are its attributes once it has
    ended; before that they are zero.

    One that is entered again while it is open, by whomever, is another one of the same name then,
    which `as` gives."""

    _storage = None  # of one that has not begun: to the recorder that is none
    _open = None
    _began = 0
    _has_failed = False

    def __init__(self, name, **metadata):
        self.name, self.metadata = name, metadata
        self.delta = Delta()
        self._others = []  # entered while it was open: (whose list of open scopes, scope)

    def __enter__(self):
        frame = sys._getframe(1)
        return self._enter_any(frame.f_code.co_filename, frame.f_lineno)

    def _enter_any(self, file, line):
        token = object()
        if self.__dict__.setdefault("_owner", token) is token:  # one of several threads has it
            return self._enter(file, line)
        other = scope(self.name, **self.metadata)
        self._others.append((_current.open, other))
        return other._enter(file, line)

    def _leave_other(self, *exception):
        """Ends the latest of the others that was entered here. False: there is none."""
        for i in range(len(self._others) - 1, -1, -1):
            if self._others[i][0] is _current.open:
                self._others.pop(i)[1].__exit__(*exception)
                return True
        return False

    def _enter(self, file, line):
        self._has_failed = False
        self._open = _current.open
        self._open.append(self)
        if _is_recorded:
            self._storage = _Storage()
            _begin_at(self._storage, _bytes(self.name), file and _bytes(file), line)
            for key, value in self.metadata.items():
                self.set(key, value)
        else:
            self._began = time.perf_counter_ns()
        return self

    def __exit__(self, kind, exception, traceback):
        if self._others and self._leave_other(kind, exception, traceback) or self._open is None:
            return
        if _is_recorded:
            if kind is not None and not self._has_failed and not issubclass(kind, GeneratorExit):
                text = str(exception)
                self.fail(kind.__name__ + ": " + text if text else kind.__name__)
            _end(self._storage, ctypes.byref(self.delta))
        else:
            self.delta.duration_ns = time.perf_counter_ns() - self._began
        if self in self._open:
            self._open.remove(self)
        self._open = None
        self.__dict__.pop("_owner", None)

    async def __aenter__(self):
        frame = sys._getframe(1)
        return self._enter_any(frame.f_code.co_filename, frame.f_lineno)

    async def __aexit__(self, *exception):
        self.__exit__(*exception)

    def set(self, key, value):
        """Metadata of the scope, which is open."""
        if _is_recorded:
            _set(self._storage, _bytes(key), _bytes(value))

    def fail(self, why):
        """Let it count as an error when it ends."""
        self._has_failed = True
        if _is_recorded:
            _fail(self._storage, _bytes(why))

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.delta, name)

    def __call__(self, function):
        """Decorate. A class keeps its type: its methods become scopes called NAME.METHOD."""
        if isinstance(function, type):
            return self._of_class(function)
        if isinstance(function, (staticmethod, classmethod)):
            return type(function)(self(function.__func__))
        if isinstance(function, property):
            return property(*(accessor and self(accessor) for accessor in (
                function.fget, function.fset, function.fdel)), doc=function.__doc__)
        return self._of_function(function)

    def _of_class(self, owner):
        others = staticmethod, classmethod, property
        for name, value in list(vars(owner).items()):
            if inspect.isfunction(value) or isinstance(value, others):
                method = scope("%s.%s" % (self.name, name), **self.metadata)
                setattr(owner, name, method(value))
        return owner

    def _of_function(self, function):
        name, metadata, (file, line) = self.name, self.metadata, _place_of(function)

        def begin():
            return scope(name, **metadata)._enter(file, line)

        kind = _routine_of(function)
        if inspect.iscoroutinefunction(kind):
            async def wrapper(*arguments, **keywords):
                return await _Awaitable(_Follower(begin), function(*arguments, **keywords))
        elif inspect.isasyncgenfunction(kind):
            async def wrapper(*arguments, **keywords):
                follower = _Follower(begin)
                generator = function(*arguments, **keywords)
                step = generator.__anext__()
                try:
                    while True:
                        yielded = await _Awaitable(_Step(follower), step)
                        try:
                            step = generator.asend((yield yielded))
                        except GeneratorExit:
                            await _Awaitable(_Step(follower), generator.aclose())
                            follower.end()
                            raise
                        except BaseException as exception:
                            step = generator.athrow(exception)
                except StopAsyncIteration:
                    pass
        elif inspect.isgeneratorfunction(kind):
            def wrapper(*arguments, **keywords):
                return (yield from _Follower(begin).drive(function(*arguments, **keywords)))
        else:
            def wrapper(*arguments, **keywords):
                begun = begin()
                try:
                    result = function(*arguments, **keywords)
                except BaseException as exception:
                    begun.__exit__(type(exception), exception, None)
                    raise
                begun.__exit__(None, None, None)
                return result
        return functools.wraps(function)(wrapper)


# ---- what is suspended and resumed ---------------------------------------------------------------

class _Follower:
    """The scopes of a coroutine or a generator, which are a thread's while it runs. begin makes the
    one around all of it, in its first step, and may be None."""

    def __init__(self, begin=None):
        self.begin, self.whole, self.open = begin, None, []

    def resume(self):
        outer, _current.open = _current.open, self.open
        for one in self.open:
            _attach(one._storage) if _is_recorded else None
        if self.begin is not None:
            self.whole, self.begin = self.begin(), None
        return outer

    def suspend(self, outer):
        for one in reversed(self.open):
            _detach(one._storage) if _is_recorded else None
        _current.open = outer

    def end(self, exception=None):
        if self.whole is not None:
            self.whole.__exit__(exception and type(exception), exception, None)
            self.whole = None

    def step(self, iterator, value, error):
        """What the iterator yields next."""
        outer = self.resume()
        try:
            if error is not None:
                return iterator.throw(error)
            return next(iterator) if value is None else iterator.send(value)
        except StopIteration:
            self.end()
            raise
        except BaseException as exception:
            self.end(exception)
            raise
        finally:
            self.suspend(outer)

    def close(self, iterator):
        outer = self.resume()
        try:
            iterator.close()
        finally:
            self.end()
            self.suspend(outer)

    def drive(self, iterator):
        """A generator that does what the iterator does, as `yield from` would."""
        value = error = None
        while True:
            try:
                yielded = self.step(iterator, value, error)
            except StopIteration as stop:
                return stop.value
            value = error = None
            try:
                value = yield yielded
            except GeneratorExit:
                self.close(iterator)
                raise
            except BaseException as exception:
                error = exception


class _Awaitable:
    def __init__(self, follower, awaitable):
        self.follower, self.awaitable = follower, awaitable

    def __await__(self):
        return self.follower.drive(self.awaitable.__await__())


class _Step(_Follower):
    """One step of an asynchronous generator, which is not the end of its scopes unless it raises:
    they are those of the whole."""

    def __init__(self, whole):
        super().__init__()
        self.all = whole

    def resume(self):
        return self.all.resume()

    def suspend(self, outer):
        self.all.suspend(outer)

    def end(self, exception=None):
        if exception is not None:
            self.all.end(None if isinstance(exception, StopAsyncIteration) else exception)


async def follow(awaitable):
    """Await it, and let the scopes that it opens be suspended and resumed with it."""
    return await _Awaitable(_Follower(), awaitable)


def follow_tasks(loop):
    """Follow every task that this asyncio loop makes from now on."""
    import asyncio

    before = loop.get_task_factory()

    def factory(loop, coroutine, **keywords):
        followed = follow(coroutine)
        if before is not None:
            return before(loop, followed, **keywords)
        return asyncio.Task(followed, loop=loop, **keywords)

    loop.set_task_factory(factory)


# ---- the rest of memtrack.h ----------------------------------------------------------------------

_is_tracing = _find("is_tracing")
_start, _stop = _find("start"), _find("stop")
_traced = _find("get_traced_memory", _pointer, _pointer)
_reset_peak, _clear_traces = _find("reset_peak"), _find("clear_traces")
_overhead = _find("get_overhead", restype=ctypes.c_uint64)
_mark = _find("mark", _text)
_counter = _find("counter", _text, ctypes.c_int64)
_counter_add = _find("counter_add", _text, ctypes.c_int64)
_cache_hit = _find("cache_hit", _text, ctypes.c_uint64)
_cache_miss = _find("cache_miss", _text, ctypes.c_uint64)
_cache_size = _find("cache_size", _text, ctypes.c_uint64)
_record = _find("record", _text, ctypes.c_uint64)
_scopes_print = _find("scopes_print", ctypes.c_int, _text, ctypes.c_uint32, library=_long)
_scopes_reset = _find("scopes_reset")
_set_key = _find("set", _text, _text)
_snapshot = _find("snapshot", _text, library=_long)


def is_tracing():
    """Is this process recorded, and the recording on?"""
    return _is_tracing() == 1


def start():
    """Switch the recording on, as memtrack_start does. True: it is on."""
    return _is_recorded and _start() == 0


def stop():
    _stop()


def get_traced_memory():
    """(bytes that are live now, their peak), of all that malloc has given out."""
    current, peak = ctypes.c_uint64(), ctypes.c_uint64()
    _traced(ctypes.byref(current), ctypes.byref(peak))
    return current.value, peak.value


def reset_peak():
    _reset_peak()


def clear_traces():
    _clear_traces()


def get_overhead():
    """Bytes of the ledger, which are what the recording costs."""
    return _overhead()


def mark(name):
    """A mark on the timeline."""
    _mark(_bytes(name))


def counter(name, value):
    """A figure of the program's own on the timeline, such as the bytes of a cache."""
    _counter(_bytes(name), value)


def counter_add(name, by=1):
    _counter_add(_bytes(name), by)


def cache_hit(name, duration_ns):
    """A cache has answered, after so long: reports show its hit rate and its times."""
    _cache_hit(_bytes(name), duration_ns)


def cache_miss(name, duration_ns):
    """It did not have the answer, which took so long to get."""
    _cache_miss(_bytes(name), duration_ns)


def cache_size(name, size):
    """Bytes that a cache holds now, on the timeline."""
    _cache_size(_bytes(name), size)


def record(name, duration_ns):
    """A time that was measured elsewhere, as a scope of that name."""
    _record(_bytes(name), duration_ns)


def set(key, value):  # noqa: A001: as memtrack_set
    """Something to be known of this process, such as its version: shown in reports."""
    _set_key(_bytes(key), _bytes(value))


def scopes_print(file=None, sort="peak", n=0):
    """Print the table of `memtrack scopes` of this process to a file (standard output) with a
    descriptor: n names (0: all), sorted as the command does. Nothing is printed where nothing is
    recorded."""
    file = sys.stdout if file is None else file
    file.flush()
    rc = _scopes_print(file.fileno(), _bytes(sort), n)
    if rc != 0:
        raise ValueError("memtrack: the scopes cannot be printed by %r: error %d" % (sort, rc))


def scopes_reset():
    """Forget the scopes that have ended."""
    _scopes_reset()


def snapshot(path):
    """Write a profile of this process."""
    rc = _snapshot(_bytes(path)) if _is_recorded else None
    if rc != 0:
        raise OSError("memtrack: no snapshot in %s: %s" % (
            path, "this process is not recorded" if rc is None else "error %d" % rc))
