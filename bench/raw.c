/* The yardstick for client:poll: the same GETs by a good C program on libcurl, each answer decoded
 * by lua-cjson. */
#include "meter.h"
#include "transfer.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    struct reactor reactor;
    struct transfer *transfers;
    lua_State *L; /* cjson.decode lies at index 1 */
    const char *base;
    long started, ended;
};

static void start(struct run *run, struct transfer *t) {
    char id[33];
    snprintf(id, sizeof id, "%032lx", ++run->started);
    transfer_start(t, &run->reactor, run->base, id);
}

static void read_video(struct run *run, const struct transfer *t) {
    lua_State *L = run->L;
    lua_pushvalue(L, 1);
    lua_pushlstring(L, t->body, t->length);
    if (lua_pcall(L, 1, 1, 0) != 0)
        check(0, lua_tostring(L, -1));
    lua_getfield(L, -1, "data");
    lua_getfield(L, -1, "status");
    const char *status = lua_tostring(L, -1);
    check(status && (strcmp(status, "completed") == 0 || strcmp(status, "processing") == 0),
          "no video in the answer");
    lua_settop(L, 1);
}

/* Makes `count` requests with at most `width` in flight. */
static void request(struct run *run, long count, long width) {
    long last = run->started + count;
    for (long i = 0; i < width && run->started < last; i++)
        start(run, &run->transfers[i]);
    while (run->ended < last) {
        struct transfer *t;
        reactor_step(&run->reactor, -1);
        while ((t = transfer_done(&run->reactor))) {
            run->ended++;
            read_video(run, t);
            if (run->started < last)
                start(run, t);
        }
    }
}

static void open_lua(struct run *run) {
    run->L = luaL_newstate();
    check(run->L != NULL, "no memory");
    luaL_openlibs(run->L);
    if (luaL_dostring(run->L, "return require('cjson').decode") != 0)
        check(0, lua_tostring(run->L, -1));
    lua_settop(run->L, 1);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: %s base-url requests in-flight\n", argv[0]);
        return 2;
    }
    long count = atol(argv[2]), width = atol(argv[3]);
    struct run run = {.base = argv[1]};
    struct curl_slist *headers;
    check(count > 0 && width > 0, "requests and in-flight are positive numbers");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    headers = transfer_headers();
    open_lua(&run);
    reactor_open(&run.reactor);
    run.transfers = calloc((size_t)width, sizeof *run.transfers);
    for (long i = 0; i < width; i++)
        transfer_open(&run.transfers[i], headers);

    request(&run, width, width); /* the connections are made before the clock starts */
    double wall = meter_wall(), cpu = meter_cpu();
    request(&run, count, width);
    wall = meter_wall() - wall;
    cpu = meter_cpu() - cpu;
    printf("bench=requests program=raw in_flight=%ld requests=%ld wall_s=%.4f cpu_s=%.4f "
           "per_s=%.0f cpu_us=%.2f "
           "heap_kb=%.0f peak_kb=%.0f\n",
           width, count, wall, cpu, (double)count / wall, cpu * 1e6 / (double)count,
           meter_heap() / 1024, meter_peak() / 1024);

    for (long i = 0; i < width; i++)
        transfer_close(&run.transfers[i]);
    free(run.transfers);
    reactor_close(&run.reactor);
    lua_close(run.L);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return 0;
}
