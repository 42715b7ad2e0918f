/* Local files as Lua objects. */
#ifndef HG_LUA_FILE_H
#define HG_LUA_FILE_H

#include "compat.h"
#include "upload_file.h"

/* The file behind an object of core.file or core.spool; NULL: the value is none. Raises when it is
 * closed. */
hg_upload_file *hg_file_to_upload(lua_State *L, int index);

/* Adds file and spool to the table on top of the stack. */
void hg_file_open_library(lua_State *L);

#endif
