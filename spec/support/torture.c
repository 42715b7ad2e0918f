/* Allocations that fail: preloaded into a process, and loaded by its Lua as a module.
 *
 * arm(kind, n): from now on the n-th allocation of that kind fails, "lua" for Lua's own, "malloc"
 * for those of C. Lua tries again after it has collected garbage: its second attempt fails as well.
 * disarm() -> how many there were, whether one has failed
 */
#define _GNU_SOURCE
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_long seen, due;
static atomic_bool malloc_armed;
static bool lua_armed, again, failed;
static _Thread_local bool for_lua;
static lua_Alloc allocate;
static void *allocate_data;

static bool fails(void) {
    if (!malloc_armed || for_lua || atomic_fetch_add(&seen, 1) + 1 != due)
        return false;
    failed = true;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size) {
    return size && fails() ? NULL : __libc_realloc(old, size);
}

static void *lua_allocate(void *data, void *old, size_t old_size, size_t size) {
    bool grows = size > (old ? old_size : 0);
    if (lua_armed && grows) {
        bool retry = again;
        again = false;
        if (retry)
            return NULL;
        if (++seen == due) {
            failed = again = true;
            return NULL;
        }
    }
    for_lua = true;
    void *new = allocate(data, old, old_size, size);
    for_lua = false;
    return new;
}

static int arm(lua_State *L) {
    bool of_lua = strcmp(luaL_checkstring(L, 1), "lua") == 0;
    due = (long)luaL_checkinteger(L, 2);
    seen = 0;
    failed = again = false;
    lua_armed = of_lua;
    malloc_armed = !of_lua;
    return 0;
}

static int disarm(lua_State *L) {
    lua_armed = malloc_armed = false;
    lua_pushinteger(L, (lua_Integer)seen);
    lua_pushboolean(L, failed);
    return 2;
}

__attribute__((visibility("default"))) int luaopen_torture(lua_State *L) {
    allocate = lua_getallocf(L, &allocate_data);
    lua_setallocf(L, lua_allocate, allocate_data);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, arm);
    lua_setfield(L, -2, "arm");
    lua_pushcfunction(L, disarm);
    lua_setfield(L, -2, "disarm");
    return 1;
}
