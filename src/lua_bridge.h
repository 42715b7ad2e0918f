/* The bridge as a Lua object. */
#ifndef HG_LUA_BRIDGE_H
#define HG_LUA_BRIDGE_H

#include "compat.h"

/* Adds bridge to the table on top of the stack. After hg_engine_open_library. */
void hg_bridge_open_library(lua_State *L);

#endif
