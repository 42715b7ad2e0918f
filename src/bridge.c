/* Tells a host that cannot watch a descriptor when it becomes readable: the thread, and its socket.
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

struct hg_wake {
    atomic_bool armed, stop;
    atomic_int listener, peer; /* -1: not yet, or no more */
    int watched;
    int bell[2];
    /* The host's. */
    long process; /* which made it */
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

static void remove_name(hg_wake *w) {
    if (!w->named)
        return;
    w->named = false;
    unlink(w->address.sun_path);
    rmdir(w->directory);
}

/* ---- the thread ---- */

/* Is this process itself at the other end? Only its user can enter the directory, but that user has
 * other processes, and root can enter any. */
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

static void meet(hg_wake *w) {
    int fd = quiet_accept(atomic_load(&w->listener));
    if (fd < 0) {
        /* Out of descriptors, perhaps: the listener stays readable, and this must not spin. */
        struct pollfd bell = {.fd = w->bell[0], .events = POLLIN};
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            poll(&bell, 1, 50);
        return;
    }
    if (!is_own(fd)) {
        close(fd);
        return;
    }
    remove_name(w); /* a worker that is killed from now on leaves nothing */
    atomic_store(&w->peer, fd);
    close_atomic(&w->listener);
    w->owed = true;
    w->beat = hg_now() + w->interval;
}

static void lose_peer(hg_wake *w) {
    close_atomic(&w->peer);
    w->owed = false;
    w->beat = HG_NEVER;
}

/* False when the connection has no room: then there is enough in it to wake the reader. */
static bool say(hg_wake *w, char byte) {
    ssize_t n = send(atomic_load(&w->peer), &byte, 1, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ENOBUFS)
        lose_peer(w);
    return n == 1;
}

