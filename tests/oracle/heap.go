// SPDX-License-Identifier: MIT

// Writes its own heap profile twice, as text and as a protobuf: heap RATE TEXT PROTO.
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
)

var kept [][]byte

//go:noinline
func hold(n, size int) {
	for i := 0; i < n; i++ {
		kept = append(kept, make([]byte, size))
	}
}

func inlined(size int) []byte { return make([]byte, size) }

func generic[T any](n int) []T { return make([]T, n) }

//go:noinline
func recurse(n int) {
	if n > 0 {
		recurse(n - 1)
		return
	}
	kept = append(kept, inlined(5000))
}

func write(path string, debug int) {
	file, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	if err := pprof.Lookup("heap").WriteTo(file, debug); err != nil {
		panic(err)
	}
	file.Close()
}

func main() {
	runtime.MemProfileRate, _ = strconv.Atoi(os.Args[1])
	hold(1000, 4096)
	hold(20000, 64)
	hold(20, 1<<20)
	kept = kept[:10000]
	recurse(5)
	pairs := generic[struct{ a, b int }](1000)
	runtime.GC()
	runtime.GC()
	write(os.Args[2], 1) // both are of the last collection: what writing allocates is in neither
	write(os.Args[3], 0)
	runtime.KeepAlive(pairs)
}
