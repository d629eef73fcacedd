# SPDX-License-Identifier: MIT
#
# Libraries that the command loads when it uses them (lib/base/library.c). They are not among those
# that it is linked to, so what looks for those does not see them: dpkg-shlibdeps, and cmake where it
# collects what the archive carries. For these there is an object that is linked to them all and
# refers to each function that is called, memtrack-loaded. It is not installed. That it can be linked
# says that the functions are there.
set(MT_LOADED_SOURCE ${CMAKE_SOURCE_DIR}/cmake/loaded.c)

# Finds a library by pkg-config's words for it: ${name}_FOUND, and ${name}_SONAME and
# ${name}_PACKAGE (Debian's name of the package that has it, "" elsewhere).
function(mt_find_loaded name wanted)
  pkg_check_modules(${name} IMPORTED_TARGET ${wanted})
  set(soname "")
  set(package "")
  foreach(library IN LISTS ${name}_LINK_LIBRARIES)
    if(library MATCHES "\\.so(\\.|$)" AND NOT soname)
      execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${library} OUTPUT_VARIABLE headers ERROR_QUIET)
      string(REGEX MATCH "SONAME +([^ \n]+)" found "${headers}")
      set(soname ${CMAKE_MATCH_1})
      cmake_path(GET library PARENT_PATH folder)
      file(REAL_PATH ${folder}/${soname} file)
      cmake_path(GET file FILENAME file)
    endif()
  endforeach()
  find_program(MT_DPKG_QUERY dpkg-query)
  if(soname AND MT_DPKG_QUERY)
    execute_process(COMMAND ${MT_DPKG_QUERY} -S "*/${file}" OUTPUT_VARIABLE told ERROR_QUIET)
    string(REGEX MATCH "^[^:,\n]+" package "${told}")
  endif()
  if(${name}_FOUND AND NOT soname)
    message(STATUS "${wanted}: there is no shared library of it")
  endif()
  set(found FALSE)
  if(${name}_FOUND AND soname)
    set(found TRUE)
  endif()
  set(${name}_FOUND ${found} PARENT_SCOPE)
  set(${name}_SONAME "${soname}" PARENT_SCOPE)
  set(${name}_PACKAGE "${package}" PARENT_SCOPE)
endfunction()

# Its headers are for target, and what it is called for the source that loads it.
function(mt_use_loaded target name source)
  target_include_directories(${target} SYSTEM PRIVATE ${${name}_INCLUDE_DIRS})
  target_link_libraries(${target} PUBLIC ${CMAKE_DL_LIBS})
  set_source_files_properties(${source} PROPERTIES COMPILE_DEFINITIONS
    "MT_${name}_SONAME=\"${${name}_SONAME}\";MT_${name}_PACKAGE=\"${${name}_PACKAGE}\"")
  if(NOT TARGET memtrack-loaded)
    add_library(memtrack-loaded SHARED ${MT_LOADED_SOURCE})
    target_link_libraries(memtrack-loaded PRIVATE mt_flags)
    target_link_options(memtrack-loaded PRIVATE -Wl,-z,defs)
  endif()
  target_compile_definitions(memtrack-loaded PRIVATE MT_LOADS_${name}=1)
  target_link_libraries(memtrack-loaded PRIVATE PkgConfig::${name})
endfunction()
