/* The first instructions of the static Linux binary for x86-64: moves its pointers, then hands over to the C library.

   A static position-independent program has to add its address to every pointer in its data before anything else runs:
   twelve thousand here, most of them in the AWS SDK's tables of methods. musl does that by looking at every word of that
   data; this looks at the pointers alone, in two fifths of the instructions, and asks for all pages that it is about to
   write at once, where the system would give one at a time. musl then finds an empty list.

   The packed list (RELR): <https://groups.google.com/g/generic-abi/c/bX460iggiKg>. An even word is the address of a pointer,
   an odd one has a bit for each of the 63 words that follow the last ones. Nothing works yet while this runs: no thread
   storage, no call into a library, no pointer in data. */

#include <stdint.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* A fact of the dynamic section, and the kinds of facts that are wanted; older headers don't have them. */
struct fact {
    uintptr_t kind;
    uintptr_t value;
};
enum { END = 0, RELR_SIZE = 35, RELR = 36 };

/* From the linker: where the program begins and ends, found relative to the code that asks. */
extern HIDDEN const char __ehdr_start[];
extern HIDDEN const char __init_array_start[];
extern HIDDEN const char _end[];

/* The system jumps here with nothing but the stack set, which is all that musl's `_start` reads: section 3.4.1 of
   <https://gitlab.com/x86-psABIs/x86-64-ABI>. A program linked to a fixed address has no dynamic section, and 0 for its
   address; C would look that up in a table of pointers, which haven't been moved. */
__asm__(".pushsection .text.ecr_login_start, \"ax\", @progbits\n"
        ".globl ecr_login_start\n"
        ".hidden ecr_login_start\n"
        ".type ecr_login_start, @function\n"
        ".weak _DYNAMIC\n"
        ".hidden _DYNAMIC\n"
        "ecr_login_start:\n"
        "  lea _DYNAMIC(%rip), %rdi\n"
        "  call ecr_login_move_pointers\n"
        "  jmp _start\n"
        ".popsection\n");

/* Has the system copy all pages between two addresses, so that writing to them takes no page fault each:
   `madvise(…, MADV_POPULATE_WRITE)`. What it answers doesn't matter: systems before Linux 5.14 don't know the advice. */
static inline void populate(uintptr_t from, uintptr_t to)
{
    enum { MADVISE = 28, POPULATE_WRITE = 23, PAGE = 4096 };
    from -= from % PAGE;
    uintptr_t call = MADVISE;
    __asm__ volatile("syscall"
                     : "+a"(call)
                     : "D"(from), "S"(to - from), "d"((uintptr_t)POPULATE_WRITE)
                     : "rcx", "r11", "memory");
}

/* The number of the lowest bit that is set. GCC's own function answers in 32 bits, and widens that each time. */
static inline uintptr_t lowest(uintptr_t bits)
{
    uintptr_t number;
    __asm__("bsf %1, %0" : "=r"(number) : "r"(bits) : "cc");
    return number;
}

HIDDEN void ecr_login_move_pointers(struct fact *fact)
{
    if (!fact)
        return;
    populate((uintptr_t)__init_array_start, (uintptr_t)_end);
    const uintptr_t base = (uintptr_t)__ehdr_start;
    const uintptr_t *entry = 0;
    uintptr_t *size = 0;
    for (; fact->kind != END; fact++) {
        if (fact->kind == RELR)
            entry = (const uintptr_t *)(base + fact->value);
        if (fact->kind == RELR_SIZE)
            size = &fact->value;
    }
    /* A linker that doesn't pack the list leaves all of it to musl. */
    if (!entry || !size || *size == 0)
        return;
    const uintptr_t *const end = entry + *size / sizeof(*entry);
    for (uintptr_t *words = 0; entry < end; entry++) {
        if (*entry & 1) {
            for (uintptr_t bits = *entry >> 1; bits; bits &= bits - 1)
                words[lowest(bits)] += base;
            words += 63;
        } else {
            words = (uintptr_t *)(base + *entry);
            *words++ += base;
        }
    }
    *size = 0;
}
