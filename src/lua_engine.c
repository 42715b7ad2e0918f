/* The engine as a Lua object, and the metatables of engine and operation. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lua_engine.h"
#include "lua_object.h"
#include "lua_operation.h"
#include "lua_output.h"
#include "lua_prepared.h"
#include "lua_request.h"

/* The engine of this Lua state. A string: light userdata fail as keys in LuaJIT on arm64. */
static const char SHARED_KEY[] = "heygen.engine.shared";

#define ENGINE_MT lua_upvalueindex(1)

static hg_engine *to_engine(lua_State *L) {
    return ((hg_engine_box *)hg_object_check(L, 1, ENGINE_MT, HG_ENGINE_TYPE))->engine;
}

/* ---- starting operations ---- */

/* An empty operation object; filled after the exchange was started, so that running out of memory
 * in between can lose neither. */
static hg_op_box *push_op(lua_State *L, int keep) {
    hg_op_box *box = keep ? hg_newuserdata_tied(L, sizeof *box) : hg_newuserdata(L, sizeof *box);
    memset(box, 0, sizeof *box);
    if (keep) {
        lua_pushvalue(L, keep);
        hg_tie(L, -2);
        box->tied = true;
    }
    lua_pushvalue(L, HG_OP_MT);
    lua_setmetatable(L, -2);
    return box;
}

static int start(lua_State *L, hg_op_box *box, hg_engine *e, hg_op *op, const hg_failure *failure) {
    if (!op)
        return hg_object_refuse(L, failure);
    box->op = op;
    box->engine = hg_engine_ref(e);
    return 1;
}

/* Asked when all userdata are made: making one may run a finalizer that closes the engine. */
static bool is_closed(hg_engine *e) {
    return !hg_engine_usable(e);
}

static int refuse_closed(lua_State *L) {
    return hg_object_refuse_as(L, HG_FAIL_CLOSED, "the engine is closed");
}

/* engine:create(request) -> operation | nil, message, failure */
static int engine_create(lua_State *L) {
    hg_engine *e = to_engine(L);
    hg_request r;
    hg_failure failure;
    if (is_closed(e))
        return refuse_closed(L);
    hg_op_box *box = push_op(L, hg_request_read(L, 2, &r));
    if (is_closed(e))
        return refuse_closed(L);
    return start(L, box, e, hg_engine_create(e, &r, &failure), &failure);
}

/* engine:get(prepared, target [, timeout [, deadline [, compressed [, max_bytes]]]]) -> as create
 */
static int engine_get(lua_State *L) {
    hg_engine *e = to_engine(L);
    hg_request r;
    hg_failure failure;
    if (is_closed(e))
        return refuse_closed(L);
    hg_prepared_read(L, &r);
    hg_op_box *box = push_op(L, 0);
    if (is_closed(e))
        return refuse_closed(L);
    return start(L, box, e, hg_engine_create(e, &r, &failure), &failure);
}

/* engine:after(seconds [, owner]) -> operation */
static int engine_after(lua_State *L) {
    hg_engine *e = to_engine(L);
    double seconds = luaL_checknumber(L, 2);
    long owner = (long)luaL_optinteger(L, 3, 0);
    hg_failure failure;
    hg_op_box *box = push_op(L, 0);
    if (is_closed(e))
        return refuse_closed(L);
    return start(L, box, e, hg_engine_after(e, seconds, owner, &failure), &failure);
}

/* engine:notification(operation) -> one that is done as soon as there is something new of that one
 */
static int engine_notification(lua_State *L) {
    hg_engine *e = to_engine(L);
    hg_op_box *of = hg_object_check(L, 2, HG_OP_MT, HG_OP_TYPE);
    hg_failure failure;
    luaL_argcheck(L, of->op && of->engine == e, 2, "it is not an operation of this engine");
    hg_op_box *box = push_op(L, 0);
    if (is_closed(e))
        return refuse_closed(L);
    return start(L, box, e, hg_engine_notification(e, of->op, &failure), &failure);
}

/* engine:sync(output | path [, owner]) -> operation. A path that could block when opened, such as a
 * FIFO's, does not. */
static int engine_sync(lua_State *L) {
    hg_engine *e = to_engine(L);
    hg_output **output = lua_type(L, 2) == LUA_TUSERDATA ? hg_output_to_box(L, 2) : NULL;
    luaL_argcheck(L, !output || *output, 2, "the file is closed");
    const char *name = output ? (*output)->path : luaL_checkstring(L, 2);
    long owner = (long)luaL_optinteger(L, 3, 0);
    hg_failure failure;
    hg_op_box *box = push_op(L, 0);
    if (is_closed(e))
        return refuse_closed(L);
    int fd = output ? fcntl((*output)->fd, F_DUPFD_CLOEXEC, 0)
                    : open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        return start(L, box, e, hg_engine_sync(e, fd, name, owner, &failure), &failure);
    hg_failure_set(&failure, HG_FAIL_FILE, "cannot open %.200s: %s", name, strerror(errno));
    return hg_object_refuse(L, &failure);
}

/* ---- the engine ---- */

/* engine:poll([budget]) -> finished now, live */
static int engine_poll(lua_State *L) {
    hg_engine *e = to_engine(L);
    int done = hg_engine_poll(e, luaL_optnumber(L, 2, -1));
    lua_pushinteger(L, done);
    lua_pushinteger(L, hg_engine_live(e));
    return 2;
}

