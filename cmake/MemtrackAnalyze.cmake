# SPDX-License-Identifier: MIT
#
# libmemtrack-analyze, the public library over everything that reads: shared, and an archive that
# holds one object, so that nothing of ours but memtrack_* can clash with names of the program that
# links it.
file(GLOB MT_ANALYZE_SOURCES CONFIGURE_DEPENDS lib/analyze/*.c)
find_program(OBJCOPY_PROGRAM objcopy REQUIRED)
find_package(Threads REQUIRED)

# For unit tests, which look inside.
add_library(mt_analyze STATIC ${MT_ANALYZE_SOURCES})
target_link_libraries(mt_analyze PUBLIC mt_offline)
set_target_properties(mt_analyze PROPERTIES POSITION_INDEPENDENT_CODE ON)

# The shared library; a second one is made for the archive (MemtrackPackage.cmake).
function(mt_add_analyze target)
  set(exports ${CMAKE_SOURCE_DIR}/lib/analyze/exports.map)
  target_sources(${target} PRIVATE ${MT_ANALYZE_SOURCES})
  target_link_libraries(${target} PRIVATE mt_offline mt_hardened)
  target_include_directories(${target} INTERFACE
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/lib/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_options(${target} PRIVATE -Wl,--version-script=${exports} -Wl,--as-needed)
  if(NOT MEMTRACK_SANITIZE) # the sanitizers' functions are the executable's
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${target} PROPERTIES VERSION 1.0.0 SOVERSION 1 LINK_DEPENDS ${exports})
endfunction()
add_library(memtrack-analyze SHARED)
add_library(memtrack::analyze ALIAS memtrack-analyze)
mt_add_analyze(memtrack-analyze)
set_target_properties(memtrack-analyze PROPERTIES EXPORT_NAME analyze)

set(archive ${CMAKE_BINARY_DIR}/libmemtrack-analyze.a)
set(whole ${CMAKE_BINARY_DIR}/memtrack-analyze.o)
add_custom_command(OUTPUT ${archive}
  COMMAND ${CMAKE_LINKER} -r -o ${whole} --whole-archive $<TARGET_FILE:mt_analyze> --no-whole-archive
    $<TARGET_FILE:mt_offline> ${IBERTY_LIBRARY}
  COMMAND ${OBJCOPY_PROGRAM} --wildcard --keep-global-symbol=memtrack_* ${whole}
  COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
  COMMAND ${CMAKE_AR} rcs ${archive} ${whole}
  DEPENDS mt_analyze mt_offline VERBATIM)
add_custom_target(memtrack-analyze-archive ALL DEPENDS ${archive})
