# SPDX-License-Identifier: MIT
#
# Read by cpack for each generator: which parts of what is installed (MemtrackInstall.cmake) go into
# which package.
if(CPACK_GENERATOR STREQUAL "TGZ")
  set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
  set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
  set(CPACK_COMPONENTS_ALL tools headers portable-tools portable-development portable)
  set(CPACK_STRIP_FILES ON)
endif()

# A group is a package. The name of a group is part of the names of its settings.
if(CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
  set(CPACK_COMPONENT_GROUPS_ALL tools library development)
  set(CPACK_COMPONENTS_ALL command tools debian-tools debian-library headers debian-development)
  set(CPACK_COMPONENT_COMMAND_GROUP tools)
  set(CPACK_COMPONENT_TOOLS_GROUP tools)
  set(CPACK_COMPONENT_DEBIAN-TOOLS_GROUP tools)
  set(CPACK_COMPONENT_DEBIAN-LIBRARY_GROUP library)
  set(CPACK_COMPONENT_HEADERS_GROUP development)
  set(CPACK_COMPONENT_DEBIAN-DEVELOPMENT_GROUP development)
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each has its own
  set(CPACK_DEBIAN_PACKAGE_RELEASE 0upstream1) # older than the first package of Debian's own, 1
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
  set(CPACK_DEBIAN_PACKAGE_SOURCE memtrack)
  set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

  set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME memtrack)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION devel)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS "less, libmemtrack-dev")
  set(CPACK_DEBIAN_TOOLS_DESCRIPTION "memory allocation tracker for native programs
memtrack runs a program and records each of its allocations with its call
path: which source lines hold its memory now, at the peak, and at the end.
The program need not be rebuilt; children are followed, and a process that
is killed leaves a profile all the same. Profiles are files in the format of
pprof.

This package has the command and the library that is loaded into the
programs which it records.")

  set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libmemtrack-analyze1)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_MULTIARCH same) # CMake 3.31 and later know it
  set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "library that reads memory profiles
libmemtrack-analyze loads memory profiles in the format of pprof, those of
memtrack above all, and groups, filters and compares what is in them.

This package has the shared library.")

  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libmemtrack-dev)
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS
    "cmake, pkg-config, libdw-dev, libelf-dev, libprotobuf-c-dev, libzstd-dev, zlib1g-dev")
  set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "memory allocation tracker (development files)
memtrack records the allocations of native programs.

This package has what programs are built with that measure their own memory
(memtrack.h, memtrack.hpp), that hold tests against budgets
(memtrack/expect.h), that carry the recorder (-lmemtrack) or that read
profiles (memtrack/analyze.h): headers, an archive, and files for pkg-config
and CMake.")
endif()
