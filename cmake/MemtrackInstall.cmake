# SPDX-License-Identifier: MIT
#
# What is installed, in parts that packages are made of (MemtrackPackage.cmake):
#
#   command, tools, headers   the same wherever it goes. The command looks for ../lib/memtrack
#                             beside itself, so the recorder's directory carries no architecture
#   E-tools, E-library, E-development
#                             what lies in the library directory, once for each edition E: "prefix"
#                             for `make install`; others on demand (mt_install_edition)
include(CMakePackageConfigHelpers)
set(MT_EDITIONS ${CMAKE_BINARY_DIR}/editions)
write_basic_package_version_file(${MT_EDITIONS}/memtrack-config-version.cmake
  COMPATIBILITY SameMajorVersion)

install(DIRECTORY lib/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT headers
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
# Rust's crate and Python's module, as they are: nothing of them is built here.
install(DIRECTORY lib/bindings/ DESTINATION ${CMAKE_INSTALL_DATADIR}/memtrack COMPONENT headers
  FILES_MATCHING PATTERN "*.py" PATTERN "*.rs" PATTERN "Cargo.toml" PATTERN "README.md"
  PATTERN "__pycache__" EXCLUDE PATTERN "target" EXCLUDE)
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT headers
  FILES_MATCHING PATTERN "*.3")
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools
  FILES_MATCHING PATTERN "*.1")
install(FILES cli/completion/memtrack.bash COMPONENT tools
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME memtrack)
install(FILES cli/completion/memtrack.fish COMPONENT tools
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# -lmemtrack, pkg-config and find_package(memtrack), each of which finds the rest from where it lies
# itself. Further arguments, such as EXCLUDE_FROM_ALL, go to each install().
function(mt_install_edition edition MT_LIBDIR)
  set(made ${MT_EDITIONS}/${edition})
  file(MAKE_DIRECTORY ${made})
  file(RELATIVE_PATH to_recorder /${MT_LIBDIR} /lib/memtrack/libmemtrack.so)
  file(RELATIVE_PATH MT_TO_PREFIX /${MT_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" MT_TO_PREFIX "${MT_TO_PREFIX}")
  set(package ${MT_LIBDIR}/cmake/memtrack)

  # One file under one SONAME, so that a program which is linked to it and has it preloaded gets one
  # copy.
  file(CREATE_LINK ${to_recorder} ${made}/libmemtrack.so SYMBOLIC)
  install(FILES ${made}/libmemtrack.so DESTINATION ${MT_LIBDIR} COMPONENT ${edition}-tools ${ARGN})

  # zsh looks into site-functions; what Debian's packages bring has a directory of its own.
  set(functions site-functions)
  if(edition STREQUAL "debian")
    set(functions vendor-completions)
  endif()
  install(FILES cli/completion/memtrack.zsh COMPONENT ${edition}-tools ${ARGN}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/${functions} RENAME _memtrack)

  # gdb reads what lies under the recorder's own path here. `cmake --install --prefix` may still
  # choose another prefix, so that the path is put together when things are installed.
  set(prefix ${CMAKE_INSTALL_PREFIX})
  if(edition STREQUAL "debian")
    set(prefix /usr)
  elseif(edition STREQUAL "prefix")
    set(prefix "\${mt_absolute_prefix}")
    install(CODE "get_filename_component(mt_absolute_prefix \"\${CMAKE_INSTALL_PREFIX}\" ABSOLUTE)"
      COMPONENT ${edition}-tools ${ARGN})
  endif()
  install(FILES cli/gdb/memtrack.py COMPONENT ${edition}-tools ${ARGN}
    DESTINATION "${CMAKE_INSTALL_DATADIR}/gdb/auto-load${prefix}/lib/memtrack"
    RENAME libmemtrack.so-gdb.py)

  install(TARGETS memtrack-analyze EXPORT memtrack-analyze-${edition}
    LIBRARY DESTINATION ${MT_LIBDIR}
    COMPONENT ${edition}-library NAMELINK_COMPONENT ${edition}-development ${ARGN})
  install(EXPORT memtrack-analyze-${edition} NAMESPACE memtrack:: FILE memtrack-analyze.cmake
    DESTINATION ${package} COMPONENT ${edition}-development ${ARGN})

  configure_file(interpose/memtrack.pc.in ${made}/memtrack.pc @ONLY)
  configure_file(lib/analyze/memtrack-analyze.pc.in ${made}/memtrack-analyze.pc @ONLY)
  configure_package_config_file(cmake/memtrack-config.cmake.in ${made}/memtrack-config.cmake
    INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_INCLUDEDIR
      MT_LIBDIR)
  install(FILES ${CMAKE_BINARY_DIR}/libmemtrack-analyze.a DESTINATION ${MT_LIBDIR}
    COMPONENT ${edition}-development ${ARGN})
  install(FILES ${made}/memtrack.pc ${made}/memtrack-analyze.pc DESTINATION ${MT_LIBDIR}/pkgconfig
    COMPONENT ${edition}-development ${ARGN})
  install(FILES cmake/MemtrackTest.cmake ${made}/memtrack-config.cmake
    ${MT_EDITIONS}/memtrack-config-version.cmake
    DESTINATION ${package} COMPONENT ${edition}-development ${ARGN})
endfunction()
if(TARGET memtrack-analyze AND TARGET libmemtrack)
  mt_install_edition(prefix ${CMAKE_INSTALL_LIBDIR})
endif()
