/* What was written gets onto the disk: fsync in a thread, behind an operation. */
#include "fsync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fork.h"

struct hg_fsync {
    hg_op *op;
    int fd;
    char *name; /* for messages */
    int problem;
    hg_errand errand;
    int tell, hear; /* a pipe: the thread's last word makes the pollset ready */
    hg_fsync *next;
};

static void run(hg_fsync *s) {
    int status;
    do
        status = fsync(s->fd);
    while (status < 0 && errno == EINTR);
    /* What cannot be synced, such as a directory on some file systems, needs none. */
    s->problem = status < 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS ? errno : 0;
}

static void *run_in_thread(void *sync) {
    hg_fsync *s = sync;
    run(s);
    while (write(s->tell, "!", 1) < 0 && errno == EINTR)
        ; /* all signals are blocked here, but a debugger's are not */
    return NULL;
}

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

static void close_pipe(hg_fsyncs *all, hg_fsync *s) {
    hg_pollset_closed(all->pollset, s->hear);
    close(s->hear);
    close(s->tell);
}

static bool start(hg_fsyncs *all, hg_fsync *s) {
    int ends[2];
    if (!open_pipe(ends))
        return false;
    s->hear = ends[0];
    s->tell = ends[1];
    s->errand.no_locks = true;
    bool ok = hg_pollset_opened(all->pollset, s->hear) &&
              hg_pollset_want(all->pollset, s->hear, HG_READ) &&
              hg_errand_start(&s->errand, run_in_thread, s);
    if (!ok)
        close_pipe(all, s);
    return ok;
}

static void finish(hg_fsync *s) {
    char why[HG_MESSAGE];
    if (s->problem) {
        s->op->no_space = hg_output_is_full(s->problem);
        snprintf(why, sizeof why, "cannot write %.200s: %s", s->name, strerror(s->problem));
        hg_op_abandon(s->op, HG_FAIL_FILE, why);
    }
    s->op->done = true;
}

static void drop(hg_fsync *s) {
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

static void end(hg_fsyncs *all, hg_fsync **place) {
    hg_fsync *s = *place;
    *place = s->next;
    hg_errand_join(&s->errand);
    close_pipe(all, s);
}

hg_op *hg_fsyncs_heard(hg_fsyncs *all, int fd, bool *heard) {
    for (hg_fsync **place = &all->first; *place; place = &(*place)->next) {
        hg_fsync *s = *place;
        if (s->hear != fd)
            continue;
        hg_op *op = s->op;
        end(all, place);
        *heard = true;
        bool wanted = !op->done;
        if (wanted)
            finish(s);
        drop(s);
        if (wanted)
            return op;
        hg_op_unref(op);
        return NULL;
    }
    *heard = false;
    return NULL;
}

void hg_fsyncs_close(hg_fsyncs *all) {
    while (all->first) {
        hg_fsync *s = all->first;
        end(all, &all->first);
        hg_op_unref(s->op);
        drop(s);
    }
}

void hg_fsyncs_forked(hg_fsyncs *all) {
    while (all->first) {
        hg_fsync *s = all->first;
        all->first = s->next;
        close(s->tell); /* the other end is the pollset's to close */
        hg_op_unref(s->op);
        drop(s);
    }
}
