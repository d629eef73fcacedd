# SPDX-License-Identifier: MIT
#
# Run by cpack between installing into its own trees and packing them. For Debian's packages it does
# what debhelper would: compresses what policy wants compressed, strips, asks dpkg-shlibdeps what
# each package depends on, and has the dynamic linker's cache renewed by dpkg's trigger. cpack could
# do the last two itself, but then calls ldconfig from maintainer scripts, which policy has not
# allowed since the trigger exists. What is set here is seen by cpack's generator, which runs next
# in the same scope.
cmake_minimum_required(VERSION 3.22)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(is_elf file result)
  file(READ "${file}" magic LIMIT 4 HEX)
  string(COMPARE EQUAL "${magic}" 7f454c46 same)
  set(${result} ${same} PARENT_SCOPE)
endfunction()

# As dh_strip does it.
set(sections --remove-section=.comment --remove-section=.note)
function(strip_archives tree)
  file(GLOB_RECURSE archives "${tree}/*.a")
  foreach(archive IN LISTS archives)
    run(strip --strip-debug ${sections} --enable-deterministic-archives "${archive}")
  endforeach()
endfunction()

# The ELF files of a tree are in ${result} then.
function(strip_binaries tree result)
  set(binaries)
  file(GLOB_RECURSE files "${tree}/*")
  foreach(file IN LISTS files)
    set(elf FALSE)
    if(NOT IS_SYMLINK "${file}")
      is_elf("${file}" elf)
    endif()
    if(elf)
      run(strip --strip-unneeded ${sections} "${file}")
      list(APPEND binaries "${file}")
    endif()
  endforeach()
  set(${result} "${binaries}" PARENT_SCOPE)
endfunction()

function(compress tree)
  file(GLOB_RECURSE files "${tree}/usr/share/man/*.[0-9]"
    "${tree}/usr/share/doc/*/changelog.Debian")
  foreach(file IN LISTS files)
    run(gzip -9nf "${file}")
  endforeach()
endfunction()

# A file of the package's control information, which cpack takes by its path.
function(write_control group name text)
  set(file "${CPACK_TOPLEVEL_DIRECTORY}/control-${group}/${name}")
  file(WRITE "${file}" "${text}")
  file(CHMOD "${file}" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  string(TOUPPER ${group} upper)
  set(variable CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA)
  set(${variable} ${${variable}} "${file}" PARENT_SCOPE)
endfunction()

# "libc6 (>= 2.34), libdw1 (>= 0.126)": of these files, in the words of the packages that are
# installed here. It wants to see a tree with DEBIAN in it, below a source's debian/control.
function(find_dependencies tree result)
  file(MAKE_DIRECTORY "${tree}/DEBIAN")
  file(WRITE "${tree}/debian/control" "Source: memtrack\n\nPackage: memtrack\nArchitecture: any\n")
  execute_process(COMMAND dpkg-shlibdeps -O ${ARGN} WORKING_DIRECTORY "${tree}" OUTPUT_VARIABLE told
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE_RECURSE "${tree}/DEBIAN" "${tree}/debian")
  string(REGEX REPLACE "^.*shlibs:Depends=" "" depends "${told}")
  set(${result} "${depends}" PARENT_SCOPE)
endfunction()

# What programs that are linked to a library depend on: the version that has the last of the symbols
# they use.
function(write_symbols group package)
  set(tree "${CPACK_TEMPORARY_DIRECTORY}/${group}")
  set(file "${CPACK_TOPLEVEL_DIRECTORY}/control-${group}/symbols")
  file(WRITE "${tree}/debian/control"
    "Source: memtrack\n\nPackage: ${package}\nArchitecture: any\n")
  write_control(${group} symbols "")
  execute_process(COMMAND dpkg-gensymbols -c4 -p${package} -v${CPACK_PACKAGE_VERSION} "-P${tree}"
    "-O${file}" "-I${CMAKE_CURRENT_LIST_DIR}/debian/${package}.symbols" WORKING_DIRECTORY "${tree}"
    COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE_RECURSE "${tree}/debian")
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA}
    PARENT_SCOPE)
endfunction()

if(CPACK_GENERATOR STREQUAL "TGZ")
  strip_archives("${CPACK_TEMPORARY_DIRECTORY}")
endif()

if(CPACK_GENERATOR STREQUAL "DEB")
  set(version ${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
  foreach(group tools library development)
    set(tree "${CPACK_TEMPORARY_DIRECTORY}/${group}")
    compress("${tree}")
    strip_archives("${tree}")
    strip_binaries("${tree}" binaries)
    string(TOUPPER ${group} upper)
    if(binaries)
      find_dependencies("${tree}" CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS ${binaries})
    endif()
  endforeach()
  # What the command loads, and says when it is missing; most of what it does needs none of it.
  if(CPACK_MT_LOADED)
    find_dependencies("${CPACK_TEMPORARY_DIRECTORY}/tools" loaded "${CPACK_MT_LOADED}")
    string(REGEX REPLACE "(^|, )libc6 [^,]*(, |$)" "\\1" loaded "${loaded}")
    string(REGEX REPLACE ", $" "" CPACK_DEBIAN_TOOLS_PACKAGE_RECOMMENDS "${loaded}")
  endif()
  foreach(group tools library)
    write_control(${group} triggers "activate-noawait ldconfig\n")
  endforeach()
  write_symbols(library libmemtrack-analyze1)
  write_control(library shlibs
    "libmemtrack-analyze 1 libmemtrack-analyze1 (>= ${CPACK_PACKAGE_VERSION})\n")
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "memtrack (= ${version}), libmemtrack-analyze1 (= ${version})")
endif()
