# SPDX-License-Identifier: MIT
#
# Part of installing the archive: the licenses of the libraries that it carries, as the packages
# have them from which they were copied. MT_BUNDLED_TO is where the libraries lie below the prefix.
set(prefix "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
find_program(dpkg_query dpkg-query)
file(GLOB libraries "${prefix}/${MT_BUNDLED_TO}/*.so*")
foreach(library IN LISTS libraries)
  cmake_path(GET library FILENAME name)
  if(IS_SYMLINK "${library}")
    continue()
  endif()
  # "zlib1g:amd64: /lib/x86_64-linux-gnu/libz.so.1.2.13"; /lib and /usr/lib are one, and either may
  # be on record.
  set(told "")
  if(dpkg_query)
    execute_process(COMMAND ${dpkg_query} -S "*/${name}" OUTPUT_VARIABLE told ERROR_QUIET)
  endif()
  string(REGEX MATCH "^[^:,\n]+" package "${told}")
  if(package AND EXISTS "/usr/share/doc/${package}/copyright")
    file(REAL_PATH "/usr/share/doc/${package}/copyright" license)
    configure_file("${license}" "${prefix}/share/doc/memtrack/bundled/${package}.copyright"
      COPYONLY)
  else()
    message(WARNING "${name} is put into the archive, but its license was not found: add it")
  endif()
endforeach()
