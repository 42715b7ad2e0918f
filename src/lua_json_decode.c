/* JSON text to Lua values.
 *
 * The reading is lua-cjson's work; one pass over its result then drops nulls and makes whole
 * numbers integers. lua-cjson is two libraries under one name (mpx 2.1.0 in Debian, the 2.1.0.x
 * fork elsewhere), and private settings make them agree. */
#include <locale.h>
#include <stdbool.h>
#include <string.h>

#include "compat.h"
#include "lua_json.h"

/* A registry key is a string: light userdata of static addresses fail in LuaJIT on arm64. */
static const char DECODE_KEY[] = "heygen.json.decode", POINT_KEY[] = "heygen.json.point";

/* lua-cjson reads numbers with strtod and asks for the locale's decimal point only when an instance
 * is made. True when the host has changed it since this Lua state made its own. */
static bool locale_changed(lua_State *L) {
    char point = localeconv()->decimal_point[0];
    lua_getfield(L, LUA_REGISTRYINDEX, POINT_KEY);
    bool changed = lua_tointeger(L, -1) != point;
    lua_pop(L, 1);
    if (changed) {
        lua_pushinteger(L, point);
        lua_setfield(L, LUA_REGISTRYINDEX, POINT_KEY);
    }
    return changed;
}

/* Pushes cjson's decode function, made from a private instance so that no other user's settings
 * change. */
static void push_decoder(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, DECODE_KEY);
    if (!locale_changed(L) && !lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "cjson");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "new");
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "decode_invalid_numbers");
    lua_pushboolean(L, 0);
    lua_call(L, 1, 0);
    lua_getfield(L, -1, "decode_max_depth");
    lua_pushinteger(L, HG_JSON_DEPTH);
    lua_call(L, 1, 0);
    lua_getfield(L, -1, "decode");
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, DECODE_KEY);
    lua_replace(L, -3);
    lua_pop(L, 1);
}

#if HG_HAS_INTEGERS
/* Pushes what the number on top should be and returns true, or leaves it alone. */
static bool whole(lua_State *L) {
    lua_Number n = lua_tonumber(L, -1);
    bool exact = n >= -HG_JSON_EXACT && n <= HG_JSON_EXACT;
    if (lua_isinteger(L, -1)) {
        if (exact)
            return false;
        lua_pushnumber(L, n); /* the fork keeps 64 bits where mpx cannot: agree on doubles */
        return true;
    }
    if (!exact || n != (lua_Number)(lua_Integer)n)
        return false;
    lua_pushinteger(L, (lua_Integer)n);
    return true;
}
#else
static bool whole(lua_State *L) {
    (void)L;
    return false;
}
#endif

/* Closes the gaps that dropped nulls left in the array at `t`: ipairs and # must see every item. */
static void compact(lua_State *L, int t, size_t n) {
    size_t to = 0;
    for (size_t from = 1; from <= n; from++) {
        lua_rawgeti(L, t, (int)from);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            continue;
        }
        if (++to == from) {
            lua_pop(L, 1);
            continue;
        }
        lua_rawseti(L, t, (int)to);
        lua_pushnil(L);
        lua_rawseti(L, t, (int)from);
    }
}

/* Drops nulls and turns whole numbers into integers in the table at `t`, all levels down. Assigning
 * to existing fields (nil included) is allowed while lua_next walks. */
static void tidy(lua_State *L, int t, bool keep_null) {
    size_t gaps_in = 0;
    luaL_checkstack(L, 6, "JSON nested too deeply");
    lua_pushnil(L);
    while (lua_next(L, t)) {
        switch (lua_type(L, -1)) {
        case LUA_TTABLE:
            tidy(L, lua_gettop(L), keep_null);
            break;
        case LUA_TLIGHTUSERDATA:
            if (keep_null)
                break;
            if (!gaps_in && lua_type(L, -2) == LUA_TNUMBER)
                gaps_in = lua_rawlen(L, t);
            lua_pushvalue(L, -2);
            lua_pushnil(L);
            lua_rawset(L, t);
            break;
        case LUA_TNUMBER:
            if (whole(L)) {
                lua_pushvalue(L, -3);
                lua_insert(L, -2);
                lua_rawset(L, t);
            }
            break;
        default:
            break;
        }
        lua_pop(L, 1);
    }
    if (gaps_in)
        compact(L, t, gaps_in);
}

/* decode(text [, keep_null]) -> value | nil, message */
static int decode(lua_State *L) {
    luaL_checktype(L, 1, LUA_TSTRING);
    bool keep_null = lua_toboolean(L, 2);
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    if (memchr(text, '\0', len)) { /* lua-cjson takes it for the end and ignores what follows */
        lua_pushnil(L);
        lua_pushliteral(L, "a NUL byte is not allowed in JSON");
        return 2;
    }
    lua_settop(L, 1);
    push_decoder(L);
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 1, 1, 0) != 0) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    if (lua_istable(L, -1)) {
        tidy(L, lua_gettop(L), keep_null);
    } else if (lua_islightuserdata(L, -1) && !keep_null) {
        lua_pushnil(L);
        lua_pushliteral(L, "the document is null");
        return 2;
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
        whole(L);
    }
    return 1;
}

void hg_json_open(lua_State *L) {
    hg_json_encode_open(L);
    lua_pushcfunction(L, hg_json_encode);
    lua_setfield(L, -2, "encode");
    lua_pushcfunction(L, decode);
    lua_setfield(L, -2, "decode");
    lua_pushcfunction(L, hg_json_array);
    lua_setfield(L, -2, "array");
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
}
