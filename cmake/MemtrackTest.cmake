# SPDX-License-Identifier: MIT
#
# A test that runs a command and holds its memory against budgets:
#
#   memtrack_add_test(NAME name COMMAND command [argument...]
#     [MAX_PEAK size] [MAX_LIVE size] [MAX_TOTAL size] [MAX_TOTAL_BLOCKS n]
#     [NO_LEAKS] [IGNORE pattern...] [SCOPE name:statistic=limit...]
#     [BASELINE profile [TOLERANCE percent]] [PROCESS pattern...] [WRAPPERS pattern...] [STRICT]
#     [VERBOSE]
#     [PROFILES directory] [JUNIT directory] [WORKING_DIRECTORY directory])
#
# COMMAND is that of add_test: a target, a program, generator expressions, any text. The command's
# own failure fails the test, with its own status; else the test fails when a budget is broken, and
# the log says by what. Profiles are kept in PROFILES (default: memtrack-profiles/NAME in the
# current binary directory), so that the command which the log names can be typed, and one of them
# can become a BASELINE. JUNIT gets a file NAME.xml. A name that is no good file name (app/large,
# "a name") gets _ for what makes it so, and a hash that tells such names apart. PROCESS: only the
# processes of these programs have to keep budgets. WRAPPERS: of functions, files or modules whose
# callers are charged, beside those of the project's .memtrack, which is looked for upwards from
# WORKING_DIRECTORY.
include_guard(GLOBAL)

function(_memtrack_absolute out path base)
  cmake_path(ABSOLUTE_PATH path BASE_DIRECTORY "${base}" NORMALIZE OUTPUT_VARIABLE absolute)
  set(${out} "${absolute}" PARENT_SCOPE)
endfunction()

# A directory for results. One that depends on the configuration is made when that is known.
function(_memtrack_directory out path file)
  _memtrack_absolute(directory "${path}" "${CMAKE_CURRENT_BINARY_DIR}")
  if(directory MATCHES "\\$<")
    file(GENERATE OUTPUT "${directory}/.${file}" CONTENT "")
  else()
    file(MAKE_DIRECTORY "${directory}")
  endif()
  set(${out} "${directory}" PARENT_SCOPE)
endfunction()

# What a test is called in the file system: two tests that run at the same time must not meet there.
# Its own name, where that is one that needs no quoting and hides no file.
function(_memtrack_file_name out name)
  string(REGEX REPLACE "[^A-Za-z0-9_.+@=,-]|^[.-]" "_" file "${name}")
  string(LENGTH "${name}" length)
  if(NOT file STREQUAL name OR length GREATER 200)
    string(SHA1 hash "${name}")
    string(SUBSTRING "${hash}" 0 8 hash)
    string(SUBSTRING "${file}" 0 100 file)
    string(APPEND file "-${hash}")
  endif()
  set(${out} "${file}" PARENT_SCOPE)
endfunction()

# Appends a word to code that is to be evaluated, where it will be this text, whatever is in it: a
# list would lose empty words and split or join others.
function(_memtrack_word code text)
  set(level "=")
  while(text MATCHES "\\]${level}\\]" OR text MATCHES "\\]${level}$")
    string(APPEND level "=")
  endwhile()
  set(${code} "${${code}} [${level}[\n${text}]${level}]" PARENT_SCOPE)
endfunction()

# Appends the options that are made of the caller's arguments alone.
function(_memtrack_options code)
  foreach(name MAX_PEAK MAX_LIVE MAX_TOTAL MAX_TOTAL_BLOCKS NO_LEAKS STRICT VERBOSE IGNORE SCOPE PROCESS WRAPPERS
          TOLERANCE)
    string(TOLOWER "--${name}" option)
    string(REPLACE "_" "-" option "${option}")
    string(REPLACE "wrappers" "wrapper" option "${option}")
    if(name MATCHES "^(NO_LEAKS|STRICT|VERBOSE)$")
      if(arg_${name})
        _memtrack_word(${code} "${option}")
      endif()
    elseif(name MATCHES "^(IGNORE|SCOPE|PROCESS|WRAPPERS)$")
      foreach(value IN LISTS arg_${name})
        _memtrack_word(${code} "${option}=${value}")
      endforeach()
    elseif(DEFINED arg_${name})
      _memtrack_word(${code} "${option}=${arg_${name}}")
    endif()
  endforeach()
  set(${code} "${${code}}" PARENT_SCOPE)
