/* What the Lua objects share: the check of an argument, the failure triple, and metatables whose
 * methods are closures over two of them, so that checking an argument costs no look-up by name. */
#ifndef HG_LUA_OBJECT_H
#define HG_LUA_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "failure.h"

/* The userdata at `index` when it has the metatable at `metatable`; raises otherwise. */
void *hg_object_check(lua_State *L, int index, int metatable, const char *type);

/* Pushes nil, message, {kind, sent = "no"}: what was asked for could not even be made. */
int hg_object_refuse(lua_State *L, const hg_failure *failure);
int hg_object_refuse_as(lua_State *L, hg_failure_kind kind, const char *message);

void hg_object_set_text(lua_State *L, const char *key, const char *value);
/* A number of bytes or of an operation, as an integer where Lua has those of 64 bits. */
void hg_object_push_bytes(lua_State *L, int64_t n);

/* Sets closures in the table on top of the stack, over the metatables at `first` and `second`. */
void hg_object_closures(lua_State *L, const luaL_Reg *l, int first, int second);
/* Completes the metatable at `mt` with such closures. */
void hg_object_fill(lua_State *L, int mt, const luaL_Reg *meta, const luaL_Reg *methods, int first,
                    int second);

#endif
