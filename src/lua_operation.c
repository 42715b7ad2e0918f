/* The job as a Lua object. */
#include <string.h>

#include "lua_object.h"

static hg_job_box *to_box(lua_State *L) {
    return hg_object_check(L, 1, HG_JOB_MT, HG_JOB_TYPE);
}

static hg_job *to_job(lua_State *L) {
    hg_job *j = to_box(L)->job;
    if (!j)
        luaL_error(L, "the job was never started");
    return j;
}

/* ---- failures ---- */

static const char *failure_kind(hg_failure f) {
    static const char *const NAMES[] = {"ok",        "network", "timeout", "cancelled", "parse",
                                        "too_large", "file",    "closed",  "invalid"};
    return NAMES[f];
}

/* A word for libcurl's number, for programs that tell failures apart. */
static const char *network_code(const hg_job *j) {
    switch (j->curl_code) {
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
    case CURLE_ABORTED_BY_CALLBACK: /* by us: see hg_job_on_start */
        return j->failure == HG_FAIL_NETWORK ? "closed" : NULL;
    case CURLE_PARTIAL_FILE: /* over HTTP/2 also said of a connection that broke before an answer */
        return j->answered ? "truncated" : "closed";
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
    default:
        return NULL;
    }
}

static const char *sent_name(hg_sent sent) {
    static const char *const NAMES[] = {"no", "maybe", "yes"};
    return NAMES[sent];
}

static void set_text(lua_State *L, const char *key, const char *value) {
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

/* nil, message, {kind, sent, code, curl_code, status, body} */
static int push_failure(lua_State *L, const hg_job *j) {
    lua_pushnil(L);
    lua_pushstring(L, j->message ? j->message : "out of memory");
    lua_createtable(L, 0, 6);
    set_text(L, "kind", failure_kind(j->failure));
    set_text(L, "sent", sent_name(hg_job_sent(j)));
    if (j->no_space)
        set_text(L, "code", "disk_full");
    else if (network_code(j))
        set_text(L, "code", network_code(j));
    if (j->curl_code) {
        lua_pushinteger(L, j->curl_code);
        lua_setfield(L, -2, "curl_code");
    }
    if (j->status) {
        lua_pushinteger(L, j->status);
        lua_setfield(L, -2, "status");
    }
    if (j->content.len) { /* what came before the cut may name a job that was paid for */
        lua_pushlstring(L, j->content.data, j->content.len);
        lua_setfield(L, -2, "body");
    }
    return 3;
}

/* nil, message, {kind, sent = "no"}: the job could not even be made. */
int hg_object_refuse(lua_State *L, const char *kind, const char *message) {
    lua_pushnil(L);
    lua_pushstring(L, message);
    lua_createtable(L, 0, 2);
    set_text(L, "kind", kind);
    set_text(L, "sent", "no");
    return 3;
}

/* ---- methods ---- */

static int job_gc(lua_State *L) {
    hg_job_box *box = to_box(L);
    hg_job *j = box->job;
    hg_engine *e = box->engine;
    /* The exchange goes on without its object; memory being out, it cannot. Nor can one whose body
     * nobody will ever take or let in: it would wait, and keep its host busy, until its time is up.
     */
    bool lost = j && !j->done &&
                (j->stream || (j->output && !j->accepted) || (box->tied && !hg_job_keep(j)));
    if (lost)
        hg_engine_cancel(e, j);
    box->job = NULL;
    box->engine = NULL;
    if (e)
        hg_engine_unref(e); /* before the job: closing the engine looks at its jobs */
    if (j)
        hg_job_unref(j);
    return 0;
}

static int job_done(lua_State *L) {
    hg_job *j = to_job(L);
    if (!j->done)
        hg_engine_usable(to_box(L)->engine); /* in a forked child this ends the parent's jobs */
    lua_pushboolean(L, j->done);
    return 1;
}

/* Lets the collector have what a job that is done has borrowed. */
static void untie(lua_State *L, hg_job_box *box) {
    if (!box->tied)
        return;
    box->tied = false;
    lua_newtable(L);
    hg_tie(L, 1);
}

/* job:result() -> status, body | true (a timer) | nil, message, failure */
static int job_result(lua_State *L) {
    hg_job *j = to_job(L);
    if (!j->done)
        return hg_object_refuse(L, "pending", "the job is not done");
    untie(L, to_box(L));
    if (j->failure)
        return push_failure(L, j);
    if (j->timer) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushinteger(L, j->status);
    lua_pushlstring(L, j->content.data ? j->content.data : "", j->content.len);
    return 2;
}

static int job_cancel(lua_State *L) {
    hg_job *j = to_job(L);
    bool running = !j->done;
    hg_engine_cancel(to_box(L)->engine, j);
    lua_pushboolean(L, running);
    return 1;
}

/* job:accept([at]) -> true | nil, message: lets the body into the file from there on */
static int job_accept(lua_State *L) {
    hg_job *j = to_job(L);
    lua_Number at = luaL_optnumber(L, 2, 0);
    char message[HG_MESSAGE];
    luaL_argcheck(L, at >= 0 && at < 9e15, 2, "expected a number of bytes");
    if (j->done || !j->output) {
        lua_pushnil(L);
        lua_pushstring(L, j->done ? "the job is done" : "the job has no output");
        return 2;
    }
    bool ok = hg_job_accept(j, (uint64_t)at, message);
    hg_engine_go_on(to_box(L)->engine);
    if (ok) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, message);
    return 2;
}

