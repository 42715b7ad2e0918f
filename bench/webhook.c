/* What a delivery costs a C program over libcrypto and lua-cjson: the yardstick of
 * bench/webhook.lua. run(count, decode, key, body, signature) -> seconds of CPU: the digest, the
 * compare, and the body as a Lua table, once for each delivery. */
#include <lauxlib.h>
#include <lua.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <time.h>

static double cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int cpu_seconds(lua_State *L) {
    lua_pushnumber(L, cpu());
    return 1;
}

static int run(lua_State *L) {
    static const char DIGITS[] = "0123456789abcdef";
    lua_Integer count = luaL_checkinteger(L, 1);
    size_t key_len, len, signature_len;
    const char *key = luaL_checklstring(L, 3, &key_len);
    const char *body = luaL_checklstring(L, 4, &len);
    const char *signature = luaL_checklstring(L, 5, &signature_len);
    double start = cpu();
    for (lua_Integer i = 0; i < count; i++) {
        unsigned char sum[EVP_MAX_MD_SIZE];
        char hex[64];
        unsigned int n;
        if (!HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)body, len, sum, &n))
            return luaL_error(L, "HMAC failed");
        for (int at = 0; at < 32; at++) {
            hex[2 * at] = DIGITS[sum[at] >> 4];
            hex[2 * at + 1] = DIGITS[sum[at] & 15];
        }
        if (signature_len != sizeof hex || CRYPTO_memcmp(hex, signature, sizeof hex) != 0)
            return luaL_error(L, "a bad signature");
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 4);
        if (lua_pcall(L, 1, 1, 0) != 0)
            return lua_error(L);
        lua_pop(L, 1);
    }
    lua_pushnumber(L, cpu() - start);
    return 1;
}

int luaopen_webhook_raw(lua_State *L);

int luaopen_webhook_raw(lua_State *L) {
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, run);
    lua_setfield(L, -2, "run");
    lua_pushcfunction(L, cpu_seconds);
    lua_setfield(L, -2, "cpu");
    return 1;
}
