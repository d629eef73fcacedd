# SPDX-License-Identifier: MIT
#
# Everything that reads ledgers and profiles, and the command over it.
include(MemtrackLoaded)
find_package(PkgConfig REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(OFFLINE_LIBS REQUIRED IMPORTED_TARGET libdw libelf libprotobuf-c jansson libzstd)
pkg_check_modules(SCREEN_LIBS REQUIRED IMPORTED_TARGET ncursesw)
mt_find_loaded(SQLITE sqlite3>=3.36)
if(NOT SQLITE_FOUND)
  message(STATUS "libsqlite3-dev is missing: memtrack export --format sqlite is left out")
endif()
mt_find_loaded(MICROHTTPD libmicrohttpd>=0.9.73)
find_library(IBERTY_LIBRARY iberty REQUIRED)
find_program(PROTOC_C protoc-c REQUIRED)

# lib/profile/pprof/x.proto -> generated/profile/pprof/x.pb-c.[ch], included as
# "profile/pprof/x.pb-c.h"
set(MT_GENERATED ${CMAKE_BINARY_DIR}/generated)
file(GLOB MT_PROTOS CONFIGURE_DEPENDS lib/profile/pprof/*.proto)
set(MT_PROTO_SOURCES)
foreach(proto ${MT_PROTOS})
  cmake_path(GET proto STEM stem)
  set(out ${MT_GENERATED}/profile/pprof/${stem}.pb-c)
  add_custom_command(OUTPUT ${out}.c ${out}.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${MT_GENERATED}/profile/pprof
    COMMAND ${PROTOC_C} --proto_path=${CMAKE_SOURCE_DIR}/lib --c_out=${MT_GENERATED} profile/pprof/${stem}.proto
    DEPENDS ${proto} VERBATIM)
  list(APPEND MT_PROTO_SOURCES ${out}.c)
endforeach()

file(GLOB MT_OFFLINE_SOURCES CONFIGURE_DEPENDS
  lib/base/*.c lib/ledger/*.c lib/export/*.c)
if(NOT SQLITE_FOUND)
  list(FILTER MT_OFFLINE_SOURCES EXCLUDE REGEX "lib/export/sqlite_(database|library|schema)\\.c$")
endif()
file(GLOB_RECURSE MT_FOLDER_SOURCES CONFIGURE_DEPENDS lib/profile/*.c lib/view/*.c)
list(APPEND MT_OFFLINE_SOURCES ${MT_FOLDER_SOURCES})
file(GLOB MT_CLI_SOURCES CONFIGURE_DEPENDS
  cli/*.c cli/*/*.c lib/watch/*.c lib/launch/*.c lib/page/*.c lib/serve/*.c)
list(FILTER MT_CLI_SOURCES EXCLUDE REGEX "cli/main\\.c$")
if(NOT MICROHTTPD_FOUND)
  message(STATUS "memtrack serve is left out: it needs libmicrohttpd 0.9.73 or later (libmicrohttpd-dev)")
  list(FILTER MT_CLI_SOURCES EXCLUDE REGEX "lib/serve/(server|clients|answer|reply|microhttpd)\\.c$")
endif()

if(MT_PROTO_SOURCES)
  add_library(mt_proto OBJECT ${MT_PROTO_SOURCES})
  target_include_directories(mt_proto PUBLIC ${MT_GENERATED})
  set_target_properties(mt_proto PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
  target_link_libraries(mt_proto PUBLIC PkgConfig::OFFLINE_LIBS PRIVATE mt_sanitize)
  list(APPEND MT_OFFLINE_SOURCES $<TARGET_OBJECTS:mt_proto>)
endif()
if(MT_OFFLINE_SOURCES)
  add_library(mt_offline STATIC ${MT_OFFLINE_SOURCES})
  target_include_directories(mt_offline PUBLIC ${MT_GENERATED})
  # Part of a shared library too (MemtrackAnalyze.cmake), in which nobody may replace its functions.
  set_target_properties(mt_offline PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
  target_link_libraries(mt_offline PUBLIC mt_flags mt_sanitize PkgConfig::OFFLINE_LIBS ZLIB::ZLIB ${IBERTY_LIBRARY} m
    PRIVATE mt_hardened)
  if(SQLITE_FOUND)
    set_source_files_properties(lib/export/sqlite_profile.c PROPERTIES COMPILE_DEFINITIONS MEMTRACK_SQLITE)
    mt_use_loaded(mt_offline SQLITE lib/export/sqlite_library.c)
  endif()
  if(TARGET mt_proto)
    add_dependencies(mt_offline mt_proto)
  endif()
endif()
# The viewer of pages is a build output that is checked in: lib/page/README.md. The hash is for
# caches of compilers, which do not know that the assembler takes over another file.
set(MT_PAGE_VIEWER ${CMAKE_SOURCE_DIR}/lib/page/dist/viewer.html)
file(SHA256 ${MT_PAGE_VIEWER} MT_PAGE_VIEWER_HASH)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${MT_PAGE_VIEWER})
set_source_files_properties(${CMAKE_SOURCE_DIR}/lib/page/viewer.c PROPERTIES
  COMPILE_DEFINITIONS "MT_PAGE_VIEWER=\"${MT_PAGE_VIEWER}\";MT_PAGE_VIEWER_HASH=${MT_PAGE_VIEWER_HASH}"
  OBJECT_DEPENDS ${MT_PAGE_VIEWER})
if(MT_CLI_SOURCES AND TARGET mt_offline)
  add_library(mt_cli STATIC ${MT_CLI_SOURCES})
  set_target_properties(mt_cli PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(mt_cli PUBLIC ${CMAKE_SOURCE_DIR}/cli)
  target_link_libraries(mt_cli PUBLIC mt_offline PkgConfig::SCREEN_LIBS PRIVATE mt_hardened)
  if(MICROHTTPD_FOUND)
    target_compile_definitions(mt_cli PRIVATE MEMTRACK_HAS_MICROHTTPD=1)
    mt_use_loaded(mt_cli MICROHTTPD lib/serve/microhttpd.c)
  endif()
endif()
if(TARGET mt_cli AND EXISTS ${CMAKE_SOURCE_DIR}/cli/main.c)
  add_executable(memtrack cli/main.c)
  set_target_properties(memtrack PROPERTIES POSITION_INDEPENDENT_CODE ON) # at an address of the kernel's choice
  target_link_libraries(memtrack PRIVATE mt_cli mt_hardened)
  install(TARGETS memtrack RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
endif()
