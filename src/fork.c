/* Has this process been forked since? And threads that a fork waits for. */
#include "fork.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hg_errand *errands; /* that have not been waited for */
static pid_t owner;        /* whose they are: without glibc nobody empties the list of a child */

static void join(hg_errand *e) {
    if (!e->joined)
        pthread_join(e->thread, NULL);
    e->joined = true;
}

/* Both leave the lock taken. */
static void join_all(void) {
    pthread_mutex_lock(&lock);
    for (hg_errand *e = errands; e; e = e->next)
        join(e);
}

static void join_before_fork(void) {
    pthread_mutex_lock(&lock);
    for (hg_errand *e = errands; e; e = e->next)
        if (!e->no_locks)
            join(e);
}

/* A process that ends lets its libraries clean up under the feet of its threads. Those that were
 * loaded before the first errand do so after us. */
static void at_exit(void) {
    if (getpid() != owner)
        return; /* a child has no such threads */
    join_all();
    pthread_mutex_unlock(&lock);
}

static void register_exit(void) {
    atexit(at_exit);
}

bool hg_errand_start(hg_errand *e, void *(*run)(void *), void *argument) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_exit);
    sigset_t every, old;
    sigfillset(&every); /* the host's handlers run in the host's threads */
    pthread_mutex_lock(&lock);
    if (owner != getpid()) {
        errands = NULL;
        owner = getpid();
    }
    pthread_sigmask(SIG_SETMASK, &every, &old);
    e->joined = pthread_create(&e->thread, NULL, run, argument) != 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!e->joined) {
        e->next = errands;
        errands = e;
    }
    pthread_mutex_unlock(&lock);
    return !e->joined;
}

void hg_errand_join(hg_errand *e) {
    pthread_mutex_lock(&lock);
    join(e);
    for (hg_errand **place = &errands; *place; place = &(*place)->next) {
        if (*place == e) {
            *place = e->next;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

#ifdef __GLIBC__

/* glibc asks the kernel at each getpid(): a counter that the child bumps costs nothing. It removes
 * the handlers when this library is unloaded; where that is not sure, getpid() is. */
static long generation;

static void in_parent(void) {
    pthread_mutex_unlock(&lock);
}

static void in_child(void) {
    generation++;
    errands = NULL;
    pthread_mutex_unlock(&lock);
}

static void register_handlers(void) {
    if (pthread_atfork(join_before_fork, in_parent, in_child) != 0)
        generation = -1;
}

long hg_fork_number(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_handlers);
    return generation < 0 ? (long)getpid() : generation;
}

#else

long hg_fork_number(void) {
    return (long)getpid();
}

#endif
