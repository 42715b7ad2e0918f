/* The file that a download goes into: next to its target, under another name, until it is whole.
 * Knows neither Lua nor libcurl.
 *
 * It never goes through a symbolic link, into a file with a second name, nor into one
 * of another user. One that is kept for a later download is locked while it is open: two downloads
 * to one target must not write into one file. */
#ifndef HG_DOWNLOAD_FILE_H
#define HG_DOWNLOAD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "fork.h"
#include "text.h"

typedef struct hg_output {
    int refs;
    int fd;
    char *path;
    char *note; /* the name of a small text next to it: what it is a part of */
    bool keep;
    bool tidy; /* what is of no use when it is closed goes: all but what is kept and not empty */
    hg_fork_file file; /* a forked child cleans up nothing */
} hg_output;

typedef enum hg_opening {
    HG_OPENED,
    HG_OPEN_FAILED,
    HG_OPEN_BUSY,   /* another download holds it */
    HG_OPEN_FOREIGN /* there is something that we do not write into */
} hg_opening;

/* `keep`: takes one that is there, and locks it; else there must be none. */
hg_opening hg_output_open(const char *path, bool keep, hg_output **opened, hg_failure *failure);
hg_output *hg_output_ref(hg_output *o);
/* Closes it when no part needs it any more. False with errno set: what was written may be lost. */
bool hg_output_unref(hg_output *o);

/* Writes all of it. False with errno set; *at tells how far it came. */
bool hg_output_write(hg_output *o, uint64_t *at, const char *data, size_t len);
/* Whether an error of the system means that there is no room for more. */
bool hg_output_is_full(int problem);
/* -1 with errno set when it cannot be told. */
int64_t hg_output_size(hg_output *o);
/* Cuts it off. False with errno set. */
bool hg_output_truncate(hg_output *o, uint64_t size);

/* The text next to it; false: there is none that we would have written. */
bool hg_output_read_note(const hg_output *o, hg_buf *text);
/* NULL: no text any more. False with errno set. */
bool hg_output_write_note(const hg_output *o, const char *text, size_t len);

/* Gives it the name `to` and removes its note. Without `replace` nothing may be there; a symbolic
 * link is replaced itself. False with errno set, EEXIST among them. */
bool hg_output_rename(hg_output *o, const char *to, bool replace);
/* Removes it and its note, unless its name is another file's by now. */
void hg_output_remove(hg_output *o);

#endif
