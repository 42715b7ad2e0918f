/* What was written gets onto the disk: fsync in a thread, behind an operation. */
#include "fsync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "download_file.h"
#include "fork.h"
#include "worker.h"

struct hg_fsync {
    hg_op *op;
    int fd;
    char *name; /* for messages */
    int problem;
    hg_worker worker;
    hg_fork_guard guard;
    hg_fsync *next;
};

static void run(void *sync) {
    hg_fsync *s = sync;
    int status;
    do
        status = fsync(s->fd);
    while (status < 0 && errno == EINTR);
    /* What cannot be synced, such as a directory on some file systems, needs none. */
    s->problem = status < 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS ? errno : 0;
}

static void in_child(void *sync) {
    hg_fsync *s = sync;
    hg_worker_in_child(&s->worker);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static bool start(hg_fsyncs *all, hg_fsync *s) {
    s->worker.run = run;
    s->worker.argument = s;
    s->worker.no_locks = true;
    if (!hg_worker_start(&s->worker, all->pollset))
        return false;
    hg_fork_guard_on(&s->guard, in_child, s);
    return true;
}

static void finish(hg_fsync *s) {
    if (s->problem) {
        s->op->no_space = hg_output_is_full(s->problem);
        hg_op_fail(s->op, HG_FAIL_FILE, "cannot write %.200s: %s", s->name, strerror(s->problem));
    }
    s->op->done = true;
}

static void drop(hg_fsync *s) {
    hg_fork_guard_off(&s->guard);
    if (s->fd >= 0)
        close(s->fd);
    free(s->name);
    free(s);
}

bool hg_fsyncs_begin(hg_fsyncs *all, hg_op *op, int fd, const char *name) {
    hg_fsync *s = calloc(1, sizeof *s);
    if (!s || !(s->name = strdup(name))) {
        free(s);
        close(fd);
        return false;
    }
    s->fd = fd;
    s->op = op;
    if (start(all, s)) {
        hg_op_ref(op);
        s->next = all->first;
        all->first = s;
    } else {
        run(s);
        finish(s);
        drop(s);
    }
    return true;
}

static void end(hg_fsync **at) {
    hg_fsync *s = *at;
    *at = s->next;
    hg_worker_end(&s->worker);
}

bool hg_fsyncs_ready(hg_fsyncs *all, int fd, hg_op **op) {
    *op = NULL;
    for (hg_fsync **at = &all->first; *at; at = &(*at)->next) {
        hg_fsync *s = *at;
        if (!hg_worker_is(&s->worker, fd))
            continue;
        end(at);
        if (s->op->done) {
            hg_op_unref(s->op);
        } else {
            finish(s);
            *op = s->op;
        }
        drop(s);
        return true;
    }
    return false;
}

void hg_fsyncs_close(hg_fsyncs *all) {
    while (all->first) {
        hg_fsync *s = all->first;
        end(&all->first);
        hg_op_unref(s->op);
        drop(s);
    }
}

void hg_fsyncs_forked(hg_fsyncs *all) {
    while (all->first) {
        hg_fsync *s = all->first;
        all->first = s->next;
        in_child(s);
        hg_op_unref(s->op);
        drop(s);
    }
}
