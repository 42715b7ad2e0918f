/* What many GET requests have in common, checked once.
 *
 * Reading the table of a request costs some twenty look-ups, and most requests of a client that
 * waits differ in their target alone. `core.prepare` reads such a table once, and keeps a copy of
 * it, which holds all that the request points to; `engine:get` fills in the rest from its
 * arguments. */
#include "lua_prepared.h"

#include <string.h>

#include "compat.h"
#include "lua_headers.h"
#include "lua_request.h"

static const char TYPE[] = "heygen.prepared";

/* The table at 1, with a target, so that it is a whole request. */
static void push_copy(lua_State *L) {
    lua_createtable(L, 0, 12);
    for (lua_pushnil(L); lua_next(L, 1);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    lua_pushliteral(L, "/");
    lua_setfield(L, -2, "target");
}

/* prepare(request) -> prepared: of a GET by base and target, without body and output */
static int prepare(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    push_copy(L);
    hg_request *r = hg_newuserdata_tied(L, sizeof *r);
    int keep = hg_request_read(L, 2, r);
    luaL_argcheck(L,
                  !keep && strcmp(r->method, "GET") == 0 && !r->body && !r->segments && !r->parts,
                  1, "expected a GET without a body");
    luaL_argcheck(L, !r->output && !r->output_path && !r->stream, 1, "expected no output");
    while (lua_gettop(L) > 3) /* made while reading: headers */
        lua_rawseti(L, 2, lua_gettop(L));
    lua_pushvalue(L, 2);
    hg_tie(L, 3);
    luaL_getmetatable(L, TYPE);
    lua_setmetatable(L, 3);
    return 1;
}

void hg_prepared_read(lua_State *L, hg_request *r) {
    size_t len;
    *r = *(const hg_request *)luaL_checkudata(L, 2, TYPE);
    r->target = luaL_checklstring(L, 3, &len);
    if (!hg_headers_are_clean(r->target, len) || !hg_request_is_target(r->target))
        luaL_error(L, "engine:get: target: expected " HG_TARGET);
    r->timeout = hg_request_nanoseconds(luaL_optnumber(L, 4, 0));
    r->end = hg_request_nanoseconds(luaL_optnumber(L, 5, 0));
    r->compressed = lua_toboolean(L, 6);
    lua_Number most = luaL_optnumber(L, 7, 0);
    r->max_bytes = most > 0 ? (uint64_t)(most < 9e15 ? most : 9e15) : 0;
}

void hg_prepared_open_library(lua_State *L) {
    luaL_newmetatable(L, TYPE);
    lua_pop(L, 1);
    lua_pushcfunction(L, prepare);
    lua_setfield(L, -2, "prepare");
}