/* job:read() -> the bytes of a stream that have come since | nil */
static int job_read(lua_State *L) {
    hg_job *j = to_job(L);
    size_t len;
    const char *bytes = hg_job_take(j, &len);
    if (len == 0)
        return 0;
    lua_pushlstring(L, bytes, len);
    hg_job_taken(j);
    if (!j->done)
        hg_engine_go_on(to_box(L)->engine);
    return 1;
}

static int job_drop(lua_State *L) {
    hg_job *j = to_job(L);
    if (j->done)
        hg_job_drop_content(j);
    return 0;
}

static int job_watch(lua_State *L) {
    hg_job *j = to_job(L);
    j->watched = true;
    lua_pushnumber(L, (lua_Number)j->id);
    return 1;
}

static void push_bytes(lua_State *L, curl_off_t n) {
#if HG_HAS_INTEGERS
    lua_pushinteger(L, (lua_Integer)n);
#else
    lua_pushnumber(L, (lua_Number)n); /* an integer may have 32 bits only */
#endif
}

static void push_total(lua_State *L, curl_off_t n) {
    if (n > 0)
        push_bytes(L, n);
    else
        lua_pushnil(L);
}

/* job:progress() -> received, received_total | nil, sent, sent_total | nil (bytes) */
static int job_progress(lua_State *L) {
    hg_job *j = to_job(L);
    hg_job_refresh(j);
    push_bytes(L, (curl_off_t)j->received);
    push_total(L, j->received_total);
    push_bytes(L, j->sent_bytes);
    push_total(L, j->sent_total);
    return 4;
}

/* job:timings() -> seconds since the start of each phase, and how many connections were opened */
static int job_timings(lua_State *L) {
    static const char *const NAMES[HG_TIMINGS] = {"namelookup",  "connect",       "appconnect",
                                                  "pretransfer", "starttransfer", "total"};
    hg_job *j = to_job(L);
    hg_job_refresh(j);
    lua_createtable(L, 0, HG_TIMINGS + 1);
    for (int i = 0; i < HG_TIMINGS; i++) {
        lua_pushnumber(L, (lua_Number)j->times[i] / 1e6);
        lua_setfield(L, -2, NAMES[i]);
    }
    lua_pushinteger(L, j->connects);
    lua_setfield(L, -2, "connections");
    return 1;
}

static int job_status(lua_State *L) {
    hg_job *j = to_job(L);
    if (j->status)
        lua_pushinteger(L, j->status);
    else
        lua_pushnil(L);
    return 1;
}

static int job_sent(lua_State *L) {
    lua_pushstring(L, sent_name(hg_job_sent(to_job(L))));
    return 1;
}

static int job_http_version(lua_State *L) {
    switch (to_job(L)->http_version) {
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

/* job:header(name) -> value | nil (any letter case; the last one wins) */
static int job_header(lua_State *L) {
    hg_job *j = to_job(L);
    size_t len;
    const char *value = hg_job_header(j, luaL_checkstring(L, 2), &len);
    if (value)
        lua_pushlstring(L, value, len);
    else
        lua_pushnil(L);
    return 1;
}

/* job:head() -> the status line and headers of the answer as they came */
static int job_head(lua_State *L) {
    hg_job *j = to_job(L);
    lua_pushlstring(L, j->head.data ? j->head.data : "", j->head.len);
    return 1;
}

static int job_tostring(lua_State *L) {
    hg_job *j = to_box(L)->job;
    const char *state = !j ? "not started" : !j->done ? "running" : failure_kind(j->failure);
    lua_pushfstring(L, "heygen.job (%s)", state);
    return 1;
}

const luaL_Reg hg_job_methods[] = {{"done", job_done},
                                   {"result", job_result},
                                   {"cancel", job_cancel},
                                   {"progress", job_progress},
                                   {"timings", job_timings},
                                   {"status", job_status},
                                   {"sent", job_sent},
                                   {"header", job_header},
                                   {"head", job_head},
                                   {"drop", job_drop},
                                   {"accept", job_accept},
                                   {"read", job_read},
                                   {"watch", job_watch},
                                   {"http_version", job_http_version},
                                   {NULL, NULL}};

const luaL_Reg hg_job_meta[] = {{"__gc", job_gc}, {"__tostring", job_tostring}, {NULL, NULL}};
