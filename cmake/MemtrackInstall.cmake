# SPDX-License-Identifier: MIT
install(DIRECTORY lib/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 FILES_MATCHING PATTERN "*.3")
install(FILES cli/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME memtrack)

# find_package(memtrack), from wherever the prefix is
include(CMakePackageConfigHelpers)
set(MT_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/memtrack)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/memtrack-config.cmake.in
  ${CMAKE_BINARY_DIR}/memtrack-config.cmake
  INSTALL_DESTINATION ${MT_PACKAGE_DIR} PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_INCLUDEDIR
  CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/memtrack-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES cmake/MemtrackTest.cmake ${CMAKE_BINARY_DIR}/memtrack-config.cmake
  ${CMAKE_BINARY_DIR}/memtrack-config-version.cmake DESTINATION ${MT_PACKAGE_DIR})
