/* Tells whether this process was forked since, and does what a forked child must do at once. */
#include "fork.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __GLIBC__

/* glibc asks the kernel at each getpid(): a counter that the child bumps costs nothing. It removes
 * the handlers when this library is unloaded; where that is not sure, getpid() is. */
static long generation;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hg_fork_guard *guards;

static void in_child(void) {
    generation++;
    while (guards) {
        hg_fork_guard *g = guards;
        guards = g->next;
        g->on = false;
        g->in_child(g->owner);
    }
    pthread_mutex_unlock(&lock);
}

static void register_handlers(void) {
    if (pthread_atfork(hg_fork_hold, hg_fork_release, in_child) != 0)
        generation = -1;
}

long hg_fork_number(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_handlers);
    return generation < 0 ? (long)getpid() : generation;
}

void hg_fork_guard_on(hg_fork_guard *g, void (*in_child_)(void *owner), void *owner) {
    hg_fork_number(); /* registers */
    hg_fork_hold();
    *g = (hg_fork_guard){.in_child = in_child_, .owner = owner, .on = true, .next = guards};
    if (guards)
        guards->prev = g;
    guards = g;
    hg_fork_release();
}

void hg_fork_guard_off(hg_fork_guard *g) {
    hg_fork_hold();
    if (g->on) {
        if (g->prev)
            g->prev->next = g->next;
        else
            guards = g->next;
        if (g->next)
            g->next->prev = g->prev;
    }
    g->on = false;
    hg_fork_release();
}

void hg_fork_hold(void) {
    pthread_mutex_lock(&lock);
}

void hg_fork_release(void) {
    pthread_mutex_unlock(&lock);
}

#else

long hg_fork_number(void) {
    return (long)getpid();
}

void hg_fork_guard_on(hg_fork_guard *g, void (*in_child)(void *owner), void *owner) {
    *g = (hg_fork_guard){.in_child = in_child, .owner = owner};
}

void hg_fork_guard_off(hg_fork_guard *g) {
    g->on = false;
}

void hg_fork_hold(void) {
}

void hg_fork_release(void) {
}

#endif

void hg_fork_file_opened(hg_fork_file *f, int fd) {
    struct stat s;
    f->process = hg_fork_number();
    bool known = fstat(fd, &s) == 0;
    f->device = known ? s.st_dev : 0;
    f->inode = known ? s.st_ino : 0;
}

int hg_fork_file_close(const hg_fork_file *f, int fd) {
    struct stat s;
    if (f->process != hg_fork_number() &&
        (fstat(fd, &s) != 0 || s.st_dev != f->device || s.st_ino != f->inode))
        return 0;
    return close(fd);
}
