/* The file of a download as a Lua object. */
#include "lua_output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lua_object.h"

static const char TYPE[] = "heygen.output";

hg_output **hg_output_to_box(lua_State *L, int index) {
    return luaL_checkudata(L, index, TYPE);
}

static hg_output *to_output(lua_State *L) {
    hg_output *o = *hg_output_to_box(L, 1);
    if (!o)
        luaL_error(L, "the file is closed");
    return o;
}

/* A path: a NUL would end it early. */
static const char *to_path(lua_State *L, int index) {
    size_t len;
    const char *path = luaL_checklstring(L, index, &len);
    luaL_argcheck(L, len > 0 && strlen(path) == len, index, "expected a file name");
    return path;
}

static int push_problem(lua_State *L, const char *what, const char *path, int problem) {
    lua_pushnil(L);
    lua_pushfstring(L, "%s %s: %s", what, path, strerror(problem));
    if (problem == EEXIST)
        lua_pushliteral(L, "exists");
    else if (hg_output_is_full(problem))
        lua_pushliteral(L, "disk_full");
    else
        lua_pushnil(L);
    return 3;
}

static int push_true(lua_State *L) {
    lua_pushboolean(L, 1);
    return 1;
}

/* output(path [, keep]) -> output | nil, message, "busy" | "foreign" | nil */
static int output_new(lua_State *L) {
    const char *path = to_path(L, 1);
    bool keep = lua_toboolean(L, 2);
    hg_failure failure;
    hg_output **box = hg_newuserdata(L, sizeof *box);
    *box = NULL;
    luaL_getmetatable(L, TYPE);
    lua_setmetatable(L, -2);
    hg_opening opening = hg_output_open(path, keep, box, &failure);
    if (opening == HG_OPENED) {
        (*box)->tidy = true;
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, failure.text);
    lua_pushstring(L, opening == HG_OPEN_BUSY      ? "busy"
                      : opening == HG_OPEN_FOREIGN ? "foreign"
                                                   : NULL);
    return 3;
}

/* output:size() -> bytes */
static int output_size(lua_State *L) {
    int64_t size = hg_output_size(to_output(L));
    if (size < 0)
        return push_problem(L, "cannot check", to_output(L)->path, errno);
    hg_object_push_bytes(L, size);
    return 1;
}

/* output:clear() -> true | nil, message: nothing is in it any more */
static int output_clear(lua_State *L) {
    hg_output *o = to_output(L);
    if (hg_output_truncate(o, 0))
        return push_true(L);
    return push_problem(L, "cannot clear", o->path, errno);
}

/* output:note() -> text | nil; output:note(text | false) -> true | nil, message, code */
static int output_note(lua_State *L) {
    hg_output *o = to_output(L);
    size_t len = 0;
    if (lua_isnoneornil(L, 2)) {
        hg_buf text = {0};
        if (hg_output_read_note(o, &text))
            lua_pushlstring(L, text.data, text.len);
        else
            lua_pushnil(L);
        hg_buf_free(&text);
        return 1;
    }
    const char *text = lua_toboolean(L, 2) ? luaL_checklstring(L, 2, &len) : NULL;
    if (hg_output_write_note(o, text, len))
        return push_true(L);
    return push_problem(L, "cannot write", o->note, errno);
}

/* output:rename(to [, replace]) -> true | nil, message, "exists" | nil */
static int output_rename(lua_State *L) {
    hg_output *o = to_output(L);
    const char *to = to_path(L, 2);
    if (hg_output_rename(o, to, lua_toboolean(L, 3)))
        return push_true(L);
    return push_problem(L, "cannot create", to, errno);
}

static int output_remove(lua_State *L) {
    hg_output_remove(to_output(L));
    return 0;
}

static int output_close(lua_State *L) {
    hg_output **box = hg_output_to_box(L, 1);
    hg_output *o = *box;
    *box = NULL;
    if (o)
        hg_output_unref(o);
    return 0;
}

static const char *type_name(const struct stat *s) {
    return S_ISREG(s->st_mode)   ? "file"
           : S_ISDIR(s->st_mode) ? "directory"
           : S_ISLNK(s->st_mode) ? "link"
                                 : "other";
}

/* file_type(path) -> "file" | "directory" | "link" | "other" | nil; of a link also what it leads to
 */
static int file_type(lua_State *L) {
    struct stat s;
    const char *path = to_path(L, 1);
    if (lstat(path, &s) < 0)
        return 0;
    lua_pushstring(L, type_name(&s));
    if (!S_ISLNK(s.st_mode))
        return 1;
    lua_pushstring(L, stat(path, &s) == 0 ? type_name(&s) : NULL);
    return 2;
}

/* absolute(path) -> the same file's path for later, when the process may be in another directory;
 * where there is no such path, the one given */
static int absolute(lua_State *L) {
    char directory[4096];
    const char *path = to_path(L, 1);
    if (path[0] == '/' || !getcwd(directory, sizeof directory) || directory[0] != '/' ||
        strlen(directory) + strlen(path) + 32 > sizeof directory) {
        lua_pushvalue(L, 1);
        return 1;
    }
    lua_pushfstring(L, "%s%s%s", directory, directory[1] ? "/" : "", path);
    return 1;
}

static const luaL_Reg OUTPUT_METHODS[] = {{"size", output_size},
                                          {"clear", output_clear},
                                          {"note", output_note},
                                          {"rename", output_rename},
                                          {"remove", output_remove},
                                          {"close", output_close},
                                          {NULL, NULL}};

static const luaL_Reg OUTPUT_META[] = {
    {"__gc", output_close}, {"__close", output_close}, {NULL, NULL}};

static const luaL_Reg OUTPUT_LIBRARY[] = {
    {"output", output_new}, {"file_type", file_type}, {"absolute", absolute}, {NULL, NULL}};

void hg_output_open_library(lua_State *L) {
    luaL_newmetatable(L, TYPE);
    hg_setfuncs(L, OUTPUT_META);
    lua_createtable(L, 0, 8);
    hg_setfuncs(L, OUTPUT_METHODS);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "private");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    hg_setfuncs(L, OUTPUT_LIBRARY);
}
