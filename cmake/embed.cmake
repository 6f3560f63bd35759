# bw_embed(TARGET bw_db NAMESPACE breakwater::db SYMBOL kMigrations FILES a b …)
# Adds to TARGET a source that defines, in NAMESPACE,
#   const std::span<const breakwater::EmbeddedFile> SYMBOL
# holding every file's name (relative to the project) and bytes, in the given order.
function(bw_embed)
  cmake_parse_arguments(ARG "" "TARGET;NAMESPACE;SYMBOL" "FILES" ${ARGN})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${ARG_SYMBOL}.cc)
  set(list_file ${CMAKE_CURRENT_BINARY_DIR}/embedded_${ARG_SYMBOL}.txt)
  list(JOIN ARG_FILES "\n" lines)
  file(WRITE ${list_file}.new "${lines}\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different ${list_file}.new ${list_file})
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DLIST=${list_file} -DOUT=${out} -DNAMESPACE=${ARG_NAMESPACE}
            -DSYMBOL=${ARG_SYMBOL} -DROOT=${CMAKE_SOURCE_DIR}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_script.cmake
    DEPENDS ${ARG_FILES} ${list_file} ${CMAKE_SOURCE_DIR}/cmake/embed_script.cmake
    VERBATIM)
  target_sources(${ARG_TARGET} PRIVATE ${out})
endfunction()
