/* Lua values to JSON text.
 *
 * Written here and not left to lua-cjson: mpx 2.1.0 (Debian's) can write neither `[]` nor a number
 * of more than 14 digits, and neither of the two libraries of that name refuses invalid UTF-8 or
 * can say which field is wrong. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "lua_json.h"
#include "text.h"

/* Registry keys are strings: light userdata of static addresses fail in LuaJIT on arm64. */
static const char ARRAY_KEY[] = "heygen.json.array";
static const char BUFFER_KEY[] = "heygen.json.buffer";

/* Where the encoder is: a chain of keys on the C stack, read only to name a bad field. */
typedef struct frame {
    const struct frame *up;
    const char *key; /* NULL: the array index counts */
    size_t index;
} frame;

static void push_path(lua_State *L, const frame *at) {
    const frame *chain[HG_JSON_DEPTH + 2];
    size_t n = 0;
    for (; at && n < HG_JSON_DEPTH + 2; at = at->up)
        chain[n++] = at;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    while (n--) {
        char index[32];
        if (chain[n]->key) {
            if (chain[n]->up)
                luaL_addchar(&b, '.');
            luaL_addstring(&b, chain[n]->key);
        } else {
            snprintf(index, sizeof index, "[%zu]", chain[n]->index);
            luaL_addstring(&b, index);
        }
    }
    luaL_pushresult(&b);
}

/* Pushes "path: why" and returns false, so that each refusal is one return statement. */
static bool refuse(lua_State *L, const frame *at, const char *why) {
    luaL_checkstack(L, LUA_MINSTACK, NULL); /* a luaL_Buffer takes some */
    if (!at) {
        lua_pushstring(L, why);
        return false;
    }
    push_path(L, at);
    lua_pushfstring(L, "%s: %s", lua_tostring(L, -1), why);
    return false;
}

static bool add(lua_State *L, hg_buf *b, const char *text, size_t len) {
    if (!hg_buf_add(b, text, len))
        return refuse(L, NULL, "out of memory");
    return true;
}

static bool encode_number(lua_State *L, hg_buf *b, const frame *at) {
    char text[40];
    lua_Number n = lua_tonumber(L, -1);
    if (hg_isinteger(L, -1)) {
        snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(L, -1));
        return add(L, b, text, strlen(text));
    }
    if (isnan(n) || isinf(n))
        return refuse(L, at,
                      isnan(n) ? "not a number (NaN) cannot be sent as JSON"
                               : "an infinite number cannot be sent as JSON");
    if (n == floor(n) && fabs(n) <= HG_JSON_EXACT) {
        snprintf(text, sizeof text, "%.0f", n == 0 ? 0.0 : n);
        return add(L, b, text, strlen(text));
    }
    for (int digits = 15; digits <= 17; digits++) { /* the shortest text that reads back the same */
        snprintf(text, sizeof text, "%.*g", digits, n);
        if (strtod(text, NULL) == n)
            break;
    }
    char *comma = strchr(text, ','); /* a decimal comma from the host's locale */
    if (comma)
        *comma = '.';
    return add(L, b, text, strlen(text));
}

static bool encode_string(lua_State *L, hg_buf *b, int index, const frame *at) {
    size_t len;
    const char *s = lua_tolstring(L, index, &len);
    size_t bad = hg_utf8_check(s, len, NULL);
    if (bad) {
        char why[80];
        snprintf(why, sizeof why, "invalid UTF-8 at byte %zu (send text as UTF-8)", bad);
        return refuse(L, at, why);
    }
    if (!hg_json_quote(b, s, len))
        return refuse(L, NULL, "out of memory");
    return true;
}

static bool encode_value(lua_State *L, hg_buf *b, int shape, const frame *at, int depth);

/* True when the table on top carries the mark of core.array. */
static bool marked(lua_State *L) {
    if (!lua_getmetatable(L, -1))
        return false;
    lua_getfield(L, LUA_REGISTRYINDEX, ARRAY_KEY);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

/* Pushes shape[key], or returns 0 when there is no shape. The result is a stack index. */
static int shape_field(lua_State *L, int shape, const char *key) {
    if (!shape)
        return 0;
    lua_pushstring(L, key);
    lua_rawget(L, shape);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        return 0;
    }
    return lua_gettop(L);
}

/* What a field specification says of the value: true for an array. */
static bool says_array(lua_State *L, int spec) {
    if (!spec)
        return false;
    lua_pushliteral(L, "type");
    lua_rawget(L, spec);
    bool yes = lua_isstring(L, -1) && strcmp(lua_tostring(L, -1), "array") == 0;
    lua_pop(L, 1);
    return yes;
}

