/* The operation as a Lua object. */
#include "lua_operation.h"

#include "lua_object.h"

static hg_op_box *to_box(lua_State *L) {
    return hg_object_check(L, 1, HG_OP_MT, HG_OP_TYPE);
}

static hg_op *to_op(lua_State *L) {
    hg_op *op = to_box(L)->op;
    if (!op)
        luaL_error(L, "the operation was never started");
    return op;
}

/* What an operation of another kind has of all that an exchange has: nothing. Never written to. */
static hg_exchange nothing;

static hg_exchange *to_exchange(lua_State *L) {
    hg_exchange *x = hg_exchange_of(to_op(L));
    return x ? x : &nothing;
}

/* ---- failures ---- */

/* A word for libcurl's number, for programs that tell failures apart. */
static const char *network_code(const hg_exchange *x) {
    if (x->cause)
        return x->cause;
    switch (x->op.curl_code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return "dns";
    case CURLE_COULDNT_CONNECT:
        return "connect";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return "certificate";
    case CURLE_SSL_CONNECT_ERROR:
        return "tls";
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return "closed";
    case CURLE_ABORTED_BY_CALLBACK: /* by us: see hg_exchange_on_start */
        return x->op.failure == HG_FAIL_NETWORK ? "closed" : NULL;
    case CURLE_PARTIAL_FILE: /* over HTTP/2 also said of a connection that broke before an answer */
        return x->answered ? "truncated" : "closed";
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return "http2";
    case CURLE_BAD_CONTENT_ENCODING:
        return "encoding";
    case CURLE_URL_MALFORMAT:
        return "url";
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "protocol";
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_OUT_OF_MEMORY:
        return x->op.failure == HG_FAIL_NETWORK ? "memory" : NULL;
    default:
        return NULL;
    }
}

static const char *sent_name(hg_sent sent) {
    static const char *const NAMES[] = {"no", "maybe", "yes"};
    return NAMES[sent];
}

/* nil, message, {kind, sent, code, curl_code, status, body} */
static int push_failure(lua_State *L, hg_op *op) {
    const hg_exchange *x = hg_exchange_of(op);
    const char *code = op->no_space ? "disk_full" : x ? network_code(x) : NULL;
    lua_pushnil(L);
    lua_pushstring(L, op->message ? op->message : "out of memory");
    lua_createtable(L, 0, 6);
    hg_object_set_text(L, "kind", hg_failure_name(op->failure));
    hg_object_set_text(L, "sent", sent_name(x ? hg_exchange_sent(x) : HG_SENT_NO));
    if (code)
        hg_object_set_text(L, "code", code);
    if (op->curl_code) {
        lua_pushinteger(L, op->curl_code);
        lua_setfield(L, -2, "curl_code");
    }
    if (x && x->status) {
        lua_pushinteger(L, x->status);
        lua_setfield(L, -2, "status");
    }
    if (x && x->content.len) { /* what came before the cut may name a job that was paid for */
        lua_pushlstring(L, x->content.data, x->content.len);
        lua_setfield(L, -2, "body");
    }
    return 3;
}

/* ---- methods ---- */

static int operation_gc(lua_State *L) {
    hg_op_box *box = to_box(L);
    hg_op *op = box->op;
    hg_engine *e = box->engine;
    /* The exchange continues without its object; memory being out, it cannot. Nor can one whose
     * body no caller will ever take or let in: it would wait, and keep its host busy, until its
     * time is up.
     */
    hg_exchange *x = op ? hg_exchange_of(op) : NULL;
    bool lost = x && !op->done &&
                (x->stream || (x->output && !x->accepted) || (box->tied && !hg_exchange_keep(x)));
    if (lost)
        hg_engine_cancel(e, op);
    box->op = NULL;
    box->engine = NULL;
    if (e)
        hg_engine_unref(e); /* before the operation: closing the engine visits its operations */
    if (op)
        hg_op_unref(op);
    return 0;
}

static int operation_done(lua_State *L) {
    hg_op *op = to_op(L);
    if (!op->done)
        hg_engine_usable(
            to_box(L)->engine); /* in a forked child this ends the parent's operations */
    lua_pushboolean(L, op->done);
    return 1;
}

/* Lets the collector have what an operation that is done has borrowed. */
static void untie(lua_State *L, hg_op_box *box) {
    if (!box->tied)
        return;
    box->tied = false;
    lua_newtable(L);
    hg_tie(L, 1);
}

/* operation:result() -> status, body | true (no exchange) | nil, message, failure */
static int operation_result(lua_State *L) {
    hg_op *op = to_op(L);
    if (!op->done)
        return hg_object_refuse_as(L, HG_FAIL_PENDING, "the operation is not done");
    untie(L, to_box(L));
    if (op->failure)
        return push_failure(L, op);
    const hg_exchange *x = hg_exchange_of(op);
    if (!x) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushinteger(L, x->status);
    lua_pushlstring(L, x->content.data ? x->content.data : "", x->content.len);
    return 2;
}

static int operation_cancel(lua_State *L) {
    hg_op *op = to_op(L);
    bool running = !op->done;
    hg_engine_cancel(to_box(L)->engine, op);
    lua_pushboolean(L, running);
    return 1;
}

