/* Shims that let one C source serve Lua 5.1, 5.3, 5.4, 5.5 and LuaJIT.
 * The only file that asks for LUA_VERSION_NUM. */
#ifndef HG_COMPAT_H
#define HG_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

#if LUA_VERSION_NUM < 502
#define lua_rawlen(L, i) lua_objlen(L, i)
#define hg_setfuncs(L, l) luaL_register(L, NULL, l)
#else
#define hg_setfuncs(L, l) luaL_setfuncs(L, l, 0)
#endif

#if LUA_VERSION_NUM >= 503
#define HG_HAS_INTEGERS 1
#define HG_HAS_ISYIELDABLE 1
#define hg_isinteger(L, i) lua_isinteger(L, i)
#else
#define HG_HAS_INTEGERS 0
#define hg_isinteger(L, i) 0
/* LuaJIT has it, 5.1 has not: then it has no address. */
int lua_isyieldable(lua_State *L) __attribute__((weak));
#define HG_HAS_ISYIELDABLE (lua_isyieldable != NULL)
#endif

/* hg_tie ties the table on top of the stack to a userdata made by hg_newuserdata_tied, hg_tied
 * pushes it. */
#if LUA_VERSION_NUM >= 504
#define hg_newuserdata(L, n) lua_newuserdatauv(L, n, 0)
#define hg_newuserdata_tied(L, n) lua_newuserdatauv(L, n, 1)
#define hg_tie(L, i) lua_setiuservalue(L, i, 1)
#define hg_tied(L, i) lua_getiuservalue(L, i, 1)
#else
#define hg_newuserdata(L, n) lua_newuserdata(L, n)
#define hg_newuserdata_tied(L, n) lua_newuserdata(L, n)
#if LUA_VERSION_NUM >= 502
#define hg_tie(L, i) lua_setuservalue(L, i)
#define hg_tied(L, i) lua_getuservalue(L, i)
#else
#define hg_tie(L, i) lua_setfenv(L, i)
#define hg_tied(L, i) lua_getfenv(L, i)
#endif
#endif

#endif
