/* Calls fail when told to: LD_PRELOAD, and `inject` from the process that is to suffer; processes that it starts
   are told by the environment.

   Calls count if they concern a path, or a file opened by a path, that begins with the folder given. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[4096], name[32];
static int error_number, at, times;
static atomic_int seen;

void inject(const char *where, const char *call, int number, int first, int count) {
    strncpy(folder, where, sizeof folder - 1);
    strncpy(name, call, sizeof name - 1);
    error_number = number, at = first, times = count;
    atomic_store(&seen, 0);
}

__attribute__((constructor)) static void inherit(void) {
    char where[4096], call[32];
    int number, first, count;
    const char *told = getenv("COLORGAN_FAULT");
    if (told && sscanf(told, "%31s %d %d %d %4095[^\n]", call, &number, &first, &count, where) == 5)
        inject(where, call, number, first, count);
}

int calls(void) { return atomic_load(&seen); }

static int of_path(const char *path) {
    return folder[0] && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int of_file(int file) {
    char link[64], path[4096];
    if (!folder[0] || file < 3) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return of_path(path);
}

static int fails(const char *call, int concerns) {
    if (!concerns || strcmp(call, name)) return 0;
    int number = atomic_fetch_add(&seen, 1);
    if (at < 0 || number < at || number >= at + times) return 0;
    errno = error_number;
    return 1;
}

#define REAL(call) static __typeof__(&call) real; if (!real) real = (__typeof__(&call))dlsym(RTLD_NEXT, #call)

ssize_t write(int file, const void *data, size_t size) {
    REAL(write);
    return fails("write", of_file(file)) ? -1 : real(file, data, size);
}

int fsync(int file) {
    REAL(fsync);
    return fails("fsync", of_file(file)) ? -1 : real(file);
}

int close(int file) {
    REAL(close);
    int fault = fails("close", of_file(file)), number = errno, result = real(file);
    if (fault) errno = number;
    return fault ? -1 : result;
}

int rename(const char *old, const char *new) {
    REAL(rename);
    return fails("rename", of_path(new)) ? -1 : real(old, new);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    return fails("mkdir", of_path(path)) ? -1 : real(path, mode);
}

int unlink(const char *path) {
    REAL(unlink);
    return fails("unlink", of_path(path)) ? -1 : real(path);
}

static int open_as(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    if (fails("open", of_path(path) && flags & (O_WRONLY | O_RDWR | O_CREAT))) return -1;
    return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    REAL(open);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_as(real, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_as(real, path, flags, mode);
}

int link(const char *old, const char *new) {
    REAL(link);
    return fails("link", of_path(new)) ? -1 : real(old, new);
}

int utimensat(int at_folder, const char *path, const struct timespec times[2], int flags) {
    REAL(utimensat);
    return fails("utimensat", of_path(path)) ? -1 : real(at_folder, path, times, flags);
}

int flock(int file, int how) {
    REAL(flock);
    return fails("flock", of_file(file)) ? -1 : real(file, how);
}

int ftruncate(int file, off_t length) {
    REAL(ftruncate);
    return fails("ftruncate", of_file(file)) ? -1 : real(file, length);
}

int ftruncate64(int file, off64_t length) {
    REAL(ftruncate64);
    return fails("ftruncate", of_file(file)) ? -1 : real(file, length);
}

ssize_t read(int file, void *data, size_t size) {
    REAL(read);
    return fails("read", of_file(file)) ? -1 : real(file, data, size);
}

int rmdir(const char *path) {
    REAL(rmdir);
    return fails("rmdir", of_path(path)) ? -1 : real(path);
}
