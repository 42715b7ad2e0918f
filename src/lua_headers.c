/* Lists of request headers as Lua objects: checked once, shared by many requests. */
#include "lua_headers.h"

#include <stdbool.h>
#include <string.h>

static const char TYPE[] = "heygen.headers";

bool hg_headers_are_clean(const char *s, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (s[i] == '\r' || s[i] == '\n' || s[i] == '\0')
            return false;
    return true;
}

void hg_headers_read(lua_State *L, hg_headers *h, int t) {
    luaL_checkstack(L, 4, NULL);
    for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
        size_t name_len, value_len;
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "headers: expected names as keys, got a %s", luaL_typename(L, -2));
        const char *name = lua_tolstring(L, -2, &name_len);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "headers.%s: expected a string, got %s", name, luaL_typename(L, -1));
        const char *value = lua_tolstring(L, -1, &value_len);
        if (name_len == 0 || !hg_headers_are_clean(name, name_len) ||
            strpbrk(name, " \t:()<>@,;\\\"/[]?={}"))
            luaL_error(L, "headers: a name is not valid in HTTP");
        if (!hg_headers_are_clean(value, value_len))
            luaL_error(L, "headers.%s: CR, LF and NUL are not allowed in a value", name);
        /* libcurl drops "Name:" and sends an empty header for "Name;". */
        if (value_len)
            lua_pushfstring(L, "%s: %s", name, value);
        else
            lua_pushfstring(L, "%s;", name);
        if (!hg_headers_add(h, lua_tostring(L, -1)))
            luaL_error(L, "out of memory");
        lua_pop(L, 1);
    }
}

hg_headers_box *hg_headers_push_box(lua_State *L) {
    hg_headers_box *box = hg_newuserdata(L, sizeof *box);
    box->headers = NULL;
    luaL_getmetatable(L, TYPE);
    lua_setmetatable(L, -2);
    return box;
}

hg_headers_box *hg_headers_to_box(lua_State *L, int index) {
    return luaL_checkudata(L, index, TYPE);
}

int hg_headers_make(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    hg_headers_box *box = hg_headers_push_box(L);
    box->headers = hg_headers_new();
    if (!box->headers)
        return luaL_error(L, "out of memory");
    hg_headers_read(L, box->headers, 1);
    return 1;
}

static int headers_gc(lua_State *L) {
    hg_headers_box *box = luaL_checkudata(L, 1, TYPE);
    hg_headers_unref(box->headers);
    box->headers = NULL;
    return 0;
}

void hg_headers_open_library(lua_State *L) {
    luaL_newmetatable(L, TYPE);
    lua_pushcfunction(L, headers_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    lua_pushcfunction(L, hg_headers_make);
    lua_setfield(L, -2, "headers");
}
