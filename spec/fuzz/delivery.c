/* libFuzzer: whole deliveries, through heygen.webhook in a Lua state of its own. The C core is
 * built with the fuzzer's eyes; what a result must be like is said in delivery.lua. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHECK = 50000 };         /* inputs between two checks of the memory */
static const int GROWTH = 1000; /* kB that it may differ by */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int luaopen_heygen_core(lua_State *L);

static lua_State *L;

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    L = luaL_newstate();
    if (!L)
        fail("no memory");
    luaL_openlibs(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_heygen_core);
    lua_setfield(L, -2, "heygen.core");
    lua_pop(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "spec.fuzz.delivery");
    if (lua_pcall(L, 1, 1, 0) != LUA_OK)
        fail(lua_tostring(L, -1));
    lua_getfield(L, -1, "input");
    lua_replace(L, -2);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int inputs, first;
    lua_pushvalue(L, 1);
    lua_pushlstring(L, (const char *)data, size);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        fail(lua_tostring(L, -1));
    if (lua_gettop(L) != 1)
        fail("something was left on the stack");
    if (++inputs % CHECK == 0) {
        lua_gc(L, LUA_GCCOLLECT);
        int used = lua_gc(L, LUA_GCCOUNT);
        if (!first)
            first = used;
        else if (used > first + GROWTH)
            fail("the memory of Lua grows");
    }
    return 0;
}
