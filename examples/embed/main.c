/* A C program with a frame loop of its own, and the module linked into it: nothing of ours is
 * loaded from a .so. "make embed" builds it.
 *
 *   build/lua5.4/embed [-l DIRECTORY] [prompt [file.mp4]]
 *
 * -l names the directory of the Lua files (heygen/init.lua and the others), in place of the one
 * that was compiled in. Exit status: 0 when the video is there, else 1. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef EMBED_LUA_DIR
#define EMBED_LUA_DIR "lua"
#endif
#ifndef EMBED_GAME
#define EMBED_GAME "examples/embed/game.lua"
#endif

#define FRAME 16666667L /* nanoseconds: 60 frames a second */
#define BUDGET 0.002    /* seconds of a frame for the module */
#define SECOND 1000000000L

typedef struct options {
    const char *lua_dir, *prompt, *path;
} options;

/* What is kept of the game between frames, and what is told at the end. */
typedef struct game {
    lua_State *L;
    int client, state; /* references in the registry */
    char line[128];    /* as it was drawn last */
    long frames;
    double worst; /* seconds of the longest update */
} game;

/* ---- the modules that are linked into the program ---- */

int luaopen_heygen_core(lua_State *L);
int luaopen_cjson(lua_State *L);

static const luaL_Reg LINKED[] = {{"heygen.core", luaopen_heygen_core},
#ifdef EMBED_CJSON
                                  {"cjson", luaopen_cjson},
#endif
                                  {NULL, NULL}};

/* Where `require` searches first. By hand, so that it is the same on Lua 5.1 to 5.4 and LuaJIT. */
static void preload(lua_State *L) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    for (const luaL_Reg *module = LINKED; module->name; module++) {
        lua_pushcfunction(L, module->func);
        lua_setfield(L, -2, module->name);
    }
    lua_pop(L, 2);
}

static void set_path(lua_State *L, const char *dir) {
    lua_getglobal(L, "package");
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua", dir, dir);
    lua_setfield(L, -2, "path");
    lua_pop(L, 1);
}

/* ---- calling Lua ---- */

/* Error objects have a __tostring; a message of Lua itself is better with a trace. */
static int describe(lua_State *L) {
    if (lua_type(L, 1) != LUA_TSTRING) {
        lua_settop(L, 1);
        lua_getglobal(L, "tostring");
        lua_insert(L, 1);
        lua_call(L, 1, 1);
        return 1;
    }
    lua_getglobal(L, "debug");
    lua_getfield(L, -1, "traceback");
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 2);
    lua_call(L, 2, 1);
    return 1;
}

/* lua_pcall with `describe`; prints what was raised. The stack is as after lua_pcall, without the
 * message. */
static bool call(lua_State *L, int arguments, int results) {
    int handler = lua_gettop(L) - arguments;
    lua_pushcfunction(L, describe);
    lua_insert(L, handler);
    bool ok = lua_pcall(L, arguments, results, handler) == 0;
    lua_remove(L, handler);
    if (!ok) {
        const char *message = lua_tostring(L, -1);
        fprintf(stderr, "embed: %s\n", message ? message : "an error that is no text");
        lua_pop(L, 1);
    }
    return ok;
}

/* open_all(directory of the Lua files) -> the game's chunk. Called under lua_pcall. */
static int open_all(lua_State *L) {
    const char *dir = luaL_checkstring(L, 1);
    luaL_openlibs(L);
    preload(L);
    set_path(L, dir);
    if (luaL_loadfile(L, EMBED_GAME) != 0)
        return lua_error(L);
    return 1;
}

/* ---- the game ---- */

/* Starts the task: the chunk gives its client and the table in which it tells how far it is. */
static bool start(game *g, const options *o) {
    lua_State *L = g->L;
    lua_pushcfunction(L, open_all);
    lua_pushstring(L, o->lua_dir);
    if (!call(L, 1, 1))
        return false;
    lua_pushstring(L, o->prompt);
    lua_pushstring(L, o->path);
    if (!call(L, 2, 2))
        return false;
    g->state = luaL_ref(L, LUA_REGISTRYINDEX);
    g->client = luaL_ref(L, LUA_REGISTRYINDEX);
    return true;
}

