/* Has this process been forked since? */
#include "process.h"

#include <unistd.h>

#ifdef __GLIBC__

#include <pthread.h>

/* glibc asks the kernel at each getpid(): a counter that the child bumps costs nothing. It removes
 * the handler when this library is unloaded; where that is not sure, getpid() is. */
static long generation;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* held during a fork */
static pthread_cond_t none = PTHREAD_COND_INITIALIZER;
static int holding; /* how many want no fork now */

static void before(void) {
    pthread_mutex_lock(&lock);
    while (holding > 0)
        pthread_cond_wait(&none, &lock);
}

static void in_parent(void) {
    pthread_mutex_unlock(&lock);
}

static void in_child(void) {
    generation++;
    pthread_mutex_unlock(&lock);
}

static void register_handler(void) {
    if (pthread_atfork(before, in_parent, in_child) != 0)
        generation = -1;
}

long hg_process(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_handler);
    return generation < 0 ? (long)getpid() : generation;
}

void hg_fork_hold(void) {
    pthread_mutex_lock(&lock);
    holding++;
    pthread_mutex_unlock(&lock);
}

void hg_fork_release(void) {
    pthread_mutex_lock(&lock);
    if (--holding == 0)
        pthread_cond_broadcast(&none);
    pthread_mutex_unlock(&lock);
}

#else

long hg_process(void) {
    return (long)getpid();
}

void hg_fork_hold(void) {
}

void hg_fork_release(void) {
}

#endif
