/* A Lua table that describes a request, turned into an hg_request. */
#include "lua_request.h"

#include <string.h>
#include <strings.h>

#include "compat.h"
#include "lua_file.h"
#include "lua_headers.h"
#include "lua_json.h"
#include "lua_output.h"
#include "pollset.h"
#include "text.h"

#define CALL "engine:create: "

/* ---- fields ---- */

static bool push_field(lua_State *L, int t, const char *name) {
    lua_pushstring(L, name);
    lua_rawget(L, t); /* raw: the string must be held by the table itself */
    if (!lua_isnil(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

/* A string that goes into the head of a request or into a file name. */
static const char *text_field(lua_State *L, int t, const char *name) {
    size_t len;
    if (!push_field(L, t, name))
        return NULL;
    if (lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, CALL "%s: expected a string, got %s", name, luaL_typename(L, -1));
    const char *s = lua_tolstring(L, -1, &len);
    if (!hg_headers_are_clean(s, len))
        luaL_error(L, CALL "%s: CR, LF and NUL are not allowed", name);
    lua_pop(L, 1);
    return s;
}

static double number_field(lua_State *L, int t, const char *name, double max) {
    if (!push_field(L, t, name))
        return 0;
    if (lua_type(L, -1) != LUA_TNUMBER)
        luaL_error(L, CALL "%s: expected a number, got %s", name, luaL_typename(L, -1));
    double n = lua_tonumber(L, -1);
    if (!(n >= 0))
        luaL_error(L, CALL "%s: expected a number >= 0, got %f", name, n);
    lua_pop(L, 1);
    return n < max ? n : max;
}

static bool flag_field(lua_State *L, int t, const char *name) {
    if (!push_field(L, t, name))
        return false;
    bool on = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return on;
}

static bool has_table(lua_State *L, int t, const char *name) {
    if (!push_field(L, t, name))
        return false;
    bool is = lua_istable(L, -1);
    lua_pop(L, 1);
    return is;
}

/* A duration in seconds as milliseconds: what is above zero stays above zero. */
static long milliseconds(lua_State *L, int t, const char *name) {
    double s = number_field(L, t, name, 2e6);
    return s > 0 && s < 0.001 ? 1 : (long)(s * 1000);
}

int64_t hg_request_nanoseconds(double s) {
    if (!(s > 0))
        return 0;
    return s < 1e-9 ? 1 : (int64_t)((s < 3e9 ? s : 3e9) * (double)HG_SECOND);
}

/* Whether it goes over HTTP/1.1 only. */
static bool version_field(lua_State *L, int t) {
    const char *version = text_field(L, t, "http_version");
    if (version && strcmp(version, "1.1") != 0)
        luaL_error(L, CALL "http_version: expected \"1.1\", got \"%s\"", version);
    return version != NULL;
}

/* ---- query ---- */

static void add_text(lua_State *L, hg_buf *b, const char *s, size_t len) {
    if (!hg_percent_encode(b, s, len)) {
        hg_buf_free(b);
        luaL_error(L, "out of memory");
    }
}

/* Leaves `address` with "?name=value&…" of the query table on the stack and returns it. Lua builds
 * the text, so that nothing is lost when it throws. */
static const char *with_query(lua_State *L, int t, const char *address) {
    if (!push_field(L, t, "query"))
        return address;
    luaL_checkstack(L, 8, NULL);
    luaL_checktype(L, -1, LUA_TTABLE);
    int query = lua_gettop(L);
    lua_pushstring(L, address);
    char glue = strchr(address, '?') ? '&' : '?';
    for (lua_pushnil(L); lua_next(L, query); lua_pop(L, 1)) {
        hg_buf b = {0};
        size_t name_len, value_len;
        int type = lua_type(L, -1);
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, CALL "query: expected names as keys, got a %s", luaL_typename(L, -2));
        const char *name = lua_tolstring(L, -2, &name_len);
        if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TBOOLEAN)
            luaL_error(L, CALL "query.%s: expected a string, number or boolean, got %s", name,
                       luaL_typename(L, -1));
        if (type == LUA_TBOOLEAN)
            lua_pushstring(L, lua_toboolean(L, -1) ? "true" : "false");
        else
            lua_pushvalue(L, -1); /* lua_tolstring would change the number in the caller's table */
        const char *value = lua_tolstring(L, -1, &value_len);
        char lead[2] = {glue, '\0'};
        lua_pushvalue(L, query + 1);
        lua_pushstring(L, lead);
        add_text(L, &b, name, name_len);
        lua_pushlstring(L, b.data, b.len);
        b.len = 0;
        add_text(L, &b, value, value_len);
        lua_pushliteral(L, "=");
        lua_pushlstring(L, b.data ? b.data : "", b.len);
        hg_buf_free(&b);
        lua_concat(L, 5);
        lua_replace(L, query + 1);
        lua_pop(L, 1);
        glue = '&';
    }
    return lua_tostring(L, query + 1);
}

/* ---- bodies ---- */

/* A file: its path, or an object of core.file or core.spool. */
static void file_field(lua_State *L, int t, const char *name, hg_segment *s) {
    if (!push_field(L, t, name))
        return;
    s->upload = hg_file_to_upload(L, -1);
    lua_pop(L, 1);
    if (!s->upload)
        s->path = text_field(L, t, name);
}

/* Bytes that are not copied: the string goes into the table at `keep`, which lives as long as the
 * operation. */
static void data_field(lua_State *L, int keep, hg_segment *s) {
    s->data = lua_tolstring(L, -1, &s->len);
    lua_rawseti(L, keep, (int)lua_rawlen(L, keep) + 1);
}

/* {base64 = string}, {base64_file = file} or {file = file} on top of the stack. */
static void read_segment(lua_State *L, int keep, int n, hg_segment *s) {
    int segment = lua_gettop(L);
    if (lua_istable(L, segment)) {
        file_field(L, segment, "file", s);
        if (!s->upload && !s->path) {
            file_field(L, segment, "base64_file", s);
            s->base64 = true;
        }
        if (!s->upload && !s->path && push_field(L, segment, "base64")) {
            if (lua_type(L, -1) != LUA_TSTRING)
                luaL_error(L, CALL "body[%d].base64: expected a string, got %s", n,
                           luaL_typename(L, -1));
            data_field(L, keep, s);
        }
    }
    if (!s->upload && !s->path && !s->data)
        luaL_error(
            L, CALL "body[%d]: expected a string, or a table with base64, base64_file or file", n);
}

/* The list on top of the stack; what it leaves there must stay. */
static void read_segments(lua_State *L, int keep, hg_request *r) {
    int list = lua_gettop(L);
    size_t n = lua_rawlen(L, list);
    if (n == 0)
        luaL_error(L, CALL "body: expected a string, or an array of segments");
    hg_segment *segments = hg_newuserdata(L, n * sizeof *segments);
    memset(segments, 0, n * sizeof *segments);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            data_field(L, keep, &segments[i]);
        } else {
            read_segment(L, keep, (int)i + 1, &segments[i]);
            lua_pop(L, 1);
        }
    }
    r->segments = segments;
    r->segments_len = n;
}

