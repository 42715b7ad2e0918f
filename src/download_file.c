/* The file that a download goes into: next to its target, under another name, until it is whole.
 *
 * One that is kept for a later call is found again by its name, and a note next to it (its name and
 * ".json") says what it is a part of. Between them and us may stand any user who can write to the
 * directory, so: open never follows a link or waits for a FIFO; what was opened must be a regular
 * file of ours with one name; it is locked, and after that its name must still stand for it, as
 * its last holder may have renamed it; before it is renamed or removed that is checked again.
 *
 * Invariants: the lock is held as long as the file is open. A file without a note, or of size 0, is
 * of no use to a later call and goes when it is closed, but never in a forked child. The name of
 * the target appears in one step (rename, or link where nothing may be replaced), and the note goes
 * after that: a crash in between leaves a note without a file, which no later call takes for
 * anything. */
#include "download_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fork.h"
#include "signals.h"

enum { MAX_NOTE = 8192 };

static const char NOTE[] = ".json";

/* ---- life ---- */

static hg_output *make(const char *path) {
    hg_output *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    size_t len = strlen(path);
    o->refs = 1;
    o->fd = -1;
    o->path = strdup(path);
    o->note = malloc(len + sizeof NOTE);
    if (!o->path || !o->note) {
        hg_output_unref(o);
        return NULL;
    }
    memcpy(o->note, path, len);
    memcpy(o->note + len, NOTE, sizeof NOTE);
    return o;
}

hg_output *hg_output_ref(hg_output *o) {
    o->refs++;
    return o;
}

bool hg_output_unref(hg_output *o) {
    if (--o->refs > 0)
        return true;
    if (o->tidy && o->fd >= 0 && o->file.process == hg_fork_number() &&
        (!o->keep || hg_output_size(o) == 0))
        hg_output_remove(o);
    bool ok = o->fd < 0 || hg_fork_file_close(&o->file, o->fd) == 0;
    int problem = errno;
    free(o->path);
    free(o->note);
    free(o);
    errno = problem;
    return ok;
}

/* Whether the name still stands for the open file. */
static bool is_there(const hg_output *o) {
    struct stat open, named;
    return fstat(o->fd, &open) == 0 && lstat(o->path, &named) == 0 && open.st_dev == named.st_dev &&
           open.st_ino == named.st_ino;
}

static bool is_ours(const struct stat *s) {
    return S_ISREG(s->st_mode) && s->st_nlink <= 1 && s->st_uid == geteuid();
}

