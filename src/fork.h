/* Tells whether this process was forked since, and does what a forked child must do at once.
 *
 * A child inherits copies of all descriptors. Those of an engine are of no use to it, and are
 * closed within fork() itself, as soon as the child exists: later their numbers may stand for files
 * that the child has opened. */
#ifndef HG_FORK_H
#define HG_FORK_H

#include <stdbool.h>
#include <sys/types.h>

/* A number that differs between a process and its forked children. Asked before nearly every use
 * of an engine. */
long hg_fork_number(void);

/* Zero it to start. Not to be moved while it is on. */
typedef struct hg_fork_guard {
    void (*in_child)(void *owner);
    void *owner;
    bool on;
    struct hg_fork_guard *prev, *next;
} hg_fork_guard;

/* From now on `in_child(owner)` runs in each forked child, once, before fork() returns there. It
 * may close descriptors and little else: another thread may hold any lock. Where there is no safe
 * way to be called (all but glibc) nothing happens, and the owner has to find out by
 * hg_fork_number. */
void hg_fork_guard_on(hg_fork_guard *g, void (*in_child)(void *owner), void *owner);
void hg_fork_guard_off(hg_fork_guard *g);

/* No fork happens in between: for changes of what `in_child` reads. */
void hg_fork_hold(void);
void hg_fork_release(void);

/* A file that a child may continue to use, and must not take for another one that it has opened
 * under the same number since. */
typedef struct hg_fork_file {
    long process; /* which opened it */
    dev_t device;
    ino_t inode;
} hg_fork_file;

void hg_fork_file_opened(hg_fork_file *f, int fd);
/* What close() returns; 0 when the number stands for something else by now. */
int hg_fork_file_close(const hg_fork_file *f, int fd);

#endif
