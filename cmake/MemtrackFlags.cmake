# SPDX-License-Identifier: MIT
#
# mt_warnings: the warnings every C file of ours is held to. mt_flags: those plus include paths and
# definitions.
add_library(mt_warnings INTERFACE)
target_compile_options(mt_warnings INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wundef -Wvla -Wpointer-arith -Wwrite-strings -Wformat=2
  -Wstrict-prototypes -Wold-style-definition -Wimplicit-fallthrough
  $<$<BOOL:${MEMTRACK_WERROR}>:-Werror>)

add_library(mt_flags INTERFACE)
target_link_libraries(mt_flags INTERFACE mt_warnings)
target_include_directories(mt_flags INTERFACE ${CMAKE_SOURCE_DIR}/lib ${CMAKE_SOURCE_DIR}/lib/include)
target_compile_definitions(mt_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE=>
  MEMTRACK_VERSION="${PROJECT_VERSION}" $<$<BOOL:${MEMTRACK_CHECKS}>:MEMTRACK_CHECKS=1>)

add_library(mt_sanitize INTERFACE)
if(MEMTRACK_SANITIZE)
  target_compile_options(mt_sanitize INTERFACE -fsanitize=${MEMTRACK_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=undefined)
  target_link_options(mt_sanitize INTERFACE -fsanitize=${MEMTRACK_SANITIZE})
endif()

# What Debian asks of programs that read files of strangers. Not for the recorder: in a target it
# may import none of the functions that this calls, and its first hooks run before there is a guard
# for the stack.
add_library(mt_hardened INTERFACE)
if(NOT MEMTRACK_SANITIZE)
  target_compile_options(mt_hardened INTERFACE -fstack-protector-strong
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
  target_link_options(mt_hardened INTERFACE -Wl,-z,relro,-z,now)
endif()
