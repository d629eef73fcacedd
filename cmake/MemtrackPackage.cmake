# SPDX-License-Identifier: MIT
#
# `cpack` (`make package`) makes from one build tree
#
#   memtrack_VERSION_ARCH.deb             the command, the recorder, manual pages, completions
#   libmemtrack-analyze1_VERSION_ARCH.deb the library that programs which read profiles run with
#   libmemtrack-dev_VERSION_ARCH.deb      headers, archive, pkg-config and CMake files, for both
#   memtrack-VERSION-linux-ARCH.tar.gz    all of it, to be unpacked anywhere
#
# Debian's packages are three because a library's package is named after its SONAME, so that the
# next version can be installed beside it, and because who runs programs needs no headers. Their
# public libraries lie where Debian keeps those of an architecture; PackageFinish.cmake makes of the
# trees what Debian's policy wants.
#
# The archive must run where nothing is installed but libc. So it carries the libraries that the
# command is linked to, in lib/memtrack/bundled, with their licenses, and a command and a library
# that look there first. They are links of their own, not copies that are edited: an RPATH in what
# goes into /usr would be a way in for other people's files. It is an RPATH in its old form
# (DT_RPATH), because that form holds for libraries of libraries as well. Linked statically instead,
# the shared library could not be: Debian's archives are not position independent.
if(MEMTRACK_SANITIZE OR NOT TARGET memtrack OR NOT TARGET libmemtrack)
  return()
endif()

# ---- the archive
set(MT_BUNDLED lib/memtrack/bundled)
mt_install_edition(portable lib EXCLUDE_FROM_ALL)
add_executable(memtrack-portable cli/main.c)
target_link_libraries(memtrack-portable PRIVATE mt_cli mt_hardened)
set_target_properties(memtrack-portable PROPERTIES OUTPUT_NAME memtrack
  INSTALL_RPATH "$ORIGIN/../${MT_BUNDLED}")
add_library(memtrack-analyze-portable SHARED)
mt_add_analyze(memtrack-analyze-portable)
set_target_properties(memtrack-analyze-portable PROPERTIES OUTPUT_NAME memtrack-analyze
  INSTALL_RPATH "$ORIGIN/../${MT_BUNDLED}")
foreach(target memtrack-portable memtrack-analyze-portable)
  target_link_options(${target} PRIVATE -Wl,--disable-new-dtags)
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/portable
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/portable)
  install(TARGETS ${target} RUNTIME_DEPENDENCY_SET portable
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT portable EXCLUDE_FROM_ALL
    LIBRARY DESTINATION lib COMPONENT portable NAMELINK_SKIP EXCLUDE_FROM_ALL)
endforeach()
# And what the command loads.
if(TARGET memtrack-loaded)
  set(CPACK_MT_LOADED ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/libmemtrack-loaded.so) # PackageFinish.cmake
  install(TARGETS memtrack-loaded RUNTIME_DEPENDENCY_SET portable
    LIBRARY DESTINATION ${MT_BUNDLED} COMPONENT nowhere EXCLUDE_FROM_ALL)
endif()
# libc's own libraries belong to the system: the dynamic linker and they are one.
install(RUNTIME_DEPENDENCY_SET portable
  PRE_EXCLUDE_REGEXES "^(libc|libm|libpthread|libdl|librt|ld-linux.*)\\.so"
  RUNTIME DESTINATION ${MT_BUNDLED} COMPONENT portable EXCLUDE_FROM_ALL
  LIBRARY DESTINATION ${MT_BUNDLED} COMPONENT portable EXCLUDE_FROM_ALL)
install(CODE "set(MT_BUNDLED_TO ${MT_BUNDLED})" COMPONENT portable EXCLUDE_FROM_ALL)
install(SCRIPT cmake/PackageLicenses.cmake COMPONENT portable EXCLUDE_FROM_ALL)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT portable
  EXCLUDE_FROM_ALL)

# ---- Debian's packages
set(generators TGZ)
find_program(MT_DPKG dpkg)
find_program(MT_DPKG_SHLIBDEPS dpkg-shlibdeps)
if(MT_DPKG AND MT_DPKG_SHLIBDEPS AND CMAKE_LIBRARY_ARCHITECTURE)
  list(PREPEND generators DEB)
  mt_install_edition(debian lib/${CMAKE_LIBRARY_ARCHITECTURE} EXCLUDE_FROM_ALL)
  foreach(package memtrack:tools libmemtrack-analyze1:library libmemtrack-dev:development)
    string(REGEX MATCH "(.*):(.*)" package ${package})
    set(package ${CMAKE_MATCH_1})
    set(component debian-${CMAKE_MATCH_2})
    install(FILES cmake/debian/copyright cmake/debian/changelog.Debian
      DESTINATION share/doc/${package} COMPONENT ${component} EXCLUDE_FROM_ALL)
    if(EXISTS ${CMAKE_SOURCE_DIR}/cmake/debian/${package}.lintian-overrides)
      install(FILES cmake/debian/${package}.lintian-overrides DESTINATION share/lintian/overrides
        RENAME ${package} COMPONENT ${component} EXCLUDE_FROM_ALL)
    endif()
  endforeach()
endif()

# ---- cpack
set(MEMTRACK_MAINTAINER "The memtrack authors <memtrack@example.org>" CACHE STRING
  "Who answers for the packages: Name <address>")
set(CPACK_GENERATOR ${generators})
set(CPACK_PACKAGE_NAME memtrack)
set(CPACK_PACKAGE_VENDOR "The memtrack authors")
set(CPACK_PACKAGE_CONTACT "${MEMTRACK_MAINTAINER}")
set(CPACK_PACKAGE_FILE_NAME memtrack-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_SOURCE_DIR}/cmake/PackageConfig.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/PackageFinish.cmake)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