/* One file as the whole body. */
static bool read_file(lua_State *L, int t, hg_request *r) {
    hg_segment file = {0};
    file_field(L, t, "file", &file);
    if (!file.path && !file.upload)
        return false;
    hg_segment *segment = hg_newuserdata(L, sizeof *segment); /* stays on the stack */
    *segment = file;
    r->segments = segment;
    r->segments_len = 1;
    return true;
}

/* One body at most: `body`, `json`, `file` or `multipart`. Returns the type that it has unless the
 * request says otherwise; libcurl would call every body a form. */
static const char *read_body(lua_State *L, int t, int keep, hg_request *r) {
    const char *type = NULL;
    int bodies = r->parts != NULL;
    if (push_field(L, t, "body")) {
        if (lua_istable(L, -1)) {
            read_segments(L, keep, r); /* stays on the stack */
        } else {
            if (lua_type(L, -1) != LUA_TSTRING)
                luaL_error(L, CALL "body: expected a string or an array, got %s",
                           luaL_typename(L, -1));
            r->body = lua_tolstring(L, -1, &r->body_len);
            lua_pop(L, 1);
        }
        type = "application/octet-stream";
        bodies++;
    }
    if (push_field(L, t, "json")) {
        lua_pushcfunction(L, hg_json_encode);
        lua_insert(L, -2);
        lua_call(L, 1, 2);
        if (lua_isnil(L, -2))
            luaL_error(L, CALL "json: %s", lua_tostring(L, -1));
        lua_pop(L, 1);
        r->body = lua_tolstring(L, -1, &r->body_len); /* stays on the stack */
        type = "application/json";
        bodies++;
    }
    if (read_file(L, t, r)) {
        type = "application/octet-stream";
        bodies++;
    }
    if (bodies > 1)
        luaL_error(L, CALL "expected one of body, json, file and multipart, got %d", bodies);
    return type;
}

