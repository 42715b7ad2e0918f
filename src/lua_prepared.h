/* What many GET requests have in common, checked once. */
#ifndef HG_LUA_PREPARED_H
#define HG_LUA_PREPARED_H

#include <lua.h>

#include "exchange.h"

/* Reads the arguments of engine:get from index 2 on: prepared, target, timeout, deadline,
 * compressed, max_bytes. What `r` borrows lives as long as they do. */
void hg_prepared_read(lua_State *L, hg_request *r);

/* Adds `prepare` to the table on top of the stack. */
void hg_prepared_open_library(lua_State *L);

#endif
