/* A thread that does one blocking thing for an engine. */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hg_worker *workers; /* that have not been waited for */
static pid_t owner;        /* whose they are: without glibc the list of a child is not emptied */

static void join(hg_worker *w) {
    if (!w->joined)
        pthread_join(w->thread, NULL);
    w->joined = true;
}

/* ---- the end of the process, and forks ---- */

/* A process that ends lets its libraries clean up under the feet of its threads. Those that were
 * loaded before the first worker do so after us. */
static void at_exit(void) {
    if (getpid() != owner)
        return; /* a child has no such threads */
    pthread_mutex_lock(&lock);
    for (hg_worker *w = workers; w; w = w->next)
        join(w);
    pthread_mutex_unlock(&lock);
}

#ifdef __GLIBC__

static void before_fork(void) {
    pthread_mutex_lock(&lock);
    for (hg_worker *w = workers; w; w = w->next)
        if (!w->no_locks)
            join(w);
}

static void in_parent(void) {
    pthread_mutex_unlock(&lock);
}

static void in_child(void) {
    workers = NULL;
    pthread_mutex_unlock(&lock);
}

#endif

static void register_handlers(void) {
#ifdef __GLIBC__ /* see fork.c */
    pthread_atfork(before_fork, in_parent, in_child);
#endif
    atexit(at_exit);
}

/* ---- the thread ---- */

static void *run(void *worker) {
    hg_worker *w = worker;
    w->run(w->argument);
    while (write(w->write_end, "!", 1) < 0 && errno == EINTR)
        ; /* all signals are blocked here, but a debugger's are not */
    return NULL;
}

static bool start_thread(hg_worker *w) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_handlers);
    sigset_t every, old;
    sigfillset(&every); /* the host's handlers run in the host's threads */
    pthread_mutex_lock(&lock);
    if (owner != getpid()) {
        workers = NULL;
        owner = getpid();
    }
    pthread_sigmask(SIG_SETMASK, &every, &old);
    w->joined = pthread_create(&w->thread, NULL, run, w) != 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!w->joined) {
        w->next = workers;
        workers = w;
    }
    pthread_mutex_unlock(&lock);
    return !w->joined;
}

/* ---- its pipe ---- */

static bool open_pipe(int ends[2]) {
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC) == 0;
#else
    if (pipe(ends) != 0)
        return false;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return true;
#endif
}

static void close_pipe(hg_worker *w) {
    hg_pollset_closed(w->pollset, w->read_end);
    close(w->read_end);
    close(w->write_end);
    w->read_end = w->write_end = -1;
}

bool hg_worker_start(hg_worker *w, hg_pollset *pollset) {
    int ends[2];
    w->pollset = pollset;
    w->read_end = w->write_end = -1;
    if (!open_pipe(ends))
        return false;
    w->read_end = ends[0];
    w->write_end = ends[1];
    bool ok = hg_pollset_opened(pollset, w->read_end) &&
              hg_pollset_want(pollset, w->read_end, HG_READ) && start_thread(w);
    if (!ok)
        close_pipe(w);
    return ok;
}

bool hg_worker_is(const hg_worker *w, int fd) {
    return w->read_end == fd;
}

void hg_worker_end(hg_worker *w) {
    pthread_mutex_lock(&lock);
    join(w);
    for (hg_worker **at = &workers; *at; at = &(*at)->next) {
        if (*at == w) {
            *at = w->next;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    close_pipe(w);
}

void hg_worker_in_child(hg_worker *w) {
    if (w->write_end >= 0)
        close(w->write_end);
    w->read_end = w->write_end = -1; /* the read end is the pollset's to close */
}
