/* SPDX-License-Identifier: MIT */
/*
 * memtrack_snapshot: the recorder can neither symbolize nor allocate, but the command can read this
 * process from outside as it reads any other. The child is made without an exit signal, so that
 * neither a handler for SIGCHLD nor a wait() of the program ever sees it. Since execve() gives
 * SIGCHLD to whoever calls it, the child does not: it waits for a child of its own that does, with
 * SIGCHLD as it is by default (a program that ignores it cannot wait for anything).
 */
#include "interpose/snapshot.h"

#include "base/pages.h"
#include "base/text.h"
#include "memtrack/error.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/wait.h>

#pragma weak _dl_find_object /* glibc 2.35 */

enum { PATH_BYTES = 4096 };

static bool is_executable(const char *path) {
    return mt_os_call(SYS_faccessat, AT_FDCWD, (long)path, 1 /* X_OK */, 0, 0, 0) == 0;
}

/* Finds the command of the same build or installation as this library. */
static bool find_command(char *path) {
    static const char *const beside[] = {"memtrack", "../../bin/memtrack", "../../../bin/memtrack"};
    static const char *const usual[] = {"/usr/local/bin/memtrack", "/usr/bin/memtrack"};
    struct dl_find_object me;
    const char *end = path + PATH_BYTES - 1, *name = "";
    if (_dl_find_object != NULL && _dl_find_object((void *)find_command, &me) == 0 &&
        me.dlfo_link_map != NULL)
        name = me.dlfo_link_map->l_name;
    size_t directory = (size_t)(mt_text_name_in(name) - name); /* the slash is included; 0: none */
    for (size_t i = 0; directory != 0 && i < sizeof beside / sizeof *beside; i++) {
        mt_text_put(path, end, name);
        if (directory < PATH_BYTES - 64) {
            mt_text_put(path + directory, end, beside[i]);
            if (is_executable(path))
                return true;
        }
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        mt_text_put(path, end, usual[i]);
        if (is_executable(path))
            return true;
    }
    return false;
}

/* Executes the command, in the child: nothing but system calls is allowed here. */
_Noreturn static void become(const char *command, const char *pid, const char *path) {
    const char *const arguments[] = {command, "snapshot", "--quiet", "--force",
                                     "-o",    path,       pid,       NULL};
    const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", NULL};
    long null = mt_os_call(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDWR, 0, 0, 0);
    for (int fd = 0; fd <= 2; fd++)
        mt_os_call(SYS_dup3, null, fd, 0, 0, 0, 0);
    mt_os_call(SYS_execve, (long)command, (long)arguments, (long)environment, 0, 0, 0);
    for (;;)
        mt_os_call(SYS_exit_group, 127, 0, 0, 0, 0, 0);
}

static bool succeeds(long child) {
    int status = 0;
    long r = child;
    while (child > 0 &&
           (r = mt_os_call(SYS_wait4, child, (long)&status, __WALL, 0, 0, 0)) == -4 /* EINTR */)
        ;
    return child > 0 && r == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Waits for the command, in a process that is not ours: nothing but system calls is allowed
 * here. */
_Noreturn static void wait_for(const char *command, const char *pid, const char *path) {
    static const uint64_t by_default[4] = {0}; /* the kernel's struct sigaction */
    mt_os_call(SYS_rt_sigaction, SIGCHLD, (long)by_default, 0, sizeof(uint64_t), 0, 0);
    long child = mt_os_call(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
    if (child == 0)
        become(command, pid, path);
    long status = succeeds(child) ? 0 : 1;
    for (;;)
        mt_os_call(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

static int run(const char *command, const char *path, int pid) {
    char number[12];
    mt_text_put_number(number, number + sizeof number - 1, (uint64_t)pid);
    long child = mt_os_call(SYS_clone, 0, 0, 0, 0, 0, 0);
    if (child == 0)
        wait_for(command, number, path);
    return succeeds(child) ? 0 : -MEMTRACK_EIO;
}

int mt_snapshot_write(const char *path, int pid) {
    if (!mt_os_may(SYS_clone) || !mt_os_may(SYS_execve))
        return -MEMTRACK_EIO;                 /* to fork or execute could be the end of us */
    char *command = mt_pages_new(PATH_BYTES); /* the caller's stack may be small */
    if (command == NULL)
        return -MEMTRACK_EIO;
    int rc = find_command(command) ? run(command, path, pid) : -MEMTRACK_EIO;
    mt_pages_unmap(command, PATH_BYTES);
    return rc;
}