static void read_parts(lua_State *L, int t, int keep, hg_request *r) {
    if (!push_field(L, t, "multipart"))
        return;
    luaL_checktype(L, -1, LUA_TTABLE);
    int list = lua_gettop(L);
    size_t n = lua_rawlen(L, list);
    if (n == 0)
        luaL_error(L, CALL "multipart: expected an array of parts");
    hg_part *parts = hg_newuserdata(L, n * sizeof *parts); /* stays on the stack */
    memset(parts, 0, n * sizeof *parts);
    for (size_t i = 0; i < n; i++) {
        hg_segment *content = &parts[i].content;
        lua_rawgeti(L, list, (int)i + 1);
        int part = lua_gettop(L);
        luaL_checktype(L, part, LUA_TTABLE);
        parts[i].name = text_field(L, part, "name");
        parts[i].filename = text_field(L, part, "filename");
        parts[i].content_type = text_field(L, part, "content_type");
        file_field(L, part, "file", content);
        bool is_file = content->path || content->upload, has_data = push_field(L, part, "data");
        if (has_data) {
            if (lua_type(L, -1) != LUA_TSTRING)
                luaL_error(L, CALL "multipart[%d].data: expected a string, got %s", (int)i + 1,
                           luaL_typename(L, -1));
            data_field(L, keep, content);
        }
        if (!parts[i].name || is_file == has_data)
            luaL_error(L, CALL "multipart[%d]: expected a name, and data or file", (int)i + 1);
        lua_pop(L, 1);
    }
    r->parts = parts;
    r->parts_len = n;
}

static bool has_content_type(const hg_headers *h) {
    for (const struct curl_slist *line = h->list; line; line = line->next)
        if (strncasecmp(line->data, "content-type:", 13) == 0)
            return true;
    return false;
}

/* The shared list, or a private copy when the request adds headers of its own. */
static void read_headers(lua_State *L, int t, hg_request *r, const char *body_type) {
    const char *type = text_field(L, t, "content_type");
    hg_headers_box *shared = NULL;
    if (push_field(L, t, "headers")) {
        if (lua_type(L, -1) == LUA_TUSERDATA) {
            shared = hg_headers_to_box(L, -1);
        } else {
            luaL_checktype(L, -1, LUA_TTABLE);
            lua_pushcfunction(L, hg_headers_make);
            lua_insert(L, -2);
            lua_call(L, 1, 1);
            shared = lua_touserdata(L, -1);
        }
        r->headers = shared->headers;
    }
    bool more = push_field(L, t, "extra_headers");
    if (!more && !type && !body_type && (r->headers || !r->parts))
        return;
    int extra = more ? lua_gettop(L) : 0;
    hg_headers_box *box = hg_headers_push_box(L); /* stays on the stack */
    box->headers = r->headers ? hg_headers_copy(r->headers) : hg_headers_new();
    if (!box->headers)
        luaL_error(L, "out of memory");
    if (extra) {
        luaL_checktype(L, extra, LUA_TTABLE);
        hg_headers_read(L, box->headers, extra);
    }
    /* "Content-Type:" keeps libcurl from adding one of its own. */
    if (type && *type)
        lua_pushfstring(L, "Content-Type: %s", type);
    else if ((type || body_type) && !has_content_type(box->headers))
        lua_pushfstring(L, type ? "Content-Type:" : "Content-Type: %s", body_type);
    else
        lua_pushnil(L);
    if (!lua_isnil(L, -1) && !hg_headers_add(box->headers, lua_tostring(L, -1)))
        luaL_error(L, "out of memory");
    r->headers = box->headers;
}

