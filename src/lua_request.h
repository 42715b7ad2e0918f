/* A Lua table that describes a request, turned into an hg_request. */
#ifndef HG_LUA_REQUEST_H
#define HG_LUA_REQUEST_H

#include <lua.h>

#include "operation.h"

/* The metatable name of shared header lists. */
#define HG_HEADERS_TYPE "heygen.headers"

/* Reads the table at `index`. A mistake raises, naming the field. The strings of `r` live as long
 * as the table; values made here are left on the stack, which must stay until the request is
 * started. Returns the place of a table there that must live as long as the operation, whose body
 * it holds; 0: none. */
int hg_request_read(lua_State *L, int index, hg_request *r);

/* headers(table of name -> value) -> shared list. Raises on CR, LF or NUL. */
int hg_request_headers(lua_State *L);
int hg_request_headers_gc(lua_State *L);

#endif
