set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(BW_SANITIZER "" CACHE STRING "address (with undefined), thread, or empty")
option(BW_FUZZ "Build the fuzz targets (clang only)" OFF)
option(BW_PRECOMPILED "Parse the standard library and GoogleTest once (g++ only)" OFF)

find_program(BW_CCACHE ccache)
if(BW_CCACHE)
  # Paths relative to the source tree let every build folder share one cache.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
               CCACHE_SLOPPINESS=pch_defines,time_macros ${BW_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

add_library(bw_options INTERFACE)
target_include_directories(bw_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(bw_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Werror
  -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false -Wrestrict, -Wmaybe-uninitialized and -Wfree-nonheap-object on std::string and std::variant.
  target_compile_options(bw_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized
    -Wno-free-nonheap-object)
else()
  # libstdc++ 12 builds its own stable_sort on what it calls deprecated, which clang reports where it is used.
  target_compile_options(bw_options INTERFACE -Wno-deprecated-declarations)
endif()
target_compile_definitions(bw_options INTERFACE _GLIBCXX_ASSERTIONS
  BW_VERSION="${PROJECT_VERSION}")
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(bw_options INTERFACE _FORTIFY_SOURCE=2)
endif()
target_link_options(bw_options INTERFACE -Wl,-z,relro,-z,now)

find_program(BW_MOLD mold)
if(BW_MOLD)
  target_link_options(bw_options INTERFACE -fuse-ld=mold)
endif()

if(BW_SANITIZER STREQUAL "address")
  target_compile_options(bw_options INTERFACE -fsanitize=address,undefined
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(bw_options INTERFACE -fsanitize=address,undefined)
elseif(BW_SANITIZER STREQUAL "thread")
  target_compile_options(bw_options INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(bw_options INTERFACE -fsanitize=thread)
endif()