/* engine:wait([seconds]) -> true | nil, "timeout" */
static int engine_wait(lua_State *L) {
    hg_engine *e = to_engine(L);
    if (hg_engine_wait(e, luaL_optnumber(L, 2, -1))) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushliteral(L, "timeout");
    return 2;
}

static int engine_live(lua_State *L) {
    lua_pushinteger(L, hg_engine_live(to_engine(L)));
    return 1;
}

static int engine_pollfd(lua_State *L) {
    int fd = hg_engine_fd(to_engine(L));
    if (fd < 0) {
        lua_pushnil(L);
        lua_pushliteral(L, "no single descriptor on this system: use engine:timeout()");
        return 2;
    }
    lua_pushinteger(L, fd);
    return 1;
}

static int engine_events(lua_State *L) {
    lua_pushliteral(L, "r");
    return 1;
}

static int engine_timeout(lua_State *L) {
    double seconds = hg_engine_timeout(to_engine(L));
    if (seconds < 0)
        lua_pushnil(L);
    else
        lua_pushnumber(L, seconds);
    return 1;
}

/* engine:finished() -> id of an operation that is done, whose notify was called | nil */
static int engine_finished(lua_State *L) {
    uint64_t id = hg_engine_finished(to_engine(L));
    if (id)
        hg_object_push_bytes(L, (int64_t)id);
    else
        lua_pushnil(L);
    return 1;
}

static int engine_limit(lua_State *L) {
    hg_engine *e = to_engine(L);
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n >= 1 && n <= 100000, 2, "expected 1 to 100000 connections");
    if (hg_engine_usable(e))
        hg_engine_limit(e, (long)n);
    return 0;
}

/* engine:close_owner(owner, why): ends all operations made with that number, with the kind "closed"
 */
static int engine_close_owner(lua_State *L) {
    hg_engine *e = to_engine(L);
    long owner = (long)luaL_checkinteger(L, 2);
    luaL_argcheck(L, owner != 0, 2, "0 is no owner");
    hg_engine_close_owner(e, owner, luaL_checkstring(L, 3));
    return 0;
}

static int engine_usable(lua_State *L) {
    lua_pushboolean(L, hg_engine_usable(to_engine(L)));
    return 1;
}

static int engine_close(lua_State *L) {
    hg_engine_close(to_engine(L));
    return 0;
}

static int engine_gc(lua_State *L) {
    hg_engine_box *box = hg_object_check(L, 1, ENGINE_MT, HG_ENGINE_TYPE);
    hg_engine *e = box->engine;
    box->engine = NULL;
    if (e)
        hg_engine_unref(e);
    return 0;
}

static int engine_tostring(lua_State *L) {
    hg_engine *e = to_engine(L);
    lua_pushfstring(L, "heygen.engine (%d live)", hg_engine_live(e));
    return 1;
}

/* new_engine() -> a separate engine | nil, message */
static int new_engine(lua_State *L) {
    hg_failure failure;
    hg_engine_box *box = hg_newuserdata(L, sizeof *box);
    box->engine = hg_engine_new(&failure);
    if (!box->engine) {
        lua_pushnil(L);
        lua_pushstring(L, failure.text);
        return 2;
    }
    lua_pushvalue(L, ENGINE_MT);
    lua_setmetatable(L, -2);
    return 1;
}

/* engine() -> the engine of this Lua state and process | nil, message. Made at the first call, and
 * again in a forked child. */
static int shared_engine(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, SHARED_KEY);
    if (!lua_isnil(L, -1) && hg_engine_usable(((hg_engine_box *)lua_touserdata(L, -1))->engine))
        return 1;
    lua_settop(L, 0);
    if (new_engine(L) == 2)
        return 2;
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, SHARED_KEY);
    return 1;
}

/* ---- tables ---- */

static const luaL_Reg ENGINE_METHODS[] = {
    {"create", engine_create},     {"get", engine_get},
    {"after", engine_after},       {"notification", engine_notification},
    {"sync", engine_sync},         {"poll", engine_poll},
    {"wait", engine_wait},         {"live", engine_live},
    {"pollfd", engine_pollfd},     {"getfd", engine_pollfd},
    {"events", engine_events},     {"timeout", engine_timeout},
    {"finished", engine_finished}, {"limit", engine_limit},
    {"usable", engine_usable},     {"close_owner", engine_close_owner},
    {"close", engine_close},       {NULL, NULL}};

static const luaL_Reg ENGINE_META[] = {
    {"__gc", engine_gc}, {"__close", engine_close}, {"__tostring", engine_tostring}, {NULL, NULL}};

static const luaL_Reg LIBRARY[] = {
    {"engine", shared_engine}, {"new_engine", new_engine}, {NULL, NULL}};

void hg_engine_open_library(lua_State *L) {
    int library = lua_gettop(L);
    luaL_newmetatable(L, HG_ENGINE_TYPE);
    luaL_newmetatable(L, HG_OP_TYPE);
    int engine_mt = library + 1, operation_mt = library + 2;
    hg_object_fill(L, engine_mt, ENGINE_META, ENGINE_METHODS, engine_mt, operation_mt);
    hg_object_fill(L, operation_mt, hg_op_meta, hg_op_methods, engine_mt, operation_mt);
    lua_pushvalue(L, library);
    hg_object_closures(L, LIBRARY, engine_mt, operation_mt);
    lua_settop(L, library);
}
