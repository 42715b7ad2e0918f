/* A local file whose bytes are sent, or a spool: a temporary file without a name. */
#include "upload_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fork.h"
#include "signals.h"

struct hg_upload_file {
    int refs;
    int fd;
    bool spool;
    char *path;
    hg_fork_file file;
    struct stat seen; /* when it was opened */
};

#ifdef __APPLE__
#define MTIME st_mtimespec
#else
#define MTIME st_mtim
#endif

static hg_upload_file *create(const char *path, hg_failure *failure) {
    hg_upload_file *s = calloc(1, sizeof *s);
    if (s)
        s->path = strdup(path);
    if (!s || !s->path) {
        free(s);
        hg_failure_no_memory(failure);
        return NULL;
    }
    s->refs = 1;
    s->fd = -1;
    return s;
}

/* What is no regular file is not even opened: that alone can rewind a tape. */
static bool is_regular(const hg_upload_file *s, hg_failure *failure) {
    if (S_ISREG(s->seen.st_mode))
        return true;
    hg_failure_set(failure, HG_FAIL_FILE, "%.200s is not a regular file%s", s->path,
                   S_ISDIR(s->seen.st_mode) ? ", but a directory" : "");
    return false;
}

static bool open_file(hg_upload_file *s, hg_failure *failure) {
    if (stat(s->path, &s->seen) == 0) {
        if (!is_regular(s, failure))
            return false;
        /* Non-blocking, as it may have become a FIFO in between. */
        s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (s->fd >= 0 && fstat(s->fd, &s->seen) == 0)
        return is_regular(s, failure);
    hg_failure_set(failure, HG_FAIL_FILE, "cannot read %.200s: %s", s->path, strerror(errno));
    return false;
}

hg_upload_file *hg_upload_file_open(const char *path, hg_failure *failure) {
    hg_upload_file *s = create(path, failure);
    if (!s)
        return NULL;
    if (open_file(s, failure)) {
        hg_fork_file_opened(&s->file, s->fd);
        return s;
    }
    hg_upload_file_unref(s);
    return NULL;
}

/* Without a name from the beginning where the system can do that, else for all but a moment. */
static int open_unnamed(const char *directory) {
    int fd = -1;
#ifdef O_TMPFILE
    fd = open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
#endif
    if (fd < 0) {
        char path[4096];
        int len = snprintf(path, sizeof path, "%s/heygen-XXXXXX", directory);
        if (len < 0 || (size_t)len >= sizeof path) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = mkstemp(path);
        if (fd >= 0) {
            unlink(path);
            fcntl(fd, F_SETFD, FD_CLOEXEC);
        }
    }
    return fd;
}

hg_upload_file *hg_upload_file_spool(const char *name, hg_failure *failure) {
    const char *directory = getenv("TMPDIR");
    hg_upload_file *s = create(name, failure);
    if (!s)
        return NULL;
    if (!directory || !*directory)
        directory = "/tmp";
    s->spool = true;
    s->fd = open_unnamed(directory);
    if (s->fd >= 0) {
        hg_fork_file_opened(&s->file, s->fd);
        return s;
    }
    hg_failure_set(failure, HG_FAIL_FILE, "cannot make a temporary file in %.200s: %s", directory,
                   strerror(errno));
    hg_upload_file_unref(s);
    return NULL;
}

hg_upload_file *hg_upload_file_ref(hg_upload_file *s) {
    s->refs++;
    return s;
}

void hg_upload_file_unref(hg_upload_file *s) {
    if (!s || --s->refs > 0)
        return;
    if (s->fd >= 0)
        hg_fork_file_close(&s->file, s->fd);
    free(s->path);
    free(s);
}

int64_t hg_upload_file_size(const hg_upload_file *s) {
    return s->seen.st_size;
}

const char *hg_upload_file_path(const hg_upload_file *s) {
    return s->path;
}

bool hg_upload_file_is_spool(const hg_upload_file *s) {
    return s->spool;
}

bool hg_upload_file_read(const hg_upload_file *s, void *to, size_t len, int64_t at,
                         hg_failure *failure) {
    for (char *next = to; len > 0;) {
        ssize_t got = pread(s->fd, next, len, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            hg_failure_set(failure, HG_FAIL_FILE, "%.200s %s%s", s->path,
                           got < 0 ? "cannot be read: " : "became shorter while it was read",
                           got < 0 ? strerror(errno) : "");
            return false;
        }
        next += got;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

bool hg_upload_file_check(const hg_upload_file *s, hg_failure *failure) {
    struct stat now;
    if (s->spool)
        return true;
    if (fstat(s->fd, &now) < 0) {
        hg_failure_set(failure, HG_FAIL_FILE, "%.200s cannot be read: %s", s->path,
                       strerror(errno));
        return false;
    }
    const char *how =
        now.st_size < s->seen.st_size   ? "became shorter"
        : now.st_size > s->seen.st_size ? "became longer"
        : now.MTIME.tv_sec != s->seen.MTIME.tv_sec || now.MTIME.tv_nsec != s->seen.MTIME.tv_nsec
            ? "was written to"
            : NULL;
    if (how)
        hg_failure_set(failure, HG_FAIL_FILE, "%.200s %s while it was read", s->path, how);
    return !how;
}

static bool append(hg_upload_file *s, const void *data, size_t len, hg_failure *failure) {
    for (const char *next = data; len > 0;) {
        ssize_t n = pwrite(s->fd, next, len, s->seen.st_size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            hg_failure_set(failure, HG_FAIL_FILE, "cannot write a temporary file for %.200s: %s",
                           s->path, strerror(errno));
            return false;
        }
        next += n;
        s->seen.st_size += n;
        len -= (size_t)n;
    }
    return true;
}

bool hg_upload_file_append(hg_upload_file *s, const void *data, size_t len, hg_failure *failure) {
    hg_signals signals;
    hg_signals_block(&signals);
    bool ok = append(s, data, len, failure);
    hg_signals_restore(&signals);
    return ok;
}