/* One try. HG_OPEN_FAILED with errno 0: its holder has just renamed or removed it. */
static hg_opening take(hg_output *o) {
    struct stat s;
    /* O_NONBLOCK: a FIFO must not block the host. */
    o->fd = open(o->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (o->fd < 0) {
        int problem = errno;
        bool in_the_way = lstat(o->path, &s) == 0;
        errno = problem;
        return in_the_way ? HG_OPEN_FOREIGN : HG_OPEN_FAILED;
    }
    if (fstat(o->fd, &s) < 0)
        return HG_OPEN_FAILED;
    if (!S_ISREG(s.st_mode))
        return HG_OPEN_FOREIGN;
    if (flock(o->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return HG_OPEN_BUSY; /* where a file system knows no locks, the user has no two of us */
    errno = 0;
    if (!is_there(o))
        return HG_OPEN_FAILED;
    return is_ours(&s) ? HG_OPENED : HG_OPEN_FOREIGN;
}

static hg_opening keep_or_make(hg_output *o) {
    hg_opening opening = HG_OPEN_BUSY;
    for (int turns = 0; turns < 8; turns++) {
        opening = take(o);
        if (opening != HG_OPEN_FAILED || errno != 0)
            return opening;
        close(o->fd);
        o->fd = -1;
    }
    return HG_OPEN_BUSY;
}

hg_opening hg_output_open(const char *path, bool keep, hg_output **opened, hg_failure *failure) {
    hg_opening opening;
    hg_output *o = make(path);
    if (!o) {
        hg_failure_no_memory(failure);
        return HG_OPEN_FAILED;
    }
    if (keep) {
        opening = keep_or_make(o);
    } else {
        o->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        opening = o->fd >= 0 ? HG_OPENED : HG_OPEN_FAILED;
    }
    if (opening == HG_OPENED) {
        hg_fork_file_opened(&o->file, o->fd);
        o->keep = keep;
        *opened = o;
        return opening;
    }
    hg_failure_set(failure, HG_FAIL_FILE, "cannot create %.200s: %s", path,
                   opening == HG_OPEN_BUSY      ? "another download writes to it"
                   : opening == HG_OPEN_FOREIGN ? "there is something that is not ours"
                                                : strerror(errno));
    hg_output_unref(o);
    return opening;
}

/* ---- what is in it ---- */

bool hg_output_write(hg_output *o, uint64_t *at, const char *data, size_t len) {
    while (len > 0) {
        ssize_t n = pwrite(o->fd, data, len, (off_t)*at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        *at += (uint64_t)n;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

bool hg_output_is_full(int problem) {
    return problem == ENOSPC || problem == EDQUOT || problem == EFBIG;
}

int64_t hg_output_size(hg_output *o) {
    struct stat s;
    return fstat(o->fd, &s) == 0 ? (int64_t)s.st_size : -1;
}

bool hg_output_truncate(hg_output *o, uint64_t size) {
    int status;
    do
        status = ftruncate(o->fd, (off_t)size);
    while (status < 0 && errno == EINTR);
    return status == 0;
}

/* ---- its note ---- */

bool hg_output_read_note(const hg_output *o, hg_buf *text) {
    struct stat s;
    int fd = open(o->note, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool ok = fd >= 0 && fstat(fd, &s) == 0 && is_ours(&s) && s.st_size <= MAX_NOTE &&
              hg_buf_reserve(text, MAX_NOTE);
    ssize_t n;
    while (ok && (n = read(fd, text->data + text->len, MAX_NOTE - text->len)) != 0) {
        if (n > 0)
            text->len += (size_t)n;
        else if (errno != EINTR)
            ok = false;
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

bool hg_output_write_note(const hg_output *o, const char *text, size_t len) {
    if (unlink(o->note) < 0 && errno != ENOENT)
        return false;
    if (!text)
        return true;
    hg_output note = {.path = o->note};
    uint64_t at = 0;
    note.fd = open(o->note, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (note.fd < 0)
        return false;
    hg_signals signals;
    hg_signals_block(&signals);
    bool ok = hg_output_write(&note, &at, text, len);
    hg_signals_restore(&signals);
    int problem = errno;
    close(note.fd);
    if (!ok)
        unlink(o->note);
    errno = problem;
    return ok;
}

/* ---- its name ---- */

/* Where the file system can do it in one step, no other file is lost in between. */
static bool rename_to_new(const char *from, const char *to) {
    struct stat s;
#ifdef RENAME_NOREPLACE
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
#endif
    if (link(from, to) == 0)
        return unlink(from) == 0;
    if (errno == EEXIST)
        return false;
    if (lstat(to, &s) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(from, to) == 0;
}

bool hg_output_rename(hg_output *o, const char *to, bool replace) {
    if (!is_there(o)) {
        errno = ENOENT;
        return false;
    }
    /* Before: while it has its name its lock protects the note as well. Without a note the file is
     * taken for another program's, should this process end in between. */
    if (!(replace ? rename(o->path, to) == 0 : rename_to_new(o->path, to)))
        return false;
    unlink(o->note);
    o->tidy = false;
    return true;
}

void hg_output_remove(hg_output *o) {
    if (!is_there(o))
        return;
    unlink(o->note);
    unlink(o->path);
}
