/* A Lua table that describes a request, turned into an hg_request. */
#ifndef HG_LUA_REQUEST_H
#define HG_LUA_REQUEST_H

#include <lua.h>

#include "exchange.h"

/* Reads the table at `index`. A mistake raises, naming the field. The strings of `r` live as long
 * as the table; values made here are left on the stack, which must stay until the request is
 * started. Returns the place of a table there that must live as long as the operation, whose body
 * it holds; 0: none. */
int hg_request_read(lua_State *L, int index, hg_request *r);

#define HG_TARGET "a path that starts with / and is percent-encoded"
bool hg_request_is_target(const char *text);
/* Seconds as nanoseconds: what is above zero stays above zero, and centuries are enough. */
int64_t hg_request_nanoseconds(double seconds);

#endif
