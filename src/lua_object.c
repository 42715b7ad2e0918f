/* What the Lua objects share. */
#include "lua_object.h"

void *hg_object_check(lua_State *L, int index, int metatable, const char *type) {
    void *box = lua_touserdata(L, index);
    if (box && lua_getmetatable(L, index)) {
        bool same = lua_rawequal(L, -1, metatable);
        lua_pop(L, 1);
        if (same)
            return box;
    }
    const char *message = lua_pushfstring(L, "%s expected, got %s", type, luaL_typename(L, index));
    luaL_argerror(L, index, message);
    return NULL;
}

void hg_object_set_text(lua_State *L, const char *key, const char *value) {
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

void hg_object_push_bytes(lua_State *L, int64_t n) {
#if HG_HAS_INTEGERS
    lua_pushinteger(L, (lua_Integer)n);
#else
    lua_pushnumber(L, (lua_Number)n); /* an integer may have 32 bits only */
#endif
}

int hg_object_refuse_as(lua_State *L, hg_failure_kind kind, const char *message) {
    lua_pushnil(L);
    lua_pushstring(L, message);
    lua_createtable(L, 0, 2);
    hg_object_set_text(L, "kind", hg_failure_name(kind));
    hg_object_set_text(L, "sent", "no");
    return 3;
}

int hg_object_refuse(lua_State *L, const hg_failure *failure) {
    return hg_object_refuse_as(L, failure->kind, failure->text);
}

void hg_object_closures(lua_State *L, const luaL_Reg *l, int first, int second) {
    for (; l->name; l++) {
        lua_pushvalue(L, first);
        lua_pushvalue(L, second);
        lua_pushcclosure(L, l->func, 2);
        lua_setfield(L, -2, l->name);
    }
}

void hg_object_fill(lua_State *L, int mt, const luaL_Reg *meta, const luaL_Reg *methods, int first,
                    int second) {
    lua_pushvalue(L, mt);
    hg_object_closures(L, meta, first, second);
    lua_createtable(L, 0, 16);
    hg_object_closures(L, methods, first, second);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "private");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
