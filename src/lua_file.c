/* Local files as Lua objects: checked, digested in short slices, and sent as
 * bodies. */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "lua_file.h"
#include "lua_object.h"

#define FILE_TYPE "heygen.file"

enum { SLICE = 64 * 1024, READ_MAX = 64 * 1024 };

typedef struct file_box {
    hg_upload_file *file; /* NULL: closed */
    hg_hash *hash;        /* while the digest is being made */
    int64_t hashed;
    bool ended; /* then: */
    char hex[HG_SHA256_HEX];
} file_box;

static file_box *to_box(lua_State *L) {
    file_box *box = luaL_checkudata(L, 1, FILE_TYPE);
    if (!box->file)
        luaL_error(L, "the file is closed");
    return box;
}

hg_upload_file *hg_file_to_upload(lua_State *L, int index) {
    file_box *box = lua_touserdata(L, index);
    if (!box || !lua_getmetatable(L, index))
        return NULL;
    luaL_getmetatable(L, FILE_TYPE);
    bool is = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (is && !box->file)
        luaL_error(L, "the file is closed");
    return is ? box->file : NULL;
}

static file_box *push_box(lua_State *L) {
    file_box *box = hg_newuserdata(L, sizeof *box);
    memset(box, 0, sizeof *box);
    luaL_getmetatable(L, FILE_TYPE);
    lua_setmetatable(L, -2);
    return box;
}

static const char *name_argument(lua_State *L) {
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, strlen(name) == len, 1, "NUL is not allowed");
    return name;
}

/* file(path) -> file | nil, message, failure */
static int open_file(lua_State *L) {
    hg_failure failure;
    const char *path = name_argument(L);
    file_box *box = push_box(L);
    box->file = hg_upload_file_open(path, &failure);
    return box->file ? 1 : hg_object_refuse(L, &failure);
}

/* spool(name) -> an empty file without a name | nil, message, failure */
static int open_spool(lua_State *L) {
    hg_failure failure;
    const char *name = name_argument(L);
    file_box *box = push_box(L);
    box->file = hg_upload_file_spool(name, &failure);
    return box->file ? 1 : hg_object_refuse(L, &failure);
}

/* file:size() -> bytes */
static int file_size(lua_State *L) {
    hg_object_push_bytes(L, hg_upload_file_size(to_box(L)->file));
    return 1;
}

/* file:read(from, count) -> bytes, fewer at the end of the file | nil, message, failure */
static int file_read(lua_State *L) {
    char bytes[READ_MAX];
    hg_failure failure;
    hg_upload_file *s = to_box(L)->file;
    lua_Number from = luaL_checknumber(L, 2), count = luaL_checknumber(L, 3);
    luaL_argcheck(L, from >= 0 && from < 9e15, 2, "expected 0 or more");
    luaL_argcheck(L, count >= 0 && count <= READ_MAX, 3, "expected 0 to 65536");
    int64_t left = hg_upload_file_size(s) - (int64_t)from;
    size_t len = left <= 0 ? 0 : left < (int64_t)count ? (size_t)left : (size_t)count;
    if (!hg_upload_file_read(s, bytes, len, (int64_t)from, &failure))
        return hg_object_refuse(L, &failure);
    lua_pushlstring(L, bytes, len);
    return 1;
}

/* file:append(data) -> true | nil, message, failure: of a spool */
static int file_append(lua_State *L) {
    hg_failure failure;
    size_t len;
    file_box *box = to_box(L);
    const char *data = luaL_checklstring(L, 2, &len);
    luaL_argcheck(L, hg_upload_file_is_spool(box->file) && !box->hash && !box->ended, 1,
                  "only a spool takes data, until its digest is asked for");
    if (!hg_upload_file_append(box->file, data, len, &failure))
        return hg_object_refuse(L, &failure);
    lua_pushboolean(L, 1);
    return 1;
}

static bool no_digest(hg_failure *failure) {
    return hg_failure_set(failure, HG_FAIL_FILE, "SHA-256 is not available in libcrypto");
}

/* Digests the next `count` bytes. False with `failure` filled in. */
static bool digest_more(file_box *box, int64_t count, hg_failure *failure) {
    char bytes[SLICE];
    int64_t size = hg_upload_file_size(box->file);
    if (!box->hash && !(box->hash = hg_hash_new()))
        return no_digest(failure);
    while (count > 0 && box->hashed < size) {
        int64_t left = size - box->hashed, n = count < SLICE ? count : SLICE;
        if (n > left)
            n = left;
        if (!hg_upload_file_read(box->file, bytes, (size_t)n, box->hashed, failure))
            return false;
        if (!hg_hash_add(box->hash, bytes, (size_t)n))
            return no_digest(failure);
        box->hashed += n;
        count -= n;
    }
    if (box->hashed < size)
        return true;
    if (!hg_upload_file_check(box->file, failure))
        return false;
    if (!hg_hash_end(box->hash, box->hex))
        return no_digest(failure);
    box->ended = true;
    hg_hash_free(box->hash);
    box->hash = NULL;
    return true;
}

/* file:digest(count) -> SHA-256 in hexadecimal, or false when bytes are left; bytes digested so far
 * | nil, message, failure */
static int file_digest(lua_State *L) {
    hg_failure failure;
    file_box *box = to_box(L);
    lua_Number count = luaL_checknumber(L, 2);
    luaL_argcheck(L, count >= 1, 2, "expected 1 or more bytes");
    if (!box->ended && !digest_more(box, count < 9e15 ? (int64_t)count : INT64_MAX, &failure))
        return hg_object_refuse(L, &failure);
    if (box->ended)
        lua_pushlstring(L, box->hex, sizeof box->hex);
    else
        lua_pushboolean(L, 0);
    hg_object_push_bytes(L, box->hashed);
    return 2;
}

/* file:check() -> true | nil, message, failure: is it as it was when it was opened */
static int file_check(lua_State *L) {
    hg_failure failure;
    if (!hg_upload_file_check(to_box(L)->file, &failure))
        return hg_object_refuse(L, &failure);
    lua_pushboolean(L, 1);
    return 1;
}

/* file:close(): requests under way that send it continue */
static int file_close(lua_State *L) {
    file_box *box = luaL_checkudata(L, 1, FILE_TYPE);
    hg_upload_file_unref(box->file);
    hg_hash_free(box->hash);
    box->file = NULL;
    box->hash = NULL;
    return 0;
}

static int file_tostring(lua_State *L) {
    file_box *box = luaL_checkudata(L, 1, FILE_TYPE);
    lua_pushfstring(L, "heygen.file (%s)", box->file ? hg_upload_file_path(box->file) : "closed");
    return 1;
}

static const luaL_Reg FILE_METHODS[] = {{"size", file_size},
                                        {"read", file_read},
                                        {"append", file_append},
                                        {"digest", file_digest},
                                        {"check", file_check},
                                        {"close", file_close},
                                        {NULL, NULL}};

static const luaL_Reg FILE_META[] = {
    {"__gc", file_close}, {"__close", file_close}, {"__tostring", file_tostring}, {NULL, NULL}};

static const luaL_Reg FILE_LIBRARY[] = {{"file", open_file}, {"spool", open_spool}, {NULL, NULL}};

void hg_file_open_library(lua_State *L) {
    luaL_newmetatable(L, FILE_TYPE);
    hg_setfuncs(L, FILE_META);
    lua_createtable(L, 0, 8);
    hg_setfuncs(L, FILE_METHODS);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "private");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    hg_setfuncs(L, FILE_LIBRARY);
}
