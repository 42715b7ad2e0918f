/* Drives src/bridge.c without Lua, for ThreadSanitizer ("make tsan"): opening, arming and closing
 * from one thread while another makes the descriptor readable, and forks in between. Ends with a
 * message and status 1 when a byte is lost, comes twice, or comes late. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/bridge.h"

enum { ROUNDS = 150, WAKES = 40, PATIENCE = 60 /* seconds, then SIGALRM ends it */ };

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, strerror(errno));  \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static int ends[2]; /* a pipe whose reading end is watched */
static atomic_int wanted, made;

/* The other thread: makes the descriptor readable whenever the program wants it to be. */
static void *flip(void *unused) {
    (void)unused;
    for (;;) {
        int n = atomic_load(&wanted);
        if (n < 0)
            return NULL;
        if (atomic_load(&made) < n) {
            CHECK(write(ends[1], "x", 1) == 1);
            atomic_fetch_add(&made, 1);
        } else {
            usleep(20);
        }
    }
}

static int connect_to(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    strncpy(a.sun_path, path, sizeof a.sun_path - 1);
    CHECK(connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    return fd;
}

/* The next byte, heartbeats left out. */
static char next(int fd) {
    char byte;
    do
        CHECK(read(fd, &byte, 1) == 1);
    while (byte == HG_BRIDGE_BEAT);
    return byte;
}

/* One byte for each time that the bridge was armed, and the flips may come before or after. Armed
 * several times while nothing is readable, it gives one byte; while something is, it may give one
 * for each. */
static void use(hg_bridge *w, int fd) {
    char byte;
    CHECK(next(fd) == HG_BRIDGE_READABLE);
    for (int n = 0; n < WAKES; n++) {
        if (n % 2)
            atomic_fetch_add(&wanted, 1);
        for (int again = 0; again <= (n % 2 ? 0 : n % 3); again++)
            CHECK(hg_bridge_arm(w) == NULL);
        if (n % 2 == 0)
            atomic_fetch_add(&wanted, 1);
        CHECK(next(fd) == HG_BRIDGE_READABLE);
        CHECK(read(ends[0], &byte, 1) == 1);
    }
    CHECK(hg_bridge_ask(w) == HG_BRIDGE_CONNECTED);
}

/* Unarmed, only heartbeats come, however readable the descriptor is. */
static void ignore(int fd) {
    char byte;
    atomic_fetch_add(&wanted, 1);
    for (int beats = 0; beats < 6; beats++)
        CHECK(read(fd, &byte, 1) == 1 && byte == HG_BRIDGE_BEAT);
    CHECK(read(ends[0], &byte, 1) == 1);
}

static void fork_and(hg_bridge *w) {
    int status;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        int wrong = hg_bridge_ask(w) != HG_BRIDGE_CLOSED || !hg_bridge_arm(w);
        hg_bridge_free(w);
        _exit(wrong);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void round_(int n) {
    char message[256];
    hg_bridge *w = hg_bridge_open(ends[0], 0.002, message, sizeof message);
    if (!w) {
        fprintf(stderr, "%s\n", message);
        exit(1);
    }
    if (n % 4 == 1)
        CHECK(hg_bridge_arm(w) == NULL && hg_bridge_arm(w) == NULL);
    if (n % 4 != 2) {
        int fd = connect_to(hg_bridge_path(w));
        if (n % 4 == 0) {
            use(w, fd);
            if (n % 16 == 0)
                ignore(fd);
            if (n % 32 == 0)
                fork_and(w);
        }
        if (n % 8 < 4) { /* the two ends close at the same time, in either order */
            close(fd);
            fd = -1;
            hg_bridge_arm(w);
        }
        hg_bridge_close(w);
        CHECK(hg_bridge_ask(w) == HG_BRIDGE_CLOSED && hg_bridge_arm(w));
        if (fd >= 0)
            close(fd);
    }
    CHECK(n % 4 != 2 || access(hg_bridge_path(w), F_OK) == 0);
    hg_bridge_close(w);
    CHECK(access(hg_bridge_path(w), F_OK) != 0);
    hg_bridge_free(w);
}

int main(void) {
    pthread_t flipper;
    alarm(PATIENCE);
    CHECK(pipe(ends) == 0);
    CHECK(pthread_create(&flipper, NULL, flip, NULL) == 0);
    for (int n = 0; n < ROUNDS; n++)
        round_(n);
    atomic_store(&wanted, -1);
    CHECK(pthread_join(flipper, NULL) == 0);
    puts("no byte lost, none twice");
    return 0;
}