endfunction()

function(memtrack_add_test)
  set(flags NO_LEAKS STRICT VERBOSE)
  set(limits MAX_PEAK MAX_LIVE MAX_TOTAL MAX_TOTAL_BLOCKS)
  set(values NAME ${limits} BASELINE TOLERANCE PROFILES JUNIT WORKING_DIRECTORY)
  set(lists COMMAND IGNORE SCOPE PROCESS WRAPPERS)
  cmake_parse_arguments(PARSE_ARGV 0 arg "${flags}" "${values}" "${lists}")
  if("${arg_NAME}" STREQUAL "" OR NOT DEFINED arg_COMMAND)
    message(FATAL_ERROR "memtrack_add_test: NAME and COMMAND are needed")
  endif()
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "memtrack_add_test(${arg_NAME}): ${arg_UNPARSED_ARGUMENTS} is unknown, "
      "${arg_KEYWORDS_MISSING_VALUES} without a value")
  endif()
  set(budgets ${limits} BASELINE SCOPE)
  list(TRANSFORM budgets PREPEND arg_)
  set(budgeted ${arg_NO_LEAKS} ${arg_STRICT})
  foreach(budget IN LISTS budgets)
    if(DEFINED ${budget})
      list(APPEND budgeted TRUE)
    endif()
  endforeach()
  if(NOT "TRUE" IN_LIST budgeted)
    message(FATAL_ERROR "memtrack_add_test(${arg_NAME}): give a budget, such as MAX_PEAK 10M or NO_LEAKS")
  endif()

  _memtrack_file_name(file "${arg_NAME}")
  set(test "")
  _memtrack_options(test)
  if(DEFINED arg_BASELINE)
    _memtrack_absolute(baseline "${arg_BASELINE}" "${CMAKE_CURRENT_SOURCE_DIR}")
    _memtrack_word(test "--baseline=${baseline}")
  endif()
  if(NOT DEFINED arg_PROFILES)
    set(arg_PROFILES "memtrack-profiles/${file}")
  endif()
  _memtrack_directory(profiles "${arg_PROFILES}" "${file}")
  _memtrack_word(test "--profiles=${profiles}")
  if(DEFINED arg_JUNIT)
    _memtrack_directory(junit "${arg_JUNIT}" "${file}")
    _memtrack_word(test "--junit=${junit}/${file}.xml")
  endif()
  if(NOT DEFINED arg_WORKING_DIRECTORY)
    set(arg_WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
  endif()

  # The words of COMMAND as they were given. A target among them is its file only where add_test
  # sees the word first.
  string(APPEND test " --")
  set(is_word FALSE)
  set(is_first TRUE)
  math(EXPR last "${ARGC} - 1")
  foreach(i RANGE ${last})
    set(word "${ARGV${i}}")
    if(word IN_LIST flags OR word IN_LIST values OR word IN_LIST lists)
      set(is_word FALSE)
      if(word STREQUAL "COMMAND")
        set(is_word TRUE)
      endif()
    elseif(is_word)
      if(is_first AND TARGET "${word}")
        set(word "$<TARGET_FILE:${word}>")
      endif()
      set(is_first FALSE)
      _memtrack_word(test "${word}")
    endif()
  endforeach()
  set(head "")
  _memtrack_word(head "${arg_NAME}")
  string(APPEND head " COMMAND")
  _memtrack_word(head "${MEMTRACK_EXECUTABLE}")
  set(tail "")
  _memtrack_word(tail "${arg_WORKING_DIRECTORY}")
  cmake_language(EVAL CODE "add_test(NAME${head} check --run${test} WORKING_DIRECTORY${tail})")
endfunction()