/* A text of the game's table, copied: it lives no longer than the table holds it. */
static bool read_state(game *g, const char *name, char *text, size_t size) {
    lua_rawgeti(g->L, LUA_REGISTRYINDEX, g->state);
    lua_getfield(g->L, -1, name);
    const char *found = lua_tostring(g->L, -1);
    snprintf(text, size, "%s", found ? found : "");
    lua_pop(g->L, 2);
    return found != NULL;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / (double)SECOND;
}

/* client:update(BUDGET), once in a frame: the tasks that have not ended; -1 after an error. */
static int update(game *g) {
    lua_State *L = g->L;
    double began = now();
    lua_rawgeti(L, LUA_REGISTRYINDEX, g->client);
    lua_getfield(L, -1, "update");
    lua_insert(L, -2);
    lua_pushnumber(L, BUDGET);
    if (!call(L, 2, 1))
        return -1;
    int live = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    double took = now() - began;
    if (took > g->worst)
        g->worst = took;
    return live;
}

/* Stands for everything else that a game does in a frame. */
static void draw(game *g) {
    char line[sizeof g->line];
    if (read_state(g, "line", line, sizeof line) && strcmp(line, g->line) != 0) {
        memcpy(g->line, line, sizeof line);
        printf("frame %ld: %s\n", g->frames, line);
    }
    g->frames++;
}

/* Sleeps until the next frame is due. One that is late is not made up for. */
static void next_frame(struct timespec *due) {
    struct timespec t;
    due->tv_nsec += FRAME;
    if (due->tv_nsec >= SECOND) {
        due->tv_nsec -= SECOND;
        due->tv_sec++;
    }
    clock_gettime(CLOCK_MONOTONIC, &t);
    long left = (long)(due->tv_sec - t.tv_sec) * SECOND + due->tv_nsec - t.tv_nsec;
    if (left <= 0) {
        *due = t;
        return;
    }
    struct timespec pause = {.tv_sec = 0, .tv_nsec = left < SECOND ? left : FRAME};
    nanosleep(&pause, NULL);
}

static volatile sig_atomic_t quit;

static void on_signal(int number) {
    (void)number;
    quit = 1;
}

/* True when the video is there. */
static bool play(game *g) {
    char text[512];
    int live = 1;
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    while (!quit && (live = update(g)) > 0) {
        draw(g);
        next_frame(&due);
    }
    draw(g);
    if (live < 0)
        return false;
    if (live > 0) { /* HeyGen continues to make the video: client:wait(id) resumes */
        bool known = read_state(g, "session_id", text, sizeof text);
        fprintf(stderr, "embed: quit; %s\n", known ? text : "no session was known yet");
        return false;
    }
    if (!read_state(g, "path", text, sizeof text)) {
        read_state(g, "problem", text, sizeof text);
        fprintf(stderr, "embed: %s\n", text[0] ? text : "the task ended without a video");
        return false;
    }
    printf("%s: %ld frames, the longest update took %.2f ms\n", text, g->frames, g->worst * 1e3);
    return true;
}

static bool read_arguments(int argc, char **argv, options *o) {
    int i = 1;
    if (i + 1 < argc && strcmp(argv[i], "-l") == 0) {
        o->lua_dir = argv[i + 1];
        i += 2;
    }
    if (argc - i > 2 || (i < argc && argv[i][0] == '-'))
        return false;
    if (i < argc)
        o->prompt = argv[i++];
    if (i < argc)
        o->path = argv[i];
    return true;
}

int main(int argc, char **argv) {
    options o = {EMBED_LUA_DIR, "The story so far, for our game, in 20 seconds", "intro.mp4"};
    if (!read_arguments(argc, argv, &o)) {
        fprintf(stderr, "usage: %s [-l DIRECTORY] [prompt [file.mp4]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    game g = {.L = luaL_newstate()};
    if (!g.L) {
        fprintf(stderr, "embed: no memory for a Lua state\n");
        return EXIT_FAILURE;
    }
    bool ok = start(&g, &o) && play(&g);
    lua_close(g.L); /* and with it the engine: what is under way ends, connections are closed */
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
