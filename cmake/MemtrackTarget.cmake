# SPDX-License-Identifier: MIT
#
# What is loaded into other people's programs. It may need libc and nothing else, so what enters here is decided by
# file name: lib/base without the files listed below, lib/ledger/writer.
file(GLOB MT_TARGET_SOURCES CONFIGURE_DEPENDS
  lib/base/*.c lib/ledger/writer/*.c lib/unwind/*.c lib/track/*.c lib/track/*/*.c)
list(FILTER MT_TARGET_SOURCES EXCLUDE REGEX "lib/base/(clock|error|library|new_file|process)\\.c$")
file(GLOB MT_INTERPOSE_SOURCES CONFIGURE_DEPENDS interpose/*.c)
list(FILTER MT_INTERPOSE_SOURCES EXCLUDE REGEX "interpose/(jemalloc|mimalloc|mmap)\\.c$") # objects of their own: see below

# Frame pointers: a hook finds its caller through its own. No vectors: words stored one by one and loaded as one wide
# value stall the store buffer. -fno-builtin: the compiler must not turn our malloc's body into a call of calloc. initial-exec: a dynamic TLS access
# can call malloc. No stack protector: the guard is not there yet when the first hook runs. Hooks run on the stack of
# whoever allocates, thus the bound on frames.
add_library(mt_target_flags INTERFACE)
target_link_libraries(mt_target_flags INTERFACE mt_flags)
target_compile_options(mt_target_flags INTERFACE
  -O2 -g -fPIC -fvisibility=hidden -fno-builtin -ftls-model=initial-exec -fno-lto -fno-stack-protector
  -fno-semantic-interposition -fcf-protection=none -fno-omit-frame-pointer -fno-tree-vectorize
  -fno-tree-slp-vectorize -Wframe-larger-than=1024 -Wmissing-prototypes)

# General registers alone: what is called on a stack that is 8 bytes off (hand-written assembly, old JIT compilers) works in an
# allocator that uses no vectors there, and so must not crash in ours; nor are a program's vector registers touched. The
# arithmetic of sampling, and of statistics that the program reads, is in double, which needs no alignment.
set(MT_GENERAL_REGISTERS -mgeneral-regs-only)
function(mt_use_general_registers)
  foreach(source ${ARGN})
    if(NOT source MATCHES "lib/track/(ground/logarithm|live/sampling|scopes/(choose|print|read))\\.c$")
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS ${MT_GENERAL_REGISTERS})
    endif()
  endforeach()
endfunction()

# Links one preloaded object: libc only, nothing left undefined, nothing bound lazily. It exports what the table of hooks
# has for object: the version script is made of that by the preprocessor.
function(mt_add_preload name object)
  set(table ${CMAKE_SOURCE_DIR}/interpose/hooks.def)
  set(template ${CMAKE_SOURCE_DIR}/interpose/exports.map.in)
  set(exports ${CMAKE_BINARY_DIR}/${name}.map)
  add_custom_command(OUTPUT ${exports}
    COMMAND ${CMAKE_C_COMPILER} -E -P -x c -I${CMAKE_SOURCE_DIR} "-DMT_IN_${object}(...)=__VA_ARGS__" ${template}
      -o ${exports}
    DEPENDS ${table} ${template} VERBATIM)
  add_library(${name} SHARED ${ARGN} ${exports})
  target_link_libraries(${name} PRIVATE mt_target_flags)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}) # "interpose/hook.h"
  target_link_options(${name} PRIVATE -static-libgcc -fno-lto -Wl,-z,now -Wl,-z,defs -Wl,--as-needed)
  target_link_options(${name} PRIVATE -Wl,--version-script=${exports})
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${exports})
  install(TARGETS ${name} LIBRARY DESTINATION lib/memtrack COMPONENT tools)
endfunction()

if(MT_TARGET_SOURCES)
  mt_use_general_registers(${MT_TARGET_SOURCES})
  add_library(mt_target_objects OBJECT ${MT_TARGET_SOURCES})
  target_link_libraries(mt_target_objects PRIVATE mt_target_flags)
  if(MEMTRACK_SANITIZE STREQUAL "thread") # for the unit tests alone: nothing that is preloaded is built then
    target_link_libraries(mt_target_objects PRIVATE mt_sanitize)
  endif()
  add_library(mt_target STATIC $<TARGET_OBJECTS:mt_target_objects>) # for unit tests
  target_link_libraries(mt_target INTERFACE mt_flags)
endif()
if(MT_TARGET_SOURCES AND MT_INTERPOSE_SOURCES)
  mt_use_general_registers(${MT_INTERPOSE_SOURCES})
  mt_add_preload(libmemtrack memtrack
    ${MT_INTERPOSE_SOURCES} $<TARGET_OBJECTS:mt_target_objects>)
  set_target_properties(libmemtrack PROPERTIES OUTPUT_NAME memtrack)
  # A way to it that AddressSanitizer's runtime takes for itself: see lib/launch/preload.c.
  file(CREATE_LINK . ${CMAKE_BINARY_DIR}/.libasan.so-first SYMBOLIC)
  install(CODE "file(CREATE_LINK . \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/memtrack/.libasan.so-first\" SYMBOLIC)"
    COMPONENT tools)
endif()
# Loaded beside libmemtrack.so for the sake of some names only: see interpose/second.h.
function(mt_add_second name)
  mt_use_general_registers(interpose/${name}.c)
  mt_add_preload(libmemtrack-${name} ${name} interpose/${name}.c)
  target_link_libraries(libmemtrack-${name} PRIVATE libmemtrack)
  set_target_properties(libmemtrack-${name} PROPERTIES OUTPUT_NAME memtrack-${name}
    BUILD_RPATH "$ORIGIN" BUILD_RPATH_USE_ORIGIN ON INSTALL_RPATH "$ORIGIN")
endfunction()
if(TARGET libmemtrack)
  mt_add_second(jemalloc)
  mt_add_second(mimalloc)
  mt_add_second(mmap)
endif()
