# SPDX-License-Identifier: MIT
#
# A test that runs a command and holds its memory against budgets:
#
#   memtrack_add_test(NAME name COMMAND command [argument...]
#     [MAX_PEAK size] [MAX_LIVE size] [MAX_TOTAL size] [MAX_TOTAL_BLOCKS n]
#     [NO_LEAKS] [IGNORE pattern...] [SCOPE name:statistic=limit...]
#     [BASELINE profile [TOLERANCE percent]] [STRICT] [VERBOSE]
#     [PROFILES directory] [JUNIT directory] [WORKING_DIRECTORY directory])
#
# COMMAND is that of add_test: a target, a program, generator expressions. The command's own failure fails the test,
# with its own status; else the test fails when a budget is broken, and the log says by what. Profiles are kept in
# PROFILES (default: memtrack-profiles/NAME in the current binary directory), so that the command which the log names
# can be typed, and one of them can become a BASELINE. JUNIT gets a file NAME.xml.
include_guard(GLOBAL)

function(_memtrack_absolute out path base)
  cmake_path(ABSOLUTE_PATH path BASE_DIRECTORY "${base}" NORMALIZE OUTPUT_VARIABLE absolute)
  set(${out} "${absolute}" PARENT_SCOPE)
endfunction()

function(memtrack_add_test)
  set(flags NO_LEAKS STRICT VERBOSE)
  set(limits MAX_PEAK MAX_LIVE MAX_TOTAL MAX_TOTAL_BLOCKS)
  cmake_parse_arguments(PARSE_ARGV 0 arg "${flags}"
    "NAME;${limits};BASELINE;TOLERANCE;PROFILES;JUNIT;WORKING_DIRECTORY" "COMMAND;IGNORE;SCOPE")
  if(NOT arg_NAME OR NOT arg_COMMAND)
    message(FATAL_ERROR "memtrack_add_test: NAME and COMMAND are needed")
  endif()
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "memtrack_add_test(${arg_NAME}): ${arg_UNPARSED_ARGUMENTS} is not understood, "
      "${arg_KEYWORDS_MISSING_VALUES} without a value")
  endif()
  set(options)
  foreach(name IN LISTS limits)
    if(DEFINED arg_${name})
      string(TOLOWER "${name}" option)
      string(REPLACE "_" "-" option "${option}")
      list(APPEND options "--${option}=${arg_${name}}")
    endif()
  endforeach()
  foreach(name IN LISTS flags)
    if(arg_${name})
      string(TOLOWER "${name}" option)
      string(REPLACE "_" "-" option "${option}")
      list(APPEND options "--${option}")
    endif()
  endforeach()
  foreach(pattern IN LISTS arg_IGNORE)
    list(APPEND options "--ignore=${pattern}")
  endforeach()
  foreach(scope IN LISTS arg_SCOPE)
    list(APPEND options "--scope=${scope}")
  endforeach()
  if(DEFINED arg_BASELINE)
    _memtrack_absolute(baseline "${arg_BASELINE}" "${CMAKE_CURRENT_SOURCE_DIR}")
    list(APPEND options "--baseline=${baseline}")
  endif()
  if(NOT options OR "${options}" STREQUAL "--verbose")
    message(FATAL_ERROR "memtrack_add_test(${arg_NAME}): give a budget, such as MAX_PEAK 10M or NO_LEAKS")
  endif()
  if(DEFINED arg_TOLERANCE)
    list(APPEND options "--tolerance=${arg_TOLERANCE}")
  endif()

  if(NOT DEFINED arg_PROFILES)
    string(MAKE_C_IDENTIFIER "${arg_NAME}" folder)
    set(arg_PROFILES "memtrack-profiles/${folder}")
  endif()
  _memtrack_absolute(profiles "${arg_PROFILES}" "${CMAKE_CURRENT_BINARY_DIR}")
  file(MAKE_DIRECTORY "${profiles}")
  list(APPEND options "--profiles=${profiles}")
  if(DEFINED arg_JUNIT)
    _memtrack_absolute(junit "${arg_JUNIT}" "${CMAKE_CURRENT_BINARY_DIR}")
    file(MAKE_DIRECTORY "${junit}")
    string(MAKE_C_IDENTIFIER "${arg_NAME}" file)
    list(APPEND options "--junit=${junit}/${file}.xml")
  endif()
  if(NOT DEFINED arg_WORKING_DIRECTORY)
    set(arg_WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
  endif()

  # A target among the words of COMMAND is its file only where add_test sees the word first.
  list(POP_FRONT arg_COMMAND program)
  if(TARGET "${program}")
    set(program "$<TARGET_FILE:${program}>")
  endif()
  add_test(NAME "${arg_NAME}"
    COMMAND "${MEMTRACK_EXECUTABLE}" check --run ${options} -- "${program}" ${arg_COMMAND}
    WORKING_DIRECTORY "${arg_WORKING_DIRECTORY}")
endfunction()
