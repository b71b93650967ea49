# gatehouse_embed(TARGET NAME BASE FILE...) makes the files part of the target, as
# gatehouse::NAME_files() of the header gatehouse/base/embedded_file.hpp: each file's bytes under its
# path below BASE, in the order of the list. The code is generated when one of the files has changed.
#
#   gatehouse_embed(gatehouse_core starter ${CMAKE_CURRENT_SOURCE_DIR}/commands/starters a.sh b.py)

set(GATEHOUSE_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_files.cmake)

function(gatehouse_embed target name base)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}_files.cpp)
  list(TRANSFORM ARGN PREPEND ${base}/ OUTPUT_VARIABLE files)
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -D "NAME=${name}" -D "BASE=${base}" -D "FILES=${ARGN}" -D "OUTPUT=${generated}"
            -P ${GATEHOUSE_EMBED_SCRIPT}
    DEPENDS ${files} ${GATEHOUSE_EMBED_SCRIPT}
    COMMENT "Embedding the files of ${name}"
    VERBATIM)
  target_sources(${target} PRIVATE ${generated})
  set_source_files_properties(${generated} PROPERTIES SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
