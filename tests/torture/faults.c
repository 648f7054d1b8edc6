/* Count the calls that change, or those that read, files below one folder, and kill the process at one of them,
   or let it fail.

   Preloaded (LD_PRELOAD). All processes that inherit it share the file TORTURE_STATE, whose layout
   faults.py knows, too. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OFF, COUNT, KILL, FAIL_ONCE, FAIL_FROM, KILL_FROM };

struct state {
    atomic_long calls;    /* so far */
    long at;              /* the call that is hit, from 1 */
    long mode;
    long error;
    atomic_long hits;
    long reads;           /* whether calls that read are counted, instead of those that change files */
    char folder[1024];
    char hit[1024];       /* name and path of the first call that was hit */
};

static struct state *state;

__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("TORTURE_STATE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) state = shared;
    close(file);
}

static int is_below(int folder, const char *path) {
    char whole[2 * PATH_MAX + 32], link[64];
    ssize_t length = 0;
    if (!path || *path != '/') {
        if (folder == AT_FDCWD) {
            if (!getcwd(whole, PATH_MAX)) return 0;
            length = (ssize_t)strlen(whole);
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            length = readlink(link, whole, PATH_MAX);
            if (length < 0) return 0;
        }
        if (path) whole[length++] = '/';
    }
    snprintf(whole + length, sizeof whole - (size_t)length, "%s", path ? path : "");
    size_t prefix = strlen(state->folder);
    return strncmp(whole, state->folder, prefix) == 0 && (whole[prefix] == '/' || !whole[prefix]);
}

/* Whether the call must fail; errno is set then. */
static int hit(int reads, const char *call, int folder, const char *path) {
    if (!state || state->mode == OFF || state->reads != reads) return 0;
    int before = errno;
    int below = is_below(folder, path);
    errno = before;
    if (!below) return 0;
    long number = atomic_fetch_add(&state->calls, 1) + 1;
    if (state->mode == COUNT || number < state->at) return 0;
    if (state->mode != FAIL_FROM && state->mode != KILL_FROM && number > state->at) return 0;
    if (atomic_fetch_add(&state->hits, 1) == 0)
        snprintf(state->hit, sizeof state->hit, "%s %s", call, path ? path : "");
    if (state->mode == KILL || state->mode == KILL_FROM) kill(getpid(), SIGKILL);
    errno = (int)state->error;
    return 1;
}

static int must_fail(const char *call, int folder, const char *path) { return hit(0, call, folder, path); }

#define NEXT(name) ({ static __typeof__(&name) next; if (!next) next = dlsym(RTLD_NEXT, #name); next; })
#define WRAP(type, name, parameters, arguments, folder, path)          \
    type name parameters {                                              \
        if (must_fail(#name, folder, path)) return -1;                  \
        return NEXT(name) arguments;                                    \
    }
/* Opening a file that exists changes nothing. */
static int creates(int folder, const char *path, int flags) {
    int before = errno;
    int missing = flags & O_CREAT && faccessat(folder, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    errno = before;
    return missing || flags & O_TRUNC;
}

#define OPEN(name, parameters, arguments, folder)                       \
    int name parameters {                                               \
        va_list rest;                                                   \
        va_start(rest, flags);                                          \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                   \
        if (hit(!creates(folder, path, flags), #name, folder, path)) return -1; \
        return NEXT(name) arguments;                                    \
    }

OPEN(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode), folder)
OPEN(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode), folder)

WRAP(ssize_t, write, (int fd, const void *data, size_t n), (fd, data, n), fd, NULL)
WRAP(ssize_t, writev, (int fd, const struct iovec *data, int n), (fd, data, n), fd, NULL)
WRAP(ssize_t, pwrite, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at), fd, NULL)
WRAP(ssize_t, pwrite64, (int fd, const void *data, size_t n, off64_t at), (fd, data, n, at), fd, NULL)
WRAP(ssize_t, copy_file_range, (int from, off64_t *a, int fd, off64_t *b, size_t n, unsigned f),
     (from, a, fd, b, n, f), fd, NULL)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), fd, NULL)
WRAP(int, ftruncate64, (int fd, off64_t size), (fd, size), fd, NULL)
WRAP(int, fsync, (int fd), (fd), fd, NULL)
WRAP(int, fdatasync, (int fd), (fd), fd, NULL)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), fd, NULL)
WRAP(int, chmod, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
WRAP(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode), folder, path)
WRAP(int, rmdir, (const char *path), (path), AT_FDCWD, path)
WRAP(int, unlink, (const char *path), (path), AT_FDCWD, path)
WRAP(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags), folder, path)
WRAP(int, rename, (const char *path, const char *to), (path, to), AT_FDCWD, path)
WRAP(int, renameat, (int folder, const char *path, int other, const char *to),
     (folder, path, other, to), folder, path)
WRAP(int, renameat2, (int folder, const char *path, int other, const char *to, unsigned flags),
     (folder, path, other, to, flags), folder, path)
WRAP(int, link, (const char *from, const char *path), (from, path), AT_FDCWD, path)
WRAP(int, linkat, (int from, const char *old, int folder, const char *path, int flags),
     (from, old, folder, path, flags), folder, path)
WRAP(int, symlink, (const char *to, const char *path), (to, path), AT_FDCWD, path)
WRAP(int, symlinkat, (const char *to, int folder, const char *path), (to, folder, path), folder, path)
WRAP(int, futimens, (int fd, const struct timespec times[2]), (fd, times), fd, NULL)
WRAP(int, utimensat, (int folder, const char *path, const struct timespec times[2], int flags),
     (folder, path, times, flags), folder, path)

#define READ(type, failed, name, parameters, arguments, folder, path)   \
    type name parameters {                                              \
        if (hit(1, #name, folder, path)) return failed;                 \
        return NEXT(name) arguments;                                    \
    }
int __open64_2(const char *path, int flags);

READ(ssize_t, -1, read, (int fd, void *data, size_t n), (fd, data, n), fd, NULL)
READ(ssize_t, -1, pread, (int fd, void *data, size_t n, off_t at), (fd, data, n, at), fd, NULL)
READ(ssize_t, -1, pread64, (int fd, void *data, size_t n, off64_t at), (fd, data, n, at), fd, NULL)
READ(void *, MAP_FAILED, mmap64, (void *to, size_t n, int protection, int flags, int fd, off64_t at),
     (to, n, protection, flags, fd, at), fd, NULL)
READ(int, -1, __open64_2, (const char *path, int flags), (path, flags), AT_FDCWD, path)
READ(DIR *, NULL, opendir, (const char *path), (path), AT_FDCWD, path)
READ(DIR *, NULL, fdopendir, (int fd), (fd), fd, NULL)
READ(struct dirent *, NULL, readdir, (DIR *folder), (folder), dirfd(folder), NULL)
READ(struct dirent64 *, NULL, readdir64, (DIR *folder), (folder), dirfd(folder), NULL)
READ(int, -1, stat, (const char *path, struct stat *found), (path, found), AT_FDCWD, path)
READ(int, -1, lstat, (const char *path, struct stat *found), (path, found), AT_FDCWD, path)
READ(int, -1, fstatat, (int folder, const char *path, struct stat *found, int flags),
     (folder, path, found, flags), folder, path)
READ(int, -1, stat64, (const char *path, struct stat64 *found), (path, found), AT_FDCWD, path)
READ(int, -1, lstat64, (const char *path, struct stat64 *found), (path, found), AT_FDCWD, path)
READ(int, -1, fstatat64, (int folder, const char *path, struct stat64 *found, int flags),
     (folder, path, found, flags), folder, path)