static bool encode_array(lua_State *L, hg_buf *b, int spec, const frame *at, int depth) {
    int t = lua_gettop(L);
    size_t n = lua_rawlen(L, t), seen = 0;
    for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
        lua_Number key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
        if (key < 1 || key > (lua_Number)n || key != floor(key))
            return refuse(L, at, "an array may only have the keys 1 to n without gaps");
        seen++;
    }
    if (seen != n)
        return refuse(L, at, "a sparse array cannot be sent (remove the gaps)");
    int items = shape_field(L, spec, "items");
    if (!add(L, b, "[", 1))
        return false;
    for (size_t i = 1; i <= n; i++) {
        frame here = {at, NULL, i};
        if (i > 1 && !add(L, b, ",", 1))
            return false;
        lua_rawgeti(L, t, (int)i);
        if (!encode_value(L, b, items, &here, depth))
            return false;
        lua_settop(L, items ? items : t);
    }
    lua_settop(L, t);
    return add(L, b, "]", 1);
}

static bool encode_object(lua_State *L, hg_buf *b, int shape, const frame *at, int depth) {
    int t = lua_gettop(L);
    bool first = true;
    if (!add(L, b, "{", 1))
        return false;
    lua_pushnil(L);
    while (lua_next(L, t)) {
        int key = t + 1, value = t + 2;
        if (lua_type(L, key) != LUA_TSTRING)
            return refuse(L, at, "an object may only have string keys (an array the keys 1 to n)");
        frame here = {at, lua_tostring(L, key), 0};
        if (!first && !add(L, b, ",", 1))
            return false;
        first = false;
        if (!encode_string(L, b, key, &here) || !add(L, b, ":", 1))
            return false;
        int spec = shape_field(L, shape, here.key);
        if (spec) {
            lua_pushvalue(L, value);
        }
        if (!encode_value(L, b, spec, &here, depth))
            return false;
        lua_settop(L, key);
    }
    return add(L, b, "}", 1);
}

static bool encode_table(lua_State *L, hg_buf *b, int spec, const frame *at, int depth) {
    if (depth >= HG_JSON_DEPTH)
        return refuse(L, at, "nested too deeply (does a table contain itself?)");
    luaL_checkstack(L, 12, "JSON nested too deeply");
    if (says_array(L, spec) || marked(L) || lua_rawlen(L, -1) > 0)
        return encode_array(L, b, spec, at, depth + 1);
    int t = lua_gettop(L);
    int fields = shape_field(L, spec, "fields");
    if (fields)
        lua_pushvalue(L, t);
    bool ok = encode_object(L, b, fields, at, depth + 1);
    if (ok)
        lua_settop(L, t);
    return ok;
}

/* Encodes the value on top and leaves the stack as it was; on refusal pushes the message. */
static bool encode_value(lua_State *L, hg_buf *b, int spec, const frame *at, int depth) {
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        return encode_string(L, b, lua_gettop(L), at);
    case LUA_TNUMBER:
        return encode_number(L, b, at);
    case LUA_TBOOLEAN:
        return lua_toboolean(L, -1) ? add(L, b, "true", 4) : add(L, b, "false", 5);
    case LUA_TTABLE:
        return encode_table(L, b, spec, at, depth);
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, -1) == NULL)
            return add(L, b, "null", 4);
        break;
    default:
        break;
    }
    char why[64];
    snprintf(why, sizeof why, "a %s cannot be sent as JSON", luaL_typename(L, -1));
    return refuse(L, at, why);
}

/* The buffer lives in a userdata, so that an error thrown by Lua in the middle leaks nothing. */
static hg_buf *scratch(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, BUFFER_KEY);
    hg_buf *b = lua_touserdata(L, -1);
    lua_pop(L, 1);
    b->len = 0;
    return b;
}

static int scratch_gc(lua_State *L) {
    hg_buf_free(lua_touserdata(L, 1));
    return 0;
}

int hg_json_encode(lua_State *L) {
    enum { KEEP = 1 << 16 }; /* one huge body must not pin its memory for ever */
    luaL_checkany(L, 1);
    lua_settop(L, 2);
    bool has_shape = lua_istable(L, 2);
    hg_buf *b = scratch(L);
    int fields = 0;
    bool ok;
    if (has_shape && lua_istable(L, 1) && !(lua_pushvalue(L, 1), marked(L))) {
        /* The shape of a body is a table of fields, not a field itself. */
        fields = 2;
        ok = encode_object(L, b, fields, NULL, 1);
    } else {
        lua_pushvalue(L, 1);
        ok = encode_value(L, b, 0, NULL, 0);
    }
    if (ok) {
        lua_pushlstring(L, b->data ? b->data : "", b->len);
    } else {
        lua_pushnil(L);
        lua_insert(L, -2);
    }
    if (b->cap > KEEP)
        hg_buf_free(b);
    return ok ? 1 : 2;
}

int hg_json_array(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, ARRAY_KEY);
    lua_setmetatable(L, 1);
    return 1;
}

void hg_json_encode_open(lua_State *L) {
    hg_buf *b = hg_newuserdata(L, sizeof *b);
    memset(b, 0, sizeof *b);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, scratch_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, BUFFER_KEY);

    lua_getfield(L, LUA_REGISTRYINDEX, ARRAY_KEY);
    bool loaded_again = !lua_isnil(L, -1); /* keep the mark: tables may carry it */
    lua_pop(L, 1);
    if (loaded_again)
        return;
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "heygen.array");
    lua_setfield(L, -2, "__name");
    lua_setfield(L, LUA_REGISTRYINDEX, ARRAY_KEY);
}
