/* Tells a host that cannot watch a descriptor when it becomes readable: the thread, and its socket.
 *
 * The host arms the bridge before it waits. The thread, in poll() over a copy of the descriptor,
 * sees that it is readable, disarms, and only then writes the byte: its reader may
 * arm again at once, and no readiness is lost or told twice. While it is not armed the thread does
 * not watch the descriptor, which may stay readable for long. The connection has room for few
 * bytes, so one that did not fit is owed; a reader who has not read has something to read anyway.
 *
 * The two threads share five things. `armed` and `stop` are flags, and the bell, a pipe, is rung
 * after they were set. `listener` and `peer` belong to the thread; they are atomic because a forked
 * child, which has no thread, closes its copies. All else is one thread's, or never changes. */
#include "bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fork.h"
#include "pollset.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* the thread blocks SIGPIPE in any case */
#endif

struct hg_bridge {
    atomic_bool armed, stop;
    atomic_int listener, peer; /* -1: not yet, or no more */
    int watched;
    int bell[2];
    /* The host's. */
    long process; /* which made it */
    hg_fork_guard guard;
    bool running, closed;
    pthread_t thread;
    /* The thread's while it runs. */
    bool named; /* the directory is there, and maybe the socket's file */
    bool owed;  /* a byte that the connection had no room for */
    int64_t interval, beat;
    /* Never change. */
    struct sockaddr_un address;
    char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

/* ---- descriptors that do not block, and that no program started by the host inherits ---- */

#ifdef SOCK_CLOEXEC

static int quiet_socket(void) {
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int quiet_accept(int listener) {
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static bool quiet_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0;
}

#else

static int quiet(int fd) {
    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return fd;
}

static int quiet_socket(void) {
    return quiet(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int quiet_accept(int listener) {
    return quiet(accept(listener, NULL, NULL));
}

static bool quiet_pipe(int ends[2]) {
    if (pipe(ends) != 0)
        return false;
    quiet(ends[0]);
    quiet(ends[1]);
    return true;
}

#endif

static void drain(int fd) {
    char bytes[64];
    while (read(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes)
        ;
}

/* First the number, then the descriptor: a child forked in between must not close another's. */
static void close_atomic(atomic_int *slot) {
    int fd = atomic_exchange(slot, -1);
    if (fd >= 0)
        close(fd);
}

static void close_plain(int *slot) {
    if (*slot >= 0)
        close(*slot);
    *slot = -1;
}

static void close_descriptors(void *bridge) {
    hg_bridge *b = bridge;
    close_atomic(&b->peer);
    close_atomic(&b->listener);
    close_plain(&b->bell[0]);
    close_plain(&b->bell[1]);
    close_plain(&b->watched);
}

static void remove_name(hg_bridge *b) {
    if (!b->named)
        return;
    b->named = false;
    unlink(b->address.sun_path);
    rmdir(b->directory);
}

/* ---- the thread ---- */

/* Whether this process itself is at the other end. Only its user can enter the directory, but that
 * user has other processes, and root can enter any. */
static bool is_own(int fd) {
#ifdef __linux__
    struct ucred c;
    socklen_t len = sizeof c;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) == 0 && c.pid == getpid() &&
           c.uid == geteuid();
#else
    uid_t uid;
    gid_t gid;
    return getpeereid(fd, &uid, &gid) == 0 && uid == geteuid();
#endif
}

static void meet(hg_bridge *b) {
    int fd = quiet_accept(atomic_load(&b->listener));
    if (fd < 0) {
        /* Out of descriptors, perhaps: the listener stays readable, and this must not spin. */
        struct pollfd bell = {.fd = b->bell[0], .events = POLLIN};
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            poll(&bell, 1, 50);
        return;
    }
    if (!is_own(fd)) {
        close(fd);
        return;
    }
    remove_name(b); /* a worker that is killed from now on leaves nothing */
    atomic_store(&b->peer, fd);
    close_atomic(&b->listener);
    b->owed = true;
    b->beat = hg_now() + b->interval;
}

static void lose_peer(hg_bridge *b) {
    close_atomic(&b->peer);
    b->owed = false;
    b->beat = HG_NEVER;
}

/* False when the connection has no room: then there is enough in it to wake the reader. */
static bool say(hg_bridge *b, char byte) {
    ssize_t n = send(atomic_load(&b->peer), &byte, 1, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ENOBUFS)
        lose_peer(b);
    return n == 1;
}

/* The peer has nothing to say: what comes is its end. */
static void hear(hg_bridge *b) {
    char bytes[64];
    ssize_t n = recv(atomic_load(&b->peer), bytes, sizeof bytes, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        lose_peer(b);
}

static void tell(hg_bridge *b) {
    if (b->owed && say(b, HG_BRIDGE_READABLE))
        b->owed = false;
    int64_t now = b->beat == HG_NEVER ? 0 : hg_now();
    if (now >= b->beat) {
        b->beat = now + b->interval;
        say(b, HG_BRIDGE_BEAT);
    }
}

/* Milliseconds until the next beat, rounded up so as not to come too early, or -1. */
static int patience(const hg_bridge *b) {
    if (b->beat == HG_NEVER)
        return -1;
    int64_t left = b->beat - hg_now(), ms = HG_SECOND / 1000;
    if (left <= 0)
        return 0;
    return left / ms < INT_MAX ? (int)((left + ms - 1) / ms) : INT_MAX;
}

static void *watch(void *bridge) {
    hg_bridge *b = bridge;
    while (!atomic_load(&b->stop)) {
        int peer = atomic_load(&b->peer);
        bool watches = peer >= 0 && !b->owed && atomic_load(&b->armed);
        struct pollfd p[] = {
            {.fd = b->bell[0], .events = POLLIN},
            {.fd = peer >= 0 ? peer : atomic_load(&b->listener),
             .events = b->owed ? POLLIN | POLLOUT : POLLIN},
            {.fd = watches ? b->watched : -1, .events = POLLIN},
        };
        if (poll(p, 3, patience(b)) < 0)
            continue;
        if (p[0].revents)
            drain(b->bell[0]);
        if (peer < 0) {
            if (p[1].revents)
                meet(b);
        } else if (p[1].revents & ~POLLOUT) {
            hear(b);
        }
        if (p[2].revents && atomic_load(&b->peer) >= 0) {
            /* Before the byte is written: its reader may arm again at once. */
            atomic_store(&b->armed, false);
            b->owed = true;
        }
        tell(b);
    }
    return NULL;
}

/* ---- the host ---- */

static void ring(hg_bridge *b) {
    ssize_t n = write(b->bell[1], "", 1); /* a full pipe rings as well */
    (void)n;
}

/* Makes the directory and fills in the names. */
static bool make_name(hg_bridge *b, char *message, size_t size) {
    const size_t room = sizeof b->address.sun_path;
    const char *parent = getenv("TMPDIR");
    char name[32];
    if (!parent || !*parent)
        parent = "/tmp";
    snprintf(name, sizeof name, "/%ld.sock", (long)getpid());
    size_t len = strlen(parent) + strlen("/heygen-XXXXXX") + strlen(name);
    if (parent[0] != '/') {
        snprintf(message, size, "TMPDIR must be an absolute path, not %s", parent);
        return false;
    }
    if (len >= room) {
        snprintf(message, size,
                 "TMPDIR is too long: the path of a socket may have %zu bytes, this one would "
                 "have %zu",
                 room - 1, len);
        return false;
    }
    snprintf(b->directory, room, "%s/heygen-XXXXXX", parent);
    if (!mkdtemp(b->directory)) {
        snprintf(message, size, "no directory for the socket in %s: %s", parent, strerror(errno));
        return false;
    }
    b->named = true;
    b->address.sun_family = AF_UNIX;
    memcpy(b->address.sun_path, b->directory, strlen(b->directory));
    memcpy(b->address.sun_path + strlen(b->directory), name, strlen(name) + 1);
    return true;
}

static bool start_listening(hg_bridge *b, char *message, size_t size) {
    const struct sockaddr *address = (const struct sockaddr *)&b->address;
    int fd = quiet_socket();
    atomic_store(&b->listener, fd);
    if (fd >= 0 && bind(fd, address, sizeof b->address) == 0 && listen(fd, 8) == 0)
        return true;
    snprintf(message, size, "no socket at %s: %s", b->address.sun_path, strerror(errno));
    return false;
}

static bool start_thread(hg_bridge *b, char *message, size_t size) {
    sigset_t all, old;
    sigfillset(&all); /* the host's signals are for the host's threads */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&b->thread, NULL, watch, b);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    b->running = error == 0;
    if (error)
        snprintf(message, size, "no thread could be started: %s", strerror(error));
    return b->running;
}

hg_bridge *hg_bridge_open(int fd, double beat, char *message, size_t size) {
    const double day = 86400; /* keeps the sum within 64 bits */
    hg_bridge *b = calloc(1, sizeof *b);
    if (!b) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    b->process = hg_fork_number();
    b->interval = (int64_t)((beat < day ? beat : day) * (double)HG_SECOND);
    b->beat = HG_NEVER;
    b->bell[0] = b->bell[1] = -1;
    atomic_init(&b->armed, false);
    atomic_init(&b->stop, false);
    atomic_init(&b->listener, -1);
    atomic_init(&b->peer, -1);
    hg_fork_guard_on(&b->guard, close_descriptors, b);
    b->watched = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (b->watched < 0 || !quiet_pipe(b->bell))
        snprintf(message, size, "no descriptors for the bridge: %s", strerror(errno));
    else if (make_name(b, message, size) && start_listening(b, message, size) &&
             start_thread(b, message, size))
        return b;
    hg_bridge_free(b);
    return NULL;
}

const char *hg_bridge_path(const hg_bridge *b) {
    return b->address.sun_path;
}

hg_bridge_state hg_bridge_ask(const hg_bridge *b) {
    if (b->closed || b->process != hg_fork_number())
        return HG_BRIDGE_CLOSED;
    /* In this order: the thread has the one before it gives up the other. */
    if (atomic_load(&b->listener) >= 0)
        return HG_BRIDGE_LISTENING;
    return atomic_load(&b->peer) >= 0 ? HG_BRIDGE_CONNECTED : HG_BRIDGE_GONE;
}

const char *hg_bridge_arm(hg_bridge *b) {
    if (b->process != hg_fork_number()) {
        hg_bridge_close(b);
        return "this bridge belongs to the process that was forked";
    }
    switch (hg_bridge_ask(b)) {
    case HG_BRIDGE_CLOSED:
        return "the bridge is closed";
    case HG_BRIDGE_GONE:
        return "the other end of the bridge was closed";
    default:
        break;
    }
    if (!atomic_exchange(&b->armed, true))
        ring(b);
    return NULL;
}

void hg_bridge_close(hg_bridge *b) {
    if (b->closed)
        return;
    b->closed = true;
    if (b->process == hg_fork_number()) {
        if (b->running) {
            atomic_store(&b->stop, true);
            ring(b);
            pthread_join(b->thread, NULL);
        }
        /* The reader must see the end, even when a forked child has a copy. */
        int peer = atomic_load(&b->peer);
        if (peer >= 0)
            shutdown(peer, SHUT_RDWR);
        remove_name(b);
    }
    hg_fork_guard_off(&b->guard);
    close_descriptors(b);
}

void hg_bridge_free(hg_bridge *b) {
    hg_bridge_close(b);
    free(b);
}
