# Writes OUT: an assembler .incbin for each file of LIST and a table over them.
file(STRINGS ${LIST} files)
set(asm "")
set(externs "")
set(rows "")
set(i 0)
foreach(path IN LISTS files)
  file(RELATIVE_PATH name ${ROOT} ${path})
  set(s "bw_embedded_${SYMBOL}_${i}")
  string(APPEND asm "asm(\".section .rodata\\n.global ${s}\\n.global ${s}_end\\n${s}:\\n.incbin \\\"${path}\\\"\\n${s}_end:\\n.byte 0\\n.previous\\n\");\n")
  string(APPEND externs "extern const char ${s}[];\nextern const char ${s}_end[];\n")
  string(APPEND rows "    {\"${name}\", {${s}, static_cast<std::size_t>(${s}_end - ${s})}},\n")
  math(EXPR i "${i} + 1")
endforeach()
file(WRITE ${OUT} "// Made by cmake/embed_script.cmake.
#include \"base/embedded.h\"

${asm}
extern \"C\" {
${externs}}

namespace ${NAMESPACE} {
static const breakwater::EmbeddedFile kTable[] = {
${rows}};
extern const std::span<const breakwater::EmbeddedFile> ${SYMBOL};
const std::span<const breakwater::EmbeddedFile> ${SYMBOL}{kTable};
}  // namespace ${NAMESPACE}
")
