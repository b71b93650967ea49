option(GATEHOUSE_TESTS "Build the tests" ON)
option(GATEHOUSE_FUZZ "Build the fuzzers and nothing else; needs clang" OFF)
set(GATEHOUSE_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined")

option(GATEHOUSE_COVERAGE "Count which lines of server/ the tests run" OFF)

# Several sources are compiled as one: quick for a whole build, slow after a change of one of them.
option(GATEHOUSE_UNITY "Compile the server's sources in groups" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# ccache, unless its directory cannot be written: a home directory may be missing.
find_program(GATEHOUSE_CCACHE ccache)
if(GATEHOUSE_CCACHE)
  execute_process(COMMAND ${GATEHOUSE_CCACHE} --get-config cache_dir
                  OUTPUT_VARIABLE cache OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND sh -c "mkdir -p \"$0\" && test -w \"$0\"" "${cache}"
                  RESULT_VARIABLE cache_unusable ERROR_QUIET)
endif()
if(GATEHOUSE_CCACHE AND NOT cache_unusable)
  # Precompiled headers need the first; the times of headers just checked out the others.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${GATEHOUSE_CCACHE})
endif()

find_program(GATEHOUSE_MOLD mold)
if(GATEHOUSE_MOLD)
  # Code that is seldom run stays apart from the rest, and so out of memory (GNU ld does so by itself).
  add_link_options(-fuse-ld=mold LINKER:-z,keep-text-section-prefix)
endif()

# What every target of ours is compiled with.
add_library(gatehouse_flags INTERFACE)
target_compile_options(gatehouse_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                 -Woverloaded-virtual -Werror)
# gcc 12 reports these inside Boost and libstdc++ when it inlines them; the last, for the frames of
# coroutines, whose operator new it inlines and whose operator delete it does not.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(gatehouse_flags INTERFACE -Wno-maybe-uninitialized -Wno-stringop-overflow
                                                   -Wno-array-bounds -Wno-restrict -Wno-free-nonheap-object
                                                   -Wno-mismatched-new-delete)
else()
  # A part of clang's -Wconversion, and not of gcc's.
  target_compile_options(gatehouse_flags INTERFACE -Wno-sign-conversion)
endif()
if(GATEHOUSE_SANITIZE)
  add_compile_options(-fsanitize=${GATEHOUSE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${GATEHOUSE_SANITIZE})
endif()
if(GATEHOUSE_SANITIZE MATCHES undefined)
  # This check probes memory through a pipe, and reports nonsense when no descriptor is left.
  add_compile_options(-fno-sanitize=vptr)
endif()
if(GATEHOUSE_SANITIZE MATCHES thread)
  add_compile_options(-Wno-tsan)
endif()

# libstdc++ checks its preconditions in what the tests run.
add_compile_definitions($<$<NOT:$<CONFIG:Release>>:_GLIBCXX_ASSERTIONS>)

# The binary that meets the network: position-independent, guarded stack, checked copies, and
# relocations read-only before main. (CMake's own property would build the static libraries with
# -fPIC, which keeps gcc from inlining across their functions.)
add_compile_options($<$<CONFIG:Release>:-fPIE> $<$<CONFIG:Release>:-fstack-protector-strong>
                    $<$<CONFIG:Release>:-fstack-clash-protection>)
add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
add_link_options($<$<CONFIG:Release>:-pie> $<$<CONFIG:Release>:LINKER:-z,relro,-z,now>)