/* The path of a new file, or one that is open. */
static void read_output(lua_State *L, int t, hg_request *r) {
    r->stream = flag_field(L, t, "stream");
    if (push_field(L, t, "output")) {
        hg_output **box = lua_type(L, -1) == LUA_TUSERDATA ? hg_output_to_box(L, -1) : NULL;
        r->output = box ? *box : NULL;
        if (box && !r->output)
            luaL_error(L, CALL "output: expected an open file, got a closed one");
        lua_pop(L, 1);
        if (!box)
            r->output_path = text_field(L, t, "output");
    }
    if (r->stream && (r->output_path || r->output))
        luaL_error(L, CALL "expected output or stream, got both");
}

bool hg_request_is_target(const char *text) {
    return text[0] == '/' && !strpbrk(text, " \t#");
}

int hg_request_read(lua_State *L, int t, hg_request *r) {
    luaL_checktype(L, t, LUA_TTABLE);
    luaL_checkstack(L, 28, NULL);
    memset(r, 0, sizeof *r);
    r->method = text_field(L, t, "method");
    if (!r->method)
        r->method = "GET";
    if (!*r->method || strpbrk(r->method, " \t:/"))
        luaL_error(L, CALL "method: expected a name such as GET, got \"%s\"", r->method);
    r->url = text_field(L, t, "url");
    r->base = text_field(L, t, "base");
    r->target = text_field(L, t, "target");
    if (r->url ? (r->base || r->target) : !(r->base && r->target))
        luaL_error(L, CALL "expected url, or base and target, got %s", r->url ? "more" : "less");
    if (r->target && !hg_request_is_target(r->target))
        luaL_error(L, CALL "target: expected " HG_TARGET);
    if (r->url)
        r->url = with_query(L, t, r->url);
    else
        r->target = with_query(L, t, r->target);
    lua_pushnil(L);
    int keep = lua_gettop(L);
    if (has_table(L, t, "body") || has_table(L, t, "multipart")) {
        lua_newtable(L);
        lua_replace(L, keep);
    }
    read_parts(L, t, keep, r);
    const char *body_type = read_body(L, t, keep, r);
    read_headers(L, t, r, body_type);
    read_output(L, t, r);
    r->proxy = text_field(L, t, "proxy");
    r->ca_file = text_field(L, t, "ca_file");
    r->timeout = hg_request_nanoseconds(number_field(L, t, "timeout", 3e9));
    r->end = hg_request_nanoseconds(number_field(L, t, "deadline", 3e9));
    r->connect_timeout_ms = milliseconds(L, t, "connect_timeout");
    double stall = number_field(L, t, "stall_timeout", 1e6);
    r->stall_s = stall > 0 && stall < 1 ? 1 : (long)stall;
    r->max_bytes = (uint64_t)number_field(L, t, "max_bytes", 9e15);
    r->fresh = flag_field(L, t, "fresh");
    r->public_ = flag_field(L, t, "public");
    r->allow_http = flag_field(L, t, "allow_http");
    r->compressed = flag_field(L, t, "compressed");
    r->http1 = version_field(L, t);
    r->owner = (long)number_field(L, t, "owner", 2e9);
    return lua_istable(L, keep) ? keep : 0;
}
