find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
include(GoogleTest)

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
  gtest_discover_tests(bw_${ARG_NAME}_test DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 300)
endfunction()
