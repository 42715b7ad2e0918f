/* The file of a download as a Lua object. */
#ifndef HG_LUA_OUTPUT_H
#define HG_LUA_OUTPUT_H

#include "compat.h"
#include "download_file.h"

/* The box of the object at `index`, which holds NULL when it is closed; raises on anything else. */
hg_output **hg_output_to_box(lua_State *L, int index);

/* Adds output and file_type to the table on top of the stack. */
void hg_output_open_library(lua_State *L);

#endif
