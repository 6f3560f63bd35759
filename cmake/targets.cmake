find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
include(GoogleTest)

# Precompiled where that saves time; every file includes what it uses all the same, which the presets
# without it show. None of our own: the compiler cache may keep a precompiled header of ours that
# changed since.
set(BW_COMMON_HEADERS <algorithm> <array> <atomic> <chrono> <cstdint> <deque> <filesystem>
  <functional> <map> <memory> <optional> <set> <span> <string> <string_view> <thread>
  <unordered_map> <utility> <variant> <vector>)

# bw_precompile(TARGET OWNER HEADERS…): OWNER, the first target of its kind, has them for all.
function(bw_precompile target owner)
  if(NOT BW_PRECOMPILED)
    return()
  endif()
  # The compiler cache needs the preprocessor to name the precompiled header. And with one g++ 12
  # reports false overflows in std::string.
  target_compile_options(${target} PRIVATE -fpch-preprocess -Wno-array-bounds
    -Wno-stringop-overflow -Wno-stringop-overread)
  if(target STREQUAL owner)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

# Everything that ships, without tests and programs.
add_custom_target(bw_libraries)

# bw_library(NAME base SOURCES a.cc … [DEPS other-folder …] [LIBS external …])
# One folder, one library. DEPS names folders; the include-arrow check compares with ARCHITECTURE.md.
function(bw_library)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS;LIBS" ${ARGN})
  list(TRANSFORM ARG_DEPS PREPEND bw_)
  add_library(bw_${ARG_NAME} STATIC ${ARG_SOURCES})
  target_link_libraries(bw_${ARG_NAME} PUBLIC bw_options ${ARG_DEPS} ${ARG_LIBS} Threads::Threads)
  add_dependencies(bw_libraries bw_${ARG_NAME})
  bw_precompile(bw_${ARG_NAME} bw_base ${BW_COMMON_HEADERS})
endfunction()

# Folders whose tests use no database and no blob store. Those of the others are labelled "stores":
# `./dev test` runs them on embedded stores and on real services.
set(BW_FOLDERS_WITHOUT_STORES base observe json crypto io config net oci condition package report cli)

# bw_test(NAME base SOURCES a_test.cc … [DEPS folder …] [LIBS external …] [LABELS unit])
# One test program per folder: bw_<name>_test.
function(bw_test)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS;LIBS;LABELS" ${ARGN})
  if(NOT ARG_LABELS AND ARG_NAME IN_LIST BW_FOLDERS_WITHOUT_STORES)
    set(ARG_LABELS unit)
  elseif(NOT ARG_LABELS)
    set(ARG_LABELS stores)
  endif()
  list(TRANSFORM ARG_DEPS PREPEND bw_)
  add_executable(bw_${ARG_NAME}_test ${ARG_SOURCES})
  target_link_libraries(bw_${ARG_NAME}_test PRIVATE ${ARG_DEPS} ${ARG_LIBS}
    GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_options(bw_${ARG_NAME}_test PRIVATE ${BW_TEST_OPTIONS})
  bw_precompile(bw_${ARG_NAME}_test bw_base_test ${BW_COMMON_HEADERS} <gtest/gtest.h>
    <gmock/gmock.h>)
  gtest_discover_tests(bw_${ARG_NAME}_test DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 300)
endfunction()
