/* The quick way from JSON to Lua values: one pass for the answers that services send as a rule.
 *
 * It reads what it knows to read alike: objects and lists, strings, numbers of up to 15 digits,
 * true, false and null. At the first thing that is odd (an error, half a surrogate pair, an
 * exponent, a long number, a number under the name of an id, deep nesting) it gives up without a
 * word, and lua_json_decode.c reads the text with lua-cjson, whose verdict holds. So it can only
 * be right or not used, which a spec compares on many documents.
 *
 * The items of an object or a list are pushed first and counted, so that its table is made at its
 * size. Nothing but Lua's stack is held: Lua may throw anywhere. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "compat.h"
#include "lua_json.h"

enum {
    DEPTH = 32, /* levels */
    ITEMS = 64, /* on the stack, until they go into their table */
    DIGITS = 15 /* that a double holds exactly */
};

struct reader {
    lua_State *L;
    const char *at;
    const char *end;
    bool keep_null;
    bool lenient; /* ids that are numbers become text: not here */
};

static bool read_value(struct reader *r, bool is_id, int depth);

static char next(struct reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
    return r->at < r->end ? *r->at : '\0';
}

static bool take(struct reader *r, char c) {
    if (next(r) != c)
        return false;
    r->at++;
    return true;
}

static bool word(struct reader *r, const char *text, size_t len) {
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
        return false;
    r->at += len;
    return true;
}

/* ---- strings ---- */

static bool is_plain(char c) {
    return c != '"' && c != '\\' && (unsigned char)c >= 0x20;
}

/* The first byte from `s` on that is no plain one of a string. Eight bytes at a time: the terms
 * have the high bit of each byte that is a quotation mark, a backslash or below 0x20. */
static const char *past_plain(const char *s, const char *end) {
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    while (end - s >= 8) {
        uint64_t w;
        memcpy(&w, s, 8);
        uint64_t quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');
        if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((w - ones * 0x20) & ~w)) &
            high)
            break;
        s += 8;
    }
    while (s < end && is_plain(*s))
        s++;
    return s;
}