/* operation:accept([at]) -> true | nil, message: lets the body into the file from there on */
static int operation_accept(lua_State *L) {
    hg_exchange *x = to_exchange(L);
    bool done = to_op(L)->done;
    lua_Number at = luaL_optnumber(L, 2, 0);
    hg_failure failure;
    luaL_argcheck(L, at >= 0 && at < 9e15, 2, "expected a number of bytes");
    if (done || !x->output) {
        lua_pushnil(L);
        lua_pushstring(L, done ? "the operation is done" : "the operation has no output");
        return 2;
    }
    bool ok = hg_exchange_accept(x, (uint64_t)at, &failure);
    hg_engine_go_on(to_box(L)->engine);
    if (ok) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, failure.text);
    return 2;
}

/* operation:read() -> the bytes of a stream that have come since | nil */
static int operation_read(lua_State *L) {
    hg_exchange *x = to_exchange(L);
    size_t len;
    const char *bytes = hg_exchange_take(x, &len);
    if (len == 0)
        return 0;
    lua_pushlstring(L, bytes, len);
    hg_exchange_taken(x);
    if (!x->op.done)
        hg_engine_go_on(to_box(L)->engine);
    return 1;
}

static int operation_drop(lua_State *L) {
    if (to_op(L)->done && to_exchange(L) != &nothing)
        hg_exchange_drop_content(to_exchange(L));
    return 0;
}

static int operation_notify(lua_State *L) {
    hg_op *op = to_op(L);
    op->notify = true;
    hg_object_push_bytes(L, (int64_t)op->id);
    return 1;
}

static void push_total(lua_State *L, curl_off_t n) {
    if (n > 0)
        hg_object_push_bytes(L, n);
    else
        lua_pushnil(L);
}

/* operation:progress() -> received, received_total | nil, sent, sent_total | nil (bytes) */
static int operation_progress(lua_State *L) {
    hg_exchange *x = to_exchange(L);
    hg_exchange_refresh(x);
    hg_object_push_bytes(L, (curl_off_t)x->received);
    push_total(L, x->received_total);
    hg_object_push_bytes(L, x->sent_bytes);
    push_total(L, x->sent_total);
    return 4;
}

/* operation:timings() -> seconds since the start of each phase, and how many connections were
 * opened */
static int operation_timings(lua_State *L) {
    static const char *const NAMES[HG_TIMINGS] = {"namelookup",  "connect",       "appconnect",
                                                  "pretransfer", "starttransfer", "total"};
    hg_exchange *x = to_exchange(L);
    hg_exchange_refresh(x);
    lua_createtable(L, 0, HG_TIMINGS + 1);
    for (int i = 0; i < HG_TIMINGS; i++) {
        lua_pushnumber(L, (lua_Number)x->times[i] / 1e6);
        lua_setfield(L, -2, NAMES[i]);
    }
    lua_pushinteger(L, x->connects);
    lua_setfield(L, -2, "connections");
    return 1;
}

static int operation_status(lua_State *L) {
    hg_exchange *x = to_exchange(L);
    if (x->status)
        lua_pushinteger(L, x->status);
    else
        lua_pushnil(L);
    return 1;
}

static int operation_sent(lua_State *L) {
    lua_pushstring(L, sent_name(hg_exchange_sent(to_exchange(L))));
    return 1;
}

static int job_http_version(lua_State *L) {
    switch (to_exchange(L)->http_version) {
    case CURL_HTTP_VERSION_1_0:
        lua_pushliteral(L, "1.0");
        break;
    case CURL_HTTP_VERSION_1_1:
        lua_pushliteral(L, "1.1");
        break;
    case CURL_HTTP_VERSION_2_0:
        lua_pushliteral(L, "2");
        break;
    case CURL_HTTP_VERSION_3:
        lua_pushliteral(L, "3");
        break;
    default:
        lua_pushnil(L);
    }
    return 1;
}

/* operation:header(name) -> value | nil (any letter case; the last one wins) */
static int operation_header(lua_State *L) {
    hg_exchange *x = to_exchange(L);
    size_t len;
    const char *value = hg_exchange_header(x, luaL_checkstring(L, 2), &len);
    if (value)
        lua_pushlstring(L, value, len);
    else
        lua_pushnil(L);
    return 1;
}

/* operation:head() -> the status line and headers of the answer as they came */
static int operation_head(lua_State *L) {
    hg_exchange *x = to_exchange(L);
    lua_pushlstring(L, x->head.data ? x->head.data : "", x->head.len);
    return 1;
}

static int operation_tostring(lua_State *L) {
    hg_op *op = to_box(L)->op;
    const char *state = !op ? "not started" : !op->done ? "running" : hg_failure_name(op->failure);
    lua_pushfstring(L, "heygen.operation (%s)", state);
    return 1;
}

const luaL_Reg hg_op_methods[] = {{"done", operation_done},
                                  {"result", operation_result},
                                  {"cancel", operation_cancel},
                                  {"progress", operation_progress},
                                  {"timings", operation_timings},
                                  {"status", operation_status},
                                  {"sent", operation_sent},
                                  {"header", operation_header},
                                  {"head", operation_head},
                                  {"drop", operation_drop},
                                  {"accept", operation_accept},
                                  {"read", operation_read},
                                  {"notify", operation_notify},
                                  {"http_version", job_http_version},
                                  {NULL, NULL}};

const luaL_Reg hg_op_meta[] = {
    {"__gc", operation_gc}, {"__tostring", operation_tostring}, {NULL, NULL}};
