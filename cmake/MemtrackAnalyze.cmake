# SPDX-License-Identifier: MIT
#
# libmemtrack-analyze, the public library over everything that reads: shared, and an archive that holds one object, so
# that nothing of ours but memtrack_* can clash with names of the program that links it.
file(GLOB MT_ANALYZE_SOURCES CONFIGURE_DEPENDS lib/analyze/*.c)
find_program(OBJCOPY_PROGRAM objcopy REQUIRED)
find_package(Threads REQUIRED)

# For unit tests, which look inside.
add_library(mt_analyze STATIC ${MT_ANALYZE_SOURCES})
target_link_libraries(mt_analyze PUBLIC mt_offline)
set_target_properties(mt_analyze PROPERTIES POSITION_INDEPENDENT_CODE ON)

set(exports ${CMAKE_SOURCE_DIR}/lib/analyze/exports.map)
add_library(memtrack-analyze SHARED ${MT_ANALYZE_SOURCES})
add_library(memtrack::analyze ALIAS memtrack-analyze)
target_link_libraries(memtrack-analyze PRIVATE mt_offline)
target_include_directories(memtrack-analyze INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/lib/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_options(memtrack-analyze PRIVATE -Wl,--version-script=${exports} -Wl,--as-needed)
if(NOT MEMTRACK_SANITIZE) # the sanitizers' functions are the executable's
  target_link_options(memtrack-analyze PRIVATE -Wl,-z,defs)
endif()
set_target_properties(memtrack-analyze PROPERTIES EXPORT_NAME analyze VERSION 1.0.0 SOVERSION 1 LINK_DEPENDS ${exports})

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

configure_file(lib/analyze/memtrack-analyze.pc.in ${CMAKE_BINARY_DIR}/memtrack-analyze.pc @ONLY)
install(TARGETS memtrack-analyze EXPORT memtrack-analyze LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${CMAKE_BINARY_DIR}/memtrack-analyze.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(EXPORT memtrack-analyze NAMESPACE memtrack:: FILE memtrack-analyze.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/memtrack)
