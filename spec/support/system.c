/* What the specs need of the system and Lua does not have: processes, signals, poll(). */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* fork() -> pid of the child | 0 in the child */
static int fork_(lua_State *L) {
    pid_t pid = fork();
    if (pid < 0)
        return luaL_error(L, "fork: %s", strerror(errno));
    lua_pushinteger(L, pid);
    return 1;
}

/* wait(pid) -> whether it did leave(true) */
static int wait_(lua_State *L) {
    int status;
    pid_t pid = (pid_t)luaL_checkinteger(L, 1);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return luaL_error(L, "waitpid: %s", strerror(errno));
    lua_pushboolean(L, WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 1;
}

/* leave(well): ends a forked process at once, by becoming another program: at an exit valgrind
 * would search for leaks, in a Lua that is in the middle of its work. */
static int leave(lua_State *L) {
    if (lua_toboolean(L, 1))
        execlp("true", "true", (char *)NULL);
    _exit(1);
}

/* poll(fd, seconds) -> whether it is readable */
static int poll_(lua_State *L) {
    struct pollfd p = {(int)luaL_checkinteger(L, 1), POLLIN, 0};
    int n = poll(&p, 1, (int)(luaL_checknumber(L, 2) * 1000));
    lua_pushboolean(L, n > 0 && (p.revents & POLLIN));
    return 1;
}

static volatile sig_atomic_t interrupts;

static void count(int sig) {
    (void)sig;
    interrupts++;
}

/* interrupt(seconds): a signal that breaks system calls comes every so often; 0 ends it. Returns
 * how many came since the last call. */
static int interrupt(lua_State *L) {
    double seconds = luaL_checknumber(L, 1);
    struct sigaction action;
    struct itimerval timer;
    memset(&action, 0, sizeof action);
    memset(&timer, 0, sizeof timer);
    action.sa_handler = count; /* no SA_RESTART */
    timer.it_value.tv_usec = timer.it_interval.tv_usec = (suseconds_t)(seconds * 1e6);
    if (seconds > 0)
        sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    lua_pushinteger(L, interrupts);
    interrupts = 0;
    return 1;
}

/* default_sigpipe(): writing to a closed pipe kills this process from now on */
static int default_sigpipe(lua_State *L) {
    (void)L;
    signal(SIGPIPE, SIG_DFL);
    return 0;
}

/* reopen(n): closes all descriptors but the first three, as a daemon does, and opens n others,
 * which get their numbers. */
static int reopen(lua_State *L) {
    for (int fd = 3; fd < 256; fd++)
        close(fd);
    for (lua_Integer n = luaL_checkinteger(L, 1); n > 0; n--)
        if (open("/dev/zero", O_RDONLY) < 0)
            return luaL_error(L, "cannot open /dev/zero");
    return 0;
}

/* still_open(n) -> how many of the first n numbers behind the first three are open */
static int still_open(lua_State *L) {
    int open = 0;
    for (lua_Integer fd = 3 + luaL_checkinteger(L, 1) - 1; fd >= 3; fd--)
        open += fcntl((int)fd, F_GETFD) >= 0;
    lua_pushinteger(L, open);
    return 1;
}

/* user_timeout(port) -> milliseconds that the connection to this port waits for an acknowledgement,
 * 0: the system's own | nil: there is no such connection, or no such limit on this system */
static int user_timeout(lua_State *L) {
#ifdef TCP_USER_TIMEOUT
    lua_Integer port = luaL_checkinteger(L, 1);
    for (int fd = 3; fd < 1024; fd++) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0 || peer.sin_family != AF_INET ||
            ntohs(peer.sin_port) != port)
            continue;
        unsigned ms = 0;
        size = sizeof ms;
        if (getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, &size) != 0)
            continue;
        lua_pushinteger(L, (lua_Integer)ms);
        return 1;
    }
#endif
    return 0;
}

int luaopen_system(lua_State *L);

int luaopen_system(lua_State *L) {
    static const luaL_Reg FUNCTIONS[] = {{"fork", fork_},
                                         {"wait", wait_},
                                         {"leave", leave},
                                         {"poll", poll_},
                                         {"interrupt", interrupt},
                                         {"default_sigpipe", default_sigpipe},
                                         {"reopen", reopen},
                                         {"still_open", still_open},
                                         {"user_timeout", user_timeout},
                                         {NULL, NULL}};
    lua_newtable(L);
    for (const luaL_Reg *f = FUNCTIONS; f->name; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }
    return 1;
}
