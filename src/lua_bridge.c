/* The bridge as a Lua object: the way in which OpenResty learns that an engine has work. */
#include "lua_bridge.h"

#include "bridge.h"
#include "lua_engine.h"
#include "lua_object.h"

#define BRIDGE_TYPE "heygen.bridge"
#define ENGINE_MT lua_upvalueindex(1)
#define BRIDGE_MT lua_upvalueindex(2)

static const double BEAT = 0.5, SHORTEST = 0.001; /* seconds */

typedef struct bridge_box {
    hg_bridge *bridge;
    hg_engine *engine; /* held while the bridge is open */
} bridge_box;

static bridge_box *to_box(lua_State *L) {
    return hg_object_check(L, 1, BRIDGE_MT, BRIDGE_TYPE);
}

static int refuse(lua_State *L, const char *message) {
    lua_pushnil(L);
    lua_pushstring(L, message);
    return 2;
}

/* bridge(engine, heartbeat) -> bridge | nil, message */
static int bridge_new(lua_State *L) {
    hg_engine *e = ((hg_engine_box *)hg_object_check(L, 1, ENGINE_MT, HG_ENGINE_TYPE))->engine;
    double beat = luaL_optnumber(L, 2, BEAT);
    char message[HG_FAILURE_TEXT];
    luaL_argcheck(L, beat >= SHORTEST, 2, "expected seconds, 0.001 or more");
    if (!hg_engine_usable(e))
        return refuse(L, "the engine is closed");
    int fd = hg_engine_fd(e);
    if (fd < 0)
        return refuse(L, "no single descriptor on this system: use engine:timeout()");
    bridge_box *box = hg_newuserdata(L, sizeof *box);
    box->bridge = NULL;
    box->engine = NULL;
    lua_pushvalue(L, BRIDGE_MT);
    lua_setmetatable(L, -2);
    box->bridge = hg_bridge_open(fd, beat, message, sizeof message);
    if (!box->bridge)
        return refuse(L, message);
    box->engine = hg_engine_ref(e);
    return 1;
}

/* bridge:path() -> where to connect to */
static int bridge_path(lua_State *L) {
    bridge_box *box = to_box(L);
    if (!box->bridge)
        return refuse(L, "the bridge is closed");
    lua_pushstring(L, hg_bridge_path(box->bridge));
    return 1;
}

/* bridge:arm() -> true | nil, message */
static int bridge_arm(lua_State *L) {
    bridge_box *box = to_box(L);
    const char *problem = box->bridge ? hg_bridge_arm(box->bridge) : "the bridge is closed";
    if (!problem && !hg_engine_usable(box->engine))
        problem = "the engine is closed";
    if (problem)
        return refuse(L, problem);
    lua_pushboolean(L, 1);
    return 1;
}

static void release(bridge_box *box) {
    hg_engine *e = box->engine;
    box->engine = NULL;
    if (box->bridge)
        hg_bridge_close(box->bridge);
    if (e)
        hg_engine_unref(e);
}

static int bridge_close(lua_State *L) {
    release(to_box(L));
    return 0;
}

static int bridge_gc(lua_State *L) {
    bridge_box *box = to_box(L);
    hg_bridge *b = box->bridge;
    release(box);
    box->bridge = NULL;
    if (b)
        hg_bridge_free(b);
    return 0;
}

static int bridge_tostring(lua_State *L) {
    static const char *const STATES[] = {"listening", "connected", "other end closed", "closed"};
    bridge_box *box = to_box(L);
    lua_pushfstring(L, "heygen.bridge (%s)",
                    STATES[box->bridge ? hg_bridge_ask(box->bridge) : HG_BRIDGE_CLOSED]);
    return 1;
}

static const luaL_Reg BRIDGE_METHODS[] = {
    {"path", bridge_path}, {"arm", bridge_arm}, {"close", bridge_close}, {NULL, NULL}};

static const luaL_Reg BRIDGE_META[] = {
    {"__gc", bridge_gc}, {"__close", bridge_close}, {"__tostring", bridge_tostring}, {NULL, NULL}};

static const luaL_Reg BRIDGE_LIBRARY[] = {{"bridge", bridge_new}, {NULL, NULL}};

void hg_bridge_open_library(lua_State *L) {
    int library = lua_gettop(L);
    luaL_getmetatable(L, HG_ENGINE_TYPE);
    luaL_newmetatable(L, BRIDGE_TYPE);
    int engine_mt = library + 1, bridge_mt = library + 2;
    hg_object_fill(L, bridge_mt, BRIDGE_META, BRIDGE_METHODS, engine_mt, bridge_mt);
    lua_pushvalue(L, library);
    hg_object_closures(L, BRIDGE_LIBRARY, engine_mt, bridge_mt);
    lua_settop(L, library);
}
