/* JSON text to Lua values, strictly, or leniently for what the service sends (lua_json_mend.c).
 *
 * Most texts are read by lua_json_read.c. What it does not take is lua-cjson's work; one pass over
 * the result then drops nulls and makes whole numbers integers. lua-cjson is two libraries under
 * one name (mpx 2.1.0 in Debian, the 2.1.0.x fork elsewhere), and private settings make them agree.
 */
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

/* How a document is read, and what was met in it. */
struct reading {
    bool keep_null;
    bool lenient; /* numbers under the name of an id become text, and infinities null */
    bool marks;   /* whole numbers beyond 2^53 came as marked strings */
    bool is_big;  /* out: a whole number was beyond 2^53, where doubles lose digits */
};

/* Pushes what the number on top should be and returns true, or leaves it alone. */
static bool whole(lua_State *L, struct reading *r) {
    lua_Number n = lua_tonumber(L, -1);
    bool exact = n >= -HG_JSON_EXACT && n <= HG_JSON_EXACT;
    r->is_big = r->is_big || !exact || n == HG_JSON_EXACT || n == -HG_JSON_EXACT;
#if HG_HAS_INTEGERS
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
#else
    return false;
#endif
}

/* Whether the key under the value on top is the name of an id, or of a list of them: id, video_id,
 * asset_ids. An item of a list is an id when the list is one of ids. */
static bool holds_ids(lua_State *L, const struct reading *r, bool in_list) {
    size_t len;
    if (!r->lenient || lua_type(L, -2) != LUA_TSTRING)
        return r->lenient && in_list;
    const char *name = lua_tolstring(L, -2, &len);
    return hg_json_names_id(name, len);
}

/* Pushes the text of an id that came as a number and returns true, or leaves it alone. */
static bool id_text(lua_State *L, struct reading *r) {
    lua_Number n = lua_tonumber(L, -1);
    char text[32];
    r->is_big = r->is_big || n >= HG_JSON_EXACT;
    if (!(n >= 0 && n <= HG_JSON_EXACT) || n != floor(n))
        return false;
    snprintf(text, sizeof text, "%.0f", n);
    lua_pushstring(L, text);
    return true;
}

/* Pushes the whole number that a marked string stands for, as text under the name of an id, and
 * returns true; leaves any other string alone. */
static bool marked(lua_State *L, bool is_id) {
    static const size_t mark = sizeof HG_JSON_MARK - 1;
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    if (len <= mark || memcmp(text, HG_JSON_MARK, mark) != 0)
        return false;
    text += mark;
    if (is_id) {
        lua_pushstring(L, text);
        return true;
    }
#if HG_HAS_INTEGERS
    errno = 0;
    long long n = strtoll(text, NULL, 10);
    if (errno == 0) {
        lua_pushinteger(L, (lua_Integer)n);
        return true;
    }
#endif
    lua_pushnumber(L, (lua_Number)strtod(text, NULL));
    return true;
}

/* Pushes what a number or a string should be and returns true, or leaves it alone. */
static bool better(lua_State *L, struct reading *r, bool is_id) {
    if (lua_type(L, -1) == LUA_TSTRING)
        return marked(L, is_id);
    if (r->lenient && is_id && id_text(L, r))
        return true;
    if (r->lenient && !(fabs(lua_tonumber(L, -1)) <= DBL_MAX)) {
        lua_pushnil(L);
        return true;
    }
    return whole(L, r);
}

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

/* Drops nulls and turns whole numbers into integers in the table at `t`, all levels down. `is_id`:
 * it is a list of ids. Assigning to existing fields (nil included) is allowed while lua_next walks.
 */
static void tidy(lua_State *L, int t, struct reading *r, bool is_id) {
    size_t gaps_in = 0;
    luaL_checkstack(L, 6, "JSON nested too deeply");
    lua_pushnil(L);
    while (lua_next(L, t)) {
        int type = lua_type(L, -1);
        bool change = false;
        if (type == LUA_TTABLE) {
            tidy(L, lua_gettop(L), r, holds_ids(L, r, is_id));
        } else if (type == LUA_TLIGHTUSERDATA && !r->keep_null) {
            lua_pushnil(L);
            change = true;
        } else if (type == LUA_TNUMBER || (type == LUA_TSTRING && r->marks)) {
            change = better(L, r, holds_ids(L, r, is_id));
        }
        if (change) {
            if (lua_isnil(L, -1) && !gaps_in && lua_type(L, -3) == LUA_TNUMBER)
                gaps_in = lua_rawlen(L, t);
            lua_pushvalue(L, -3);
            lua_insert(L, -2);
            lua_rawset(L, t);
        }
        lua_pop(L, 1);
    }
    if (gaps_in)
        compact(L, t, gaps_in);
}

/* Reads a text with lua-cjson. Pushes the value and returns true, or a message. */
static bool parse(lua_State *L, int text) {
    push_decoder(L);
    lua_pushvalue(L, text);
    return lua_pcall(L, 1, 1, 0) == 0;
}

/* The document of the text at index 1, or a message. A lenient reading puts the text right when
 * lua-cjson refuses it. */
static bool read(lua_State *L, const struct reading *r) {
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    if (r->lenient && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        lua_pushlstring(L, text + 3, len - 3);
        lua_replace(L, 1);
        text = lua_tolstring(L, 1, &len);
    }
    if (parse(L, 1))
        return true;
    if (!r->lenient || !hg_json_mend(L, text, len, false))
        return false;
    lua_replace(L, 1);
    lua_pop(L, 1);
    return parse(L, 1);
}

/* decode(text [, keep_null [, lenient [, by_cjson]]]) -> value | nil, message */
static int decode(lua_State *L) {
    luaL_checktype(L, 1, LUA_TSTRING);
    struct reading r = {.keep_null = lua_toboolean(L, 2), .lenient = lua_toboolean(L, 3)};
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    if (memchr(text, '\0', len)) { /* lua-cjson takes it for the end and ignores what follows */
        lua_pushnil(L);
        lua_pushliteral(L, "a NUL byte is not allowed in JSON");
        return 2;
    }
    bool by_cjson = lua_toboolean(L, 4);
    lua_settop(L, 1);
    if (!by_cjson && hg_json_read(L, text, len, r.keep_null, r.lenient))
        return 1;
    if (!read(L, &r)) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    if (lua_istable(L, -1)) {
        tidy(L, lua_gettop(L), &r, false);
    } else if (lua_islightuserdata(L, -1) && !r.keep_null) {
        lua_pushnil(L);
        lua_pushliteral(L, "the document is null");
        return 2;
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
        whole(L, &r);
    }
    /* once more, with each such number as a marked string */
    text = lua_tolstring(L, 1, &len);
    if (r.lenient && r.is_big && lua_istable(L, -1) && hg_json_mend(L, text, len, true)) {
        lua_replace(L, 1);
        r.marks = true;
        if (parse(L, 1))
            tidy(L, lua_gettop(L), &r, false);
        else
            lua_pop(L, 1);
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
