/* What a process has used so far: the same readings for the C programs and, as a Lua module, for
 * the Lua ones. */
#include "meter.h"

#include <lauxlib.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

double meter_wall(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds(struct timeval t) {
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

double meter_cpu(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}

double meter_thread(void) {
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

double meter_heap(void) {
    struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
}

double meter_rss(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    if (fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

double meter_peak(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_maxrss * 1024;
}

#define READING(name)                                                                              \
    static int l_##name(lua_State *L) {                                                            \
        lua_pushnumber(L, meter_##name());                                                         \
        return 1;                                                                                  \
    }
READING(wall)
READING(cpu)
READING(thread)
READING(heap)
READING(rss)
READING(peak)

int luaopen_meter(lua_State *L);
int luaopen_meter(lua_State *L) {
    static const struct {
        const char *name;
        lua_CFunction function;
    } readings[] = {{"wall", l_wall}, {"cpu", l_cpu}, {"thread", l_thread},
                    {"heap", l_heap}, {"rss", l_rss}, {"peak", l_peak}};
    lua_newtable(L);
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        lua_pushcfunction(L, readings[i].function);
        lua_setfield(L, -2, readings[i].name);
    }
    return 1;
}
