// A monotonic clock that a program moves on by itself: waits of 45 minutes then take as long as
// their requests.
//
// Preloaded, it stands between the C library and everything that asks for CLOCK_MONOTONIC, libcurl
// and the core included; as the Lua module "clock" it has one function, advance(seconds). Only time
// that was waited through is skipped: a program moves the clock on when it has nothing to do but
// wait.
#include <dlfcn.h>
#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <time.h>

static double skipped;

typedef int Clock(clockid_t, struct timespec *);

int clock_gettime(clockid_t id, struct timespec *time) {
    static Clock *real;
    if (real == NULL) {
        real = (Clock *)dlsym(RTLD_NEXT, "clock_gettime");
    }
    int result = real(id, time);
    if (result == 0 && id == CLOCK_MONOTONIC) {
        double whole = floor(skipped);
        time->tv_sec += (time_t)whole;
        time->tv_nsec += (long)((skipped - whole) * 1e9);
        if (time->tv_nsec >= 1000000000) {
            time->tv_nsec -= 1000000000;
            time->tv_sec++;
        }
    }
    return result;
}

static int advance(lua_State *L) {
    skipped += luaL_checknumber(L, 1);
    return 0;
}

int luaopen_clock(lua_State *L) {
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, advance);
    lua_setfield(L, -2, "advance");
    return 1;
}