static long unit_at(const char *s, const char *end) {
    long unit = 0;
    if (end - s < 6 || s[0] != '\\' || s[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = s[i];
        int digit = c >= '0' && c <= '9'                 ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                         : -1;
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* "\uXXXX", and a second one that belongs to it. */
static bool add_unit(struct reader *r, luaL_Buffer *b) {
    char utf8[4];
    long c = unit_at(r->at, r->end);
    if (c <= 0 || (c >= 0xDC00 && c <= 0xDFFF))
        return false;
    r->at += 6;
    if (c < 0x80) {
        luaL_addchar(b, (char)c);
    } else if (c < 0x800) {
        utf8[0] = (char)(0xC0 | c >> 6);
        utf8[1] = (char)(0x80 | (c & 63));
        luaL_addlstring(b, utf8, 2);
    } else if (c < 0xD800 || c > 0xDBFF) {
        utf8[0] = (char)(0xE0 | c >> 12);
        utf8[1] = (char)(0x80 | (c >> 6 & 63));
        utf8[2] = (char)(0x80 | (c & 63));
        luaL_addlstring(b, utf8, 3);
    } else {
        long low = unit_at(r->at, r->end);
        if (low < 0xDC00 || low > 0xDFFF)
            return false;
        r->at += 6;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        utf8[0] = (char)(0xF0 | c >> 18);
        utf8[1] = (char)(0x80 | (c >> 12 & 63));
        utf8[2] = (char)(0x80 | (c >> 6 & 63));
        utf8[3] = (char)(0x80 | (c & 63));
        luaL_addlstring(b, utf8, 4);
    }
    return true;
}

static bool add_escape(struct reader *r, luaL_Buffer *b) {
    static const char NAMES[] = "\"\\/bfnrt", BYTES[] = "\"\\/\b\f\n\r\t";
    if (r->end - r->at < 2)
        return false;
    if (r->at[1] == 'u')
        return add_unit(r, b);
    const char *name = strchr(NAMES, r->at[1]);
    if (!name || !*name)
        return false;
    luaL_addchar(b, BYTES[name - NAMES]);
    r->at += 2;
    return true;
}

/* From behind a quotation mark; pushes the text. */
static bool read_string(struct reader *r) {
    const char *from = r->at;
    luaL_Buffer b;
    r->at = past_plain(from, r->end);
    if (r->at < r->end && *r->at == '"') {
        lua_pushlstring(r->L, from, (size_t)(r->at++ - from));
        return true;
    }
    luaL_buffinit(r->L, &b);
    while (r->at < r->end && *r->at == '\\') {
        luaL_addlstring(&b, from, (size_t)(r->at - from));
        if (!add_escape(r, &b))
            return false;
        from = r->at;
        r->at = past_plain(from, r->end);
    }
    if (r->at == r->end || *r->at != '"')
        return false;
    luaL_addlstring(&b, from, (size_t)(r->at++ - from));
    luaL_pushresult(&b);
    return true;
}

/* ---- numbers ---- */

static const char *digits(struct reader *r, const char *s, double *n) {
    for (; s < r->end && *s >= '0' && *s <= '9'; s++)
        *n = *n * 10 + (*s - '0');
    return s;
}

/* Digits, and digits behind a point: with 15 at most, the whole of them and the power of ten are
 * exact, and so is the rounding of their quotient. */
static bool read_number(struct reader *r) {
    static const double POWERS[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool minus = *r->at == '-';
    const char *first = r->at + minus, *last;
    double n = 0;
    size_t behind = 0;
    last = digits(r, first, &n);
    if (last == first || last - first > DIGITS || (*first == '0' && last - first > 1))
        return false;
    if (last < r->end && *last == '.') {
        const char *point = last;
        last = digits(r, point + 1, &n);
        behind = (size_t)(last - point - 1);
        if (behind == 0 || last - first - 1 > DIGITS)
            return false;
    }
    if ((last < r->end && (*last == 'e' || *last == 'E')) || (minus && n == 0))
        return false;
    r->at = last;
    n = (minus ? -n : n) / POWERS[behind];
#if HG_HAS_INTEGERS
    if (behind == 0 || n == floor(n)) {
        lua_pushinteger(r->L, (lua_Integer)n);
        return true;
    }
#endif
    lua_pushnumber(r->L, n);
    return true;
}

/* ---- tables ---- */

bool hg_json_names_id(const char *name, size_t len) {
    if (len > 2 && name[len - 1] == 's')
        len--;
    return len >= 2 && memcmp(name + len - 2, "id", 2) == 0 && (len == 2 || name[len - 3] == '_');
}

/* The same of the key on top. */
static bool names_id(lua_State *L) {
    size_t len;
    const char *name = lua_tolstring(L, -1, &len);
    return hg_json_names_id(name, len);
}

/* Makes the table at `t` unless it is there, and moves the pairs above it into it, the last one of
 * a name last. */
static void store_pairs(lua_State *L, int t) {
    int top = lua_gettop(L);
    if (lua_isnil(L, t)) {
        lua_createtable(L, 0, (top - t) / 2);
        lua_replace(L, t);
    }
    for (int i = t + 1; i < top; i += 2) {
        lua_pushvalue(L, i);
        lua_pushvalue(L, i + 1);
        lua_rawset(L, t);
    }
    lua_settop(L, t);
}

static bool read_object(struct reader *r, int depth) {
    lua_State *L = r->L;
    lua_pushnil(L);
    int t = lua_gettop(L);
    if (!take(r, '}')) {
        do {
            if (lua_gettop(L) - t >= ITEMS)
                store_pairs(L, t);
            if (!take(r, '"') || !read_string(r) || !take(r, ':'))
                return false;
            char c = next(r);
            bool is_id = r->lenient && c != '"' && c != '{' && names_id(L);
            if (!read_value(r, is_id, depth))
                return false;
        } while (take(r, ','));
        if (!take(r, '}'))
            return false;
    }
    store_pairs(L, t);
    return true;
}

/* The same for items, which follow the `count` that are in the table. */
static int store_items(lua_State *L, int t, int count) {
    int more = lua_gettop(L) - t;
    if (lua_isnil(L, t)) {
        lua_createtable(L, more, 0);
        lua_replace(L, t);
    }
    for (int i = more; i > 0; i--)
        lua_rawseti(L, t, count + i);
    return count + more;
}

static bool read_array(struct reader *r, bool is_id, int depth) {
    lua_State *L = r->L;
    int count = 0;
    lua_pushnil(L);
    int t = lua_gettop(L);
    if (!take(r, ']')) {
        do {
            if (lua_gettop(L) - t >= ITEMS)
                count = store_items(L, t, count);
            if (!read_value(r, is_id, depth))
                return false;
            if (lua_isnil(L, -1)) /* null: lists have no gaps */
                lua_pop(L, 1);
        } while (take(r, ','));
        if (!take(r, ']'))
            return false;
    }
    store_items(L, t, count);
    return true;
}

/* Pushes one value. */
static bool read_value(struct reader *r, bool is_id, int depth) {
    lua_State *L = r->L;
    switch (next(r)) {
    case '"':
        r->at++;
        return read_string(r);
    case '{':
    case '[':
        if (depth == DEPTH)
            return false;
        luaL_checkstack(L, ITEMS + LUA_MINSTACK, NULL);
        return *r->at++ == '{' ? read_object(r, depth + 1) : read_array(r, is_id, depth + 1);
    case 't':
        lua_pushboolean(L, 1);
        return word(r, "true", 4);
    case 'f':
        lua_pushboolean(L, 0);
        return word(r, "false", 5);
    case 'n':
        if (r->keep_null)
            lua_pushlightuserdata(L, NULL);
        else
            lua_pushnil(L);
        return word(r, "null", 4);
    default:
        return !is_id && r->at < r->end && read_number(r);
    }
}

bool hg_json_read(lua_State *L, const char *text, size_t len, bool keep_null, bool lenient) {
    struct reader r = {L, text, text + len, keep_null, lenient};
    int top = lua_gettop(L);
    char c = next(&r);
    if ((c == '{' || c == '[') && read_value(&r, false, 0) && next(&r) == '\0' && r.at == r.end)
        return true;
    lua_settop(L, top);
    return false;
}
