/* luaopen_heygen_core: the C half of the module as a Lua table.
 *
 * Loading it opens no descriptor, starts no thread and initialises nothing of libcurl: nginx forks
 * after it has loaded its modules. */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "compat.h"
#include "digest.h"
#include "lua_bridge.h"
#include "lua_engine.h"
#include "lua_file.h"
#include "lua_headers.h"
#include "lua_json.h"
#include "lua_output.h"
#include "lua_prepared.h"
#include "pollset.h"
#include "signature.h"
#include "text.h"

#define HG_VERSION "0.1.0"

#if defined(__GNUC__)
#define HG_EXPORT __attribute__((visibility("default")))
#else
#define HG_EXPORT
#endif

/* now() -> seconds on a clock that never jumps */
static int now(lua_State *L) {
    lua_pushnumber(L, (lua_Number)hg_now() / (lua_Number)HG_SECOND);
    return 1;
}

/* time() -> seconds since 1970, with a fraction */
static int wall_time(lua_State *L) {
    struct timeval t;
    gettimeofday(&t, NULL);
    lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_usec / 1e6);
    return 1;
}

/* utf8_length(text) -> code points | nil, position of the first bad byte */
static int utf8_length(lua_State *L) {
    size_t len, count = 0;
    const char *s = luaL_checklstring(L, 1, &len);
    size_t bad = hg_utf8_check(s, len, &count);
    if (bad) {
        lua_pushnil(L);
        lua_pushinteger(L, (lua_Integer)bad);
        return 2;
    }
    lua_pushinteger(L, (lua_Integer)count);
    return 1;
}

/* is_plain(text) -> boolean: whether it may stand in a path as it is. Only unreserved
 * characters, and the first one no dot, which also rules out "." and "..". */
static int is_plain(lua_State *L) {
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_pushboolean(L, hg_is_unreserved(s, len) && s[0] != '.');
    return 1;
}

/* escape(text) -> percent-encoded, only unreserved characters stay */
static int escape(lua_State *L) {
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);
    hg_buf b = {0};
    if (!hg_percent_encode(&b, s, len))
        return luaL_error(L, "out of memory");
    lua_pushlstring(L, b.data ? b.data : "", b.len);
    hg_buf_free(&b);
    return 1;
}

/* random(n) -> n strong random bytes */
static int random_bytes(lua_State *L) {
    char bytes[256];
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 0 && n <= (lua_Integer)sizeof bytes, 1, "expected 0 to 256");
    if (!hg_random(bytes, (size_t)n))
        return luaL_error(L, "no random numbers could be had from the system");
    lua_pushlstring(L, bytes, (size_t)n);
    return 1;
}

/* uuid() -> a random UUID (version 4) */
static int uuid(lua_State *L) {
    char text[HG_UUID_LEN];
    if (!hg_uuid(text))
        return luaL_error(L, "no random numbers could be had from the system");
    lua_pushlstring(L, text, sizeof text);
    return 1;
}

/* sha256(data) -> hexadecimal */
static int sha256(lua_State *L) {
    size_t len;
    char hex[HG_SHA256_HEX];
    const char *s = luaL_checklstring(L, 1, &len);
    if (!hg_sha256(s, len, hex))
        return luaL_error(L, "SHA-256 is not available in libcrypto");
    lua_pushlstring(L, hex, sizeof hex);
    return 1;
}

/* hmac_sha256(key, data) -> hexadecimal */
static int hmac_sha256(lua_State *L) {
    size_t key_len, len;
    char hex[HG_SHA256_HEX];
    const char *key = luaL_checklstring(L, 1, &key_len);
    const char *s = luaL_checklstring(L, 2, &len);
    if (!hg_hmac_sha256(key, key_len, s, len, hex))
        return luaL_error(L, "HMAC-SHA256 is not available in libcrypto");
    lua_pushlstring(L, hex, sizeof hex);
    return 1;
}

/* equal(a, b) -> boolean, in a time that does not depend on where they differ */
static int equal(lua_State *L) {
    size_t a_len, b_len;
    const char *a = luaL_checklstring(L, 1, &a_len);
    const char *b = luaL_checklstring(L, 2, &b_len);
    lua_pushboolean(L, hg_equal(a, a_len, b, b_len));
    return 1;
}

/* signed(key, data, header) -> boolean: whether the header has the signature of the data. In one
 * call, as a delivery costs little else. */
static int is_signed(lua_State *L) {
    size_t key_len, len, header_len;
    char hex[HG_SHA256_HEX];
    const char *key = luaL_checklstring(L, 1, &key_len);
    const char *data = luaL_checklstring(L, 2, &len);
    const char *header = luaL_checklstring(L, 3, &header_len);
    if (!hg_hmac_sha256(key, key_len, data, len, hex))
        return luaL_error(L, "HMAC-SHA256 is not available in libcrypto");
    lua_pushboolean(L, hg_signature_find(header, header_len, hex, sizeof hex));
    return 1;
}

/* columns(fd) -> width, height of the terminal behind a descriptor | nil when it is no terminal */
static int columns(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
    struct winsize size = {0};
    if (!isatty(fd)) {
        lua_pushnil(L);
        return 1;
    }
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0;
    lua_pushinteger(L, known && size.ws_col > 0 ? size.ws_col : 80);
    lua_pushinteger(L, known && size.ws_row > 0 ? size.ws_row : 24);
    return 2;
}

/* nginx hides LuaJIT's coroutine.isyieldable. */
static int isyieldable(lua_State *L) {
    if (!HG_HAS_ISYIELDABLE)
        return 0;
    lua_pushboolean(L, lua_isyieldable(L));
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {{"now", now},
                                     {"time", wall_time},
                                     {"utf8_length", utf8_length},
                                     {"is_plain", is_plain},
                                     {"escape", escape},
                                     {"random", random_bytes},
                                     {"uuid", uuid},
                                     {"sha256", sha256},
                                     {"hmac_sha256", hmac_sha256},
                                     {"equal", equal},
                                     {"signed", is_signed},
                                     {"columns", columns},
                                     {"isyieldable", isyieldable},
                                     {NULL, NULL}};

HG_EXPORT int luaopen_heygen_core(lua_State *L);

int luaopen_heygen_core(lua_State *L) {
    lua_createtable(L, 0, 29);
    hg_setfuncs(L, FUNCTIONS);
    hg_json_open(L);
    hg_output_open_library(L);
    hg_headers_open_library(L);
    hg_prepared_open_library(L);
    hg_engine_open_library(L);
    hg_bridge_open_library(L);
    hg_file_open_library(L);
    lua_pushliteral(L, HG_VERSION);
    lua_setfield(L, -2, "_VERSION");
    return 1;
}
