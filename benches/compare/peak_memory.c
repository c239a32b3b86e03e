/* Runs a program and writes its peak resident memory, in KiB, to stderr.
 *
 * This can't be done by the benchmark itself: when a process forks, Linux counts the resident memory
 * of the parent as the child's peak. The parent must be smaller than the program it measures. */
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int count, char **arguments)
{
    char digits[24], *first = digits + sizeof digits;
    struct rusage usage;
    pid_t child;
    int status;

    if (count < 2 || posix_spawn(&child, arguments[1], 0, 0, arguments + 1, environ) != 0)
        return 127;
    if (wait4(child, &status, 0, &usage) != child)
        return 127;
    long left = usage.ru_maxrss;
    *--first = '\n';
    do {
        *--first = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (write(2, first, (size_t)(digits + sizeof digits - first)) < 0)
        return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}