/* The peer has nothing to say: what comes is its end. */
static void hear(hg_wake *w) {
    char bytes[64];
    ssize_t n = recv(atomic_load(&w->peer), bytes, sizeof bytes, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        lose_peer(w);
}

static void tell(hg_wake *w) {
    if (w->owed && say(w, HG_WAKE_READABLE))
        w->owed = false;
    int64_t now = w->beat == HG_NEVER ? 0 : hg_now();
    if (now >= w->beat) {
        w->beat = now + w->interval;
        say(w, HG_WAKE_BEAT);
    }
}

/* Milliseconds until the next beat, rounded up so as not to come too early, or -1. */
static int patience(const hg_wake *w) {
    if (w->beat == HG_NEVER)
        return -1;
    int64_t left = w->beat - hg_now(), ms = HG_SECOND / 1000;
    if (left <= 0)
        return 0;
    return left / ms < INT_MAX ? (int)((left + ms - 1) / ms) : INT_MAX;
}

static void *watch(void *wake) {
    hg_wake *w = wake;
    while (!atomic_load(&w->stop)) {
        int peer = atomic_load(&w->peer);
        bool looks = peer >= 0 && !w->owed && atomic_load(&w->armed);
        struct pollfd p[] = {
            {.fd = w->bell[0], .events = POLLIN},
            {.fd = peer >= 0 ? peer : atomic_load(&w->listener),
             .events = w->owed ? POLLIN | POLLOUT : POLLIN},
            {.fd = looks ? w->watched : -1, .events = POLLIN},
        };
        if (poll(p, 3, patience(w)) < 0)
            continue;
        if (p[0].revents)
            drain(w->bell[0]);
        if (peer < 0) {
            if (p[1].revents)
                meet(w);
        } else if (p[1].revents & ~POLLOUT) {
            hear(w);
        }
        if (p[2].revents && atomic_load(&w->peer) >= 0) {
            /* Before the byte is written: whoever has read it may arm again at once. */
            atomic_store(&w->armed, false);
            w->owed = true;
        }
        tell(w);
    }
    return NULL;
}

/* ---- the host ---- */

static void ring(hg_wake *w) {
    ssize_t n = write(w->bell[1], "", 1); /* a full pipe rings as well */
    (void)n;
}

/* Makes the directory and fills in the names. */
static bool make_name(hg_wake *w, char *message, size_t size) {
    const size_t room = sizeof w->address.sun_path;
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
    snprintf(w->directory, room, "%s/heygen-XXXXXX", parent);
    if (!mkdtemp(w->directory)) {
        snprintf(message, size, "no directory for the socket in %s: %s", parent, strerror(errno));
        return false;
    }
    w->named = true;
    w->address.sun_family = AF_UNIX;
    memcpy(w->address.sun_path, w->directory, strlen(w->directory));
    memcpy(w->address.sun_path + strlen(w->directory), name, strlen(name) + 1);
    return true;
}

static bool start_listening(hg_wake *w, char *message, size_t size) {
    const struct sockaddr *address = (const struct sockaddr *)&w->address;
    int fd = quiet_socket();
    atomic_store(&w->listener, fd);
    if (fd >= 0 && bind(fd, address, sizeof w->address) == 0 && listen(fd, 8) == 0)
        return true;
    snprintf(message, size, "no socket at %s: %s", w->address.sun_path, strerror(errno));
    return false;
}

static bool start_thread(hg_wake *w, char *message, size_t size) {
    sigset_t all, old;
    sigfillset(&all); /* the host's signals are for the host's threads */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&w->thread, NULL, watch, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    w->running = error == 0;
    if (error)
        snprintf(message, size, "no thread could be started: %s", strerror(error));
    return w->running;
}

hg_wake *hg_wake_open(int fd, double beat, char *message, size_t size) {
    const double day = 86400; /* keeps the sum within 64 bits */
    hg_wake *w = calloc(1, sizeof *w);
    if (!w) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    w->process = hg_process();
    w->interval = (int64_t)((beat < day ? beat : day) * (double)HG_SECOND);
    w->beat = HG_NEVER;
    w->bell[0] = w->bell[1] = -1;
    atomic_init(&w->armed, false);
    atomic_init(&w->stop, false);
    atomic_init(&w->listener, -1);
    atomic_init(&w->peer, -1);
    w->watched = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (w->watched < 0 || !quiet_pipe(w->bell))
        snprintf(message, size, "no descriptors for the bridge: %s", strerror(errno));
    else if (make_name(w, message, size) && start_listening(w, message, size) &&
             start_thread(w, message, size))
        return w;
    hg_wake_free(w);
    return NULL;
}

const char *hg_wake_path(const hg_wake *w) {
    return w->address.sun_path;
}

hg_wake_state hg_wake_ask(const hg_wake *w) {
    if (w->closed || w->process != hg_process())
        return HG_WAKE_CLOSED;
    /* In this order: the thread has the one before it gives up the other. */
    if (atomic_load(&w->listener) >= 0)
        return HG_WAKE_LISTENING;
    return atomic_load(&w->peer) >= 0 ? HG_WAKE_CONNECTED : HG_WAKE_GONE;
}

const char *hg_wake_arm(hg_wake *w) {
    if (w->process != hg_process()) {
        hg_wake_close(w);
        return "this bridge belongs to the process that was forked";
    }
    switch (hg_wake_ask(w)) {
    case HG_WAKE_CLOSED:
        return "the bridge is closed";
    case HG_WAKE_GONE:
        return "the other end of the bridge was closed";
    default:
        break;
    }
    if (!atomic_exchange(&w->armed, true))
        ring(w);
    return NULL;
}

void hg_wake_close(hg_wake *w) {
    if (w->closed)
        return;
    w->closed = true;
    if (w->process == hg_process()) {
        if (w->running) {
            atomic_store(&w->stop, true);
            ring(w);
            pthread_join(w->thread, NULL);
        }
        /* The reader must see the end, even when a forked child has a copy. */
        int peer = atomic_load(&w->peer);
        if (peer >= 0)
            shutdown(peer, SHUT_RDWR);
        remove_name(w);
    }
    close_atomic(&w->peer);
    close_atomic(&w->listener);
    close_plain(&w->bell[0]);
    close_plain(&w->bell[1]);
    close_plain(&w->watched);
}

void hg_wake_free(hg_wake *w) {
    hg_wake_close(w);
    free(w);
}
