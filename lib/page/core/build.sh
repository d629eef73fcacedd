#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the core of the page, and what unpacks it: build.sh FOLDER writes core.wasm and lzma.wasm.
# Needs clang-14, lld-14, wasi-libc, libclang-rt-14-dev-wasm32, binaryen, protobuf-c-compiler and
# libprotobuf-c-dev (scripts/deps build page). The same sources and tools give the same bytes.
set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
out=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"

# protobuf-c's header alone: the rest of /usr/include is the machine's.
ln -s /usr/include/protobuf-c "$work/protobuf-c"
# Without the names of messages and fields, which nothing here prints.
proto=profile/pprof/profile.proto
mkdir -p "$work/proto/profile/pprof"
{ cat "lib/$proto" && echo 'option optimize_for = CODE_SIZE;'; } >"$work/proto/$proto"
protoc-c --proto_path="$work/proto" --c_out="$work" "$proto"

reads() { find lib/profile/*.c lib/profile/pprof lib/profile/heap lib/profile/others -name '*.c'; }
views() {
    echo lib/view/at.c lib/view/margin.c lib/view/tree/trie.c
    find lib/view/rows lib/view/compare lib/view/scopes lib/view/summary lib/view/format -name '*.c'
}
# What only writes, looks into files, or belongs to other commands.
absent='pprof/(write|output|deflate|metadata|lines|fields|call_tree)|profile/(page|places)|own_calls|unseen|compare/(comparison|measure)'

# The linker sees the whole program (-flto): a hundredth smaller.
cat >"$work/compile" <<EOF
case "\$1" in
*wasm/bulk.c) own="-mbulk-memory -fno-builtin-memcpy" ;;
*wasm/malloc.c) own=-fno-builtin ;; # to the compiler nothing is in front of what malloc returns
*rows/cumulative.c) own=-O2 ;; # two million frames a click: a kilobyte saves a third of the time
*) own= ;;
esac
exec clang-14 --target=wasm32-wasi -Oz \$own -flto -ftls-model=local-exec -std=gnu11 -fvisibility=hidden \\
    -DNDEBUG -D_GNU_SOURCE -D_WASI_EMULATED_SIGNAL -DMEMTRACK_VERSION='"page"' -I$here/wasm -include glibc.h \\
    -Ilib -Ilib/include -I$work -ffile-prefix-map=$work=. -c "\$1" -o "\$2"
EOF
for source in lib/page/core/*.c lib/page/core/wasm/*.c $(reads) $(views) lib/base/error.c lib/base/glob.c \
    "$work/profile/pprof/profile.pb-c.c"; do
    echo "$source $work/$(echo "${source#"$work"/}" | tr '/' '_').o"
done | grep -vE "^[^ ]*($absent)\.c" | sort >"$work/sources"
xargs -P "$(nproc)" -L 1 sh "$work/compile" <"$work/sources"
# shellcheck disable=SC2046 # names without blanks
clang-14 --target=wasm32-wasi -mexec-model=reactor -flto -Wl,--gc-sections -Wl,--strip-all -Wl,--stack-first \
    -Wl,-z,stack-size=1048576 -o "$work/linked.wasm" $(cut -d' ' -f2 "$work/sources") -lwasi-emulated-signal
# The last of the stack is below 1024, where no object is: an offset may be added by the load itself.
# What is called once stays a function (base/loop.h), unless it is tiny.
wasm-opt --enable-bulk-memory -ocimfs 20 --low-memory-unused --converge -Oz "$work/linked.wasm" -o "$work/core.wasm"

clang-14 --target=wasm32 -Oz -flto -nostdlib -std=gnu11 -Wl,--no-entry -Wl,--strip-all -Wl,--stack-first \
    -Wl,-z,stack-size=4096 -o "$work/linked.wasm" lib/page/core/loader/lzma.c
wasm-opt --low-memory-unused --converge -Oz "$work/linked.wasm" -o "$work/lzma.wasm"
mkdir -p "$out"
cp "$work/core.wasm" "$work/lzma.wasm" "$out"
wc -c "$out/core.wasm" "$out/lzma.wasm"
